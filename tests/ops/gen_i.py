"""Op cases of more sparse, ragged, text and parsing families: python tests/ops/gen_i.py [FAMILY...] (README.md here)."""
from op_cases import Cases  # first: it sets TensorFlow's environment
from case_values import (ALL, BF16, F32, F64, FLOATS, I32, I64, NUMBERS, REAL, f32, fine_values as values, generate,
                         i32, i64, name_of, refused, rng, s)
from gen_d import broken, one, rows, sparse, tolerance

import numpy as np
import tensorflow as tf

SIGNED = [np.int8, np.int16, np.int32, np.int64, F32, F64, np.complex64, np.complex128]


def real_of(dtype): return {np.complex64: F32, np.complex128: F64}.get(dtype, dtype)


# ---- two sparse tensors ----

def sparse_merge():
    c = Cases('sparse_merge')
    for dtype in SIGNED:
        a, b = sparse((3, 4, 2), 11, dtype), sparse((3, 4, 2), 9, dtype)
        for thresh in (0, 3):
            c.case('SparseAdd', a + b + [one(thresh, real_of(dtype))], '%s %d' % (name_of(dtype), thresh), **tolerance(dtype))
        c.case('SparseAdd', a + [rows(rank=3), values(dtype, 0), i64(3, 4, 2), one(99, real_of(dtype))], name_of(dtype) + ' and none')
        c.case('SparseAdd', a + a + [one(-1, real_of(dtype))], name_of(dtype) + ' twice', **tolerance(dtype))
    a, b, zero = sparse((5, 6), 8), sparse((5, 6), 13), F32(0)
    go = lambda l, *x, **m: refused(c, 'SparseAdd', list(x), l, **m)
    go('cancel', a[0], a[1], a[2], a[0], -a[1], a[2], F32(1e-6))
    go('cancel', a[0], a[1], a[2], a[0], -a[1], a[2], F32(0))
    go('nan', a[0], a[1] * np.nan, a[2], *a, F32(1))
    go('nan threshold', *a, *a, F32(np.nan))
    go('none', rows(), f32(), i64(5, 6), rows(), f32(), i64(5, 6), zero)
    go('none and', rows(), f32(), i64(5, 6), *b, zero)
    for x in (np.int8, np.int16, I32, I64):
        low = np.iinfo(x).min
        for t in (1, 0, low, -1, np.iinfo(x).max):
            go('lowest %s %d' % (name_of(x), t), rows((0, 0)), one([low], x), i64(1, 1), rows((0, 0)), one([0], x), i64(1, 1), one(t, x))
            go('two lowest %s %d' % (name_of(x), t), rows((0, 0)), one([low + 1], x), i64(1, 1), rows((0, 0)), one([0], x), i64(1, 1), one(t, x))
    order = rng.permutation(8)
    go('unsorted', a[0][order], a[1][order], a[2], *b, zero)
    go('beyond', a[0] + 90, a[1], a[2], *b, zero)
    go('negative', a[0] - 90, a[1], a[2], *b, zero)
    go('negative dims', a[0], a[1], -a[2], b[0], b[1], -b[2], zero)
    go('rank 0', np.zeros((1, 0), I64), f32(1), i64(), np.zeros((1, 0), I64), f32(2), i64(), zero)
    go('ranks', *a, rows((0, 0, 0), rank=3), f32(1), i64(5, 6, 1), zero)
    go('dims', *a, b[0], b[1], i64(5, 7), zero)
    go('vector threshold', *a, *b, f32(1))
    for l, *x in broken(*a):
        go('a ' + l, *x, *b, zero)
        go('b ' + l, *b, *x, zero)
    for dtype in SIGNED:
        a, b = sparse((3, 4, 2), 11, dtype), sparse((3, 4, 2), 9, dtype)
        both = np.unique(np.concatenate([a[0], b[0]]), axis=0)
        c.case('SparseAddGrad', [values(dtype, len(both)), a[0], b[0], both], name_of(dtype))
        c.case('SparseAddGrad', [values(dtype, len(both) - 4), a[0], b[0], np.delete(both, [0, 3, 4, 9], 0)], name_of(dtype) + ' less')
    ai, bi, n = a[0], b[0], len(both)
    go = lambda l, *x: refused(c, 'SparseAddGrad', list(x), l)
    go('none', f32(), rows(), rows(), rows())
    go('none and', f32(1, 2), rows((0, 1), (1, 0)), rows(), rows((0, 1), (1, 0)))
    go('no sum', f32(), rows((0, 1), (1, 0)), rows(), rows())
    go('grad rank', values(F32, (n, 1)), ai, bi, both)
    go('a rank', values(F32, n), ai.reshape(-1), bi, both)
    go('b rank', values(F32, n), ai, bi.reshape(-1), both)
    go('sum rank', values(F32, n), ai, bi, both.reshape(-1))
    go('a dims', values(F32, n), ai[:, :2], bi, both)
    go('sum dims', values(F32, n), ai, bi, both[:, :2])
    go('grad size', values(F32, n - 1), ai, bi, both)
    for op in ('SparseSparseMaximum', 'SparseSparseMinimum'):
        for dtype in REAL:
            c.case(op, sparse((3, 4, 2), 11, dtype) + sparse((3, 4, 2), 9, dtype), name_of(dtype))
        a, b = sparse((5, 6), 8), sparse((5, 6), 13)
        go = lambda l, *x: refused(c, op, list(x), l)
        go('none', rows(), f32(), i64(5, 6), rows(), f32(), i64(5, 6))
        go('none and', rows(), f32(), i64(5, 6), *b)
        go('and none', *a, rows(), f32(), i64(5, 6))
        go('nan', rows((0, 0), (0, 1), (0, 2)), f32(np.nan, 1, np.nan), i64(5, 6), rows((0, 0), (0, 1)), f32(1, np.nan), i64(5, 6))
        go('ranks', *a, rows((0, 0, 0), rank=3), f32(1), i64(5, 6, 1))
        go('dims', *a, b[0], b[1], i64(5, 7))
        go('a outside', rows((1, 9), (0, 0)), f32(1, 2), i64(5, 6), *b)
        go('b outside', *a, rows((0, 1), (0, -1)), f32(1, 2), i64(5, 6))
        go('unsorted', rows((1, 0), (0, 0)), f32(1, 2), i64(2, 2), rows((0, 1)), f32(3), i64(2, 2))
        for l, *x in broken(*a):
            go('a ' + l, *x, *b)
            go('b ' + l, *b, *x)
    for dtype, other in ((np.int16, np.float16), (np.int16, BF16), (I32, F32), (I64, np.float64), (np.int8, I32), (I32, I64)):
        for thresh in (2, 2.5, np.nan, np.inf, -np.inf) if np.dtype(other).kind != 'i' else (2, 3):
            x = [rows((0, 0), (0, 1), (1, 0)), np.array([2, -3, 4], dtype), i64(2, 2)]
            c.case('SparseAdd', x + [rows(), np.zeros(0, dtype), i64(2, 2), np.array(thresh, other)], '%s %s' % (name_of(dtype), name_of(other)))
    c.save()


