"""Op cases of scatters into variables, behind refs and handles: python tests/ops/gen_k.py (README.md here)."""
from op_cases import Cases  # first: it sets TensorFlow's environment
from case_values import BF16, F32, I32, I64, generate, name_of, rng

import numpy as np

REALS = [np.float16, BF16, F32, np.float64, np.int8, np.int16, I32, I64, np.uint8, np.uint16, np.uint32, np.uint64]
OTHERS = [np.complex64, np.complex128, np.bool_, object]
TWICE = ('Update', 'Add', 'Sub', 'Mul', 'Div', 'Min', 'Max')
ND = ('Update', 'Add', 'Sub', 'Min', 'Max')


def i32(v): return np.array(v, I32)
def i64(v): return np.array(v, I64)
def f32(v): return np.array(v, F32)


def values(dtype, shape, low=1, high=9):
    """Small numbers of few bits."""
    if dtype is object: return np.array([b'x%d' % v for v in rng.randint(0, 99, int(np.prod(shape)))] + [b''], object)[:-1].reshape(shape)
    v = rng.randint(low, high, shape)
    return (v + 1j * rng.randint(low, high, shape) if np.dtype(dtype).kind == 'c' else v % 2 if dtype is np.bool_ else v).astype(dtype)


def step(c, op, var, indices, updates, label, **more):
    """A case, unless TensorFlow refuses it when the graph is built."""
    try:
        c.step(op, [var], [indices, updates], label, **more)
    except (TypeError, ValueError) as error:
        print('refused at once:', op, label, str(error)[:90])


def rows(c, op):
    for dtype in REALS + OTHERS:
        step(c, op, values(dtype, (5, 3)), i32([3, 0, 3]), values(dtype, (3, 3), 1, 5), name_of(dtype), rtol=2e-2 if dtype in REALS[:2] else 1e-5)
    f = lambda *shape: values(F32, shape)
    step(c, op, f(4, 2, 2), i64([[1, 3], [0, 1]]), f(2, 2, 2, 2), 'a matrix of indices')
    step(c, op, f(4, 2), i64([2, 0]), f(), 'scalar update')
    step(c, op, f(4, 2), i32(1), f(2), 'scalar index')
    step(c, op, f(6), i32([5, 5, 1]), f(3), 'vector')
    step(c, op, f(4, 2), i32([]), f(0, 2), 'no indices')
    step(c, op, f(4, 0), i32([1]), f(1, 0), 'empty rows')
    step(c, op, f(0, 2), i32([]), f(0, 2), 'no rows')
    step(c, op, f(0, 2), i32([0]), f(1, 2), 'no rows, an index')
    step(c, op, f(4, 2), i32([0, 4]), f(2, 2), 'beyond')
    step(c, op, f(4, 2), i64([-1, 0]), f(2, 2), 'negative')
    step(c, op, f(4, 2), i64([2 ** 33]), f(1, 2), 'far beyond')
    step(c, op, f(4, 2), i32([0, 1]), f(2, 3), 'columns', must_fail=True)
    step(c, op, f(4, 2), i32([0, 1]), f(3, 2), 'rows')
    step(c, op, f(4, 2), i32([0, 1]), f(4), 'rank')
    step(c, op, f(), i32([0]), f(1), 'a scalar variable')
    step(c, op, values(F32, (40, 33)), rng.randint(0, 40, 70).astype(I32), values(F32, (70, 33), 1, 2), 'many')
    if op.endswith('Div'):
        step(c, op, i32([-7, 7]), i32([0, 1]), i32([2, -2]), 'signs')  # TensorFlow ends at zero
        if op.startswith('Resource'):
            step(c, op, values(I32, (4,)), i32([1]), i32([0]), 'by zero')
            step(c, op, values(I32, (4,)), i32([1, 2]), i32(0), 'by scalar zero')
            step(c, op, f32([1, 1]), i32([0]), f32([-0.]), 'by -0')
            step(c, op, values(np.complex64, (2,)), i32([0]), np.complex64([0]), 'by zero, complex')
            step(c, op, f32([1, 1]), i32([7]), f32([0]), 'by zero, beyond')
        step(c, op, f32([1, -1, 0]), i32([0, 1, 2]), f32([0, 0, 0]), 'by zero, float')
    if op.endswith(('Min', 'Max')):
        step(c, op, f32([1, np.nan, 3, np.inf]), i32([0, 1, 2, 3]), f32([np.nan, 2, -np.inf, np.nan]), 'nan')


def nd(c, op):
    for dtype in REALS + OTHERS:
        step(c, op, values(dtype, (5, 3)), i32([[3], [0], [3]]), values(dtype, (3, 3), 1, 5), name_of(dtype), rtol=2e-2 if dtype in REALS[:2] else 1e-5)
    f = lambda *shape: values(F32, shape)
    step(c, op, f(5, 3), i64([[4, 2], [0, 0], [4, 2]]), f(3), 'elements')
    step(c, op, f(5, 3), i32([[[1], [2]]]), f(1, 2, 3), 'a batch')
    step(c, op, f(6), i32([1]), f(), 'one index', error_part='must match dimensions [0,1) of updates')
    step(c, op, f(2, 2, 2, 2, 2, 2, 2), i32([[1, 0, 1, 0, 1, 0, 1]]), f(1), 'seven deep')
    step(c, op, f(2, 3), np.zeros((1, 0), I32), f(1, 2, 3), 'no coordinates')
    step(c, op, f(5, 3), np.zeros((0, 1), I32), f(0, 3), 'no indices')
    step(c, op, f(0, 3), np.zeros((0, 1), I32), f(0, 3), 'an empty variable')
    step(c, op, f(0, 3), i32([[0]]), f(1, 3), 'an empty variable, an index')
    step(c, op, f(5, 3), i32([[0], [5]]), f(2, 3), 'beyond')
    step(c, op, f(5, 3), i64([[0, -1]]), f(1), 'negative')
    step(c, op, f(5, 3), i64([[2 ** 33]]), f(1, 3), 'far beyond')
    step(c, op, f(2, 3, 4), i32([[[0], [1]]]), f(1, 1, 3, 4), 'a batch of other size')
    step(c, op, f(2, 3, 4), i32([[[0], [1]]]), f(1), 'a batch of less')
    step(c, op, f(5, 3), i32([[0, 0, 0]]), f(1), 'too deep')
    step(c, op, f(5, 3), i32([[0], [1]]), f(2, 2), 'columns')
    step(c, op, f(5, 3), i32([[0], [1]]), f(3, 3), 'rows')
    step(c, op, f(5, 3), i32([[0], [1]]), f(6), 'rank')
    step(c, op, f(5, 3), i32(0), f(3), 'a scalar index', error_part='must match dimensions [0,1) of updates')
    step(c, op, f(), np.zeros((1, 0), I32), f(1), 'a scalar variable')
    step(c, op, values(F32, (40, 33)), rng.randint(0, 33, (70, 2)).astype(I32), f(70), 'many')
    if op.endswith(('Min', 'Max')):
        step(c, op, f32([1, np.nan, 3, np.inf]), i32([[0], [1], [2], [3]]), f32([np.nan, 2, -np.inf, np.nan]), 'nan')


def state_scatter():
    c = Cases('state_scatter')
    for kind in ('', 'Resource'):
        for word in TWICE: rows(c, kind + 'Scatter' + word)
        for word in ND: nd(c, kind + 'ScatterNd' + word)
    c.save()


if __name__ == '__main__':
    generate([state_scatter], 11)
