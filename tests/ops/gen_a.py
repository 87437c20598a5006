"""Op cases of the math, reduction, nn and matmul families: python tests/ops/gen_a.py [FAMILY...] (README.md here)."""
import functools
import itertools

from op_cases import Cases, attr_bytes  # first: it sets TensorFlow's environment
from case_values import BF16, COMPLEX, FLOATS, INTS, NUMBERS, REAL, SIGNED, UNSIGNED, generate, name_of, refused, rng, values

import numpy as np
import tensorflow as tf

values = functools.partial(values, steps=256)


def tolerance(dtype):
    """rtol, atol that a result of this type is held to."""
    if dtype == np.float16: return 3e-3, 1e-3
    if dtype == BF16: return 2e-2, 1e-2
    if dtype in (np.float64, np.complex128): return 1e-9, 1e-12
    return 1e-5, 1e-6


def is_int(dtype):
    return dtype in INTS


def extremes(dtype):
    if dtype in COMPLEX:
        return np.array([0, 1, -1, 1j, -1j, 3 + 4j, -3 - 4j, 0.5 - 2j], dtype)
    if is_int(dtype):
        i = np.iinfo(dtype)
        return np.array([i.min, i.max, 0, 1, i.min + 1, i.max - 1, 2, 7], dtype)
    return np.array([0., -0., 1., -1., np.nan, np.inf, -np.inf, 0.5], np.float32).astype(dtype)


# ---- unary ----
FC = FLOATS + COMPLEX
UNARY = {
    'Neg': (FC + SIGNED, -9, 9), 'Abs': (FLOATS + SIGNED, -9, 9), 'Sign': (FC + SIGNED, -9, 9),
    'Square': (NUMBERS, -9, 9), 'Sqrt': (FC, 0, 20), 'Rsqrt': (FC, 0.1, 20), 'Exp': (FC, -8, 8),
    'Expm1': (FC, -3, 3), 'Log': (FC, 0.01, 20), 'Log1p': (FC, -0.9, 5), 'Sin': (FC, -9, 9), 'Cos': (FC, -9, 9),
    'Tan': (FC, -1.4, 1.4), 'Asin': (FC, -1, 1), 'Acos': (FC, -1, 1), 'Atan': (FC, -9, 9), 'Sinh': (FC, -4, 4),
    'Cosh': (FC, -4, 4), 'Tanh': (FC, -4, 4), 'Asinh': (FC, -9, 9), 'Acosh': (FC, 1, 9), 'Atanh': (FC, -0.9, 0.9),
    'Floor': (FLOATS, -9, 9), 'Ceil': (FLOATS, -9, 9), 'Round': (FLOATS + [np.int32, np.int64], -9, 9),
    'Rint': ([np.float32, np.float64], -9, 9), 'Reciprocal': (FC, 0.1, 9), 'Inv': (FC, 0.1, 9),
    'Sigmoid': (FC, -4, 4), 'Softplus': (FLOATS, -20, 20), 'Softsign': (FLOATS, -9, 9), 'Relu': (REAL, -9, 9),
    'Relu6': (REAL, -9, 9), 'LeakyRelu': (FLOATS, -9, 9), 'Elu': (FLOATS, -9, 9), 'Selu': (FLOATS, -9, 9),
    'Erf': (FLOATS, -5, 5), 'Erfc': (FLOATS, -3, 3), 'Erfinv': ([np.float32, np.float64], -0.99, 0.99),
    'Ndtri': ([np.float32, np.float64], 0.01, 0.99), 'Lgamma': ([np.float16, np.float32, np.float64], 0.1, 9),
    'Digamma': ([np.float16, np.float32, np.float64], 0.1, 9), 'IsNan': (FLOATS, -1, 1), 'IsInf': (FLOATS, -1, 1),
    'IsFinite': (FLOATS, -1, 1), 'LogicalNot': ([np.bool_], 0, 1), 'Invert': (INTS, -9, 9),
    'PopulationCount': (INTS, -99, 99), 'Conj': (COMPLEX, -9, 9), 'Real': (COMPLEX, -9, 9), 'Imag': (COMPLEX, -9, 9),
    'Angle': (COMPLEX, -9, 9), 'ComplexAbs': (COMPLEX, -9, 9),
}
# Complex results at branch points, poles and overflow differ between libraries: only plain values for these.
NO_COMPLEX_EXTREMES = {'Rsqrt', 'Log', 'Log1p', 'Tan', 'Asin', 'Acos', 'Atan', 'Acosh', 'Atanh', 'Reciprocal', 'Inv',
                       'Asinh', 'Tanh', 'Sigmoid'}
WIDE = {  # float32 over the whole range: what the vector code must get right
    'Exp': np.concatenate([np.linspace(-110, 95, 403), [-87.5, -103.9, 88.72, 88.73]]),
    'Expm1': np.concatenate([np.linspace(-30, 89, 301), np.logspace(-12, 0, 50), -np.logspace(-12, 0, 50)]),
    'Log': np.concatenate([np.logspace(-37, 38, 401), np.linspace(0.5, 2, 101)]),
    'Log1p': np.concatenate([np.logspace(-12, 38, 201), -np.logspace(-12, -0.001, 101)]),
    'Tanh': np.concatenate([np.linspace(-12, 12, 301), np.logspace(-12, 0, 50)]),
    'Sigmoid': np.linspace(-100, 100, 401), 'Erf': np.concatenate([np.linspace(-5, 5, 401), np.logspace(-12, 0, 50)]),
    'Sin': np.concatenate([np.linspace(-100, 100, 401), [8191.5, 8192.5, 1e6, -1e9]]),
    'Cos': np.concatenate([np.linspace(-100, 100, 401), [8191.5, 8192.5, 1e6, -1e9]]),
    'Softplus': np.linspace(-100, 100, 401), 'Elu': np.linspace(-30, 5, 201), 'Selu': np.linspace(-30, 5, 201),
    'Rsqrt': np.logspace(-37, 38, 201), 'Sqrt': np.logspace(-37, 38, 201),
    'Rint': np.arange(-20, 20) / 4, 'Round': np.arange(-20, 20) / 4, 'Floor': np.arange(-20, 20) / 4,
    'Ceil': np.arange(-20, 20) / 4, 'Erfinv': np.linspace(-1, 1, 101), 'Ndtri': np.linspace(0, 1, 101),
    'Lgamma': np.linspace(-4.9, 30, 101), 'Digamma': np.linspace(-4.9, 30, 101),
}


def math_unary():
    c = Cases('math_unary')
    for op, (types, low, high) in UNARY.items():
        for dtype in types:
            rtol, atol = tolerance(dtype)
            if dtype in COMPLEX: rtol, atol = rtol * 3, atol * 3
            extra = {'Tout': tf.float64 if dtype == np.complex128 else tf.float32} \
                if op in ('Real', 'Imag', 'Angle', 'ComplexAbs') else {}
            for label, x in [('plain', values(dtype, (3, 7), int(low) if is_int(dtype) else low, high)),
                             ('one', values(dtype, (), int(low) if is_int(dtype) else low, high)),
                             ('long', values(dtype, (67,), int(low) if is_int(dtype) else low, high)),
                             ('empty', np.zeros((0, 3), dtype)), ('extremes', extremes(dtype)
                              if dtype != np.bool_ else np.array([True, False]))]:
                if label == 'long' and dtype not in (np.float32, np.float16): continue
                if label == 'extremes' and op in NO_COMPLEX_EXTREMES and dtype in COMPLEX: continue
                c.case(op, [x], '%s %s' % (label, name_of(dtype)), rtol, atol, **extra)
        if op in WIDE:
            x = WIDE[op].astype(np.float32)
            c.case(op, [x], 'wide', 2e-6 if op not in ('Lgamma', 'Digamma', 'Erfinv', 'Ndtri') else 2e-5, 1e-6)
    c.case('LeakyRelu', [values(np.float32, (5, 5))], 'alpha', alpha=0.01)
    c.case('LeakyRelu', [values(np.float64, (5, 5))], 'alpha', alpha=-2.0)
    c.case('Neg', [values(np.float32, (1, 2, 1, 2, 1, 2, 1, 3))], 'rank 8')
    for dtype in (np.float16, BF16):
        c.case('Softplus', [np.linspace(-9, 9, 73).astype(dtype)], 'threshold ' + name_of(dtype), 1e-3 if dtype == np.float16 else 8e-3, 1e-3)
    c.case('Exp', [values(np.float32, (70000,))[:40000]], 'threads')
    for dtype in COMPLEX:
        edges = [complex(a, b) for a in (0, -1, np.inf, -np.inf, np.nan, 200, -200, -90, -740) for b in (0, 2, np.inf, np.nan)]
        c.case('Sigmoid', [np.array(edges, dtype)], 'edges ' + name_of(dtype), 1e-5, 1e-6)
    c.save()


# ---- binary ----
SHAPES = [((2, 3), (2, 3)), ((), ()), ((4,), ()), ((), (4,)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 1), (1, 3)),
          ((4, 1, 3), (2, 1)), ((0,), (1,)), ((2, 0), (2, 1)), ((2, 3, 1, 1, 1, 1, 1, 2), (1, 1, 1, 1, 2, 2, 1, 1)),
          ((33,), (33,)), ((2, 17), (2, 1))]
ARITHMETIC = {'Add': FLOATS + SIGNED + [np.uint8] + COMPLEX, 'AddV2': NUMBERS, 'Sub': NUMBERS, 'Mul': NUMBERS,
              'Maximum': REAL, 'Minimum': REAL, 'SquaredDifference': FLOATS + [np.int32, np.int64] + COMPLEX,
              'Less': REAL, 'LessEqual': REAL, 'Greater': REAL, 'GreaterEqual': REAL, 'Equal': NUMBERS + [np.bool_],
              'NotEqual': NUMBERS + [np.bool_], 'BitwiseAnd': INTS, 'BitwiseOr': INTS, 'BitwiseXor': INTS,
              'LogicalAnd': [np.bool_], 'LogicalOr': [np.bool_], 'LeftShift': INTS, 'RightShift': INTS,
              'DivNoNan': FC, 'MulNoNan': FC, 'Xdivy': FC, 'Xlogy': FC, 'Xlog1py': FC, 'Atan2': FLOATS,
              'NextAfter': [np.float32, np.float64], 'Complex': [np.float32, np.float64]}
