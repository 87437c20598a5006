"""Op cases of the sparse, set, ragged, text and sequence families: python tests/ops/gen_d.py [FAMILY...] (README.md here)."""
import sys

from op_cases import Cases  # first: it sets TensorFlow's environment

import numpy as np
import tensorflow as tf

BF16 = tf.bfloat16.as_numpy_dtype
INTS = [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64]
FLOATS = [np.float16, BF16, np.float32, np.float64]
COMPLEX = [np.complex64, np.complex128]
REAL = FLOATS + INTS
NUMBERS = REAL + COMPLEX
ALL = NUMBERS + [np.bool_, object]
I32, I64, F32 = np.int32, np.int64, np.float32
rng = np.random.RandomState(4)


def name_of(dtype):
    return 'string' if dtype is object else np.dtype(dtype).name


def values(dtype, shape, low=-9, high=9):
    shape = (shape,) if isinstance(shape, int) else shape
    if dtype is object:
        words = [b'', b'a', b'bc', b'x\0y', b'a string that does not fit into the struct', b'\xff\xfe']
        return np.array([words[i] for i in rng.randint(0, len(words), int(np.prod(shape)))] + [b''],
                        object)[:-1].reshape(shape)
    if dtype in COMPLEX:
        return (rng.uniform(low, high, shape) + 1j * rng.uniform(low, high, shape)).astype(dtype)
    if dtype == np.bool_:
        return rng.rand(*shape) < 0.5
    if dtype in INTS:
        return rng.randint(0 if np.dtype(dtype).kind == 'u' else low, high + 1, shape).astype(dtype)
    return np.asarray(rng.uniform(low, high, shape)).astype(dtype)


def i32(*v): return np.array(v, I32)
def i64(*v): return np.array(v, I64)
def f32(*v): return np.array(v, F32)
def s(*v): return np.array(v + (b'',), object)[:-1]
def one(v, t=I64): return np.array(v, t)
def rows(*v, rank=2): return np.array(v, I64).reshape(-1, rank)


def refused(c, *args, **more):
    """A case that TensorFlow may refuse when the graph is built: then there is none."""
    try:
        return c.case(*args, **more)
    except ValueError:
        return None


def sparse(dims, n, dtype=F32, repeated=False, low=-9):
    """Random sorted indices, values, and the shape."""
    total = int(np.prod(dims))
    at = np.sort(rng.randint(0, total, n) if repeated else rng.permutation(total)[:n])
    return [np.stack(np.unravel_index(at, dims), 1).astype(I64).reshape(-1, len(dims)), values(dtype, (len(at),), low), i64(*dims)]


def tolerance(dtype):
    return dict(rtol=2e-2, atol=2e-2) if dtype in FLOATS[:2] else dict(rtol=1e-5, atol=1e-6)


def broken(ix, v, dims):
    """What a sparse tensor must not be, with a name each."""
    n, rank = ix.shape
    yield 'indices rank', ix.reshape(-1), v, dims
    yield 'values rank', ix, v.reshape(-1, 1), dims
    yield 'shape rank', ix, v, dims.reshape(-1, 1)
    yield 'more values', ix, np.concatenate([v, v[:1]]), dims
    yield 'more dims', ix, v, np.concatenate([dims, dims[:1]])
    yield 'fewer dims', ix, v, dims[:-1]


