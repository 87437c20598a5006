# recorded
"$BIN/savedmodel" show --dir "$DATA/models/seed_multi_metagraph/1"
