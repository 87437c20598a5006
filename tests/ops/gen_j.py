"""Op cases of CTC, factorisations and batching: python tests/ops/gen_j.py [FAMILY...] (README.md here)."""
import itertools

from op_cases import Cases  # first: it sets TensorFlow's environment
from case_values import BF16, C128, C64, F32, F64, I32, I64, generate, i32, i64, name_of, refused, rng, values

import numpy as np
import tensorflow as tf


# ---- CTC ----

def labels_of(rows):
    """Indices and values of lists of labels."""
    index = [(b, i) for b, row in enumerate(rows) for i in range(len(row))]
    return np.array(index, I64).reshape(-1, 2), np.array([x for row in rows for x in row], I32)


def ctc_ops():
    c = Cases('ctc_ops')
    def logits(dtype, *shape):
        return rng.normal(0, 3, shape).astype(dtype)

    for dtype in (F32, F64):
        n = name_of(dtype)
        for time, batch, classes in [(6, 3, 4), (1, 1, 2), (12, 2, 9), (3, 2, 1)]:
            x, length = logits(dtype, time, batch, classes), rng.randint(0, time + 1, batch).astype(I32)
            for merge in (False, True):
                c.case('CTCGreedyDecoder', [x, length], n, merge_repeated=merge)
                for width, paths in [(1, 1), (3, 1), (100, 1)]:
                    c.case('CTCBeamSearchDecoder', [x, np.maximum(length, 1)], n, rtol=1e-4, atol=1e-5, beam_width=width, top_paths=paths,
                           merge_repeated=merge)
        sharp = (np.eye(5)[rng.randint(0, 5, (40, 2))] * 6 + rng.normal(0, 1, (40, 2, 5))).astype(dtype)
        for width, paths in [(5, 3), (50, 2), (400, 4)]:
            for merge in (False, True):
                c.case('CTCBeamSearchDecoder', [sharp, i32(40, 31)], n + ' sharp', rtol=1e-4, atol=1e-4, beam_width=width, top_paths=paths,
                       merge_repeated=merge)
        for blank in (0, 2, -2, -4):
            c.case('CTCGreedyDecoder', [logits(dtype, 7, 2, 4), i32(7, 5)], n, merge_repeated=True, blank_index=blank)
        x, length = logits(dtype, 8, 3, 5), i32(8, 5, 6)
        for collapse, merge in itertools.product((False, True), repeat=2):
            for rows in ([[1, 2, 0], [3, 3], [0]], [[0, 0, 1, 1], [2], [3, 4, 4]], [[1, 1, 1], [0, 1, 0, 1, 0], [2, 2]]):
                index, label = labels_of(rows)
                c.case('CTCLoss', [x, index, label, length], n, rtol=1e-4, atol=1e-4, preprocess_collapse_repeated=collapse,
                       ctc_merge_repeated=merge)
        index, label = labels_of([[1, 2, 0], [3, 3, 1, 1, 0, 2], [0]])
        c.case('CTCLoss', [x, index, label, length], n + ' longer')
        c.case('CTCLoss', [x, index, label, length], n + ' longer', rtol=1e-4, atol=1e-4, ignore_longer_outputs_than_inputs=True)
        c.case('CTCLoss', [x, index, label, i32(8, 0, 6)], n + ' no time', rtol=1e-4, atol=1e-4, ignore_longer_outputs_than_inputs=True)
        c.case('CTCLoss', [logits(dtype, 60, 2, 30), *labels_of([rng.randint(0, 29, 25), rng.randint(0, 29, 20)]), i32(60, 50)], n + ' long',
               rtol=1e-4, atol=1e-4)
        far = np.zeros((4, 1, 3), dtype)
        far[:, :, 2] = 200 if dtype == F32 else 1500
        c.case('CTCLoss', [far, *labels_of([[0, 1]]), i32(4)], n + ' no path')
    x = logits(F32, 4, 2, 3)
    index, label = labels_of([[0, 1], [1]])
    bad = [('rank', x[0], i32(4, 4)), ('empty', x[:0], i32(0, 0)), ('no batch', x[:, :0], i32()), ('matrix', x, i32([4, 4])),
           ('lengths', x, i32(4)), ('long', x, i32(4, 5)), ('negative', x, i32(-1, 2))]
    for what, values_, length in bad:
        refused(c, 'CTCGreedyDecoder', [values_, length], what)
        refused(c, 'CTCBeamSearchDecoder', [values_, length], what, beam_width=4, top_paths=1)
        refused(c, 'CTCLoss', [values_, index, label, length], what)
    for blank in (3, -4):
        c.case('CTCGreedyDecoder', [x, i32(4, 4)], 'blank', blank_index=blank)
    c.case('CTCBeamSearchDecoder', [x, i32(4, 4)], 'paths', beam_width=2, top_paths=3)
    c.case('CTCBeamSearchDecoder', [x, i32(4, 0)], 'few leaves', beam_width=5, top_paths=2)
    length = i32(4, 4)
    c.case('CTCLoss', [x, index[0], label, length], 'vector')
    c.case('CTCLoss', [x, index[:, :1], label, length], 'columns')
    c.case('CTCLoss', [x, index, label[:2], length], 'rows')
    c.case('CTCLoss', [x, index, label.reshape(1, -1), length], 'label matrix')
    c.case('CTCLoss', [x, index[:2], label[:2], length], 'no labels')
    c.case('CTCLoss', [x, index[::-1], label, length], 'order')
    c.case('CTCLoss', [x, index[[0, 0, 2]], label, length], 'repeated')
    c.case('CTCLoss', [x, index + [0, 0], label - 1, length], 'negative label')
    c.case('CTCLoss', [x, index, i32(2, 1, 1), length], 'null first')
    c.case('CTCLoss', [x, index, i32(0, 2, 1), length], 'null last', rtol=1e-4, atol=1e-4)
    c.case('CTCLoss', [x, index + [1, 0], label, length], 'batch')
    c.case('CTCLoss', [x, index - [1, 0], label, length], 'batch')
    c.case('CTCLoss', [x, index - [0, 1], label, length], 'column')
    edit_distance(c)
    # the gradient of doubles has the precision of floats
    c.case('CTCLoss', [logits(np.float64, 9, 2, 4), *labels_of([[0, 1, 2], [2, 2]]), i32(9, 7)], 'double', 1e-12, 1e-12)
    c.save()


