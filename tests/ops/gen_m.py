"""Op cases of XLA's ops that have CPU kernels: python tests/ops/gen_m.py [FAMILY...] (README.md here)."""
from op_cases import Cases  # first: it sets TensorFlow's environment
from case_values import BF16, C64, F16, F32, F64, I32, I64, generate, name_of, values

import numpy as np


def xla_slice():
    """Starts are moved so that the slice lies inside."""
    c = Cases('xla_slice')
    dtypes = (F32, F64, F16, BF16, C64, I32, I64, np.int8, np.uint8, np.uint16, np.uint32, np.uint64, np.bool_)
    for dtype in dtypes:
        x, part = values(dtype, (4, 5, 3)), values(dtype, (2, 1, 3))
        c.case('XlaDynamicSlice', [x, np.int32([1, 2, 0]), np.int32([2, 3, 3])], name_of(dtype))
        c.case('XlaDynamicUpdateSlice', [x, part, np.int32([1, 2, 0])], name_of(dtype))
    for index in (np.int32, np.int64):
        x, part = values(F32, (4, 5)), values(F32, (2, 3))
        for at in ([0, 0], [2, 2], [3, 3], [9, -9], [-1, 1], [np.iinfo(index).max, np.iinfo(index).min]):
            c.case('XlaDynamicSlice', [x, index(at), index([2, 3])], 'at %s' % at)
            c.case('XlaDynamicUpdateSlice', [x, part, index(at)], 'at %s' % at)
        c.case('XlaDynamicSlice', [x, index([0, 0]), index([4, 5])], 'all')
        c.case('XlaDynamicUpdateSlice', [x, x + 1, index([1, 1])], 'all')
        c.case('XlaDynamicSlice', [x, index([1, 5]), index([2, 0])], 'nothing')
        c.case('XlaDynamicUpdateSlice', [x, part[:, :0], index([1, 5])], 'nothing')
        c.case('XlaDynamicSlice', [x[:0], index([1, 1]), index([0, 2])], 'of nothing')
        c.case('XlaDynamicUpdateSlice', [x[:0], part[:0], index([1, 1])], 'of nothing')
        c.case('XlaDynamicSlice', [F32(3), index([]), index([])], 'scalar')
        c.case('XlaDynamicUpdateSlice', [F32(3), F32(4), index([])], 'scalar')
        c.case('XlaDynamicSlice', [x[0], index([3]), index([2])], 'vector')
        c.case('XlaDynamicUpdateSlice', [x[:1, :1], values(F32, (1, 1)), index([5, 5])], 'one')
        for label, at, size, said in (('too long', [0, 0], [5, 1], 'has slice size 5 greater than dimension size 4 in dimension 0 of operand'),
                                      ('negative', [0, 0], [-1, 1], 'has negative size index to dynamic slice: -1'), ('matrix', [[0, 0]], [1, 1], ''),
                                      ('short', [0], [1, 1], 'has mismatched number of slice sizes (2) and number of start indices (1)'),
                                      ('short size', [0, 0], [1], 'has mismatched number of slice sizes (1) and number of start indices (2)')):
            c.case('XlaDynamicSlice', [x, index(at), index(size)], label, error_part=said)
        for label, update, at in (('too long', values(F32, (5, 1)), [0, 0]), ('rank', part[0], [0, 0]), ('short', part, [0]), ('matrix', part, [[0, 0]]), ('scalar', F32(1), [0, 0])):
            c.case('XlaDynamicUpdateSlice', [x, update, index(at)], label)
    c.save()


FAMILIES = [xla_slice]

if __name__ == '__main__':
    generate(FAMILIES, 1)
