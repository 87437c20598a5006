# The JSON line; its times are what may differ.
model=$DATA/models/half_plus_two
"$BIN/savedmodel" bench --model "$model/1" --golden "$model/golden.tfrecord" --threads 1 --runs 4 >line
sed "s/[0-9][0-9]*\.[0-9]\{6\}/T/g; s,$DATA,DATA," line
"$BIN/savedmodel" bench "$model/1" --input_shapes x:5 --runs 1 --answers a || true
"$BIN/savedmodel" bench "$model/1" --profile tree || true
"$BIN/savedmodel" bench "$model/1" --input_shapes 'x:2,-1' || true