def sparse_cwise():
    c = Cases('sparse_cwise')
    for op in ('SparseDenseCwiseAdd', 'SparseDenseCwiseMul', 'SparseDenseCwiseDiv'):
        for dtype in REAL:
            for dims in ((3, 4, 2), (4, 1), (1,), (), (3, 1, 1)):
                c.case(op, sparse((3, 4, 2), 11, dtype) + [np.where((b := values(dtype, dims)) == 0, b + dtype(3), b).astype(dtype)],
                       '%s %s' % (name_of(dtype), dims), **tolerance(dtype))
        for rank in range(1, 7):
            c.case(op, sparse((2,) * rank, 2) + [values(F32, (2,) * rank)], 'rank %d' % rank)
        a = sparse((3, 4), 5)
        go = lambda l, *x, **m: refused(c, op, list(x), l, **m)
        go('none', rows(), f32(), i64(3, 4), values(F32, (3, 4)))
        go('empty', rows(), f32(), i64(0, 4), values(F32, (1, 4)))
        go('zeros', *a, np.zeros((3, 4), F32))
        for b in ((4, 4), (3, 5), (2, 3, 4), (1, 3, 4), (2, 4), (0, 4)): go(str(b), *a, values(F32, b))
        go('int zeros', *sparse((3, 4), 5, I32), np.zeros((3, 4), I32))
        if not op.endswith('Div'): go('lowest', rows((0, 0)), i32(-2**31), i64(1, 1), i32(-1))
        go('beyond', rows((1, 4)), f32(1), i64(3, 4), values(F32, (3, 4)))
        go('beyond', rows((3, 0)), f32(1), i64(3, 4), values(F32, (3, 4)))
        go('beyond', rows((3, 0)), f32(1), i64(3, 4), values(F32, (4,)))
        go('negative', rows((-1, 0)), f32(1), i64(3, 4), values(F32, (3, 4)))
        go('unsorted', rows((2, 1), (0, 3), (2, 1)), f32(1, 2, 3), i64(3, 4), values(F32, (3, 4)))
        go('negative dims', rows(), f32(), i64(-3, 4), values(F32, (3, 4)), error_part='')
        go('huge', rows(), f32(), i64(1 << 40, 1 << 40), values(F32, ()), error_part='')
        for l, *x in broken(*a): go(l, *x, values(F32, (3, 4)))
        go('rank 0', np.zeros((1, 0), I64), f32(1), i64(), F32(2))
    for dtype in (np.float16, F32, F64):
        for dims, n in (((4, 5), 12), ((2, 3, 4), 15), ((1, 9), 9), ((5, 1), 3)):
            c.case('SparseSoftmax', sparse(dims, n, dtype), '%s %s' % (name_of(dtype), dims), **(dict(rtol=2e-3, atol=1e-3) if dtype == np.float16 else dict(rtol=1e-5, atol=1e-6)))
    go = lambda l, *x, **m: refused(c, 'SparseSoftmax', list(x), l, **m)
    go('none', rows(), f32(), i64(3, 4))
    go('nothing', rows(), f32(), i64(0, 0))
    go('vector', rows((0,), (2,), rank=1), f32(1, 2), i64(3))
    go('scalar', np.zeros((1, 0), I64), f32(1), i64())
    go('unsorted', rows((2, 1), (0, 3), (2, 0), (0, 1), (1, 1)), f32(1, 2, 3, 4, 5), i64(3, 4))
    go('repeated', rows((0, 1), (0, 1), (1, 1)), f32(1, 2, 3), i64(3, 4))
    go('extreme', rows((0, 1), (0, 2), (1, 1), (1, 2)), f32(1e30, -1e30, 3, -np.inf), i64(3, 4))
    go('nan', rows((0, 1), (0, 2), (1, 1), (1, 2)), f32(np.nan, 1, 3, 4), i64(3, 4))
    go('infinite', rows((0, 1), (0, 2)), f32(np.inf, 1), i64(3, 4))
    go('beyond', rows((0, 1), (7, 2)), f32(1, 1), i64(3, 4))
    go('negative', rows((0, 1), (-7, 2)), f32(1, 1), i64(3, 4))
    for l, *x in broken(*sparse((3, 4), 5)): go(l, *x, error_part='')
    for dtype in (np.int8, I64, F32):
        for index in ((0, 0), (0, 1)):
            c.case('SparseDenseCwiseDiv', [rows(index), np.array([4], dtype), i64(2, 2), np.array([[2, 0], [1, 1]], dtype)], 'a zero')
            c.case('SparseDenseCwiseDiv', [rows(index), np.array([4], dtype), i64(2, 2), np.array([2, 0], dtype)], 'a zero in all rows')
    c.save()


def sparse_reduce():
    c = Cases('sparse_reduce')
    ix, _, dims = sparse((3, 4, 5), 20)
    for op in ('SparseReduceSumSparse', 'SparseReduceMaxSparse', 'SparseReduceSum', 'SparseReduceMax'):
        lists = op.endswith('Sparse')
        for dtype in NUMBERS if 'Sum' in op else REAL:
            c.case(op, [ix, values(dtype, 20), dims, i32(1)], name_of(dtype), **(dict(rtol=2e-2, atol=0.3) if dtype in FLOATS[:2] else tolerance(dtype)))
        for axes in ([], [0], [-1], [0, 2], [2, 0, 1], [1, -1], [3], [-4], [1, 1]):
            for keep in (False,) if lists else (False, True):
                refused(c, op, [ix, values(F32, 20), dims, np.array(axes, I32)], '%s %s' % (axes, keep), error_part='', keep_dims=keep)
        order = rng.permutation(20)
        if lists: c.case(op, [ix[order], values(F32, 20), dims, i32(0)], 'unsorted', rtol=1e-5, atol=1e-5)
        go = lambda l, *x, **m: refused(c, op, list(x), l, **m)
        go('none', rows(), f32(), i64(2, 3), i32(1))
        go('scalar axis', ix, values(F32, 20), dims, one(1, I32))
        go('beyond', rows((1, 9)), f32(1), i64(3, 4), i32(1))
        go('negative', rows((-1, 2)), f32(1), i64(3, 4), i32(1))
        for l, *x in broken(*sparse((3, 4), 5)): go(l, *x, i32(1))
    c.save()


# ---- ragged tensors ----

QUANTIZED = [(tf.qint8, np.int8), (tf.quint8, np.uint8), (tf.qint16, np.int16), (tf.quint16, np.uint16), (tf.qint32, np.int32)]


