#!/usr/bin/env python3
"""Writes the op cases (tests/ops/cases) as inputs of fuzz_ops (ops_input.h):  ops_seeds.py OUT_DIR"""
import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../tests/interop"))
from op_cases_file import STRING, read_cases

PER_OP = 12  # at least, where there are as many; the fuzzer finds their relatives


def varint(n):
    out = b""
    while n >= 128:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def zigzag(v):
    return varint((v << 1 ^ v >> 63) & (1 << 64) - 1)


def text(s):
    return varint(len(s)) + s


def elements(t):
    flat = t.array.reshape(-1)
    return b"".join(text(bytes(s)) for s in flat) if t.dtype == STRING else flat.tobytes()


def plain(t):
    return bytes([t.array.ndim]) + b"".join(varint(d) for d in t.array.shape) + text(elements(t))


def tensor(t):
    """A variable is a scalar handle (or a ref) of kind 1 that holds the value."""
    return plain(t) if not t.variable else bytes([0, 0, 1, t.dtype]) + plain(t)


def value(kind, v):
    if kind == "i":
        return zigzag(v)
    if kind == "f":
        return struct.pack("<f", v)
    if kind == "b":
        return bytes([v])
    if kind == "t":
        return bytes([0x80 | v])
    if kind == "s":
        return text(v)
    if kind == "h":
        return varint(0) if v is None else varint(len(v) + 1) + b"".join(zigzag(d) for d in v)
    return bytes([0x80 | v.dtype]) + plain(v)


def attr_names():
    """{op: names of its attributes in order}"""
    out = {}
    with open(os.path.join(HERE, "../src/graph/opdefs.tsv")) as f:
        for line in f:
            columns = line.rstrip("\n").split("\t")
            if len(columns) > 3 and not line.startswith("#"):
                out[columns[0]] = [a.split(":")[0] for a in columns[3].split(" ; ") if a]
    return out


def encode(case, names, mode):
    out = bytes([mode]) + text(case.op.encode())
    given = {a.name: a for a in case.attrs}
    for name in names:
        a = given[name]
        out += varint(len(a.value)) + b"".join(value(a.kind, v) for v in a.value) if a.is_list else value(a.kind, a.value)
    return out + b"".join(tensor(t) for t in case.inputs)


def main():
    os.makedirs(sys.argv[1], exist_ok=True)
    names, count = attr_names(), 0
    for op, cases in read_cases().items():
        for i in range(0, len(cases), max(1, len(cases) // PER_OP)):
            case = cases[i]
            try:
                data = encode(case, names.get(op, []), i * 37 & 0xff)
            except KeyError:
                continue
            if len(data) <= 4096:
                count += 1
                with open(os.path.join(sys.argv[1], "%s_%d" % (op, i)), "wb") as f:
                    f.write(data)
    print("%d seeds" % count)


if __name__ == "__main__":
    main()