def edit_distance(c):
    def sparse(rows, dtype, shape):
        index = sorted(rows)
        flat = [(*k, i) for k in index for i in range(len(rows[k]))]
        data = [x for k in index for x in rows[k]]
        return [np.array(flat, I64).reshape(-1, len(shape)), np.array(data, object if dtype == object else dtype), np.array(shape, I64)]

    def words(dtype, text):
        return [ch.encode() for ch in text] if dtype == object else [ord(ch) % 2 if dtype == bool else ord(ch) for ch in text]

    for dtype in (object, F32, F64, np.float16, tf.bfloat16.as_numpy_dtype, I32, I64, np.int8, np.int16, np.uint8, np.uint16, np.uint32, np.uint64,
                  bool, C64):
        for normalize in (False, True):
            hypothesis = sparse({(0,): words(dtype, 'kitten'), (1,): words(dtype, 'a'), (3,): words(dtype, 'saturday')}, dtype, (4, 8))
            truth = sparse({(0,): words(dtype, 'sitting'), (2,): words(dtype, 'bc'), (3,): words(dtype, 'sunday')}, dtype, (5, 8))
            if dtype == C64 and not normalize: continue
            c.case('EditDistance', hypothesis + truth, str(dtype), normalize=normalize)
    a, b = sparse({(0, 1): [1, 2], (1, 0): [3]}, I32, (2, 2, 2)), sparse({(0, 1): [1, 2, 4], (1, 1): [3]}, I32, (2, 2, 3))
    c.case('EditDistance', a + b, 'rank 3', normalize=True)
    nan = sparse({(0,): [np.nan, 1]}, F32, (1, 2))
    c.case('EditDistance', nan + nan, 'nan', normalize=False)
    none = sparse({}, I32, (2, 2))
    c.case('EditDistance', none + none, 'nothing', normalize=True)
    c.case('EditDistance', sparse({}, I32, (0, 2)) + sparse({}, I32, (0, 2)), 'empty')
    one = sparse({(0,): [1]}, I32, (1, 1))
    c.case('EditDistance', one + b, 'ranks', error_part='')
    vector = [np.zeros((1, 1), I64), i32(3), i64(2)]
    c.case('EditDistance', vector + vector, 'vectors')
    c.case('EditDistance', [one[0] + [7, 0], one[1], one[2]] + one, 'outside')
    for i in range(6):
        bad = one + one
        bad[i] = np.concatenate([bad[i], bad[i]])
        c.case('EditDistance', bad, 'two of %d' % i, error_part='')
        bad[i] = one[i % 3].reshape((1,) + one[i % 3].shape)
        c.case('EditDistance', bad, 'rank of %d' % i)
    none = lambda *shape: [np.zeros((0, len(shape)), I64), i32(), np.array(shape, I64)]
    c.case('EditDistance', none(-1, 2) + none(2, 2), 'negative size')
    c.case('EditDistance', none(1, 2) + none(2, -2), 'negative length')
    c.case('EditDistance', none(1 << 31, 1 << 20, 1) + none(2, 1 << 40, 1), 'large product')
    c.case('EditDistance', none(2, 2) + none(2, 2, 2), 'other rank')
    c.case('EditDistance', [np.array([[1, 0], [0, 0]], I64), i32(1, 1), i32(2, 2).astype(I64)] + [np.array([[0, 0], [1, 0]], I64), i32(1, 1), i32(2, 2).astype(I64)],
           'order', normalize=True)


