"""Op cases of the sparse, set, ragged, text and sequence families: python tests/ops/gen_d.py [FAMILY...] (README.md here)."""
from op_cases import Cases  # first: it sets TensorFlow's environment
from case_values import (ALL, BF16, COMPLEX, F32, FLOATS, I32, I64, NUMBERS, REAL, f32, fine_values as values, generate,
                         i32, i64, name_of, refused, rng, s)

import numpy as np
import tensorflow as tf


def one(v, t=I64): return np.array(v, t)
def rows(*v, rank=2): return np.array(v, I64).reshape(-1, rank)


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
    for shape in (i64(3, 4), i64(0, 4)):
        c.case('SparseReshape', [rows((9, -2), (0, 7)), shape, shape], 'same %s' % shape)
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


def sparse_slice():
    c = Cases('sparse_slice')
    ix, v, dims = sparse((4, 5, 6), 30)
    for dtype in ALL:
        t = values(dtype, 30)
        c.case('SparseSlice', [ix, t, dims, i64(1, 0, 2), i64(2, 3, 3)], name_of(dtype))
        c.case('SparseSplit', [one(2), ix, t, dims], name_of(dtype), num_split=2)
        c.case('SparseConcat', [[ix, ix], [t, values(dtype, 30)], [dims, dims]], name_of(dtype), concat_dim=1)
    for start, size in [((0, 0, 0), (4, 5, 6)), ((0, 0, 0), (9, 9, 9)), ((2, 2, 2), (0, 1, 1)), ((4, 0, 0), (1, 5, 6)), ((9, 0, 0), (1, 5, 6)),
                        ((3, 4, 5), (1, 1, 1)), ((-1, 0, 0), (2, 5, 6)), ((0, 0, 0), (2, -1, 6)), ((0, 0), (1, 1, 1)), ((0, 0, 0), (1, 1))]:
        refused(c, 'SparseSlice', [ix, v, dims, np.array(start, I64), np.array(size, I64)], '%s %s' % (start, size))
    refused(c, 'SparseSlice', [rows(), f32(), i64(3, 4), i64(1, 1), i64(2, 2)], 'none')
    refused(c, 'SparseSlice', [rows((0, 1)), f32(1), i64(3, -1), i64(0, 0), i64(2, 2)], 'negative shape')
    refused(c, 'SparseSlice', [rows(1, 5, 7, rank=1), f32(1, 2, 3), i64(9), i64(2), i64(5)], 'vector')
    refused(c, 'SparseSlice', [ix, v, dims, i64(0, 0, 0).reshape(1, 3), i64(1, 1, 1)], 'start rank')
    refused(c, 'SparseSlice', [ix, v, dims, i64(0, 0, 0), i64(1, 1, 1).reshape(1, 3)], 'size rank')
    for name, a, b, d in broken(ix, v, dims):
        refused(c, 'SparseSlice', [a, b, d, i64(0, 0, 0), i64(1, 1, 1)], name)
        refused(c, 'SparseSplit', [one(0), a, b, d], name, num_split=2)
        refused(c, 'SparseConcat', [[ix, a], [v, b], [dims, d]], name, concat_dim=0)
        refused(c, 'SparseConcat', [[a, ix], [b, v], [d, dims]], name + ' first', concat_dim=0)
    out, kept = rows((0, 1), (1, 0)), rows((0, 0), (1, 2), (2, 1), (3, 3))
    for dtype in NUMBERS:
        c.case('SparseSliceGrad', [values(dtype, 2), kept, i64(1, 1), out], name_of(dtype))
    refused(c, 'SparseSlice', [rows((0, 7), (1, 1)), f32(1, 2), i64(2, 3), i64(0, 0), i64(2, 9)], 'beyond')
    c.case('SparseSliceGrad', [f32(), kept, i64(1, 1), rows()], 'none')
    refused(c, 'SparseSliceGrad', [f32(1), kept, i64(1, 1), out], 'sizes')
    refused(c, 'SparseSliceGrad', [f32(1, 2), kept, i64(1), out], 'start')
    refused(c, 'SparseSliceGrad', [f32(1, 2), kept, i64(1, 1), rows((0, 1), (0, 0))], 'unused')
    refused(c, 'SparseSliceGrad', [f32(1, 2), kept[:1], i64(1, 1), out], 'more rows')
    refused(c, 'SparseSliceGrad', [f32(1, 2), kept, i64(1, 1), rows(1, 2, rank=1)], 'rank')
    refused(c, 'SparseSliceGrad', [f32(1, 2), kept, rows((1, 1)), out], 'start rank')
    refused(c, 'SparseSliceGrad', [rows((1, 2)).astype(F32), kept, i64(1, 1), out], 'grad rank')
    for axis in (-4, -3, -1, 0, 1, 2, 3):
        refused(c, 'SparseConcat', [[ix, ix[::2], ix[:0]], [v, v[::2], v[:0]], [dims] * 3], str(axis), concat_dim=axis)
        refused(c, 'SparseSplit', [one(axis), ix, v, dims], str(axis), num_split=3)
    for n in (1, 4, 5, 6, 7):
        refused(c, 'SparseSplit', [one(2), ix, v, dims], '%d parts' % n, num_split=n)
    refused(c, 'SparseConcat', [[ix], [v], [dims]], 'single', concat_dim=0)
    p = rng.permutation(30)
    refused(c, 'SparseConcat', [[ix[p], ix[p]], [v, v], [dims, dims]], 'unordered', concat_dim=2)
    refused(c, 'SparseConcat', [[ix[p]], [v], [dims]], 'single unordered', concat_dim=2)
    refused(c, 'SparseSplit', [one(1), ix[p], v, dims], 'unordered', num_split=2)
    a, b = sparse((3, 4), 5), sparse((3, 7), 9)
    refused(c, 'SparseConcat', [[a[0], b[0]], [a[1], b[1]], [a[2], b[2]]], 'widths', concat_dim=1)
    refused(c, 'SparseConcat', [[a[0], b[0]], [a[1], b[1]], [a[2], b[2]]], 'widths differ', concat_dim=0)
    refused(c, 'SparseConcat', [[a[0], ix], [a[1], v], [a[2], dims]], 'ranks differ', concat_dim=0)
    refused(c, 'SparseSplit', [one(1), rows((0, 9)), f32(1), i64(2, 4)], 'beyond', num_split=2)
    concat = lambda label, index, shapes, **more: c.case('SparseConcat', [index, [f32(*range(len(i))) for i in index], [i64(*d) for d in shapes]],
                                                         label, **{'concat_dim': 0, **more})
    concat('negative shape', [rows((0, 0)), rows((0, 0))], [(2, 3), (2, -1)])
    concat('negative after 0', [rows((0, 0)), rows((0, 0))], [(0, -3), (0, -3)])
    concat('large shape', [rows((0, 0)), rows((0, 0))], [(1 << 40, 3), (1 << 40, 1 << 40)])
    concat('axis before ranks', [rows((0, 0)), rows((0, 0, 0), rank=3)], [(2, 3), (2, 3, 4)], concat_dim=2)
    concat('sizes before ranks of rows', [rows((0, 0, 0), rank=3), rows((0, 0))], [(2, 3), (2, 4)])
    refused(c, 'SparseSplit', [one(1), rows((0, -1)), f32(1), i64(2, 4)], 'negative', num_split=2)
    refused(c, 'SparseSplit', [i64(1), a[0], a[1], a[2]], 'axis rank', num_split=2)
    refused(c, 'SparseSplit', [one(0), rows(), f32(), i64(5, 2)], 'none', num_split=2)
    c.save()


