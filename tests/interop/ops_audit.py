"""Which dtypes our rows take and TensorFlow's CPU kernels do: each difference is meant, with its reason, or a failure."""
import json

from interop_common import check, ours
from tensorflow.core.framework import types_pb2
from tensorflow.python.framework import kernels, op_def_registry

ALL = [v for v in types_pb2.DataType.values() if 0 < v < 100]

# Differences that are meant: (op or its beginning with *, missing dtypes, extra ones, why). "*" means any.
ODD = "float8_e4m3fn float8_e5m2 int4 uint4 qint8 quint8 qint16 quint16 qint32 resource variant string"
MEANT = [
    ("TensorSummary*", "resource variant", "", "no tensor proto holds these"),
    ("Serialize*", "resource variant", "", "no tensor proto holds these"),
    ("Inplace*", "bool", "", "registered for any type, but the kernels refuse it"),
    ("*Accumulator*", "bfloat16 complex64 complex128 int8 int16 int32 int64 uint8 uint16 uint32 uint64", "",
     "registered for any type, but accumulators are made for half, float and double alone"),
    ("ArgMax", "int16", "", "registered, but TensorFlow reads such an axis past its end"),
    ("QuantizedResizeBilinear", "float qint32", "", "what converts models makes quint8 alone"),
    ("QuantizedConv2D", "qint8", "", "what converts models makes quint8 alone"),
    ("Conj", "variant", "", "no variant of ours has a conjugate"),
    ("AsString", "variant", "", "no variant of ours has a text"),
    ("*Table*", "", "*", "a table's row checks keys and values as a pair when it is made"),
    ("*Proximal*", "", "half bfloat16", "more than TensorFlow takes"),
    ("*AdagradDA", "", "half bfloat16", "more than TensorFlow takes"),
    ("*AdaMax", "", "bfloat16", "more than TensorFlow takes"),
    ("*RMSProp", "", "bfloat16", "more than TensorFlow takes"),
    ("MatrixTriangularSolve", "", "half", "more than TensorFlow takes"),
    ("*Batch*", "", "bool complex64 complex128", "more than TensorFlow takes"),
    ("StatelessRandomUniformIntV2", "", "uint32 uint64", "more than TensorFlow takes"),
    ("*", "", ODD, "elements are moved whatever they are"),
]


def name_of(v):
    return types_pb2.DataType.Name(v)[3:].lower()


def rows_of():
    """{op: types} of our table."""
    return {row["op"]: row["types"] for row in json.loads(ours("ops", "--json"))}


def type_attrs(op):
    return [a for a in op_def_registry.get(op).attr if a.type in ("type", "list(type)")]


def unconstrained(op):
    """Type attributes of which no kernel says more than the spec: what the kernel itself refuses is not to be seen."""
    found = kernels.get_registered_kernels_for_op(op).kernel
    return {a.name for a in type_attrs(op)} - {c.name for k in found if k.device_type == "CPU" for c in k.constraint}


def theirs(op):
    """{attr: dtype names} that some CPU kernel of TensorFlow takes; null when it has none."""
    found = [k for k in kernels.get_registered_kernels_for_op(op).kernel if k.device_type == "CPU"]
    out = {}
    for a in type_attrs(op):
        allowed = set(a.allowed_values.list.type or ALL)
        out[a.name] = set()
        for k in found:
            constraint = [c for c in k.constraint if c.name == a.name]
            out[a.name] |= {name_of(v) for v in (allowed & set(constraint[0].allowed_values.list.type)
                                                 if constraint else allowed)}
    return out if found else None


def our_types(op, types):
    said = dict((part.split(":")[0].strip(), set(part.split(":")[1].split())) for part in types.split(";") if ":" in part)
    out = {}
    for a in type_attrs(op):
        allowed = {name_of(v) for v in (a.allowed_values.list.type or ALL)}
        out[a.name] = said.get(a.name, allowed) & allowed
    return out


def fits(pattern, op):
    body = pattern.strip("*")
    if pattern.startswith("*") and pattern.endswith("*"):
        return body in op
    return op.endswith(body) if pattern.startswith("*") else op.startswith(body) if pattern.endswith("*") else op == body


def not_meant(op, missing, extra):
    for pattern, may_miss, may_add, _ in MEANT:
        if fits(pattern, op):
            missing = missing - set(may_miss.split())
            extra = set() if may_add == "*" else extra - set(may_add.split())
    return missing, extra


def audit_types():
    for op, types in rows_of().items():
        taken = theirs(op)
        if taken is None:
            continue  # TensorFlow's runtime does these without kernels, or rewrites them
        mine = our_types(op, types)
        for attr in taken:
            missing = taken[attr] - mine[attr]
            if attr in unconstrained(op):
                missing -= set(ODD.split())
            missing, extra = not_meant(op, missing, mine[attr] - taken[attr])
            check("%s takes TensorFlow's types of %s" % (op, attr), not missing and not extra,
                  "missing: %s; more: %s" % (" ".join(sorted(missing)) or "-", " ".join(sorted(extra)) or "-"))
