# exit: 2
"$BIN/savedmodel" run --dir "$DATA/models/half_plus_two/1" --signature_def nope --input_exprs 'x=[1.0]'