def sparse_cross():
    c = Cases('sparse_cross')
    words = s(b'a', b'bb', b'', b'dddd', b'a longer piece of text that is hashed in blocks', b'f\0g')
    wi, wd = rows((0, 0), (0, 1), (1, 0), (3, 0), (3, 1), (3, 2)), i64(4, 3)
    ni, n, nd = rows((0, 0), (1, 0), (1, 1), (2, 0), (3, 0), (3, 1)), i64(1, -2, 3, 1 << 60, -(1 << 63), 0), i64(4, 2)
    dw, dn = s(b'x', b'y', b'z', b'x', b'', b'w', b'v', b'u').reshape(4, 2), i64(7, 8, 9, 10).reshape(4, 1)
    mixes = {'strings': ([wi, wi], [words, words[::-1]], [wd, wd], []), 'both': ([wi, ni], [words, n], [wd, nd], []),
             'dense': ([wi, ni], [words, n], [wd, nd], [dw, dn]), 'one': ([wi], [words], [wd], []), 'only dense': ([], [], [], [dn, dw]),
             'numbers': ([ni, ni], [n, n[::-1]], [nd, nd], [dn]), 'three': ([wi, ni, wi], [words, n, words], [wd, nd, wd], [dw]),
             'empty': ([wi, rows()], [words, i64()], [wd, i64(4, 0)], []), 'no rows': ([rows()], [s()], [i64(0, 3)], []),
             'no dense features': ([wi], [words], [wd], [np.zeros((4, 0), I64)])}
    types = lambda l: ['string' if np.asarray(x).dtype == object else 'int64' for x in l]

    def all_ops(label, i, v, d, dense, wanted=('hash', 'text', 'v2')):
        t = {}
        if 'hash' in wanted:
            for buckets, key in ((0, 0xDECAFCAFFE), (100, 0xDECAFCAFFE), (7, -3)):
                refused(c, 'SparseCross', [i, v, d, dense], '%s %d' % (label, buckets), hashed_output=True, num_buckets=buckets, hash_key=key,
                        out_type='int64', internal_type='int64', **t)
            if 'text' in wanted: refused(c, 'SparseCross', [i, v, d, dense], label + ' by text', hashed_output=True, num_buckets=10, hash_key=1, out_type='int64',
                    internal_type='string', **t)
        if 'text' in wanted and 'int64' not in types(v) + types(dense):
            refused(c, 'SparseCross', [i, v, d, dense], label + ' text', hashed_output=False, num_buckets=0, hash_key=1, out_type='string',
                    internal_type='string', **t)
        if 'v2' in wanted: refused(c, 'SparseCrossV2', [i, v, d, dense, np.array(b'-&-', object)], label, **t)
        for strong in (False, True) if not dense else (False,):  # TensorFlow crashes on others
            for buckets, salt in ((0, i64(1, 2)), (100, i64(-5, 77))):
                refused(c, 'SparseCrossHashed', [i, v, d, dense, one(buckets), np.array(strong), salt], '%s %s' % (label, strong), **t)
    for label, (i, v, d, dense) in mixes.items():
        all_ops(label, i, v, d, dense)
    bad = lambda l, *a: all_ops(l, *a, wanted=('hash', 'v2'))
    bad('indices rank', [wi.reshape(-1)], [words], [wd], [])
    bad('indices width', [rows((0, 0, 0), rank=3)], [words[:1]], [wd], [])
    bad('values rank', [wi], [words.reshape(-1, 1)], [wd], [])
    bad('values size', [wi], [words[:4]], [wd], [])
    bad('shape rank', [wi], [words], [wd.reshape(1, 2)], [])
    bad('shape size', [wi], [words], [i64(4, 3, 1)], [])
    bad('batches', [wi, ni], [words, n], [wd, i64(5, 2)], [])
    bad('dense batch', [wi], [words], [wd], [dw[:3]])
    bad('dense rank', [wi], [words], [wd], [dw.reshape(-1)])
    hashed = lambda l, *x: refused(c, 'SparseCrossHashed', [[wi], [words], [wd], []] + list(x), l, error_part='')
    hashed('negative buckets', one(-7), np.array(True), i64(1, 2))
    hashed('buckets rank', i64(7), np.array(True), i64(1, 2))
    hashed('salt size', one(7), np.array(True), i64(1, 2, 3))
    hashed('salt rank', one(7), np.array(True), one(1))
    out_of_order = {'again': ((0, 0), (1, 0), (0, 1), (3, 0)), 'beyond': ((0, 0), (4, 0), (1, 0)), 'negative': ((-1, 0), (0, 0)), 'columns': ((0, 7), (0, -1), (2, 5))}
    for label, index in out_of_order.items():
        all_ops('rows ' + label, [rows(*index), wi], [words[:len(index)], words], [wd, wd], [])
    c.save()


