"""Op cases of the array, string, parsing and random families: python tests/ops/gen_b.py [FAMILY...] (README.md here)."""
import itertools
import struct
import sys

from op_cases import Cases  # first: it sets TensorFlow's environment

import numpy as np
import tensorflow as tf

BF16 = tf.bfloat16.as_numpy_dtype
FLOATS = [np.float16, BF16, np.float32, np.float64]
INTS = [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64]
COMPLEX = [np.complex64, np.complex128]
REAL = FLOATS + INTS
NUMBERS = REAL + COMPLEX
POD = NUMBERS + [np.bool_]
ALL = POD + [object]
rng = np.random.RandomState(2)
I32, I64 = np.int32, np.int64


def name_of(dtype):
    return 'string' if dtype is object else np.dtype(dtype).name


def values(dtype, shape, low=-9, high=9):
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
def f32(*v): return np.array(v, np.float32)
def s(*v): return np.array(v, object)


def array_shape():
    c = Cases('array_shape')
    for dims in [(), (3,), (0,), (2, 0, 3), (1, 2, 1, 2, 1, 2, 1, 2)]:
        x = values(np.float32, dims)
        for t in (tf.int32, tf.int64):
            c.case('Shape', [x], out_type=t)
            c.case('Size', [x], out_type=t)
            c.case('ShapeN', [[x, values(np.float32, (4, 1))]], out_type=t)
        c.case('Rank', [x])
        c.case('GuaranteeConst', [x])
    for dtype in ALL:
        c.case('Shape', [values(dtype, (2, 3))], name_of(dtype), out_type=tf.int32)
        c.case('Reshape', [values(dtype, (2, 3)), i32(3, 2)], name_of(dtype))
        c.case('Squeeze', [values(dtype, (2, 1, 3))], name_of(dtype), squeeze_dims=[])
        c.case('ExpandDims', [values(dtype, (2, 3)), i32(1)[0]], name_of(dtype))
    x = values(np.float32, (2, 3, 4))
    for to in [(24,), (-1,), (4, -1), (-1, 1, 24), (2, 3, 4), (1, 24, 1, 1), (5, 5), (-1, -1), (-2, 12), (-1, 7), (0, -1),
               (), (0,)]:
        c.case('Reshape', [x, np.array(to, I32)], str(to))
        c.case('Reshape', [x, np.array(to, I64)], str(to))
    e = values(np.float32, (0, 3))
    for to in [(0,), (-1,), (3, 0), (3, -1), (0, -1), (-1, 0), (5,), (1 << 40, 0)]:
        c.case('Reshape', [e, np.array(to, I64)], 'empty %s' % (to,))
    c.case('Reshape', [f32(7)[0], np.array([], I32)], 'scalar')
    c.case('Reshape', [f32(7), np.array([], I32)], 'to scalar')
    c.case('Reshape', [x, i64(1 << 40, 1 << 40)], 'huge', error_part='')
    c.case('Reshape', [x, i64(-(1 << 62), 4)], 'huge negative')
    c.case('Reshape', [x, np.array(24, I32)], 'rank')
    c.case('Reshape', [x, np.array([[24]], I32)], 'rank')
    for axis in (-4, -3, -1, 0, 1, 3, 4, -5, 1 << 30):
        c.case('ExpandDims', [x, np.array(axis, I32)], str(axis))
    c.case('ExpandDims', [x, i32(1)], 'vector')
    c.case('ExpandDims', [x, i32(1, 2)], 'two')
    q = values(np.float32, (1, 2, 1, 3, 1))
    for axes in ([], [0], [2, 4], [-1], [0, -1], [1], [5], [-6], [0, 0]):
        c.case('Squeeze', [q], str(axes), squeeze_dims=axes)
    c.case('Squeeze', [values(np.float32, (1, 1))], 'to scalar', squeeze_dims=[])
    c.case('Squeeze', [values(np.float32, (1, 0))], 'empty', squeeze_dims=[])
    c.case('EnsureShape', [x], '', shape=[2, None, 4])
    c.case('EnsureShape', [x], 'unknown', shape=None)
    c.case('EnsureShape', [x], 'other', error_part='[2,3,4] is not compatible with expected shape [2,?,5].', shape=[2, None, 5])
    c.case('EnsureShape', [x], 'rank', error_part='is not compatible with expected shape [2,?].', shape=[2, None])
    for a, b in [(np.float32, tf.int32), (np.float32, tf.uint8), (np.int64, tf.float32), (np.complex64, tf.float32),
                 (np.int16, tf.bfloat16), (np.float64, tf.complex64)]:
        c.case('Bitcast', [values(a, (2, 3))], 'from ' + name_of(a), type=b)
    c.case('Bitcast', [values(np.uint8, (2, 4))], 'grow', type=tf.float32)
    c.case('Bitcast', [values(np.int32, (3, 2))], 'grow', type=tf.int64)
    c.case('Bitcast', [values(np.int32, (0, 2))], 'empty', type=tf.int64)
    c.case('Bitcast', [values(np.int32, (3, 3))], 'not', error_part='', type=tf.int64)
    c.case('Bitcast', [values(np.int32, ())], 'scalar', error_part='', type=tf.int64)
    c.save()


