"""Op cases of training steps, searches, special functions and other small families: python tests/ops/gen_e.py [FAMILY...]
(README.md here)."""
from op_cases import Cases, op_def_registry  # first: it sets TensorFlow's environment
from case_values import F32, F64, FLOATS, I32, I64, INTS, f32, f64, generate, i32, name_of, refused, s, values

import numpy as np
import tensorflow as tf


# ---- training ----

SLOTS = dict(lr=.25, alpha=.5, l1=.125, l2=.0625, l2_shrinkage=.25, rho=.75, momentum=.5, epsilon=.0078125, beta1=.875, beta2=.9375, beta=.75,
             beta1_power=.5, beta2_power=.75, lr_power=-.5, logbase=1., sign_decay=.5, global_step=3)


def training(op):
    """Names of an op's variables, and of its other inputs."""
    args = op_def_registry.get(op).input_arg
    is_var = lambda a: a.is_ref or a.type == tf.resource.as_datatype_enum
    return [a.name for a in args if is_var(a)], [a.name for a in args if not is_var(a)]


def training_case(c, op, dtype, shape, index_type=I32, indices=None, label='', replace=(), **attr):
    names, rest = training(op)
    tolerance = dict(rtol=6e-2, atol=8e-2) if dtype in FLOATS[:2] else dict(rtol=2e-5, atol=2e-6)
    tolerance.update({k: attr.pop(k) for k in ('error_part', 'must_fail') if k in attr})
    variables = {n: values(dtype, shape, .5, 4) for n in names}
    variables['var'] = values(dtype, shape)
    for n in ('linear', 'm', 'mom', 'gradient_accumulator'):
        if n in variables: variables[n] = values(dtype, shape)
    if 'mg' in variables: variables['mg'] = values(dtype, shape, -.5, .5)  # ms - mg^2 stays positive
    if names[1:] == ['accum'] and 'Momentum' in op: variables['accum'] = values(dtype, shape)
    inputs = {n: np.asarray(SLOTS[n]).astype(I64 if n == 'global_step' else dtype) for n in rest if n in SLOTS}
    gradient = 'delta' if 'delta' in rest else 'grad'
    n = len(indices) if indices is not None else 0
    inputs[gradient] = values(dtype, (n,) + tuple(shape[1:]) if 'indices' in rest else shape)
    if 'indices' in rest: inputs['indices'] = np.array(indices, index_type)
    for k, v in dict(replace).items(): (variables if k in variables else inputs)[k] = v
    return c.step(op, [variables[n] for n in names], [inputs[n] for n in rest], label or name_of(dtype), **tolerance, **attr)


def training_ops():
    c = Cases('training_ops')
    names = TRAINING
    for op in names:
        sparse = 'Sparse' in op
        _, rest = training(op)
        gradient = 'delta' if 'delta' in rest else 'grad'
        rows = dict(indices=[3, 0, 3, 1]) if sparse else {}
        flags = [a.name for a in op_def_registry.get(op).attr if a.name in ('use_nesterov', 'update_slots', 'multiply_linear_by_lr')]
        for dtype in FLOATS:
            training_case(c, op, dtype, (5, 3), **rows)
        for dtype in (np.complex64, np.complex128):
            if op.split('Apply')[1] in COMPLEX_TRAINING: training_case(c, op, dtype, (5, 3), **rows)
        for flag in flags:
            for on in (False, True):
                training_case(c, op, F32, (5, 3), label='%s %s' % (flag, on), **rows, **{flag: on})
        training_case(c, op, F32, (140,) if not sparse else (4, 130), label='long', **rows)
        training_case(c, op, F32, (0,), label='empty', **(dict(indices=[]) if sparse else {}))
        if 'l1' in rest: training_case(c, op, F32, (5, 3), label='l1 0', replace={'l1': F32(0)}, **rows)
        if 'lr_power' in rest:
            training_case(c, op, F32, (5, 3), label='power', replace={'lr_power': F32(-.75)}, **rows)
            training_case(c, op, F32, (5, 3), label='power 0', replace={'lr_power': F32(0)}, **rows)
            if flags: training_case(c, op, F32, (5, 3), label='power', replace={'lr_power': F32(-.75)}, **rows, **{flags[0]: True})
        for name in rest:
            if name in SLOTS and name != 'sign_decay':  # TensorFlow aborts
                training_case(c, op, F32, (5, 3), label='vector ' + name, error_part='scalar', replace={name: np.array([1, 2], I64 if name == 'global_step' else F32)}, **rows)
        for name in training(op)[0][1:]:
            training_case(c, op, F32, (5, 3), label='shape of ' + name, error_part='do not have the same shape', must_fail=True, replace={name: values(F32, (5, 2), 1)}, **rows)
        if not sparse:
            training_case(c, op, F32, (), label='scalar')
            training_case(c, op, F32, (5, 3), label='shape of grad', replace={gradient: values(F32, (3, 5))})
            continue
        training_case(c, op, F64, (5, 3), I64, [4, 4, 2], label='int64')
        training_case(c, op, F32, (6,), indices=[5, 1], label='vector')
        training_case(c, op, F32, (6, 1), indices=[5, 1], label='one column')
        training_case(c, op, F32, (3, 2, 2), indices=[2], label='rank 3')
        training_case(c, op, F32, (5, 3), indices=[], label='no indices')
        training_case(c, op, F32, (5, 3), indices=[0, 5], label='beyond')
        training_case(c, op, F32, (6,), indices=[-1, 5], label='negative')
        training_case(c, op, F32, (5, 3), indices=[0, 1], label='rows', replace={'grad': values(F32, (3, 3))})
        training_case(c, op, F32, (5, 3), indices=[0, 1], label='columns', replace={'grad': values(F32, (2, 4))})
        training_case(c, op, F32, (5, 3), indices=[0, 1], label='matrix of indices', replace={'indices': i32([0, 1], [2, 3])})
        training_case(c, op, F32, (), indices=[0], label='scalar', replace={'grad': f32(1)})
        training_case(c, op, F32, (5, 0), indices=[0], label='empty rows')
    c.save()


