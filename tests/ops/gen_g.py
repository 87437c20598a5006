"""Op cases of patches, orders, prints, quantised numbers, gradients of windows and other families: python tests/ops/gen_g.py
[FAMILY...] (README.md here)."""
from op_cases import Cases, V1, op_def_registry, tensor  # first: it sets TensorFlow's environment
from case_values import (BF16, F16, F32, F64, FLOATS, I32, I64, INTS, REAL, f32, f64, generate, i32, i64, name_of,
                         refused, rng, s, values)

import numpy as np
import tensorflow as tf


def near(dtype):
    return dict(rtol=2e-2, atol=2e-2) if dtype in FLOATS[:2] else dict(rtol=2e-5, atol=2e-5)


def allowed(op, dtype, attr='T'):
    """Whether the op's spec has the dtype."""
    for a in op_def_registry.get(op).attr:
        if a.name == attr and a.allowed_values.list.type:
            return tf.as_dtype(dtype).as_datatype_enum in a.allowed_values.list.type
    return True


# ---- patches ----

def array_patches():
    c = Cases('array_patches')
    image = lambda dtype, shape=(2, 5, 6, 3): values(dtype, shape)
    def images(x, k, st, r, padding='VALID', label='', **more):
        return refused(c, 'ExtractImagePatches', [x], label or 'k %s s %s r %s %s' % (k, st, r, padding), ksizes=k, strides=st, rates=r, padding=padding, **more)
    def volumes(x, k, st, padding='VALID', label='', **more):
        return refused(c, 'ExtractVolumePatches', [x], label or 'k %s s %s %s' % (k, st, padding), ksizes=k, strides=st, padding=padding, **more)
    for dtype in REAL + [np.complex64, np.complex128]:
        images(image(dtype), [1, 2, 3, 1], [1, 2, 1, 1], [1, 1, 1, 1], label=name_of(dtype))
        volumes(values(dtype, (1, 3, 4, 3, 2)), [1, 2, 2, 1, 1], [1, 1, 2, 1, 1], label=name_of(dtype))
    x = image(F32)
    for padding in ('VALID', 'SAME'):
        for k, st, r in [((3, 3), (1, 1), (1, 1)), ((2, 2), (3, 2), (2, 1)), ((1, 4), (1, 5), (1, 2)), ((5, 6), (1, 1), (1, 1)), ((2, 3), (1, 1), (3, 2)), ((6, 6), (1, 1), (1, 1)), ((9, 2), (1, 1), (1, 1)), ((2, 2), (9, 9), (1, 1))]:
            images(x, [1, *k, 1], [1, *st, 1], [1, *r, 1], padding)
        for k, st in [((1, 1, 1), (1, 1, 1)), ((2, 3, 2), (1, 1, 1)), ((3, 2, 2), (2, 3, 1)), ((4, 1, 1), (1, 1, 1)), ((5, 1, 1), (1, 1, 1))]:
            volumes(values(F32, (2, 4, 4, 3, 2)), [1, *k, 1], [1, *st, 1], padding)
        images(image(F32, (0, 4, 4, 2)), [1, 2, 2, 1], [1, 1, 1, 1], [1, 1, 1, 1], padding, 'no images')
        images(image(F32, (1, 0, 4, 2)), [1, 2, 2, 1], [1, 1, 1, 1], [1, 1, 1, 1], padding, 'no rows')
        images(image(F32, (1, 4, 4, 0)), [1, 2, 2, 1], [1, 1, 1, 1], [1, 1, 1, 1], padding, 'no channels')
    images(image(F32, (2, 3, 3)), [1, 2, 2, 1], [1, 1, 1, 1], [1, 1, 1, 1], label='rank')
    images(x, [2, 2, 2, 1], [1, 1, 1, 1], [1, 1, 1, 1])
    images(x, [1, 2, 2, 1], [1, 1, 1, 2], [1, 1, 1, 1])
    images(x, [1, 2, 2, 1], [1, 1, 1, 1], [1, 1, 1, 2])
    images(x, [1, 0, 2, 1], [1, 1, 1, 1], [1, 1, 1, 1])
    images(x, [1, 2, 2, 1], [1, 0, 1, 1], [1, 1, 1, 1])
    images(x, [1, 2, 2, 1], [1, 1, 1, 1], [1, 1, -1, 1])
    images(x, [1, 2, 2, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1])
    volumes(x, [1, 2, 2, 1, 1], [1, 1, 1, 1, 1], label='rank')
    volumes(values(F32, (2, 4, 4, 3, 2)), [2, 2, 2, 1, 1], [1, 1, 1, 1, 1])
    volumes(values(F32, (2, 4, 4, 3, 2)), [1, 2, 2, 0, 1], [1, 1, 1, 1, 1])
    c.save()


def image_resize_grad():
    c = Cases('image_resize_grad')
    for op in ('ResizeNearestNeighborGrad', 'ResizeBilinearGrad', 'ResizeBicubicGrad'):
        nearest = op == 'ResizeNearestNeighborGrad'
        def case(grad, size, label, dtype=F32, **more):
            """`size`: height and width of the original."""
            other = i32(*size) if nearest else np.zeros((grad.shape[0], *size, grad.shape[-1]), dtype)
            return refused(c, op, [grad, other], label, **{**near(dtype), **more})
        for align, half in [(False, False), (True, False), (False, True)]:
            attr = dict(align_corners=align, half_pixel_centers=half)
            for dtype in REAL:
                if allowed(op, dtype): case(values(dtype if nearest else F32, (2, 5, 4, 2)), (3, 7), '%s %s %s' % (name_of(dtype), align, half), dtype, **attr)
            for a, b in [((4, 4), (4, 4)), ((2, 3), (7, 5)), ((9, 8), (2, 3)), ((1, 1), (5, 5)), ((5, 5), (1, 1)), ((1, 6), (6, 1)), ((10, 1), (3, 4))]:
                case(values(F32, (1, *a, 3)), b, '%s %s %s %s' % (a, b, align, half), **attr)
        attr = dict(align_corners=False, half_pixel_centers=False)
        case(values(F32, (0, 3, 3, 2)), (2, 2), 'no images', **attr)
        case(values(F32, (1, 3, 3, 0)), (2, 2), 'no channels', **attr)
        if not nearest:  # TensorFlow divides by zero
            case(values(F32, (1, 0, 3, 1)), (2, 2), 'no rows', **attr)
            case(values(F32, (1, 3, 3, 1)), (0, 2), 'no image', **attr)
            refused(c, op, [values(F32, (2, 3, 3, 2)), values(F32, (3, 2, 2))], 'rank', **attr)
            refused(c, op, [values(F32, (3, 3, 2)), values(F32, (1, 3, 2, 2))], 'rank', **attr)
        else:
            for bad in (i32(2), I32(2), i32(2, 2, 2), i32(-1, 3)):
                refused(c, op, [values(F32, (2, 3, 3, 2)), bad], 'size', error_part='' if bad.shape == (2,) else None, **attr)
            refused(c, op, [values(F32, (3, 3, 2)), i32(2, 2)], 'rank', **attr)
        case(values(F32, (1, 2, 2, 1)), (2, 2), 'both', align_corners=True, half_pixel_centers=True)
    c.save()


def math_order():
    c = Cases('math_order')
    for dtype in REAL:
        for reverse in (False, True):
            for n in (0, 3, 6):
                c.case('NthElement', [values(dtype, (3, 7), -9, 9), I32(n)], name_of(dtype), reverse=reverse)
    big = np.array([2**63 - 1, -2**63, 2**53, 2**53 + 1, 2**53 + 2, -2**53 - 1, 0], I64)
    for n in range(7):
        c.case('NthElement', [big, I32(n)], 'int64')
        c.case('NthElement', [big.astype(np.uint64), I32(n)], 'uint64')
        c.case('NthElement', [f32(np.inf, -np.inf, 0, 1, -1, 3e38, 1e-40), I32(n)], 'infinities')
    c.case('NthElement', [f32(5), I32(0)], 'one')
    c.case('NthElement', [values(F32, (0, 3)), I32(1)], 'no rows')
    c.case('NthElement', [values(F32, (2, 0, 3)), I32(1)], 'rank 3')
    c.case('NthElement', [values(F32, (2, 3, 4, 5)), I32(2)], 'rank 4')
    c.case('NthElement', [values(F32, (1, 1000)), I32(500)], 'long')
    for x, n in [(f32(1, 2), i32(0)), (f32(1, 2), I32(-1)), (f32(1, 2), I32(2)), (F32(1), I32(0)), (f32(), I32(0))]:
        refused(c, 'NthElement', [x, n], 'bad')
    top = lambda x, label, **attr: refused(c, 'ApproxTopK', [x], label, shapes=True, **attr)
    for dtype in FLOATS[:3]:  # without a kernel in TensorFlow: the smallest, and dimensions but the last
        x = np.arange(40).reshape(4, 10).astype(dtype)
        for row in x: rng.shuffle(row)
        top(x, name_of(dtype), k=4)
    top(f32(3, 1, 3, 2, 3, 1), 'ties', k=5)
    top(f32(np.inf, 1, -np.inf, 2), 'infinities', k=4)
    x = np.arange(3000).astype(F32)
    rng.shuffle(x)
    top(x.reshape(2, 1500), 'long', k=10)
    top(f32(1, 2), 'none', k=0)
    top(f32(1, 2), 'all', k=2)
    top(f32(1, 2), 'too many', k=3)
    top(f32().reshape(0, 3), 'no rows', k=2)
    top(F32(1), 'scalar', k=1)
    top(f32(2, 3, 1), 'recall', k=1, recall_target=.5)
    top(f32(2, 3, 1), 'override', k=1, reduction_input_size_override=100)
    top(f32(2, 3, 1), 'no aggregate', k=1, aggregate_to_topk=False)
    c.save()