def array_concat():
    c = Cases('array_concat')
    for dtype in ALL:
        a, b = values(dtype, (2, 3)), values(dtype, (2, 3))
        for axis in (0, 1, 2, -1, -3):
            c.case('Pack', [[a, b, a]], name_of(dtype), axis=axis)
        c.case('ConcatV2', [[a, b], i32(1)[0]], name_of(dtype))
        c.case('ConcatV2', [[a, values(dtype, (4, 3))], i64(0)[0]], name_of(dtype))
        c.case('Concat', [i32(1)[0], [a, b]], name_of(dtype))
        if dtype not in (np.uint32, np.uint64): pass
        c.case('Unpack', [a], name_of(dtype), num=2, axis=0)
        c.case('Unpack', [a], name_of(dtype), num=3, axis=-1)
        c.case('Split', [i32(1)[0], a], name_of(dtype), num_split=3)
        c.case('SplitV', [values(dtype, (7, 2)), i32(3, -1, 2), i32(0)[0]], name_of(dtype), num_split=3)
    f = lambda *d: values(np.float32, d)
    c.case('Pack', [[f(), f()]], 'scalars', axis=0)
    c.case('Pack', [[f(2, 3)]], 'one', axis=1)
    c.case('Pack', [[f(2, 3), f(3, 2)]], 'shapes', axis=0)
    c.case('Pack', [[f(2, 3), f(2, 3)]], 'axis', axis=3)
    c.case('Pack', [[f(2, 3), f(2, 3)]], 'axis', axis=-4)
    c.case('Pack', [[f(0, 3), f(0, 3)]], 'empty', axis=0)
    c.case('Pack', [[f(1, 2, 1, 2, 1, 2, 1), f(1, 2, 1, 2, 1, 2, 1)]], 'rank 8', axis=3)
    for axis in (-4, 3): c.case('Unpack', [f(2, 3, 2)], 'axis', num=2, axis=axis)
    c.case('Unpack', [f(2, 3)], 'num', error_part='', num=3, axis=0)
    c.case('Unpack', [f(2, 0)], 'empty', num=2, axis=0)
    c.case('Unpack', [f()], 'scalar', num=1, axis=0)
    for op in ('ConcatV2', 'Concat'):
        order = (lambda axis, xs: [xs, np.array(axis, I32)]) if op == 'ConcatV2' else (lambda axis, xs: [np.array(axis, I32), xs])
        c.case(op, order(1, [f(2, 3), f(2, 0), f(2, 1)]), 'empty part')
        c.case(op, order(0, [f(0, 3), f(0, 3)]), 'empty')
        c.case(op, order(2, [f(2, 3), f(2, 3)]), 'axis')
        c.case(op, order(-3, [f(2, 3), f(2, 3)]), 'axis')
        c.case(op, order([1, 1], [f(2, 3), f(2, 3)]), 'axis two')
        c.case(op, order(0, [f(2, 3), f(2, 4)]), 'sizes')
        c.case(op, order(0, [f(2, 3), f(3)]), 'ranks')
        c.case(op, order(0, [f(), f()]), 'scalars')
        c.case(op, order(-2, [f(1, 2, 1, 2, 1, 2, 2, 1), f(1, 2, 1, 2, 1, 2, 3, 1)]), 'rank 8')
    for t in (I32, I64):
        c.case('ConcatOffset', [i32(1)[0], [np.array(v, t) for v in ([2, 3, 5], [2, 7, 5], [2, 1, 5])]])
        c.case('ConcatOffset', [i32(-1)[0], [np.array(v, t) for v in ([2, 3], [2, 7])]])
    c.case('ConcatOffset', [i32(0)[0], [i32(2, 3), i32(2, 4)]], 'differ')
    c.case('ConcatOffset', [i32(2)[0], [i32(2, 3), i32(2, 3)]], 'axis')
    c.case('ConcatOffset', [i32(0)[0], [i32(2, 3), i32(2, 3, 4)]], 'lengths')
    c.case('ConcatOffset', [i32(0)[0], [np.array(2, I32), np.array(2, I32)]], 'scalars')
    c.case('ConcatOffset', [i32(0), [i32(2, 3), i32(2, 4)]], 'axis vector')
    for axis in (0, 1, 2, -1, 3, -4):
        c.case('Split', [np.array(axis, I32), f(2, 4, 6)], str(axis), num_split=2)
    c.case('Split', [i32(0)[0], f(3)], 'uneven', num_split=2)
    c.case('Split', [i32(0)[0], f(3)], 'one', num_split=1)
    c.case('Split', [i32(0)[0], f(0, 3)], 'empty', num_split=2)
    c.case('Split', [i32(0), f(2, 3)], 'axis vector', num_split=2)
    c.case('Split', [i32(0)[0], f()], 'scalar', num_split=1)
    for sizes in ([1, 3], [4, 0], [-1, 1], [0, -1], [-1, -1], [5, -1], [1, 2], [-2, 6], [1, 2, 1]):
        for t in (I32, I64):
            c.case('SplitV', [f(4, 2), np.array(sizes, t), i32(0)[0]], str(sizes), num_split=2)
    c.case('SplitV', [f(4, 2), i64(1 << 62, 1 << 62), i32(0)[0]], 'huge', error_part='', num_split=2)
    c.case('SplitV', [f(2, 5), i32(2, 3), i32(-1)[0]], 'last', num_split=2)
    c.case('SplitV', [f(2, 5), i32(2, 3), i32(2)[0]], 'axis', num_split=2)
    c.case('SplitV', [f(2, 5), i32(5), i32(1)[0]], 'one', num_split=1)
    c.case('SplitV', [f(2, 5), i32(4), i32(1)[0]], 'one short', num_split=1)
    c.save()


