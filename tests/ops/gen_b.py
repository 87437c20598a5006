"""Op cases of the array, string, parsing and random families: python tests/ops/gen_b.py [FAMILY...] (README.md here)."""
import itertools
import struct

from op_cases import Cases  # first: it sets TensorFlow's environment
from case_values import (ALL, COMPLEX, FLOATS, I32, I64, NUMBERS, POD, REAL, f32, fine_values as values, generate, i32,
                         i64, name_of, rng, s)

import numpy as np
import tensorflow as tf


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
    c.case('StridedSlice', [x, i32(3), i32(1), i32(1)], 'ellipses past the end', ellipsis_mask=6)
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
    empty = np.zeros((5, 7), np.float32)
    for end in (0, 1):
        c.case('TensorStridedSliceUpdate', [np.zeros(3, np.float32), i32(0), i32(end), i32(1), empty], 'empty %d' % end)
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
        if dtype != np.uint16: c.case('Tile', [values(dtype, (2, 3)), i32(2, 2)], name_of(dtype))  # TensorFlow lacks it
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
    c.case('Transpose', [values(np.uint8, (2, 300, 250), 0, 9), i32(0, 2, 1)], 'threads')
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
    for x in (np.zeros((0, 3), np.float32), np.zeros((3, 0), np.float32), np.float32(1)):
        for axes in ((7,), (0, 0), (-9,)):
            c.case('ReverseV2', [x, i32(*axes)], 'nothing')
    c.case('ReverseV2', [f(1, 2, 1, 3, 1, 2, 1, 2), i32(3, 7)], 'rank 8', error_part='')
    c.case('Reverse', [f(2, 3), np.array([True])], 'length')
    c.case('Reverse', [f(2, 3), np.array([False, False])], 'nothing')
    c.case('Reverse', [f(0, 3), np.array([False, False])], 'no rows')
    c.case('Reverse', [f(3, 0), np.array([True, True])], 'no columns')
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
    for ends in ((3, np.inf), (-np.inf, 1), (np.nan, 2), (-3e38, 3e38)):
        c.case('LinSpace', [np.float32(ends[0]), np.float32(ends[1]), np.int32(4)], 'infinite step')
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
    for shape in ((5, 0), (5, 1), (5, 3), (0, 1)):
        c.case('GatherNd', [f(5, 0, 5), np.zeros(shape, I32)], 'of nothing %s' % (shape,))
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


def array_pad():
    c = Cases('array_pad')
    f = lambda *d: values(np.float32, d)
    for dtype in ALL:
        x = values(dtype, (2, 3))
        c.case('Pad', [x, np.array([[1, 0], [2, 1]], I32)], name_of(dtype))
        c.case('PadV2', [x, np.array([[1, 0], [2, 1]], I64), values(dtype, ())], name_of(dtype))
        for mode in ('REFLECT', 'SYMMETRIC'):
            c.case('MirrorPad', [x, np.array([[1, 0], [2, 1]], I32)], name_of(dtype), mode=mode)
    for dims, pads in [((), np.zeros((0, 2))), ((3,), [[0, 0]]), ((0,), [[2, 1]]), ((2, 0), [[1, 1], [0, 2]]), ((3, 2), [[-1, 0], [0, 0]]),
                       ((3, 2), [[1, 1]]), ((3,), [[1]]), ((3,), [1, 1]), ((1, 2, 1, 2), [[0, 1], [1, 0], [2, 0], [0, 0]])]:
        for t in (I32, I64):
            c.case('Pad', [f(*dims), np.array(pads, t)], '%s' % (dims,))
            c.case('PadV2', [f(*dims), np.array(pads, t), np.float32(7)], '%s' % (dims,))
    c.case('PadV2', [f(2), i32(1, 1)[None], f32(1)], 'value rank', error_part='')
    c.case('Pad', [f(2), i64((1 << 62), (1 << 62))[None]], 'huge', error_part='')
    for mode in ('REFLECT', 'SYMMETRIC'):
        for dims, pads in [((3,), [[2, 2]]), ((3,), [[3, 1]]), ((3,), [[1, 4]]), ((3, 4), [[2, 1], [3, 3]]), ((1,), [[1, 1]]), ((1,), [[0, 0]]),
                           ((2, 3, 2), [[1, 1], [2, 0], [0, 1]]), ((3,), [[-1, 0]]), ((2, 2, 2, 2), [[1, 1]] * 4)]:
            c.case('MirrorPad', [f(*dims), np.array(pads, I32)], '%s %s' % (dims, pads), mode=mode)
    c.save()