def math_histogram():
    c = Cases('math_histogram')
    for out in (tf.int32, tf.int64):
        case = lambda x, r, n, label, **more: refused(c, 'HistogramFixedWidth', [x, r, n], label, dtype=out, **more)
        for dtype in (F32, F64, I32, I64):
            for n in (1, 2, 5, 30):
                case(values(dtype, (4, 20), -9, 9), np.array([-5, 6], dtype), I32(n), '%s %d' % (name_of(dtype), n))
            case(values(dtype, (0,)), np.array([0, 1], dtype), I32(3), 'empty')
            case(values(dtype, (), 1, 2), np.array([0, 2], dtype), I32(3), 'scalar')
            case(values(dtype, (3,)), np.array([2, 2], dtype), I32(3), 'no range', error_part='value_range should satisfy')
            case(values(dtype, (3,)), np.array([2, 0], dtype), I32(3), 'range', error_part='value_range should satisfy')
        case(f32(-np.inf, np.inf, 0, 1, .5), f32(0, 1), I32(4), 'infinities')
        case(f32(.1, .2, .3, .4, .5, .6, .7, .8, .9), f32(0, 1), I32(10), 'rounding')
        case(f64(.1, .2, .3, .4, .5, .6, .7, .8, .9), f64(0, 1), I32(10), 'rounding')
        case(i64(2**62, -2**62, 0, 7), i64(-8, 8), I32(4), 'large')
        case(f32(1, np.nan), f32(0, 1), I32(4), 'nan')
        case(f32(1), f32(0, np.nan), I32(4), 'nan range', error_part='value_range should satisfy')
        case(f32(1), f32(0), I32(4), 'range of one')
        case(f32(1), F32(0), I32(4), 'scalar range')
        case(f32(1), f32(0, 1), i32(4), 'vector bins')
        case(f32(1), f32(0, 1), I32(0), 'no bins')
        case(f32(1), f32(0, 1), I32(-3), 'negative bins')
    c.save()


def print_ops():
    c = Cases('print_ops')
    some = [f32(1.5, 2, 3e10, 1e-7, np.nan, np.inf, -np.inf), f32(.1, 1 / 3, 1e20, 123456789, 16777217, 1e-20, -0.),
            f64(.1, 1 / 3, 123456789.123, 1e300), np.array([1.1, 65504, 1e-5], F16), np.array([1.1, 3], BF16),
            np.arange(9.).reshape(3, 3), np.arange(27.).reshape(3, 3, 3), np.arange(16).reshape(2, 2, 2, 2), I32(3), F32(.1),
            np.zeros((0, 3), F32), np.zeros((2, 0, 3), F32), np.zeros((3, 0), F32), np.arange(20), np.array([1 + 2j, -.5j]), np.array([-5, 7], np.int8),
            np.array([200, 7], np.uint8), np.array([60000], np.uint16), np.array([-3, 4], np.int16), np.array([2**32 - 1], np.uint32),
            np.array([2**64 - 1, 0], np.uint64), i64(-2**63, 2**63 - 1), np.array([True, False, True]), np.array(True),
            s(b'ab', b'c"d', b'', b"it's", b'\\', b'\n\t\r', b'\x00\x7f\xff', '\u00e9'.encode()), np.array(b'one', object)]
    for x in some:
        for n in (3, -1, 0, 1, 10):
            c.case('StringFormat', [[x]], 'summarize %d' % n, template='<{}>', placeholder='{}', summarize=n)
        c.case('Print', [x, [x, f32(1)]], 'Print', message='a test case\n', first_n=-1, summarize=3)
    case = lambda inputs, template, placeholder, label: refused(c, 'StringFormat', [inputs], label, template=template, placeholder=placeholder)
    x, y = i32(1, 2), F32(5)
    for template in ('a%t b%t c', '%t%t', '%t', 'no', '%t%t%t', '', '%t%'):
        for inputs in ([], [x], [x, y]):
            case(inputs, template, '%t', 'placeholders')
    for template in ('', 'a', 'ab', 'abc'):
        for inputs in ([], [x], [x, y]):
            case(inputs, template, '', 'no placeholder')
    case([x], 'aaaa', 'aa', 'twice')
    case([x, y], 'aaaa', 'aa', 'twice')
    case([x, y], 'aaaaa', 'aa', 'twice')
    c.case('Print', [f32(1, 2), []], 'nothing', message='a test case', first_n=0, summarize=3)
    c.case('PrintV2', [np.array(b'a test case', object)], 'stderr', output_stream='stderr', end='\n')
    c.case('PrintV2', [np.array(b'a test case', object)], 'stdout', output_stream='stdout', end='\n')
    c.case('PrintV2', [np.array(b'a test case', object)], 'log', output_stream='log(info)', end='\n')
    for bad in ('bogus', 'file://', '', 'log(fatal)', 'STDERR'):
        c.case('PrintV2', [np.array(b'a', object)], bad, output_stream=bad, end='\n')
    c.case('PrintV2', [s(b'a', b'b')], 'vector', output_stream='stderr', end='\n')
    c.save()


def nn_dilation():
    c = Cases('nn_dilation')
    for op in ('Dilation2D', 'Dilation2DBackpropInput', 'Dilation2DBackpropFilter'):
        def case(x, f, st, r, padding, label, dtype=F32, dy=None, **more):
            inputs = [x, f]
            if op != 'Dilation2D':
                with tf.Graph().as_default(), V1.Session() as session:
                    try: shape = session.run(tf.raw_ops.Dilation2D(input=x.astype(F32), filter=f.astype(F32), strides=st, rates=r, padding=padding)).shape
                    except (ValueError, tf.errors.OpError): shape = (1, 1, 1, 1)
                inputs.append(values(dtype, shape) if dy is None else dy)
            return refused(c, op, inputs, label, strides=st, rates=r, padding=padding, **{**near(dtype), **more})
        for dtype in REAL:
            case(values(dtype, (2, 4, 5, 3)), values(dtype, (2, 3, 3)), [1, 1, 1, 1], [1, 1, 1, 1], 'SAME', name_of(dtype), dtype)
        for padding in ('SAME', 'VALID'):
            for k, st, r in [((1, 1), (1, 1), (1, 1)), ((3, 3), (2, 1), (1, 1)), ((2, 2), (1, 1), (3, 2)), ((4, 5), (1, 1), (1, 1)), ((2, 1), (5, 5), (1, 1)), ((7, 7), (1, 1), (1, 1))]:
                case(values(F32, (2, 4, 5, 2)), values(F32, (*k, 2)), [1, *st, 1], [1, *r, 1], padding, '%s %s %s %s' % (k, st, r, padding))
            case(values(F32, (0, 4, 5, 2)), values(F32, (2, 2, 2)), [1, 1, 1, 1], [1, 1, 1, 1], padding, 'no images')
            case(values(F32, (1, 4, 5, 0)), values(F32, (2, 2, 0)), [1, 1, 1, 1], [1, 1, 1, 1], padding, 'no channels')
        x, f = values(F32, (1, 4, 4, 1)), values(F32, (2, 2, 1))
        x[0, 1, 1, 0] = np.nan
        x[0, 3, 3, 0] = -np.inf
        case(x, f, [1, 1, 1, 1], [1, 1, 1, 1], 'SAME', 'nan')
        case(np.full((1, 3, 3, 1), -np.inf, F32), f, [1, 1, 1, 1], [1, 1, 1, 1], 'VALID', 'lowest')
        case(np.ones((1, 3, 3, 2), F32), np.zeros((2, 2, 2), F32), [1, 1, 1, 1], [1, 1, 1, 1], 'SAME', 'ties')
        x = values(F32, (1, 4, 4, 2))
        case(x[0], values(F32, (2, 2, 2)), [1, 1, 1, 1], [1, 1, 1, 1], 'SAME', 'rank', dy=x)
        case(x, values(F32, (2, 2, 2, 1)), [1, 1, 1, 1], [1, 1, 1, 1], 'SAME', 'rank', dy=x)
        case(x, values(F32, (2, 2, 3)), [1, 1, 1, 1], [1, 1, 1, 1], 'SAME', 'depth', dy=x)
        case(x, values(F32, (2, 2, 2)), [1, 1, 1, 2], [1, 1, 1, 1], 'SAME', 'stride', dy=x)
        case(x, values(F32, (2, 2, 2)), [1, 1, 1], [1, 1, 1, 1], 'SAME', 'stride', dy=x)
        case(x, values(F32, (2, 2, 2)), [1, 1, 1, 1], [2, 1, 1, 1], 'SAME', 'rate', dy=x)
        case(x, values(F32, (2, 2, 2)), [1, 1, 1, 1], [1, 1, 1, 1], 'VALID', 'gradient', dy=x)
        case(x, values(F32, (2, 2, 2)), [1, 1, 1, 1], [1, 1, 1, 1], 'SAME', 'rank of gradient', dy=x[0])
        case(x, values(F32, (2, 3, 2)), [1, 1, 2, 1], [1, 0, 1, 1], 'VALID', 'rate 0')
        case(x, values(F32, (2, 3, 2)), [1, 1, 1, 1], [1, -1, 0, 1], 'SAME', 'rate below 0')
        if op == 'Dilation2D': case(x, values(F32, (0, 3, 2)), [1, 1, 1, 1], [1, 1, 1, 1], 'SAME', 'empty filter')
    c.save()