def ragged_gather():
    c = Cases('ragged_gather')
    splits, outer = i64(0, 3, 3, 5, 9), i64(0, 2, 2, 4)

    def go(label, nested, v, at, **more):
        at = np.asarray(at) if isinstance(at, np.ndarray) else np.array(at, I64)
        refused(c, 'RaggedGather', [nested, v, at], label, OUTPUT_RAGGED_RANK=len(nested) + at.ndim - 1, **more)
    for dtype in ALL:
        go(name_of(dtype), [splits], values(dtype, 9), [2, 0, 3, 0])
        go(name_of(dtype) + ' pairs', [outer.astype(I32), splits.astype(I32)], values(dtype, (9, 2)), np.array([1, 0, 2, 2], I32))
    for q, n in QUANTIZED: go(q.name, [splits], (values(n, 9).astype(q.as_numpy_dtype), q), [2, 0, 3, 0])
    v = values(F32, 9)
    for at in (2, 1, [], [1], [3, 3, 3], [[0, 2], [3, 1]], [[[2]]], [[], []], [[0, 1, 2]]):
        go('%s' % (at,), [splits], v, at)
        go('%s int32' % (at,), [splits], v, np.array(at, I32))
        if np.max(np.array(at, I32), initial=0) < 3: go('nested %s' % (at,), [outer, splits], v, at)
    go('gaps', [i64(2, 4, 7)], v, [1, 0])
    go('outer gaps', [i64(1, 2, 3), splits], v, [1, 0])
    go('empty values', [i64(0, 0, 0)], f32(), [1, 0])
    go('wide', [splits], values(F32, (9, 2, 3)), [3, 0])
    go('narrow', [splits], values(F32, (9, 0)), [3, 0])
    go('beyond', [splits], v, [0, 4])
    go('negative', [splits], v, [0, -1])
    go('beyond in a matrix', [splits], v, [[0, 1], [7, 2]])
    go('scalar beyond', [splits], v, 9)
    go('no rows', [i64(0)], f32(), [0])
    go('no rows, none asked', [i64(0)], f32(), [])
    go('no splits', [i64()], f32(), [])
    go('scalar splits', [one(0)], v, [0])
    go('splits go down', [i64(0, 5, 3)], v, [0])
    go('negative splits', [i64(-1, 5)], v, [0])
    go('splits past the end', [i64(0, 10)], v, [0])
    go('outer past the end', [i64(0, 9), splits], v, [0])
    go('scalar values', [i64(0, 1)], F32(3), [0])
    c.save()


def ragged_fill():
    c = Cases('ragged_fill')
    for dtype in ALL:
        c.case('RaggedFillEmptyRows', [i64(1, 1, 3), values(dtype, 3), one(5), values(dtype, ())], name_of(dtype))
    go = lambda l, *x, **m: refused(c, 'RaggedFillEmptyRows', list(x), l, **m)
    v = f32(1, 2, 3)
    go('none', i64(), f32(), one(3), F32(7))
    go('no rows', i64(), f32(), one(0), F32(7))
    go('full', i64(0, 1, 2), v, one(3), F32(7))
    go('unsorted', i64(4, 1, 1), v, one(5), F32(7))
    go('beyond', i64(4, 1, 1), v, one(4), F32(7))
    go('negative', i64(-4, 1, 1), v, one(4), F32(7))
    go('no rows but values', i64(0, 1, 1), v, one(0), F32(7))
    go('sizes', i64(0, 1), v, one(4), F32(7))
    go('ids rank', i64(0, 1, 1).reshape(1, 3), v, one(4), F32(7))
    go('values rank', i64(0, 1, 1), v.reshape(3, 1), one(4), F32(7))
    go('rows rank', i64(0, 1, 1), v, i64(4), F32(7))
    go('default rank', i64(0, 1, 1), v, one(4), f32(7))
    for dtype in NUMBERS:
        c.case('RaggedFillEmptyRowsGrad', [i64(2, 0, 2), values(dtype, 5)], name_of(dtype), **tolerance(dtype))
    go = lambda l, *x, **m: refused(c, 'RaggedFillEmptyRowsGrad', list(x), l, **m)
    go('none', i64(), f32(1, 2))
    go('nothing', i64(), f32())
    go('beyond', i64(0, 2), f32(1, 2))
    go('negative', i64(-1), f32(1, 2))
    go('map rank', one(1), f32(1, 2))
    go('grad rank', i64(0), F32(1))
    c.save()


def ragged_cross():
    c = Cases('ragged_cross')
    words = s(b'a', b'bb', b'', b'dddd', b'a longer piece of text that is hashed in blocks', b'f\0g')
    ws, wi, wd = i64(0, 2, 3, 3, 6), rows((0, 0), (0, 1), (1, 0), (3, 0), (3, 1), (3, 2)), i64(4, 3)
    n, ns = i64(1, -2, 3, 1 << 60, -(1 << 63), 0), i64(0, 1, 3, 4, 6)
    dw, dn = s(b'x', b'y', b'z', b'x', b'', b'w', b'v', b'u').reshape(4, 2), i64(7, 8, 9, 10).reshape(4, 1)

    def go(label, rv, rs, si, sv, sd, dense, order, **more):
        for t in (tf.int32, tf.int64):
            for buckets, key in ((0, 956888297470), (10, -3)):
                rs = [x.astype(t.as_numpy_dtype) for x in rs]  # TensorFlow aborts on others
                refused(c, 'RaggedCross', [rv, rs, si, sv, sd, dense], label, input_order=order, hashed_output=True, num_buckets=buckets,
                        hash_key=key, out_values_type=tf.int64, out_row_splits_type=t, **more)
            refused(c, 'RaggedCross', [rv, rs, si, sv, sd, dense], label + ' text', input_order=order, hashed_output=False, num_buckets=0,
                    hash_key=1, out_values_type=tf.string, out_row_splits_type=t, **more)
    go('two', [words, n], [ws, ns], [], [], [], [], 'RR')
    go('one', [words], [ws], [], [], [], [], 'R')
    go('all', [words], [ws], [wi], [n], [wd], [dw], 'RSD')
    go('order', [words, n], [ws, ns], [wi], [n], [wd], [dw, dn], 'DRSDR')
    go('sparse', [], [], [wi], [words], [wd], [], 'S')
    go('dense', [], [], [], [], [], [dn, dw], 'DD')
    go('no rows', [s()], [i64(0)], [], [], [], [], 'R')
    go('empty', [i64()], [i64(0, 0, 0)], [], [], [], [], 'R')
    bad = lambda l, *x: go(l, *x)
    bad('values rank', [words.reshape(-1, 1)], [ws], [], [], [], [], 'R')
    bad('splits rank', [words], [ws.reshape(-1, 1)], [], [], [], [], 'R')
    bad('no splits', [words], [i64()], [], [], [], [], 'R')
    bad('indices rank', [], [], [wi.reshape(-1)], [words], [wd], [], 'S')
    bad('shape size', [], [], [wi], [words], [i64(4, 3, 1)], [], 'S')
    bad('dense rank', [], [], [], [], [], [dw.reshape(-1)], 'D')
    bad('batches', [words], [ws], [], [], [], [dw[:3]], 'RD')
    bad('sparse batches', [words], [ws], [wi], [n], [i64(5, 3)], [], 'RS')
    bad('order', [words], [ws], [], [], [], [dw], 'RX')
    for label, index in {'again': ((0, 0), (1, 0), (0, 1), (3, 0)), 'beyond': ((0, 0), (4, 0), (1, 0)), 'negative': ((-1, 0), (0, 0)), 'columns': ((0, 7), (0, -1), (2, 5))}.items():
        go('rows ' + label, [words], [ws], [rows(*index)], [n[:len(index)]], [wd], [], 'RS')
    go('narrow indices', [words], [ws], [rows(0, 1, 3, rank=1)], [n[:3]], [wd], [], 'RS')
    go('more indices', [words], [ws], [rows((0, 0), (1, 0), (3, 0))], [n[:2]], [wd], [], 'RS')
    for hashed, t in ((False, tf.int64), (True, tf.string)):
        c.case('RaggedCross', [[words], [ws], [], [], [], []], 'hashed %s' % hashed, input_order='R', hashed_output=hashed, num_buckets=5, hash_key=1,
               out_values_type=t, out_row_splits_type=tf.int64)
    c.save()


