"""Reads tests/ops/cases/*.bin (tests/ops/README.md): ops with attributes and inputs that TensorFlow was asked about."""
import glob
import os
import struct
import zlib

import numpy as np

CASES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../ops/cases")
STRING = 7
# numpy's types by DataType number; those that numpy lacks as integers of their size.
NUMPY = {1: np.float32, 2: np.float64, 3: np.int32, 4: np.uint8, 5: np.int16, 6: np.int8, 8: np.complex64, 9: np.int64,
         10: np.bool_, 11: np.int8, 12: np.uint8, 13: np.int32, 14: np.uint16, 15: np.int16, 16: np.uint16,
         17: np.uint16, 18: np.complex128, 19: np.float16, 22: np.uint32, 23: np.uint64, 24: np.uint8, 25: np.uint8,
         29: np.int8, 30: np.uint8}


class Tensor:
    """A dtype number and an array (of bytes objects for strings); `variable`: what a variable input holds."""

    def __init__(self, dtype, array, variable=False):
        self.dtype, self.array, self.variable = dtype, array, variable


class Attr:
    """kind: one of i f b t s h T; value: plain, or a list of plain ones. A shape is None or a list."""

    def __init__(self, name, kind, is_list, value):
        self.name, self.kind, self.is_list, self.value = name, kind, is_list, value


class Case:
    def __init__(self, op, label, attrs, inputs, outputs):
        self.op, self.label, self.attrs, self.inputs, self.outputs = op, label, attrs, inputs, outputs
        self.code, self.rtol, self.atol, self.values = 0, 0.0, 0.0, [True] * len(outputs)


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        self.at += n
        return self.data[self.at - n:self.at]

    def u8(self):
        return self.take(1)[0]

    def varint(self):
        v = shift = 0
        while True:
            b = self.u8()
            v |= (b & 127) << shift
            shift += 7
            if b < 128:
                return v

    def text(self):
        return self.take(self.varint())

    def unpack(self, form, n):
        return struct.unpack(form, self.take(n))[0]

    def tensor(self):
        first, rank = self.u8(), self.u8()
        dims = [self.varint() for _ in range(rank)]
        dtype, count = first & 0x3f, int(np.prod(dims, dtype=np.int64))
        if first & 0x80:
            return Tensor(dtype, None)
        if dtype == STRING:
            array = np.empty(count, object)
            for i in range(count):
                array[i] = self.text()
        else:
            cls = np.dtype(NUMPY[dtype])
            array = np.frombuffer(self.take(count * cls.itemsize), cls)
        return Tensor(dtype, array.reshape(dims), bool(first & 0x40))

    def value(self, kind):
        if kind == "i":
            return self.unpack("<q", 8)
        if kind == "f":
            return self.unpack("<f", 4)
        if kind in "bt":
            return self.u8()
        if kind == "s":
            return self.text()
        if kind == "h":
            rank = self.varint() - 1
            return None if rank < 0 else [self.unpack("<q", 8) for _ in range(rank)]
        return self.tensor()

    def attr(self):
        name, kind = self.text().decode(), self.u8()
        is_list, kind = bool(kind & 0x80), chr(kind & 0x7f)
        return Attr(name, kind, is_list, [self.value(kind) for _ in range(self.varint())] if is_list else self.value(kind))

    def case(self):
        label, op = self.text().decode(errors="replace"), self.text().decode()
        attrs = [self.attr() for _ in range(self.u8())]
        inputs = [self.tensor() for _ in range(self.u8())]
        case = Case(op, label, attrs, inputs, list(self.take(self.u8())))
        case.code = self.u8()
        if case.code:
            self.text()
            return case
        case.rtol, case.atol = self.unpack("<f", 4), self.unpack("<f", 4)
        wants = sum(t.variable for t in inputs) or len(case.outputs)
        case.values = [self.tensor().array is not None for _ in range(wants)]
        return case


def read_cases():
    """{op: [Case]} of all files."""
    out = {}
    for path in sorted(glob.glob(os.path.join(CASES, "*.bin"))):
        with open(path, "rb") as f:
            data = f.read()
        reader = Reader(zlib.decompress(data[10:]))
        while reader.at < len(reader.data):
            case = reader.case()
            out.setdefault(case.op, []).append(case)
    return out