DIVISION = {'Div': NUMBERS, 'RealDiv': FC, 'TruncateDiv': REAL, 'FloorDiv': REAL, 'FloorMod': REAL,
            'Mod': [np.float32, np.float64, np.int32, np.int64], 'TruncateMod': [np.float32, np.float64, np.int32, np.int64]}
GRADIENTS = {'ReluGrad': REAL, 'Relu6Grad': REAL, 'LeakyReluGrad': FLOATS, 'EluGrad': FLOATS, 'SeluGrad': FLOATS,
             'SoftplusGrad': FLOATS, 'SoftsignGrad': FLOATS, 'SigmoidGrad': FC, 'TanhGrad': FC, 'SqrtGrad': FC,
             'RsqrtGrad': FC, 'InvGrad': FC, 'ReciprocalGrad': FC}


def pairs(dtype, values_of_one):
    a, b = np.meshgrid(values_of_one, values_of_one)
    return a.reshape(-1).astype(dtype), b.reshape(-1).astype(dtype)


def math_binary():
    c = Cases('math_binary')
    for op, types in ARITHMETIC.items():
        for n, dtype in enumerate(types):
            rtol, atol = tolerance(dtype)
            extra = {'Tout': tf.complex128 if dtype == np.float64 else tf.complex64} if op == 'Complex' else {}
            # All shapes for float32 and the first type, some for the others.
            for s, (a, b) in enumerate(SHAPES):
                if dtype != np.float32 and n > 0 and s not in (0, 5, 6): continue
                low, high = (0, 5) if op in ('Xlogy', 'Xlog1py') else (-5, 5)
                x, y = values(dtype, a, low, high), values(dtype, b, low, high)
                if op in ('Equal', 'NotEqual') and not is_int(dtype) and dtype not in COMPLEX and dtype != np.bool_:
                    x, y = np.round(x.astype(np.float32)).astype(dtype), np.round(y.astype(np.float32)).astype(dtype)
                c.case(op, [x, y], '%s' % name_of(dtype), rtol, atol, **extra)
            if dtype == np.bool_ or dtype in COMPLEX or op in ('NextAfter',): continue
            x, y = pairs(dtype, extremes(dtype))
            if op in ('LeftShift', 'RightShift'):
                y = np.clip(y.astype(np.float64), -5, 100).astype(dtype)
            c.case(op, [x, y], 'extremes %s' % name_of(dtype), rtol, atol, **extra)
    for op, types in DIVISION.items():
        for dtype in types:
            rtol, atol = tolerance(dtype)
            for a, b in [SHAPES[0], SHAPES[6], SHAPES[4], SHAPES[9]]:
                y = values(dtype, b, 1, 5)
                if dtype not in UNSIGNED: y = (y * np.where(rng.rand(*b) < 0.5, 1, -1).astype(y.dtype)).astype(dtype)
                c.case(op, [values(dtype, a, -20, 20), y], name_of(dtype), rtol, atol)
            if is_int(dtype):
                x = values(dtype, (25,), -100, 100)
                y = np.concatenate([values(dtype, (12,), 1, 9), -values(dtype, (13,), 1, 9).astype(np.int64)]) \
                    if dtype in SIGNED else values(dtype, (25,), 1, 9)
                c.case(op, [x, y.astype(dtype)], 'signs %s' % name_of(dtype))
                i = np.iinfo(dtype)
                if dtype in SIGNED:
                    c.case(op, [np.array([i.min, i.max, i.min + 1], dtype), np.array(-1, dtype)],
                           'lowest by -1 %s' % name_of(dtype))
                c.case(op, [x, np.array([0], dtype)], 'by zero %s' % name_of(dtype))
                c.case(op, [np.zeros((0,), dtype), np.array([0], dtype)], 'nothing by zero %s' % name_of(dtype))
            elif dtype not in COMPLEX:
                c.case(op, list(pairs(dtype, extremes(dtype))), 'extremes %s' % name_of(dtype), rtol, atol)
    for dtype in FLOATS + SIGNED + COMPLEX:
        rtol, atol = tolerance(dtype)
        c.case('Pow', [values(dtype, (2, 5), 0, 4), values(dtype, (5,), 0, 4)], name_of(dtype), rtol * 5, atol)
        if is_int(dtype):
            c.case('Pow', [values(dtype, (2, 5), -5, 5), values(dtype, (5,), 0, 60)], 'wraps %s' % name_of(dtype))
            c.case('Pow', [values(dtype, (2, 5)), np.array([1, 2, -1, 0, 3], dtype)], 'negative %s' % name_of(dtype))
        elif dtype not in COMPLEX:
            c.case('Pow', list(pairs(dtype, extremes(dtype))), 'extremes %s' % name_of(dtype), rtol, atol)
    for op, types in GRADIENTS.items():
        for dtype in types:
            rtol, atol = tolerance(dtype)
            low = 1 if op in ('SqrtGrad',) else -5
            c.case(op, [values(dtype, (3, 5), low, 8), values(dtype, (3, 5), -5, 8)], name_of(dtype), rtol * 2, atol * 2)
            c.case(op, [values(dtype, (0,)), values(dtype, (0,))], 'empty ' + name_of(dtype), rtol, atol)
            if dtype not in COMPLEX and op in ('ReluGrad', 'Relu6Grad', 'LeakyReluGrad', 'EluGrad'):
                c.case(op, list(pairs(dtype, extremes(dtype))), 'extremes ' + name_of(dtype), rtol, atol)
    c.case('LeakyReluGrad', [values(np.float32, (9,)), values(np.float32, (9,))], 'alpha', alpha=0.01)
    for op in ('ReluGrad', 'SigmoidGrad'):
        c.case(op, [values(np.float32, (3,)), values(np.float32, (4,))], 'sizes', error_part='')
    for dtype in (np.float32, np.float64):
        c.case('ApproximateEqual', [values(dtype, (40,), 0, 1), values(dtype, (40,), 0, 1)], '', tolerance=0.3)
    c.case('ApproximateEqual', [np.float32([1, 2]), np.float32([1, 2, 3])], 'sizes')
    # Shapes that don't go together.
    for op in ('AddV2', 'Mul', 'Less', 'Equal'):
        c.case(op, [np.float32([1, 2]), np.float32([1, 2, 3])], 'incompatible')
        c.case(op, [values(np.int32, (2, 3)), values(np.int32, (2, 3, 2))], 'incompatible')
    for op in ('Equal', 'NotEqual'):
        c.case(op, [np.float32([1, 2]), np.float32([1, 2, 3])], 'incompatible is an answer', incompatible_shape_error=False)
        c.case(op, [np.float32([1, 2]), np.float32([[1], [2]])], 'compatible', incompatible_shape_error=False)
        s = np.array([[b'a', b'', b'abc'], [b'x\0y', b'a' * 40, b'abc']], object)
        c.case(op, [s, np.array([b'a', b'a' * 40, b'abc'], object)], 'strings')
        c.case(op, [s, np.array(b'x\0y', object)], 'strings')
    c.case('Add', [np.array([[b'a'], [b'']], object), np.array([b'x', b'y' * 30, b''], object)], 'strings')
    c.case('Add', [np.array(b'p', object), np.array([], object)], 'no strings')
    c.case('AddV2', [values(np.float32, (50, 700)), values(np.float32, (700,))], 'threads')
    c.case('Mul', [values(np.float32, (300, 3)), values(np.float32, (3,))], 'narrow')
    c.case('Mul', [values(np.float32, (20, 1, 30)), values(np.float32, (1, 40, 30))], 'three')
    for dtype in (np.float32, np.float16, np.int64):
        c.case('Sub', [values(dtype, (1500, 3)), values(dtype, (3,))], 'many narrow %s' % name_of(dtype), 1e-3)
        c.case('Less', [values(dtype, (5,)), values(dtype, (900, 5))], 'many narrow %s' % name_of(dtype))
    for op in ('SqrtGrad', 'RsqrtGrad', 'ReciprocalGrad', 'InvGrad'):
        for dtype in FLOATS + COMPLEX:
            x, dy = np.array([0, -0., np.nan, np.inf, 2, 0] * 3, dtype), np.array([0, 0, -0., 0, -0., 3] * 3, dtype)
            c.case(op, [x[:5], dy[:5]] if dtype in COMPLEX else [x, dy], 'of nothing')
    for dtype in (np.float32, np.float64):
        c.case('ApproximateEqual', [np.array([1, 2, -1, .5, 0, np.inf, np.nan], dtype), np.zeros(7, dtype)], 'as much as the tolerance', tolerance=1.)
    c.save()