COMPLEX_TRAINING = ['GradientDescent', 'Momentum', 'KerasMomentum', 'Adam', 'Adadelta', 'Adagrad', 'AdagradV2', 'RMSProp', 'CenteredRMSProp']
TRAINING = ['ApplyAdaMax', 'ApplyAdadelta', 'ApplyAdagrad', 'ApplyAdagradDA', 'ApplyAdagradV2', 'ApplyAdam', 'ApplyAddSign',
            'ApplyCenteredRMSProp', 'ApplyFtrl', 'ApplyFtrlV2', 'ApplyGradientDescent', 'ApplyMomentum', 'ApplyPowerSign',
            'ApplyProximalAdagrad', 'ApplyProximalGradientDescent', 'ApplyRMSProp']
TRAINING += ['Resource' + n for n in TRAINING + ['ApplyAdamWithAmsgrad', 'ApplyKerasMomentum']]
for _n in ['Adadelta', 'Adagrad', 'AdagradDA', 'AdagradV2', 'CenteredRMSProp', 'Ftrl', 'FtrlV2', 'Momentum', 'ProximalAdagrad',
           'ProximalGradientDescent', 'RMSProp']:
    TRAINING += ['SparseApply' + _n, 'ResourceSparseApply' + _n]
TRAINING += ['ResourceSparseApplyKerasMomentum']

# ---- searches and rows ----

