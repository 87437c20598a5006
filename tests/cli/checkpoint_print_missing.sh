# exit: 2
"$BIN/savedmodel" checkpoint print "$DATA/checkpoints/seed_saver_all/tmp/model.ckpt" v3