# ---- cast ----
def math_cast():
    c = Cases('math_cast')
    types = NUMBERS + [np.bool_]
    for source in types:
        for target in types:
            rtol, atol = tolerance(target)
            if source == np.bool_:
                x = np.array([True, False, True])
            elif source in COMPLEX:
                x = np.array([0, 1 + 2j, -3.7 + 1j, 2.5, 1j, 100 - 1j], source)
            elif is_int(source):
                x = np.concatenate([extremes(source), values(source, (9,), -100, 100)])
            else:
                x = np.array([0, -0., 1, -1, 2.5, -2.5, 0.99, 1.5, 300, -300, 65520, 5e9, -5e9, 1e10, 3e38, np.nan, np.inf,
                              -np.inf, 70000.7, 2147483648., -2147483648., 4294967296., 1.00390625, 1e-8, 6e-8],
                             np.float32).astype(source)
                if source == np.float64: x = np.concatenate([x, np.array([1e300, -1e300, 9.3e18, -9.3e18, 1.8e19, 2e19])])
            # Of numbers out of range TensorFlow's answer depends on the place; the first few go by its scalar code.
            step = 3 if is_int(target) and not is_int(source) and source != np.bool_ and \
                target not in (np.int32, np.int64) else len(x)
            for i in range(0, len(x), step):
                c.case('Cast', [x[i:i + step]], '%s to %s' % (name_of(source), name_of(target)), DstT=tf.as_dtype(target),
                       rtol=0 if target != np.complex64 else rtol, atol=0)
    for source, target in [(np.float32, tf.bfloat16), (np.float32, tf.float16), (np.float64, tf.float32),
                           (np.float64, tf.bfloat16), (np.float64, tf.float16)]:
        c.case('Cast', [np.array([1.1, -1.1, 3.14159265, 1e-3, 1.0006, 65504, 0], source)], 'truncate', 0, 0, DstT=target,
               Truncate=True)
    c.case('Cast', [np.zeros((0, 2), np.float32)], 'empty', DstT=tf.int32)
    c.case('Cast', [np.array([b'a'], object)], 'strings', error_part='is not supported', DstT=tf.int32)
    c.case('Cast', [values(np.uint8, (600, 60), 0, 255)], 'threads', DstT=tf.float32)
    c.save()


# ---- reductions ----
def reduce():
    c = Cases('reduce')
    shapes = [((3, 4), [1]), ((3, 4), [0]), ((3, 4), [0, 1]), ((3, 4), []), ((2, 3, 4), [1]), ((2, 3, 4), [0, 2]),
              ((2, 3, 4), [-1]), ((2, 3, 4), [2, 0, 1]), ((), []), ((5,), [0]), ((2, 1, 3), [1]), ((2, 3, 2, 3, 2), [1, 3]),
              ((2, 3, 2, 3, 2), [0, 2, 4]), ((0, 3), [0]), ((0, 3), [1]), ((3, 0), [1]), ((2, 1, 2, 1, 2, 2, 1, 2), [0, 4, 7])]
    groups = {'Sum': NUMBERS, 'Prod': NUMBERS, 'Max': REAL, 'Min': REAL, 'Mean': NUMBERS, 'EuclideanNorm': NUMBERS}
    for op, types in groups.items():
        for n, dtype in enumerate(types):
            rtol, atol = tolerance(dtype)
            for s, (dims, axes) in enumerate(shapes):
                if dtype != np.float32 and s not in (0, 1, 2, 4, 13): continue
                if op == 'Mean' and is_int(dtype) and 0 in dims: continue  # TensorFlow divides by zero
                x = values(dtype, dims, -3, 3)
                c.case(op, [x, np.array(axes, np.int32)], name_of(dtype), rtol * 2, atol * 2, keep_dims=bool(s % 2))
            if is_int(dtype):
                c.case(op, [np.full((5,), np.iinfo(dtype).max, dtype), np.int32([0])], 'wraps ' + name_of(dtype))
                c.case(op, [np.full((5, 2), np.iinfo(dtype).max - 1, dtype), np.int32([0])], 'wraps ' + name_of(dtype))
            if dtype not in COMPLEX:
                x = extremes(dtype)
                if op == 'EuclideanNorm' and dtype in INTS:  # squares wrap, negative ones have no root
                    c.case(op, [np.array([[150, 150], [12, 3], [100, 100], [46341, 0]]).astype(dtype), np.int32([1])], 'wraps')
                if op != 'EuclideanNorm': c.case(op, [np.stack([x, x[::-1]]), np.int64([1])], 'extremes ' + name_of(dtype), rtol, atol)
                if op in ('Max', 'Min') and not is_int(dtype):
                    c.case(op, [np.array([[1, np.nan, 2], [-np.inf, 1, np.inf]], dtype), np.int32([1])], 'nan')
                    c.case(op, [np.array([[1, np.nan, 2], [-np.inf, 1, np.inf]], dtype), np.int32([0])], 'nan')
    for op in ('Any', 'All'):
        for dims, axes in shapes:
            c.case(op, [values(np.bool_, dims), np.array(axes, np.int64)], '', keep_dims=len(axes) == 1)
    for op in groups:
        c.case(op, [values(np.float32, (6, 1000), -1, 1), np.int32([1])], 'long rows', 1e-5, 1e-4)
        c.case(op, [values(np.float32, (100, 70), 0.5, 1.5), np.int32([0])], 'long columns', 1e-5, 1e-4)
    c.case('Sum', [np.full((180000,), 0.1, np.float32)[:140000], np.int32([0])], 'pieces', 1e-5)
    c.case('Max', [(np.arange(70000) % 121).astype(np.int32).reshape(7, 10000), np.int32([0, 1])], 'pieces')
    c.case('Mean', [np.full((70000,), 1, np.float16), np.int32([0])], 'half count', 1e-2)
    for op in ('Sum', 'All'):
        x = values(np.float32 if op == 'Sum' else np.bool_, (2, 3))
        c.case(op, [x, np.int32([2])], 'axis')
        c.case(op, [x, np.int32([-3])], 'axis')
        c.case(op, [x, np.int32([1, -1])], 'twice')
    c.save()


# ---- matmul ----
MATMUL = FLOATS + [np.int16, np.int32, np.int64] + COMPLEX


def matmul():
    c = Cases('matmul')
    for dtype in MATMUL:
        rtol, atol = tolerance(dtype)
        atol *= 50 if dtype == np.float16 else 10
        for ta, tb in itertools.product([False, True], repeat=2):
            for m, k, n in [(2, 3, 4), (1, 1, 1), (5, 7, 3), (3, 0, 2), (0, 3, 2), (1, 9, 5), (4, 3, 1)]:
                if dtype != np.float32 and (m, k, n) not in ((2, 3, 4), (5, 7, 3), (3, 0, 2)): continue
                a = values(dtype, (k, m) if ta else (m, k))
                b = values(dtype, (n, k) if tb else (k, n))
                if dtype != np.int16: c.case('MatMul', [a, b], '%s %d %d' % (name_of(dtype), ta, tb), rtol, atol, transpose_a=ta, transpose_b=tb)
                if (m, k, n) in ((2, 3, 4), (5, 7, 3)):
                    if dtype != np.int16: c.case('BatchMatMul', [np.stack([a, a + a]), np.stack([b, b])], name_of(dtype), rtol, atol, adj_x=ta, adj_y=tb)
                    c.case('BatchMatMulV2', [np.stack([a, a + a]), b], name_of(dtype), rtol, atol, adj_x=ta, adj_y=tb)
    for ta, tb in itertools.product([False, True], repeat=2):
        for m, k, n in [(65, 70, 33), (3, 200, 100), (17, 5, 51), (1, 300, 40), (64, 64, 64), (48, 48, 48), (130, 40, 20), (9, 31, 67), (2, 40, 300), (1, 33, 270)]:
            a = values(np.float32, (k, m) if ta else (m, k), -1, 1)
            b = values(np.float32, (n, k) if tb else (k, n), -1, 1)
            if m * k + k * n + m * n > 9000 and ta != tb: continue
            c.case('MatMul', [a, b], 'sizes', 1e-5, 1e-5, transpose_a=ta, transpose_b=tb)
        a = values(np.float32, (2, 1, 40, 30), -1, 1)
        b = values(np.float32, (3, 30, 50) if not tb else (3, 50, 30), -1, 1)
        if not ta: c.case('BatchMatMulV2', [a, b], 'broadcast', 1e-5, 1e-5, adj_y=tb)
    c.case('BatchMatMul', [values(np.float32, (2, 60, 50), -1, 1), values(np.float32, (2, 50, 40), -1, 1)], 'sizes', 1e-5, 1e-5)
    c.case('MatMul', [np.round(values(np.float32, (130, 140), -1, 1) * 8) / 8, np.round(values(np.float32, (140, 150), -1, 1) * 8) / 8], 'large', 1e-5, 1e-4)
    c.case('BatchMatMulV2', [values(np.float32, (2, 3, 2, 4)), values(np.float32, (4, 3))], 'broadcast')
    c.case('BatchMatMulV2', [values(np.float32, (2, 4)), values(np.float32, (3, 2, 4, 3))], 'broadcast')
    c.case('BatchMatMulV2', [values(np.float32, (0, 2, 4)), values(np.float32, (4, 3))], 'empty')
    c.case('BatchMatMulV2', [values(np.float64, (3, 1, 2, 4)), values(np.float64, (2, 4, 3))], 'broadcast', 1e-9)
    c.case('MatMul', [values(np.float16, (40, 50)), values(np.float16, (50, 60))], 'half', 1e-2, 0.1)
    c.case('MatMul', [np.float32([[np.inf, 0], [np.nan, 1]]), np.float32([[1, 2], [3, 0]])], 'nan')
    v = lambda *s: values(np.float32, s)
    c.case('MatMul', [v(2, 3), v(2, 3)], 'sizes')
    c.case('MatMul', [v(2, 3), v(3, 2)], 'sizes', transpose_a=True)
    c.case('MatMul', [v(3), v(3, 2)], 'rank')
    c.case('MatMul', [v(2, 3), v(3)], 'rank')
    c.case('MatMul', [v(1, 2, 3), v(1, 3, 2)], 'rank')
    three = lambda a, b, out, label, **more: c.case('BatchMatMulV3', [a, b], label, *((3e-2, .2) if out == tf.bfloat16 else tolerance(out.as_numpy_dtype)), Tout=out, **more)
    for dtype in MATMUL:
        if dtype == np.float16: continue
        three(values(dtype, (2, 3, 4)), values(dtype, (4, 2)), tf.as_dtype(dtype), name_of(dtype))
        three(values(dtype, (2, 4, 3)), values(dtype, (2, 2, 4)), tf.as_dtype(dtype), name_of(dtype), adj_x=True, adj_y=True)
    for x, y, out in itertools.product([np.int8, np.uint8, BF16], [np.int8, np.uint8, BF16], [tf.int32, tf.bfloat16]):
        if (x == BF16 or y == BF16) != (out == tf.bfloat16): continue
        for ta, tb in itertools.product([False, True], repeat=2):
            a, b = values(x, (2, 4, 5) if ta else (2, 5, 4)), values(y, (3, 4) if tb else (4, 3))
            three(a, b, out, '%s %s' % (name_of(x), name_of(y)), adj_x=ta, adj_y=tb)
        three(values(x, (2, 3)), values(y, (2, 3)), out, 'sizes')
        three(values(x, (2, 0)), values(y, (0, 3)), out, 'empty')
    three(np.full((1, 300), -128, np.int8), np.full((300, 2), 127, np.int8), tf.int32, 'extreme')
    for op in ('BatchMatMul', 'BatchMatMulV2'):
        c.case(op, [v(2, 2, 3), v(2, 2, 3)], 'sizes')
        c.case(op, [v(2, 2, 3), v(3, 3, 2)], 'batch')
        c.case(op, [v(2, 2, 3), v(3, 2)], 'ranks')
        c.case(op, [v(3), v(3)], 'rank')
    c.save()


