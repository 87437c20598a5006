"""Random relatives of known op cases: other sizes, values, types and attributes, most of them still valid.

Sizes change consistently: what was 3 everywhere becomes 5 everywhere. Values are drawn anew or from the case's own (so
that indices stay indices). The same case and random generator give the same relative.
"""
import copy

import numpy as np

from op_cases_file import NUMPY, STRING, Tensor

FLOATS, COMPLEX, HALF, BFLOAT16 = (1, 2), (8, 18), 19, 14
INTEGERS = (3, 4, 5, 6, 9, 17, 22, 23)
NUMBERS = FLOATS + COMPLEX + (HALF, BFLOAT16) + INTEGERS
WORDS = [b"", b"a", b"b", b"ab c", b"1", b"-2.5", b"\xc3\xa9t\xc3\xa9", b"x,y,,z", b"\xff\xfe", b"Hello World", b"nan"]


def to_bfloat16(x):
    bits = np.array(x, np.float32).reshape(-1).view(np.uint32)
    return ((bits + 0x7fff + ((bits >> 16) & 1)) >> 16).astype(np.uint16).reshape(np.shape(x))


def from_bfloat16(bits):
    bits = np.ascontiguousarray(bits)
    return (bits.reshape(-1).astype(np.uint32) << 16).view(np.float32).reshape(np.shape(bits))


def as_numbers(t):
    """Floats for arithmetic in Python, whatever the type."""
    if t.dtype == BFLOAT16:
        return from_bfloat16(t.array)
    return t.array


def of_numbers(x, dtype):
    """An array of the type, wrapping and cutting as numpy does."""
    with np.errstate(all="ignore"):
        if dtype == BFLOAT16:
            return to_bfloat16(np.real(x).astype(np.float32))
        x = np.asarray(x)
        if dtype not in COMPLEX:
            x = np.real(x)
        if dtype not in COMPLEX + FLOATS + (HALF,) and x.dtype.kind == "f":
            x = np.where(np.isfinite(x), np.clip(x, -100, 100), 0)
        return x.astype(NUMPY[dtype])