def array_slice():
    c = Cases('array_slice')
    for dtype in ALL:
        c.case('Slice', [values(dtype, (4, 5)), i32(1, 2), i32(2, -1)], name_of(dtype))
        c.case('StridedSlice', [values(dtype, (5, 6)), i32(4, 1), i32(0, 6), i32(-2, 2)], name_of(dtype))
        c.case('StridedSliceGrad', [i32(5, 6), i32(4, 1), i32(0, 6), i32(-2, 2), values(dtype, (2, 3))], name_of(dtype))
    f = lambda *d: values(np.float32, d)
    x = f(4, 5)
    for begin, size in [((0, 0), (4, 5)), ((0, 0), (-1, -1)), ((4, 5), (0, 0)), ((4, 5), (-1, -1)), ((1, 0), (1, 5)),
                        ((0, 1), (4, 1)), ((5, 0), (0, 0)), ((-1, 0), (1, 1)), ((0, 0), (5, 1)), ((0, 0), (1, -2)),
                        ((2, 0), (3, 1)), ((0,), (1,)), ((0, 0, 0), (1, 1, 1)), ((0, 0), (1,)), ((5, 0), (-1, 1))]:
        for t in (I32, I64):
            c.case('Slice', [x, np.array(begin, t), np.array(size, t)], '%s %s' % (begin, size))
    c.case('Slice', [x, i64(1 << 62, 0), i64(1 << 62, 1)], 'huge')
    c.case('Slice', [x, i64(0, 0), i64((1 << 63) - 1, 1)], 'huge size')
    c.case('Slice', [f(0, 3), i32(0, 1), i32(0, 2)], 'empty')
    c.case('Slice', [f(0, 3), i32(0, 1), i32(-1, 2)], 'empty')
    c.case('Slice', [f(0, 3), i32(1, 1), i32(0, 2)], 'empty begin')
    c.case('Slice', [f(0, 3), i32(0, 1), i32(1, 2)], 'empty size')
    c.case('Slice', [f(), np.array([], I32), np.array([], I32)], 'scalar')
    c.case('Slice', [x, i32(0, 0)[:, None], i32(1, 1)[:, None]], 'matrix')
    c.case('Slice', [f(2, 2, 2, 2, 2, 2, 2, 2), i32(*[1, 0] * 4), i32(*[1, 2] * 4)], 'rank 8')

    def strided(x, begin, end, strides, label='', t=I32, **masks):
        c.case('StridedSlice', [x, np.array(begin, t), np.array(end, t), np.array(strides, t)],
               label or '%s %s %s %s' % (begin, end, strides, masks), **masks)
    for t in (I32, I64):
        strided(x, (1,), (3,), (1,), t=t)
        strided(x, (-2, -3), (-1, 100), (1, 1), t=t)
        strided(x, (0, 0), (4, 5), (1, 1), t=t)
        strided(x, (3, 4), (-100, -100), (-1, -1), t=t)
        strided(x, (3, 4), (0, 0), (-2, -3), t=t)
        strided(x, (2, 0), (1, 5), (1, 1), t=t)
        strided(x, (100,), (200,), (1,), t=t)
        strided(x, (-100,), (100,), (3,), t=t)
    for bits in range(4):
        strided(x, (1, 2), (3, 4), (1, 2), begin_mask=bits, end_mask=3 - bits)
        strided(x, (1, 2), (3, 4), (-1, -2), begin_mask=bits, end_mask=bits)
        strided(x, (1, 2), (3, 4), (1, 1), shrink_axis_mask=bits)
        strided(x, (-1, -2), (3, 4), (1, 1), shrink_axis_mask=bits)
        strided(x, (1, 2), (3, 4), (1, 1), new_axis_mask=bits)
        strided(x, (1, 2), (3, 4), (1, 1), new_axis_mask=bits, shrink_axis_mask=3)
        strided(x, (1, 2), (3, 4), (1, 1), begin_mask=bits, shrink_axis_mask=3)
    y = f(2, 3, 4, 5)
    for spec in [dict(ellipsis_mask=1), dict(ellipsis_mask=2), dict(ellipsis_mask=4), dict(ellipsis_mask=2, new_axis_mask=4),
                 dict(ellipsis_mask=2, new_axis_mask=1), dict(ellipsis_mask=2, shrink_axis_mask=5), dict(ellipsis_mask=3),
                 dict(ellipsis_mask=4, new_axis_mask=3), dict(ellipsis_mask=1, new_axis_mask=1)]:
        strided(y, (1, 1, 1), (2, 2, 2), (1, 1, 1), **spec)
    strided(y, (1, 1, 0, 1, 1), (2, 2, 0, 2, 2), (1, 1, 1, 1, 1), 'empty ellipsis', ellipsis_mask=4)
    strided(y, (0, 0, 0, 0, 0), (2, 2, 2, 2, 2), (1, 1, 1, 1, 1), 'too many')
    strided(y, (0, 0, 0, 0, 0), (2, 2, 2, 2, 2), (1, 1, 1, 1, 1), 'too many', shrink_axis_mask=31)
    strided(x, (5,), (6,), (1,), 'shrink outside', shrink_axis_mask=1)
    strided(x, (-5,), (6,), (1,), 'shrink outside', shrink_axis_mask=1)
    strided(x, (1,), (2,), (-1,), 'shrink backwards', shrink_axis_mask=1)
    strided(x, (1,), (2,), (0,), 'no stride')
    strided(x, (1,), (2,), (0,), 'no stride', shrink_axis_mask=1)
    strided(x, (1, 1), (2,), (1,), 'lengths')
    c.case('StridedSlice', [x, i32(1)[0], i32(2)[0], i32(1)[0]], 'scalars')
    strided(f(0, 3), (0,), (1,), (1,), 'empty')
    strided(f(0, 3), (0,), (1,), (1,), 'empty shrink', shrink_axis_mask=1)
    strided(f(3, 0), (0,), (2,), (1,), 'empty')
    strided(f(), (), (), (), 'scalar')
    strided(f(), (0,), (0,), (1,), 'scalar new axis', new_axis_mask=1)
    strided(x, (0,), ((1 << 62),), ((1 << 62),), 'huge stride', t=I64)
    strided(x, ((1 << 63) - 1,), (-(1 << 63),), (-(1 << 63),), 'extreme', t=I64)
    strided(x, (-(1 << 63),), ((1 << 63) - 1,), ((1 << 63) - 1,), 'extreme', t=I64)
    strided(f(1, 2, 1, 2, 1, 2, 1, 3), [0] * 8, [1, 2, 1, 1, 1, 2, 1, 3], [1, -1, 1, 1, 1, 1, 1, 2], 'rank 8', begin_mask=2, end_mask=2)
    for spec in [dict(), dict(begin_mask=1, end_mask=2), dict(shrink_axis_mask=1), dict(new_axis_mask=1), dict(ellipsis_mask=1)]:
        with tf.Graph().as_default():
            shape = tf.strided_slice(np.zeros((4, 5), np.float32), [1, 0], [3, 4], [1, 2], spec.get('begin_mask', 0), spec.get('end_mask', 0),
                                     spec.get('ellipsis_mask', 0), spec.get('new_axis_mask', 0), spec.get('shrink_axis_mask', 0)).shape
        args = [i32(1, 0), i32(3, 4), i32(1, 2)]
        c.case('StridedSliceGrad', [i32(4, 5)] + args + [f(*shape.as_list())], str(spec), **spec)
        c.case('TensorStridedSliceUpdate', [x] + args + [f(*shape.as_list())], str(spec), **spec)
    c.case('StridedSliceGrad', [i32(4, 5), i32(0, 0), i32(2, 2), i32(1, 1), f(2, 3)], 'dy', error_part='shape of dy was')
    c.case('TensorStridedSliceUpdate', [x, i32(3), i32(0), i32(-1), f(3, 5)], 'backwards')
    c.case('TensorStridedSliceUpdate', [x, i32(0), i32(2), i32(1), f(3, 5)], 'value')
    c.case('TensorStridedSliceUpdate', [x, i32(0), i32(2), i32(1), f(5)], 'broadcast')
    c.case('TensorStridedSliceUpdate', [x, i32(0, 1), i32(4, 3), i32(2, 1), f(2, 1)], 'broadcast')
    c.case('TensorStridedSliceUpdate', [x, i32(0, 0), i32(1, 3), i32(1, 1), f()], 'broadcast', shrink_axis_mask=1)
    c.save()


