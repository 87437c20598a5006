# Steps in loops are counted below the loop, as often as they run: a loop in a loop goes 0 + 1 + 2 + 3 times.
model=$DATA/models/nested_while_v1
"$BIN/savedmodel" bench "$model/1" --input_exprs 'n=4; x=[0.5, 2.0]' --threads 1 --runs 2 --profile json >line
python3 - <<'PY'
import json
profile = json.load(open("line"))["profile"]
count = {n["node"]: n["count"] / profile["runs"] for n in profile["nodes"]}
total = {n["node"]: n["with_inner_ms"] for n in profile["nodes"]}
own = {n["node"]: n["total_ms"] for n in profile["nodes"]}
for name in ("while/Enter", "while/add", "while/while/add_1", "while/Less"):
    print(name, "%g" % count[name])
assert total["while/Enter"] > own["while/Enter"] and total["while/add"] == own["while/add"]
PY