def count_ops():
    c = Cases('count_ops')
    x = rng.randint(0, 9, 20).astype(I32)
    x2 = x.reshape(4, 5)
    splits = i64(0, 4, 4, 9, 20)
    ix, v, dims = sparse((4, 9), 20)
    v = x
    t_out = [t for t in (I32, I64, F32, np.float64)]
    for dtype in t_out:
        w, tol = values(dtype, 20), tolerance(dtype)
        none = np.zeros(0, dtype)
        c.case('Bincount', [x, one(7, I32), w], name_of(dtype), **tol)
        c.case('Bincount', [x, one(12, I32), none], name_of(dtype) + ' ones')
        for t in (I32, I64):
            c.case('DenseBincount', [x.astype(t), one(7, t), w], name_of(dtype), **tol)
            c.case('DenseBincount', [x2.astype(t), one(9, t), w.reshape(4, 5)], name_of(dtype) + ' rows', **tol)
            c.case('DenseBincount', [x2.astype(t), one(9, t), none], name_of(dtype) + ' binary', binary_output=True)
        c.case('SparseBincount', [ix, v, dims, one(9, I32), w], name_of(dtype), **tol)
        c.case('RaggedBincount', [splits, x, one(9, I32), w], name_of(dtype), **tol)
    for dtype in t_out:
        w = values(dtype, 20)
        for shortest, longest in ((-1, -1), (12, -1), (-1, 6), (3, 6), (3, 0)):
            m = dict(minlength=shortest, maxlength=longest)
            l = '%s %d %d' % (name_of(dtype), shortest, longest)
            c.case('DenseCountSparseOutput', [x, w], l, binary_output=False, **m)
            c.case('DenseCountSparseOutput', [x2, np.zeros(0, dtype)], l, binary_output=False, **m)
            c.case('SparseCountSparseOutput', [ix, v.astype(I64), dims, w], l, binary_output=False, **m)
            c.case('RaggedCountSparseOutput', [splits, x, w], l, binary_output=False, **m)
    none = f32()
    m = dict(minlength=-1, maxlength=-1)
    for b in (False, True):
        c.case('DenseCountSparseOutput', [x2, none], 'binary %s' % b, binary_output=b, **m)
        c.case('SparseCountSparseOutput', [ix, v, dims, none], 'binary %s' % b, binary_output=b, **m)
        c.case('RaggedCountSparseOutput', [splits, x, none], 'binary %s' % b, binary_output=b, **m)
        c.case('SparseBincount', [ix, v, dims, one(9, I32), none], 'binary %s' % b, binary_output=b)
        c.case('RaggedBincount', [splits, x, one(9, I32), none], 'binary %s' % b, binary_output=b)
        c.case('DenseBincount', [x2, one(9, I32), x2.astype(F32)], 'binary and weights %s' % b, binary_output=b)
    c.case('SparseBincount', [rows(0, 3, 4, rank=1), i32(1, 1, 2), i64(5), one(4, I32), none], 'vector')
    c.case('SparseCountSparseOutput', [rows(0, 3, 4, rank=1), i32(1, 1, 2), i64(5), none], 'vector', binary_output=False, **m)
    for op in ('Bincount', 'DenseBincount'):
        refused(c, op, [i32(), one(3, I32), none], 'none')
        refused(c, op, [x, one(0, I32), none], 'no bins')
        refused(c, op, [x, one(-1, I32), none], 'size')
        refused(c, op, [x, i32(4, 5), none], 'size', error_part='')
        refused(c, op, [i32(1, -1), one(3, I32), none], 'negative')
        refused(c, op, [x, one(9, I32), none[:0].reshape(1, 0)], 'weights')
        refused(c, op, [x, one(9, I32), f32(1, 2)], 'weights', error_part='')
    refused(c, 'Bincount', [x2, one(9, I32), none], 'matrix')
    refused(c, 'DenseBincount', [x.reshape(2, 2, 5), one(9, I32), none], 'rank 3')
    refused(c, 'DenseBincount', [np.zeros((3, 0), I32), one(2, I32), none], 'empty rows')
    for sp in (i64(1, 20), i64(0, 9)):  # TensorFlow crashes on others
        refused(c, 'RaggedBincount', [sp, x, one(9, I32), none], 'splits', error_part='')
        refused(c, 'RaggedCountSparseOutput', [sp, x, none], 'splits', error_part='', binary_output=False, **m)
    for sp in ((0, 5, 2, 7), (0, 9, 7), (0, -1, 7), (0, 4, 4, 7, 7), (0, 2, 7)):
        few = i32(7, 4, 2, 3, 7, 8, 1)
        c.case('RaggedBincount', [i64(*sp), few, one(9, I32), none], 'splits %s' % (sp,))
        c.case('RaggedCountSparseOutput', [i64(*sp), few, none], 'splits %s' % (sp,), binary_output=False, **m)
    c.case('RaggedCountSparseOutput', [i64(0), i32(), none], 'one split', binary_output=False, **m)
    c.case('DenseCountSparseOutput', [np.zeros((0, 3), I32), none], 'no rows', binary_output=False, **m)
    refused(c, 'RaggedBincount', [splits, x, one(-9, I32), none], 'size')
    refused(c, 'RaggedBincount', [i64(0, 2), i32(1, -2), one(9, I32), none], 'negative')
    refused(c, 'SparseBincount', [ix, v, dims, one(-9, I32), none], 'size')
    refused(c, 'SparseBincount', [rows((9, 0)), i32(1), i64(4, 4), one(9, I32), none], 'beyond', error_part='')
    refused(c, 'SparseCountSparseOutput', [rows((9, 0)), i32(1), i64(4, 4), none], 'beyond', error_part='', binary_output=False, **m)
    for d in (i64(-1, 9), i64(0, 3), i64(2, -9)):
        refused(c, 'SparseCountSparseOutput', [np.zeros((0, 2), I64), i32(), d, none], 'dims', binary_output=False, **m)
    for l, a, b, d in broken(ix, v, dims):
        refused(c, 'SparseCountSparseOutput', [a, b, d, none], l, error_part='', binary_output=False, **m)
    for op, ins in (('DenseCountSparseOutput', [i32(3, -1, 3)]), ('DenseCountSparseOutput', [np.zeros((2, 0), I32)]), ('DenseCountSparseOutput', [i32()]),
                    ('RaggedCountSparseOutput', [i64(0, 0), i32()]), ('DenseCountSparseOutput', [one(1, I32)]), ('DenseCountSparseOutput', [np.zeros((1, 1, 1), I32)])):
        refused(c, op, ins + [none], 'edge', binary_output=False, **m)
    refused(c, 'DenseCountSparseOutput', [x, f32(1, 2)], 'weights', binary_output=False, **m)
    c.save()