def array_move():
    c = Cases('array_move')
    f = lambda *d: values(np.float32, d)
    for dtype in ALL:
        c.case('Transpose', [values(dtype, (3, 4)), i32(1, 0)], name_of(dtype))
        c.case('Transpose', [values(dtype, (2, 3, 4)), i32(2, 0, 1)], name_of(dtype))
        c.case('ConjugateTranspose', [values(dtype, (3, 4)), i32(1, 0)], name_of(dtype))
        c.case('ReverseV2', [values(dtype, (3, 4)), i32(1)], name_of(dtype))
        c.case('Reverse', [values(dtype, (3, 4)), np.array([True, False])], name_of(dtype))
        c.case('ReverseSequence', [values(dtype, (3, 4)), i32(0, 2, 4)], name_of(dtype), seq_dim=1, batch_dim=0)
        c.case('Tile', [values(dtype, (2, 3)), i32(2, 2)], name_of(dtype))
        c.case('BroadcastTo', [values(dtype, (2, 1)), i32(3, 2, 4)], name_of(dtype))
        c.case('Roll', [values(dtype, (3, 4)), i32(1)[0], i32(1)[0]], name_of(dtype))
    for n in (1, 2, 3, 4):
        for perm in itertools.permutations(range(n)):
            c.case('Transpose', [f(*[2, 3, 4, 5][:n]), np.array(perm, I64)], str(perm))
    c.case('Transpose', [f(2, 1, 2, 1, 3, 1, 2, 2), i32(7, 0, 5, 2, 1, 6, 4, 3)], 'rank 8')
    c.case('Transpose', [f(), np.array([], I32)], 'scalar')
    c.case('Transpose', [f(0, 3), i32(1, 0)], 'empty')
    c.case('Transpose', [f(33, 47), i32(1, 0)], 'tiles')
    c.case('Transpose', [values(np.uint8, (9, 37, 3), 0, 9), i32(2, 0, 1)], 'tiles')
    c.case('Transpose', [f(2, 130, 140), i32(0, 2, 1)], 'threads')
    for perm in ((0, 0), (0, 2), (0,), (0, 1, 2)):
        c.case('Transpose', [f(2, 3), np.array(perm, I32)], str(perm))
    c.case('Transpose', [f(2, 3), i32(1, 0)[None]], 'matrix')
    c.case('ConjugateTranspose', [values(np.complex64, (2, 3)), i32(0, 1)], 'conjugates in place')
    for t in (I32, I64):
        c.case('InvertPermutation', [np.array([2, 0, 3, 1], t)])
        for bad in ([0, 0], [0, 2], [-1, 0]):
            c.case('InvertPermutation', [np.array(bad, t)], str(bad))
        c.case('InvertPermutation', [np.array([], t)], 'empty')
        c.case('InvertPermutation', [np.array([[0]], t)], 'rank')
    for axes in ([], [0], [1], [2], [0, 1, 2], [-1, 0], [3], [-4], [1, 1]):
        for t in (I32, I64):
            c.case('ReverseV2', [f(2, 3, 4), np.array(axes, t)], str(axes))
    c.case('ReverseV2', [f(2, 3), i32(1)[0]], 'scalar axis', error_part='')
    c.case('ReverseV2', [f(), np.array([], I32)], 'scalar')
    c.case('ReverseV2', [f(1, 2, 1, 3, 1, 2, 1, 2), i32(3, 7)], 'rank 8', error_part='')
    c.case('Reverse', [f(2, 3), np.array([True])], 'length')
    c.case('Reverse', [f(2, 3), np.array([False, False])], 'nothing')
    for dims in [(4, 3), (3, 4, 2), (3, 2, 4)]:
        seq = dims.index(4)
        batch = dims.index(3)
        c.case('ReverseSequence', [f(*dims), i64(1, 4, 3)], str(dims), seq_dim=seq, batch_dim=batch)
    c.case('ReverseSequence', [f(2, 3), i32(1, 4)], 'long', seq_dim=1, batch_dim=0)
    c.case('ReverseSequence', [f(2, 3), i32(1, -1)], 'negative', seq_dim=1, batch_dim=0)
    c.case('ReverseSequence', [f(2, 3), i32(1)], 'count', seq_dim=1, batch_dim=0)
    c.case('ReverseSequence', [f(2, 3), i32(1, 1)], 'same', seq_dim=0, batch_dim=0)
    c.case('ReverseSequence', [f(2, 3), i32(1, 1)], 'axis', seq_dim=2, batch_dim=0)
    c.case('ReverseSequence', [f(2, 0), i32(0, 0)], 'empty', seq_dim=1, batch_dim=0)
    for m in ((1, 1), (3, 1), (1, 3), (2, 3), (0, 2), (2,), (1, 1, 1)):
        for t in (I32, I64):
            c.case('Tile', [f(2, 3), np.array(m, t)], str(m))
    c.case('Tile', [f(2, 3), i64(1 << 40, 1 << 40)], 'huge', error_part='')
    c.case('Tile', [f(), np.array([], I32)], 'scalar')
    c.case('Tile', [f(1, 2, 1, 2, 1, 2, 1), i32(2, 1, 2, 1, 1, 1, 3)], 'rank 7')
    c.case('Tile', [f(3, 2), i32(2, 2)[None]], 'matrix')
    for a, b in [((), (2, 3)), ((3,), (2, 3)), ((2, 1), (2, 3)), ((1,), (0,)), ((2, 3), (2, 3)), ((1, 1), (3, 2, 2)), ((0,), (2, 0)),
                 ((2,), (3,)), ((2, 3), (3,)), ((2, 3), (2, 1)), ((1, 2, 1, 3), (2, 2, 2, 3)), ]:
        for t in (I32, I64):
            c.case('BroadcastTo', [f(*a), np.array(b, t)], '%s %s' % (a, b))
    c.case('BroadcastTo', [f(1), i64(1 << 40, 1 << 40)], 'huge', error_part='')
    for shift, axis in [((1,), (0,)), ((-1,), (1,)), ((7, -5), (0, 1)), ((1, 1), (1, 1)), ((0,), (0,)), ((1,), (2,)), ((1,), (-1,)),
                        ((1, 2), (0,)), ((1 << 31) - 1, 0)]:
        c.case('Roll', [f(3, 4), np.array(shift, I32), np.array(axis, I32)], '%s %s' % (shift, axis))
    c.case('Roll', [f(0, 4), i32(1), i32(0)], 'empty')
    c.case('Roll', [f(), i32(1), i32(0)], 'scalar')
    c.save()


