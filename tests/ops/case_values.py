"""What the generators of op cases share (README.md here): dtypes, values of them, cases that may be none, families by name."""
import sys

import numpy as np
import tensorflow as tf

BF16 = tf.bfloat16.as_numpy_dtype
F16, F32, F64 = np.float16, np.float32, np.float64
I32, I64, U8, U16, U64 = np.int32, np.int64, np.uint8, np.uint16, np.uint64
C64, C128 = np.complex64, np.complex128
FLOATS = [F16, BF16, F32, F64]
SIGNED = [np.int8, np.int16, I32, I64]
UNSIGNED = [U8, U16, np.uint32, U64]
INTS = SIGNED + UNSIGNED
COMPLEX = [C64, C128]
REAL = FLOATS + INTS
NUMBERS = REAL + COMPLEX
POD = NUMBERS + [np.bool_]
ALL = POD + [object]
WORDS = [b'', b'a', b'bc', b'x\0y', b'a string that does not fit into the struct', b'\xff\xfe']
rng = np.random.RandomState()  # seeded anew for each family


def i32(*v): return np.array(v, I32)
def i64(*v): return np.array(v, I64)
def f32(*v): return np.array(v, F32)
def f64(*v): return np.array(v, F64)
def s(*v): return np.array(v + (b'',), object)[:-1]  # object also where there is none


def name_of(dtype): return 'string' if dtype is object else np.dtype(dtype).name


def values(dtype, shape, low=-4, high=4, steps=64):
    """Random numbers of few bits (multiples of 1 / `steps`; 0: any), that files pack well; bools and strings."""
    shape = (shape,) if isinstance(shape, int) else shape
    if dtype is object:
        return s(*(WORDS[i] for i in rng.randint(0, len(WORDS), int(np.prod(shape))))).reshape(shape)
    if dtype in COMPLEX:
        return (values(F64, shape, low, high, steps) + 1j * values(F64, shape, low, high, steps)).astype(dtype)
    if dtype in INTS:
        return rng.randint(max(low, 0) if dtype in UNSIGNED else low, high + 1, shape).astype(dtype)
    if dtype in (bool, np.bool_):
        return rng.rand(*shape) < 0.5
    x = rng.uniform(low, high, shape)
    return np.asarray(np.round(x * steps) / steps if steps else x).astype(dtype)


def fine_values(dtype, shape, low=-9, high=9): return values(dtype, shape, low, high, 0)


def refused(c, *args, **more):
    """A case that TensorFlow may refuse when the graph is built: then there is none."""
    try:
        return c.case(*args, **more)
    except (TypeError, ValueError):
        return None


def generate(families, seed):
    """Makes those named on the command line, or all; each as if it were the only one."""
    by_name = {f.__name__: f for f in families}
    for name in sys.argv[1:] or by_name:
        rng.seed(seed)
        by_name[name]()
