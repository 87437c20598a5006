# exit: 1
C=$DATA/checkpoints
"$BIN/savedmodel" checkpoint diff "$C/seed_saver_all/tmp" "$C/seed_saver_all/tmp" --json && echo same
"$BIN/savedmodel" checkpoint diff "$C/object_based/tf_ckpts/ckpt-2" "$C/object_based/tf_ckpts/ckpt-3"
"$BIN/savedmodel" checkpoint diff "$C/seed_saver_all/tmp/model.ckpt" "$C/seed_saver_dict/tmp/model.ckpt"