# ---- text ----

MALFORMED = [b'\xe2\x82A', b'\xe2\x82', b'\xf0\x9f\x98', b'\xf0\x9f\x98A', b'\xc0\xafA', b'\xed\xa0\x80A', b'\xf4\x90\x80\x80A', b'\xf8\x88\x80\x80\x80A',
             b'\xe0\x80\x80', b'\x80\x81A', b'\xffA\xfe', b'\xef\xbb\xbfA', b'A\x00B', b'\xe2A', b'\xf0\x80\x80\x80', b'\xc3', b'\xe1\x80\xe2\xf0\x91\x92\xf1\xbf']
WIDE = [b'\x00A\xfeB\xd8\x00\x00C\xd8\x3d\xde\x00A', b'\xfe\xff\x00A', b'\xff\xfeA\x00', b'\x00A\x00', b'\xdc\x00\x00A', b'\xd8\x00', b'\xd8\x00\x00',
        b'\xd8\x00\xd8\x00\xdc\x00', b'\x00\xd8', b'\x00\xd8\x00\xdc', b'\x00\xd8\x00', b'\x00\x00\xfe\xff\x00\x00\x00A', b'\xff\xfe\x00\x00A\x00\x00\x00',
        b'\x00\x00\xd8\x00', b'\x00\x11\x00\x00\x00\x00\x00A', b'\x00\x00\x00', b'\x00\x00\xfe\xff', b'\xfe\xff', b'\xff', b'\x00\x01\xf6\x00', b'\x00\xf6\x01\x00']
TEXTS = ['', 'hello', 'Gr\u00fc\u00dfe, \u4e16\u754c!', '\U0001f600\U0010ffff\u0000\ufffd\uffff', 'tab\tnew\nline\x1f\x7f']
FORMS = ['UTF-8', 'UTF-16-BE', 'UTF-32-BE']


def unicode_ops():
    c = Cases('unicode_ops')
    texts = s(*[t.encode() for t in TEXTS])

    def decode(label, text, encoding, **attr):
        for op in ('UnicodeDecode', 'UnicodeDecodeWithOffsets'):
            refused(c, op, [text], label, input_encoding=encoding, **attr)

    def transcode(label, text, encoding, **attr):
        for to in FORMS: refused(c, 'UnicodeTranscode', [text], '%s to %s' % (label, to), input_encoding=encoding, output_encoding=to, **attr)

    def both(*args, **attr):
        decode(*args, **attr)
        transcode(*args, **attr)
    both('texts', texts, 'UTF-8')
    for b in MALFORMED: both(str(b), s(b), 'UTF-8')
    for encoding in ('UTF-16', 'UTF-16BE', 'UTF-16LE', 'utf-16-be', 'UTF-32', 'UTF-32BE', 'utf_32le', 'US-ASCII', 'ISO-8859-1', 'latin1', 'CP1252', 'koi8-r'):
        for b in WIDE: both('%s %s' % (encoding, b), s(b), encoding)
        if encoding.upper().startswith('UTF'):
            both(encoding, s(*[t.encode(encoding) for t in TEXTS]), encoding)
            both(encoding + ' one by one', s(*[t.encode(encoding)[:4 + k] for t in TEXTS[1:] for k in (0, 4, 1, 4, 3, 8) if t[:1] <= 'z' or encoding != 'UTF-32']), encoding)
    for encoding in ('windows-1252', 'windows-1251', 'Windows-1258', 'ISO-8859-%d', 'koi8-u', 'macintosh', 'IBM437', 'cp866', 'cp00866', 'tis-620', 'ascii', 'L1', 'greek8', 'ibm-850'):
        for k in range(1, 16) if '%d' in encoding else (0,):
            name = encoding % k if k else encoding
            decode(name, s(bytes(range(256))), name)
    for encoding in ('nonsense', '', '_', 'utf-9', 'a-name-that-is-longer-than-any-name-of-an-encoding-is'):
        both('unknown ' + encoding, texts, encoding)
    bad = s(b'ok', b'\xff\x01a\n', b'\xe2\x82\x1f')
    for errors in ('strict', 'replace', 'ignore'):
        for control in (False, True):
            for code in (65533, 63, 0x1f600, 0xd800, 0):
                both('%s %s %x' % (errors, control, code), bad, 'UTF-8', errors=errors, replace_control_characters=control, replacement_char=code)
            both('%s %s fine' % (errors, control), texts, 'UTF-8', errors=errors, replace_control_characters=control)
    for code in (-1, 0x110000): both('replacement %x' % code, bad, 'UTF-8', replacement_char=code)
    for shape in ((), (2, 2), (0,), (1, 0, 3)):
        t = np.full(shape, b'\xc3\xa9a', object)
        decode('shape %s' % (shape,), t, 'UTF-8')
        refused(c, 'UnicodeDecode', [t], 'shape %s int32' % (shape,), input_encoding='UTF-8', Tsplits=tf.int32)  # with offsets it aborts
        transcode('shape %s' % (shape,), t, 'UTF-8')
    codes = i32(72, 0xe9, 0x4e16, 0x1f600, 0, 0xd800, 0xdc00, 0xdfff, 0xfffe, 0xfdd0, 0x10ffff, 0x110000, -1, 0xfffd, 0x10fffd)
    for to in FORMS:
        encode = lambda l, v, at, **m: refused(c, 'UnicodeEncode', [v, at], '%s %s' % (to, l), output_encoding=to, **m)
        for errors in ('strict', 'replace', 'ignore'):
            encode(errors, codes, i64(0, 3, 3, 8, 15), errors=errors)
            encode(errors + ' fine', codes[:5], i64(0, 2, 2, 5), errors=errors)
            encode(errors + ' with ?', codes, i64(0, 15), errors=errors, replacement_char=63)
            encode(errors + ' with a surrogate', codes, i64(0, 15), errors=errors, replacement_char=0xd83d)
        encode('int32', codes[:5], i32(0, 2, 5))
        encode('none', i32(), i64(0))
        encode('none', i32(), i64(0, 0, 0))
        for at in ([], [1, 5], [0, 4], [0, 6], [0, 4, 3, 5], [0, 9, 5], [0, -1, 5]): encode('splits %s' % at, codes[:5], np.array(at, I64))
        encode('rank', codes[:5].reshape(1, 5), i64(0, 5))
        encode('splits rank', codes[:5], one(5))
        encode('replacement', codes, i64(0, 15), replacement_char=0x110000)
    c.case('UnicodeScript', [np.concatenate([np.arange(0, 0x3000, 7), np.arange(0x3000, 0x20000, 97), np.arange(0x20000, 0x110000, 4999)]).astype(I32)], 'many')
    c.case('UnicodeScript', [i32(0x10ffff, 0x110000, -1, -2147483648, 2147483647, 0xd800)], 'ends')
    c.case('UnicodeScript', [I32(0x3b1)], 'scalar')
    words = ['\u00df \u0130 \ufb01 \u0149 \u1f80 \u1fb7', '\u03a3 \u0391\u03a3 \u0391\u03a3\u0391 \u0391\u03a3. \u0391\u03a3.\u0391 \u0391\u0301\u03a3\u0301', 'a\u03a3b \u03a3a 1\u03a3 \u02b0\u03a3',
             '\U00010400\U00010428 \u01c4\u01c5\u01c6 \u24b6 \u2160 \u0345 \u10a0\u10d0\u1c90 \uab70\u13a0 \u1e9e', 'h\u00e9LLO \u0416\u0436']
    every = [''.join(chr(k) for k in range(at, at + 256)) for at in list(range(0x100, 0x600, 256)) + [0x1000, 0x1300, 0x1c00, 0x1d00, 0x1e00, 0x1f00, 0x2100, 0x2400, 0x2c00, 0xa600, 0xa700, 0xab00, 0xfb00, 0xff00, 0x10400, 0x10c00, 0x118a0, 0x16e40, 0x1e900]]
    texts = s(*[w.encode() for w in words + ['cut\0AT'] + every], *MALFORMED)
    for op in ('StringLower', 'StringUpper'):
        c.case(op, [texts], 'utf-8', encoding='utf-8')
        c.case(op, [texts[:6]], 'ASCII', encoding='')
    c.case('UnicodeScript', [np.zeros((2, 0), I32)], 'none')
    c.save()


