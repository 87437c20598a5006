#!/usr/bin/env python3
"""Ops of ours against TensorFlow's: which types each takes, and random relatives of the known cases.

    ops_interop.py BUILD_DIR [...] [-v]       SM_OPS_SEED=N   what is random (default 1)
                                              SM_OPS_CASES=N  how many cases at most (default: no end)
                                              SM_OPS_SECONDS=N  for how long (default 40)
                                              SM_OPS_ONLY=Op,...  only these ops (also patterns: Sparse*), each
                                              difference in full

Both libraries are driven through the C API in one process, a worker: if TensorFlow ends it (some of its checks
abort) or does not return, the case is left out and another worker goes on; if ours does, that is a failure.
"""
import fnmatch
import json
import os
import select
import subprocess
import sys
import tempfile
import time

from interop_common import BUILD, VERBOSE, check, finish, np, ours
from op_cases_file import NUMPY, STRING, read_cases
from random_ops import BFLOAT16, COMPLEX, FLOATS, HALF, NUMBERS, Relatives, as_numbers
from ops_audit import audit_types, rows_of, theirs
from tensorflow.python.framework import op_def_registry
from tensorflow.core.framework import types_pb2

SEED = int(os.environ.get("SM_OPS_SEED", 1))
COUNT = int(os.environ.get("SM_OPS_CASES", 1 << 30))
SECONDS = float(os.environ.get("SM_OPS_SECONDS", 40))
ONLY = os.environ.get("SM_OPS_ONLY")
START_LIMIT, CASE_LIMIT = 120, 10  # seconds until a worker's first line, and between its lines
NUMBER = {name[3:].lower(): number for name, number in types_pb2.DataType.items()}