# ---- selection ----
def math_select():
    c = Cases('math_select')
    every = NUMBERS + [np.bool_]
    b = lambda *s: values(np.bool_, s)
    for dtype in every:
        v = lambda *s: values(dtype, s)
        for op in ('Select', 'SelectV2'):
            c.case(op, [b(3, 4), v(3, 4), v(3, 4)], name_of(dtype))
            c.case(op, [np.bool_(True), v(5), v(5)], name_of(dtype))
        c.case('Select', [b(3), v(3, 4), v(3, 4)], name_of(dtype))
        c.case('SelectV2', [b(3, 1), v(4), v(2, 1, 4)], name_of(dtype))
    v = lambda *s: values(np.float32, s)
    s = np.array([[b'a', b'long long long long long string', b'']] * 2, object)
    c.case('Select', [b(2, 3), s, s[::-1]], 'strings')
    c.case('Select', [b(2), s, s[::-1]], 'strings')
    c.case('SelectV2', [b(2, 1), s, np.array(b'x', object)], 'strings')
    c.case('Select', [b(0), v(0), v(0)], 'empty')
    c.case('Select', [b(3, 1), v(3, 4), v(3, 4)], 'condition')
    c.case('Select', [b(2), v(3, 4), v(3, 4)], 'condition')
    c.case('Select', [b(3, 4), v(3, 4), v(3, 3)], 'branches')
    c.case('Select', [b(3), v(3), v(3)], 'vectors')
    c.case('Select', [b(3), v(), v()], 'scalars')
    c.case('Select', [b(3), v(3, 2), v(3)], 'branches')
    c.case('Select', [b(), v(3, 2), v(3)], 'branches')
    c.case('SelectV2', [b(0, 1), v(1, 3), v()], 'empty')
    c.case('SelectV2', [b(2, 1, 2, 1), v(3, 1, 1), v(1, 3, 1, 4)], 'three ways')
    c.case('SelectV2', [b(2), v(3), v()], 'incompatible')
    c.case('SelectV2', [b(), v(3), v(3, 1)], 'scalar condition')
    for dtype in FLOATS + SIGNED + [np.uint8, np.uint16] + COMPLEX:
        x = np.concatenate([values(dtype, (12,), -9, 9), extremes(dtype)])
        c.case('ClipByValue', [x, np.array(1, dtype), np.array(4, dtype)], name_of(dtype))
        c.case('ClipByValue', [x, np.full(x.shape, 2, dtype), np.array(5, dtype)], name_of(dtype))
        c.case('ClipByValue', [x, np.array(1, dtype), np.full(x.shape, 3, dtype)], name_of(dtype))
        c.case('ClipByValue', [x, np.full(x.shape, 1, dtype), np.full(x.shape, 3, dtype)], name_of(dtype))
    for dtype in COMPLEX:
        c.case('ClipByValue', [values(dtype, (9,), -9, 9), dtype(-2 + 1j), dtype(3 + 4j)], 'parts ' + name_of(dtype))
    c.case('ClipByValue', [v(2, 3), v(3), v()], 'sizes')
    c.case('ClipByValue', [v(0), v(), v()], 'empty')
    c.save()


# ---- sums ----
def math_sum():
    c = Cases('math_sum')
    for dtype in NUMBERS:
        rtol, atol = tolerance(dtype)
        v = lambda *s: values(dtype, s)
        for op in ('AddN', 'AccumulateNV2'):
            if op == 'AccumulateNV2' and dtype != np.float32 and dtype != np.int64: continue
            extra = {'shape': [2, 3]} if op == 'AccumulateNV2' else {}
            for n in (1, 2, 5): c.case(op, [[v(2, 3) for _ in range(n)]], name_of(dtype), rtol, atol * 4, **extra)
        c.case('BiasAdd', [v(2, 3, 4), v(4)], name_of(dtype), rtol, atol)
        c.case('BiasAdd', [v(2, 3), v(3)], name_of(dtype), rtol, atol)
        c.case('BiasAdd', [v(2, 3, 2, 2), v(3)], 'NCHW ' + name_of(dtype), rtol, atol, data_format='NCHW')
        c.case('BiasAddV1', [v(2, 2, 3, 4), v(4)], name_of(dtype), rtol, atol)
        c.case('BiasAddGrad', [v(2, 3, 4)], name_of(dtype), rtol, atol * 4)
        c.case('BiasAddGrad', [v(2, 3, 2, 2)], 'NCHW ' + name_of(dtype), rtol, atol * 4, data_format='NCHW')
    v = lambda *s: values(np.float32, s)
    c.case('AddN', [[v(2, 3), v(3, 2)]], 'sizes', error_part='must have the same size and shape.  Input 0: [2,3] != input 1: [3,2]')
    c.case('AddN', [[v(), v(), v()]], 'scalars')
    c.case('AddN', [[v(0, 2), v(0, 2)]], 'empty')
    c.case('AddN', [[v(3000), v(3000), v(3000)]], 'blocks')
    c.case('BiasAdd', [v(3), v(3)], 'rank')
    c.case('BiasAdd', [v(2, 3), v(1, 3)], 'rank')
    c.case('BiasAdd', [v(2, 3), v(2)], 'sizes')
    c.case('BiasAdd', [v(2, 3, 4), v(2)], 'sizes', data_format='NCHW')
    c.case('BiasAdd', [v(2, 3, 4), v(3)], 'NCHW', data_format='NCHW')
    c.case('BiasAdd', [v(0, 3), v(3)], 'empty')
    c.case('BiasAddGrad', [v(3)], 'rank')
    c.case('BiasAddGrad', [v(0, 3)], 'empty')
    c.case('BiasAddGrad', [v(3, 2, 2)], 'NCHW', data_format='NCHW')
    for dtype in FLOATS:
        rtol, atol = tolerance(dtype)
        c.case('L2Loss', [values(dtype, (3, 5))], name_of(dtype), rtol, atol)
        c.case('L2Loss', [values(dtype, ())], name_of(dtype), rtol, atol)
        c.case('L2Loss', [values(dtype, (0, 2))], name_of(dtype), rtol, atol)
    for dtype in (np.int32, np.int64):
        for a, b in [([2, 3], [2, 3]), ([2, 3], [3]), ([], [2]), ([2, 1, 3], [4, 1]), ([1, 1], [1]), ([1, 5, 1], [7, 1, 1]),
                     ([], []), ([1, 2, 1], [1, 2, 3]), ([1, 2, 1], [1, 2, 1]), ([0, 1], [1, 3]), ([2, 1, 1, 3], [1, 1, 3])]:
            c.case('BroadcastGradientArgs', [np.array(a, dtype), np.array(b, dtype)], '%s %s' % (a, b))
    c.case('BroadcastGradientArgs', [np.int32([2]), np.int32([3])], 'incompatible')
    c.case('BroadcastGradientArgs', [np.int32([[2]]), np.int32([3])], 'rank', error_part='must be a vector')
    c.save()


# ---- scans ----
def math_scan():
    c = Cases('math_scan')
    for op, types in [('Cumsum', NUMBERS), ('Cumprod', NUMBERS), ('CumulativeLogsumexp', FLOATS)]:
        for dtype in types:
            rtol, atol = tolerance(dtype)
            for exclusive, reverse in itertools.product([False, True], repeat=2):
                for dims, axis in [((4,), 0), ((2, 3, 4), 1), ((3, 5), -1)]:
                    c.case(op, [values(dtype, dims, -2, 3), np.int32(axis)], '%s %d %d' % (name_of(dtype), exclusive, reverse),
                           rtol * 3, atol * 3, exclusive=exclusive, reverse=reverse)
            c.case(op, [values(dtype, (0, 2)), np.int64(0)], 'empty')
            if dtype not in COMPLEX and op != 'CumulativeLogsumexp':
                c.case(op, [extremes(dtype), np.int64(0)], 'extremes ' + name_of(dtype), rtol, atol)
        c.case(op, [values(np.float32, (2, 3)), np.int32(2)], 'axis')
        c.case(op, [values(np.float32, (2, 3)), np.int32(-3)], 'axis')
        c.case(op, [values(np.float32, (2, 3)), np.int32([0])], 'axis', error_part='ScanOp: axis must be a scalar')
        c.case(op, [values(np.float32, (40, 50)), np.int32(1)], 'threads', 1e-5, 1e-4)
    for dtype in (np.float32, np.float64):
        x = np.array([[-1.5, 2, np.nan, 1], [np.nan, 1, 2, 3], [-np.inf, np.nan, 1, np.inf], [np.inf, np.inf, 1, 2]], dtype)
        for axis in (0, 1):
            for reverse in (False, True):
                c.case('CumulativeLogsumexp', [x, np.int32(axis)], 'special', *tolerance(dtype), reverse=reverse)
    c.save()


