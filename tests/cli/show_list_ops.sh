# recorded
"$BIN/savedmodel" show --dir "$DATA/models/mnist_softmax/1" --tag_set serve --list_ops