def array_dynamic():
    c = Cases('array_dynamic')
    f = lambda *d: values(np.float32, d)
    for dtype in POD:
        if dtype == np.float16: continue  # TensorFlow lacks it
        c.case('Where', [values(dtype, (3, 4), -1, 1).round() if dtype in FLOATS else values(dtype, (3, 4), -1, 1)], name_of(dtype))
    for dims in [(), (0,), (5,), (2, 3, 2), (1, 2, 1, 2, 1, 2, 1, 2)]:
        c.case('Where', [values(np.bool_, dims)], str(dims))
    c.case('Where', [f32(0, -0., np.nan, np.inf)], 'special')
    for dtype in REAL + [np.bool_, object]:
        x = values(dtype, (12,), -2, 2)
        if dtype in FLOATS: x = x.astype(np.float32).round().astype(dtype)
        for t in (tf.int32, tf.int64):
            c.case('Unique', [x], name_of(dtype), out_idx=t)
        c.case('UniqueWithCounts', [x], name_of(dtype), out_idx=tf.int32)
        c.case('UniqueV2', [x.reshape(6, 2), i32(0)], name_of(dtype), out_idx=tf.int32)
        c.case('UniqueWithCountsV2', [x.reshape(2, 6), i64(1)], name_of(dtype), out_idx=tf.int64)
        if dtype != np.bool_: c.case('ListDiff', [x, x[3:5]], name_of(dtype), out_idx=tf.int32)
    c.case('Unique', [np.zeros((0,), np.float32)], 'empty')
    c.case('Unique', [f(2, 2)], 'rank')
    c.case('UniqueV2', [f(2, 2), i32()], 'no axis')
    c.case('UniqueV2', [i32(1, 1, 2), i32()], 'no axis')
    c.case('UniqueV2', [f(2, 2), i32(2)], 'axis')
    c.case('UniqueV2', [f(2, 2), i32(0, 1)], 'axes')
    c.case('UniqueV2', [np.array([[[1, 2], [1, 2]], [[3, 4], [3, 4]]], I32), i32(1)], 'middle')
    c.case('ListDiff', [i32(1, 2, 3), i32()], 'empty')
    c.case('ListDiff', [i32(), i32(1)], 'empty')
    c.case('ListDiff', [i32(1)[None], i32(1)], 'rank', error_part='')
    for dtype in ALL:
        c.case('DynamicPartition', [values(dtype, (5, 2)), i32(0, 2, 1, 0, 2)], name_of(dtype), num_partitions=3)
        c.case('DynamicStitch', [[i32(0, 3), i32(2, 1)], [values(dtype, (2, 2)), values(dtype, (2, 2))]], name_of(dtype))
    c.case('DynamicPartition', [f(2, 2), np.array([[0, 1], [1, 1]], I32)], 'matrix', num_partitions=2)
    c.case('DynamicPartition', [f(), np.array(1, I32)], 'scalar', num_partitions=2)
    c.case('DynamicPartition', [f(2), i32(0, 2)], 'outside', num_partitions=2)
    c.case('DynamicPartition', [f(2), i32(0, -1)], 'outside', num_partitions=2)
    c.case('DynamicPartition', [f(2), i32(0, 1, 0)], 'shapes', error_part='', num_partitions=2)
    c.case('DynamicPartition', [f(0, 3), i32()], 'empty', num_partitions=2)
    c.case('DynamicStitch', [[i32(0, 1), i32(1, 0)], [f(2), f(2)]], 'last wins')
    c.case('DynamicStitch', [[np.array(0, I32), np.array([[1], [2]], I32)], [f(3), f(2, 1, 3)]], 'ranks')
    c.case('DynamicStitch', [[i32(), i32()], [f(0, 2), f(0, 2)]], 'empty')
    c.case('DynamicStitch', [[i32(0, 1)], [f(3)]], 'start', error_part='')
    c.case('DynamicStitch', [[i32(0, 1), i32(2)], [f(2, 3), f(1, 4)]], 'rest', error_part='')
    c.case('DynamicStitch', [[i32(0, -1)], [f(2)]], 'negative', error_part='')
    c.case('ParallelDynamicStitch', [[i32(0, 3), i32(2, 1)], [f(2, 2), f(2, 2)]])
    for a, b in [([], []), ([2], [2]), ([2, 3], [3]), ([1, 3], [2, 1]), ([2, 1, 3], [1]), ([], [4, 5]), ([1, 1], [1, 1]), ([1], [1, 1]),
                 ([1, 3], [1, 1]), ([0, 1], [1, 0]), ([2], [3]), ([2, 3], [3, 2])]:
        for t in (I32, I64):
            c.case('BroadcastArgs', [np.array(a, t), np.array(b, t)], '%s %s' % (a, b), error_part='Incompatible shapes')
    c.save()