def set_ops():
    c = Cases('set_ops')
    kinds = [np.int8, np.int16, I32, I64, np.uint8, np.uint16, object]
    a_ix, _, dims = sparse((2, 3, 4), 13)
    b_ix, _, b_dims = sparse((2, 3, 5), 11)
    draw = lambda dtype, shape: values(dtype, shape, 0, 4) if dtype is object else rng.randint(0, 5, shape).astype(dtype)
    for dtype in kinds:
        d1, d2, v1, v2 = draw(dtype, (2, 3, 4)), draw(dtype, (2, 3, 3)), draw(dtype, 13), draw(dtype, 11)
        c.case('SetSize', [a_ix, v1, dims], name_of(dtype), validate_indices=True)
        for op in ('a-b', 'b-a', 'intersection', 'union'):
            l = '%s %s' % (name_of(dtype), op)
            m = dict(set_operation=op, validate_indices=True)
            c.case('DenseToDenseSetOperation', [d1, d2], l, **m)
            c.case('DenseToSparseSetOperation', [d1, b_ix, v2, b_dims], l, **m)
            c.case('SparseToSparseSetOperation', [a_ix, v1, dims, b_ix, v2, b_dims], l, **m)
    m = dict(set_operation='UNION', validate_indices=True)
    x = i32(1, 2, 3, 4).reshape(2, 2)
    refused(c, 'DenseToDenseSetOperation', [x, x], 'case', **m)
    refused(c, 'DenseToDenseSetOperation', [x, x], 'unknown', error_part='Invalid set_operation', set_operation='xor', validate_indices=True)
    refused(c, 'DenseToDenseSetOperation', [x, x[:, :0]], 'empty', **m)
    refused(c, 'DenseToDenseSetOperation', [x[:0], x[:0]], 'no groups', **m)
    refused(c, 'DenseToDenseSetOperation', [x, x[:1]], 'groups', error_part='Mismatched shapes', **m)
    refused(c, 'DenseToDenseSetOperation', [x.reshape(1, 2, 2), x], 'ranks', error_part='Mismatched shapes', **m)
    refused(c, 'DenseToDenseSetOperation', [x[0], x[1]], 'vectors', error_part='', **m)
    v1, v2 = draw(I32, 13), draw(I32, 11)
    refused(c, 'DenseToSparseSetOperation', [draw(I32, (2, 4, 4)), b_ix, v2, b_dims], 'groups', error_part='Mismatched shapes', **m)
    refused(c, 'SparseToSparseSetOperation', [rows(), i32(), i64(2, 3), rows(), i32(), i64(2, 0)], 'empty', **m)
    for bad_ix in (rows((0, 0), (0, 0)), rows((1, 0), (0, 0)), rows((0, 0), (2, 0)), rows((0, -1), (0, 0))):
        refused(c, 'SetSize', [bad_ix, i32(1, 2), i64(2, 3)], 'indices', validate_indices=True)
        refused(c, 'SparseToSparseSetOperation', [bad_ix, i32(1, 2), i64(2, 3), rows(), i32(), i64(2, 3)], 'indices', **m)
        refused(c, 'DenseToSparseSetOperation', [x, bad_ix, i32(1, 2), i64(2, 3)], 'indices', **m)
    for l, i, v, d in broken(a_ix, v1, dims):
        refused(c, 'SetSize', [i, v, d], l, error_part='', validate_indices=True)
    refused(c, 'SetSize', [rows(), i32(), i64(2, 3)], 'none', validate_indices=True)
    m = dict(validate_indices=False)
    y, none = i32(1, 2, 3, 4, 5, 6).reshape(3, 2), [rows(), i32(), i64(3, 3)]
    for label, index, v in [('order', ((1, 0), (1, 1), (0, 0), (2, 0)), (1, 3, 1, 6)), ('again', ((0, 0), (1, 0), (0, 1)), (1, 3, 7)),
                            ('repeated', ((0, 0), (0, 0), (2, 1)), (1, 2, 5)), ('columns', ((0, 1), (0, 0), (1, -1)), (8, 2, 4)),
                            ('beyond', ((0, 0), (3, 0), (1, 0)), (2, 2, 9)), ('column beyond', ((0, 0), (1, 3)), (2, 2))]:
        t = [rows(*index), i32(*v), i64(3, 3)]
        c.case('SetSize', t, 'unchecked ' + label, **m)
        for op in ('a-b', 'union'):
            c.case('DenseToSparseSetOperation', [y] + t, 'unchecked ' + label, set_operation=op, **m)
            c.case('SparseToSparseSetOperation', t + none, 'unchecked ' + label, set_operation=op, **m)
            c.case('SparseToSparseSetOperation', [rows((0, 0), (2, 0)), i32(1, 5), i64(3, 3)] + t, 'unchecked ' + label, set_operation=op, **m)
    c.case('SetSize', [rows(1, 2, rank=1), i32(1, 2), i64(3)], 'vector', **m)
    c.case('SparseToSparseSetOperation', [rows((7, 0)), i32(1), i64(3, 3), rows(), i32(), i64(4, 3)], 'shapes before indices', error_part='Mismatched', set_operation='union', **m)
    c.save()