def quant_round():
    c = Cases('quant_round')
    exact = dict(rtol=1e-6, atol=1e-7)
    for op in ('QuantizeAndDequantize', 'QuantizeAndDequantizeV2', 'QuantizeAndDequantizeV3', 'QuantizeAndDequantizeV4'):
        first, third = op == 'QuantizeAndDequantize', op[-1] == '3'
        c.as_of(21 if first else None)
        def case(x, low, high, label, bits=8, **attr):
            attr = dict(attr)
            if first:
                attr.update(input_min=float(low), input_max=float(high))
                for k in ('narrow_range', 'axis', 'round_mode'): attr.pop(k, None)
            if third: attr.pop('round_mode', None)
            if not third: attr['num_bits'] = bits
            return refused(c, op, [x] if first else [x, low, high] + ([I32(bits)] if third else []), label, **{**exact, **attr})
        for dtype in (F32, F64):
            x = np.linspace(-3, 3, 41).astype(dtype)
            for signed in (False, True):
                for given in (False, True):
                    for bits in (2, 4, 8, 16):
                        for narrow in (False, True):
                            for mode in ('HALF_TO_EVEN', 'HALF_UP'):
                                for low, high in [(-1, 2), (-2, .5)]:
                                    if (first and (narrow or mode == 'HALF_UP')) or (third and mode == 'HALF_UP'): continue
                                    if bits in (4, 16) and (narrow or mode == 'HALF_UP'): continue
                                    case(x, dtype(low), dtype(high), name_of(dtype), bits, signed_input=signed, range_given=given, narrow_range=narrow, round_mode=mode)
        x = values(F32, (3, 4, 2))
        for axis in (() if first else (0, 1, 2)):
            n = x.shape[axis]
            low, high = values(F32, (n,), -3, -1), values(F32, (n,), 1, 3)
            for given in (False, True):
                case(x, low, high, 'axis %d' % axis, axis=axis, range_given=given)
            case(x, low[1:], high, 'size of min', axis=axis, range_given=True)
            case(x, low, high[1:], 'size of max', axis=axis, range_given=True)
        if not first:
            case(x, F32(-1), F32(1), 'axis 3', axis=3, range_given=True)
            case(x, F32(-1), F32(1), 'axis -2', axis=-2, range_given=True)
            case(x, f32(-1), f32(1), 'vectors', range_given=True)  # TensorFlow aborts where they are longer
        case(x, F32(2), F32(-1), 'range', range_given=True)
        for bits in (0, -1, 1, 61, 62, 63, 64): case(x, F32(-1), F32(2), 'bits %d' % bits, bits, range_given=True)
        case(x, F32(-1), F32(2), 'bits 62 unsigned', 62, range_given=True, signed_input=False)
        case(x, F32(0), F32(0), 'nothing', range_given=True)
        case(np.zeros((3,), F32), F32(0), F32(0), 'zeros', range_given=False)
        case(values(F32, (0, 3)), F32(-1), F32(1), 'empty', range_given=True)
        case(values(F32, (0, 3)), F32(-1), F32(1), 'empty', range_given=False)
        case(F32(.3), F32(-1), F32(1), 'scalar', range_given=True)
        case(f32(np.inf, -np.inf, 1), F32(-1), F32(1), 'infinities', range_given=True)
    op = 'QuantizeAndDequantizeV4Grad'
    for dtype in (F32, F64):
        x, dy = values(dtype, (3, 4)), values(dtype, (3, 4))
        c.case(op, [dy, x, dtype(-1), dtype(2)], name_of(dtype))
        for axis in (0, 1):
            n = x.shape[axis]
            c.case(op, [dy, x, values(dtype, (n,), -3, -1), values(dtype, (n,), 1, 3)], '%s axis %d' % (name_of(dtype), axis), axis=axis)
    case = lambda *inputs, **attr: refused(c, op, list(inputs), 'bad', **attr)
    case(dy, x[:2], F64(-1), F64(2))
    case(dy, x, f64(-1), F64(2))
    case(dy, x, F64(-1), f64(2, 3))
    case(dy, x, f64(-1, 2), f64(2, 3), axis=1)
    case(dy, x, f64(-1, 2, 3), f64(2, 3, 4), axis=2)
    case(dy, x, f64(-1, 2, 3), f64(2, 3, 4), axis=-2)
    case(dy[:0], x[:0], F64(-1), F64(1))
    for low, high in [(-1, 1), (-1, -2)]:
        c.case('QuantizeAndDequantizeV3', [values(F32, (0, 3)), F32(low), F32(high), I32(8)], 'empty', range_given=True)
        c.case('QuantizeAndDequantizeV2', [values(F32, (0, 3)), F32(low), F32(high)], 'empty', range_given=True)
    c.case('QuantizeAndDequantizeV3', [values(F32, (0, 3)), F32(0), F32(0), I32(8)], 'empty', range_given=False)
    x = f32(1, .3, -3, .9, 2.5, -9).reshape(3, 2)
    for signed in (True, False):
        for low, high in [((1, 2), (-1.5, 1)), ((np.nan, -1), (1, 1)), ((np.inf, -np.inf), (-np.inf, np.inf))]:
            for op in ('QuantizeAndDequantizeV2', 'QuantizeAndDequantizeV4'):
                c.case(op, [x, f32(*low), f32(*high)], 'order by axis', range_given=True, axis=1, signed_input=signed)
    c.save()


def nn_norm_grad():
    c = Cases('nn_norm_grad')
    for dtype in (F32, F16):
        for radius, bias, alpha, beta in [(5, 1., 1., .5), (1, 1., .5, .75), (0, 2., 1., 1.), (2, 1., 1e-4, .75), (100, 1., .5, .5)]:
            attr = dict(depth_radius=radius, bias=bias, alpha=alpha, beta=beta)
            tolerance = dict(rtol=5e-2, atol=5e-2) if dtype is F16 else dict(rtol=1e-4, atol=1e-5)
            x = values(dtype, (2, 3, 2, 7), -2, 2)
            y = (x * .5).astype(dtype)
            c.case('LRNGrad', [values(dtype, x.shape, -1, 1), x, y], '%s %d' % (name_of(dtype), radius), **attr, **tolerance)
    g = values(F32, (1, 2, 2, 3))
    c.case('LRNGrad', [g[:0], g[:0], g[:0]], 'no images')
    c.case('LRNGrad', [g[..., :0], g[..., :0], g[..., :0]], 'no channels')
    for inputs in ([g, g, g[..., :1]], [g[0], g, g], [g, g[0], g], [g, g, g[0]], [g, g[:, :1], g], [g[0], g[0], g[0]]):
        refused(c, 'LRNGrad', inputs, 'shapes')
    refused(c, 'LRNGrad', [g, g, g], 'radius', depth_radius=-1)
    c.as_of(8)
    for dtype in (F32, F64, F16):
        for scale in (False, True):
            attr = dict(variance_epsilon=.001, scale_after_normalization=scale)
            x, v = values(dtype, (2, 3, 2, 3)), [values(dtype, (3,), .5, 2) for _ in range(4)]
            tolerance = dict(rtol=5e-2, atol=8e-2) if dtype is F16 else dict(rtol=1e-4, atol=1e-4)
            c.case('BatchNormWithGlobalNormalization', [x, *v], name_of(dtype), **attr, **tolerance)
            c.case('BatchNormWithGlobalNormalizationGrad', [x, v[0], v[1], v[3], values(dtype, x.shape, -1, 1)], name_of(dtype), **attr, **tolerance)
    x, v, attr = values(F32, (2, 3, 2, 3)), values(F32, (3,), 1, 2), dict(variance_epsilon=.001, scale_after_normalization=True)
    for i in range(1, 5):
        for bad in (F32(1), values(F32, (1, 3))):  # TensorFlow reads beyond vectors that are too short
            inputs = [x, v, v, v, v]
            inputs[i] = bad
            refused(c, 'BatchNormWithGlobalNormalization', inputs, 'bad %d' % i, **attr)
            if i < 4: refused(c, 'BatchNormWithGlobalNormalizationGrad', inputs[:4] + [x], 'bad %d' % i, **attr)
    refused(c, 'BatchNormWithGlobalNormalization', [x[0], v, v, v, v], 'rank', **attr)
    refused(c, 'BatchNormWithGlobalNormalization', [x[:0], v, v, v, v], 'empty', **attr)
    refused(c, 'BatchNormWithGlobalNormalizationGrad', [x[0], v, v, v, x], 'rank', **attr)
    refused(c, 'BatchNormWithGlobalNormalizationGrad', [x, v, v, v, x[0]], 'rank', **attr)
    c.save()


