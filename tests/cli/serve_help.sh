# exit: 255
"$BIN/savedmodel" serve --help | head -3 | cut -f1,2
"$BIN/savedmodel" serve --help >help
