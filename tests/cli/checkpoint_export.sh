# Every checkpoint as .npz: the same arrays and strings as TensorFlow read.
cat > compare.py <<'PY'
import json, sys, zipfile
folder, out_npz, out_json = sys.argv[1:]
def arrays(path):
    with zipfile.ZipFile(path) as z:
        found = {}
        for name in z.namelist():
            raw = z.read(name)
            size = int.from_bytes(raw[8:10], "little")
            header = eval(raw[10:10 + size])
            found[name] = header["descr"], header["shape"], raw[10 + size:]
        return found
expected = json.load(open(folder + "/expected.json"))["tensors"]
strings = {name: t["base64"] for name, t in expected.items() if "base64" in t}
want, got = arrays(folder + "/expected.npz"), arrays(out_npz)
assert want.keys() == got.keys(), want.keys() ^ got.keys()
for name in want:
    assert want[name] == got[name], name
assert json.load(open(out_json)) == strings
PY
cd "$DATA/checkpoints"
for folder in */; do
  prefix=$folder$(sed -n 's/^"checkpoint": "\(.*\)",$/\1/p' "$folder/expected.json")
  "$BIN/savedmodel" checkpoint export "$prefix" "$OLDPWD/out.npz" --strings "$OLDPWD/out.json"
  python3 "$OLDPWD/compare.py" "$folder" "$OLDPWD/out.npz" "$OLDPWD/out.json" && echo "$folder equal"
done
