# exit: 1
cp "$DATA"/checkpoints/larger_tensors/model.ckpt.* .
cp "$DATA/checkpoints/v1_format/model.ckpt" v1
cp model.ckpt.index cut.index
# One byte in the middle of the data, one in the V1 table; a whole index without its data.
printf 'X' | dd of=model.ckpt.data-00000-of-00001 bs=1 seek=50000 conv=notrunc 2>/dev/null
printf 'X' | dd of=v1 bs=1 seek=5000 conv=notrunc 2>/dev/null
"$BIN/savedmodel" checkpoint verify model.ckpt cut v1 --json