# ---- matrices ----

FLOATS = [F32, F64, C64, C128]


def eps_of(dtype): return dict(rtol=2e-4, atol=2e-4) if dtype in (F32, C64) else dict(rtol=1e-9, atol=1e-10)
def adjoint(a): return np.conj(np.swapaxes(a, -1, -2))


def hermitian(dtype, n, batch=()):
    a = values(dtype, batch + (n, n))
    return ((a + adjoint(a)) / 2).astype(dtype)


def not_finite(dtype):
    out = [('nan', np.full((3, 3), np.nan)), ('one nan', np.diag([1, np.nan, 2])), ('inf', np.diag([np.inf, 1, 1])), ('zero', np.zeros((3, 3))),
           ('0x0', np.zeros((0, 0))), ('batch 0x0', np.zeros((2, 0, 0))), ('empty', np.zeros((0, 3, 3))), ('negative', np.diag([-1, 2, 3])),
           ('vector', np.zeros(3)), ('scalar', np.zeros(())), ('not square', np.zeros((2, 3))), ('one', np.array([[2.5]])),
           ('jordan', np.array([[1, 1], [0, 1]])), ('identity', np.eye(4))]
    return [(label, a.astype(dtype)) for label, a in out]


def linalg_dense_more(c):
    for op, dtypes in [('BatchCholesky', (F32, F64)), ('BatchMatrixInverse', (F32, F64)), ('BatchMatrixDeterminant', (F32, F64))]:
        for dtype in dtypes:
            a = hermitian(dtype, 4, (2,)) + 6 * np.eye(4, dtype=dtype)
            c.case(op, [a], name_of(dtype), **eps_of(dtype))
    for op in ('BatchMatrixSolve', 'BatchMatrixTriangularSolve'):
        for dtype in (F32, F64):
            a = hermitian(dtype, 4, (2,)) + 6 * np.eye(4, dtype=dtype)
            for flag in (False, True):
                c.case(op, [a, values(dtype, (2, 4, 3))], name_of(dtype), adjoint=flag, **eps_of(dtype))
    for op in ('Cholesky', 'BatchCholesky', 'MatrixInverse', 'BatchMatrixInverse', 'MatrixDeterminant', 'LogMatrixDeterminant', 'Qr'):
        for label, a in not_finite(F64):
            if op == 'Qr' and label == 'not square': continue
            # What stands above the diagonal of a factor that failed is not defined.
            c.case(op, [a], label, shape_only=(0,) if 'Cholesky' in op and label in ('zero', 'negative') else ())
    for op in ('MatrixSolve', 'MatrixTriangularSolve', 'BatchMatrixSolve', 'BatchMatrixTriangularSolve'):
        for label, a in not_finite(F64)[:5] + not_finite(F64)[-2:]:
            c.case(op, [a, np.ones((a.shape[0], 2))], label)
        for label, x, y in [('vector', (3,), (3, 1)), ('vector rhs', (3, 3), (3,)), ('batch', (2, 3, 3), (3, 3, 1)), ('not square', (2, 3), (2, 1)),
                            ('sizes', (3, 3), (2, 1)), ('no rhs', (3, 3), (3, 0))]:
            c.case(op, [values(F64, x) + 7, values(F64, y)], label, rtol=1e-6)
    half = values(np.float16, (2, 4, 3))
    for full in (False, True):
        c.case('Qr', [half], 'half', rtol=2e-2, atol=2e-2, full_matrices=full)
    c.case('MatrixInverse', [np.eye(3, dtype=np.float16) * 4 + values(np.float16, (3, 3), -1, 1)], 'half', rtol=2e-2, atol=2e-2)
    for dtype in FLOATS:
        big = values(dtype, (40, 40)) * 3
        c.case('MatrixDeterminant', [big], 'large', rtol=1e-3)
        c.case('LogMatrixDeterminant', [big], 'large', rtol=1e-3)
        c.case('MatrixInverse', [big], 'large', rtol=2e-2, atol=1e-3)