# ---- sequence examples ----

def feature(v):
    """None: one without a list; []: an empty list of numbers, (): of floats."""
    if v is None: return tf.train.Feature()
    if v == []: return tf.train.Feature(int64_list=tf.train.Int64List())
    if len(v) and isinstance(v[0], bytes): return tf.train.Feature(bytes_list=tf.train.BytesList(value=v))
    if len(v) and isinstance(v[0], int): return tf.train.Feature(int64_list=tf.train.Int64List(value=v))
    return tf.train.Feature(float_list=tf.train.FloatList(value=v))


def sequence_example(context, lists):
    return tf.train.SequenceExample(
        context=tf.train.Features(feature={k: feature(v) for k, v in context.items()}),
        feature_lists=tf.train.FeatureLists(feature_list={k: tf.train.FeatureList(feature=[feature(f) for f in v]) for k, v in lists.items()})
    ).SerializeToString(deterministic=True)


def shapes_of(dense): return [tf.TensorShape(shape).as_proto() for _, _, shape, *_ in dense]


SPLIT = {I32: tf.int32, I64: tf.int64}


def parse_v2(c, label, serialized, names=(), cs=(), cd=(), cr=(), ls=(), ld=(), lr=(), **more):
    """cs, ls: (key, dtype); cd: (key, dtype, shape, default); ld: (key, dtype, shape, may be missing); cr, lr: (key, dtype, splits)."""
    keys = lambda group: s(*[x[0] for x in group])
    types = lambda group: [tf.as_dtype(x[1]) for x in group]
    if serialized.ndim == 0:  # TensorFlow leaves the outer splits of a single example as memory is
        context, lists = 3 * len(cs) + len(cd) + len(cr), 3 * len(cs) + len(cd) + 2 * len(cr) + 3 * len(ls) + 2 * len(ld) + len(lr)
        more['shape_only'] = [context + k for k in range(len(cr))] + [lists + k for k in range(len(lr))]
    inputs = [serialized, s(*names), keys(cs), keys(cd), keys(cr), keys(ls), keys(ld), keys(lr), np.array([x[3] for x in ld], bool), [x[3] for x in cd]]
    for i, size in more.pop('sizes', {}).items():
        inputs[i] = np.resize(inputs[i], size)
    return refused(
        c, 'ParseSequenceExampleV2', inputs, label,
        Ncontext_sparse=len(cs), context_sparse_types=types(cs), context_ragged_value_types=types(cr), context_ragged_split_types=[x[2] for x in cr],
        context_dense_shapes=shapes_of(cd), Nfeature_list_sparse=len(ls), Nfeature_list_dense=len(ld), feature_list_dense_types=types(ld),
        feature_list_sparse_types=types(ls), feature_list_ragged_value_types=types(lr), feature_list_ragged_split_types=[x[2] for x in lr],
        feature_list_dense_shapes=shapes_of(ld), **more)


def parse_v1(c, label, serialized, names=(), cs=(), cd=(), ls=(), ld=(), **more):
    types = lambda group: [tf.as_dtype(x[1]) for x in group]
    return refused(
        c, 'ParseSequenceExample', [serialized, s(*names), [x[3] for x in cd]], label, context_sparse_keys=[x[0] for x in cs],
        context_dense_keys=[x[0] for x in cd], feature_list_sparse_keys=[x[0] for x in ls], feature_list_dense_keys=[x[0] for x in ld],
        feature_list_dense_missing_assumed_empty=[x[0] for x in ld if x[3]], Ncontext_sparse=len(cs), Ncontext_dense=len(cd), Nfeature_list_sparse=len(ls),
        Nfeature_list_dense=len(ld), context_sparse_types=types(cs), context_dense_shapes=shapes_of(cd), feature_list_dense_types=types(ld),
        feature_list_sparse_types=types(ls), feature_list_dense_shapes=shapes_of(ld), **more)


def parse_single(c, label, serialized, names=(), cs=(), cd=(), ls=(), ld=(), **more):
    keys = lambda group: [np.array(x[0], object) for x in group]
    types = lambda group: [tf.as_dtype(x[1]) for x in group]
    return refused(
        c, 'ParseSingleSequenceExample',
        [serialized, s(*[x[0] for x in ld if x[3]]), keys(cs), keys(cd), keys(ls), keys(ld), [x[3] for x in cd], np.array(names[0] if names else b'', object)],
        label, context_sparse_types=types(cs),
        context_dense_shapes=shapes_of(cd), feature_list_dense_types=types(ld), feature_list_sparse_types=types(ls),
        feature_list_dense_shapes=shapes_of(ld), **more)


