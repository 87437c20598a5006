"""Op cases of the image, signal, 3-D, recurrent and counting families: python tests/ops/gen_c.py [FAMILY...] (README.md here)."""
from op_cases import Cases, attr_bytes  # first: it sets TensorFlow's environment
from case_values import BF16, FLOATS, INTS, f32, generate, i32, name_of, refused, s as strings, values

import numpy as np
import tensorflow as tf


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


def signal_fft():
    c = Cases('signal_fft')
    types = [(np.float32, np.complex64, tf.float32, tf.complex64, 2e-5, 2e-4), (np.float64, np.complex128, tf.float64, tf.complex128, 1e-10, 1e-10)]
    lengths = {np.float32: [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 16, 30, 36, 49, 61, 64, 67, 97, 121, 122, 134, 210, 256, 1001, 1031, 2062],
               np.float64: [1, 2, 3, 4, 5, 6, 7, 8, 30, 49, 61, 67, 134, 400]}
    for real, cplx, treal, tcomplex, rtol, atol in types:
        for n in lengths[real]:
            batch = (2, n) if n < 20 else (n,)
            for op in ('FFT', 'IFFT'):
                c.case(op, [values(cplx, batch)], str(n), rtol, atol * (1 + n / 50))
            c.case('RFFT', [values(real, batch), i32(n)], str(n), rtol, atol * (1 + n / 50), Tcomplex=tcomplex)
            c.case('IRFFT', [values(cplx, batch[:-1] + (n // 2 + 1,)), i32(n)], str(n), rtol, atol, Treal=treal)
        for dims in [(3, 4), (2, 5, 6), (1, 7, 4), (4, 1), (67, 2)]:
            for op in ('FFT2D', 'IFFT2D'):
                c.case(op, [values(cplx, dims)], str(dims), rtol, atol)
            for cut in ((0, 0), (0, 1), (1, 0)):
                length = i32(max(dims[-2] - cut[0], 1), max(dims[-1] - cut[1], 1))
                c.case('RFFT2D', [values(real, dims), length], str((dims, cut)), rtol, atol, Tcomplex=tcomplex)
                c.case('IRFFT2D', [values(cplx, dims), i32(length[0], min(length[1], dims[-1] * 2 - 2) or 1)], str((dims, cut)), rtol, atol, Treal=treal)
                c.case('IRFFT2D', [values(cplx, dims), i32(length[0], max(dims[-1] * 2 - 2 - cut[1], 1))], str((dims, cut)), rtol, atol, Treal=treal)
        for dims in [(3, 4, 5), (2, 2, 3, 4), (4, 3, 6)]:
            for op in ('FFT3D', 'IFFT3D'):
                c.case(op, [values(cplx, dims)], str(dims), rtol, atol)
            for cut in ((0, 0, 0), (1, 1, 1), (0, 1, 0)):
                length = [dims[-3 + i] - cut[i] for i in range(3)]
                c.case('RFFT3D', [values(real, dims), i32(*length)], str((dims, cut)), rtol, atol, Tcomplex=tcomplex)
                c.case('IRFFT3D', [values(cplx, dims), i32(length[0], length[1], dims[-1] * 2 - 2 - cut[2])], str((dims, cut)), rtol, atol, Treal=treal)
        # crops, lengths that don't fit, nothing
        for n in (4, 5, 1, 0):
            c.case('RFFT', [values(real, (2, 7)), i32(n)], 'crop', rtol, atol, error_part='', Tcomplex=tcomplex)
            c.case('IRFFT', [values(cplx, (2, 7)), i32(n)], 'crop', rtol, atol, error_part='', Treal=treal)
        c.case('RFFT', [values(real, (0, 4)), i32(4)], 'no lines', Tcomplex=tcomplex)
        c.case('RFFT', [values(real, (0,)), i32(0)], 'empty', Tcomplex=tcomplex)
        c.case('IRFFT', [values(cplx, (0, 3)), i32(4)], 'no lines', Treal=treal)
        c.case('FFT', [values(cplx, (0,))], 'empty')
        c.case('FFT2D', [values(cplx, (3, 0))], 'empty')
    t = dict(Tcomplex=tf.complex64)
    for bad in (i32(9), i32(-1), i32(2, 2), np.int32(3), i32()):
        c.case('RFFT', [values(np.float32, (2, 7)), bad], 'bad length', **t)
        c.case('IRFFT', [values(np.complex64, (2, 4)), bad], 'bad length', Treal=tf.float32)
    c.case('RFFT2D', [values(np.float32, (7,)), i32(3, 3)], 'rank', **t)
    c.case('RFFT3D', [values(np.float32, (7, 2)), i32(3, 3, 3)], 'rank', **t)
    c.case('RFFT2D', [values(np.float32, (7, 2)), i32(8, 2)], 'bad length', **t)
    c.case('IRFFT2D', [values(np.complex64, (7, 2)), i32(8, 2)], 'bad length', Treal=tf.float32)
    c.case('RFFT', [np.float32(1), i32(1)], 'scalar', **t)
    c.case('FFT', [np.complex64(1)], 'scalar')
    c.case('FFT2D', [values(np.complex64, (3,))], 'rank')
    c.case('FFT', [values(np.complex64, (10, 1024))], 'threads', 2e-5, 1e-2)
    # spectra that cancel: TensorFlow's bits, and those of the windows
    for n in (2, 3, 4, 5, 6, 8, 9, 10, 25, 40, 60, 64, 75, 240, 400, 1000, 1215):
        c.case('RFFT', [values(np.float32, (2, n)), i32(n)], 'exact %d' % n, 0, 0, **t)
        c.case('IRFFT', [values(np.complex64, (2, n // 2 + 1)), i32(n)], 'exact %d' % n, 0, 0, Treal=tf.float32)
    for n in (8, 15, 64, 400, 512):
        c.case('FFT', [values(np.complex64, (n,))], 'exact %d' % n, 0, 0)
        c.case('IFFT', [values(np.complex64, (n,))], 'exact %d' % n, 0, 0)
    for n in (1024, 2048):
        c.case('RFFT', [values(np.float32, (n,)), i32(n)], 'exact %d' % n, 0, 0, **t)
        c.case('IRFFT', [values(np.complex64, (n // 2 + 1,)), i32(n)], 'exact %d' % n, 0, 0, Treal=tf.float32)
    turn = (np.arange(-500, 500) / 64 * np.pi).astype(np.float32)
    c.case('Cos', [turn], 'exact', 0, 0)
    c.case('Sin', [turn], 'exact', 0, 0)
    for length in ([3, 0, 1], [0, 5, 1], [3, 5, 0], [0, 0, 0], [0, 0, 1]):
        c.case('RFFT3D', [values(np.float32, (3, 5, 1)), i32(*length)], 'nothing %s' % length, error_part='', **t)
        c.case('IRFFT3D', [values(np.complex64, (3, 5, 1)), i32(*length)], 'nothing %s' % length, error_part='', Treal=tf.float32)
    for length in ([0, 1], [3, 0], [0, 0]):
        c.case('RFFT2D', [values(np.float32, (5, 1)), i32(*length)], 'nothing %s' % length, error_part='', **t)
        c.case('IRFFT2D', [values(np.complex64, (5, 1)), i32(*length)], 'nothing %s' % length, error_part='', Treal=tf.float32)
    c.save()


TOLERANCE = {np.float16: (5e-3, 2e-2), BF16: (2e-2, 5e-2), np.float32: (1e-5, 1e-4), np.float64: (1e-9, 1e-9)}


def nn_conv3d():
    c = Cases('nn_conv3d')
    shapes = [((2, 4, 5, 3, 2), (3, 3, 3, 2, 3)), ((1, 5, 5, 5, 3), (2, 1, 3, 3, 4)), ((1, 1, 1, 1, 2), (1, 1, 1, 2, 2)), ((1, 2, 3, 2, 1), (3, 4, 3, 1, 2))]
    for x, f in shapes:
        for padding in ('SAME', 'VALID'):
            for strides in ([1, 1, 1, 1, 1], [1, 2, 1, 3, 1], [1, 2, 2, 2, 1]):
                y = c.case('Conv3D', [values(np.float32, x, -2, 2), values(np.float32, f, -2, 2)], '', *TOLERANCE[np.float32], padding=padding, strides=strides)
                if isinstance(y, tuple) or y[0].size == 0: continue  # of nothing, TensorFlow crashes
                c.case('Conv3DBackpropInputV2', [i32(*x), values(np.float32, f, -2, 2), values(np.float32, y[0].shape, -2, 2)], '', *TOLERANCE[np.float32], padding=padding, strides=strides)
    ones = [1] * 5
    for dtype in FLOATS:
        for size in (np.int32, np.int64):
            c.case('Conv3DBackpropInputV2', [np.array((1, 4, 4, 4, 2), size), values(dtype, (2, 2, 2, 2, 3), -1, 1), values(dtype, (1, 2, 2, 2, 3), -1, 1)], name_of(dtype), *TOLERANCE[dtype], padding='SAME', strides=[1, 2, 2, 2, 1])
        c.case('Conv3D', [values(dtype, (1, 4, 4, 4, 2), -1, 1), values(dtype, (2, 2, 2, 2, 3), -1, 1)], name_of(dtype), *TOLERANCE[dtype], padding='SAME', strides=ones)
    v = lambda *dims: values(np.float32, dims)
    for x, f in [((0, 3, 3, 3, 2), (2, 2, 2, 2, 1)), ((1, 0, 3, 3, 2), (1, 2, 2, 2, 1)), ((1, 3, 3, 3, 2), (4, 4, 4, 2, 1))]:
        for padding in ('SAME', 'VALID'):
            c.case('Conv3D', [v(*x), v(*f)], 'empty %s %s' % (x, f), padding=padding, strides=ones)
    bad = dict(padding='SAME', strides=ones, error_part='')
    c.case('Conv3D', [v(2, 3, 3, 3), v(2, 2, 2, 2, 1)], 'rank', **bad)
    c.case('Conv3D', [v(1, 2, 3, 3, 3), v(2, 2, 2, 1)], 'rank', **bad)
    c.case('Conv3D', [v(1, 2, 3, 3, 3), v(2, 2, 2, 2, 1)], 'depth', **bad)
    c.case('Conv3D', [v(1, 2, 3, 3, 4), v(2, 2, 2, 2, 4)], 'groups', **bad)
    c.case('Conv3D', [v(1, 4, 4, 4, 2), v(2, 2, 2, 2, 1)], 'dilated', dilations=[1, 2, 1, 1, 1], **bad)
    c.case('Conv3D', [v(1, 2, 4, 4, 4), v(2, 2, 2, 2, 1)], 'NCDHW', data_format='NCDHW', **bad)
    c.case('Conv3D', [v(1, 4, 4, 4, 2), v(2, 2, 2, 2, 1)], 'stride', padding='SAME', strides=[1, 1, 1, 1, 2], error_part='')
    for x, f, strides in [((2, 3, 4, 6, 2), (1, 1, 1, 2, 3), (3, 3, 3)), ((1, 6, 4, 3, 1), (1, 2, 1, 1, 2), (3, 4, 3)), ((1, 7, 3, 5, 2), (2, 1, 1, 2, 2), (4, 3, 1))]:
        c.case('Conv3D', [v(*x), v(*f)], 'windows apart', 1e-5, 1e-4, padding='SAME', strides=[1, *strides, 1])
        c.case('Conv3DBackpropInputV2', [i32(*x), v(*f), v(*x[:1], *[-(-n // s) for n, s in zip(x[1:4], strides)], f[4])], 'windows apart', 1e-5, 1e-4, padding='SAME', strides=[1, *strides, 1])
    c.case('Conv3D', [v(1, 2, 2, 1, 4), v(3, 1, 2, 2, 3)], 'NCDHW, empty', data_format='NCDHW', padding='VALID', strides=ones)
    c.case('Conv3D', [v(0, 2, 2, 1, 4), v(1, 1, 2, 2, 3)], 'dilated, empty', data_format='NCDHW', dilations=[1, 1, 1, 2, 1], padding='VALID', strides=ones)
    for sizes, f, y in [((1, 4, 4, 4), (2, 2, 2, 2, 3), (1, 4, 4, 4, 3)), ((1, 4, 4, 4, 2), (2, 2, 2, 2, 3), (1, 4, 4, 5, 3)), ((1, 4, 4, 4, 2), (2, 2, 2, 2, 3), (1, 4, 4, 4, 2)),
                        ((1, 4, 4, 4, 3), (2, 2, 2, 2, 3), (1, 4, 4, 4, 3)), ((1, 4, 4, -4, 2), (2, 2, 2, 2, 3), (1, 4, 4, 4, 3)), ((1, 4, 4, 4, 4), (2, 2, 2, 2, 4), (1, 4, 4, 4, 4))]:
        c.case('Conv3DBackpropInputV2', [i32(*sizes), v(*f), v(*y)], 'bad', **bad)
    c.as_of(9)
    for dtype in (np.float16, np.float32, np.float64):
        c.case('Conv3DBackpropInput', [values(dtype, (1, 4, 4, 4, 2)), values(dtype, (2, 2, 2, 2, 3), -1, 1), values(dtype, (1, 2, 2, 2, 3), -1, 1)], name_of(dtype), *TOLERANCE[dtype], padding='SAME', strides=[1, 2, 2, 2, 1])
    c.case('Conv3DBackpropInput', [v(1, 3, 3, 3), v(2, 2, 2, 1, 1), v(1, 2, 2, 2, 1)], 'rank', error_part='', padding='VALID', strides=[1, 1, 1, 1, 1])
    for x, f in [((1, 3, 3, 3, 2), (1, 1, 1, 2, 0)), ((0, 3, 3, 3, 2), (1, 0, 1, 2, 1)), ((1, 3, 3, 3, 0), (1, 1, 1, 0, 2))]:
        c.case('Conv3D', [v(*x), v(*f)], 'empty filter', error_part='zero', padding='VALID', strides=ones)
    c.save()


def nn_pool3d():
    c = Cases('nn_pool3d')
    for op in ('MaxPool3D', 'AvgPool3D'):
        for x in [(2, 4, 5, 3, 3), (1, 6, 1, 7, 1), (1, 2, 2, 2, 17)]:
            for padding in ('SAME', 'VALID'):
                for ksize, strides in [((2, 2, 2), (2, 2, 2)), ((3, 1, 2), (1, 2, 1)), ((1, 1, 1), (1, 1, 1)), ((3, 3, 3), (2, 2, 2))]:
                    c.case(op, [values(np.float32, x)], '%s %s %s' % (x, ksize, strides), ksize=[1, *ksize, 1], strides=[1, *strides, 1], padding=padding)
        k = dict(ksize=[1, 2, 2, 2, 1], strides=[1, 1, 2, 1, 1])
        for dtype in (BF16, np.float32):
            c.case(op, [values(dtype, (1, 3, 4, 3, 5))], name_of(dtype), *TOLERANCE[dtype], padding='SAME', **k)
        c.case(op, [np.array([np.nan, 1, -np.inf, 2, -np.inf, -np.inf, -np.inf, np.inf], np.float32).reshape(1, 2, 2, 2, 1)], 'special', padding='SAME', **k)
        c.case(op, [values(np.float32, (0, 3, 4, 3, 2))], 'empty', padding='SAME', **k)
        c.case(op, [values(np.float32, (1, 3, 4, 3, 0))], 'no channel', padding='SAME', error_part='', **k)
        bad = dict(error_part='')
        c.case(op, [values(np.float32, (3, 4, 3, 2))], 'rank', padding='SAME', **k, **bad)
        c.case(op, [values(np.float32, (1, 2, 3, 4, 3))], 'NCDHW', padding='SAME', ksize=[1, 1, 2, 2, 2], strides=[1] * 5, data_format='NCDHW', **bad)
        c.case(op, [values(np.float32, (1, 2, 3, 4, 3))], 'batch', padding='SAME', ksize=[2, 1, 2, 2, 1], strides=[1] * 5, **bad)
        c.case(op, [values(np.float32, (1, 2, 3, 4, 3))], 'stride', padding='SAME', ksize=[1, 1, 2, 2, 1], strides=[1, 1, 1, 1, 2], **bad)
        for k, fmt in (([0, 1, 2, 2, 1], 'NDHWC'), ([1, 1, 0, 2, 1], 'NDHWC'), ([1, 1, 2, 2, -1], 'NDHWC'), ([1, 1, 2, 2, 2], 'NDHWC'), ([1, 1, 2, 2, 1], 'NCDHW')):
            refused(c, op, [values(np.float32, (1, 2, 3, 4, 3))], 'lists', padding='SAME', ksize=k, strides=[1] * 5, data_format=fmt, **bad)
    c.save()


def nn_rnn():
    c = Cases('nn_rnn')

    def cell(dtype, batch, inputs, cells, scale=1):
        v = lambda *dims: values(dtype, dims, -scale, scale)
        return dict(x=v(batch, inputs), cs_prev=v(batch, cells), h_prev=v(batch, cells), w=v(inputs + cells, 4 * cells),
                    wci=v(cells), wcf=v(cells), wco=v(cells), b=v(4 * cells))
    for dtype in (np.float16, np.float32):
        rtol, atol = TOLERANCE[dtype]
        for sizes in [(2, 3, 4), (1, 1, 1), (5, 7, 17)]:
            for peephole in (False, True):
                for clip in (3.0, 0.5, -1.0):
                    a = cell(dtype, *sizes)
                    k = dict(cell_clip=clip, use_peephole=peephole)
                    label = '%s %s %s' % (name_of(dtype), sizes, k)
                    c.case('LSTMBlockCell', list(a.values()), label, rtol, atol, forget_bias=0.5, **k)
                    for time, used in [(3, 3), (4, 2), (2, 0)]:
                        if sizes[0] == 5 and time != 3: continue
                        a['x'] = values(dtype, (time,) + sizes[:2], -1, 1)
                        args = [np.int64(used)] + list(a.values())
                        rest = (0, 2, 3, 4, 5) if used < time else ()  # TensorFlow leaves unused steps of these as they are
                        c.case('BlockLSTM', args, label, rtol, atol, shape_only=rest, forget_bias=1.0, **k)
                        c.case('BlockLSTMV2', args, label, rtol, atol, shape_only=rest, **k)
    for batch, inputs, cells in [(2, 3, 4), (1, 1, 1), (5, 7, 17)]:
        v = lambda *dims: values(np.float32, dims, -1, 1)
        c.case('GRUBlockCell', [v(batch, inputs), v(batch, cells), v(inputs + cells, 2 * cells), v(inputs + cells, cells), v(2 * cells), v(cells)], '', 1e-5, 1e-5)
    v = lambda *dims: values(np.float32, dims, -1, 1)
    good = [v(2, 3), v(2, 4), v(7, 8), v(7, 4), v(8), v(4)]
    for i, bad in enumerate([v(3, 3), v(2, 5), v(6, 8), v(7, 5), v(4), v(5)]):
        c.case('GRUBlockCell', good[:i] + [bad] + good[i + 1:], 'bad %d' % i, error_part='')
    good = list(cell(np.float32, 2, 3, 4).values())
    for i, bad in enumerate([v(3, 3), v(2, 5), v(2, 5), v(6, 16)]):
        c.case('LSTMBlockCell', good[:i] + [bad] + good[i + 1:], 'bad %d' % i, error_part='', use_peephole=True)
        seq = [np.int64(1)] + good[:i] + [bad] + good[i + 1:]
        seq[1] = seq[1][np.newaxis]
        c.case('BlockLSTM', seq, 'bad %d' % i, error_part='', use_peephole=True)
    c.save()


def nn_pool_argmax():
    c = Cases('nn_pool_argmax')
    for dtype in FLOATS + INTS:
        for batch in (False, True):
            for index in (tf.int32, tf.int64):
                c.case('MaxPoolWithArgmax', [values(dtype, (2, 4, 5, 3), -9, 9)], name_of(dtype), ksize=[1, 2, 3, 1], strides=[1, 2, 1, 1], padding='SAME', Targmax=index, include_batch_in_index=batch)
        c.case('MaxPoolWithArgmax', [values(dtype, (1, 4, 5, 1), -1, 1)], 'ties ' + name_of(dtype), ksize=[1, 3, 2, 1], strides=[1, 1, 2, 1], padding='VALID', Targmax=tf.int64)
    special = np.array([np.nan, 1, -np.inf, 2, -np.inf, -np.inf, 3, np.nan], np.float32).reshape(1, 2, 4, 1)
    k = dict(ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], Targmax=tf.int64)
    c.case('MaxPoolWithArgmax', [special], 'special', padding='VALID', **k)
    c.case('MaxPoolWithArgmax', [values(np.float32, (0, 4, 5, 3))], 'empty', padding='VALID', error_part='', **k)
    c.case('MaxPoolWithArgmax', [values(np.float32, (4, 5, 3))], 'rank', padding='VALID', error_part='', **k)
    x = values(np.float32, (2, 4, 5, 3))
    for size, strides in [([1, 2, 2, 1], [1, 1, 1, 2]), ([1, 2, 2, 1], [1, 1, 1, 0]), ([1, 2, 2, 1], [1, 0, 1, 1]), ([1, 2, 2, 1], [2, 1, 1, 1]), ([2, 2, 2, 1], [1, 1, 1, 1]),
                          ([0, 2, 2, 1], [1, 1, 1, 1]), ([1, 0, 2, 1], [1, 1, 1, 1]), ([1, 2, 2, 0], [1, 1, 1, 1]), ([1, 2, 2, 3], [1, 1, 1, 3])]:
        refused(c, 'MaxPoolWithArgmax', [x], 'lists', padding='VALID', ksize=size, strides=strides, Targmax=tf.int64)
    c.save()


def audio_wav():
    c = Cases('audio_wav')
    for dims, rate in [((5, 1), 8000), ((7, 2), 44100), ((1, 1), 1), ((30, 3), 16000)]:
        c.case('EncodeWav', [values(np.float32, dims, -1.5, 1.5), np.int32(rate)])
    c.case('EncodeWav', [f32(0.99997, -1, 1, 0.5 / 32768, 1.5 / 32768, -0.5 / 32768, np.inf, -np.inf).reshape(8, 1), np.int32(8000)], 'edges')
    for audio, rate in [((4,), np.int32(1)), ((4, 1, 1), np.int32(1)), ((4, 1), i32(1)), ((4, 1), np.int32(0)), ((4, 1), np.int32(-1)), ((4, 0), np.int32(1)), ((0, 1), np.int32(1))]:
        c.case('EncodeWav', [values(np.float32, audio), rate], 'bad', error_part='')
    c.case('EncodeWav', [np.zeros((4, 1), np.float32), np.int32(-1)], 'negative rate')
    c.case('EncodeWav', [np.zeros((4, 3), np.float32), np.int32(2**31 - 1)], 'bytes a second')
    c.save()


def summary_ops():
    c = Cases('summary_ops')
    for dtype in FLOATS + INTS:
        c.case('ScalarSummary', [strings(b'a', b'b/c', b''), values(dtype, (3,))], name_of(dtype))
        c.case('HistogramSummary', [np.array(b'h', object), values(dtype, (5, 20), -100, 100)], name_of(dtype))
    c.case('ScalarSummary', [np.array(b'x', object), np.float32(0)], 'zero')
    c.case('ScalarSummary', [strings(), f32()], 'none')
    c.case('ScalarSummary', [strings(b'x'), np.float32(0)], 'one and scalar', error_part='')
    c.case('ScalarSummary', [strings(b'x', b'y'), f32(1, 2, 3)], 'sizes')
    for label, v in [('empty', f32()), ('zeros', f32(0, 0, 0)), ('tiny', f32(1e-13, -1e-13, 1e-12, -1e-12)), ('huge', np.array([1e30, -1e30, 1e20, -1e20])), ('one', np.float32(3))]:
        c.case('HistogramSummary', [np.array(b'h', object), v], label)
    c.case('HistogramSummary', [np.array(b'h', object), f32(1, np.nan)], 'nan', error_part='Nan in summary histogram for: ')
    c.case('HistogramSummary', [np.array(b'h', object), f32(1, np.inf)], 'inf', error_part='Infinity in summary histogram for: ')
    c.case('HistogramSummary', [strings(b'h'), f32(1)], 'tag')
    tag, none = np.array(b'tag', object), np.array(b'', object)
    meta = np.array(b'\n\x07\n\x05image', object)
    for v in [f32(1, 2), np.int64(3), np.zeros((2, 0), np.float32), strings(b'a', b''), np.array(b'word', object), np.array([True, False]), values(np.float16, (2, 3)), values(np.complex64, (2,))]:
        c.case('TensorSummaryV2', [tag, v, none], str(v.dtype))
        c.case('TensorSummaryV2', [tag, v, meta], str(v.dtype))
    for v in [f32(1, 2), strings(b'a', b''), np.array(True)]:
        c._fresh()  # the answer has the node's name
        c.case('TensorSummary', [v], str(v.dtype))
    for dims, k in [((2, 5), 3), ((4, 5, 2), 2), ((2, 5), 1)]:
        attr = attr_bytes(('max_outputs', 'i', k), ('sample_rate', 'f', 8000.))
        c.case('AudioSummaryV2', [tag, values(np.float32, dims, -1, 1), np.float32(8000)], str(dims), max_outputs=k, record=('AudioSummary', 2, attr))
    c.case('TensorSummaryV2', [strings(b'a'), f32(1), none], 'tag')
    c.case('TensorSummaryV2', [tag, f32(1), strings(b'a')], 'metadata')
    for dims, k in [((2, 5), 3), ((1, 5), 3), ((4, 5, 2), 2), ((2, 5), 1), ((0, 5), 3)]:
        c.case('AudioSummaryV2', [tag, values(np.float32, dims, -1, 1), np.float32(8000)], str(dims), max_outputs=k)
    c.case('AudioSummaryV2', [tag, values(np.float32, (5,)), np.float32(8000)], 'rank', error_part='')
    c.case('AudioSummaryV2', [tag, values(np.float32, (2, 5)), np.float32(0)], 'rate', error_part='')
    one = lambda name, v: tf.compat.v1.Summary(value=[tf.compat.v1.Summary.Value(tag=name, simple_value=v)]).SerializeToString()
    c.case('MergeSummary', [[np.array(one('a', 1), object), strings(one('b', 0), one('', 2), one('', 2))]], 'merge')
    c.case('MergeSummary', [[np.array(one('a', 1), object)]], 'one')
    c.case('MergeSummary', [[none, none]], 'empty')
    c.case('MergeSummary', [[np.array(one('a', 1), object), np.array(one('a', 2), object)]], 'twice', error_part='Duplicate tag a found in summary inputs')
    c.case('MergeSummary', [[np.array(b'\x0a\x7f', object)]], 'cut short')
    c.case('MergeSummary', [[np.array(b'\x0a\x02\x0a\x05', object)]], 'cut short inside')
    for rate in (.4, 1.2, 1.5, 2.5, 44100.25):
        c.case('AudioSummaryV2', [tag, values(np.float32, (2, 5), -1, 1), np.float32(rate)], 'rate')
    for rate in (1e9, 2.**31, 2.**32, 1e30, np.inf, np.nan, -1):
        for dims in ((0, 3), (1, 3)):
            c.case('AudioSummaryV2', [tag, np.zeros(dims, np.float32), np.float32(rate)], 'rate')
    c.save()


def matmul_sparse():
    c = Cases('matmul_sparse')
    for ta in (np.float32, BF16):
        for tb in (np.float32, BF16):
            for i in range(16):
                bits = [bool(i >> b & 1) for b in range(4)]
                a, b = values(ta, (5, 3) if bits[0] else (3, 5)), values(tb, (4, 5) if bits[1] else (5, 4))
                a[np.asarray(a, np.float32) < 0] = 0
                b[np.asarray(b, np.float32) > 1] = 0
                rtol = 1e-5 if ta == tb == np.float32 else 1e-2
                c.case('SparseMatMul', [a, b], '%s %s %s' % (name_of(ta), name_of(tb), bits), rtol, 1e-4, transpose_a=bits[0], transpose_b=bits[1], a_is_sparse=bits[2], b_is_sparse=bits[3])
    v = lambda *dims: values(np.float32, dims)
    c.case('SparseMatMul', [v(90, 50), v(50, 40)], 'large', 1e-4, 1e-3, a_is_sparse=True)
    c.case('SparseMatMul', [v(0, 2), v(2, 3)], 'empty')
    c.case('SparseMatMul', [v(2, 0), v(0, 3)], 'no depth')
    c.case('SparseMatMul', [v(2, 3), v(2, 3)], 'sizes', error_part='')
    c.case('SparseMatMul', [v(2, 3, 1), v(3, 3)], 'rank', error_part='')
    c.save()


def image_color():
    c = Cases('image_color')
    for dtype in FLOATS:
        x = values(dtype, (2, 5, 7, 3), 0, 1)
        grey = np.array([[[0, 0, 0], [1, 1, 1], [.5, .5, .5], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [-1, 2, .5]]], dtype)
        rtol, atol = TOLERANCE[dtype]
        for op in ('RGBToHSV', 'HSVToRGB'):
            c.case(op, [x], name_of(dtype), rtol, atol)
            c.case(op, [grey], 'greys ' + name_of(dtype), rtol, atol)
            c.case(op, [np.zeros((0, 3), dtype)], 'empty', rtol, atol)
    x = values(np.float32, (2, 5, 7, 3), 0, 1)
    for amount in (-1, -0.3, 0, 0.25, 0.9, 1):
        c.case('AdjustHue', [x, np.float32(amount)], str(amount), 1e-4, 1e-4)
    for amount in (0, 0.5, 1, 3):
        c.case('AdjustSaturation', [x, np.float32(amount)], str(amount), 1e-4, 1e-4)
        c.case('AdjustContrastv2', [x, np.float32(amount)], str(amount), 1e-4, 1e-4)
    for op in ('AdjustHue', 'AdjustSaturation', 'AdjustContrastv2'):
        c.case(op, [values(np.float32, (4, 3)), np.float32(1)], 'rank')
        c.case(op, [values(np.float32, (0, 4, 4, 3)), np.float32(1)], 'empty')
        c.case(op, [x, f32(1)], 'amount')
        c.case(op, [x[..., :0], np.float32(1)], 'no channel')
        c.case(op, [x[:, :0], np.float32(.5)], 'no row')
        c.case(op, [np.where(x > .9, np.nan, x).astype(np.float32), np.float32(.5)], 'nan', 1e-4, 1e-4)
        c.case(op, [np.where(x > .9, np.inf, x).astype(np.float32), np.float32(.5)], 'inf', 1e-4, 1e-4)
    for op in ('RGBToHSV', 'HSVToRGB', 'AdjustHue', 'AdjustSaturation'):
        c.case(op, [values(np.float32, (4, 4, 2))] + [np.float32(1)] * (op[0] == 'A'), 'channels')
    for op in ('RGBToHSV', 'HSVToRGB'):
        c.case(op, [np.float32(1)], 'scalar')
        c.case(op, [f32(.1, .5, .25)], 'vector')
        c.case(op, [f32()], 'empty vector')
        c.case(op, [f32(np.nan, .5, .25, .5, np.nan, .5, np.inf, 1, 1, -np.inf, 1, 0).reshape(4, 3)], 'odd')
    c.save()


def image_crop():
    c = Cases('image_crop')
    boxes = f32(0, 0, 1, 1, 0.1, 0.2, 0.7, 0.9, 1, 1, 0, 0, -0.5, 0.3, 1.5, 0.6, 0.5, 0.5, 0.5, 0.5).reshape(5, 4)
    index = i32(0, 1, 1, 0, 1)
    for method in ('bilinear', 'nearest'):
        for size in ((3, 4), (1, 1), (7, 2)):
            c.case('CropAndResize', [values(np.float32, (2, 5, 6, 3)), boxes, index, i32(*size)], '%s %s' % (method, size), 1e-4, 1e-4, method=method, extrapolation_value=-2.5)
        for dtype in [np.uint8, np.uint16, np.int8, np.int16, np.int32, np.int64, np.float16, np.float64]:
            c.case('CropAndResize', [values(dtype, (2, 4, 4, 1)), boxes, index, i32(3, 3)], name_of(dtype), 1e-4, 1e-4, method=method)
    x = values(np.float32, (2, 4, 4, 1))
    c.case('CropAndResize', [x, np.zeros((0, 4), np.float32), i32(), i32(2, 2)], 'no box')
    for label, a in [('index', [x, boxes, i32(0, 1, 2, 0, 0), i32(2, 2)]), ('negative', [x, boxes, i32(0, 1, -1, 0, 0), i32(2, 2)]), ('count', [x, boxes, i32(0), i32(2, 2)]),
                     ('size', [x, boxes, index, i32(2)]), ('zero', [x, boxes, index, i32(0, 2)]), ('rank', [x[0], boxes, index, i32(2, 2)]), ('columns', [x, boxes[:, :3], index, i32(2, 2)]),
                     ('empty', [x[:, :0], boxes, index, i32(2, 2)])]:
        c.case('CropAndResize', a, label)
    for odd in (np.nan, np.inf, -np.inf, 1e30):
        c.case('CropAndResize', [x, np.where(boxes == 1, odd, boxes).astype(np.float32), index, i32(2, 2)], str(odd))
    c.case('CropAndResize', [x, np.zeros((0, 5), np.float32), i32(), i32(2, 2)], 'no box of 5')
    c.case('CropAndResize', [x, boxes, index.reshape(5, 1), i32(2, 2)], 'index rank')
    c.case('CropAndResize', [x, boxes, index, i32([2, 2])], 'size rank')
    c.save()


def quant_fake():
    c = Cases('quant_fake')
    x = values(np.float32, (7, 9, 3), -9, 9)
    for bits in (2, 4, 8, 16):
        for narrow in (False, True):
            for low, high in [(-6, 6), (-1, 6), (0, 5), (-4, 0), (1, 5), (-5, -2), (0.1, 0.2)]:
                k = dict(num_bits=bits, narrow_range=narrow)
                c.case('FakeQuantWithMinMaxArgs', [x], '', 1e-5, 1e-5, min=low, max=high, **k)
                if bits != 4:
                    c.case('FakeQuantWithMinMaxVars', [x[:2], np.float32(low), np.float32(high)], '', 1e-5, 1e-5, **k)
            c.case('FakeQuantWithMinMaxVarsPerChannel', [x, f32(-1, 0, -7), f32(2, 6, 0)], '', 1e-5, 1e-5, **k)
    c.case('FakeQuantWithMinMaxVars', [x, np.float32(0), np.float32(0)], 'no range')
    c.case('FakeQuantWithMinMaxVarsPerChannel', [x, f32(0, 0, 0), f32(0, 1, 0)], 'no range', 1e-5, 1e-5)
    c.case('FakeQuantWithMinMaxArgs', [f32()], 'empty')
    c.case('FakeQuantWithMinMaxVars', [x, f32(0), np.float32(1)], 'rank', error_part='')
    c.case('FakeQuantWithMinMaxVarsPerChannel', [x, f32(0, 0), f32(1, 1)], 'size', error_part='')
    c.case('FakeQuantWithMinMaxArgs', [x], 'order', min=3, max=2, error_part='')
    c.case('FakeQuantWithMinMaxArgs', [x], 'bits', num_bits=17, error_part='')
    dy = values(np.float32, x.shape)
    for bits in (2, 8, 16):
        for narrow in (False, True):
            k = dict(num_bits=bits, narrow_range=narrow)
            for low, high in [(-6, 6), (-1, 6), (0, 5), (-4, 0), (1, 5), (-5, -2)]:
                c.case('FakeQuantWithMinMaxArgsGradient', [dy, x], '', min=low, max=high, **k)
                c.case('FakeQuantWithMinMaxVarsGradient', [dy, x, np.float32(low), np.float32(high)], '', 1e-4, 1e-4, **k)
            c.case('FakeQuantWithMinMaxVarsPerChannelGradient', [dy, x, f32(-1, 0, -7), f32(2, 6, 0)], '', 1e-4, 1e-4, **k)
            c.case('FakeQuantWithMinMaxVarsPerChannelGradient', [dy[0, 0], x[0, 0], f32(-1, 0, -7), f32(2, 6, 0)], 'vector', 1e-4, 1e-4, **k)
    c.case('FakeQuantWithMinMaxVarsGradient', [dy, x, np.float32(0), np.float32(0)], 'no range', 1e-4, 1e-4)
    c.case('FakeQuantWithMinMaxVarsGradient', [f32(1, 2, 3), f32(np.nan, np.inf, -np.inf), np.float32(0), np.float32(0)], 'no range of no numbers')
    for op, zero in (('FakeQuantWithMinMaxVarsGradient', np.float32(0)), ('FakeQuantWithMinMaxVarsPerChannelGradient', f32(0, 0, 0))):
        c.case(op, [f32(np.nan, np.inf, 1), f32(1, 2, 3), zero, zero], 'no range, gradients of no numbers')
    c.case('FakeQuantWithMinMaxVarsPerChannelGradient', [f32(1, 2, 3), f32(np.nan, np.inf, -np.inf), f32(0, 0, 0), f32(0, 0, 0)], 'no range of no numbers')
    c.case('FakeQuantWithMinMaxVarsPerChannelGradient', [dy, x, f32(0, 0, 0), f32(0, 1, 0)], 'no range', 1e-4, 1e-4)
    c.case('FakeQuantWithMinMaxArgsGradient', [dy[:0], x[:0]], 'empty')
    c.case('FakeQuantWithMinMaxArgsGradient', [dy[:1], x], 'sizes', error_part='')
    c.case('FakeQuantWithMinMaxVarsGradient', [dy[:1], x, np.float32(0), np.float32(1)], 'sizes')
    c.case('FakeQuantWithMinMaxVarsPerChannelGradient', [dy[:1], x, f32(0, 0, 0), f32(0, 1, 0)], 'sizes')
    c.case('FakeQuantWithMinMaxVarsGradient', [dy, x, f32(0), np.float32(1)], 'rank', error_part='')
    c.case('FakeQuantWithMinMaxVarsPerChannelGradient', [dy, x, f32(0, 0), f32(1, 1)], 'size', error_part='')
    for low, high in [(2.5, .3), (-1, -4), (0, -.4), (3, 0), (.3, -2)]:  # in the wrong order
        for narrow in (False, True):
            c.case('FakeQuantWithMinMaxVars', [x, np.float32(low), np.float32(high)], 'order', 1e-5, 1e-5, narrow_range=narrow)
            c.case('FakeQuantWithMinMaxVarsPerChannel', [x, f32(low, -1, 0), f32(high, -3, -2)], 'order', 1e-5, 1e-5, narrow_range=narrow)
    for number in (np.nan, np.inf):
        for i in range(3):  # below, inside, above
            dy, x = f32(1, 2, 3), f32(-9, 1, 9)
            dy[i] = number
            c.case('FakeQuantWithMinMaxArgsGradient', [dy, x], '%g' % number)
            c.case('FakeQuantWithMinMaxVarsGradient', [dy, x, np.float32(0), np.float32(6)], '%g' % number)
            c.case('FakeQuantWithMinMaxVarsPerChannelGradient', [np.stack([dy, f32(1, 1, 1)], 1), np.stack([x, x], 1), f32(0, 0), f32(6, 6)], '%g' % number)
    c.save()


def image_nms():
    c = Cases('image_nms')
    for dtype in (np.float32, np.float16):
        for n in (0, 1, 2, 12, 40):
            for most in (0, 3, 100):
                for iou in (0.0, 0.3, 0.5, 1.0):
                    a = [values(dtype, (n, 4), 0, 1), values(dtype, (n,), 0, 1), np.int32(most)]
                    if dtype == np.float32: c.case('NonMaxSuppression', a, '', iou_threshold=iou)
                    c.case('NonMaxSuppressionV2', a + [dtype(iou)])
                    c.case('NonMaxSuppressionV3', a + [dtype(iou), dtype(0.5)])
                    c.case('NonMaxSuppressionV4', a + [dtype(iou), dtype(0.25)], pad_to_max_output_size=most == 3)
    same = np.tile(f32(0, 0, 1, 1), (4, 1)) + f32(0, .1, .2, 5).reshape(4, 1)
    flipped = np.concatenate([same[:, 2:], same[:, :2]], 1)
    for boxes in (same, flipped):
        c.case('NonMaxSuppressionV3', [boxes, f32(.5, .5, .5, .5), np.int32(4), np.float32(.5), np.float32(.4)], 'equal scores')
        c.case('NonMaxSuppressionV3', [boxes, f32(.5, .4, .6, .5), np.int32(4), np.float32(.5), np.float32(.5)], 'at threshold')
    c.case('NonMaxSuppressionV2', [f32(0, 0, 1, 1, 0, 0, 1, .5).reshape(2, 4), f32(1, .5), np.int32(4), np.float32(.5)], 'overlap at threshold')
    for dtype in (np.float32, np.float16):
        for n in (0, 1, 2, 12, 40):
            for most in (0, 3, 100):
                for sigma in (0, .25, .5, 2):
                    boxes = np.concatenate([values(dtype, (n, 2), 0, 1), values(dtype, (n, 2), 0, 1) + dtype(.5)], 1)
                    a = [boxes, values(dtype, (n,), 0, 1), np.int32(most), dtype(.375), dtype(.25), dtype(sigma)]
                    c.case('NonMaxSuppressionV5', a, '%s sigma %s' % (name_of(dtype), sigma), 2e-3 if dtype == np.float16 else 1e-5, pad_to_max_output_size=most == 100)
    for score in (.1, 0, -1):
        a = [same, f32(.5, -.5, .25, .5), np.int32(4), np.float32(.5), np.float32(score), np.float32(.5)]
        c.case('NonMaxSuppressionV5', a, 'threshold %s' % score)
        c.case('NonMaxSuppressionV5', [flipped] + a[1:], 'flipped %s' % score)
    odd = f32(np.nan, np.inf, -np.inf, .5, .25)
    boxes = np.concatenate([same, f32(0, 0, np.inf, 1).reshape(1, 4)])
    c.case('NonMaxSuppression', [boxes, odd, np.int32(9)], 'odd scores')
    c.case('NonMaxSuppressionV3', [boxes, odd, np.int32(9), np.float32(.5), np.float32(-np.inf)], 'odd scores')
    c.case('NonMaxSuppressionV5', [boxes, odd, np.int32(9), np.float32(.5), np.float32(-9), np.float32(1)], 'odd scores')
    c.case('NonMaxSuppressionV5', [np.repeat(boxes[4:], 3, 0), f32(1, .5, .25), np.int32(9), np.float32(.5), np.float32(-9), np.float32(1)], 'infinite boxes')
    c.case('NonMaxSuppressionV3', [np.repeat(boxes[4:], 3, 0), f32(1, .5, .25), np.int32(9), np.float32(.5), np.float32(-9)], 'infinite boxes')
    for n in (0, 1, 7, 30):
        for threshold in (-1, 0, .5, 2):
            for score in (-9, .5):
                a = [values(np.float32, (n, n), 0, 1), values(np.float32, (n,), 0, 1), np.int32(10), np.float32(threshold), np.float32(score)]
                c.case('NonMaxSuppressionWithOverlaps', a, '%d %s %s' % (n, threshold, score))
    good = [np.eye(4, dtype=np.float32), f32(1, 2, 3, 4), np.int32(3), np.float32(.5), np.float32(.5)]
    for i, bad in [(0, np.zeros((4, 3), np.float32)), (0, f32(1)), (1, f32(1, 2)), (1, f32(1)[0]), (2, np.int32(-1)), (2, i32(1)), (3, f32(.5)), (4, f32(.5))]:
        c.case('NonMaxSuppressionWithOverlaps', good[:i] + [bad] + good[i + 1:], 'bad')
    good = [same, f32(1, 2, 3, 4), np.int32(3), np.float32(.5), np.float32(.5), np.float32(.5)]
    for i, bad in [(0, same[:, :3]), (1, f32(1, 2)), (2, np.int32(-1)), (2, i32(1)), (3, np.float32(1.5)), (3, np.float32(np.nan)), (3, f32(.5)), (4, f32(.5)), (5, f32(.5)), (5, np.float32(-1)), (5, np.float32(np.nan))]:
        c.case('NonMaxSuppressionV5', good[:i] + [bad] + good[i + 1:], 'bad')
    good = good[:5]
    for i, bad in [(0, same[:, :3]), (0, same[0]), (1, f32(1, 2)), (1, f32(1)[0]), (2, np.int32(-1)), (2, i32(1)), (3, np.float32(1.5)), (3, np.float32(-.1)), (3, f32(.5)), (4, f32(.5))]:
        c.case('NonMaxSuppressionV3', good[:i] + [bad] + good[i + 1:], 'bad')
    c.save()


FAMILIES = [image_resize, signal_fft, nn_conv3d, nn_pool3d, nn_rnn, nn_pool_argmax, audio_wav, summary_ops,
            matmul_sparse, image_color, image_crop, quant_fake, image_nms]

if __name__ == '__main__':
    generate(FAMILIES, 3)
