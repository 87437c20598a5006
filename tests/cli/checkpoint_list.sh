"$BIN/savedmodel" checkpoint list "$DATA/checkpoints/partitioned/model.ckpt"
"$BIN/savedmodel" checkpoint list "$DATA/checkpoints/v1_format_slices/model.ckpt" --json
"$BIN/savedmodel" checkpoint list "$DATA/checkpoints/sharded/model.ckpt.index"
"$BIN/savedmodel" checkpoint list "$DATA/checkpoints/seed_saver_all/tmp"
