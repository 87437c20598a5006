# exit: 2
"$BIN/savedmodel" checkpoint --help
"$BIN/savedmodel" checkpoint list
