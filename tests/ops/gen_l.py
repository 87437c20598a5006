"""Op cases of ops that are chains of others: python tests/ops/gen_l.py (README.md here)."""
from op_cases import Cases  # first: it sets TensorFlow's environment
from case_values import BF16, F32, I32, generate, name_of, rng

import numpy as np


def v(*shape, dtype=F32): return rng.uniform(-1, 1, shape).astype(dtype)
def pads(*pairs): return np.array(pairs, I32)


def case(c, *args, **more):
    """A case, unless TensorFlow refuses it when the graph is built."""
    try:
        c.case(*args, shapes=True, name='fused', **more)  # no name may begin as theirs do
    except ValueError as error:
        print('refused at once:', args[0], args[2], str(error)[:90])


CONV = dict(strides=[1, 1, 1, 1], padding='VALID')
HW = pads((0, 0), (1, 2), (2, 1), (0, 0))


def pad(c):
    # Of more than one image TensorFlow's answers are wrong after the first: its cache of rows does not know images apart.
    op = 'FusedPadConv2D'
    for dtype in (np.float16, BF16, F32, np.float64):
        case(c, op, [v(1, 5, 6, 3, dtype=dtype), HW, v(3, 3, 3, 4, dtype=dtype)], name_of(dtype), mode='REFLECT', rtol=3e-2 if dtype in (np.float16, BF16) else 1e-5,
               atol=3e-2 if dtype in (np.float16, BF16) else 1e-6, **CONV)
    for mode in ('REFLECT', 'SYMMETRIC'):
        case(c, op, [v(1, 4, 4, 2), HW, v(2, 3, 2, 3)], mode, mode=mode, strides=[1, 2, 2, 1], padding='SAME')
        case(c, op, [v(1, 3, 3, 2), 0 * HW, v(3, 3, 2, 3)], mode + ' of nothing', mode=mode, **CONV)
        for label, p in (('as large', pads((0, 0), (3, 0), (0, 0), (0, 0))), ('larger', pads((0, 0), (0, 0), (0, 4), (0, 0))),
                         ('negative', pads((0, 0), (-1, 0), (0, 0), (0, 0))), ('three rows', HW[:3]), ('a vector', HW[0])):
            case(c, op, [v(1, 3, 3, 2), p, v(2, 2, 2, 3)], mode + ' ' + label, mode=mode, error_part='', **CONV)
    case(c, op, [v(0, 4, 4, 2), HW, v(2, 3, 2, 3)], 'no rows', mode='REFLECT', error_part='', **CONV)
    case(c, op, [v(4, 4, 2), HW, v(2, 3, 2, 3)], 'three dims', mode='REFLECT', error_part='', **CONV)
    case(c, op, [v(1, 4, 4, 2), HW, v(2, 3, 3, 3)], 'depths', mode='REFLECT', error_part='', **CONV)


def resized(c):
    op = 'FusedResizeAndPadConv2D'
    for dtype in (np.float16, F32, np.float64):
        for align in (False, True):
            case(c, op, [v(1, 5, 6, 3, dtype=dtype), np.array([8, 4], I32), HW, v(3, 3, 3, 4, dtype=dtype)], '%s %d' % (name_of(dtype), align), mode='REFLECT', resize_align_corners=align,
                   rtol=3e-2 if dtype == np.float16 else 1e-5, atol=3e-2 if dtype == np.float16 else 1e-5, **CONV)
    for label, size in (('one', [1, 1]), ('no size', [0, 4]), ('negative', [-1, 4]), ('three', [4, 4, 4])):
        case(c, op, [v(1, 3, 3, 2), np.array(size, I32), 0 * HW, v(1, 1, 2, 3)], label, mode='SYMMETRIC', error_part='', **CONV)
    case(c, op, [v(1, 3, 3, 2), np.array([6, 5], I32), HW, v(3, 3, 2, 3)], 'strides', mode='SYMMETRIC', strides=[1, 2, 2, 1], padding='SAME')
    case(c, op, [v(1, 3, 3, 2), np.array([2, 2], I32), HW, v(3, 3, 2, 3)], 'too far', mode='REFLECT', error_part='', **CONV)


def conv(c):
    op = '_FusedConv2D'
    for act in ('Relu', 'Relu6', 'Elu', 'LeakyRelu', None):
        for first, args in (('BiasAdd', [v(4)]), ('FusedBatchNorm', [v(4), v(4), v(4), v(4) ** 2 + F32(0.1)])):
            fused = [first] + [act] * (act is not None)
            case(c, op, [v(2, 5, 6, 3) * F32(4), v(3, 3, 3, 4), args, []], ' '.join(fused), fused_ops=fused, leakyrelu_alpha=0.3, strides=[1, 1, 2, 1], padding='SAME', num_args=len(args))
    case(c, op, [v(1, 5, 6, 3, dtype=np.float64), v(3, 3, 3, 4, dtype=np.float64), [v(4, dtype=np.float64)], []], 'double', fused_ops=['BiasAdd', 'Relu'], num_args=1, **CONV)
    more = dict(strides=[1, 1, 1, 1], padding='EXPLICIT', explicit_paddings=[0, 0, 1, 2, 0, 1, 0, 0], dilations=[1, 2, 1, 1], num_args=1)
    case(c, op, [v(1, 5, 6, 3), v(3, 3, 3, 4), [v(4)], []], 'explicit', fused_ops=['BiasAdd'], **more)
    for label, fused, args in (('no ops', [], [v(4)]), ('unknown', ['Abs'], [v(4)]), ('too many', ['BiasAdd', 'Relu', 'Relu'], [v(4)]), ('no bias', ['BiasAdd'], [v(4), v(4)])):
        case(c, op, [v(1, 5, 6, 3), v(3, 3, 3, 4), args, []], label, fused_ops=fused, error_part='', num_args=len(args), **CONV)


def matmul(c):
    op = '_FusedMatMul'
    for act in ('Relu', 'Relu6', 'Elu', 'LeakyRelu', 'Tanh', 'Sigmoid', None):
        fused = ['BiasAdd'] + [act] * (act is not None)
        case(c, op, [v(3, 5) * F32(4), v(5, 4), [v(4)]], ' '.join(fused), fused_ops=fused, leakyrelu_alpha=0.3)
    case(c, op, [v(5, 3), v(4, 5), [v(4)]], 'transposed', fused_ops=['BiasAdd', 'Relu'], transpose_a=True, transpose_b=True)
    case(c, op, [v(0, 5), v(5, 4), [v(4)]], 'no rows', fused_ops=['BiasAdd'])
    for label, fused, a in (('no ops', [], v(3, 5)), ('unknown', ['Abs'], v(3, 5)), ('sizes', ['BiasAdd'], v(3, 6)), ('a vector', ['BiasAdd'], v(5))):
        case(c, op, [a, v(5, 4), [v(4)]], label, fused_ops=fused, error_part='')


def fused():
    c = Cases('fused')
    for f in (pad, resized, conv, matmul): f(c)
    c.save()


if __name__ == '__main__':
    generate([fused], 12)