# ---- quantised numbers ----

QINTS = {tf.qint8: np.int8, tf.quint8: np.uint8, tf.qint16: np.int16, tf.quint16: np.uint16, tf.qint32: np.int32}


def quantised(dtype, shape):
    info = np.iinfo(QINTS[dtype])
    v = rng.randint(info.min, info.max + 1, shape, I64)
    if v.size > 3 and dtype != tf.qint32: v.reshape(-1)[:2] = info.min, info.max
    return v.astype(QINTS[dtype]), dtype


def qint32(*v): return np.array(v, I32), tf.qint32
def quint8(*v): return np.array(v, np.uint8), tf.quint8


def quant_convert():
    c = Cases('quant_convert')
    x = np.concatenate([np.linspace(-3, 3, 49), [1e9, -1e9, .5, 1.5, 2.5, -.5, np.inf, -np.inf]]).astype(F32)
    for dtype in QINTS:
        for mode in ('MIN_COMBINED', 'MIN_FIRST', 'SCALED'):
            for low, high in [(-1, 2), (-2, .5), (0, 1), (-1, 0), (.5, 2), (-2, -1), (0, 0), (1, 1)]:
                for round in ('HALF_AWAY_FROM_ZERO', 'HALF_TO_EVEN'):
                    for narrow in (False, True):
                        if mode != 'SCALED' and (narrow or round == 'HALF_TO_EVEN') and (low, high) != (-1, 2): continue
                        refused(c, 'QuantizeV2', [x, F32(low), F32(high)], '%s %s %g %g' % (dtype.name, mode, low, high), T=dtype, mode=mode, round_mode=round, narrow_range=narrow,
                                error_part="Round mode 'HALF_TO_EVEN' only supported for mode 'SCALED'" if mode != 'SCALED' else None)
            q = quantised(dtype, (40,))
            for low, high in [(-1, 2), (-2, .5), (0, 1), (.5, 2), (-2, -1), (1, 1), (2, -1)]:
                for out in (tf.float32, tf.bfloat16):
                    for narrow in (False, True):
                        if out == tf.bfloat16 and (narrow or (low, high) != (-1, 2)): continue
                        refused(c, 'Dequantize', [q, F32(low), F32(high)], '%s %s %g %g' % (dtype.name, mode, low, high), rtol=1e-5 if out == tf.float32 else 1e-2, mode=mode, dtype=out, narrow_range=narrow)
    x = values(F32, (2, 3, 4))
    for mode in ('MIN_COMBINED', 'MIN_FIRST', 'SCALED'):
        for axis in (0, 1, 2):
            n = x.shape[axis]
            low, high = values(F32, (n,), -3, -1), values(F32, (n,), 1, 3)
            for dtype in (tf.quint8, tf.qint8):
                refused(c, 'QuantizeV2', [x, low, high], '%s axis %d' % (mode, axis), T=dtype, mode=mode, axis=axis)
                refused(c, 'Dequantize', [quantised(dtype, (2, 3, 4)), low, high], '%s axis %d' % (mode, axis), mode=mode, axis=axis)
    case = lambda *inputs, **attr: refused(c, 'QuantizeV2', list(inputs), 'bad', T=tf.quint8, **attr)
    case(x, F32(1), F32(-1))
    case(x, f32(-1), f32(1))
    case(x, f32(-1, 2), F32(1))
    case(x, F32(-1), f32(1, 2))
    case(x, f32(-1, 2), f32(1, 2, 3), axis=1)
    case(x, f32(-1, 2, 3), f32(1, 2), axis=1)
    case(x, F32(-1), F32(1), axis=1)
    case(x, F32(-1), F32(1), axis=3)
    case(x, F32(-1), F32(1), axis=-2)
    case(x[:0], F32(-1), F32(1))
    case(F32(.3), F32(-1), F32(1))
    case(x, F32(0), F32(1e-4), ensure_minimum_range=.5)
    case = lambda *inputs, **attr: refused(c, 'Dequantize', list(inputs), 'bad', **attr)
    q = quantised(tf.quint8, (2, 3))
    case(q, f32(-1), f32(1))
    case(q, f32(-1, 2), F32(1))
    case(q, F32(-1), f32(1, 2))
    case(q, f32(-1, 2), f32(1, 2, 3), axis=1)
    case(q, F32(-1), F32(1), axis=2)
    case(quantised(tf.quint8, (0, 3)), F32(-1), F32(1))
    case(quantised(tf.quint8, ()), F32(-1), F32(1))
    for low, high in [(-1, 1), (-1000, 500), (0, 1e6), (-3, 100), (1, 2), (-2, -1)]:
        q = quantised(tf.qint32, (30,))
        small = (values(I32, (20,), -9999, 9999), tf.qint32)
        for v in (q, small):
            label = '%g %g' % (low, high)
            c.case('QuantizeDownAndShrinkRange', [v, F32(low), F32(high)], label, out_type=tf.quint8)
            c.case('RequantizationRange', [v, F32(low), F32(high)], label)
            for out in (tf.quint8, tf.qint8):
                for a, b in [(-1, 1), (low, high), (-5, 0), (0, 7), (0, 0), (1, 2), (-2, -1), (0, -1)]:
                    refused(c, 'Requantize', [v, F32(low), F32(high), F32(a), F32(b)], label + ' to %g %g' % (a, b), out_type=out)
    none = quantised(tf.qint32, (0, 2))
    c.case('QuantizeDownAndShrinkRange', [none, F32(-1), F32(1)], 'empty', out_type=tf.quint8)
    c.case('RequantizationRange', [none, F32(-1), F32(1)], 'empty')
    c.case('Requantize', [none, F32(-1), F32(1), F32(-1), F32(1)], 'empty', out_type=tf.quint8)
    for i in range(4):
        r = [F32(-1), F32(1), F32(-1), F32(1)]
        r[i] = f32(r[i])
        refused(c, 'Requantize', [small, *r], 'vector', out_type=tf.quint8)
        if i < 2: refused(c, 'RequantizationRange', [small, *r[:2]], 'vector')
        if i < 2: refused(c, 'QuantizeDownAndShrinkRange', [small, *r[:2]], 'vector', out_type=tf.quint8)
    c.save()


def quant_math():
    c = Cases('quant_math')
    u8 = lambda *shape: quantised(tf.quint8, shape)
    ranges = [(-1, 1, -2, 3), (0, 6, -1, 1), (-10, 5, 0, 100), (.5, 2, -3, -1)]
    for op in ('QuantizedAdd', 'QuantizedMul'):
        def case(x, y, label, r=(-1, 1, -2, 3)):
            return refused(c, op, [x, y] + [F32(v) for v in r], label, Toutput=tf.qint32)
        for r in ranges:
            case(u8(3, 4), u8(3, 4), 'same', r)
            case(u8(3, 4), u8(4), 'vector', r)
            case(u8(5), u8(2, 5), 'vector', r)
            case(u8(3, 4), u8(), 'scalar', r)
            case(u8(1), u8(2, 3), 'one', r)
        case(u8(), u8(), 'scalars')
        case(u8(2, 3, 4), u8(3, 4), 'rank 3')
        case(u8(2, 3, 4), u8(2, 1, 4), 'middle')
        case(u8(2, 3), u8(4), 'shapes')
        case(u8(0, 3), u8(3), 'empty')
        case(u8(0), u8(0), 'empty')
        case(u8(0, 3), u8(), 'empty')
        case(u8(3), u8(3), 'range of x', (1, 1, 0, 1))
        case(u8(3), u8(3), 'range of y', (0, 1, 2, 1))
        for i in range(4):
            r = [F32(-1), F32(1), F32(-1), F32(1)]
            r[i] = f32(r[i])
            refused(c, op, [u8(3), u8(3), *r], 'vector %d' % i, Toutput=tf.qint32)
    for dtype in (tf.quint8, tf.qint8):
        for r in ranges:
            c.case('QuantizedBiasAdd', [quantised(dtype, (5, 4)), quantised(dtype, (4,))] + [F32(v) for v in r], dtype.name, out_type=tf.qint32)
    case = lambda x, b, label: refused(c, 'QuantizedBiasAdd', [x, b] + [F32(v) for v in ranges[0]], label, out_type=tf.qint32)
    case(u8(2, 3, 4), u8(4), 'rank 3')
    case(u8(4), u8(4), 'rank')
    case(u8(2, 4), u8(1, 4), 'rank of bias')
    case(u8(2, 4), u8(3), 'size')
    case(u8(0, 4), u8(4), 'empty')
    for op in ('QuantizedRelu', 'QuantizedRelu6'):
        for dtype in (tf.quint8, tf.qint32):
            for low, high in [(-1, 1), (-10, 10), (0, 6), (1, 2), (-2, -1), (3, 3), (-1e3, 1e9)]:
                c.case(op, [quantised(dtype, (30,)), F32(low), F32(high)], '%s %g %g' % (dtype.name, low, high), out_type=dtype)
        c.case(op, [u8(0, 2), F32(-1), F32(1)], 'empty', out_type=tf.quint8)
        refused(c, op, [u8(2), f32(-1), F32(1)], 'vector', out_type=tf.quint8)
        refused(c, op, [u8(2), F32(-1), f32(1, 2)], 'vector', out_type=tf.quint8)
    mat = lambda a, b, r, label, **attr: refused(c, 'QuantizedMatMul', [a, b] + [np.asarray(v, F32) for v in r], label, Toutput=tf.qint32, Tactivation=tf.quint8, **attr)
    for r in ranges + [(0, 255, 0, 255), (-128, 127, -1, 5)]:
        for ta in (False, True):
            for tb in (False, True):
                mat(u8(5, 3) if ta else u8(3, 5), u8(4, 5) if tb else u8(5, 4), r, 'transposed %d %d' % (ta, tb), transpose_a=ta, transpose_b=tb)
    mat(u8(40, 70), u8(70, 30), ranges[0], 'large')
    mat(u8(1, 1), u8(1, 1), ranges[0], 'one')
    mat(u8(2, 3), u8(2, 3), ranges[0], 'sizes')
    mat(u8(3), u8(3, 2), ranges[0], 'rank')
    mat(u8(2, 3), u8(3), ranges[0], 'rank')
    mat(u8(2, 3), u8(3, 2), (1, 1, 0, 1), 'range of a')
    mat(u8(2, 3), u8(3, 2), (0, 1, 3, 1), 'range of b')
    mat(u8(2, 3), u8(3, 2), ([0], 1, 0, 1), 'vector')
    mat(u8(2, 3), u8(3, 2), (0, 1, 0, [1, 2]), 'vector')
    c.save()