def array_fill():
    c = Cases('array_fill')
    for dtype in ALL:
        c.case('Fill', [i32(2, 3), values(dtype, ())], name_of(dtype))
        c.case('ZerosLike', [values(dtype, (2, 3))], name_of(dtype))
        if dtype is not object: c.case('OnesLike', [values(dtype, (2, 3))], name_of(dtype))
        c.case('OneHot', [i32(0, 2, -1, 3), i32(3)[0], values(dtype, ()), values(dtype, ())], name_of(dtype))
    one = np.float32(1.5)
    for dims in ([], [0], [3], [0, 1 << 40], [2, 2, 2, 2, 2, 2, 2, 2], [-1], [3, -2]):
        c.case('Fill', [np.array(dims, I64), one], str(dims))
    c.case('Fill', [i64(1 << 40, 1 << 40), one], 'huge', error_part='')
    c.case('Fill', [i32(2, 3)[None], one], 'matrix dims')
    c.case('Fill', [i32(2), f32(1, 2)], 'vector value')
    c.case('Fill', [i32(5000), one], 'long')
    c.case('ZerosLike', [values(np.float32, (0, 2))], 'empty')
    for dtype in (np.float32, np.float64, I32, I64):
        for a, b, d in [(0, 5, 1), (5, 0, -1), (0, 5, 2), (0, 6, 2), (3, 3, 1), (3, 3, -1), (5, 0, 1), (0, 5, -1), (0, 5, 0), (-7, 8, 3), (10, -11, -4)]:
            c.case('Range', [np.array(v, dtype) for v in (a, b, d)], '%s %s' % (name_of(dtype), (a, b, d)), 0, 0)
    for dtype in (np.float32, np.float64):
        for a, b, d in [(0, 1, 0.1), (0, 1, 0.3), (1, 0, -0.1), (0.5, 3.7, 0.7)]:
            c.case('Range', [np.array(v, dtype) for v in (a, b, d)], '%s %s' % (name_of(dtype), (a, b, d)), 0, 0)
    c.case('Range', [i32(0)[0], i32(3, 4), i32(1)[0]], 'two')
    for dtype in (np.float32, np.float64):
        for a, b, n in [(0, 1, 5), (3, 3, 2), (5, -5, 4), (2, 9, 1), (0, 1, 11), (0, 1, 0), (0, 1, -3)]:
            for t in (I32, I64):
                c.case('LinSpace', [np.array(a, dtype), np.array(b, dtype), np.array(n, t)], '%s %s' % (name_of(dtype), (a, b, n)), 1e-6)
    c.case('LinSpace', [f32(0), np.float32(1), i32(2)[0]], 'vector')
    for dims in [(), (3,), (2, 3), (0,)]:
        for axis in range(-1, len(dims) + 1):
            for t in (np.uint8, np.int8, I32, I64):
                c.case('OneHot', [values(t, dims, -1, 4), i32(3)[0], np.float32(2), np.float32(-1)], '%s %d' % (dims, axis), axis=axis)
    c.case('OneHot', [i32(0, 1), i32(0)[0], np.float32(2), np.float32(-1)], 'depth 0')
    c.case('OneHot', [i32(0, 1), i32(-1)[0], np.float32(2), np.float32(-1)], 'depth')
    c.case('OneHot', [i32(0, 1), i32(3), np.float32(2), np.float32(-1)], 'depth rank')
    c.case('OneHot', [i32(0, 1), i32(3)[0], f32(2), np.float32(-1)], 'on rank')
    c.case('OneHot', [i32(0, 1), i32(3)[0], np.float32(2), f32(-1)], 'off rank')
    c.case('OneHot', [i32(0, 1), i32(3)[0], np.float32(2), np.float32(-1)], 'axis', error_part='', axis=3)
    c.save()