def linalg_legacy(c):
    for op in ('BatchMatrixDiag', 'BatchMatrixDiagPart', 'BatchMatrixSetDiag', 'BatchMatrixBandPart'):
        for dtype in (F32, F64, I32, I64, np.int8, np.float16, C64, bool):
            m, d = values(dtype, (2, 3, 4)), values(dtype, (2, 3))
            more = {'BatchMatrixDiag': [d], 'BatchMatrixDiagPart': [m], 'BatchMatrixSetDiag': [m, d], 'BatchMatrixBandPart': [m, I64(1), I64(0)]}[op]
            c.case(op, more, name_of(dtype))
        c.case(op, [values(F32, ())] + {'BatchMatrixSetDiag': [values(F32, (2,))], 'BatchMatrixBandPart': [I64(1), I64(0)]}.get(op, []), 'rank',
               error_part='')


def linalg_diag():
    c = Cases('linalg_diag', producer=10)
    types = [np.float32, np.float64, np.int32, np.int64, np.complex64, np.float16, BF16, np.bool_, np.int8]
    for dtype in types:
        v = lambda *s: values(dtype, s)
        c.case('MatrixDiag', [v(2, 3)], name_of(dtype))
        c.case('MatrixDiagPart', [v(2, 3, 4)], name_of(dtype))
        c.case('MatrixSetDiag', [v(2, 3, 4), v(2, 3)], name_of(dtype))
        c.case('MatrixBandPart', [v(2, 4, 5), np.int64(1), np.int64(2)], name_of(dtype))
        if dtype not in (np.bool_, np.int8, BF16):
            c.case('Diag', [v(2, 3)], name_of(dtype))
            c.case('DiagPart', [v(2, 3, 2, 3)], name_of(dtype))
    v = lambda *s: values(np.float32, s)
    for lower, upper in [(0, 0), (-1, 1), (1, 2), (-2, -1), (-2, 3), (2, 2), (-1, -1), (0, 3)]:
        k = np.int32([lower, upper]) if lower != upper else np.int32(lower)
        for rows, cols in [(3, 4), (4, 3), (4, 4)]:
            if upper >= cols or lower <= -rows: continue
            longest = min(rows + min(upper, 0), cols - max(lower, 0))
            band = (2, longest) if lower == upper else (2, upper - lower + 1, longest)
            for align in ('LEFT_RIGHT', 'RIGHT_LEFT', 'LEFT_LEFT', 'RIGHT_RIGHT'):
                x = v(2, rows, cols)
                c.case('MatrixDiagPartV3', [x, k, np.float32(9)], align, align=align)
                c.case('MatrixSetDiagV3', [x, v(*band), k], align, align=align)
                c.case('MatrixDiagV3', [v(*band), k, np.int32(rows), np.int32(cols), np.float32(7)], align, align=align, error_part='')
            c.case('MatrixDiagPartV2', [x, k, np.float32(9)])
            c.case('MatrixDiagPartV2', [x, k, np.float32([[9]])], 'padding')
            c.case('MatrixDiagPartV3', [x, k, np.float32([9, 8])], 'padding')
            c.case('MatrixSetDiagV2', [x, v(*band), k])
            c.case('MatrixDiagV2', [v(*band), k, np.int32(-1), np.int32(-1), np.float32(7)])
            c.case('MatrixDiagV3', [v(*band), k, np.int32(-1), np.int32(cols), np.float32(7)], error_part='')
    for lower, upper in [(-1, -1), (0, 0), (-1, 0), (0, -1), (2, 1), (4, 5)]:
        c.case('MatrixBandPart', [v(4, 5), np.int32(lower), np.int32(upper)])
    c.case('MatrixBandPart', [v(0, 4, 5), np.int32(1), np.int32(1)], 'empty')
    c.case('MatrixBandPart', [v(4, 5), np.int32(5), np.int32(1)], 'lower')
    c.case('MatrixBandPart', [v(4, 5), np.int32(1), np.int32(6)], 'upper')
    c.case('MatrixBandPart', [v(4), np.int32(1), np.int32(1)], 'rank')
    c.case('MatrixDiag', [v()], 'rank')
    c.case('MatrixDiagPart', [v(3)], 'rank')
    c.case('MatrixDiagPartV3', [v(3, 3), np.int32(5), np.float32(0)], 'k', error_part='diag_index')
    c.case('MatrixDiagPartV3', [v(3, 3), np.int32([1, 0]), np.float32(0)], 'k', error_part='lower_diag_index')
    c.case('MatrixSetDiag', [v(3, 3), v(2)], 'sizes', error_part='')
    c.case('MatrixSetDiagV3', [v(3, 3), v(2, 2), np.int32([0, 1])], 'sizes', error_part='')
    c.case('MatrixDiagPart', [v(2, 0, 3)], 'empty')
    c.case('Diag', [v()], 'rank', error_part='Input must be at least rank 1')
    c.case('DiagPart', [v(2, 3, 2)], 'rank', error_part='The rank of the tensor should be even and positive')
    c.case('DiagPart', [v(2, 3, 2, 2)], 'sizes', error_part='Invalid shape [2,3,2,2]: dimensions 1 and 3 do not match.')
    c.case('Diag', [v(0)], 'empty')
    linalg_legacy(c)
    c.save()


