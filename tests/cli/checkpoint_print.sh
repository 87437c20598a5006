C=$DATA/checkpoints
"$BIN/savedmodel" checkpoint print "$C/seed_saver_all/tmp/model.ckpt"
"$BIN/savedmodel" checkpoint print "$C/special_floats/model.ckpt"
"$BIN/savedmodel" checkpoint print "$C/every_dtype/model.ckpt" bool/3 int8/2x1x3x1x2 complex64/scalar string/2x1x3x1x2 float32/0x4
"$BIN/savedmodel" checkpoint print "$C/quantised/model.ckpt"
