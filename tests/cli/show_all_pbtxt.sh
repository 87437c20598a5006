# recorded
"$BIN/savedmodel" show --dir "$DATA/models/seed_builder_pbtxt/1" --all