def string_ops():
    c = Cases('string_ops')
    words = s(b'', b'a', b'Hello, World', b' \t pad \r\n', b'\xc3\xa4\xc3\x96\xe2\x82\xac', b'x\0y', b'\xff\xfe', b'A' * 100)
    c.case('StringJoin', [[words, words]], 'two', separator='-')
    c.case('StringJoin', [[np.array(b'p', object), words, np.array(b's', object)]], 'scalars', separator='')
    c.case('StringJoin', [[np.array(b'p', object), np.array(b'q', object)]], 'all scalars', separator=', ')
    c.case('StringJoin', [[words]], 'one', separator='-')
    c.case('StringJoin', [[s(b'a'), s(b'a', b'b')]], 'shapes', separator='')
    c.case('StringJoin', [[np.zeros((0,), object), np.array(b'q', object)]], 'empty', separator='')
    data = rng.randint(0, 256, 2000).astype(np.uint8).tobytes()
    lengths = [data[:n] for n in range(0, 300)] + [data[n:n + 1000] for n in range(3)] + [data[:n] for n in (511, 512, 513, 1000, 1999)]
    for op in ('StringToHashBucketFast', 'StringToHashBucket'):
        c.case(op, [s(*lengths)], 'lengths', num_buckets=(1 << 63) - 1)
        c.case(op, [words.reshape(2, 4)], 'words', num_buckets=10)
    c.case('StringToHashBucketStrong', [s(*lengths)], 'lengths', num_buckets=(1 << 63) - 1, key=[123456789, -5])
    c.case('StringToHashBucketStrong', [words], 'words', num_buckets=3, key=[0, 0])
    c.case('Fingerprint', [s(*lengths[:20]), np.array(b'farmhash64', object)], 'strings')
    c.case('Fingerprint', [words.reshape(2, 4), np.array(b'farmhash64', object)], 'rows')
    c.case('Fingerprint', [values(np.float32, (3, 5)), np.array(b'farmhash64', object)], 'floats')
    c.case('Fingerprint', [values(np.int64, (3,)), np.array(b'farmhash64', object)], 'integers')
    for shape in ((8, 1), (8, 1, 1), (1, 8), (0, 1)):
        c.case('Fingerprint', [np.resize(words, shape), np.array(b'farmhash64', object)], 'strings %s' % (shape,))
    texts = s(b'', b'a', b'ab', b'abc', b'aab\n', b'foo.bar', b'2024-01-02', b'\xc3\xa9t\xc3\xa9', b'a\nb', b'x y\tz', b'gs://bucket/x', b's3://b')
    for pattern in ['a*b?', '.*', '', 'a|ab', '(a)(b)', r'\d{4}-\d\d-\d\d', '[^x]+', r'\w+', '^s3://.*', '(?i)ABC', 'a$', r'\pL+', r'a\x62c',
                    r'[[:alpha:]]*', '(?s).*', '(?P<n>a)b', r'\Qfoo.bar\E', r'.\..*', 'a{1,2}b.*', r'\s*', '^(gs|s3)://', r'[\w.]+', r'\Aa\z', '.+?']:
        c.case('StaticRegexFullMatch', [texts], pattern, pattern=pattern)
        c.case('RegexFullMatch', [texts.reshape(3, 4), np.array(pattern.encode(), object)], pattern)
    for pattern in ['(', '[a', r'(a)\1', 'a(?=b)', '*a', 'a**', '(?<=a)b', 'a++', '(?>a)', 'a{1001}', '\\']:
        c.case('RegexFullMatch', [texts, np.array(pattern.encode(), object)], pattern, error_part='Invalid pattern: ' + pattern)
    torn = np.array([b'\xff', b'a\xff', b'\xffa', b'a\xffb', b'\xc3', b'\xc3a', b'', b'a', b'\xc3\xa9'], object)
    for pattern in ('.*', '.', 'a*', '[^a]*', '(?s).*', '^a?$', 'a?'):
        c.case('StaticRegexFullMatch', [torn], 'no UTF-8 ' + pattern, pattern=pattern)
        c.case('RegexReplace', [texts, np.array(pattern.encode(), object), np.array(b'', object)], pattern, error_part='Invalid pattern: ' + pattern)
    for pattern, rewrite in [('a', 'X'), ('', '-'), ('(a)(b)?', r'<\2\1\0>'), ('x*', '.'), (r'\s+', ''), ('[^a-z]', '_'), ('b$', 'Z'), ('a|b', r'\\'),
                             (r'(\w)(\w)', r'\2\1'), ('(a)', 'x\\'), ('a', r'<\q\1'), ('(a)', r'\1-\q\1'), (r'\p{L}', 'L'), ('^a', 'B'), (r'[!"#$%&()\*\+,-\./:;<=>?@\[\\\]^_`{|}~\']', '')]:
        for everywhere in (True, False):
            c.case('StaticRegexReplace', [texts], pattern, pattern=pattern, rewrite=rewrite, replace_global=everywhere)
            c.case('RegexReplace', [texts, np.array(pattern.encode(), object), np.array(rewrite.encode(), object)], pattern, replace_global=everywhere)
    c.case('RegexReplace', [texts, np.array(b'a', object), np.array(br'\1', object)], 'group', error_part='')
    c.case('RegexReplace', [texts, s(b'a'), np.array(b'', object)], 'pattern rank')
    c.case('RegexReplace', [texts, np.array(b'a', object), s(b'a')], 'rewrite rank')
    for op in ('StringLower', 'StringUpper'):
        c.case(op, [words])
        c.case(op, [s(b'\xc3\xa4\xc3\x96\xe2\x82\xac aB', b'\xd0\xbf\xd0\x9f')], 'unicode', encoding='utf-8')
    c.case('StringStrip', [words.reshape(4, 2)])
    for unit in ('BYTE', 'UTF8_CHAR'):
        c.case('StringLength', [words], unit, unit=unit)
        for pos, length in [(0, 2), (1, 100), (-1, 1), (-2, 5), (0, 0)]:
            for t in (I32, I64):
                c.case('Substr', [s(b'hello', b'\xc3\xa4\xc3\x96\xe2\x82\xac', b'abc'), np.array(pos, t), np.array(length, t)], unit, unit=unit)
        c.case('Substr', [s(b'hello', b'worlds'), i32(1, 2), i32(2, 3)], unit, unit=unit)
        c.case('Substr', [s(b'hello', b'worlds').reshape(2, 1), i32(1, 2), i32(2, 3)], 'broadcast', unit=unit)
        c.case('Substr', [np.array(b'hello', object), i32(1, 2), i32(2, 3)], 'broadcast', unit=unit)
        c.case('Substr', [s(b'abc'), np.array(5, I32), np.array(1, I32)], 'outside', unit=unit)
        c.case('Substr', [s(b'abc'), np.array(-5, I32), np.array(1, I32)], 'outside', unit=unit)
        c.case('Substr', [s(b'abc'), np.array(3, I32), np.array(1, I32)], 'end', unit=unit)
        for at, length in ((1, -1), (0, -2), (-2, -1), (-3, -2**31), (5, -1)):
            c.case('Substr', [s(b'h\xc3\xa9llo'), np.array(at, I32), np.array(length, I32)], 'negative length', unit=unit)
    c.case('Substr', [s(b'abc'), i32(1), i32(1, 2)], 'shapes', error_part='')
    for unit in ('BYTE', 'UTF8_CHAR'):
        c.case('Substr', [s(b'abc', b'd'), i32(0, 2), i32(1, 1)], 'outside', unit=unit)
        c.case('Substr', [s(b'abc', b'd').reshape(2, 1), i32(0, 2), i32(1, 1)], 'outside', unit=unit)
    for pad in (False, True):
        c.case('EncodeBase64', [words], str(pad), pad=pad)
    c.case('DecodeBase64', [s(b'', b'YQ', b'YQ==', b'YWI', b'YWI=', b'YWJj', b'-_-_')])
    for bad in (b'a', b'abcde', b'=', b'a=', b'a===', b'+/==', b'YQ=', b'Y Q', b'====', b'YR'):
        c.case('DecodeBase64', [s(bad)], str(bad))
    for dtype in REAL + COMPLEX + [np.bool_]:
        x = values(dtype, (6,), -100, 100)
        c.case('AsString', [x], name_of(dtype))
        c.case('AsString', [x], name_of(dtype), width=12, fill='0' if dtype not in COMPLEX else ' ') if dtype != np.bool_ else None
        if dtype in FLOATS + COMPLEX:
            c.case('AsString', [x], 'precision ' + name_of(dtype), precision=2)
            c.case('AsString', [x], 'scientific ' + name_of(dtype), scientific=True)
            c.case('AsString', [x], 'shortest ' + name_of(dtype), shortest=True, precision=4)
    c.case('AsString', [f32(np.nan, np.inf, -np.inf, 1e20, 1e-20, 0.1, -0.)], 'special')
    c.case('AsString', [np.array([-(1 << 63), (1 << 63) - 1], I64)], 'extreme', width=3, fill='+')
    c.case('AsString', [i32(5, -5)], 'left', width=5, fill='-')
    c.case('AsString', [s(b'a', b'')], 'strings')
    c.case('AsString', [i32(1)], 'precision', precision=3)
    c.case('AsString', [i32(1)], 'scientific', scientific=True)
    c.case('AsString', [f32(1)], 'both', scientific=True, shortest=True)
    c.case('AsString', [f32(1)], 'fill', fill='x', error_part='')
    c.case('AsString', [f32(1)], 'fill', fill='00')
    grid = s(*[b'%d' % i for i in range(12)]).reshape(2, 3, 2)
    for axes in ([0], [1], [2], [0, 2], [2, 0], [], [-1], [0, 1, 2], [1, -3]):
        for keep in (False, True):
            c.case('ReduceJoin', [grid, np.array(axes, I32)], str(axes), keep_dims=keep, separator=',')
    c.case('ReduceJoin', [grid, np.array(1, I32)], 'scalar axis')
    c.case('ReduceJoin', [grid, i32(3)], 'axis')
    c.case('ReduceJoin', [grid, i32(1, 1)], 'twice')
    c.case('ReduceJoin', [np.zeros((0, 2), object), i32(0)], 'empty')
    c.save()