def parsing_sequence():
    c = Cases('parsing_sequence')
    text, none = tf.string, f32()
    one_ = sequence_example({'a': [b'x', b'yy'], 'n': [3], 'f': [.5, 1.5], 'v': [1, 2, 3]}, {'w': [[b'p'], [b'q'], [b'r']], 'i': [[1, 2], [3], []], 'p': [[1., 2.], [3., 4.]]})
    two = sequence_example({'n': [4], 'f': [2.5, 3.5], 'v': []}, {'w': [[b's']], 'i': [], 'p': [[5., 6.]], 'other': [[1]]})
    three = sequence_example({'a': None, 'n': [5], 'f': [0., 0.], 'v': [7]}, {'w': [], 'i': [[4, 5, 6], None, [7]], 'p': []})
    batch, alone = s(one_, two, three), np.array(one_, object)

    def every(label, *args, ops='12s', **more):
        """The op in all its forms; those without ragged features."""
        single = {**more}
        if '2' in ops:
            parse_v2(c, label, batch, *args, **more)
            parse_v2(c, label + ' alone', alone, *args, **more)
        if '1' in ops: parse_v1(c, label, batch, *args, **more)
        if 's' in ops: parse_single(c, label, alone, *args, **single)
    for k, t in (('a', text), ('v', tf.int64), ('f', tf.float32), ('missing', tf.int64)): every('context sparse ' + k, cs=[(k, t)])
    for k, t in (('w', text), ('i', tf.int64), ('p', tf.float32), ('missing', tf.int64)): every('list sparse ' + k, ls=[(k, t)])
    every('context dense', cd=[('n', tf.int64, (), np.array(9, I64)), ('f', tf.float32, (2,), f32(8, 9))])
    every('context dense pairs', cd=[('f', tf.float32, (2, 1), f32(8, 9).reshape(2, 1))])
    every('context dense default', cd=[('missing', tf.float32, (2,), f32(8, 9)), ('a', text, (2,), s(b'd', b'e'))])
    every('context dense without default', cd=[('n', tf.int64, (), i64())])
    every('context dense missing', cd=[('missing', tf.float32, (2,), none)])
    every('context dense of lost', cd=[('a', text, (2,), s())])
    every('context dense size', cd=[('f', tf.float32, (3,), f32(1, 2, 3))])
    every('context dense default size', cd=[('missing', tf.float32, (2,), f32(1, 2, 3))])
    every('context dense open', cd=[('v', tf.int64, (None,), i64(7))])
    every('list dense', ld=[('w', text, (), False)])
    every('list dense vector', ld=[('w', text, (1,), True), ('p', tf.float32, (2,), False)])
    every('list dense pairs', ld=[('p', tf.float32, (2, 1), False)])
    every('list dense missing', ld=[('missing', tf.float32, (2,), False)])
    every('list dense may miss', ld=[('missing', tf.float32, (2,), True), ('missing too', text, (), True)])
    every('list dense size', ld=[('p', tf.float32, (3,), False)])
    every('list dense open', ld=[('i', tf.int64, (None,), False)])
    every('list dense uneven', ld=[('i', tf.int64, (2,), False)])
    for more in (dict(cs=[('n', tf.float32)]), dict(cd=[('n', tf.float32, (), F32(1))]), dict(ls=[('w', tf.float32)]), dict(ld=[('w', tf.float32, (), False)])):
        every('type', **more, ops='12')
        parse_single(c, 'type', alone, **more, error_part="Data types don't match. Expected type: float  Feature is: ")
    for x in (two, three):
        for k, t, n in (('a', text, 2), ('v', tf.int64, 1), ('missing', text, 0)):
            parse_single(c, 'context sparse', np.array(x, object), cs=[(k, t)])
            parse_single(c, 'context dense', np.array(x, object), cd=[(k, t, (n,), values(object, n) if t == text else i64(*[9] * n))])
        for k, t in (('w', text), ('i', tf.int64), ('p', tf.float32)):
            parse_single(c, 'list sparse', np.array(x, object), ls=[(k, t)])
            parse_single(c, 'list dense', np.array(x, object), ld=[(k, t, (1,), True)])
    empty = sequence_example({'n': ()}, {'i': [[1], ()]})
    for op, x in ((parse_v2, s(empty)), (parse_v1, s(empty)), (parse_single, np.array(empty, object))):
        op(c, 'empty list of another type', x, cs=[('n', tf.int64)], error_part="Data types don't match. Expected type: int64")
        op(c, 'empty list of another type', x, ls=[('i', tf.int64)], error_part="Data types don't match. Expected type: int64")
        op(c, 'rows of nothing', x, ld=[('i', tf.float32, (0,), True)], error_part='')
    odd = s(sequence_example({}, {'i': [[1, 2], [3]]}), sequence_example({}, {'i': [[1, 2, 3], [4]]}))
    parse_v2(c, 'rows in other steps', odd[1:], ld=[('i', tf.int64, (2,), True)])
    parse_v2(c, 'half a row', odd, ld=[('i', tf.int64, (2,), True)])
    every('default type', cd=[('n', tf.int64, (), i64(1))])
    every('all', cs=[('a', text), ('v', tf.int64)], cd=[('n', tf.int64, (), np.array(9, I64))], ls=[('w', text), ('i', tf.int64)],
          ld=[('p', tf.float32, (2,), False), ('missing', tf.int64, (), True)])
    every('names', names=[b'first', b'second', b'third'], cs=[('n', tf.float32)], ops='1')
    every('nothing')
    every('same key twice', cs=[('n', tf.int64), ('n', tf.int64)])
    for t in (tf.int32, tf.int64):
        for k, v in (('a', text), ('v', tf.int64), ('f', tf.float32), ('missing', text)): every('context ragged ' + k, cr=[(k, v, t)], ops='2')
        for k, v in (('w', text), ('i', tf.int64), ('p', tf.float32), ('missing', text)): every('list ragged ' + k, lr=[(k, v, t)], ops='2')
    every('ragged', cs=[('a', text)], cr=[('v', tf.int64, tf.int32), ('f', tf.float32, tf.int64)], lr=[('i', tf.int64, tf.int32), ('w', text, tf.int32)],
          ld=[('p', tf.float32, (2,), False)], ops='2')
    every('ragged type', cr=[('n', tf.float32, tf.int32)], ops='2')
    every('ragged list type', lr=[('w', tf.float32, tf.int32)], ops='2')
    named = dict(names=[b'first', b'second', b'third'])
    parse_v2(c, 'names', batch, **named, cs=[('n', tf.float32)])
    parse_v2(c, 'names', batch, **named, ld=[('missing', tf.float32, (), False)])
    parse_v2(c, 'names', batch, **named, ld=[('w', tf.float32, (), False)])
    parse_v2(c, 'names', batch, **named, cd=[('missing', tf.float32, (), f32())])
    parse_v2(c, 'names', batch, names=[b'first'], cs=[('n', tf.int64)])
    parse_single(c, 'name', alone, names=[b'first'], cs=[('n', tf.float32)], error_part='')
    parse_single(c, 'name', alone, names=[b'first'], ld=[('missing', tf.float32, (), False)])
    parse_single(c, 'name', alone, names=[b'first'], cd=[('missing', tf.float32, (), f32())])
    for bad in (b'nonsense', b'\n\xff'):
        for op, x in ((parse_v2, s(one_, bad)), (parse_v2, np.array(bad, object)), (parse_v1, s(one_, bad)), (parse_single, np.array(bad, object))):
            op(c, 'malformed', x, cs=[('n', tf.int64)])
    for x in (s(), s(b''), np.array(b'', object), batch.reshape(3, 1)):
        for op in (parse_v2, parse_v1, parse_single):
            op(c, 'shape %s' % (x.shape,), x, cs=[('n', tf.int64)], cd=[('f', tf.float32, (2,), f32(1, 2))], ls=[('w', text)], ld=[('p', tf.float32, (2,), True)])
    parse_v2(c, 'shape ragged', s(), cr=[('v', tf.int64, tf.int32)], lr=[('i', tf.int64, tf.int32)])
    for i, group in ((2, dict(cs=[('v', tf.int64)])), (3, dict(cd=[('n', tf.int64, (), np.array(9, I64))])), (4, dict(cr=[('v', tf.int64, SPLIT[I64])])),
                     (5, dict(ls=[('i', tf.int64)])), (6, dict(ld=[('p', tf.float32, (2,), True)])), (7, dict(lr=[('i', tf.int64, SPLIT[I32])])), (8, dict(ld=[('p', tf.float32, (2,), True)]))):
        for size in (0, 2):
            parse_v2(c, 'keys %d' % i, batch, sizes={i: size}, **group)
    c.save()