def quant_array():
    c = Cases('quant_array')
    for dtype in (tf.quint8, tf.qint32):
        for t in (I32, I64):
            for shape in ([3, 4], [12], [-1, 6], [2, 2, 3], [5], [-1, 5], [-1, -1], [-2, 3], [[3, 4]], [0, -1]):
                refused(c, 'QuantizedReshape', [quantised(dtype, (2, 6)), np.array(shape, t), F32(-1), F32(2)], str(shape))
    refused(c, 'QuantizedReshape', [quantised(tf.quint8, (2, 0)), i32(0, 5), F32(-1), F32(2)], 'empty')
    for shape in (i32(-1, 0), i32(-1, 3), i32(0, -1), i32(5, -1)):
        refused(c, 'QuantizedReshape', [quantised(tf.quint8, (4, 0)), shape, F32(-1), F32(2)], 'empty')
    refused(c, 'QuantizedReshape', [quantised(tf.quint8, ()), i32(), F32(-1), F32(2)], 'scalar')
    for dtype in (tf.quint8, tf.qint32):
        def case(axis, parts, r, label):
            return refused(c, 'QuantizedConcat', [axis, parts, [np.asarray(a, F32) for a, _ in r], [np.asarray(b, F32) for _, b in r]], dtype.name + ' ' + label)
        three = [(-1, 1), (-2, 3), (0, 1)]
        q = lambda *shape: quantised(dtype, shape)
        for axis in (0, 1, 2):
            shapes = [[2, 3, 2] for _ in range(3)]
            for i, shape in enumerate(shapes): shape[axis] = i + 1
            case(I32(axis), [q(*shape) for shape in shapes], three, 'axis %d' % axis)
        case(I32(0), [q(3), q(4)], [(-1, 1), (-1, 1)], 'one range')
        case(I32(0), [q(3), q(0)], three[:2], 'empty')
        case(I32(-1), [q(3), q(2)], three[:2], 'negative axis')
        case(I32(1), [q(3), q(2)], three[:2], 'axis')
        case(i32(0), [q(3), q(2)], three[:2], 'vector axis')
        case(I32(0), [q(3), q(2, 1)], three[:2], 'ranks')
        case(I32(0), [q(3, 2), q(2, 1)], three[:2], 'sizes')
        case(I32(0), [q(), q()], three[:2], 'scalars')
    c.save()


def quant_nn():
    c = Cases('quant_nn')
    u8 = lambda *shape: quantised(tf.quint8, shape)
    def conv(x, f, label, r=(-1, 1, -2, 3), strides=(1, 1, 1, 1), padding='SAME', **attr):
        return refused(c, 'QuantizedConv2D', [x, f] + [np.asarray(v, F32) for v in r], label, out_type=tf.qint32, strides=list(strides), padding=padding, **attr)
    for padding in ('SAME', 'VALID'):
        for r in [(-1, 1, -2, 3), (0, 6, -1, 1), (-10, 5, 0, 100)]:
            for k, stride in [((3, 3), 1), ((2, 3), 2), ((1, 1), 1), ((4, 5), 3), ((1, 1), 2)]:
                conv(u8(2, 4, 5, 3), u8(*k, 3, 2), '%s %d %s' % (k, stride, padding), r, (1, stride, stride, 1), padding)
    conv(u8(2, 4, 5, 3), u8(2, 2, 3, 2), 'strides', strides=(1, 1, 2, 1))
    conv(u8(2, 4, 5, 3), u8(2, 2, 3, 2), 'strides', strides=(2, 1, 1, 1))
    conv(u8(2, 4, 5, 3), u8(2, 2, 3, 2), 'strides', strides=(1, 1, 1))
    conv(u8(2, 4, 5, 3), u8(2, 2, 4, 2), 'depth')
    conv(u8(4, 5, 3), u8(2, 2, 3, 2), 'rank')
    conv(u8(2, 4, 5, 3), u8(2, 3, 2), 'rank')
    conv(u8(2, 4, 5, 3), u8(6, 3, 3, 2), 'filter', padding='VALID', error_part='negative')
    conv(u8(2, 4, 5, 3), u8(2, 2, 3, 2), 'dilations', dilations=[1, 2, 2, 1])
    conv(u8(2, 4, 5, 3), u8(2, 2, 3, 2), 'dilations', dilations=[2, 1, 1, 1])
    conv(u8(2, 4, 5, 3), u8(2, 2, 3, 2), 'vector', ([0], 1, 0, 1))
    conv(u8(2, 4, 5, 3), u8(2, 2, 3, 2), 'vector', (0, 1, 0, [1, 2]))
    for op in ('QuantizedMaxPool', 'QuantizedAvgPool'):
        def pool(x, label, k=(1, 2, 2, 1), strides=(1, 1, 1, 1), padding='SAME', r=(-1, 1)):
            return refused(c, op, [x] + [np.asarray(v, F32) for v in r], label, ksize=list(k), strides=list(strides), padding=padding, error_part='')
        for dtype in (tf.quint8, tf.qint8):
            for padding in ('SAME', 'VALID'):
                pool(quantised(dtype, (2, 5, 4, 3)), '%s %s' % (dtype.name, padding), (1, 2, 3, 1), (1, 2, 1, 1), padding)
                pool(quantised(dtype, (1, 5, 5, 2)), '%s %s' % (dtype.name, padding), (1, 3, 3, 1), (1, 1, 3, 1), padding)
        pool(u8(4, 3, 2), 'rank')
        pool(u8(1, 4, 3, 2), 'depth', (1, 2, 2, 2))
        pool(u8(1, 4, 3, 2), 'batch', (2, 2, 2, 1))
        pool(u8(1, 4, 3, 2), 'batch', strides=(2, 2, 2, 1))
        pool(u8(1, 4, 3, 2), 'vector', r=([-1], 1))
        pool(u8(0, 4, 3, 2), 'empty')
        for k, strides in [((1, 1, 1, 2), (1, 1, 1, 2)), ((1, 1, 1, 3), (1, 1, 1, 3)), ((1, 1, 1, 2), (1, 1, 1, 1)), ((1, 2, 2, 1), (1, 1, 1, 2)), ((1, 2, 2, 1), (1, 1, 1, 0))]:
            pool(u8(1, 4, 3, 4), 'channels', k, strides)
    for r in ((1.5, 5, 0, 3), (-5, -1, 0, 3)):  # no byte is zero
        conv(u8(2, 4, 5, 3), u8(3, 3, 3, 2), 'zeros of the border', r)
        conv(u8(2, 4, 5, 3), u8(0, 3, 3, 2), 'empty filter', r)
    for attr in (dict(dilations=[1, 0, 1, 1]), dict(dilations=[1, 1, 1, 2]), dict(strides=(1, 0, 0, 1)), dict(strides=(1, 1, 1, 2)), dict(dilations=[1, 1, 1])):
        conv(u8(2, 4, 5, 3), u8(2, 2, 3, 2), 'lists', **attr)
    op = 'QuantizedResizeBilinear'
    for dtype in (tf.quint8,):
        for align in (False, True):
            for half in (False, True):
                for a, b in [((3, 4), (5, 7)), ((5, 6), (2, 3)), ((1, 1), (3, 3)), ((4, 4), (4, 4)), ((2, 9), (9, 2))]:
                    for n in (1, 2, 3):
                        if n == 2 or a == (3, 4): refused(c, op, [quantised(dtype, (2, *a, n)), i32(*b), F32(-1), F32(2)], '%s %s %s %s %s' % (dtype.name, a, b, align, half), align_corners=align, half_pixel_centers=half)
    x = u8(1, 3, 3, 1)
    for inputs in ([x, i32(0, 2), F32(0), F32(1)], [x, i32(2), F32(0), F32(1)], [x, I32(2), F32(0), F32(1)], [x, i32(2, 2), f32(0), F32(1)], [x, i32(2, 2), F32(0), f32(1)],
                   [u8(3, 3, 1), i32(2, 2), F32(0), F32(1)], [u8(1, 0, 3, 1), i32(2, 2), F32(0), F32(1)], [u8(1, 3, 3, 0), i32(2, 2), F32(0), F32(1)]):
        refused(c, op, inputs, 'bad')
    c.save()