def example(**features):
    made = {}
    for k, v in features.items():
        if isinstance(v, list) and v and isinstance(v[0], bytes): made[k] = tf.train.Feature(bytes_list=tf.train.BytesList(value=v))
        elif isinstance(v, list) and v and isinstance(v[0], float): made[k] = tf.train.Feature(float_list=tf.train.FloatList(value=v))
        elif isinstance(v, list): made[k] = tf.train.Feature(int64_list=tf.train.Int64List(value=v))
        else: made[k] = tf.train.Feature()
    return tf.train.Example(features=tf.train.Features(feature=made)).SerializeToString(deterministic=True)


def parsing_ops():
    c = Cases('parsing_ops')
    none = np.zeros((0,), object)
    full = s(example(f=[1.5, -2.0], i=[1, -2, 1 << 40], s=[b'x', b''], v=[1.0, 2.0, 3.0, 4.0], r=[7]),
             example(f=[0.25, 4.0], i=[], s=[b'abc' * 20], v=[9.0, 8.0], extra=[5]),
             example(f=[0.0, 1.0], i=[5], r=[1, 2, 3]))

    def v2(serialized, dense=(), sparse=(), ragged=(), names=none, label='', **more):
        """dense: (key, default, shape); sparse: (key, type); ragged: (key, type, split type)."""
        c.case('ParseExampleV2', [serialized, names, s(*[k for k, _ in sparse]), s(*[k for k, _, _ in dense]),
                                  s(*[k for k, _, _ in ragged]), [d for _, d, _ in dense]], label,
               num_sparse=len(sparse), sparse_types=[t for _, t in sparse], ragged_value_types=[t for _, t, _ in ragged],
               ragged_split_types=[t for _, _, t in ragged], dense_shapes=[shape for _, _, shape in dense], **more)

    def v1(serialized, dense=(), sparse=(), names=none, label=''):
        c.case('ParseExample', [serialized, names, [np.array(k, object) for k, _ in sparse], [np.array(k, object) for k, _, _ in dense],
                                [d for _, d, _ in dense]], label,
               sparse_types=[t for _, t in sparse], dense_shapes=[shape for _, _, shape in dense])

    def single(serialized, dense=(), sparse=(), label=''):
        c.case('ParseSingleExample', [serialized, [d for _, d, _ in dense]], label, num_sparse=len(sparse),
               sparse_keys=[k for k, _ in sparse], dense_keys=[k for k, _, _ in dense], sparse_types=[t for _, t in sparse],
               dense_shapes=[shape for _, _, shape in dense])
    for keys in (s(), s(b'i', b'r')):
        c.case('ParseExampleV2', [full, none, s(), s(), keys, []], 'keys', num_sparse=0, sparse_types=[], ragged_value_types=[tf.int64],
               ragged_split_types=[tf.int64], dense_shapes=[])
        c.case('ParseExampleV2', [full, none, keys, s(), s(), []], 'keys', num_sparse=1, sparse_types=[tf.int64], ragged_value_types=[],
               ragged_split_types=[], dense_shapes=[])
        c.case('ParseExampleV2', [full, none, s(), keys, s(), [np.array(4, I64)]], 'keys', num_sparse=0, sparse_types=[], ragged_value_types=[],
               ragged_split_types=[], dense_shapes=[[]])
    nof, noi = np.zeros((0,), np.float32), np.zeros((0,), I64)
    fdense = (b'f', nof, [2])
    one = np.array(full[0], object)
    for n, (dense, sparse) in enumerate([
            ([fdense], []), ([(b'f', f32(7, 8), [2]), (b'zz', f32(1, 2, 3), [3])], []), ([], [(b'i', tf.int64), (b's', tf.string), (b'zz', tf.float32)]),
            ([(b'v', np.float32(-1), [None]), (b'f', nof, [2, 1]), (b'v2', f32(3), [None])], [(b'r', tf.int64)]),
            ([(b'v', np.float32(0), [None, 2])], []), ([(b's', s(b'd', b'e'), [2])], []), ([(b'i', i64(9), [1])], []), ([(b'f', nof, [3])], []),
            ([(b'f', noi, [2])], []), ([], [(b'f', tf.int64)]), ([(b'zz', noi, [])], []), ([(b'zz', np.array(4, I64), [])], []),
            ([(b'v', noi, [None])], []), ([(b'v', np.float32(0), [None, 3])], []), ([(b'v', nof, [None])], []), ([(b'v', f32(1, 2), [None])], []), ([(b's', np.array(b'pad', object), [None])], [])]):
        v2(full, dense, sparse, label='%d' % n)
        v2(one, dense, sparse, label='scalar %d' % n)
        v2(full[:0], dense, sparse, label='none %d' % n)
        v1(full, dense, sparse, label='%d' % n)
        single(one, dense, sparse, label='%d' % n)
    for split in (tf.int32, tf.int64):
        v2(full, [], [], [(b'r', tf.int64, split), (b's', tf.string, split), (b'zz', tf.float32, split)], label='ragged')
        v2(one, [], [], [(b'r', tf.int64, split), (b'zz', tf.float32, split)], label='ragged scalar')
        v2(full, [], [], [(b'f', tf.int64, split)], label='ragged type')
    names = s(b'n0', b'n1', b'n2')
    v2(full, [(b'i', noi, [1])], names=names, label='names')
    v1(full, [(b'zz', noi, [1])], names=names, label='names')
    v1(full, [fdense], names=names[:2], label='names length')
    v2(s(b'', example()), [(b'f', f32(1, 2), [2])], [(b'i', tf.int64)], label='empty examples')
    v2(s(b''), [fdense], label='empty example')
    v2(s(b'xyz'), [fdense], label='no example')
    v2(s(b'\x0a\x05\x0a\x07\x0a\x01f'), [fdense], label='cut')
    v2(s(example(f=None)), [(b'f', f32(1, 2), [2])], [(b'f2', tf.int64)], label='no list')
    both = lambda a, b: example(f=a) + example(f=b)
    v2(s(both([1.0, 2.0], [3.0, 4.0])), [fdense], label='twice')
    v2(s(both([1.0, 2.0], [3])), [fdense], label='twice, other type')
    v2(s(both([3], [1.0, 2.0])), [fdense], label='twice, other type')
    unpacked = b'\x0a\x13\x0a\x11\x0a\x01f\x12\x0c\x12\x0a' + b'\x0d' + struct.pack('<f', 5) + b'\x0d' + struct.pack('<f', 7)
    v2(s(unpacked), [(b'f', np.float32(0), [None])], label='unpacked')
    v1(np.array(full[0], object), [fdense], label='scalar')
    for op_dtype in (tf.float16, tf.bfloat16, tf.float32, tf.float64, tf.int8, tf.int16, tf.int32, tf.int64, tf.uint8, tf.uint16, tf.complex64,
                     tf.complex128, tf.bool):
        data = values(np.uint8, (32,), 0, 1 if op_dtype == tf.bool else 60).tobytes()
        for little in (True, False):
            c.case('DecodeRaw', [s(data, data[::-1])], op_dtype.name, out_type=op_dtype, little_endian=little)
    c.case('DecodeRaw', [np.array(b'abcd', object)], 'scalar', out_type=tf.int32)
    c.case('DecodeRaw', [s(b'abcde')], 'length', out_type=tf.int32)
    c.case('DecodeRaw', [s(b'abcd', b'ab')], 'lengths', out_type=tf.int16)
    c.case('DecodeRaw', [s(b'', b'')], 'empty', out_type=tf.int16)
    c.case('DecodeRaw', [np.zeros((0,), object)], 'none', out_type=tf.int16)
    good = {tf.float32: [b'1', b' -2.5 ', b'1e10', b'inf', b'-INF', b'nan', b'0x10', b'-0xfF', b'.5', b'1.', b'1e-50', b'3.4028235e38', b'0.1'],
            tf.float64: [b'1', b'-2.5', b'1e300', b'0.1', b'4.9e-324'], tf.int32: [b'1', b'-5', b' 7 ', b'2147483647', b'-2147483648', b'007'],
            tf.int64: [b'9223372036854775807', b'-9223372036854775808']}
    for t, texts in good.items():
        c.case('StringToNumber', [s(*texts)], t.name, 0, 0, out_type=t)
        for bad in (b'', b'x', b'1x', b'1 2', b'0x1p3', b'0x', b'Infinity', b'1e', b'--1', b'99999999999999999999', b'-1' if t in (tf.uint32, tf.uint64) else b'- 1', b'1.5.', b'+', b'+1'):
            c.case('StringToNumber', [s(bad)], '%s %s' % (t.name, bad), 0, 0, out_type=t)
    for bad in (b'1e400', b'-1e400', b'1e39'):
        c.case('StringToNumber', [s(bad)], str(bad), out_type=tf.float32)
    c.save()


