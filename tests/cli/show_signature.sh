# recorded
"$BIN/savedmodel" show --dir "$DATA/models/signature_methods/1" --tag_set serve --signature_def both
"$BIN/savedmodel" show --dir "$DATA/models/seed_gpu_tag/1" --tag_set gpu,serve --signature_def prediction
"$BIN/savedmodel" show --dir "$DATA/models/feed_intermediate/1" --tag_set serve --signature_def no_inputs