def quant_norm():
    c = Cases('quant_norm')
    u8 = lambda *shape: quantised(tf.quint8, shape)
    case = lambda x, low, high, label, **attr: refused(c, 'QuantizedInstanceNorm', [x, np.asarray(low, F32), np.asarray(high, F32)], label, **attr)
    for low, high in [(-1, 1), (0, 10), (2, 3)]:
        for shape in [(2, 3, 4, 3), (1, 5, 5, 16), (1, 1, 2, 1)]:
            case(u8(*shape), low, high, '%s %g %g' % (shape, low, high))
            case(u8(*shape), low, high, 'given', output_range_given=True, given_y_min=-2., given_y_max=1.5)
    case((np.full((1, 3, 3, 2), 7, np.uint8), tf.quint8), -1, 1, 'constant')
    case(u8(1, 2, 2, 1), 1, 1, 'range', error_part='input_min must be less than input_max')
    case(u8(1, 2, 2, 1), [0], 1, 'vector')
    case(u8(1, 2, 2, 1), 0, [1], 'vector')
    case(u8(1, 2, 2, 1), 0, 1, 'given', output_range_given=True, given_y_min=2., given_y_max=1.5, error_part='given_y_min must be less than given_y_max')
    ranges = [(-1, 1), (-1, 1), (.5, 3), (-2, 2), (0, 2)]
    op = 'QuantizedBatchNormWithGlobalNormalization'
    for scale in (False, True):
        for r in (ranges, [(0, 6), (0, 3), (0, 10), (-1, 1), (-2, 1)]):
            shapes = [(2, 3, 2, 4)] + [(4,)] * 4
            c.case(op, [v for shape, (a, b) in zip(shapes, r) for v in (u8(*shape), F32(a), F32(b))], 'scale %s' % scale, out_type=tf.qint32, variance_epsilon=.001, scale_after_normalization=scale)
    for bad in range(5):
        shapes = [(2, 3, 2, 4)] + [(4,)] * 4
        shapes[bad] = (2, 4)
        refused(c, op, [v for shape, (a, b) in zip(shapes, ranges) for v in (u8(*shape), F32(a), F32(b))], 'rank %d' % bad, out_type=tf.qint32, variance_epsilon=.001, scale_after_normalization=True)
    for eps in (.001, 0., 1e-38):  # factors that are no numbers, infinite, too large
        for least in (-4, 0):
            t, m, v = np.arange(12, dtype=np.uint8).reshape(1, 3, 2, 2) * 21, np.uint8([1, 2]), np.uint8([0, 255])
            sides = [t, F32(0), F32(6), m, F32(0), F32(1), v, F32(least), F32(10), m, F32(0), F32(1), m + 253, F32(-1), F32(1)]
            c.case(op, [a if a.ndim == 0 else (a, tf.quint8) for a in sides], 'factor', out_type=tf.qint32, variance_epsilon=eps, scale_after_normalization=True)
    shapes = [(2, 3, 2, 1)] + [(1,)] * 4
    c.case(op, [v for shape, (a, b) in zip(shapes, ranges) for v in (u8(*shape), F32(a), F32(b))], 'one channel', out_type=tf.qint32, variance_epsilon=.001, scale_after_normalization=True, error_part='Must have at least a mean value')
    c.save()


# ---- arrays ----

def array_pad_grad():
    c = Cases('array_pad_grad')
    for dtype in REAL + [np.complex64, np.complex128]:
        for t in (I32, I64):
            for mode in ('REFLECT', 'SYMMETRIC'):
                c.case('MirrorPadGrad', [values(dtype, (7, 6)), np.array([[2, 1], [0, 2]], t)], name_of(dtype), **near(dtype), mode=mode)
    case = lambda shape, pads, label, **more: refused(c, 'MirrorPadGrad', [values(F32, shape), np.array(pads, I32).reshape(-1, 2) if not isinstance(pads, np.ndarray) else pads], label, **more)
    for mode in ('REFLECT', 'SYMMETRIC'):
        edge = int(mode == 'REFLECT')
        case((8,), [[3 - edge, 2]], 'vector', mode=mode)
        case((3, 6, 5), [[0, 0], [2, 1], [1, 1]], 'rank 3', mode=mode)
        case((2, 3, 6, 5), [[0, 0], [1, 0], [2, 1], [1, 2]], 'rank 4', mode=mode)
        case((2, 3, 4, 3, 3), [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]], 'rank 5', mode=mode)
        case((4, 4), [[0, 0], [0, 0]], 'nothing', mode=mode)
        case((4, 6), [[1, 1], [3, 1]], 'too much', mode=mode)
        case((4, 6), [[1, 1], [2, 3]], 'too much', mode=mode)
        case((4, 6), [[5, 1], [2, 3]], 'more than there is', mode=mode)
        case((4, 6), [[-1, 1], [0, 0]], 'negative', mode=mode)
        case((4, 6), [[1, 1]], 'rows', mode=mode)
        case((4, 6), np.zeros((2, 3), I32), 'columns', mode=mode)
        case((0, 6), [[0, 0], [1, 1]], 'empty', mode=mode)
    c.save()


def array_rows():
    c = Cases('array_rows')
    kinds = REAL + [bool, np.complex64, np.complex128]
    words = s(b'a', b'bc', b'a string that does not fit into the struct')
    for dtype in kinds:
        x = lambda *dims: values(I32, dims, 0, 1).astype(bool) if dtype is bool else values(dtype, dims)
        c.case('DeepCopy', [x(2, 3)], name_of(dtype))
        refused(c, 'ParallelConcat', [[x(1, 3) for _ in range(3)]], name_of(dtype), shapes=True, shape=tf.TensorShape([3, 3]))
    c.case('DeepCopy', [words], 'string')
    c.case('DeepCopy', [F32(3)], 'scalar')
    c.case('DeepCopy', [values(F32, (0, 3))], 'empty')
    refused(c, 'ParallelConcat', [[words[:1], words[2:]]], 'string', shapes=True, shape=tf.TensorShape([2]))
    refused(c, 'ParallelConcat', [[values(F32, (1, 2, 3))]], 'one', shapes=True, shape=tf.TensorShape([1, 2, 3]))
    for shape in ([3, 4], [3, 2]):
        refused(c, 'ParallelConcat', [[values(F32, (1, 3)) for _ in range(3)]], 'another shape', shape=tf.TensorShape(shape))
    c.save()


def array_format():
    c = Cases('array_format')
    pairs = [('NHWC', 'NCHW'), ('NCHW', 'NHWC'), ('NHWC', 'NHWC'), ('NHWC', 'HWNC'), ('NDHWC', 'NCDHW'), ('NCDHW', 'NDHWC')]
    for t in (I32, I64):
        for src, dst in pairs:
            n = len(src)
            attr = dict(src_format=src, dst_format=dst)
            c.case('DataFormatDimMap', [np.arange(-n, n).astype(t)], src + dst, **attr)
            c.case('DataFormatDimMap', [np.array([[0, 1], [n - 1, -1]], t)], src + dst, **attr)
            c.case('DataFormatDimMap', [t(1)], src + dst, **attr)
            c.case('DataFormatDimMap', [np.array([18, 7, n, -n - 1, -9, np.iinfo(t).max, np.iinfo(t).min], t)], src + dst + ' outside', **attr)
            for shape in ((n,), (n - 2,), (n, 2), (n - 2, 2), (n - 1,), (n, 3), (n, 2, 1), ()):
                refused(c, 'DataFormatVecPermute', [values(t, shape, 0, 99)], '%s%s %s' % (src, dst, shape), **attr)
    for op in ('DataFormatDimMap', 'DataFormatVecPermute'):
        for src, dst in [('NHW', 'NCHW'), ('NHWC', 'NCH'), ('NHWC', 'NCDHW'), ('NHWC', 'NCHX')]:
            refused(c, op, [i32(0, 1, 2, 3)], src + dst, src_format=src, dst_format=dst, error_part='')
    c.save()


