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
                         ('negative', pads((0, 0), (-1, 0), (0, 0), (0, 0))), ('three rows', HW[:3]), ('a vector', HW[0]),
                         ('images', pads((0, 1), (0, 0), (0, 0), (0, 0))), ('depths', pads((0, 0), (0, 0), (0, 0), (1, 0)))):
            case(c, op, [v(1, 3, 3, 2), p, v(2, 2, 2, 3)], mode + ' ' + label, mode=mode, error_part='', **CONV)
    case(c, op, [v(0, 4, 4, 2), HW, v(2, 3, 2, 3)], 'no rows', mode='REFLECT', error_part='', **CONV)
    case(c, op, [v(4, 4, 2), HW, v(2, 3, 2, 3)], 'three dims', mode='REFLECT', error_part='', **CONV)
    case(c, op, [v(1, 4, 4, 2), HW, v(2, 3, 2, 3)], 'strides', mode='REFLECT', error_part='', padding='SAME', strides=[1, 1, 1, 2])
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
    case(c, op, [v(1, 3, 3, 2), np.array([2, 2], I32), 0 * HW, v(3, 3, 2, 3)], 'nothing', mode='REFLECT', error_part='', **CONV)
    case(c, op, [v(1, 3, 3, 2), np.array([2, 2], I32), HW, v(3, 3, 2, 3)], 'too far', mode='REFLECT', error_part='', **CONV)


def fused():
    c = Cases('fused')
    for f in (pad, resized): f(c)
    c.save()


if __name__ == '__main__':
    generate([fused], 12)