# ---- places of extremes ----
def math_arg():
    c = Cases('math_arg')
    shapes = [((5,), 0), ((2, 3), 0), ((2, 3), 1), ((2, 3, 4), 1), ((2, 3, 4), -1), ((1, 1), 1)]
    for op in ('ArgMax', 'ArgMin'):
        for dtype in REAL + [np.bool_]:
            for n, (dims, axis) in enumerate(shapes):
                out = [tf.int32, tf.int64, tf.int16, tf.uint16][n % (4 if op == 'ArgMax' else 2)]
                c.case(op, [values(dtype, dims), (np.int32 if n % 2 else np.int64)(axis)], name_of(dtype), output_type=out)
            if dtype != np.bool_: c.case(op, [extremes(dtype), np.int32(0)], 'extremes ' + name_of(dtype))
        c.case(op, [np.float32([[np.nan, 1, 3], [2, np.nan, 2], [5, 1, np.nan]]), np.int32(1)], 'nan')
        for dtype in FLOATS:
            low, high = (np.finfo(np.float32).min, np.finfo(np.float32).max) if dtype == BF16 else (np.finfo(dtype).min, np.finfo(dtype).max)
            rows = [[np.nan] * 3, [np.nan, -np.inf, np.nan], [np.nan, np.inf, np.nan], [np.nan, low, high], [-np.inf, np.nan, low], [np.inf, np.nan, high],
                    [-np.inf, -np.inf, low], [np.inf, np.inf, high]]
            c.case(op, [np.array(rows, np.float64).astype(dtype), np.int32(1)], 'not finite ' + name_of(dtype))
        c.case(op, [np.float32([[1, 1, 1], [2, 3, 3]]), np.int32(1)], 'ties')
        c.case(op, [values(np.float32, (0, 3)), np.int32(1)], 'empty')
        c.case(op, [values(np.float32, (0, 3)), np.int32(0)], 'empty axis')
        c.case(op, [values(np.float32, (2, 3)), np.int32(2)], 'axis')
        c.case(op, [values(np.float32, (2, 3)), np.int32(-3)], 'axis')
        c.case(op, [values(np.float32, (40, 1000)), np.int32(1)], 'long')
    for dtype in REAL:
        for dims, k in [((7,), 3), ((2, 9), 9), ((2, 2, 5), 1), ((3, 4), 0)]:
            c.case('TopKV2', [values(dtype, dims, -9, 9), np.int32(k)], name_of(dtype))
        # TensorFlow 2.15 lists TopK but cannot run it; its last version that could was TopKV2 in all but the name.
        c.case('TopKV2', [values(dtype, (3, 6)), np.int32(4)], name_of(dtype), record=(
            'TopK', 1, attr_bytes(('T', 't', tf.as_dtype(dtype).as_datatype_enum), ('k', 'i', 4), ('sorted', 'b', 1))))
        if dtype in INTS: c.case('TopKV2', [extremes(dtype), np.int32(8)], 'extremes ' + name_of(dtype))
    c.case('TopKV2', [np.float32([3, 1, 3, 2, 3, 1]), np.int32(4)], 'ties')
    c.case('TopKV2', [np.float32([3, 1, np.inf, 2, -np.inf, 1]), np.int32(6)], 'infinities')
    c.case('TopKV2', [values(np.float32, (3, 100)), np.int64(10)], 'index type', index_type=tf.int64)
    c.case('TopKV2', [values(np.int32, (4, 500), 0, 50), np.int32(100)], 'ties')
    c.case('TopKV2', [values(np.float32, (0, 5)), np.int32(2)], 'empty')
    c.case('TopKV2', [values(np.float32, (1,)), np.int32(2)], 'k')
    c.case('TopKV2', [values(np.float32, (3,)), np.int32(-1)], 'k')
    c.case('TopKV2', [values(np.float32, ()), np.int32(1)], 'rank')
    c.case('TopKV2', [values(np.float32, (3,)), np.int32([1])], 'k')
    for dtype in (np.int32, np.int64):
        p = np.float32([[.1, .3, .2, .4], [.1, .2, .3, .4], [np.nan, .2, .3, .4], [.1, np.inf, .3, .4], [.3, .3, .3, .1]])
        for k in (1, 2, 4):
            for t in ([3, 0, 1, 2, 0], [0, 3, 0, 1, 3], [1, 2, 3, 3, 2], [-1, 4, 2, 0, 1]):
                c.case('InTopK', [p, np.array(t, dtype)], 'k %d' % k, k=k)
                c.case('InTopKV2', [p, np.array(t, dtype), np.array(k, dtype)], 'k %d' % k)
    c.case('InTopK', [values(np.float32, (4,)), np.int32([1])], 'rank', k=1)
    c.case('InTopK', [values(np.float32, (2, 4)), np.int32([[1]])], 'rank', k=1)
    c.case('InTopK', [values(np.float32, (2, 4)), np.int32([1])], 'sizes', k=1)
    c.save()


# ---- softmax ----
def nn_softmax():
    c = Cases('nn_softmax')
    for dtype in FLOATS:
        rtol, atol = tolerance(dtype)
        for op in ('Softmax', 'LogSoftmax'):
            for dims in [(5,), (2, 3), (2, 3, 4), (3, 33), (1, 1), (0, 3)]:
                c.case(op, [values(dtype, dims, -9, 9)], name_of(dtype), rtol, atol)
            inf, nan = np.inf, np.nan
            c.case(op, [np.array([[-inf, -inf, -inf], [inf, 1, 2], [nan, 1, 2], [-inf, 0, 1], [100, -100, 0]], dtype)], 'extremes', rtol, atol)
            c.case(op, [np.array(1, dtype)], 'rank')
        c.case('SoftmaxCrossEntropyWithLogits', [values(dtype, (4, 5)), values(dtype, (4, 5), 0, 1)], name_of(dtype), rtol * 2, atol * 4)
        c.case('SoftmaxCrossEntropyWithLogits', [values(dtype, (4, 5)), values(dtype, (1, 5), 0, 1)], name_of(dtype), rtol * 2, atol * 4)
        c.case('SoftmaxCrossEntropyWithLogits', [values(dtype, (1, 5)), values(dtype, (3, 5), 0, 1)], name_of(dtype), rtol * 2, atol * 4)
        c.case('SoftmaxCrossEntropyWithLogits', [values(dtype, (3, 1)), values(dtype, (3, 5), 0, 1)], name_of(dtype), rtol * 2, atol * 4)
        for label in (np.int32, np.int64):
            c.case('SparseSoftmaxCrossEntropyWithLogits', [values(dtype, (4, 5)), label([0, 4, 2, 2])], name_of(dtype), rtol, atol)
    v = lambda *s: values(np.float32, s)
    c.case('Softmax', [v(30, 300)], 'threads')
    c.case('SoftmaxCrossEntropyWithLogits', [np.float32([[np.inf, 0], [1, 2]]), np.float32([[1, 0], [0, 1]])], 'infinite')
    c.case('SoftmaxCrossEntropyWithLogits', [v(2, 3), v(3, 3)], 'sizes')
    c.case('SoftmaxCrossEntropyWithLogits', [v(2, 2, 3), v(2, 2, 3)], 'rank')
    c.case('SoftmaxCrossEntropyWithLogits', [v(0, 3), v(0, 3)], 'empty')
    sparse = 'SparseSoftmaxCrossEntropyWithLogits'
    c.case(sparse, [v(3, 2), np.int32([0, 2, 1])], 'label')
    c.case(sparse, [v(2, 2), np.int64([-1, 0])], 'label')
    c.case(sparse, [v(3), np.int32([0])], 'rank')
    c.case(sparse, [v(2, 3), np.int32([[0]])], 'rank')
    c.case(sparse, [v(2, 3), np.int32([0])], 'sizes')
    c.case(sparse, [v(2, 0), np.int32([0, 0])], 'no class')
    c.case(sparse, [v(0, 3), np.int32([])], 'empty')
    c.save()


# ---- convolutions ----
CONVS = [  # input, filter, attributes
    ((1, 5, 5, 2), (3, 3, 2, 4), dict(padding='SAME')), ((2, 5, 6, 3), (3, 2, 3, 4), dict(padding='VALID')),
    ((1, 7, 7, 3), (3, 3, 3, 5), dict(padding='SAME', strides=[1, 2, 2, 1])),
    ((1, 8, 7, 2), (2, 4, 2, 3), dict(padding='SAME', strides=[1, 3, 2, 1])),
    ((1, 7, 8, 2), (3, 3, 2, 3), dict(padding='VALID', dilations=[1, 2, 2, 1])),
    ((1, 7, 8, 2), (3, 3, 2, 3), dict(padding='SAME', dilations=[1, 2, 1, 1])),
    ((1, 4, 4, 3), (1, 1, 3, 6), dict(padding='SAME')), ((1, 4, 4, 3), (1, 1, 3, 2), dict(padding='VALID', strides=[1, 2, 2, 1])),
    ((1, 5, 5, 2), (3, 3, 2, 2), dict(padding='EXPLICIT', explicit_paddings=[0, 0, 1, 2, 0, 3, 0, 0])),
    ((1, 1, 4, 1), (1, 3, 1, 1), dict(padding='SAME', strides=[1, 2, 2, 1])),
    ((1, 5, 5, 4), (3, 3, 2, 6), dict(padding='SAME')),  # groups
    ((0, 5, 5, 2), (3, 3, 2, 4), dict(padding='SAME')), ((2, 6, 6, 16), (3, 3, 16, 16), dict(padding='SAME')),
    ((1, 2, 2, 1), (3, 3, 1, 1), dict(padding='VALID')),
]
DEPTHWISE = [
    ((1, 5, 5, 3), (3, 3, 3, 1), dict(padding='SAME')), ((2, 6, 5, 3), (3, 3, 3, 2), dict(padding='VALID')),
    ((1, 7, 7, 4), (3, 3, 4, 1), dict(padding='SAME', strides=[1, 2, 2, 1])),
    ((1, 7, 7, 2), (3, 3, 2, 3), dict(padding='SAME', dilations=[1, 2, 2, 1])),
    ((1, 5, 5, 2), (3, 3, 2, 1), dict(padding='EXPLICIT', explicit_paddings=[0, 0, 1, 2, 0, 3, 0, 0])),
    ((1, 9, 9, 20), (5, 5, 20, 1), dict(padding='SAME')), ((0, 5, 5, 2), (3, 3, 2, 4), dict(padding='SAME')),
]


