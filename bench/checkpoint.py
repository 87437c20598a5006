#!/usr/bin/env python3
"""Restores and saves a 400 MB checkpoint (100 variables) with savedmodel and with TensorFlow, in turns.

  PYTHON_TF=/path/to/python bench/checkpoint.py [--build build] [--rounds 7] [--dir /tmp]

PYTHON_TF names a Python that has TensorFlow (default: this one). Figures are milliseconds; both sides read what
the page cache holds. TensorFlow makes no fsync; the fsync line compares with dd conv=fsync of as many bytes.
Exits with 1 if a ratio misses its bar."""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

VARIABLES, SIDE = 100, 1000

WORKER = """
import os, sys, time
os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import tensorflow as tf
names = ['variable_%02d' % i for i in range(VARIABLES)]
slices = [''] * VARIABLES
tensors = [tf.reshape(tf.range(i, i + SIDE * SIDE, dtype=tf.float32) * 0.25, [SIDE, SIDE]) for i in range(VARIABLES)]
print('ready', flush=True)
for line in sys.stdin:
    what, prefix = line.split()
    start = time.perf_counter()
    if what == 'restore':
        out = tf.raw_ops.RestoreV2(prefix=prefix, tensor_names=names, shape_and_slices=slices,
                                   dtypes=[tf.float32] * VARIABLES)
    else:
        tf.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=slices, tensors=tensors)
    print((time.perf_counter() - start) * 1e3, flush=True)
    out = None
""".replace("VARIABLES", str(VARIABLES)).replace("SIDE", str(SIDE))


class TensorFlow:
    def __init__(self):
        python = os.environ.get("PYTHON_TF", sys.executable)
        self.process = subprocess.Popen([python, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        if self.process.stdout.readline().strip() != "ready":
            sys.exit("%s has no TensorFlow (set PYTHON_TF)" % python)

    def run(self, what, prefix):
        self.process.stdin.write("%s %s\n" % (what, prefix))
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


def remove(prefix):
    for suffix in (".index", ".data-00000-of-00001"):
        if os.path.exists(prefix + suffix):
            os.remove(prefix + suffix)


def dd(source, target):
    if os.path.exists(target):
        os.remove(target)
    start = time.perf_counter()
    subprocess.run(["dd", "if=" + source, "of=" + target, "bs=1M", "conv=fsync"], check=True,
                   stderr=subprocess.DEVNULL)
    return (time.perf_counter() - start) * 1e3


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--dir", default=None)
    args = parser.parse_args()
    program = os.path.join(args.build, "bench", "checkpoint_bench")

    def ours(what, prefix, runs=3):
        out = subprocess.run([program, what, prefix, str(runs)], check=True, capture_output=True, text=True).stdout
        return min(map(float, out.split()))  # the first run starts the threads, TensorFlow's are started

    with tempfile.TemporaryDirectory(dir=args.dir) as folder:
        shared, theirs, mine = (os.path.join(folder, n) for n in ("shared", "theirs", "mine"))
        data = shared + ".data-00000-of-00001"
        peer = TensorFlow()
        peer.run("save", shared)
        times = {k: [] for k in ("tf restore", "restore", "touch", "tf save", "save", "sync", "dd")}
        for _ in range(args.rounds):
            times["tf restore"].append(min(peer.run("restore", shared) for _ in range(3)))
            times["restore"].append(ours("restore", shared))
            times["touch"].append(ours("touch", shared))
            saves = []
            for _ in range(3):
                remove(theirs)
                saves.append(peer.run("save", theirs))
            times["tf save"].append(min(saves))
            remove(theirs)
            times["save"].append(ours("save", mine))
            times["sync"].append(ours("sync", mine))
            remove(mine)
            times["dd"].append(min(dd(data, os.path.join(folder, "copy")) for _ in range(3)))
            os.remove(os.path.join(folder, "copy"))
        subprocess.run([program, "save", mine, "1"], check=True, stdout=subprocess.DEVNULL)
        same = all(open(shared + s, "rb").read() == open(mine + s, "rb").read()
                   for s in (".index", ".data-00000-of-00001"))
        peer.process.stdin.close()
        peer.process.wait()

    best = {k: min(v) for k, v in times.items()}
    for name, values in times.items():
        print("%-12s best %7.1f  median %7.1f ms" % (name, min(values), statistics.median(values)))
    print("files equal to TensorFlow's: %s" % ("yes" if same else "NO"))
    rows = [("restore", best["tf restore"] / best["restore"], 3.0, True),
            ("restore, every page touched", best["tf restore"] / best["touch"], None, True),
            ("save without fsync", best["tf save"] / best["save"], 1.5, True),
            ("save with fsync, share of dd's time", best["sync"] / best["dd"], 1.2, False)]
    missed = not same
    for name, ratio, bar, more in rows:
        good = bar is None or (ratio >= bar if more else ratio <= bar)
        missed |= not good
        note = "" if bar is None else " (bar: %s %.1f)%s" % ("at least" if more else "at most", bar,
                                                          "" if good else "  MISSED")
        print("%-36s %5.2fx%s" % (name, ratio, note))
    return missed


if __name__ == "__main__":
    sys.exit(main())
