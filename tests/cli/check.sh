"$BIN/savedmodel" show --dir "$DATA/models/half_plus_two/1" --check
