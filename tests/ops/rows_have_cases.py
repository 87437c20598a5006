#!/usr/bin/env python3
"""Every row of the op table is proved by something that TensorFlow answered:  rows_have_cases.py SAVEDMODEL

A row counts as proved when its op stands in a case (tests/ops/cases), in the graph of a golden (tests/data/exec,
tests/data/models), or, for ops whose state takes several steps, in a step test (src/ops/*_test.c) by its quoted name.
"""
import base64
import glob
import json
import os
import subprocess
import sys
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HEADER = 10  # of a case file: the line smoc1 and the size

# Rows that the plan itself runs, or that take a file system or a device: with where they are proved.
ELSEWHERE = {}


def read(pattern):
    for path in glob.glob(os.path.join(ROOT, pattern), recursive=True):
        with open(path, "rb") as file:
            yield file.read()


def graphs():
    yield from read("tests/data/models/**/*.pb")
    for data in read("tests/data/exec/*.json"):
        for case in json.loads(data):
            yield base64.b64decode(case["graph"])


def proved(ops):
    cases = b"".join(zlib.decompress(data[HEADER:]) for data in read("tests/ops/cases/*.bin"))
    nodes = b"".join(graphs())
    text = b"".join(read("tests/data/models/**/*.pbtxt")) + b"".join(read("src/ops/*_test.c"))
    for op in ops:
        name = op.encode()
        counted = bytes([len(name)]) + name
        # In a GraphDef an op is field 2 of its node; in text and in tests it is quoted.
        if counted in cases or b"\x12" + counted in nodes or b'"' + name + b'"' in text:
            yield op


def main(program):
    listed = subprocess.run([program, "ops", "--json"], check=True, capture_output=True, text=True).stdout
    ops = {row["op"] for row in json.loads(listed)}
    left = sorted(ops - set(proved(ops)) - set(ELSEWHERE))
    for op in left:
        print("%s: no case, no golden, no step test" % op)
    for op in sorted(set(ELSEWHERE) - ops):
        print("%s: proved elsewhere, but not in the table" % op)
    print("%d rows, %d without proof" % (len(ops), len(left)))
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