def search_ops():
    c = Cases('search_ops')
    for op in ('LowerBound', 'UpperBound'):
        for out in (tf.int32, tf.int64):
            for dtype in FLOATS + INTS:
                c.case(op, [np.sort(values(dtype, (2, 9)).astype(F64), 1).astype(dtype), values(dtype, (2, 12), -5, 5)], name_of(dtype), out_type=out)
        case = lambda a, b, label: refused(c, op, [a, b], label, out_type=tf.int32)
        case(f32(1, 2, 2, 2, 3).reshape(1, 5), f32(0, 1, 2, 3, 4, np.inf, -np.inf, np.nan).reshape(1, 8), 'repeated')
        case(f32(-np.inf, 0, np.inf).reshape(1, 3), f32(np.inf, -np.inf, np.nan, -0.).reshape(1, 4), 'infinities')
        case(f32().reshape(2, 0), values(F32, (2, 3)), 'nothing to search')
        case(values(F32, (2, 3)), f32().reshape(2, 0), 'no values')
        case(f32().reshape(0, 3), f32().reshape(0, 2), 'no rows')
        case(values(F32, (2, 3)), values(F32, (3, 3)), 'rows')
        case(values(F32, (3,)), values(F32, (1, 3)), 'rank')
        case(values(F32, (1, 3)), values(F32, (3,)), 'rank')
        case(values(F32, (1, 1, 3)), values(F32, (1, 1, 3)), 'rank 3')
    for t in (I32, I64):
        for at, dims in [([0, 5, 23], [2, 3, 4]), (7, [3, 4]), ([], [2, 2]), ([2], [3]), ([24], [2, 3, 4]), ([-1], [2, 3]), (0, []), ([0], []),
                         ([0], [2, 0]), ([[0, 1]], [2, 3]), ([0], [[2, 3]]), ([0], 4), ([0], [1 << 20, 1 << 20]), ([11], [3, 2, 1, 2, 1])]:
            refused(c, 'UnravelIndex', [np.array(at, t), np.array(dims, t)], '%s %s' % (at, dims))
    for dtype in FLOATS + INTS:
        c.case('Cross', [values(dtype, (4, 3), -9, 9), values(dtype, (4, 3), -9, 9)], name_of(dtype), 1e-6, 1e-6)
    c.case('Cross', [values(F32, (2, 2, 3)), values(F32, (2, 2, 3))], 'rank 3')
    c.case('Cross', [values(F32, (3,)), values(F32, (3,))], 'vector')
    c.case('Cross', [f32().reshape(0, 3), f32().reshape(0, 3)], 'empty')
    c.case('Cross', [f32(np.inf, 1, np.nan), f32(1, 2, 3)], 'special')
    c.case('Cross', [i32(2147483647, 2147483647, 3), i32(2147483647, 5, 2147483647)], 'extreme')
    for a, b in [((3,), (1, 3)), ((2,), (2,)), ((), ()), ((2, 3), (3, 3)), ((2, 4), (2, 4))]:
        refused(c, 'Cross', [values(F32, a), values(F32, b)], 'shapes')
    for op in ('InplaceUpdate', 'InplaceAdd', 'InplaceSub'):
        for dtype in FLOATS + INTS + [np.complex64, np.complex128]:
            real = dtype not in (np.complex64, np.complex128)
            make = (lambda n: values(dtype, (n, 3))) if real else (lambda n: (values(F64, (n, 3)) + 1j * values(F64, (n, 3))).astype(dtype))
            c.case(op, [make(4), i32(2, 0), make(2)], name_of(dtype), 1e-6, 1e-6)
        x = values(F32, (4, 3))
        for at in [(1, 1), (-1, 4), (9, -7), (2147483647, -2147483648)]:
            c.case(op, [x, i32(*at), values(F32, (2, 3))], str(at))
        c.case(op, [x, i32(), f32().reshape(0, 3)], 'none')
        c.case(op, [values(F32, (3, 0)), i32(1), values(F32, (1, 0))], 'empty rows')
        c.case(op, [values(F32, (5,)), i32(1), values(F32, (1,))], 'vector')
        for at, v in [((2,), (3, 3)), ((2,), (2, 4)), ((2,), (2,)), ((), (1, 3)), ((2, 1), (2, 3)), ((1,), (1, 3, 1))]:
            refused(c, op, [x, np.zeros(at, I32), values(F32, v)], 'shapes %s %s' % (at, v))
    c.case('InplaceUpdate', [np.array([True, False]), i32(1), np.array([True])], 'bool')
    c.case('InplaceUpdate', [s(b'a', b'bc', b''), i32(2, 0), s(b'a string that does not fit into the struct', b'z')], 'string')
    words = s(b'a', b'bc', b'', b'x\0y', b'a string that does not fit into the struct', b'\xff')
    for t in (I32, I64):
        for n in (I32, I64):
            case = lambda w, ids, k, label, **more: refused(c, 'UnsortedSegmentJoin', [w, np.array(ids, t), np.array(k, n)], label, **more)
            case(words, [0, 1, 0, 2, 1, 0], 3, 'vector', separator=', ')
            case(words, [3, 3, 0, 0, 1, 3], 5, 'gaps')
            case(words.reshape(3, 2), [1, 0, 1], 2, 'matrix', separator='-')
            case(words.reshape(3, 2), [[1, 0], [1, 0], [0, 0]], 2, 'matrix of ids', separator='-')
            case(s(b'', b'', b'a', b'', b'b'), [0, 0, 0, 0, 0], 2, 'nothing in front', separator='-')
            case(words[:0], [], 2, 'empty')
            case(words[:0], [], 0, 'no segments')
            case(words, [0, 0, -1, 0, -1, 0], 1, 'negative', separator=' ')
    case(words, [0, 1], 3, 'ids')
    case(words, 0, 3, 'scalar id')
    case(words, [[0, 0, 0, 0, 0, 0]], 3, 'rank')
    case(words, [0, 1, 0, 2, 1, 0], [3], 'vector of one')
    case(words, [0, 1, 0, 2, 1, 0], [], 'no number')
    case(words, [0, 1, 0, 2, 1, 0], -1, 'negative number', error_part='')
    for dtype in (tf.float32, tf.bool, tf.string, tf.complex128, tf.int8):
        c.case('Empty', [i32(2, 3)], dtype.name, shape_only=() if dtype == tf.string else (0,), dtype=dtype)
        c.case('Empty', [i32(2, 3)], dtype.name + ' zeroed', dtype=dtype, init=True)
    c.case('Empty', [i32()], 'scalar', dtype=tf.int32, init=True)
    c.case('Empty', [i32(0, 4)], 'none', dtype=tf.int32)
    for bad in (i32(-1, 2), I32(3), i32(1, 2).reshape(1, 2)):
        refused(c, 'Empty', [bad], 'bad', dtype=tf.int32)
    c.case('Timestamp', [], 'now', shape_only=(0,))
    c.save()


