cd "$DATA/checkpoints"
"$BIN/savedmodel" checkpoint verify */model.ckpt.index */*/model*.index object_based/tf_ckpts v1_format/model.ckpt v1_format_slices/model.ckpt keras_weights/weights