def array_gather():
    c = Cases('array_gather')
    f = lambda *d: values(np.float32, d)
    for dtype in ALL:
        for t in (I32, I64):
            c.case('GatherV2', [values(dtype, (3, 4)), np.array([[0, 2], [1, 1]], t), i32(1)[0]], name_of(dtype))
            c.case('GatherNd', [values(dtype, (3, 4)), np.array([[0, 2], [2, 3]], t)], name_of(dtype))
        c.case('Gather', [values(dtype, (3, 4)), i32(2, 0)], name_of(dtype))
    x = f(2, 3, 4)
    for axis in (0, 1, 2, -1, -3, 3, -4):
        for ind in (np.array(1, I32), i32(), i32(1), i32(0, 1, 1), np.array([[1, 0], [0, 0]], I64)):
            c.case('GatherV2', [x, ind, np.array(axis, I32)], '%d %s' % (axis, ind.shape))
    for ind in (i32(5), i32(0, -1), np.array([[0], [2]], I32), np.array(7, I32), i64(1 << 62)):
        c.case('GatherV2', [f(2, 3), ind, i32(0)[0]], 'outside')
        c.case('Gather', [f(2, 3), ind], 'outside')
    c.case('GatherV2', [f(0, 3), i32(), i32(0)[0]], 'empty')
    c.case('GatherV2', [f(0, 3), i32(0), i32(0)[0]], 'of nothing')
    c.case('GatherV2', [f(3, 0), i32(2), i32(0)[0]], 'empty rows')
    c.case('GatherV2', [f(3, 0), i32(3), i32(0)[0]], 'empty rows outside')
    c.case('GatherV2', [f(3), i32(0), i32(0)], 'axis vector')
    c.case('GatherV2', [f(), i32(0), i32(0)[0]], 'scalar')
    c.case('GatherV2', [f(20, 50), values(I32, (30,), 0, 19), i32(0)[0]], 'rows')
    for b, axis in [(1, 1), (1, 2), (2, 2), (-1, 2), (0, 1), (1, 0), (3, 2), (-3, 1)]:
        c.case('GatherV2', [f(2, 3, 4), values(I32, (2, 3), 0, 2), np.array(axis, I32)], 'batch %d %d' % (b, axis), batch_dims=b)
    c.case('GatherV2', [f(2, 3, 4), values(I32, (3, 2), 0, 2), i32(1)[0]], 'batch sizes', batch_dims=1)
    y = f(2, 3, 2)
    for ind in ([[0, 1]], [[1, 2, 1], [0, 0, 0]], [[1]], [[]], [[[0, 1], [1, 2]]], [0, 1], [1], [], [[2, 0]], [[0, -1]], [[[0, 3, 0]]], [[0, 0, 0, 0]]):
        c.case('GatherNd', [y, np.array(ind, I32)], str(ind), error_part=None if ind != [[2, 0]] and ind != [[0, -1]] and ind != [[[0, 3, 0]]] else
               'does not index into param shape [2,3,2], node name: GatherNd')
    c.case('GatherNd', [y, np.array(1, I32)], 'scalar')
    c.case('GatherNd', [f(0, 3), np.zeros((0, 1), I32)], 'empty')
    c.case('GatherNd', [f(0, 3), i32(0)[None]], 'of nothing')
    c.case('GatherNd', [f(), i32(0)], 'scalar params')
    c.save()


