"""Op cases of CTC, factorisations and batching: python tests/ops/gen_j.py [FAMILY...] (README.md here)."""
import itertools
import sys

from op_cases import Cases  # first: it sets TensorFlow's environment

import numpy as np
import tensorflow as tf

F32, F64, I32, I64 = np.float32, np.float64, np.int32, np.int64
C64, C128 = np.complex64, np.complex128
rng = np.random.RandomState(7)


def i32(*v): return np.array(v, I32)
def i64(*v): return np.array(v, I64)
def name_of(dtype): return np.dtype(dtype).name


def values(dtype, shape, low=-4, high=4):
    """Random numbers of few bits, that files pack well."""
    v = lambda: np.asarray(np.round(rng.uniform(low, high, shape) * 64) / 64)
    return (v() + 1j * v()).astype(dtype) if np.dtype(dtype).kind == 'c' else v().astype(dtype)


def refused(c, *args, **more):
    """A case that TensorFlow may refuse when the graph is built: then there is none."""
    try:
        return c.case(*args, **more)
    except ValueError:
        return None


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


FAMILIES = [ctc_ops]

if __name__ == '__main__':
    for family in FAMILIES:
        if len(sys.argv) == 1 or family.__name__ in sys.argv[1:]:
            rng.seed(1)
            family()