def nn_conv():
    c = Cases('nn_conv')
    for ops, configs in [(('Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter'), CONVS),
                         (('DepthwiseConv2dNative', 'DepthwiseConv2dNativeBackpropInput', 'DepthwiseConv2dNativeBackpropFilter'), DEPTHWISE)]:
        for n, (x, f, attr) in enumerate(configs):
            for dtype in FLOATS + [np.int32]:
                if dtype == np.int32 and (ops[0] != 'Conv2D' or n in (4, 5, 10)): continue
                if dtype != np.float32 and n not in (0, 1, 2, 6): continue
                rtol, atol = tolerance(dtype)
                if dtype in (np.float16, BF16): rtol, atol = rtol * 4, atol * 20
                attr = dict(dict(strides=[1, 1, 1, 1]), **attr)
                xv, fv = values(dtype, x, -2, 2), values(dtype, f, -2, 2)
                y = c.case(ops[0], [xv, fv], name_of(dtype), rtol * 2, atol * 10, **attr)
                if dtype == np.int32 or isinstance(y, tuple) or (n == 10 and ops[0] == 'Conv2D') or 0 in y[0].shape: continue
                if n == 13: continue
                dy = values(dtype, y[0].shape, -2, 2)
                if dtype in (np.float16, BF16): rtol, atol = rtol * 3, atol * 3
                for op, inputs in [(ops[1], [np.int32(x), fv, dy]), (ops[2], [xv, np.int32(f), dy])]:
                    c.case(op, inputs, name_of(dtype), rtol * 4, atol * 20, unless='dilation', **attr)
    v = lambda *s: values(np.float32, s)
    one = dict(strides=[1, 1, 1, 1], padding='VALID')
    c.case('Conv2D', [v(1, 2, 1, 1), v(3, 3, 1, 1)], 'too large', **one)
    c.case('Conv2D', [v(1, 1, 1, 1), v(3, 3, 1, 1)], 'too large', **one)
    c.case('Conv2D', [v(5, 5, 1), v(3, 3, 1, 1)], 'rank', error_part='must be 4-dimensional', **one)
    c.case('Conv2D', [v(1, 5, 5, 1), v(3, 3, 1)], 'rank', error_part='must be 4-dimensional', **one)
    c.case('Conv2D', [v(1, 5, 5, 3), v(3, 3, 2, 1)], 'depth', error_part='', **one)
    c.case('Conv2D', [v(1, 5, 5, 4), v(3, 3, 2, 3)], 'groups', error_part='', **one)
    c.case('DepthwiseConv2dNative', [v(1, 5, 5, 3), v(3, 3, 2, 1)], 'depth', error_part='', **one)
    c.case('Conv2DBackpropInput', [np.int32([1, 5, 5, 2]), v(3, 3, 2, 2), v(1, 2, 3, 2)], 'gradient', error_part='', **one)
    c.case('Conv2DBackpropFilter', [v(1, 5, 5, 2), np.int32([3, 3, 2, 2]), v(1, 2, 3, 2)], 'gradient', error_part='', **one)
    for strides in ([2, 1, 1, 1], [1, 1, 1, 2]):  # one text, two codes
        deep = dict(strides=strides, padding='SAME')
        c.case('Conv2D', [v(1, 4, 4, 2), v(2, 2, 2, 3)], 'strides', **deep)
        c.case('Conv2DBackpropInput', [np.int32([1, 4, 4, 2]), v(2, 2, 2, 3), v(1, 4, 4, 3)], 'strides', **deep)
        c.case('Conv2DBackpropFilter', [v(1, 4, 4, 2), np.int32([2, 2, 2, 3]), v(1, 4, 4, 3)], 'strides', **deep)
        c.case('DepthwiseConv2dNative', [v(1, 4, 4, 2), v(2, 2, 2, 3)], 'strides', **deep)
    c.case('Conv2DBackpropInput', [np.int32([5, 5]), v(3, 3, 2, 2), v(2, 3, 3, 2)], 'two sizes', 1e-5, 1e-5, **one)
    c.case('Conv2D', [v(1, 20, 20, 8), v(3, 3, 8, 24)], 'threads', 1e-5, 1e-4, **one)
    conv_limits(c, v, one)
    c.save()


def conv_limits(c, v, one):
    """What kernels refuse or don't look at."""
    def forward(x, f, label, **attr):
        for op in ('Conv2D', 'DepthwiseConv2dNative'):
            refused(c, op, [v(*x), v(*f)], label, 1e-5, 1e-5, **{**one, **attr})

    def backward(deep, x, f, y, label, **attr):
        op = 'DepthwiseConv2dNativeBackprop' if deep else 'Conv2DBackprop'
        refused(c, op + 'Input', [np.int32(x), v(*f), v(*y)], label, 1e-5, 1e-5, error_part='', **{**one, **attr})
        refused(c, op + 'Filter', [v(*x), np.int32(f), v(*y)], label, 1e-5, 1e-5, error_part='', **{**one, **attr})

    nchw = dict(data_format='NCHW')
    for x, f, label in [((1, 2, 4, 3), (2, 2, 2, 1), 'taken nowhere'), ((1, 2, 2, 3), (3, 3, 2, 1), 'empty'), ((1, 4, 4, 2), (2, 2, 2, 1), 'depth'),
                        ((0, 2, 4, 3), (2, 2, 2, 1), 'batch'), ((1, 2, 1, 3), (3, 3, 2, 1), 'too large')]:
        forward(x, f, 'channels first, ' + label, **nchw)
    for deep in (False, True):
        backward(deep, (1, 2, 4, 3), (2, 2, 2, 1), (1, 2 if deep else 1, 3, 2), 'channels first', **nchw)
        backward(deep, (1, 2, 4, 3), (2, 2, 3, 1), (1, 2, 3, 2), 'channels first, depth', **nchw)
    for dilations in ([1, 2, 1, 1], [1, 0, 1, 1], [2, 1, 1, 1], [1, 1, 1, -1], [1, 1, 2]):
        forward((2, 5, 4, 2), (2, 2, 2, 1), 'dilations', dilations=dilations)
        backward(False, (2, 5, 4, 2), (2, 2, 2, 3), (2, 4, 3, 3), 'dilations', dilations=dilations)
        backward(True, (2, 5, 4, 2), (2, 2, 2, 1), (2, 4, 3, 2), 'dilations', dilations=dilations)
    for strides in ([1, 0, 0, 1], [1, -1, -1, 1], [1, 1, 0, 1], [1, 1, 1], [0, 2, 2, 0], [2, 0, 1, 1]):
        forward((2, 5, 4, 2), (2, 2, 2, 1), 'strides', strides=strides)
    for f in ((0, 2, 2, 1), (2, 0, 2, 1), (2, 2, 0, 1), (2, 2, 2, 0)):
        forward((2, 5, 4, 2), f, 'empty filter')
    forward((2, 0, 4, 2), (0, 2, 2, 1), 'empty filter of an empty input')
    forward((2, 5, 4, 2), (2, 2, 2, 1), 'paddings', explicit_paddings=[0, 0, 1, 1, 1, 1, 0, 0])
    forward((2, 5, 4, 2), (2, 2, 2, 1), 'paddings', padding='EXPLICIT', explicit_paddings=[0, 0, 1, -1, 1, 1, 0, 0])
    backward(False, (1, 4, 4, 4), (2, 2, 2, 4), (1, 3, 3, 4), 'groups')


