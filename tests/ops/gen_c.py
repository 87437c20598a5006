"""Op cases of the image, signal, 3-D, recurrent and counting families: python tests/ops/gen_c.py [FAMILY...] (README.md here)."""
import sys

from op_cases import Cases  # first: it sets TensorFlow's environment

import numpy as np
import tensorflow as tf

BF16 = tf.bfloat16.as_numpy_dtype
FLOATS = [np.float16, BF16, np.float32, np.float64]
INTS = [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64]
rng = np.random.RandomState(3)


def i32(*v): return np.array(v, np.int32)
def f32(*v): return np.array(v, np.float32)


def name_of(dtype): return np.dtype(dtype).name


def values(dtype, shape, low=-4, high=4):
    """Random numbers of few bits, that files pack well."""
    if dtype in (np.complex64, np.complex128):
        return (np.round(rng.uniform(low, high, shape) * 64) / 64 +
                1j * np.round(rng.uniform(low, high, shape) * 64) / 64).astype(dtype)
    if dtype in INTS:
        return rng.randint(max(low, 0) if np.dtype(dtype).kind == 'u' else low, high + 1, shape).astype(dtype)
    return np.asarray(np.round(rng.uniform(low, high, shape) * 64) / 64).astype(dtype)


def image_resize():
    c = Cases('image_resize')
    sizes = [(4, 5), (8, 7), (1, 1), (3, 2), (5, 9), (2, 13), (17, 3)]
    for op in ('ResizeNearestNeighbor', 'ResizeBilinear', 'ResizeBicubic', 'ResizeArea'):
        modes = [dict(align_corners=False), dict(align_corners=True)]
        if op != 'ResizeArea': modes = [dict(m, half_pixel_centers=False) for m in modes] + [dict(align_corners=False, half_pixel_centers=True)]
        for mode in modes:
            for size in sizes:
                c.case(op, [values(np.float32, (2, 4, 5, 3)), i32(*size)], '%s %s' % (size, mode), **mode)
            c.case(op, [values(np.float32, (1, 1, 1, 2)), i32(3, 3)], 'one pixel', **mode)
            c.case(op, [values(np.float32, (1, 7, 1, 1)), i32(3, 30)], 'thin', **mode)
            c.case(op, [values(np.float32, (0, 2, 3, 1)), i32(4, 4)], 'no image', **mode)
            c.case(op, [values(np.float32, (1, 2, 3, 0)), i32(4, 4)], 'no channel', **mode)
            for dtype in [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.int64, np.float16, np.float64, BF16]:
                c.case(op, [values(dtype, (1, 4, 3, 2), -100, 100), i32(6, 7)], name_of(dtype), 1e-4, 1e-4, **mode)
        c.case(op, [f32(np.inf, 1, np.nan, 2).reshape(1, 2, 2, 1), i32(2, 2)], 'special same size', **modes[0])
        c.case(op, [f32(np.inf, 1, np.nan, 2).reshape(1, 2, 2, 1), i32(3, 4)], 'special', **modes[0])
        for bad in (i32(0, 3), i32(3, -1), i32(3), np.int32(3), i32(1, 2, 3), i32(1, 2).reshape(1, 2)):
            c.case(op, [values(np.float32, (1, 2, 2, 1)), bad], 'bad size')
        c.case(op, [values(np.float32, (2, 2, 1)), i32(2, 2)], 'bad rank')
        c.case(op, [values(np.float32, (1, 0, 2, 1)), i32(2, 2)], 'empty')
        if op != 'ResizeArea':
            c.case(op, [values(np.float32, (1, 2, 2, 1)), i32(2, 2)], 'both', align_corners=True, half_pixel_centers=True)
    c.case('ResizeBilinear', [values(np.uint8, (1, 40, 50, 3), 0, 255), i32(64, 48)], 'larger', 1e-4, 1e-4, half_pixel_centers=True)
    c.save()


if __name__ == '__main__':
    for family in sys.argv[1:] or ['image_resize']:
        globals()[family]()