# ---- other serialized values ----

def parsing_csv():
    c = Cases('parsing_csv')

    def go(label, records, defaults, **attr):
        records = records if isinstance(records, np.ndarray) else s(*records)
        refused(c, 'DecodeCSV', [records, defaults], label, **attr)
    three = lambda: [i32(), f32(1.5), s(b'none')]
    go('plain', [b'1,2.5,abc', b'-7,,', b' 3 , 4 , x y '], three())
    go('quotes', [b'1,2,"a,b"', b'2,"3","say ""hi"""', b'3,1,""', b'4,1,"a\nb\r\n"'], three())
    go('types', [b'1,2,3.5,4.5,t', b'-2147483648,-9223372036854775808,inf,nan,', b'2147483647,9223372036854775807,1e38,1e308,x'],
       [i32(1), i64(1), f32(1), np.array([1.]), s(b'd')])
    go('defaults', [b',,,,'], [i32(1), i64(2), f32(3), np.array([4.]), s(b'five')])
    go('scalar defaults', [b',,'], [np.array(1, I32), np.array(2, F32), np.array(b'x', object)])
    go('na', [b'NA,NA,NA', b'1,2,3'], [i32(9), f32(8), s(b'd')], na_value='NA')
    go('delimiter', [b'1;2;a,b', b'"1";2;"c;d"'], three(), field_delim=';')
    go('tab', [b'1\t2\ta b'], three(), field_delim='\t')
    go('no quotes', [b'1,2,"a"b"'], three(), use_quote_delim=False)
    go('select', [b'a,1,b,2.5,c', b'x,2,y,,z'], [i32(), f32(7)], select_cols=[1, 3])
    go('select last', [b'a,b,c', b'a,b,'], [s(b'd')], select_cols=[2])
    go('select beyond', [b'a,b,c'], [s(b'd')], select_cols=[3])
    go('select before a bad field', [b'1,x"y'], [i32()], select_cols=[0])
    go('select quoted', [b'"a","b""c",d'], [s()], select_cols=[1])
    go('crlf', [b'1,2,x\r\n', b'\n1,2,x'], three())
    go('crlf inside', [b'1\n,2,x'], three())
    for shape in ((), (2, 2), (0,), (1, 0)): go('shape %s' % (shape,), np.full(shape, b'1,2,x', object), three())
    for record in (b'', b'1,2', b'1,2,3,4', b'1,2,', b'x,1,a', b'1.5,1,a', b'2147483648,1,a', b'1,z,a', b'1,1e,a', b',1,a', b'1,2,a"b', b'1,2,"a', b'1,2,"', b'1,2,"a"b"',
                   b'1,2,"a"x', b'1,2,"a" ', b'1,"2"', b'"1",2,""""', b'1,2,"""', b'1,,"x",', b'\n', b'\r\n\r', b'"', b'""', b'"a",', b'1,2,a\rb', b'\xff,1,a'):
        go('record %s' % record, [b'1,2,ok', record], three())
    go('int64', [b'9223372036854775808'], [i64()])
    go('double', [b'x'], [np.array([1.])])
    go('missing string', [b'1,'], [i32(), s()])
    go('two defaults', [b'1'], [i32(1, 2)])
    go('default rank', [b'1'], [i32(1).reshape(1, 1)])
    go('delimiter of two', [b'1'], [i32(1)], field_delim=',,')
    go('no delimiter', [b'1'], [i32(1)], field_delim='')
    go('select size', [b'1'], [i32(1)], select_cols=[0, 1])
    go('select order', [b'1,2'], [i32(1), i32(1)], select_cols=[1, 0])
    go('select twice', [b'1,2'], [i32(1), i32(1)], select_cols=[1, 1])
    go('select negative', [b'1,2'], [i32(1), i32(1)], select_cols=[-1, 0])
    c.save()