def ragged_ops():
    c = Cases('ragged_ops')
    splits, outer, ids = i64(0, 3, 3, 5, 9), i64(0, 2, 2, 4), i64(0, 0, 0, 2, 2, 3, 3, 3, 3)

    def to_tensor(label, shape, v, fill, parts, types, **more):
        refused(c, 'RaggedTensorToTensor', [shape, v, fill, parts], label, row_partition_types=types, **more)
    for dtype in ALL:
        v = values(dtype, 9)
        c.case('RaggedTensorToSparse', [[splits], v], name_of(dtype))
        c.case('RaggedTensorToSparse', [[outer.astype(I32), splits.astype(I32)], values(dtype, (9, 2))], name_of(dtype) + ' nested')
        to_tensor(name_of(dtype), one(-1), v, values(dtype, ()), [splits], ['ROW_SPLITS'])
        to_tensor(name_of(dtype) + ' ids', i32(-1, 3), v, values(dtype, ()), [one(4, I32), ids.astype(I32)], ['FIRST_DIM_SIZE', 'VALUE_ROWIDS'])
    v, w = values(F32, 9), values(F32, (9, 2))
    for shape in [(-1, -1), (2, -1), (6, 5), (-1, 2), (4, 4), (0, 3), (4, 0), (-1, -1, 2), (-1,), (-2, 3), (-1, 3, 3)]:
        to_tensor('shape %s' % (shape,), np.array(shape, I64), v, one(7, F32), [splits], ['ROW_SPLITS'], error_part='')
        to_tensor('shape of pairs %s' % (shape,), np.array(shape, I32), w, f32(7, 8), [splits], ['ROW_SPLITS'], error_part='')
        to_tensor('nested %s' % (shape,), np.array(shape, I64), v, one(7, F32), [outer, splits], ['ROW_SPLITS', 'ROW_SPLITS'], error_part='')
        to_tensor('nested ids %s' % (shape,), np.array(shape, I64), v, one(7, F32), [one(3), i64(0, 0, 2, 2), ids], ['FIRST_DIM_SIZE', 'VALUE_ROWIDS', 'VALUE_ROWIDS'], error_part='')
    to_tensor('more rows', one(-1), v, one(0, F32), [one(6), ids], ['FIRST_DIM_SIZE', 'VALUE_ROWIDS'])
    to_tensor('default of pairs', one(-1), w, one(5, F32), [splits], ['ROW_SPLITS'])
    to_tensor('default rank', one(-1), w, f32(1, 2, 3), [splits], ['ROW_SPLITS'], error_part='')
    to_tensor('default broadcast', one(-1), values(F32, (9, 2, 3)), f32(1, 2).reshape(2, 1), [splits], ['ROW_SPLITS'])
    to_tensor('empty', one(-1), f32(), one(5, F32), [i64(0, 0, 0)], ['ROW_SPLITS'])
    to_tensor('no rows', one(-1), f32(), one(5, F32), [i64(0)], ['ROW_SPLITS'])
    to_tensor('scalar shape', one(3), v, one(5, F32), [splits], ['ROW_SPLITS'], error_part='')
    to_tensor('ids beyond', one(-1), v, one(0, F32), [one(3), ids], ['FIRST_DIM_SIZE', 'VALUE_ROWIDS'], error_part='')
    for bad in (i64(1, 9), i64(0, 7, 5, 9), i64()):
        refused(c, 'RaggedTensorToSparse', [[bad], v], 'splits %s' % bad, error_part='')
    refused(c, 'RaggedTensorToSparse', [[i64(0, 4)], v], 'splits end', error_part='')
    refused(c, 'RaggedTensorToSparse', [[i64(0, 0, 0)], f32()], 'empty')
    refused(c, 'RaggedTensorToSparse', [[i64(0)], f32()], 'no rows')
    for dtype in (I32, I64, F32, np.float64):
        for t in (tf.int32, tf.int64):
            a = lambda *x: np.array(x, dtype)
            refused(c, 'RaggedRange', [a(0, 5, 8), a(3, 7, 5), a(1, 1, -1)], name_of(dtype), Tsplits=t)
            refused(c, 'RaggedRange', [a(0)[0], a(3, 7, 5, 0, -2), a(2)[0]], name_of(dtype) + ' scalars', Tsplits=t)
            refused(c, 'RaggedRange', [a(0)[0], a(3)[0], a(2)[0]], name_of(dtype) + ' one', Tsplits=t)
            refused(c, 'RaggedRange', [a(0), a(3), a(0)], 'zero', Tsplits=t)
            refused(c, 'RaggedRange', [a(0, 1), a(3), a(1)], 'sizes', Tsplits=t)
            refused(c, 'RaggedRange', [a(0).reshape(1, 1), a(3), a(1)], 'rank', Tsplits=t)
            refused(c, 'RaggedRange', [a(), a(), a()], 'none', Tsplits=t)
    refused(c, 'RaggedRange', [f32(0, 5), f32(1, 4), f32(0.25, -0.3)], 'fractions', Tsplits=tf.int64)
    first, rows_, of_ids = 'FIRST_DIM_SIZE', 'ROW_SPLITS', 'VALUE_ROWIDS'
    for label, shape, parts, types in [
            ('fewer values', None, [i64(0, 2, 4)], [rows_]), ('splits from 1', None, [i64(1, 2, 4)], [rows_]),
            ('splits decrease', None, [i64(2, 0, 3)], [rows_]), ('last split', None, [i64(0, 3, 2)], [rows_]),
            ('no columns', (2, 0), [i64(0, 3, 2)], [rows_]), ('one split', (1, 2), [i64(3)], [rows_]),
            ('no splits', None, [i64()], [rows_]), ('values left out', (1, 2), [i64(0, 12)], [rows_]),
            ('fewer ids', None, [one(3), i64(0, 0, 1)], [first, of_ids]), ('negative id', None, [one(3), i64(-1, 0, 1)], [first, of_ids]),
            ('id', None, [one(3), i64(0, 0, 3)], [first, of_ids]), ('ids of rows left out', (2, 2), [one(3), i64(2, 0, 0)], [first, of_ids]),
            ('negative size', None, [one(-1), i64(0, 0)], [first, of_ids]), ('size 0', None, [one(0), i64(0, 0)], [first, of_ids]),
            ('splits of a size', None, [one(4), i64(0, 2, 5)], [first, rows_]), ('more splits', None, [one(1), i64(0, 2, 5)], [first, rows_]),
            ('ids of splits', None, [i64(0, 2, 3), i64(0, 0, 1, 1, 2)], [rows_, of_ids]), ('ids first', None, [i64(0, 0, 1)], [of_ids]),
            ('size last', None, [i64(0, 2, 3), one(2)], [rows_, first]), ('size alone', None, [one(9)], [first]),
            ('smaller size alone', None, [one(3)], [first]), ('fewer inner splits', None, [i64(0, 2, 2), i64(0, 1, 4, 5)], [rows_, rows_]),
            ('more inner splits', None, [i64(0, 2, 4), i64(0, 1, 4, 5)], [rows_, rows_]), ('matrix of splits', None, [i64([0, 1], [2, 5])], [rows_]),
            ('unknown', None, [splits], ['ROWS'])]:
        to_tensor(label, one(-1) if shape is None else i64(*shape), v, one(0, F32), parts, types)
    to_tensor('rank of shape', i64(3), v, one(0, F32), [splits], [rows_], error_part='are incompatible: rt_input.rank = 2 but shape.rank = 1')
    for fill in (f32(1, 2), f32(9)):
        to_tensor('default of rank 1', one(-1), v, fill, [splits], [rows_])
    to_tensor('default of rank 2', one(-1), w, f32(1, 2).reshape(1, 2), [splits], [rows_])
    to_tensor('default of 3', i64(0, 0, 2), w, f32(1, 2, 3), [splits], [rows_])
    to_tensor('default of 3 and 1', one(-1), w.reshape(9, 1, 2), f32(1, 2, 3).reshape(3, 1), [splits], [rows_])
    c.save()


