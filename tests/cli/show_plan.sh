# The plan of two steps, as a table.
cd "$DATA/models" && "$BIN/savedmodel" show --plan --dir half_plus_two/1 --input_shapes x:3,1 --threads 1