# ---- special functions ----

def special_ops():
    c = Cases('special_ops')
    near = dict(rtol=3e-5, atol=1e-6)
    for op in ('Igamma', 'Igammac', 'Zeta', 'Polygamma'):
        for dtype in (F32, F64):
            a = np.arange(6).astype(dtype).reshape(6, 1) if op == 'Polygamma' else values(dtype, (6, 1), 1.125, 9)
            b = np.linspace(.125, 12, 9).astype(dtype)
            if op[0] != 'I': a = a[:4]  # the derivatives grow
            c.case(op, [a, b], name_of(dtype), **near)
            c.case(op, [b, a.reshape(-1)[:1]], name_of(dtype), **near)
        for dtype in (F32, F64):
            c.case(op, [dtype(2), values(dtype, (3, 2), .5)], 'scalar', **near)
            c.case(op, [values(dtype, (0, 3)), values(dtype, (3,))], 'empty')
            special = np.array([np.nan, -1, 0, -2.5, 1, .5], dtype)
            c.case(op, [special, dtype(2)], 'special', **near)
            c.case(op, [dtype(2), special], 'special', **near)
        c.case(op, [values(F32, (2,)), values(F32, (3,))], 'shapes')
    c.case('Igamma', [f64(1e-3, .5, 30, 100, 500), f64(1e-3, 20, 29, 120, 480)], 'wide', rtol=1e-9)
    c.case('Igammac', [f64(1e-3, .5, 30, 100, 500), f64(1e-3, 20, 29, 120, 480)], 'wide', rtol=1e-9)
    for dtype in (F32, F64):
        a, b, x = values(dtype, (12,), .25, 9), values(dtype, (12,), .25, 9), values(dtype, (12,), 0, 1)
        c.case('Betainc', [a, b, x], name_of(dtype), **near)
        c.case('Betainc', [dtype(2), b, x], 'scalar a', **near)
        c.case('Betainc', [dtype(2), dtype(.5), x], 'scalars', **near)
        c.case('Betainc', [a.reshape(3, 4), dtype(.5), dtype(.25)], 'scalar x', **near)
        c.case('Betainc', [dtype(2), dtype(.5), dtype(.25)], 'all scalars', **near)
        c.case('Betainc', [a[:0], b[:0], x[:0]], 'empty')
        c.case('Betainc', [dtype(2), dtype(3), np.array([0, 1, np.nan, -.5, 1.5], dtype)], 'special')
        c.case('Betainc', [np.array([0, -1, np.nan], dtype), dtype(3), dtype(.5)], 'special')
    c.case('Betainc', [f32(1, 2), f32(1, 2, 3), f32(.5, .5)], 'shapes', error_part='')
    edges = np.array([0, -0., 1, 2, .5, 2.5, np.inf, np.nan])
    for dtype in (F32, F64):
        for op, firsts in (('Igamma', [1, -1, 0, -2.5, np.inf, np.nan]), ('Igammac', [1, -1, 0, -2.5, np.inf, np.nan]), ('Zeta', [1, 2, 3, .5, np.inf]), ('Polygamma', [0, 1, 2, 3.5, -1, np.inf])):
            c.case(op, [np.array(firsts, dtype)[:, None], edges.astype(dtype)], name_of(dtype) + ' edges', rtol=1e-5 if dtype == F32 else 1e-12)
    c.case('Zeta', [f64(2, 3, np.inf)[:, None], f64(-1, -2, -2.5, -np.inf)], 'negative', rtol=1e-12)
    for op in ('BesselI0', 'BesselI0e', 'BesselI1', 'BesselI1e'):
        for dtype in (np.float16, F32, F64):
            top = 80 if dtype != np.float16 or op[-1] == 'e' else 9
            x = np.concatenate([np.linspace(-top, top, 41), [0, 1e-3, 7.9, 8, 8.1]]).astype(dtype)
            tolerance = near if dtype in (F32, F64) else dict(rtol=3e-2, atol=3e-2)
            c.case(op, [x], name_of(dtype), **tolerance)
            c.case(op, [x[:0].reshape(0, 2)], name_of(dtype) + ' empty')
        c.case(op, [f32(np.nan, np.inf, -np.inf)], 'special')
        c.case(op, [F64(3)], 'scalar', rtol=1e-12)
    grids = {'Bessel': np.concatenate([np.linspace(1 / 64, 3, 40), np.linspace(3, 40, 38)]), 'Spence': np.concatenate([np.linspace(0, 3, 49), [10, 100, 1e4]])}
    wide = np.concatenate([np.linspace(-6, 6, 97), [-40, -12, 12, 30, 39, 41, 60, 1e-3, -1e-3, .1, -.1]])
    for op in ('BesselJ0', 'BesselJ1', 'BesselY0', 'BesselY1', 'BesselK0', 'BesselK0e', 'BesselK1', 'BesselK1e', 'Dawsn', 'Expint', 'FresnelCos', 'FresnelSin', 'Spence'):
        bessel = op[:6] == 'Bessel'
        for dtype in (np.float16, F32, F64) if bessel else (F32, F64):
            x = grids.get(op[:6], wide)
            if bessel and op[6] == 'J': x = np.concatenate([x, -x])
            tolerance = dict(rtol=3e-2, atol=3e-2) if dtype == np.float16 else dict(rtol=3e-5, atol=2e-6) if dtype == F32 else dict(rtol=1e-9, atol=1e-12)
            c.case(op, [x.astype(dtype)], name_of(dtype), **tolerance)
            c.case(op, [x[:0].reshape(0, 2).astype(dtype)], name_of(dtype) + ' empty')
        special = [np.nan, 0, -1, -2.5, 1] if bessel and op[6] in 'YK' or op == 'Spence' else [np.nan, 0, 1]
        c.case(op, [f64(*special)], 'special', rtol=1e-9)
    a, x = np.array([.1, .5, 1, 2.5, 7, 20, 60])[:, None], np.array([1e-3, .1, .7, 1, 3, 8, 20, 55, 90])
    for dtype in (F32, F64):
        c.case('IgammaGradA', [a.astype(dtype), x.astype(dtype)], name_of(dtype), rtol=1e-4, atol=1e-6)
        c.case('IgammaGradA', [dtype(2), x.astype(dtype)], 'scalar', rtol=1e-4, atol=1e-6)
        c.case('IgammaGradA', [np.array([np.nan, -1, 0, 1, 1], dtype), np.array([1, 1, 1, -1, np.nan], dtype)], 'special')
        c.case('IgammaGradA', [np.array([np.inf, -np.inf], dtype)[:, None], np.array([0, .5, 2, np.inf, np.nan], dtype)], 'infinite')
    c.case('IgammaGradA', [values(F32, (2,)), values(F32, (3,))], 'shapes')
    for dtype in (F32, F64):
        for x in (0, 1):
            c.case('Betainc', [np.array([np.nan, 2, np.nan, -1, 0], dtype), np.array([1, np.nan, np.nan, np.nan, 1], dtype), dtype(x)], 'at the ends')
        c.case('IgammaGradA', [np.array([np.nan, -1, 0, 1, np.inf], dtype), dtype(0)], 'at 0')
        c.case('Spence', [np.array([np.inf, -np.inf], dtype)], 'infinity')
    for dtype in (np.float16, F32, F64):
        for op in ('BesselI0', 'BesselI1', 'BesselJ0', 'BesselJ1', 'BesselY0', 'BesselY1', 'BesselK0', 'BesselK1'):
            c.case(op, [np.array([np.inf, -np.inf, 0, -0., np.nan], dtype)], 'ends')
    for dtype in (F32, F64):
        for op in ('BesselI0e', 'BesselI1e', 'BesselK0e', 'BesselK1e'):
            c.case(op, [np.array([100, 1e3, 3e3, 1e4, 1e6, 1e30], dtype)], 'large', rtol=1e-5 if dtype == F32 else 1e-9)
    c.save()


FAMILIES = [training_ops, search_ops, special_ops]

if __name__ == '__main__':
    generate(FAMILIES, 5)