# ---- poolings ----
def nn_pool():
    c = Cases('nn_pool')
    configs = [((2, 5, 5, 3), [1, 2, 2, 1], [1, 2, 2, 1], 'VALID'), ((1, 5, 6, 2), [1, 3, 2, 1], [1, 2, 1, 1], 'SAME'),
               ((1, 4, 4, 20), [1, 3, 3, 1], [1, 1, 1, 1], 'SAME'), ((0, 4, 4, 2), [1, 2, 2, 1], [1, 2, 2, 1], 'SAME'),
               ((1, 3, 3, 1), [1, 2, 2, 1], [1, 3, 3, 1], 'VALID'), ((1, 2, 2, 1), [1, 3, 3, 1], [1, 1, 1, 1], 'SAME')]
    for n, (x, size, stride, padding) in enumerate(configs):
        for dtype in REAL:
            if n > 2 and dtype != np.float32 or dtype in (np.uint32, np.uint64): continue
            rtol, atol = tolerance(dtype)
            xv = values(dtype, x, -9, 9)
            attr = dict(ksize=size, strides=stride, padding=padding)
            y = c.case('MaxPool', [xv], name_of(dtype), **attr)
            c.case('MaxPoolV2', [xv, np.int32(size), np.int32(stride)], name_of(dtype), padding=padding)
            dy = values(dtype, y[0].shape, 0, 9)
            c.case('MaxPoolGrad', [xv, y[0], dy], name_of(dtype), rtol * 2, atol * 8, **attr)
            v2 = {k: v for k, v in attr.items() if k not in ('ksize', 'strides', 'explicit_paddings')}
            if v2.get('padding') != 'EXPLICIT':
                c.case('MaxPoolGradV2', [xv, y[0], dy, np.int32(attr['ksize']), np.int32(attr['strides'])], name_of(dtype), rtol * 2, atol * 8, **v2)
            if dtype in FLOATS:
                c.case('AvgPool', [xv], name_of(dtype), rtol, atol * 4, **attr)
                c.case('AvgPoolGrad', [np.int32(x), dy], name_of(dtype), rtol * 2, atol * 8, **attr)
    v = lambda *s: values(np.float32, s)
    two = dict(ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding='VALID')
    nan, inf = np.nan, np.inf
    c.case('MaxPool', [np.float32([nan, 1, 2, 3]).reshape(1, 2, 2, 1)], 'nan', **two)
    c.case('MaxPool', [np.float32([1, 2, 3, nan]).reshape(1, 2, 2, 1)], 'nan', **two)
    c.case('MaxPool', [np.float32([-inf, -inf, -inf, -inf]).reshape(1, 2, 2, 1)], 'infinite', **two)
    c.case('AvgPool', [np.float32([-inf, 1, 2, nan]).reshape(1, 2, 2, 1)], 'nan', **two)
    c.case('MaxPool', [v(1, 4, 4, 2)], 'explicit', ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding='EXPLICIT',
           explicit_paddings=[0, 0, 1, 1, 0, 1, 0, 0])
    c.case('MaxPool', [v(4, 4, 2)], 'rank', error_part='tensor_in must be 4-dimensional', **two)
    c.case('AvgPool', [v(1, 1, 1, 2)], 'too large', ksize=[1, 3, 3, 1], strides=[1, 1, 1, 1], padding='VALID')
    c.case('MaxPoolGrad', [v(1, 4, 4, 1), v(1, 2, 2, 1), v(1, 2, 1, 1)], 'sizes', error_part='', **two)
    c.case('MaxPool', [v(2, 30, 30, 16)], 'threads', ksize=[1, 3, 3, 1], strides=[1, 2, 2, 1], padding='SAME')
    pool_limits(c, v)
    c.save()


def pool_limits(c, v):
    """Windows of channels, and what kernels refuse or don't look at."""
    inf = np.inf
    for dtype in REAL:
        refused(c, 'MaxPool', [values(dtype, (2, 3, 2, 6), -9, 9)], 'channels ' + name_of(dtype), ksize=[1, 1, 1, 3], strides=[1, 1, 1, 3], padding='VALID')
    refused(c, 'MaxPool', [np.float32([-inf, -inf, -inf, 1, inf, 2]).reshape(1, 1, 2, 3)], 'infinite channels', ksize=[1, 1, 1, 3], strides=[1, 1, 1, 3], padding='SAME')
    c.case('MaxPool', [np.float32([np.nan, 1, 2, 1, np.nan, 2, 1, 2, np.nan, -inf, np.nan, np.nan]).reshape(1, 1, 4, 3)], 'nan channels', ksize=[1, 1, 1, 3], strides=[1, 1, 1, 3], padding='SAME')
    lists = [([1, 1, 1, 2], [1, 1, 1, 2]), ([1, 1, 1, 2], [1, 1, 1, 1]), ([1, 1, 1, 4], [1, 1, 1, 4]), ([1, 2, 1, 2], [1, 1, 1, 2]), ([1, 2, 2, 1], [1, 1, 1, 2]),
             ([1, 2, 2, 1], [1, 1, 1, 0]), ([1, 2, 2, 1], [1, 0, 1, 1]), ([1, 2, 2, 1], [2, 1, 1, 1]), ([2, 2, 2, 1], [1, 1, 1, 1]), ([0, 2, 2, 1], [1, 1, 1, 1]),
             ([1, 0, 2, 1], [1, 1, 1, 1]), ([1, 2, -1, 1], [1, 1, 1, 1]), ([1, 2, 2, 0], [1, 1, 1, 1]), ([1, 2, 2, 1], [0, 0, 1, 1])]
    x, y = v(2, 3, 3, 6), v(2, 2, 2, 6)
    for size, strides in lists:
        for op in ('MaxPool', 'AvgPool'):
            refused(c, op, [x], 'lists', ksize=size, strides=strides, padding='VALID')
        refused(c, 'MaxPoolGrad', [x, y, y], 'lists', error_part='', ksize=size, strides=strides, padding='VALID')
        if min(size[1:3]) > 0 and strides[1] == 1:  # TF: else it reads past the gradient
            refused(c, 'AvgPoolGrad', [np.int32(x.shape), y], 'lists', error_part='', ksize=size, strides=strides, padding='VALID')
        refused(c, 'MaxPoolV2', [x, np.int32(size), np.int32(strides)], 'lists', padding='VALID')
        refused(c, 'MaxPoolGradV2', [x, y, y, np.int32(size), np.int32(strides)], 'lists', error_part='', padding='VALID')
    two = dict(ksize=[1, 2, 2, 1], strides=[1, 1, 1, 1], padding='VALID')
    same = dict(ksize=[1, 0, -1, 1], strides=[1, 1, 1, 1], padding='SAME')
    refused(c, 'AvgPoolGrad', [np.int32([2, 3, 3, 6]), v(2, 3, 3, 6)], 'windows of nothing', **same)
    for shape in ([0, 3, 3, 6], [2, 0, 3, 6], [2, 3, 1, 0]):
        refused(c, 'AvgPoolGrad', [np.int32(shape), y], 'empty', **two)
    refused(c, 'AvgPoolGrad', [np.int32([2, -3, 3, 6]), y], 'negative', **two)
    refused(c, 'AvgPoolGrad', [np.int32([2, 3, 3, 6]), v(2, 2, 2)], 'rank', **two)
    for op, inputs in [('MaxPool', [x]), ('AvgPool', [x]), ('MaxPoolGrad', [x, y, y]), ('AvgPoolGrad', [np.int32(x.shape), y])]:
        refused(c, op, inputs, 'channels first', data_format='NCHW', **two)
    for pads in ([0, 0, 2, 0, 0, 0, 0, 0], [0, 0, 0, 2, 0, 0, 0, 0], [0, 0, 0, 0, 2, 0, 0, 0], [0, 0, 0, 0, 1, 2, 0, 0]):
        refused(c, 'MaxPool', [x], 'paddings', **{**two, 'padding': 'EXPLICIT'}, explicit_paddings=pads)
    refused(c, 'MaxPool', [x], 'paddings', explicit_paddings=[0, 0, 1, 0, 0, 0, 0, 0], **two)
    refused(c, 'MaxPoolGrad', [x, y, y], 'paddings', explicit_paddings=[0, 0, 1, 0, 0, 0, 0, 0], **two)


# ---- batch normalisation ----
def nn_norm():
    c = Cases('nn_norm')
    for version in ('', 'V2', 'V3'):
        for dtype in [np.float32] if version == '' else [np.float32, np.float16, BF16]:
            rtol, atol = tolerance(dtype)
            for dims, fmt in [((2, 3, 2, 5), 'NHWC'), ((2, 3, 2, 2), 'NCHW'), ((1, 1, 1, 3), 'NHWC'), ((3, 4, 4, 20), 'NHWC'),
                              ((0, 2, 2, 3), 'NHWC'), ((2, 2, 1, 3, 4), 'NDHWC')]:
                if len(dims) == 5 and version != 'V3': continue
                channels = dims[1] if fmt == 'NCHW' else dims[-1]
                f = lambda low=-2, high=2: values(np.float32, (channels,), low, high)
                x = values(dtype, dims, -3, 3)
                for training, factor in [(False, 1.0), (True, 1.0), (True, 0.25)]:
                    if 0 in dims and training: continue
                    moments = [f(), f(0.5, 3)] if not training or factor != 1 else [np.float32([]), np.float32([])]
                    y = c.case('FusedBatchNorm' + version, [x, f(), f()] + moments, '%s %d %g' % (fmt, training, factor), rtol * 2,
                               atol * 4, is_training=training, data_format=fmt, epsilon=1e-3, exponential_avg_factor=factor,
                               shape_only=(5,) if training else (3, 4, 5))
                    if isinstance(y, tuple):
                        print(version, dims, fmt, training, y)
                        continue
                    dy = values(dtype, dims, -2, 2)
                    extra = [np.float32([])] if version == 'V3' else []
                    if factor == 1 and dims != (1, 1, 1, 3) and 0 not in dims:
                        c.case('FusedBatchNormGrad' + version, [dy, x, f(), y[3] if training else f(), np.maximum(y[4], 0.1) if training else f(0.5, 3)] + extra,
                               '%s %d' % (fmt, training), rtol * 4, atol * 20, is_training=training, data_format=fmt, epsilon=1e-3,
                               unless='only support NHWC')
    for dtype in (np.float32, np.float16):
        rtol, atol = tolerance(dtype)
        for dims, attr in [((2, 2, 3, 7), dict(depth_radius=2, bias=1.0, alpha=0.5, beta=0.75)), ((1, 2, 2, 3), dict(depth_radius=5)),
                           ((1, 1, 2, 5), dict(depth_radius=0, bias=2.0)), ((0, 1, 2, 5), dict())]:
            c.case('LRN', [values(dtype, dims)], name_of(dtype), rtol * 2, atol * 2, **attr)
    c.case('LRN', [values(np.float32, (2, 3))], 'rank', error_part='in must be 4-dimensional')
    v = lambda *s: values(np.float32, s)
    pixel = [np.float32([[[[15.861194, 7.8811617, -9.616552]]]]), np.float32([17.371296, 11.620473, -1.7610933]), np.float32([-4, 0, 1])]
    c.case('FusedBatchNorm', pixel + [np.zeros(0, np.float32)] * 2, 'one pixel', is_training=True)
    c.case('FusedBatchNormV3', pixel + [np.zeros(0, np.float32)] * 2, 'one pixel', is_training=True)
    c.case('FusedBatchNormV3', [v(2, 3), v(3), v(3), v(3), v(3)], 'rank', error_part='', is_training=False)
    c.case('FusedBatchNormV3', [v(1, 2, 2, 3), v(2), v(3), v(3), v(3)], 'sizes', error_part='', is_training=False)
    c.case('FusedBatchNormV3', [v(1, 2, 2, 3), v(3), v(3), v(1, 3), v(3)], 'rank', error_part='', is_training=False)
    c.case('FusedBatchNormGradV3', [v(1, 2, 2, 3), v(1, 2, 2, 2), v(3), v(3), v(3), v(0)], 'sizes', error_part='')
    for training in (False, True):
        for dtype in (np.float32, np.float16, BF16):
            x, dy = values(dtype, (2, 2, 3, 3)), values(dtype, (2, 2, 3, 3))
            rtol, atol = tolerance(dtype)
            c.case('FusedBatchNormGradV2', [dy, x, v(3), v(3), np.float32([0, 1, 2])], 'no variance', rtol * 4, atol * 20, is_training=training, epsilon=0.)
    c.save()


