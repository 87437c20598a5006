# exit: 2
"$BIN/savedmodel" shwo