def linalg_dense():
    c = Cases('linalg_dense', producer=10)
    for dtype in FLOATS:
        rtol, atol = (1e-4, 1e-4) if dtype in (F32, C64) else (1e-9, 1e-9)
        v = lambda *s: values(dtype, s, -2, 2)
        for dims in [(3, 3), (5, 3), (3, 5), (2, 4, 4), (1, 1), (0, 3, 3)]:
            for full in (False, True):
                c.case('Qr', [v(*dims)], name_of(dtype), rtol, atol, full_matrices=full)
        a = v(2, 4, 4)
        spd = np.matmul(a, np.conj(np.swapaxes(a, -1, -2))) + 4 * np.eye(4, dtype=dtype)
        c.case('Cholesky', [spd.astype(dtype)], name_of(dtype), rtol, atol)
        well = a + 5 * np.eye(4, dtype=dtype)
        c.case('MatrixDeterminant', [well], name_of(dtype), rtol, atol)
        c.case('LogMatrixDeterminant', [a], name_of(dtype), rtol, atol)
        for lower, adjoint in itertools.product([False, True], repeat=2):
            c.case('MatrixTriangularSolve', [well, v(2, 4, 3)], name_of(dtype), rtol, atol, lower=lower, adjoint=adjoint)
        c.case('MatrixTriangularSolve', [well[0], v(3, 4, 2)], 'broadcast', rtol, atol)
        for adjoint in (False, True):
            c.case('MatrixInverse', [well], name_of(dtype), rtol, atol, adjoint=adjoint)
            c.case('MatrixSolve', [well, v(2, 4, 3)], name_of(dtype), rtol, atol, adjoint=adjoint)
    v = lambda *s: values(np.float32, s)
    c.case('MatrixInverse', [np.zeros((2, 2), np.float32)], 'singular')
    c.case('LogMatrixDeterminant', [np.ones((2, 2), np.float32)], 'singular')
    c.case('MatrixTriangularSolve', [np.zeros((2, 2), np.float32), v(2, 1)], 'singular')
    c.case('MatrixTriangularSolve', [v(2, 3), v(2, 1)], 'square', error_part='')
    c.case('MatrixTriangularSolve', [v(2, 2), v(3, 1)], 'sizes', error_part='')
    c.case('MatrixInverse', [np.zeros((0, 2, 2), np.float32)], 'empty')
    c.case('MatrixInverse', [v(2, 3)], 'square', error_part='square')
    c.case('MatrixInverse', [v(3)], 'rank', error_part='rank >= 2')
    c.case('MatrixSolve', [np.zeros((2, 2), np.float32), v(2, 1)], 'singular')
    c.case('MatrixSolve', [v(2, 2), v(3, 1)], 'sizes', error_part='')
    c.case('MatrixDeterminant', [np.ones((2, 2), np.float32)], 'singular')
    linalg_dense_more(c)
    c.save()