def parsing_tensor():
    c = Cases('parsing_tensor')
    for dtype in ALL:
        for shape in ((2, 3), (), (0,), (1, 0, 2), (4,)):
            got = c.case('SerializeTensor', [values(dtype, shape)], '%s %s' % (name_of(dtype), shape))
            refused(c, 'ParseTensor', [np.array(got[0], object)], '%s %s' % (name_of(dtype), shape), out_type=tf.string if dtype is object else tf.as_dtype(dtype))
    go = lambda label, proto, dtype, **m: refused(c, 'ParseTensor', [np.array(proto if isinstance(proto, bytes) else proto.SerializeToString(), object)], label, out_type=dtype, **m)
    Proto, shape = type(tf.make_tensor_proto(0)), lambda *d: tf.TensorShape(d).as_proto()
    go('typed', Proto(dtype=1, tensor_shape=shape(3), float_val=[1, 2, 3]), tf.float32)
    go('last repeated', Proto(dtype=1, tensor_shape=shape(3), float_val=[1, 2]), tf.float32)
    go('zeros', Proto(dtype=3, tensor_shape=shape(2, 2)), tf.int32)
    go('halfs', Proto(dtype=19, tensor_shape=shape(2), half_val=[15360, 1]), tf.float16)
    go('type', Proto(dtype=1, tensor_shape=shape(3), float_val=[1, 2, 3]), tf.int32)
    go('content size', Proto(dtype=1, tensor_shape=shape(3), tensor_content=b'1234'), tf.float32)
    go('none', b'', tf.float32)
    go('malformed', b'\xff\xff', tf.float32)
    go('huge', Proto(dtype=1, tensor_shape=shape(1 << 40, 1 << 40), float_val=[1]), tf.float32, error_part='Cannot parse tensor from proto: ')
    refused(c, 'ParseTensor', [s(b'')], 'vector', out_type=tf.float32)
    raw = s(b'12345678', b'1234', b'', b'123456789abc', b'\x01\x02')
    for dtype in (np.float16, BF16, F32, F64, np.int8, np.int16, I32, I64, np.uint8, np.uint16):
        for little in (True, False):
            if dtype == np.float16: continue  # TensorFlow has no kernel
            t = raw if little or np.dtype(dtype).itemsize == 1 else raw[:1]  # TensorFlow reads beyond the others
            refused(c, 'DecodePaddedRaw', [t, I32(8)], '%s %s' % (name_of(dtype), little), out_type=tf.as_dtype(dtype), little_endian=little)
    for n in (0, -4, 7, 16): refused(c, 'DecodePaddedRaw', [raw[:1], I32(n)], 'length %d' % n, out_type=tf.int32)
    refused(c, 'DecodePaddedRaw', [raw[:1], i32(8)], 'vector length', out_type=tf.int32)
    refused(c, 'DecodePaddedRaw', [raw[:4].reshape(2, 2), I32(4)], 'matrix', out_type=tf.int32)
    refused(c, 'DecodePaddedRaw', [np.array(b'abc', object), I32(4)], 'scalar', out_type=tf.int16)
    refused(c, 'DecodePaddedRaw', [s(), I32(4)], 'none', out_type=tf.int16)
    import gzip
    import zlib
    text = b'some text, some text, some text' * 40
    z, gz = zlib.compress(text), gzip.compress(text, mtime=0)
    go = lambda label, x, kind, **m: refused(c, 'DecodeCompressed', [x], '%s %s' % (kind, label), compression_type=kind, **m)
    for kind, data in (('ZLIB', z), ('GZIP', gz), ('', text)):
        go('one', np.array(data, object), kind)
        go('many', np.array([[data, zlib.compress(b'') if kind == 'ZLIB' else gzip.compress(b'', mtime=0)]], object), kind)
        go('none', s(), kind)
        if not kind: continue
        go('empty', s(b''), kind)
        go('cut', s(data[:-9]), kind)
        go('garbage', s(b'garbage that is not packed'), kind)
        go('more behind', s(data + b'xyz'), kind)
        go('two members', s(data + data), kind)
        go('damaged', s(data[:12] + bytes([data[12] ^ 255]) + data[13:]), kind)
        go('checksum', s(data[:-5] + b'\0\1\2\3\4'), kind)
    go('zlib', s(z), 'GZIP')
    go('unknown', s(z), 'LZMA')
    c.save()


def sparse_pack():
    c = Cases('sparse_pack')
    tf_type = lambda dtype: tf.string if dtype is object else tf.as_dtype(dtype)

    def unpack(label, x, dtype, op='DeserializeSparse', **more):
        return refused(c, op, [np.asarray(x, object)], label, dtype=dtype, **more)
    for dtype in ALL:
        packed = c.case('SerializeSparse', sparse((3, 4, 2), 11, dtype), name_of(dtype), out_type=tf.string)[0]
        many = c.case('SerializeManySparse', sparse((3, 4, 2), 11, dtype), name_of(dtype), out_type=tf.string)[0]
        unpack(name_of(dtype), packed, tf_type(dtype))
        unpack(name_of(dtype) + ' rows', many, tf_type(dtype))
        unpack(name_of(dtype) + ' rows', many, tf_type(dtype), 'DeserializeManySparse')
    pack = lambda *x: c.case('SerializeSparse', list(x), 'part', out_type=tf.string)[0]
    a, b = pack(*sparse((3, 4), 5)), pack(*sparse((2, 6), 4))
    unpack('largest', [a, b], tf.float32)
    unpack('batches', [[a, b], [b, a], [a, a]], tf.float32)
    unpack('largest', [a, b], tf.float32, 'DeserializeManySparse')
    unpack('ranks', [a, pack(*sparse((2, 6, 1), 4))], tf.float32)
    unpack('ranks', [a, pack(*sparse((2, 6, 1), 4))], tf.float32, 'DeserializeManySparse')
    unpack('type', a, tf.int32)
    unpack('type', [a], tf.int32, 'DeserializeManySparse')
    unpack('scalar', a[0], tf.float32)
    unpack('vector', a, tf.float32, 'DeserializeManySparse')
    unpack('columns', a[:2], tf.float32)
    unpack('columns', [a[:2]], tf.float32, 'DeserializeManySparse')
    unpack('none', np.zeros((0, 3), object), tf.float32)
    unpack('none', np.zeros((0, 3), object), tf.float32, 'DeserializeManySparse')
    for op, x in (('DeserializeSparse', lambda *v: list(v)), ('DeserializeManySparse', lambda *v: [list(v)])):
        unpack('malformed', x(b'x', a[1], a[2]), tf.float32, op, error_part='')
        unpack('order', x(a[1], a[0], a[2]), tf.float32, op)
        unpack('values', x(a[0], b[1], a[2]), tf.float32, op)
        unpack('values rank', x(a[0], a[0], a[2]), tf.float32, op)
        unpack('shape rank', x(a[0], a[1], a[0]), tf.float32, op)
    unpack('empty', pack(rows(), f32(), i64(0, 3)), tf.float32)
    for op in ('SerializeSparse', 'SerializeManySparse'):
        go = lambda l, *x, **m: refused(c, op, list(x), l, out_type=tf.string, **m)
        go('none', rows(), f32(), i64(2, 3))
        go('no rows', rows(), f32(), i64(0, 3))
        go('gaps', rows((1, 2), (4, 0)), f32(1, 2), i64(6, 3))
        for l, *x in list(broken(*sparse((3, 4), 5)))[:3]: go(l, *x)
    go = lambda l, *x, **m: refused(c, op, list(x), l, out_type=tf.string, **m)
    go('vector', rows((0,), (2,), rank=1), f32(1, 2), i64(3))
    for index in (((0, 1), (0, 0), (1, 0)), ((0, 0), (0, 0), (1, 0)), ((1, 0), (0, 0), (0, 1)), ((0, 0), (0, 5), (1, 0)), ((0, -1), (0, 0), (1, 0))):
        go('order', rows(*index), f32(1, 2, 3), i64(2, 3))
    c.save()


FAMILIES = [sparse_merge, sparse_cwise, sparse_reduce, ragged_gather, ragged_fill, ragged_cross, unicode_ops,
            parsing_sequence, parsing_csv, parsing_tensor, sparse_pack]

if __name__ == '__main__':
    generate(FAMILIES, 4)