# Ops that have cases but are not compared, and why.
LEFT_OUT = {
    "Empty": "its values are whatever memory held",
    "Timestamp": "tells the time",
}
# Where one refuses and the other does not, or for another reason, on purpose: ops (None: any), TensorFlow's code (0: an
# answer), ours, a part of our message, and why.
ON_PURPOSE = [
    (("AvgPoolGrad", "AvgPool3DGrad"), 0, 3, "grad shape", "the gradient's shape is not compared; larger ones are written past"),
    (("FractionalAvgPoolGrad",), 0, 3, "must be", "sizes are not compared; short borders are read past, large gradients written"),
    (("RandomIndexShuffle",), 0, 3, "rounds must be",
     "of fewer rounds it writes past the keys, of odd ones it reads past"),
    (("RaggedTensorToTensor",), 0, 3, "must not decrease", "what decreases is written behind all others, and beyond"),
    (("RaggedTensorToTensor",), 0, 3, "speak of value", "values that are not there are read"),
    (("Where",), 12, 0, "", "has a kernel of half that refuses to run"),
    (("Tile",), 12, 0, "", "has kernels of uint16 and some others that refuse to run"),
    (("DenseCountSparseOutput", "SparseCountSparseOutput", "RaggedCountSparseOutput"), 0, 3, "is too large",
     "values are cut to 32 bits"),
    (("RaggedCross",), 0, 3, "Invalid SparseTensor", "fewer indices than values are read past"),
    (("FusedBatchNormGrad", "FusedBatchNormGradV2", "FusedBatchNormGradV3"), 3, 0, "", "channels first are not taken"),
    (("SetSize", "SparseToSparseSetOperation"), 0, 3, "expected >= 0", "negative rows are taken, and written before"),
    (("BandedTriangularSolve",), 0, 3, "not invertible",
     "of a batch the first is looked at, zeros of others are divided by"),
    (("TensorSummaryV2",), 0, 3, "no SummaryMetadata", "what is no proto is filled up with zeros, or left out"),
    (("ParseExample", "ParseExampleV2", "ParseSingleExample"), 0, 3, "asked for twice", "then no feature of any example is seen"),
    (("SparseReduceMax", "SparseReduceSum"), 0, 3, "another place", "indices past a dimension are those of another row"),
    (("RaggedGather",), 0, 3, "must not point past", "inner splits are not looked at, and read past"),
    (None, 0, 3, "more elements than memory can hold", "a shape whose first dimensions alone are too large, and the next 0"),
    (("DenseBincount",), 0, 3, "must be non-negative", "numbers below 0 of rows are written before the counts"),
    (("ArgMax",), 0, 3, "No OpKernel", "an axis of int16 is read past its end"),
    (("BlockLSTMGrad", "BlockLSTMGradV2"), 0, 3, "does not go with the others", "shapes are not compared, and read past"),
    (("QuantizedAvgPool", "QuantizedMaxPool"), 3, 12, "", "which of several reasons is told"),
    (("QuantizedAvgPool", "QuantizedMaxPool"), 12, 3, "", "which of several reasons is told"),
    (("HistogramFixedWidth",), 0, 3, "must not contain NaN", "no number is counted before the counts"),
    (("QuantizedAdd", "QuantizedMul"), 3, 12, "Broadcast between", "which of several reasons is told"),
    (("QuantizeV2",), 3, 12, "MIN_FIRST mode", "which of several reasons is told"),
    (("QuantizedResizeBilinear",), 13, 0, "", "of no images it leaves the ranges out"),
    (("Dilation2D",), 12, 3, "Stride must be positive", "which of several reasons is told"),
    (("SparseToSparseSetOperation", "DenseToSparseSetOperation"), 13, 3, "expected >= 0", "which of several reasons is told"),
    (None, 3, 12, "NCHW_VECT_C", "a format without kernels: which code is told"),
    (None, 0, 3, "counter must be a vector with length at least 2", "a counter of one number is read past"),
]
# TF: refused by the shape function when the input's shape is not known before.
KNOWN_SHAPES = ("ApproxTopK", "ParallelConcat", "BatchToSpaceND", "SpaceToBatchND", "FusedPadConv2D", "FusedResizeAndPadConv2D")
# Values TensorFlow itself does not define, or that depend on how its threads split the work.
NO_SPECIAL = {
    "Cast": "floats out of an integer's range", "Conv2D": "Winograd spreads infinities", "FusedPadConv2D": "the same",
    "FusedResizeAndPadConv2D": "the same", "Conv3D": "the same",
    "Conv2DBackpropInput": "the same", "Conv2DBackpropFilter": "the same", "DepthwiseConv2dNative": "the same",
    "FusedBatchNormV3": "infinities through statistics", "FusedBatchNorm": "the same",
    "FusedBatchNormV2": "the same", "Bucketize": "order of NaN", "TopKV2": "order of NaN", "TopK": "order of NaN",
    "ApproxTopK": "order of NaN", "NonMaxSuppression": "order of NaN", "NearestNeighbors": "order of NaN",
    "KmeansPlusPlusInitialization": "order of NaN", "Qr": "no decomposition of infinities", "Svd": "the same",
    "SelfAdjointEigV2": "the same", "SelfAdjointEig": "the same", "CholeskyGrad": "the same", "Eig": "the same",
    "CTCBeamSearchDecoder": "order of NaN",
    "MaxPool3D": "NaN by its place in the vector", "AvgPool3D": "the same", "SegmentMax": "the same",
    "SegmentMin": "the same", "UnsortedSegmentMax": "the same", "UnsortedSegmentMin": "the same",
    "SparseReduceMax": "the same", "SparseReduceMaxSparse": "the same",
    "BlockLSTM": "infinities through gates of 0", "BlockLSTMV2": "the same",
    "BlockLSTMGrad": "the same", "BlockLSTMGradV2": "the same",
    "PadV2": "paddings of gigabytes", "Pad": "the same", "MirrorPad": "the same",
    "AdjustSaturation": "infinities through hues", "AdjustHue": "the same", "RGBToHSV": "the same", "HSVToRGB": "the same",
    "MatrixDeterminant": "infinities through a decomposition", "MatrixInverse": "the same", "MatrixSolve": "the same",
    "LogMatrixDeterminant": "the same", "LRN": "infinities through a band", "LRNGrad": "the same",
    "IgammaGradA": "no numbers in a search",
    "MaxPool3D": "order of NaN", "Conv3DBackpropInputV2": "filters of NaN spread to where they don't reach",
    "DepthwiseConv2dNativeBackpropInput": "borders are products with 0 or none",
    "DepthwiseConv2dNativeBackpropFilter": "the same", "AudioSpectrogram": "infinities through a transform",
}
NO_SPECIAL.update({op: "infinities through a transform" for way in ("FFT", "IFFT", "RFFT", "IRFFT")
                   for op in (way, way + "2D", way + "3D")})