def sparse_math():
    c = Cases('sparse_math')
    flip = lambda x: np.ascontiguousarray(x.T)
    for dtype in [np.float16, BF16, F32, np.float64, I32] + COMPLEX:
        ix, v, dims = sparse((5, 7), 12, dtype)
        b = values(dtype, (7, 4))
        tol = dict(rtol=2e-2, atol=0.5) if dtype in FLOATS[:2] else dict(rtol=1e-4, atol=1e-4)
        for t in (I32, I64):
            for x in (False, True):
                for y in (False, True):
                    at = ix.astype(t)[:, ::-1].copy() if x else ix.astype(t)
                    c.case('SparseTensorDenseMatMul', [at, v, dims[::-1].copy() if x else dims, flip(b) if y else b], '%s %s %s' % (name_of(dtype), x, y),
                           adjoint_a=x, adjoint_b=y, **tol)
    ix, v, dims = sparse((5, 7), 12)
    b = values(F32, (7, 4))
    m = dict(adjoint_a=False, adjoint_b=False)
    go = lambda l, *a: refused(c, 'SparseTensorDenseMatMul', list(a), l, error_part='', **m)
    go('none', rows(), f32(), i64(5, 7), b)
    go('no rows', rows(), f32(), i64(0, 7), b)
    go('no depth', rows(), f32(), i64(3, 0), b[:0])
    go('m beyond no rows', rows((6, 1)), f32(1), i64(0, 7), b)
    go('k beyond no columns', rows((0, 9)), f32(1), dims, b[:, :0])
    go('k beyond no depth', rows((0, 9)), f32(1), i64(3, 0), b[:0])
    go('wide', ix, v, dims, values(F32, (7, 70)))
    go('inner', ix, v, dims, b[:6])
    go('k beyond', rows((0, 7)), f32(1), dims, b)
    go('m beyond', rows((5, 0)), f32(1), dims, b)
    go('negative', rows((0, -1)), f32(1), dims, b)
    go('b rank', ix, v, dims, b.reshape(-1))
    for l, i, w, d in broken(ix, v, dims): go(l, i, w, d, b)
    for dtype in NUMBERS:
        for t in (I32, I64):
            i, w, d = sparse((3, 4, 2), 9, dtype)
            c.case('SparseTensorDenseAdd', [i.astype(t), w, d.astype(t), values(dtype, (3, 4, 2))], name_of(dtype), **tolerance(dtype))
    i, w, d = sparse((3, 4), 5)
    b = values(F32, (3, 4))
    go = lambda l, *a: refused(c, 'SparseTensorDenseAdd', list(a), l, error_part='')
    go('none', rows(), f32(), d, b)
    go('repeated', rows((1, 1), (1, 1)), f32(1, 2), d, b)
    go('beyond', rows((1, 4)), f32(1), d, b)
    go('negative', rows((-1, 1)), f32(1), d, b)
    go('shapes', i, w, d, values(F32, (4, 4)))
    go('ranks', i, w, d, values(F32, (3, 4, 1)))
    for l, x, y, z in broken(i, w, d): go(l, x, y, z, b)
    ix, _, dims = sparse((3, 4, 5), 20)
    for op in ('SparseReduceSum', 'SparseReduceMax'):
        for dtype in NUMBERS if op == 'SparseReduceSum' else REAL:
            c.case(op, [ix, values(dtype, 20), dims, i32(1)], name_of(dtype), **(dict(rtol=2e-2, atol=0.3) if dtype in FLOATS[:2] else tolerance(dtype)))
        for axes in ([], [0], [-1], [0, 2], [2, 0, 1], [1, -1], [3], [-4], [1, 1]):
            for keep in (False, True):
                refused(c, op, [ix, values(F32, 20), dims, np.array(axes, I32)], '%s %s' % (axes, keep), error_part='', keep_dims=keep)
        refused(c, op, [rows(), f32(), i64(2, 3), i32(1)], 'none')
        refused(c, op, [ix, values(F32, 20), dims, one(1, I32)], 'scalar axis')
    c.save()


