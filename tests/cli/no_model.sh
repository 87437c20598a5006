# exit: 2
"$BIN/savedmodel" show --dir "$DATA/models"