def linalg_eigen():
    c = Cases('linalg_eigen', producer=10)
    for dtype in FLOATS:
        n, eps = name_of(dtype), eps_of(dtype)
        for size in (1, 2, 3, 6, 20):
            a = hermitian(dtype, size, (2,) if size < 7 else ())
            # Vectors have free phases, and signs that rounding decides; linalg_eigen_test.c looks at them.
            c.case('SelfAdjointEigV2', [a], n, compute_v=True, shape_only=() if size < 7 and dtype == F64 else (1,), **eps)
            c.case('SelfAdjointEigV2', [a], n + ' values', compute_v=False, shape_only=(1,), **eps)
        for shape in ((1, 1), (2, 2), (2, 3, 3), (2, 4, 2), (2, 4), (5, 1), (1, 5), (6, 6), (20, 20), (30, 7), (7, 30), (2, 3, 0), (2, 0, 3)):
            a = values(dtype, shape)
            for full in (False, True):
                free = () if dtype == F64 and max(shape) < 16 and not (full and shape[-1] != shape[-2]) else (1, 2)
                c.case('Svd', [a], '%s full %d' % (n, full), compute_uv=True, full_matrices=full, shape_only=free, **eps)
            c.case('Svd', [a], n + ' values', compute_uv=False, shape_only=(1, 2), **eps)
        for size in (1, 2, 3, 5, 8):
            a = values(dtype, (2, size, size))
            out = tf.complex64 if dtype in (F32, C64) else tf.complex128
            c.case('Eig', [a], n, compute_v=True, Tout=out, shape_only=(1,), **eps)
            c.case('Eig', [a], n + ' values', compute_v=False, Tout=out, shape_only=(1,), **eps)
            if dtype == F32: continue  # rounding decides their order
            c.case('Eig', [hermitian(dtype, size)], n + ' hermitian', compute_v=True, Tout=out, shape_only=(1,), **eps)
    for op in ('BatchSelfAdjointEig', 'SelfAdjointEig', 'BatchSelfAdjointEigV2', 'BatchSvd'):
        c.case(op, [hermitian(F64, 4, (2,))], 'double', **eps_of(F64))
        c.case(op, [np.diag(F32([1, 3, 2, 4]))], 'float', **eps_of(F32))
    for op, more in (('SelfAdjointEigV2', {}), ('SelfAdjointEig', {}), ('BatchSelfAdjointEig', {}), ('BatchSelfAdjointEigV2', {}), ('Svd', {}),
                     ('BatchSvd', {}), ('Eig', dict(Tout=tf.complex128))):
        for label, a in not_finite(F64):
            if op == 'Eig' and label == 'jordan': continue  # its two vectors are one
            c.case(op, [a], label, **more)
    for dtype, out in ((F32, tf.complex128), (F64, tf.complex64), (C64, tf.complex128)):
        for size in (0, 2):
            c.case('Eig', [values(dtype, (size, size))], 'other type', error_part='Invalid output dtype', compute_v=True, Tout=out)
    c.save()


def linalg_function():
    c = Cases('linalg_function', producer=10)
    for dtype in FLOATS:
        eps = eps_of(dtype)
        for size in (1, 2, 3, 7, 12):
            a = values(dtype, (2, size, size), -1, 1)
            positive = (np.matmul(a, adjoint(a)) + 2 * np.eye(size)).astype(dtype)
            turned = (values(dtype, (2, size, size), -1, 1) + (size + 1) * np.eye(size)).astype(dtype)
            for label, m in (('positive', positive), ('turned', turned)):
                c.case('MatrixSquareRoot', [m], '%s %s' % (name_of(dtype), label), **eps)
                if dtype in (C64, C128):
                    c.case('MatrixLogarithm', [m], '%s %s' % (name_of(dtype), label), **eps)
            c.case('MatrixExponential', [a], name_of(dtype), **eps)
            c.case('MatrixExponential', [a * 8], name_of(dtype) + ' large', rtol=2e-3 if dtype in (F32, C64) else 1e-8, atol=1)
        if dtype in (C64, C128):
            a = values(dtype, (2, 4, 4), -1, 1)
            c.case('MatrixSquareRoot', [a], name_of(dtype), **eps)
            c.case('MatrixLogarithm', [a], name_of(dtype), **eps)
        else:
            spin = np.array([[.5, -2], [2, .5]], dtype)
            c.case('MatrixSquareRoot', [spin], name_of(dtype) + ' pair', **eps)
    for op in ('MatrixSquareRoot', 'MatrixExponential'):
        for label, a in not_finite(F64):
            c.case(op, [a], label)
    for label, a in not_finite(C128):
        if label not in ('nan', 'one nan', 'inf', 'zero'):  # TensorFlow does not come back
            c.case('MatrixLogarithm', [a], label)
    c.save()


