# The three forms: counts are known, times are not; the trace is JSON whose events lie within their runs.
model=$DATA/models/half_plus_two
"$BIN/savedmodel" bench "$model/1" --threads 1 --runs 3 --profile text >text
sed -n '/^By op/,$p' text | grep -E 'AddV2|Mul' | sed 's/^ *[0-9.]*% *[0-9.]* *[0-9.]*  */% /; s/ *$//' | LC_ALL=C sort
"$BIN/savedmodel" bench "$model/1" --threads 1 --runs 3 --profile json --profile_to profile.json >line
"$BIN/savedmodel" bench "$model/1" --threads 1 --runs 7 --profile trace >trace.json
python3 - <<'PY'
import json
line, profile = json.load(open("line")), json.load(open("profile.json"))
assert len(line["latency_ms"]) == 3 and "profile" not in line
made = profile["profile"]
assert profile["latency_ms"] == line["latency_ms"] and made["runs"] == 3
own = sum(n["total_ms"] for n in made["nodes"])
assert abs(own + made["between_steps_ms"] - 3 * made["run_ms"]) < 1e-6
assert abs(own - sum(o["total_ms"] for o in made["ops"])) < 1e-6
assert all(n["count"] == 3 and n["min_us"] <= n["mean_us"] * 1.001 for n in made["nodes"])
events = json.load(open("trace.json"))["traceEvents"]
runs = [e for e in events if e.get("cat") == "run"]
steps = [e for e in events if e.get("cat") == "step"]
assert [r["name"] for r in runs] == ["run 1", "run 2", "run 3", "run 4", "run 5"]
assert len(steps) == 5 * len(made["nodes"])
for s in steps:
    assert sum(r["ts"] <= s["ts"] + 0.001 and s["ts"] + s["dur"] <= r["ts"] + r["dur"] + 0.001 for r in runs) == 1
print("json and trace are well")
PY