# ---- segments ----
def math_segment():
    c = Cases('math_segment')
    for name, types in [('Sum', NUMBERS), ('Mean', NUMBERS), ('Prod', NUMBERS), ('Max', REAL), ('Min', REAL)]:
        for dtype in types:
            rtol, atol = tolerance(dtype)
            for index in (np.int32, np.int64):
                x = values(dtype, (6, 3), -3, 3)
                if not (name == 'Mean' and is_int(dtype)):
                    c.case('Segment' + name, [x, index([0, 0, 1, 3, 3, 3])], name_of(dtype), rtol * 3, atol * 4)
                elif index == np.int32:
                    c.case('Segment' + name, [np.abs(x.astype(np.int32)).astype(dtype), index([0, 0, 1, 3, 3, 3])], name_of(dtype))
                if name == 'Mean': continue
                c.case('UnsortedSegment' + name, [x, index([2, 0, -1, 2, 5, 2]), index(6)], name_of(dtype), rtol * 3, atol * 4)
                if dtype == np.float32:
                    c.case('UnsortedSegment' + name, [x, index([[0, 1, 0], [2, 2, 2], [0, 0, 0], [1, 1, 1], [3, 3, -1], [0, 0, 0]]), np.int32(4)],
                           'ids of rank 2', rtol * 3, atol)
        v = values(np.float32, (4, 2))
        c.case('Segment' + name, [values(np.float32, (5,)), np.int32([0, 1, 1, 4, 4])], 'vector', 1e-5, 1e-5)
        c.case('Segment' + name, [v, np.int32([0, 2, 1, 3])], 'order')
        c.case('Segment' + name, [v, np.int32([-1, 0, 1, 3])], 'negative')
        c.case('Segment' + name, [v, np.int32([0, 1])], 'sizes')
        c.case('Segment' + name, [v, np.int32([[0], [1], [2], [3]])], 'rank')
        c.case('Segment' + name, [np.zeros((0, 2), np.float32), np.int32([])], 'empty')
        if name != 'Mean':
            op = 'UnsortedSegment' + name
            c.case(op, [np.zeros((0, 2), np.float32), np.int32([]), np.int32(2)], 'nothing')
            c.case(op, [np.zeros((2, 0), np.float32), np.int32([7, 0]), np.int32(2)], 'ids of nothing')
            c.case(op, [v, np.int32([0, 2, 1, 3]), np.int32(3)], 'range')
            c.case(op, [v, np.int32([[0, 0], [0, 1], [4, 0], [0, 0]]), np.int32(3)], 'range')
            c.case(op, [v, np.int32([0, 1]), np.int32(3)], 'sizes')
            c.case(op, [v, np.int32([0, 1, 0, 1]), np.int32([3])], 'count', error_part='num_segments should be a scalar')
            c.case(op, [v, np.int32([0, 1, 0, 1]), np.int32(-1)], 'count', error_part='')
            c.case(op, [np.zeros((0, 2), np.float32), np.int32([]), np.int32(2)], 'empty')
    for op in ('SparseSegmentSum', 'SparseSegmentMean', 'SparseSegmentSqrtN'):
        for dtype in FLOATS:
            rtol, atol = tolerance(dtype)
            for index in (np.int32, np.int64):
                x = values(dtype, (5, 3), -3, 3)
                c.case(op, [x, index([4, 0, 1, 1, 2]), np.int32([0, 0, 1, 3, 3])], name_of(dtype), rtol * 2, atol * 4)
                c.case(op + 'WithNumSegments', [x, index([4, 0, 1, 1, 2]), np.int32([0, 0, 1, 3, 3]), np.int32(6)], name_of(dtype),
                       rtol * 2, atol * 4)
        v = values(np.float32, (5, 2))
        c.case(op, [v, np.int32([0, 5]), np.int32([0, 0])], 'index', error_part='out of range [0, 5)')
        c.case(op, [v, np.int32([0, 1]), np.int32([1, 0])], 'order', error_part='')
        c.case(op, [v, np.int32([0, 1]), np.int32([0])], 'sizes', error_part='segment_ids and indices should have same size.')
        c.case(op, [v, np.int32([]), np.int32([])], 'empty')
        c.case(op, [values(np.float32, (3,)), np.int32([2, 1]), np.int64([0, 2])], 'vector')
    for dtype in INTS:  # sums wrap
        x = np.array([[1, 2], [3, 4], [200, 100], [-1, 127]]).astype(dtype)
        for op in ('SparseSegmentSum', 'SparseSegmentSumWithNumSegments'):
            more = [np.int32(5)] if op.endswith('s') else []
            c.case(op, [x, np.int32([0, 2, 2, 3, 3]), np.int32([0, 0, 2, 2, 3])] + more, name_of(dtype))
    for dtype in (np.int32, np.int64, np.float32, np.float64):
        c.case('Bucketize', [values(dtype, (3, 7), -9, 9)], name_of(dtype), boundaries=[-5.0, 0.0, 0.5, 3.0])
        c.case('Bucketize', [values(dtype, (3,), -9, 9)], name_of(dtype), boundaries=[])
    c.case('Bucketize', [np.float32([0, -0., 3, 2.9999, np.nan, np.inf, -np.inf])], 'borders', boundaries=[0.0, 3.0])
    c.case('Bucketize', [np.float32([0])], 'order', boundaries=[3.0, 0.0])
    c.save()


# ---- einsum ----
EINSUMS = [('ab,bc->ac', (2, 3), (3, 4)), ('abc,cd->abd', (2, 3, 4), (4, 5)), ('bij,bjk->bik', (2, 3, 4), (2, 4, 5)),
           ('abcd,cde->abe', (2, 3, 4, 2), (4, 2, 5)), ('aecd,abcd->acbe', (2, 3, 4, 5), (2, 6, 4, 5)),
           ('acbe,aecd->abcd', (2, 4, 6, 3), (2, 3, 4, 5)), ('...ij,...jk->...ik', (2, 1, 3, 4), (5, 4, 2)),
           ('...x,xy->...y', (2, 3, 4), (4, 5)), ('ij,ij->', (3, 4), (3, 4)), ('i,j->ij', (3,), (4,)), ('i,i->i', (3,), (3,)),
           ('ab,cd->', (2, 3), (3, 2)), ('ijj,jk->ik', (2, 3, 3), (3, 4)), ('ab,b->a', (0, 3), (3,)), ('ab,bc->ac', (2, 0), (0, 3)),
           ('abc,ad->dcb', (2, 3, 4), (2, 5)), ('...a,...a->...', (2, 3), (3,)), ('a...b,b->...a', (2, 3, 4), (4,)), (',->', (), ())]
UNARY_EINSUMS = [('ij->ji', (2, 3)), ('ii->', (3, 3)), ('ii->i', (3, 3)), ('ijk->', (2, 3, 4)), ('ijk->kj', (2, 3, 4)),
                 ('...ij->...ji', (2, 3, 4)), ('i->ii', (3,)), ('iij->ji', (2, 2, 3)), ('ab...->b...', (2, 3, 4)), ('->', ()),
                 ('ij->i', (2, 0))]


def linalg_einsum():
    c = Cases('linalg_einsum')
    for dtype in FLOATS + [np.int32, np.int64] + COMPLEX:
        rtol, atol = tolerance(dtype)
        if dtype in (np.float16, BF16): rtol, atol = rtol * 4, atol * 30
        v = lambda s: values(dtype, s, -3, 3)
        for n, (equation, a, b) in enumerate(EINSUMS):
            if dtype != np.float32 and n not in (0, 3, 5, 6, 8, 12): continue
            c.case('Einsum', [[v(a), v(b)]], '%s %s' % (equation, name_of(dtype)), rtol * 2, atol * 8, equation=equation)
        for n, (equation, a) in enumerate(UNARY_EINSUMS):
            if dtype != np.float32 and n not in (0, 1, 4, 6): continue
            c.case('Einsum', [[v(a)]], '%s %s' % (equation, name_of(dtype)), rtol * 2, atol * 8, equation=equation)
    v = lambda *s: values(np.float32, s)
    c.case('Einsum', [[v(2, 3), v(4, 5)]], 'sizes', error_part='', equation='ab,bc->ac')
    c.case('Einsum', [[v(2, 3, 4), v(4, 5)]], 'rank', error_part='', equation='ab,bc->ac')
    c.save()


FAMILIES = [math_unary, math_binary, math_cast, reduce, matmul, math_select, math_sum, math_scan, math_arg, nn_softmax, nn_conv, nn_pool,
            nn_norm, math_segment, linalg_einsum]

if __name__ == '__main__':
    generate(FAMILIES, 1)