def array_scatter():
    c = Cases('array_scatter')
    f = lambda *d: values(np.float32, d)
    for dtype in ALL:
        for t in (I32, I64):
            if dtype != np.bool_ and dtype is not object:
                c.case('ScatterNd', [np.array([[0], [2], [0]], t), values(dtype, (3, 2), -5, 5), np.array([4, 2], t)], name_of(dtype), 1e-2, 1e-2)
        c.case('TensorScatterUpdate', [values(dtype, (4, 2)), np.array([[0], [2]], I32), values(dtype, (2, 2))], name_of(dtype))
    for dtype in NUMBERS:
        for op in ('TensorScatterAdd', 'TensorScatterSub', 'TensorScatterMin', 'TensorScatterMax', 'ScatterNdNonAliasingAdd'):
            if dtype in COMPLEX and op[-3:] in ('Min', 'Max'): continue
            c.case(op, [values(dtype, (4,), -5, 5), i32(1, 3, 1)[:, None], values(dtype, (3,), -5, 5)], name_of(dtype), 1e-2, 1e-2)
    for op in ('ScatterNd', 'TensorScatterUpdate', 'TensorScatterAdd'):
        order = (lambda x, i, u: [i, u, np.array(x.shape, i.dtype)]) if op == 'ScatterNd' else (lambda x, i, u: [x, i, u])
        for dims, ind, up in [((4,), [[1]], (1,)), ((4, 3), [[1, 2], [0, 0]], (2,)), ((2, 3, 4), [[[1, 2]], [[0, 1]]], (2, 1, 4)),
                              ((4,), [[4]], (1,)), ((4,), [[-1]], (1,)), ((4, 3), [[0, 3]], (1,)), ((4, 3), [[1]], (2,)),
                              ((4, 3), [[1]], (1, 2)), ((4,), [[0, 0]], (1,)), ((2, 1, 2, 1, 2, 1, 2), [[1, 0, 1, 0, 1, 0, 1]], (1,)),
                              ((4, 3), [1, 2], (2, 3)), ((4,), 1, ()), ((0, 2), [[0]], (1, 2))]:
            c.case(op, order(f(*dims), np.array(ind, I32), f(*up)), '%s %s %s' % (dims, ind, up))
        c.case(op, order(f(4, 2), np.zeros((0, 1), I32), f(0, 2)), 'none')
        c.case(op, order(f(0, 2), np.zeros((0, 1), I32), f(0, 2)), 'empty')
    c.case('ScatterNd', [i32(0)[None], f(1), i32(4)[None]], 'shape rank', error_part='')
    c.case('ScatterNd', [i32(0)[None], f(1), i32(-4)], 'negative shape', error_part='')
    c.save()


FAMILIES = [array_shape, array_concat, array_slice, array_move, array_fill, array_gather, array_scatter]

if __name__ == '__main__':
    for family in FAMILIES:
        if len(sys.argv) == 1 or family.__name__ in sys.argv[1:]:
            rng.seed(2)
            family()
