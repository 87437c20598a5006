# recorded
"$BIN/savedmodel" show --dir "$DATA/models/concrete_functions/1" --all