def linalg_solve():
    c = Cases('linalg_solve', producer=10)
    for dtype in FLOATS:
        eps, n = eps_of(dtype), name_of(dtype)
        for size in (1, 3, 5, 9):
            for index in (tf.int32, tf.int64):
                c.case('Lu', [values(dtype, (2, size, size))], n, output_idx_type=index, **eps)
        a = [values(dtype, s, -2, 2) for s in ((2, 5, 3), (2, 3, 5), (2, 4, 4))]
        for m in a:
            b = values(dtype, m.shape[:2] + (2,))
            for fast in (True, False):
                for l2 in (0., .5):
                    if l2 == 0 and fast and m.shape[1] == 4: continue
                    c.case('MatrixSolveLs', [m, b, F64(l2)], n, fast=fast, **eps)
        low = np.ones((4, 2), dtype)
        c.case('MatrixSolveLs', [low, values(dtype, (4, 2)), F64(0)], n + ' deficient', fast=False, **eps)
        c.case('MatrixSolveLs', [low, values(dtype, (4, 2)), F64(.25)], n + ' deficient', fast=True, **eps)
    for dtype in (F32, F64):
        for size in (1, 3, 6, 40):
            l = (np.tril(values(dtype, (2, size, size), -1, 1)) + 3 * np.eye(size)).astype(dtype)
            for op in ('CholeskyGrad', 'BatchCholeskyGrad'):
                c.case(op, [l, values(dtype, (2, size, size))], name_of(dtype), **eps_of(dtype))
        c.case('BatchMatrixSolveLs', [values(dtype, (2, 4, 2)), values(dtype, (2, 4, 1)), F64(.5)], name_of(dtype), **eps_of(dtype))
    for label, a in not_finite(F64):
        c.case('Lu', [a], label)
    c.case('MatrixSolveLs', [np.ones((3, 2)), np.ones((3, 1)), F64(0)], 'deficient')
    c.case('MatrixSolveLs', [np.ones((0, 3, 2)), np.ones((0, 3, 1)), F64(-1)], 'none')
    for x, y, l2 in (((4, 2), (3, 1), F64(0)), ((4, 2), (4, 1), np.zeros(1)), ((4,), (4, 1), F64(0)), ((4, 2), (4,), F64(0)),
                     ((2, 4, 2), (3, 4, 1), F64(0)), ((0, 2), (0, 1), F64(0)), ((2, 0), (2, 1), F64(0)), ((2, 2), (2, 0), F64(0)),
                     ((4, 2), (4, 1), F64(-1)), ((4, 2), (4, 1), F64(np.nan))):
        for fast in (False, True):
            c.case('MatrixSolveLs', [values(F64, x), values(F64, y), l2], 'shapes', fast=fast)
    for x, y in (((3, 3), (2, 2)), ((2, 3), (2, 3)), ((3,), (3,)), ((2, 3, 3), (3, 3)), ((0, 0), (0, 0)), ((2, 3, 3), (1, 3, 3))):
        c.case('CholeskyGrad', [values(F64, x), values(F64, y)], 'shapes')
    c.save()


def linalg_band():
    c = Cases('linalg_band')
    for dtype in FLOATS:
        eps, n = eps_of(dtype), name_of(dtype)
        for size in (1, 2, 3, 6, 30):
            d, b = values(dtype, (2, 3, size)), values(dtype, (2, size, 2))
            c.case('TridiagonalSolve', [d, b], n, partial_pivoting=True, rtol=2e-2 if dtype in (F32, C64) else 1e-8, atol=eps['atol'])
            d[:, 1] += 9
            c.case('TridiagonalSolve', [d, b], n, partial_pivoting=False, **eps)
            c.case('TridiagonalMatMul', [d[:, :1], d[:, 1:2], d[:, 2:], b], n, **eps)
            for bands, lower, flip in itertools.product((1, 2, 5), (False, True), (False, True)):
                m = values(dtype, (2, bands, size), -1, 1)
                m[:, 0 if lower else -1] += 3
                c.case('BandedTriangularSolve', [m, b], '%s %d' % (n, bands), lower=lower, adjoint=flip, **eps)
        c.case('BandedTriangularSolve', [values(dtype, (3, 1, 2, 4)) + 5, values(dtype, (2, 4, 2))], n + ' broadcast', **eps)
    v = lambda *s: values(F64, s)
    first = v(3, 4)
    first[1, 0] = 0
    ones = np.array([[1., 1, 1], [1, 2, 1], [1, 1, 1]])
    middle = np.array([[1., 1, 1], [1, 1, 2], [1, 1, 1]])
    for pivoting in (False, True):
        for label, d in (('first zero', first), ('singular', ones), ('middle', middle), ('zero', np.zeros((3, 4))), ('nan', v(3, 4) * np.nan),
                         ('one zero', np.zeros((3, 1))), ('none', np.zeros((3, 0))), ('two', np.ones((3, 2)))):
            c.case('TridiagonalSolve', [d, np.ones((d.shape[1], 2))], label, partial_pivoting=pivoting)
        c.case('TridiagonalSolve', [v(3, 4) + 1, v(4, 2)], 'perturb', rtol=1e-8, partial_pivoting=pivoting, perturb_singular=True)
        for x, y in (((2, 4), (4, 2)), ((3, 4), (3, 2)), ((3, 4), (4,)), ((4,), (4, 2)), ((2, 3, 4), (3, 4, 2)), ((0, 3, 4), (0, 4, 2)), ((3, 4), (4, 0))):
            c.case('TridiagonalSolve', [v(*x), v(*y)], 'shapes', partial_pivoting=pivoting)
    for shapes in (((1, 4), (1, 4), (1, 4), (3, 2)), ((2, 4), (1, 4), (1, 4), (4, 2)), ((1, 4), (1, 3), (1, 4), (4, 2)), ((1, 4), (1, 4), (1, 3), (4, 2)),
                   ((4,), (4,), (4,), (4, 2)), ((1, 4), (1, 4), (1, 4), (4,)), ((1, 0), (1, 0), (1, 0), (0, 2)),
                   ((2, 1, 4), (2, 1, 4), (1, 1, 4), (2, 4, 2)), ((1, 4), (1, 4), (1, 4), (4, 0))):
        c.case('TridiagonalMatMul', [v(*s) for s in shapes], 'shapes')
    c.case('BandedTriangularSolve', [np.zeros((2, 4)), v(4, 2)], 'singular')
    for x, y in (((2, 4), (3, 2)), ((2, 4), (4,)), ((5, 4), (4, 2)), ((0, 4), (4, 2)), ((4,), (4, 2)), ((2, 2, 4), (3, 4, 2)), ((0, 2, 4), (0, 4, 2)),
                 ((2, 0), (0, 2)), ((2, 4), (4, 0))):
        c.case('BandedTriangularSolve', [v(*x), v(*y)], 'shapes', rtol=1e-8)
    c.save()