# How far they get without numbers to go by is not compared.
DECOMPOSITIONS = ("Eig", "SelfAdjointEigV2", "Svd", "Qr", "Lu", "MatrixLogarithm", "MatrixSquareRoot", "MatrixSolveLs",
                  "BatchMatrixSolveLs", "MatrixInverse", "MatrixSolve", "BandedTriangularSolve", "RGBToHSV")
EPSILON = {1: 3e-5, 2: 1e-9, 8: 1e-4, 18: 1e-9, HALF: 8e-3, BFLOAT16: 6e-2}
FLOAT_INSIDE = ("FusedResizeAndPadConv2D", "ResizeBicubicGrad", "ResizeBicubic", "CTCLoss")  # weights are floats, whatever the type


def relatives():
    types, rows = {}, rows_of()

    def types_of(op, attr):
        if (op, attr) not in types:
            found = (theirs(op) or {}).get(attr, ())
            types[op, attr] = sorted(NUMBER[t] for t in found)
        return types[op, attr]

    def strings_of(op, attr):
        for a in op_def_registry.get(op).attr:
            if a.name == attr:
                return list(a.allowed_values.list.s)
        return []

    return Relatives(types_of, strings_of), rows


def comparable(known, rows):
    """(ops to try, {op: why not})"""
    ops, why = [], {}
    for op in rows:
        cases = [c for c in known.get(op, []) if not any(t.variable for t in c.inputs)]
        if op in LEFT_OUT:
            why[op] = LEFT_OUT[op]
        elif op_def_registry.get(op).HasField("deprecation"):
            why[op] = "gone from graphs of today's version, which these are"
        elif cases:
            if not ONLY or any(fnmatch.fnmatchcase(op, pattern) for pattern in ONLY.split(",")):
                ops.append(op)
        elif op in known:
            why[op] = "changes variables: its cases hold what they become"
        else:
            spec = op_def_registry.get(op)
            held = [a for a in list(spec.input_arg) + list(spec.output_arg)
                    if a.is_ref or a.type in (types_pb2.DT_RESOURCE, types_pb2.DT_VARIANT)]
            why[op] = "resources, variants or references: by tests of sessions" if held else \
                "has functions, files or no cases: by tests of sessions"
    return ops, why