def string_ngrams():
    c = Cases('string_ngrams')
    words = s(b'a', b'bb', b'', b'dddd', b'e\0', b'f', b'g')
    for t in (I32, I64):
        for widths in ([1], [2], [3], [2, 4], [5], []):
            for pad in (-1, 0, 1, 2):
                for keep in (False, True):
                    refused(c, 'StringNGrams', [words, np.array([0, 4, 4, 5, 7], t)], '%s %d %s' % (widths, pad, keep), separator='|', ngram_widths=widths,
                            left_pad='<<', right_pad='>', pad_width=pad, preserve_short_sequences=keep)
    m = dict(separator=' ', ngram_widths=[2], left_pad='', right_pad='', pad_width=0, preserve_short_sequences=False)
    for bad in (i64(1, 7), i64(0, 8, 7), i64(0, 5, 3, 7), i64(0, 6), i64(0, -1, 7)):
        refused(c, 'StringNGrams', [words, bad], 'splits', error_part='', **m)
    refused(c, 'StringNGrams', [s(), i64()], 'nothing', **m)
    refused(c, 'StringNGrams', [s(), i64(0)], 'no rows', **m)
    refused(c, 'StringNGrams', [s(), i64(0, 0)], 'an empty row', **m)
    c.save()


FAMILIES = [sparse_basic, sparse_slice, sparse_cross, count_ops, set_ops, ragged_ops, sparse_math, string_ngrams]

if __name__ == '__main__':
    generate(FAMILIES, 4)