class Relatives:
    def __init__(self, types_of, allowed_strings):
        """types_of(op, attr): dtype numbers worth trying; allowed_strings(op, attr): choices or []."""
        self.types_of, self.allowed_strings = types_of, allowed_strings

    def make(self, case, rng, special=True):
        """A new case; the given one is not changed."""
        case = copy.deepcopy(case)
        chance = lambda p: rng.random() < p
        if chance(0.35):
            self.change_type(case, rng)
        if chance(0.6):
            self.change_sizes(case, rng)
        for i, t in enumerate(case.inputs):
            if chance(0.75):
                self.change_values(t, rng, special and chance(0.3))
        if chance(0.3):
            self.change_attr(case, rng)
        return case

    # ---- types ----

    def change_type(self, case, rng):
        attrs = [a for a in case.attrs if a.kind == "t" and not a.is_list]
        if not attrs:
            return
        attr = attrs[rng.integers(len(attrs))]
        types = [t for t in self.types_of(case.op, attr.name) if t in NUMPY and t in NUMBERS]
        if not types or attr.value not in NUMBERS:
            return
        old, new = attr.value, types[rng.integers(len(types))]
        attr.value = new
        spec_inputs = self.inputs_of_attr(case, attr.name)
        for i in spec_inputs:
            case.inputs[i] = Tensor(new, of_numbers(as_numbers(case.inputs[i]), new))
        case.outputs = None  # the library says
        case.rtol = case.atol = 0

    def inputs_of_attr(self, case, name):
        """Positions of the inputs whose type the attribute says."""
        out, at = [], 0
        numbers = {a.name: a.value for a in case.attrs}
        for arg in self.spec(case.op).input_arg:
            count = numbers[arg.number_attr] if arg.number_attr else \
                len(numbers[arg.type_list_attr]) if arg.type_list_attr else 1
            if arg.type_attr == name:
                out += range(at, min(at + count, len(case.inputs)))
            at += count
        return out

    # ---- sizes ----

    def change_sizes(self, case, rng):
        sizes = sorted({d for t in case.inputs for d in t.array.shape if d > 1})
        to = {d: int(rng.choice([1, 2, 3, 4, 5, 7, d, d + 1, max(d - 1, 1), d])) for d in sizes if d <= 64}
        if rng.random() < 0.05 and to:
            to[list(to)[rng.integers(len(to))]] = 0
        map_values = rng.random() < 0.6
        for t in case.inputs:
            parameter = t.dtype in (3, 9) and t.array.ndim < 2 and t.array.size <= 8
            if parameter:
                if map_values:
                    t.array = np.array([to.get(int(v), v) for v in t.array.reshape(-1)], t.array.dtype).reshape(t.array.shape)
                continue
            self.resize(t, [to.get(d, d) for d in t.array.shape], rng)

    def resize(self, t, shape, rng):
        count = int(np.prod(shape, dtype=np.int64))
        if list(t.array.shape) == list(shape) or count > 4096:
            return
        old = t.array.reshape(-1)
        new = np.empty(count, old.dtype) if count == 0 else \
            old[rng.integers(0, old.size, count)] if old.size else np.zeros(count, old.dtype)
        if t.dtype == STRING and not old.size:
            new = np.array([b""] * count, object)
        t.array = new.reshape(shape)

    # ---- values ----

    def change_values(self, t, rng, special):
        shape, count = t.array.shape, t.array.size
        if not count:
            return
        if t.dtype == STRING:
            if count > 4 or rng.random() < 0.2:
                pool = list(t.array.reshape(-1)) + WORDS
                new = np.empty(count, object)
                for i in range(count):
                    new[i] = pool[rng.integers(len(pool))]
                t.array = new.reshape(shape)
        elif t.dtype in FLOATS + COMPLEX + (HALF, BFLOAT16):
            self.change_floats(t, rng, special)
        elif t.dtype == 10:
            t.array = rng.integers(0, 2, shape).astype(np.bool_)
        elif t.dtype in INTEGERS:
            self.change_integers(t, rng, special)

    def change_floats(self, t, rng, special):
        old = as_numbers(t)
        how = rng.random()
        if how < 0.6:
            new = rng.standard_normal(t.array.shape) * rng.choice([1, 1, 3, 10])
            if t.dtype in COMPLEX:
                new = new + 1j * rng.standard_normal(t.array.shape)
        elif how < 0.8:  # the case's own, shuffled
            new = old.reshape(-1)[rng.integers(0, old.size, old.size)].reshape(old.shape)
        else:
            new = np.round(rng.standard_normal(t.array.shape) * 3)
        new = np.array(new)
        if special:
            flat = new.reshape(-1)
            for _ in range(1 + rng.integers(3)):
                flat[rng.integers(flat.size)] = rng.choice([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0])
        t.array = of_numbers(new, t.dtype)

    def change_integers(self, t, rng, special):
        old = t.array
        parameter = old.ndim < 2 and old.size <= 8
        how = rng.random()
        if parameter and how < 0.7:
            return
        new = old.copy().reshape(-1)
        if parameter:
            new[rng.integers(new.size)] = rng.choice([0, 1, 2, 3]) if old.dtype.kind == "u" else \
                rng.choice([-1, 0, 1, 2, 3, -2])
        elif how < 0.5:
            new = new[rng.integers(0, new.size, new.size)]
        else:
            low, high = int(old.min()), int(old.max())
            if high - low > 1000 or high == low:
                low, high = (0 if old.dtype.kind == "u" else -9), 20
            new = rng.integers(low, high, new.size, endpoint=True, dtype=np.int64 if high < 2**63 else np.uint64).astype(old.dtype)
        t.array = new.reshape(old.shape).astype(old.dtype)
        if special and not parameter and rng.random() < 0.2:
            info = np.iinfo(old.dtype)
            t.array.reshape(-1)[rng.integers(old.size)] = rng.choice([info.min, info.max])

    # ---- attributes ----

    def change_attr(self, case, rng):
        attrs = [a for a in case.attrs if a.kind in "ifbs" and not self.counts_arguments(case.op, a.name)]
        if not attrs:
            return
        a = attrs[rng.integers(len(attrs))]
        if a.is_list:
            if a.value and a.kind == "i":
                i = rng.integers(len(a.value))
                a.value[i] = int(rng.choice([a.value[i] + 1, a.value[i] - 1, 1, 2, 0]))
        elif a.kind == "b":
            a.value = not a.value
        elif a.kind == "i":
            a.value = int(rng.choice([a.value + 1, a.value - 1, 0, 1, 2, 3, -1]))
        elif a.kind == "f":
            a.value = float(np.float32(rng.choice([0, 0.5, 1, 2, -1, 0.1, a.value])))
        else:
            choices = self.allowed_strings(case.op, a.name)
            if choices:
                a.value = choices[rng.integers(len(choices))]

    def counts_arguments(self, op, attr):
        spec = self.spec(op)
        return any(attr in (arg.number_attr, arg.type_list_attr) for arg in list(spec.input_arg) + list(spec.output_arg))

    def spec(self, op):
        from tensorflow.python.framework import op_def_registry
        return op_def_registry.get(op)