def random_ops():
    c = Cases('random_ops')
    floats = [tf.float16, tf.bfloat16, tf.float32, tf.float64]
    for op in ('RandomUniform', 'RandomStandardNormal', 'TruncatedNormal'):
        for t in floats:
            for dims in ([], [1], [7], [2, 9], [0], [3, 0, 2]):
                for seed, seed2 in [(1, 2), (0, 5), (123456789012, -7)]:
                    if t not in (tf.float32, tf.float64) and seed != 1: continue
                    c.case(op, [np.array(dims, I32)], t.name, 2e-6 if t == tf.float32 else 1e-2 if t in floats[:2] else 1e-12, 1e-6 if t != tf.float64 else 1e-12,
                           dtype=t, seed=seed, seed2=seed2)
        c.case(op, [i64(400)], 'long', 2e-6, 1e-6, dtype=tf.float32, seed=3, seed2=4)
        c.case(op, [i32(-1)], 'negative', error_part='', dtype=tf.float32, seed=3, seed2=4)
        c.case(op, [np.array(3, I32)], 'scalar', error_part='', dtype=tf.float32, seed=3, seed2=4)
    for t in (I32, I64):
        for low, high in [(0, 10), (-5, 5), (-(1 << 31), (1 << 31) - 1), (3, 3), (5, 2)]:
            c.case('RandomUniformInt', [i32(9), np.array(low, t), np.array(high, t)], '%d %d' % (low, high), seed=8, seed2=9)
            c.case('StatelessRandomUniformInt', [i32(9), i64(1, 2), np.array(low, t), np.array(high, t)], '%d %d' % (low, high))
        c.case('RandomUniformInt', [i32(0), np.array(3, t), np.array(3, t)], 'empty', seed=8, seed2=9)
    for n in (0, 1, 2, 5, 30):
        c.case('RandomShuffle', [np.arange(n * 2, dtype=I32).reshape(n, 2)], str(n), seed=5, seed2=6)
    c.case('RandomShuffle', [np.arange(20, dtype=I32)], 'vector', seed=5, seed2=6)
    c.case('RandomShuffle', [values(object, (4,))], 'strings', seed=5, seed2=6)
    c.case('RandomShuffle', [np.float32(3)], 'scalar', seed=5, seed2=6)
    key, counter, alg = np.array([0x123456789abcdef], np.uint64), np.array([7, 1 << 63], np.uint64), np.array(1, I32)
    for op in ('RandomUniform', 'RandomNormal', 'TruncatedNormal'):
        for t in floats:
            tolerance = dict(rtol=2e-6 if t == tf.float32 else 1e-2 if t in floats[:2] else 1e-12, atol=1e-6 if t != tf.float64 else 1e-12)
            c.case('Stateless%sV2' % op, [i32(3, 7), key, counter, alg], t.name, dtype=t, **tolerance)
            c.case('Stateless%s' % op, [i32(3, 7), i64(11, -3)], t.name, dtype=t, **tolerance)
        c.case('Stateless%sV2' % op, [i32(5), key, np.array([(1 << 64) - 2, 3], np.uint64), np.array(3, I32)], 'carry', 2e-6, 1e-6, dtype=tf.float32)
        c.case('Stateless%sV2' % op, [i32(5), key, counter, np.array(7, I32)], 'algorithm', error_part='', dtype=tf.float32)
        c.case('Stateless%sV2' % op, [i32(5), np.array([1, 2], np.uint64), counter, alg], 'key', error_part='', dtype=tf.float32)
        c.case('Stateless%s' % op, [i32(5), i64(1)], 'seed', error_part='', dtype=tf.float32)
    for t in (np.int32, np.int64, np.uint32, np.uint64):
        c.case('StatelessRandomUniformIntV2', [i32(9), key, counter, alg, np.array(2, t), np.array(1000, t)], name_of(t))
        c.case('StatelessRandomUniformFullIntV2', [i32(9), key, counter, alg], name_of(t), dtype=tf.as_dtype(t))
        c.case('StatelessRandomUniformFullInt', [i32(9), np.array([3, 4], t)], name_of(t), dtype=tf.as_dtype(t))
        c.case('StatelessRandomUniformFullInt', [i32(0), np.array([3, 4], t)], 'none ' + name_of(t), dtype=tf.as_dtype(t))
    for t in (I32, I64):
        c.case('StatelessRandomGetKeyCounter', [np.array([-1, 77], t)])
        c.case('StatelessRandomGetKeyCounterAlg', [np.array([5, -9], t)])
    c.case('StatelessRandomGetKeyCounter', [i64(1, 2, 3)], 'seed', error_part='')
    c.case('StatelessRandomGetAlg', [])
    c.save()