def sparse_basic():
    c = Cases('sparse_basic')
    ix, v, dims = sparse((2, 3, 6), 7)
    for to in [(9, 4), (4, 9), (36,), (-1,), (2, 3, 6), (3, -1, 2), (1, 36, 1), (6, 2, 3), (5, -1), (-1, -1), (-2, 18), (0, -1), (35,),
               (0,), (), (2, -1, 1, 3, 1)]:
        refused(c, 'SparseReshape', [ix, dims, np.array(to, I64)], str(to))
    refused(c, 'SparseReshape', [rows(rank=2), i64(0, 3), i64(3, 0)], 'empty')
    refused(c, 'SparseReshape', [rows(rank=2), i64(0, 3), i64(-1, 3)], 'empty')
    refused(c, 'SparseReshape', [rows(rank=2), i64(0, 3), i64(-1, 0)], 'empty')
    refused(c, 'SparseReshape', [rows((0, 0)), i64(0, 3), i64(0)], 'values in nothing')
    refused(c, 'SparseReshape', [rows(), i64(1 << 40, 1 << 40), i64(-1)], 'huge', error_part='')
    refused(c, 'SparseReshape', [rows(), i64(4, 1), i64(1 << 40, 1 << 40)], 'huge', error_part='')
    refused(c, 'SparseReshape', [rows((1, 2)), i64(1 << 30, 1 << 30), i64(1 << 29, -1)], 'large')
    refused(c, 'SparseReshape', [rows(), i64(-4, 1), i64(-1)], 'negative', error_part='')
    refused(c, 'SparseReshape', [ix.reshape(-1), dims, i64(36)], 'rank')
    refused(c, 'SparseReshape', [ix, dims.reshape(1, -1), i64(36)], 'rank')
    refused(c, 'SparseReshape', [ix, dims, i64(36).reshape(1, 1)], 'rank')
    for dtype in ALL:
        order = rng.permutation(7)
        c.case('SparseReorder', [ix[order], values(dtype, 7), dims], name_of(dtype))
        c.case('SparseReorder', [ix, values(dtype, 7), dims], name_of(dtype) + ' sorted')
    big, bv, bd = sparse((40, 50), 300)
    order = rng.permutation(300)
    c.case('SparseReorder', [big[order], bv[order], bd], 'more')
    c.case('SparseReorder', [rows(), f32(), i64(3, 4)], 'none')
    c.case('SparseReorder', [rows(3, 1, 2, rank=1), f32(1, 2, 3), i64(9)], 'vector')
    c.case('SparseReorder', [rows((0, 1), (2, 5)), f32(1, 2), i64(2, 3)], 'beyond')
    c.case('SparseReorder', [rows((0, 1), (-1, 2)), f32(1, 2), i64(2, 3)], 'negative')
    c.case('SparseReorder', [rows((0, 1)), f32(1), i64(-2, 3)], 'negative dim')
    for name, a, b, d in broken(ix, v, dims):
        refused(c, 'SparseReorder', [a, b, d], name)

    fx = rows((0, 1), (2, 0), (2, 2), (5, 3))
    for dtype in ALL:
        c.case('SparseFillEmptyRows', [fx, values(dtype, 4), i64(7, 4), values(dtype, ())], name_of(dtype))
    c.case('SparseFillEmptyRows', [fx[[3, 1, 0, 2]], f32(1, 2, 3, 4), i64(6, 4), one(-1, F32)], 'unordered')
    c.case('SparseFillEmptyRows', [rows((1, 0), (0, 1), (1, 1), (0, 0)), f32(1, 2, 3, 4), i64(2, 4), one(-1, F32)], 'full, unordered')
    c.case('SparseFillEmptyRows', [rows((0, 0), (1, 1)), f32(1, 2), i64(2, 4), one(-1, F32)], 'full')
    c.case('SparseFillEmptyRows', [rows(), f32(), i64(3, 4), one(5, F32)], 'none')
    c.case('SparseFillEmptyRows', [rows(), f32(), i64(0, 4), one(5, F32)], 'no rows')
    c.case('SparseFillEmptyRows', [rows((0, 0)), f32(1), i64(0, 4), one(5, F32)], 'no rows but values')
    c.case('SparseFillEmptyRows', [rows(2, 0, rank=1), f32(1, 2), i64(4), one(5, F32)], 'vector')
    c.case('SparseFillEmptyRows', [rows((2, 0, 1), (0, 5, 5), rank=3), f32(1, 2), i64(4, 9, 9), one(5, F32)], 'rank 3')
    c.case('SparseFillEmptyRows', [rows((0, 0), (3, 0)), f32(1, 2), i64(3, 4), one(5, F32)], 'row beyond')
    c.case('SparseFillEmptyRows', [rows((0, 0), (-1, 0)), f32(1, 2), i64(3, 4), one(5, F32)], 'row negative')
    for name, a, b, d in broken(fx, f32(1, 2, 3, 4), i64(6, 4)):
        refused(c, 'SparseFillEmptyRows', [a, b, d, one(5, F32)], name)
    refused(c, 'SparseFillEmptyRows', [fx, f32(1, 2, 3, 4), i64(6, 4), f32(5)], 'default')
    for dtype in NUMBERS:
        c.case('SparseFillEmptyRowsGrad', [i64(2, 0, 4), values(dtype, 6)], name_of(dtype), **tolerance(dtype))
    c.case('SparseFillEmptyRowsGrad', [i64(), f32(1, 2)], 'none')
    c.case('SparseFillEmptyRowsGrad', [i64(0, 2), f32(1, 2)], 'beyond')
    c.case('SparseFillEmptyRowsGrad', [i64(0, -1), f32(1, 2)], 'negative')
    refused(c, 'SparseFillEmptyRowsGrad', [rows((0, 1)), f32(1, 2)], 'rank')

    for t in (I32, I64):
        for dtype in ALL:
            if t == I64:
                c.case('SparseToDense', [fx, i64(6, 4), values(dtype, 4), values(dtype, ())], name_of(dtype), validate_indices=True)
            c.case('SparseToDense', [fx.astype(t), np.array([6, 4], t), values(dtype, ()), values(dtype, ())], name_of(dtype) + ' scalar', validate_indices=True)
        for check in (True, False):
            case = lambda a, d, b, f, l: refused(c, 'SparseToDense', [np.array(a, t), np.array(d, t), np.array(b, F32), np.array(f, F32)],
                                                 '%s %s' % (l, check), validate_indices=check)
            case(2, [4], 5, 0, 'one')
            case(2, [4], [5], 0, 'one')
            case([1, 3], [4], [5, 6], 9, 'vector')
            case([3, 1], [4], [5, 6], 9, 'unordered')
            case([1, 1], [4], [5, 6], 9, 'repeated')
            case([1, 4], [4], [5, 6], 9, 'beyond')
            case([-1, 3], [4], [5, 6], 9, 'negative')
            case([[0, 1], [1, 2]], [2, 3], [5, 6], 9, 'matrix')
            case([[1, 1], [0, 2]], [2, 3], [5, 6], 9, 'unordered')
            case([[1, 1], [1, 1]], [2, 3], [5, 6], 9, 'repeated')
            case([[0, 1], [1, 3]], [2, 3], [5, 6], 9, 'beyond')
            case(np.zeros((0, 2)), [2, 3], [], 9, 'none')
            case(np.zeros((0, 2)), [0, 3], [], 9, 'none')
            case([[0, 1, 1, 0, 1], [1, 2, 0, 0, 2]], [2, 3, 2, 1, 3], [5, 6], 9, 'rank 5')
            case([[0, 1]], [2, 3, 4], [5], 9, 'rank of shape')
            case([[0, 1]], [[2, 3]], [5], 9, 'shape')
            case([[0, 1]], [2, -3], [5], 9, 'negative dim')
            case([[0, 1]], [2, 3], [5, 6], 9, 'values')
            case([[0, 1]], [2, 3], [[5]], 9, 'values')
            case([[0, 1]], [2, 3], [5], [9], 'default')
            case([[[0, 1]]], [2, 3], [5], 9, 'indices')
    c.save()


if __name__ == '__main__':
    families = {k: v for k, v in globals().items() if callable(v) and getattr(v, '__code__', None) and not v.__code__.co_argcount
                and v.__module__ == '__main__'}
    for name in sys.argv[1:] or families:
        families[name]()
