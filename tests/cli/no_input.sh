# exit: 2
"$BIN/savedmodel" run --dir "$DATA/models/half_plus_two/1" --input_exprs 'z=[1.0]'