def case_at(i, known, ops, maker):
    """The i-th random case: the same in every process."""
    rng = np.random.default_rng([SEED, i])
    round_trip = np.random.default_rng([SEED, i // len(ops)]).permutation(len(ops))
    op = ops[round_trip[i % len(ops)]]
    cases = [c for c in known[op] if not any(t.variable for t in c.inputs)]
    return maker.make(cases[rng.integers(len(cases))], rng, op not in NO_SPECIAL)


# ---- running one case on one library ----

def attr_value(a):
    from capi import Dtype, Raw, Shape
    one = {"i": int, "f": float, "b": bool, "s": bytes, "t": Dtype,
           "h": lambda s: Shape.unknown if s is None else Shape(None if d < 0 else d for d in s),
           "T": lambda t: Raw(t.dtype, t.array)}[a.kind]
    return [one(v) for v in a.value] if a.is_list else one(a.value)


def run(api, case, config):
    """The outputs (dtype, array), or the error's code; none where one is too large to look at."""
    from capi import COutput, CError, Dtype, Raw, Shape
    graph = api.graph()
    session = None
    try:
        feeds, flat = {}, []
        for i, t in enumerate(case.inputs):
            shape = Shape(t.array.shape) if case.op in KNOWN_SHAPES else Shape.unknown
            p = graph.op("Placeholder", "in%d" % i, attrs={"dtype": Dtype(t.dtype), "shape": shape}).output()
            flat.append(p)
            feeds[p] = Raw(t.dtype, t.array)
        inputs, at = [], 0
        numbers = {a.name: a.value for a in case.attrs}
        derived = set()
        for arg in op_def_registry.get(case.op).input_arg:
            many = arg.number_attr or arg.type_list_attr
            count = numbers[arg.number_attr] if arg.number_attr else \
                len(numbers[arg.type_list_attr]) if arg.type_list_attr else 1
            derived |= {arg.number_attr, arg.type_list_attr, arg.type_attr}
            inputs.append(flat[at:at + count] if many else flat[at])
            at += count
        attrs = {a.name: attr_value(a) for a in case.attrs if a.name not in derived}
        op = graph.op(case.op, "op", inputs, attrs)
        count = api.call("TF_OperationNumOutputs", op.handle)
        types = [api.call("TF_OperationOutputType", COutput(op.handle, i)) for i in range(count)]
        session = graph.session(config)
        values = session.run([op.output(i) for i in range(count)], feeds, [] if count else [op])
        return list(zip(types, values))
    except CError as e:
        return e.code, e.message
    except (OverflowError, ValueError):  # too large to look at, or of a shape that numpy cannot hold
        return []
    finally:
        if session:
            session.close()
        graph.close()


# ---- comparing ----

def numbers_close(got, want, dtype, case):
    if dtype == BFLOAT16:
        from random_ops import from_bfloat16
        got, want = from_bfloat16(got), from_bfloat16(want)
    if dtype not in EPSILON:
        return got.tobytes() == want.tobytes()
    with np.errstate(all="ignore"):
        scale = [np.abs(as_numbers(t).astype(np.complex128)) for t in case.inputs if t.dtype in EPSILON] + \
                [np.abs(want.astype(np.complex128))]
        top = max([1.0] + [float(x[np.isfinite(x)].max()) for x in scale if x.size and np.isfinite(x).any()])
        epsilon = max(EPSILON[dtype], EPSILON[1]) if case.op in FLOAT_INSIDE else EPSILON[dtype]
        rtol = max(epsilon, case.rtol)
        wide = np.complex128 if dtype in COMPLEX else np.float64
        return np.allclose(got.astype(wide), want.astype(wide), rtol, max(case.atol, epsilon * top), equal_nan=True)


def meant(got, want, case):
    """Whether one refuses where the other does not, or otherwise, on purpose."""
    ours, theirs = [x[0] if isinstance(x, tuple) else 0 for x in (got, want)]
    text = got[1] if ours else ""
    return any((ops is None or case.op in ops) and (theirs, ours) == (a, b) and part in text
               for ops, a, b, part, _ in ON_PURPOSE)


def finite(t):
    return t.dtype not in EPSILON or np.isfinite(as_numbers(t)).all()


def on_branch_cut(matrices):
    """Whether one of them has an eigenvalue of 0 or less, or none."""
    if not np.isfinite(matrices).all():
        return True
    values = np.linalg.eigvals(matrices.astype(np.complex128)) if matrices.size else np.ones(1)
    scale = np.abs(values).max(initial=0)
    return bool(((values.real <= 0.01 * scale) & (np.abs(values.imag) <= 0.01 * scale)).any())


def eigen_holds(case, got, want):
    """Whether the values are TensorFlow's, in any order, and the vectors (if any) are unit vectors which the matrices
    stretch by them: a vector's sign, and which ones of an eigenspace, is not said."""
    a, (values, vectors), theirs = case.inputs[0].array, [x.astype(np.complex128) for _, x in got], want[0][1]
    if values.shape != theirs.shape or not values.size:
        return values.shape == theirs.shape
    epsilon = EPSILON[case.inputs[0].dtype] * max(1, np.abs(a).max()) * a.shape[-1]
    for row, left in zip(values.reshape(-1, a.shape[-1]), map(list, theirs.reshape(-1, a.shape[-1]))):
        for value in row:
            near = min(left, key=lambda v: abs(v - value))
            if not abs(near - value) <= epsilon:
                return False
            left.remove(near)
    if vectors.shape != a.shape or any(x.name == "compute_v" and not x.value for x in case.attrs):
        return True
    if case.op == "SelfAdjointEigV2":  # the lower half is read
        a = np.tril(a) + np.conj(np.swapaxes(np.tril(a, -1), -1, -2))
    return bool((np.abs(a @ vectors - vectors * values[..., None, :]) <= epsilon).all() and
                (np.abs(np.linalg.norm(vectors, axis=-2) - 1) <= epsilon).all())


def least_squares_hold(case, got, want):
    """Whether the solutions are as good as TensorFlow's: in what they leave of the right side, and in length."""
    a, b, x, y = [np.asarray(v, np.complex128) for v in (case.inputs[0].array, case.inputs[1].array, got[0][1], want[0][1])]
    if x.shape != y.shape:
        return False
    fast = any(attr.name == "fast" and attr.value for attr in case.attrs)
    squares = lambda v: np.sum(np.abs(v) ** 2, axis=(-2, -1))
    cost = lambda v: squares(a @ v - b) + (float(case.inputs[2].array) if fast else 0) * squares(v)
    slack = EPSILON[case.inputs[0].dtype] * (1 + squares(b))
    worse = 100 if fast else 1  # the squared matrix is solved for: how far off is luck
    return bool((cost(x) <= cost(y) * (1 + 1e-3) + worse * slack).all() and
                (fast or (squares(x) <= squares(y) * (1 + 1e-3) + slack).all()))


def has_denormals(t):
    """Numbers that TensorFlow's kernels take for 0."""
    if t.dtype not in FLOATS + COMPLEX + (BFLOAT16,):
        return False
    x = np.ascontiguousarray(as_numbers(t))
    x = np.abs(x.view(x.real.dtype)) if t.dtype in COMPLEX else np.abs(x)
    return bool(((x > 0) & (x < np.finfo(x.dtype).tiny)).any())


def repeated_rows(case, rows):
    """Whether the rows of all inputs, each behind those before it along the axis, repeat one."""
    numbers = {a.name: a.value for a in case.attrs}
    shapes, axis, offset, seen = case.inputs[2 * numbers["N"]:], numbers["concat_dim"], 0, []
    for of, shape in zip(rows, shapes):
        at = axis + len(shape.array) if axis < 0 else axis
        seen += [tuple(x + (offset if d == at else 0) for d, x in enumerate(row)) for row in of]
        offset += int(shape.array[at])
    return len(set(seen)) < len(seen)


def first_labels_null(case):
    """Whether a row begins with the null label (or a larger one), and so has none."""
    x, indices, labels = [t.array for t in case.inputs[:3]]
    rows = indices[:, 0].tolist() if indices.ndim == 2 else []
    return any(label >= x.shape[-1] - 1 and row not in rows[:i] for i, (row, label) in enumerate(zip(rows, labels.tolist())))


def qr_holds(case, got):
    """Whether the product is the matrix, and the first factor's columns are orthonormal: signs are not said."""
    a, q, r = [x.astype(np.complex128) for x in (case.inputs[0].array, got[0][1], got[1][1])]
    if not a.size or q.shape[-1] != r.shape[-2]:
        return False
    epsilon = EPSILON[case.inputs[0].dtype] * max(1, np.abs(a).max()) * max(a.shape[-2:])
    unit = np.conj(np.swapaxes(q, -1, -2)) @ q - np.eye(q.shape[-1])
    return bool((np.abs(q @ r - a) <= epsilon).all() and (np.abs(unit) <= epsilon).all() and
                (np.abs(np.tril(r, -1)) <= epsilon).all())


def quantised_ranges(case):
    """The least and the largest values of QuantizedConcat's inputs."""
    count = len(case.inputs) // 3
    return case.inputs[-2 * count:-count], case.inputs[-count:]


def undefined(case, got):
    """Why TensorFlow's values are not to be compared; None: they are."""
    op, rows = case.op, [t.array.tolist() for t in case.inputs if t.dtype == 9 and t.array.ndim == 2]
    numbers = [t.array for t in case.inputs if t.dtype == 3]
    if op == "SparseAddGrad" and any(r != sorted(r) for r in rows):
        return "rows are taken for sorted"
    if op == "SparseConcat" and repeated_rows(case, rows):
        return "equal indices are in any order"
    if any(map(has_denormals, case.inputs)):
        return "denormal numbers, which TensorFlow takes for 0 and we compute with"
    seeds = [a.value for a in case.attrs if a.name in ("seed", "seed2")]
    if len(seeds) == 2 and not any(seeds) and not op.startswith("Fractional"):
        return "without a seed"
    if op.startswith(("Conv", "Depthwise")) and "Backprop" in op and not all(t.array.size for t in case.inputs):
        return "of nothing: TensorFlow leaves the memory as it is"
    if op == "MaxPool3D" and np.isnan(as_numbers(case.inputs[0]).astype(np.float64)).any():
        return "of NaN: what came before it is forgotten, or not"
    if op == "CTCLoss" and first_labels_null(case):
        return "of no labels: TensorFlow writes beside its matrices"
    if op == "Cast" and any(a.name == "DstT" and a.value in (4, 17) for a in case.attrs) and \
            case.inputs[0].dtype in (1, 2, HALF, BFLOAT16) and (as_numbers(case.inputs[0]) < 0).any():
        return "negative floats among unsigned numbers: by their place in the vector"
    if op.startswith("SparseSegment") and op.endswith("Grad") and not case.inputs[1].array.size:
        return "of no segments: TensorFlow leaves the memory as it is"
    if op == "QuantizedConcat" and not all(t.array <= u.array for t, u in zip(*quantised_ranges(case))):
        return "ranges the wrong way round"
    if op == "QuantizedInstanceNorm" and any(a.name == "variance_epsilon" and a.value < 0 for a in case.attrs):
        return "roots of less than 0"
    if op == "CombinedNonMaxSuppression" and (case.inputs[1].array <= -1).any():
        return "scores of -1 are those of no box"
    if op == "CTCBeamSearchDecoder" and case.inputs[0].array.size > len(np.unique(case.inputs[0].array)):
        return "which of equal beams are kept"
    if op == "KmeansPlusPlusInitialization" and \
            len(np.unique(case.inputs[0].array, axis=0)) < max(len(case.inputs[0].array), 2 * int(case.inputs[1].array)):
        return "distances of nearly 0: what rounding makes of them"
    if op == "SparseReorder" and len(np.unique(case.inputs[0].array, axis=0)) < len(case.inputs[0].array):
        return "equal indices are in any order"
    if op.endswith("DynamicStitch"):
        at = np.concatenate([x.reshape(-1) for x in numbers[:len(case.inputs) // 2]])
        if len(set(at)) <= max(at, default=-1) or (op[0] == "P" and len(set(at)) < len(at)):
            return "memory that no index writes to, or two at once"
    if op in ("Cholesky", "TridiagonalSolve") and not all(np.isfinite(x).all() for _, x in got):
        return "there is no solution, and TensorFlow leaves the memory as it is"
    if op == "SparseAdd" and case.inputs[6].array.itemsize < case.inputs[1].array.real.itemsize:
        return "a threshold of a smaller type is read past"
    if op.endswith("CountSparseOutput") and any(t.array.size and int(t.array.max()) >= 2**31 - 1 for t in case.inputs
                                                if t.dtype in (3, 9)):
        return "values are cut to 32 bits"
    if op.endswith("RandomBinomial") and not all(map(finite, case.inputs)):
        return "probabilities that are no numbers: TensorFlow leaves the memory as it is"
    if op == "Fingerprint" and not case.inputs[0].array.size:
        return "of rows of nothing: TensorFlow leaves the memory as it is"
    if op.startswith(("IRFFT", "RFFT", "QuantizedMatMul")) and not case.inputs[0].array.size:
        return "of nothing: TensorFlow leaves the memory as it is"
    if op == "CholeskyGrad" and not all((np.abs(x) < 1e6).all() for _, x in got):
        return "of a nearly singular matrix"
    if op in ("Zeta", "Polygamma") and case.inputs[0].dtype == 1 and (case.inputs[1].array < 0).any():
        return "of negative floats TensorFlow sums too few terms"
    if op == "MatrixLogarithm" and on_branch_cut(case.inputs[0].array):
        return "either side of the branch"
    if op.startswith("FusedBatchNormGrad") and not case.inputs[0].array.size:
        return "of an empty volume the shape is that of an image"
    if op in ("RealDiv", "Div", "Xdivy", "DivNoNan", "Inv", "Reciprocal") and case.inputs[0].dtype in COMPLEX and \
            not all(map(finite, case.inputs)):
        return "by infinity: TensorFlow's answer depends on the place in the tensor"
    if op.endswith("MatrixSolveLs") and 0 in case.inputs[0].array.shape:
        return "of matrices of nothing: TensorFlow leaves the memory as it is"
    if op == "SqrtGrad" and case.inputs[0].dtype in COMPLEX and \
            not (all(map(finite, case.inputs)) and case.inputs[0].array.all()):
        return "by 0 or infinity: the same"
    return None


def difference(got, want, case):
    if case.op in DECOMPOSITIONS and not all(map(finite, case.inputs)):
        return None
    if isinstance(want, tuple) and "less than input dimension(-1)" in want[1]:
        return None  # an axis of a tensor whose rank is not known when the graph is built
    if case.op.startswith(("Quant", "Requant", "FakeQuant", "Dequant")) and not all(finite(t) for t in case.inputs if t.array.ndim < 2):
        return None  # ranges that are not finite
    if isinstance(want, tuple) or isinstance(got, tuple):
        a, b = [x[0] if isinstance(x, tuple) else "values" for x in (got, want)]
        return None if a == b or meant(got, want, case) else \
            "ours: %s, TensorFlow: %s" % (got if isinstance(got, tuple) else "values",
                                          want if isinstance(want, tuple) else "values")
    if undefined(case, got):
        return None
    if case.op == "Qr" and [x.shape for _, x in got] == [x.shape for _, x in want] and qr_holds(case, got):
        return None
    if case.op in ("Eig", "SelfAdjointEigV2") and eigen_holds(case, got, want):
        return None
    if case.op in ("MatrixSolveLs", "BatchMatrixSolveLs") and least_squares_hold(case, got, want):
        return None
    for i, ((dtype, x), (_, y)) in enumerate(zip(got, want)):
        if x.shape != y.shape:
            return "output %d: shape %s, TensorFlow's %s" % (i, x.shape, y.shape)
        unsorted = case.op in ("TopK", "TopKV2") and any(a.name == "sorted" and not a.value for a in case.attrs)
        norm = case.op.startswith("FusedBatchNorm") and "Grad" not in case.op  # memory that is not written:
        statistics = norm and ((i > 0 and any(a.name == "is_training" and not a.value for a in case.attrs)) or
                               (i > 2 and not case.inputs[0].array.size))
        vectors = i > 0 and case.op in ("Svd", "SelfAdjointEigV2") and any(a.name.startswith("compute_") and not a.value for a in case.attrs)
        if unsorted or statistics or vectors or (i < len(case.values) and not case.values[i]):
            continue
        if case.op.startswith("BlockLSTM") and "Grad" not in case.op:  # what follows the longest sequence is not written
            x, y = [v[:max(int(case.inputs[0].array), 0)] for v in (x, y)]
        if case.op.startswith("BlockLSTMGrad") and dtype == HALF and not np.isfinite(y).all():
            continue  # its sums are of half precision too, and become infinite
        same = list(x.reshape(-1)) == list(y.reshape(-1)) if dtype == STRING else numbers_close(x, y, dtype, case)
        if not same:
            return "output %d: %s, TensorFlow's %s" % (i, brief(x, y), brief(y, x))
    return None


def brief(x, other):
    x, other = x.reshape(-1), other.reshape(-1)
    with np.errstate(all="ignore"):
        at = [i for i in range(x.size) if not (x[i] == other[i] or (x[i] != x[i] and other[i] != other[i]))][:6]
    return "%s at %s" % ([x[i] for i in at], at)


def tell(case):
    attrs = {a.name: a.value for a in case.attrs if a.kind != "T"}
    inputs = ["%s%s %s" % (types_pb2.DataType.Name(t.dtype)[3:].lower(), list(t.array.shape),
                           np.array2string(t.array.reshape(-1)[:24], max_line_width=1000)) for t in case.inputs]
    return "%s %s %s" % (case.op, attrs, "; ".join(inputs))


def worker(start, stop, until, result):
    """Writes a line of JSON a case; what it is about to do first, since a library may end the process."""
    from capi import Api, google_api
    from tensorflow.core.protobuf import config_pb2
    config = config_pb2.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    config = config.SerializeToString()
    mine, google = Api(os.path.join(BUILD, "lib/libtensorflow.so.2")), google_api()
    maker, rows = relatives()
    known = read_cases()
    ops = comparable(known, rows)[0]
    say = lambda **line: (result.write(json.dumps(line) + "\n"), result.flush())
    for i in range(start, stop):
        if time.time() > until:
            say(i=stop, op="", at="end")
            return
        case = case_at(i, known, ops, maker)
        say(i=i, op=case.op, at="TensorFlow")
        want = run(google, case, config)
        say(i=i, op=case.op, at="ours")
        got = run(mine, case, config)
        wrong = difference(got, want, case)
        say(i=i, op=case.op, at="done", code=want[0] if isinstance(want, tuple) else 0, wrong=wrong,
            case=tell(case) if wrong else "")


# ---- the parent ----

def lines_of(process):
    """The worker's lines of JSON; it is killed when it is silent for too long, as a library that does not return is."""
    while select.select([process.stdout], [], [], START_LIMIT if process.silent else CASE_LIMIT)[0]:
        line = process.stdout.readline()
        if not line:
            return
        if line.startswith(b"{"):
            process.silent = False
            yield json.loads(line)
    process.kill()


def run_workers(stop):
    at, deaths, done, until, errors = 0, {}, [], time.time() + SECONDS, tempfile.TemporaryFile()
    while at < stop and time.time() < until:
        process = subprocess.Popen([sys.executable, os.path.abspath(__file__), BUILD, "--worker", str(at), str(stop), str(until)],
                                   stdout=subprocess.PIPE, stderr=errors, bufsize=0)
        process.silent, last = True, None
        for last in lines_of(process):
            if last["at"] == "done":
                done.append(last)
        code = process.wait()
        if last is None or (code > 0 and last["at"] != "end"):
            errors.seek(0)
            check("a worker goes on", False, "exit code %d at %s\n%s" % (code, last, errors.read()[-2000:].decode()))
            return done, deaths
        at = last["i"] + 1
        if last["at"] == "TensorFlow":
            deaths.setdefault(last["op"], []).append(last["i"])
        elif last["at"] == "ours":
            check("%s, case %d of seed %d" % (last["op"], last["i"], SEED), False,
                  "it did not return" if code == -9 else "the process ended")
    return done, deaths


def main():
    if not ONLY:
        audit_types()
    maker, rows = relatives()
    known = read_cases()
    ops, why = comparable(known, rows)
    done, deaths = run_workers(COUNT)
    for line in done:
        check("%s, case %d of seed %d" % (line["op"], line["i"], SEED), not line["wrong"],
              "%s\n     %s" % (line["wrong"], line["case"]))
    fine = sum(1 for line in done if not line["code"])
    print("%d random cases of %d ops, seed %d: TensorFlow answers %d, refuses %d, ends %d times (%s)" %
          (len(done), len(ops), SEED, fine, len(done) - fine, sum(map(len, deaths.values())), ", ".join(sorted(deaths)) or "-"))
    reasons = {}
    for op, reason in why.items():
        reasons.setdefault(reason, []).append(op)
    for reason, names in sorted(reasons.items()):
        print("not compared, %s: %d%s" % (reason, len(names), " (" + " ".join(sorted(names)) + ")" if VERBOSE else ""))
    finish("ops")


if "--worker" in sys.argv:
    k = sys.argv.index("--worker")
    worker(int(sys.argv[k + 1]), int(sys.argv[k + 2]), float(sys.argv[k + 3]), sys.stdout)
else:
    main()
