# What must hold of any plan: inputs are there before they are used, sizes are those of shapes, and no two slots of the
# arena share bytes while both are alive (but for an output in the place of an input that ends).
cd "$DATA/models"
show() { "$BIN/savedmodel" show --plan --json --dir "$@"; }
show half_plus_two/1 --input_shapes x:3,1 >"$OLDPWD/a"
show mnist_softmax/1 --signature_def predict_images --input_shapes images:7,784 --threads 2 >"$OLDPWD/b"
show nested_while_v1/1 --input_exprs 'n=4; x=[0.5, 2.0]' >"$OLDPWD/c"
cd "$OLDPWD"
cat >check.py <<'PY'
import json, math
BYTES = {"float": 4, "int32": 4, "int64": 8, "bool": 1}
RUNS = ("ready", "guarded", "general")

def check(plan):
    slots, steps = plan["slots"], plan["steps"]
    assert [s["slot"] for s in slots] == list(range(len(slots)))
    made = {f["slot"] for f in plan["feeds"]} | {s["slot"] for s in slots if "step" not in s}
    last = {}
    root = lambda i: slots[i].get("view_of", i)
    for n, step in enumerate(steps):
        assert step["step"] == n and made.issuperset(step["inputs"])
        made |= set(step["outputs"])
        if step.get("mode") in RUNS:
            for i in step["inputs"]:
                last[root(i)] = n
    assert made.issuperset(f["slot"] for f in plan["fetches"])
    for s in slots:
        if s["shape"] is not None and s["dtype"] in BYTES:
            assert s["bytes"] == math.prod(s["shape"]) * BYTES[s["dtype"]]
    arena = [s for s in slots if "offset" in s]
    for s in arena:
        assert s["offset"] % 64 == 0 and s["offset"] + s["bytes"] <= plan["arena_bytes"]
    for a in arena:
        for b in arena:
            if a["step"] >= b["step"] or a["offset"] + a["bytes"] <= b["offset"] or b["offset"] + b["bytes"] <= a["offset"]:
                continue
            end = last.get(a["slot"], a["step"])
            in_place = a["offset"] == b["offset"] and end == b["step"]
            assert end < b["step"] or in_place, (a, b)
    return len(arena)

for name in "abc":
    shown = json.load(open(name))
    arenas = [check(p) for p in shown["plans"]]
    print(shown["inputs"], "|", len(shown["plans"]), "plans, specialised:", sum(p["specialized"] for p in shown["plans"]))
    assert sum(arenas) > 0
PY
python3 check.py