def math_segment_grad():
    c = Cases('math_segment_grad')
    for op in ('Sum', 'Mean', 'SqrtN'):
        for v in ('', 'V2'):
            name = 'SparseSegment%sGrad%s' % (op, v)
            for dtype in FLOATS:
                for t in (I32, I64):
                    for ids in (I32, I64):
                        c.case(name, [values(dtype, (3, 4)), np.array([5, 0, 5, 2, 0], t), np.array([0, 0, 1, 1, 2], ids), I32(7)], name_of(dtype), **near(dtype))
            case = lambda g, i, ids, n, label, **more: refused(c, name, [g, np.array(i, I32), np.array(ids, I32), np.array(n, I32)], label, rtol=1e-5, atol=1e-5, **more)
            g = values(F32, (3, 2))
            case(values(F32, (3, 2, 2)), [1, 1, 1], [0, 1, 2], 3, 'rank 3')
            case(values(F32, (3,)), [1, 0, 1], [0, 1, 2], 2, 'vector')
            case(g, [], [], 4, 'nothing', shape_only=(0,))  # TensorFlow fills in nothing
            case(g, [3, 1], [1, 0], 4, 'not sorted')
            case(g, [3, 4], [0, 1], 4, 'index')
            case(g, [3, -1], [0, 1], 4, 'index')
            case(g, [3, 1], [0, 3], 4, 'id')
            case(g, [3, 1], [-1, 2], 4, 'id')
            case(g, [3, 1], [0], 4, 'sizes')
            case(g, [[3, 1]], [0, 1], 4, 'rank')
            case(g, [3, 1], [[0, 1]], 4, 'rank')
            case(g, [3, 1], [0, 1], [4], 'vector')
            case(g, [3, 1], [0, 1], 0, 'no rows')
            case(g, [], [], 0, 'no rows')
            case(g, [0], [0], -1, 'negative')
            case(F32(1), [0], [0], 1, 'scalar', error_part='')
    c.save()


# ---- gradients of poolings ----

def nn_pool_grads():
    c = Cases('nn_pool_grads')
    for padding in ('SAME', 'VALID'):
        for dtype in REAL:
            x = rng.permutation(2 * 5 * 4 * 3).reshape(2, 5, 4, 3).astype(dtype)
            attr = dict(ksize=[1, 2, 3, 1], strides=[1, 2, 1, 1], padding=padding)
            with tf.Graph().as_default(), V1.Session() as session:
                y, at = session.run(tf.raw_ops.MaxPoolWithArgmax(input=x.astype(F32), **attr))
            c.case('MaxPoolGradGrad', [x, y.astype(dtype), values(dtype, x.shape)], name_of(dtype), **near(dtype), **attr)
            c.case('MaxPoolGradGradV2', [x, y.astype(dtype), values(dtype, x.shape), i32(*attr['ksize']), i32(*attr['strides'])], name_of(dtype), **near(dtype), padding=padding)
            for batch in (False, True):
                index = at + (np.arange(2) * 60).reshape(2, 1, 1, 1) if batch else at
                c.case('MaxPoolGradWithArgmax', [x, values(dtype, y.shape), index], name_of(dtype), **near(dtype), include_batch_in_index=batch, **attr)
        for dtype in (F32, BF16):
            x = values(dtype, (2, 4, 3, 5, 2))
            for k, st in [((2, 2, 2), (1, 1, 1)), ((3, 1, 2), (2, 1, 3)), ((1, 1, 1), (1, 2, 1))]:
                attr = dict(ksize=[1, *k, 1], strides=[1, *st, 1], padding=padding)
                with tf.Graph().as_default(), V1.Session() as session:
                    y = session.run(tf.raw_ops.MaxPool3D(input=x.astype(F32), **attr)).astype(dtype)
                dy = values(dtype, y.shape)
                c.case('MaxPool3DGrad', [x, y, dy], name_of(dtype), **near(dtype), **attr)
                c.case('MaxPool3DGradGrad', [x, y, values(dtype, x.shape)], name_of(dtype), **near(dtype), **attr)
                c.case('AvgPool3DGrad', [i32(*x.shape), dy], name_of(dtype), **near(dtype), **attr)
    attr = dict(ksize=[1, 2, 2, 2, 1], strides=[1, 1, 1, 1, 1], padding='VALID', error_part='')
    v = lambda *shape: values(F32, shape)
    refused(c, 'MaxPool3DGrad', [v(1, 3, 3, 3, 1), v(1, 2, 2, 2, 1), v(1, 2, 2, 3, 1)], 'sizes', **attr)
    refused(c, 'MaxPool3DGrad', [v(1, 3, 3, 1), v(1, 2, 2, 2, 1), v(1, 2, 2, 2, 1)], 'rank', **attr)
    refused(c, 'AvgPool3DGrad', [i32(1, 3, 3, 1), v(1, 2, 2, 2, 1)], 'shape', **attr)
    refused(c, 'AvgPool3DGrad', [i32(1, 3, 3, 3, 1), v(1, 2, 2, 2)], 'rank', **attr)
    attr = dict(ksize=[1, 2, 2, 1], strides=[1, 1, 1, 1], padding='VALID', error_part='')
    # MaxPoolGradWithArgmax ends the process for indices out of range
    refused(c, 'MaxPoolGradGrad', [v(1, 3, 3, 1), v(1, 2, 2, 1), v(1, 2, 2, 1)], 'sizes', **attr)
    refused(c, 'MaxPoolGradGrad', [v(3, 3, 1), v(1, 2, 2, 1), v(1, 3, 3, 1)], 'rank', **attr)
    # outputs that are not what was pooled
    for dtype in REAL:
        for padding in ('SAME', 'VALID'):
            x, y = values(dtype, (2, 5, 4, 3)), values(dtype, (2, 3, 4, 3) if padding == 'SAME' else (2, 2, 2, 3))
            c.case('MaxPoolGradGrad', [x, y, values(dtype, x.shape)], 'other output', **near(dtype), ksize=[1, 2, 3, 1], strides=[1, 2, 1, 1], padding=padding)
    big = np.int64([2**62, 2**62 + 1, 2**62 - 1, 2**62 + 1]).reshape(1, 2, 2, 1)
    c.case('MaxPoolGradGrad', [big, big[:, :1, 1:], values(I64, big.shape)], 'large', ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding='SAME')
    special = f32(np.nan, -0., 0, 3).reshape(1, 2, 2, 1)
    for out in (np.nan, 0, -0., 3, np.inf):
        c.case('MaxPoolGradGrad', [special, f32(out).reshape(1, 1, 1, 1), values(F32, special.shape)], 'special', ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding='SAME')
    for dtype in (F32, BF16):
        x = values(dtype, (2, 4, 3, 5, 2))
        c.case('MaxPool3DGradGrad', [x, values(dtype, x.shape), values(dtype, x.shape)], 'other output', **near(dtype), ksize=[1, 2, 2, 1, 1], strides=[1] * 5, padding='SAME')
    x, y, at = v(2, 3, 3, 6), v(2, 2, 2, 6), np.int64(rng.permutation(48)).reshape(2, 2, 2, 6)
    for size, strides in [([1, 2, 2, 1], [1, 1, 1, 2]), ([1, 2, 2, 1], [1, 1, 1, 0]), ([1, 2, 2, 1], [1, 0, 1, 1]), ([1, 2, 2, 1], [2, 1, 1, 1]), ([2, 2, 2, 1], [1, 1, 1, 1]),
                          ([1, 0, 2, 1], [1, 1, 1, 1]), ([1, 2, 2, 0], [1, 1, 1, 1]), ([1, 2, 2, 3], [1, 1, 1, 3])]:
        for op, inputs in [('MaxPoolGradWithArgmax', [x, y, at]), ('MaxPoolGradGrad', [x, y, x])]:
            more = dict(include_batch_in_index=True) if op.endswith('Argmax') else {}
            refused(c, op, inputs, 'lists', error_part='', ksize=size, strides=strides, padding='VALID', **more)
        refused(c, 'MaxPoolGradGradV2', [x, y, x, i32(*size), i32(*strides)], 'lists', error_part='', padding='VALID')
    refused(c, 'MaxPool3DGradGrad', [v(0, 2, 2, 2, 1)] * 3, 'empty', ksize=[1, 2, 2, 2, 1], strides=[1] * 5, padding='SAME', error_part='received empty tensor tensor_in')
    for k, fmt in (([1, 2, 2, 0, 1], 'NDHWC'), ([1, 2, 2, 2, 0], 'NDHWC'), ([2, 2, 2, 2, 1], 'NDHWC'), ([1, 2, 2, 2, 1], 'NCDHW'), ([1, 1, 2, 2, 2], 'NCDHW')):
        z = v(1, 2, 3, 3, 2)
        refused(c, 'MaxPool3DGradGrad', [z] * 3, 'lists', ksize=k, strides=[1] * 5, padding='SAME', data_format=fmt, error_part='')
        refused(c, 'AvgPool3DGrad', [i32(1, 2, 3, 3, 2), z], 'lists', ksize=k, strides=[1] * 5, padding='SAME', data_format=fmt, error_part='')
    refused(c, 'MaxPoolGradGrad', [x, y, x], 'channels first', data_format='NCHW', ksize=[1, 2, 2, 1], strides=[1] * 4, padding='VALID')
    c.save()


# ---- fractional poolings, filters of volumes ----

