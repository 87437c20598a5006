# A run that fails: the plan is shown without what a run would have told. Then mistakes.
cd "$DATA/models"
"$BIN/savedmodel" show --plan --dir half_plus_two/1 --signature_def regress_x_to_y | head -5 | cut -c1-100
"$BIN/savedmodel" show --plan --dir half_plus_two/1 --signature_def nope
"$BIN/savedmodel" show --plan --dir half_plus_two/1 --input_shapes x:-3
"$BIN/savedmodel" show --plan --dir half_plus_two/1 --input_shapes 3
"$BIN/savedmodel" show --plan --dir half_plus_two
exit 0