# ---- gradients of recurrent cells ----

def nn_rnn_grad():
    c = Cases('nn_rnn_grad')
    gate = lambda dtype, *s: values(dtype, s, 0, 1)
    for dtype in (F32, np.float16):
        eps = dict(rtol=1e-5, atol=1e-5) if dtype == F32 else dict(rtol=2e-2, atol=2e-2)
        for batch, inputs, cells in [(3, 2, 4), (1, 5, 3), (2, 3, 1), (4, 16, 16)]:
            v = lambda *s: values(dtype, s, -1, 1)
            state = lambda: v(batch, cells)
            for peephole in (False, True):
                c.case('LSTMBlockCellGrad', [v(batch, inputs), state(), state(), v(inputs + cells, 4 * cells), v(cells), v(cells), v(cells), v(4 * cells),
                                             gate(dtype, batch, cells), state(), gate(dtype, batch, cells), gate(dtype, batch, cells), state(), state(),
                                             state(), state()], name_of(dtype), use_peephole=peephole,
                       shape_only=() if peephole else (2, 3, 4), **eps)
            if dtype == F32:
                c.case('GRUBlockCellGrad', [v(batch, inputs), state(), v(inputs + cells, 2 * cells), v(inputs + cells, cells), v(2 * cells), v(cells),
                                            gate(dtype, batch, cells), gate(dtype, batch, cells), state(), state()], 'float', **eps)
    v = lambda *s: values(F32, s, -1, 1)
    for wrong in range(10):
        x = [v(2, 3), v(2, 4), v(7, 8), v(7, 4), v(8), v(4), v(2, 4), v(2, 4), v(2, 4), v(2, 4)]
        x[wrong] = v(*(d + 1 for d in x[wrong].shape))
        refused(c, 'GRUBlockCellGrad', x, 'input %d' % wrong, error_part='')
    for wrong in [*range(4), *range(7, 16)]:  # TensorFlow does not look at 4 to 6
        x = [v(2, 3), v(2, 4), v(2, 4), v(7, 16), v(4), v(4), v(4), v(16)] + [v(2, 4) for _ in range(8)]
        x[wrong] = v(*(d + 1 for d in x[wrong].shape))
        refused(c, 'LSTMBlockCellGrad', x, 'input %d' % wrong, error_part='', use_peephole=True)
    for dtype in (F32, np.float16):
        eps = dict(rtol=1e-5, atol=1e-5) if dtype == F32 else dict(rtol=2e-2, atol=2e-2)
        for time, used, batch, inputs, cells in [(3, 3, 2, 3, 4), (4, 2, 1, 1, 3), (1, 1, 3, 5, 1), (2, 0, 2, 3, 4), (3, 3, 5, 7, 17)]:
            v = lambda *s: values(dtype, s, -0.5, 0.5)
            steps, gates = lambda: v(time, batch, cells), lambda: gate(dtype, time, batch, cells)
            for peephole in (False, True):
                x = [np.int64(used), v(time, batch, inputs), v(batch, cells), v(batch, cells), v(inputs + cells, 4 * cells), v(cells), v(cells),
                     v(cells), v(4 * cells), gates(), steps(), gates(), gates(), steps(), steps(), steps(), steps(), steps()]
                for op in ('BlockLSTMGrad', 'BlockLSTMGradV2'):
                    c.case(op, x, name_of(dtype), use_peephole=peephole, **eps)
    c.save()


FAMILIES = [nn_rnn_grad, ctc_ops, linalg_diag, linalg_dense, linalg_eigen, linalg_function, linalg_solve, linalg_band]

if __name__ == '__main__':
    generate(FAMILIES, 1)
