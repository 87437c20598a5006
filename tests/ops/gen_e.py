"""Op cases of training steps, searches, special functions and other small families: python tests/ops/gen_e.py [FAMILY...]
(README.md here)."""
import sys

from op_cases import Cases, op_def_registry  # first: it sets TensorFlow's environment

import numpy as np
import tensorflow as tf

BF16 = tf.bfloat16.as_numpy_dtype
F32, F64, I32, I64 = np.float32, np.float64, np.int32, np.int64
FLOATS = [np.float16, BF16, np.float32, np.float64]
INTS = [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64]
rng = np.random.RandomState(5)


def i32(*v): return np.array(v, I32)
def i64(*v): return np.array(v, I64)
def f32(*v): return np.array(v, F32)
def f64(*v): return np.array(v, F64)
def s(*v): return np.array(v + (b'',), object)[:-1]


def name_of(dtype): return np.dtype(dtype).name


def values(dtype, shape, low=-4, high=4):
    """Random numbers of few bits, that files pack well."""
    if dtype in INTS:
        return rng.randint(max(low, 0) if np.dtype(dtype).kind == 'u' else low, high + 1, shape).astype(dtype)
    return np.asarray(np.round(rng.uniform(low, high, shape) * 64) / 64).astype(dtype)


def refused(c, *args, **more):
    """A case that TensorFlow may refuse when the graph is built: then there is none."""
    try:
        return c.case(*args, **more)
    except ValueError:
        return None


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


TRAINING = ['ApplyAdaMax', 'ApplyAdadelta', 'ApplyAdagrad', 'ApplyAdagradDA', 'ApplyAdagradV2', 'ApplyAdam', 'ApplyAddSign',
            'ApplyCenteredRMSProp', 'ApplyFtrl', 'ApplyFtrlV2', 'ApplyGradientDescent', 'ApplyMomentum', 'ApplyPowerSign',
            'ApplyProximalAdagrad', 'ApplyProximalGradientDescent', 'ApplyRMSProp']
TRAINING += ['Resource' + n for n in TRAINING + ['ApplyAdamWithAmsgrad', 'ApplyKerasMomentum']]
for _n in ['Adadelta', 'Adagrad', 'AdagradDA', 'AdagradV2', 'CenteredRMSProp', 'Ftrl', 'FtrlV2', 'Momentum', 'ProximalAdagrad',
           'ProximalGradientDescent', 'RMSProp']:
    TRAINING += ['SparseApply' + _n, 'ResourceSparseApply' + _n]
TRAINING += ['ResourceSparseApplyKerasMomentum']

if __name__ == '__main__':
    for family in sys.argv[1:] or ['training_ops']:
        globals()[family]()