def array_space():
    c = Cases('array_space')
    f = lambda *d: values(np.float32, d)

    def case(*args, **more):
        try:
            c.case(*args, **more)
        except ValueError:
            pass  # TensorFlow refuses it when the graph is built
    for dtype in POD:
        c.case('SpaceToDepth', [values(dtype, (2, 4, 6, 3))], name_of(dtype), block_size=2)
        c.case('DepthToSpace', [values(dtype, (2, 2, 3, 8))], name_of(dtype), block_size=2)
        if dtype not in (object, np.bool_) and dtype not in COMPLEX:
            case('SpaceToBatchND', [values(dtype, (2, 4, 6)), i32(2, 3), i32(0, 0, 1, 2).reshape(2, 2)], name_of(dtype), shapes=True)
            case('BatchToSpaceND', [values(dtype, (12, 2, 3)), i32(2, 3), i32(0, 1, 2, 0).reshape(2, 2)], name_of(dtype), shapes=True)
    for b in (2, 3):
        c.case('SpaceToDepth', [f(1, 6, 6, 2)], str(b), block_size=b)
        c.case('DepthToSpace', [f(1, 2, 1, 18 * b)], str(b), block_size=b) if b == 3 else c.case('DepthToSpace', [f(1, 2, 1, 16)], str(b), block_size=b)
    c.case('SpaceToDepth', [f(0, 4, 4, 1)], 'empty', block_size=2)
    c.case('SpaceToDepth', [f(1, 4, 5, 1)], 'uneven', block_size=2)
    c.case('DepthToSpace', [f(1, 4, 5, 3)], 'uneven', block_size=2)
    c.case('SpaceToDepth', [f(4, 5, 3)], 'rank', block_size=2)
    c.case('DepthToSpace', [f(4, 5, 4)], 'rank', block_size=2)
    for t in (I32, I64):
        pads = lambda *p: np.array(p, t).reshape(-1, 2)
        for dims, block, p in [((1, 4, 4, 1), (2, 2), pads(0, 0, 0, 0)), ((2, 3, 5), (2,), pads(1, 0)), ((1, 2, 3, 4, 2), (1, 3, 2), pads(1, 1, 0, 0, 2, 0)),
                               ((2, 3), (), pads()), ((1, 3), (3,), pads(0, 0)), ((1, 4), (3,), pads(0, 0)), ((1, 4), (0,), pads(0, 0)),
                               ((1, 4), (2,), pads(-1, 1)), ((0, 4), (2,), pads(0, 0)), ((1, 4), (2,), pads(0, 0, 0, 0))]:
            case('SpaceToBatchND', [f(*dims), np.array(block, t), p], '%s %s' % (dims, block), error_part='', shapes=True)
        for dims, block, p in [((4, 2, 2, 1), (2, 2), pads(0, 0, 0, 0)), ((4, 3, 5), (2,), pads(1, 2)), ((6, 2, 3, 4, 2), (1, 3, 2), pads(0, 1, 0, 2, 2, 0)),
                               ((2, 3), (), pads()), ((3, 3), (3,), pads(0, 0)), ((4, 4), (3,), pads(0, 0)), ((4, 2), (2,), pads(2, 3)), ((4, 2), (2,), pads(2, 2)),
                               ((4, 4), (2,), pads(-1, 1)), ((0, 4), (2,), pads(0, 0))]:
            case('BatchToSpaceND', [f(*dims), np.array(block, t), p], '%s %s' % (dims, block), error_part='', shapes=True)
        c.case('SpaceToBatch', [f(1, 4, 5, 2), pads(0, 0, 1, 0)], 'old', block_size=2)
        c.case('BatchToSpace', [f(4, 2, 3, 2), pads(0, 1, 1, 0)], 'old', block_size=2)
    case('SpaceToBatchND', [f(1, 4), i64(1 << 62), np.zeros((1, 2), I64)], 'huge', error_part='', shapes=True)
    c.save()


