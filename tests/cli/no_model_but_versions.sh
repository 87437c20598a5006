# exit: 2
"$BIN/savedmodel" run --dir "$DATA/models/half_plus_two" --input_exprs 'x=[1.0]'