def nn_fractional():
    c = Cases('nn_fractional')
    for kind in ('Max', 'Avg'):
        op = 'Fractional%sPool' % kind
        for dtype in (F32, F64, I32, I64):
            for pseudo in (False, True):
                for overlapping in (False, True):
                    for ratio, shape in [((1., 1.5, 1.75, 1.), (2, 9, 11, 2)), ((1., 2., 2.5, 1.), (1, 8, 7, 3))]:
                        x = values(dtype, shape, -9, 9)
                        r = c.case(op, [x], name_of(dtype), rtol=1e-5, atol=1e-6, pooling_ratio=list(ratio), pseudo_random=pseudo, overlapping=overlapping, deterministic=True, seed=3, seed2=17 + len(shape))
                        y, rows, columns = r
                        dy = values(dtype, y.shape, -9, 9)
                        inputs = [x, y, dy, rows, columns] if kind == 'Max' else [i64(*shape), dy, rows, columns]
                        c.case(op + 'Grad', inputs, name_of(dtype), rtol=1e-5, atol=1e-5, overlapping=overlapping)
        case = lambda shape, ratio, label, **more: refused(c, op, [values(F32, shape)], label, pooling_ratio=list(ratio), deterministic=True, seed=3, seed2=5, **more)
        case((1, 30, 41, 1), (1., 1.44, 1.73, 1.), 'long', pseudo_random=True)
        case((1, 30, 41, 1), (1., 1.44, 1.73, 1.), 'long')
        case((1, 6, 6, 1), (1., 1., 1., 1.), 'ratio 1')
        case((1, 6, 6, 1), (1., 6., 6., 1.), 'one')
        case((6, 6, 1), (1., 2., 2., 1.), 'rank', error_part='')
        case((1, 6, 6, 1), (1., 2., 2.), 'ratios', error_part='')
        case((2, 6, 6, 1), (2., 2., 2., 1.), 'batch', error_part='')
        case((2, 6, 6, 2), (1., 2., 2., 2.), 'channels', error_part='')
        case((1, 6, 6, 1), (1., .5, 2., 1.), 'small', error_part='')
        case((1, 6, 6, 1), (1., 7., 2., 1.), 'large', error_part='')
    for dtype in (F32, F64, I32, I64):
        x, dy = np.arange(16).reshape(1, 4, 4, 1).astype(dtype), np.arange(4).reshape(1, 2, 2, 1).astype(dtype)
        for most in (15, 14):
            y = np.array([5, 7, 13, most], dtype).reshape(1, 2, 2, 1)
            c.case('FractionalMaxPoolGrad', [x, y, dy, i64(0, 2, 4), i64(0, 2, 4)], 'output %d' % most)
        for rows in ((0, 2, 1), (0, 2, 2), (0, 2, 3, 4), (4, 5, 6), (0, 9, 1), (0, -1, 4)):
            refused(c, 'FractionalAvgPoolGrad', [i64(1, 4, 4, 1), dy, i64(*rows), i64(0, 2, 4)], 'borders %s' % (rows,), error_part='', overlapping=len(rows) == 4)
    for op in ('FractionalMaxPool', 'FractionalAvgPool'):
        for seed, seed2 in ((1, 0), (0, 1)):
            c.case(op, [np.zeros((1, 6, 6, 1), F32)], 'seeds', pooling_ratio=[1., 2., 2., 1.], seed=seed, seed2=seed2)
    c.save()


def nn_conv3d_grad():
    c = Cases('nn_conv3d_grad')
    for padding in ('SAME', 'VALID'):
        for dtype in FLOATS:
            for k, st in [((2, 2, 2), (1, 1, 1)), ((1, 3, 2), (2, 1, 3)), ((3, 1, 1), (1, 2, 2))]:
                if dtype != F32 and k[0] != 2: continue
                x, f = values(dtype, (2, 4, 3, 5, 2), -1, 1), (*k, 2, 3)
                attr = dict(strides=[1, *st, 1], padding=padding)
                with tf.Graph().as_default(), V1.Session() as session:
                    shape = session.run(tf.raw_ops.Conv3D(input=x.astype(F32), filter=np.zeros(f, F32), **attr)).shape
                dy = values(dtype, shape, -1, 1)
                tolerance = dict(rtol=5e-2, atol=.15) if dtype in FLOATS[:2] else dict(rtol=1e-4, atol=1e-4)
                c.as_of(None)
                c.case('Conv3DBackpropFilterV2', [x, i32(*f), dy], name_of(dtype), **tolerance, **attr)
                if dtype == BF16: continue
                c.as_of(9)
                c.case('Conv3DBackpropFilter', [x, np.zeros(f, dtype), dy], name_of(dtype), **tolerance, **attr)
    c.as_of(None)
    attr = dict(strides=[1, 1, 1, 1, 1], padding='VALID', error_part='')
    v = lambda *shape: values(F32, shape)
    case = lambda x, f, dy, label, **more: refused(c, 'Conv3DBackpropFilterV2', [x, np.array(f, I32), dy], label, **{**attr, **more})
    case(v(1, 3, 3, 3, 1), [2, 2, 2, 1, 1], v(1, 2, 2, 3, 1), 'gradient')
    case(v(1, 3, 3, 3), [2, 2, 2, 1, 1], v(1, 2, 2, 2, 1), 'rank')
    case(v(1, 3, 3, 3, 1), [2, 2, 2, 1], v(1, 2, 2, 2, 1), 'sizes')
    case(v(1, 3, 3, 3, 1), [2, 2, 2, 2, 1], v(1, 2, 2, 2, 1), 'depth')
    case(v(1, 3, 3, 3, 1), [4, 2, 2, 1, 1], v(1, 2, 2, 2, 1), 'filter')
    case(v(1, 3, 3, 3, 1), [2, 2, 2, 1, 1], v(1, 2, 2, 2, 1), 'dilations', dilations=[1, 2, 1, 1, 1])
    case(v(0, 3, 3, 3, 0), [2, 2, 2, 0, 1], v(0, 2, 2, 2, 1), 'depth 0')
    for special in (np.nan, np.inf):
        for padding, strides in (('VALID', [1, 2, 1, 2, 1]), ('SAME', [1, 1, 1, 1, 1])):
            for at in ((0, 0, 0, 0, 0), (1, 1, 1, 2, 1), (0, 2, 2, 3, 0)):
                x = v(2, 3, 3, 4, 2)
                x[at] = special
                shape = (2, 1, 2, 2, 2) if padding == 'VALID' else (2, 3, 3, 4, 2)
                c.case('Conv3DBackpropFilterV2', [x, i32(2, 2, 2, 2, 2), v(*shape)], 'special', 1e-4, 1e-4, strides=strides, padding=padding)
    c.save()


def math_isotonic():
    c = Cases('math_isotonic')
    for dtype in FLOATS + INTS[:4]:
        for out in (tf.float16, tf.bfloat16, tf.float32, tf.float64):
            refused(c, 'IsotonicRegression', [values(dtype, (2, 3, 12))], '%s %s' % (name_of(dtype), out.name), **near(out.as_numpy_dtype), output_dtype=out)
    for x in (f32(1, 2, 3), f32(3, 2, 1), f32(1, 1, 1), f32(2, 1, 1, 3, 0), f32(5), f32(), f32(1, 3, 2, 4, 3, 5), f32(4, 4, 3, 3, 3, 5)):
        refused(c, 'IsotonicRegression', [x], 'vector', output_dtype=tf.float32)
    refused(c, 'IsotonicRegression', [values(F32, (0, 3))], 'no rows', output_dtype=tf.float32)
    refused(c, 'IsotonicRegression', [values(F32, (2, 100))], 'long', **near(F32), output_dtype=tf.float32)
    refused(c, 'IsotonicRegression', [F32(1)], 'scalar', error_part='', output_dtype=tf.float32)
    c.save()


def image_contrast():
    c = Cases('image_contrast')
    c.as_of(1)
    case = lambda x, factor, low, high, label, **more: refused(c, 'AdjustContrast', [x, np.asarray(factor, F32), np.asarray(low, F32), np.asarray(high, F32)], label, **{**dict(rtol=1e-4, atol=1e-4), **more})
    for dtype in (np.uint8, np.int8, np.int16, I32, F32, F64):
        for factor in (.5, 2, -1, 0):
            case(values(dtype, (2, 3, 4, 3), -9, 9), factor, -5, 6, name_of(dtype))
    case(values(F32, (3, 4, 2)), 1.5, -100, 100, 'rank 3')
    case(values(F32, (2, 2, 3, 4, 2)), 1.5, -100, 100, 'rank 5')
    case(values(F32, (0, 3, 4, 2)), 1.5, -100, 100, 'empty')
    case(values(F32, (4, 2)), 1.5, -100, 100, 'rank 2')
    for i in range(3):
        args = [1.5, -1, 1]
        args[i] = [args[i]]
        case(values(F32, (3, 4, 2)), *args, 'vector %d' % i)
    c.save()


FAMILIES = [array_patches, image_resize_grad, math_order, math_histogram, print_ops, nn_dilation, quant_round,
            nn_norm_grad, quant_convert, quant_math, quant_array, quant_nn, quant_norm, array_pad_grad, array_rows,
            array_format, math_segment_grad, nn_pool_grads, nn_fractional, nn_conv3d_grad, math_isotonic,
            image_contrast]

if __name__ == '__main__':
    generate(FAMILIES, 7)