def string_split():
    c = Cases('string_split')
    texts = s(b'a b  c', b'', b'  lead and trail ', b'one', b'x,y,,z', b',', b'\t\r\n', b'a--b--', b'\xc3\xa4 \xe2\x82\xac')
    for sep in (b'', b',', b'--', b' ', b'zzz'):
        for most in (-1, 0, 1, 2):
            c.case('StringSplitV2', [texts, np.array(sep, object)], '%s %d' % (sep, most), maxsplit=most)
        for skip in (True, False):
            c.case('StringSplit', [texts, np.array(sep, object)], '%s %s' % (sep, skip), skip_empty=skip)
    for op in ('StringSplit', 'StringSplitV2'):
        c.case(op, [texts, np.array(b', -', object)], 'several bytes')
        c.case(op, [np.zeros((0,), object), np.array(b' ', object)], 'none')
        c.case(op, [texts, s(b' ')], 'separator rank')
        c.case(op, [texts[:4].reshape(2, 2), np.array(b' ', object)], 'rank')
    for dtype in FLOATS:
        c.case('CheckNumerics', [values(dtype, (2, 3))], name_of(dtype), message='m')
    for op in ('CheckNumerics', 'CheckNumericsV2'):
        for bad in ([np.nan], [np.inf], [-np.inf, 1], [np.inf, np.nan], [np.inf, -np.inf, np.nan], [np.inf, -np.inf], []):
            c.case(op, [f32(*bad)], str(bad), message='the message')
    c.save()


FAMILIES = [array_shape, array_concat, array_slice, array_move, array_fill, array_gather, array_scatter, array_pad, array_dynamic,
            array_space, string_ops, parsing_ops, random_ops, string_split]

if __name__ == '__main__':
    generate(FAMILIES, 2)
