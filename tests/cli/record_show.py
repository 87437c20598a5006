"""Records what TensorFlow's saved_model_cli prints, as expected output of tests/cli/show_*.sh.

Run by hand where TensorFlow 2.15.1 is installed: python tests/cli/record_show.py SAVED_MODEL_CLI
"""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "..", "data", "models")

for script in sorted(os.listdir(HERE)):
    if not re.match(r"show_.*\.sh$", script):
        continue
    with open(os.path.join(HERE, script)) as f:
        text = f.read()
    if "# recorded" not in text:
        continue
    out = ""
    for line in re.findall(r'^"\$BIN/savedmodel" (.*)$', text, re.M):
        words = line.replace('"', "").replace("$DATA/models", DATA).split()
        out += subprocess.run([sys.argv[1]] + words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True, check=True).stdout
    # A Python set has no order; we print it sorted.
    out = re.sub(r"ops: \{(.*)\}", lambda m: "ops: {%s}" % ", ".join(sorted(m[1].split(", "))), out)
    with open(os.path.join(HERE, script[:-3] + ".stdout"), "w") as f:
        f.write(out)
