"""Makes tests/data/exec/rows.json: ops on variables, tables, queues, readers, accumulators and maps, most of them behind
the refs of old graphs, and small ops that only a session runs; with what TensorFlow answers.

Run by hand with TensorFlow 2.15.1 present, from the repository's root:  python tests/exec/gen_rows.py
One graph a family, one run a line below, in order; src/session/session_golden_test.c replays them.
"""
from golden import family, hide, save, v1  # first: it sets TensorFlow's environment

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import function, op_def_library, op_def_registry

raw = tf.raw_ops
v1.disable_eager_execution()
v1.enable_control_flow_v2()


def default(value):
    field = value.WhichOneof("value")
    return [] if field == "list" else tf.as_dtype(value.type) if field == "type" else getattr(value, field)


def op(name, **k):
    """An op by its name, unsaid attributes as they are by default; its output, its outputs, or the operation."""
    for a in op_def_registry.get(name).attr:
        if a.name not in k and a.HasField("default_value"): k[a.name] = default(a.default_value)
    node = op_def_library._apply_op_helper(name, name=name.strip("_"), **k)[2]
    return node.outputs[0] if len(node.outputs) == 1 else list(node.outputs) or node


def unknown(handle):
    """A handle of which nothing is known before it is there."""
    return v1.placeholder_with_default(handle, None)


def after(before, make):
    with tf.control_dependencies([before] if not isinstance(before, list) else before):
        return make()


# ---- files that graphs read ----

TEXT, RECORDS, WORDS = "tests/data/exec/lines.txt", "tests/data/exec/lines.tfrecord", "tests/data/exec/words.tsv"
with tf.io.TFRecordWriter(RECORDS) as records:
    for record in (b"one", b"", b"a third record, longer than the others"): records.write(record)


# ---- the core ----

@family("core")
def _():
    c = {}
    f = hide([[1., -2.], [3., 4.]])
    c["passed on"] = [op(n, input=f) for n in ("Snapshot", "StopGradient", "PreventGradient", "Copy", "CopyHost")] + [op("DebugIdentity", input=f, tensor_name="f:0")]
    c["strings passed on"] = [op(n, input=hide(["a", "a long string, not in place"])) for n in ("StopGradient", "Copy", "CopyHost")]
    c["many"] = op("IdentityN", input=[f, hide(["x"]), hide(np.int64(5)), hide([True, False])])
    host = np.array([[1, 2], [3, 4]], np.int32)
    c["host constant"] = op("HostConst", value=tf.make_tensor_proto(host), dtype=tf.int32)
    c["constant and what is made of it"] = op("Snapshot", input=tf.constant([1., 2.])) + op("StopGradient", input=tf.constant(2.))
    c["shard names"] = [op("ShardedFilespec", basename="a/b", num_shards=3), op("ShardedFilespec", basename=hide(""), num_shards=hide(123456))]
    return c


@family("placeholders", producer=22)
def _():
    p, q = op("PlaceholderV2", dtype=tf.float32, shape=[2]), op("PlaceholderV2", dtype=tf.string, shape=tf.TensorShape(None))
    return {"fed": [p * 2., {p: np.float32([1, 2])}], "strings": [tf.identity(q), {q: np.array([b"a", b"bc"], object)}],
            "not fed": p * 2., "another shape": [p * 2., {p: np.float32([1, 2, 3])}], "another type": [p * 2., {p: np.int32([1, 2])}]}


@family("missing operands")
def _():
    @function.Defun(tf.float32)
    def keep(x): return x, tf.constant(7.)

    fake = op("FakeParam", dtype=tf.float32, shape=[2])
    out = op("If", cond=hide(True), input=[fake], Tout=[tf.float32] * 2, then_branch=keep, else_branch=keep)
    return {"one of two": out[1]}


# ---- branches ----

@family("If, Case")
def _():
    v = raw.VarHandleOp(dtype=tf.float32, shape=[], shared_name="branch")
    add = lambda by: raw.AssignAddVariableOp(resource=v, value=by)
    which, at = v1.placeholder(tf.bool, []), v1.placeholder(tf.int32, [])
    value = lambda: raw.ReadVariableOp(resource=v, dtype=tf.float32)
    either = tf.cond(which, lambda: after(add(1.), value), lambda: after(add(10.), value))
    one = tf.switch_case(at, [lambda by=by: after(add(by), lambda: (value() * 2., tf.constant(int(by)))) for by in (100., 200., 300.)])
    kinds = {n.type for n in tf.compat.v1.get_default_graph().get_operations()}
    assert {"If", "Case"} <= kinds, kinds
    c = {"set": raw.AssignVariableOp(resource=v, value=0.)}
    for value_of in (True, False): c["if %s" % value_of] = [either, {which: value_of}]
    for i in (0, 1, 2, 3, -1): c["case %d" % i] = [*one, {at: np.int32(i)}]
    @function.Defun(tf.float32)
    def double(x): return x * 2.

    @function.Defun(tf.float32)
    def half(x): return x / 2.
    for name, cond in (("float", 0.5), ("zero", 0.), ("text", ""), ("text that is long", "no"), ("vector", [1]), ("no elements", np.zeros([0], np.int32))):
        c["if on " + name] = op("If", cond=hide(cond), input=[tf.constant(3.)], Tout=[tf.float32], then_branch=double, else_branch=half)
    return c


# ---- variables ----

@family("variables behind refs")
def _():
    n = op("VariableV2", dtype=tf.int32, shape=[], shared_name="n")
    w = op("VariableV2", dtype=tf.int64, shape=[2], shared_name="w")
    up = op("CountUpTo", ref=n, limit=2)
    passed = op("RefIdentity", input=n)
    c = {"not there": [op("IsVariableInitialized", ref=n), op("IsVariableInitialized", ref=w)], "count, not there": up,
         "set": op("Assign", ref=n, value=0), "there": [op("IsVariableInitialized", ref=n), op("IsVariableInitialized", ref=w)]}
    for i in range(3): c["count %d" % i] = up
    c["counted"] = tf.identity(n)
    c["assigned through a ref passed on"] = op("AssignAdd", ref=passed, value=40)
    c["seen behind it"] = [tf.identity(n), tf.identity(passed)]
    return c


@family("temporary variables")
def _():
    t = op("TemporaryVariable", shape=[2], dtype=tf.float32, var_name="t")
    a = op("Assign", ref=t, value=[1., 2.])
    b = op("AssignAdd", ref=a, value=[10., 20.])
    unknown = op("TemporaryVariable", shape=[None], dtype=tf.int32)
    c = {"summed": op("DestroyTemporaryVariable", ref=b, var_name="t")}
    c["again"] = c["summed"]
    c["unknown shape"] = op("Assign", ref=unknown, value=[3])
    return c


@family("variables behind handles")
def _():
    n = raw.VarHandleOp(dtype=tf.int64, shape=[], shared_name="n")
    m = raw.VarHandleOp(dtype=tf.float32, shape=tf.TensorShape(None), shared_name="m")
    s = raw.VarHandleOp(dtype=tf.string, shape=[3], shared_name="s")
    gather = lambda i, batch=0, h=m, t=tf.float32: raw.ResourceGather(resource=h, indices=hide(i), dtype=t, batch_dims=batch)
    gather_nd = lambda i, h=m, t=tf.float32: raw.ResourceGatherNd(resource=h, indices=hide(i), dtype=t)
    both = op("_ReadVariablesOp", resources=[n, m], dtypes=[tf.int64, tf.float32])
    up = raw.ResourceCountUpTo(resource=n, limit=2, T=tf.int64)
    shape = [raw.VariableShape(input=m), raw.VariableShape(input=m, out_type=tf.int64)]
    c = {"read, neither there": both, "another set": raw.AssignVariableOp(resource=raw.VarHandleOp(dtype=tf.int32, shape=[], shared_name="o"), value=1)}
    missing = {"shape": shape[0], "count": up, "gather": gather([0]), "gather elements": gather_nd([[0]]), "read": raw.ReadVariableOp(resource=m, dtype=tf.float32),
               "add": raw.AssignAddVariableOp(resource=m, value=[1.]), "subtract": raw.AssignSubVariableOp(resource=m, value=[1.]),
               "scatter": raw.ResourceScatterAdd(resource=m, indices=[0], updates=[1.]), "scatter elements": raw.ResourceScatterNdAdd(ref=m, indices=[[0]], updates=[1.]),
               "put": raw.ResourceStridedSliceAssign(ref=m, begin=[0], end=[1], strides=[1], value=[1.]),
               "skip": raw.RngReadAndSkip(resource=n, alg=1, delta=np.uint64(1)),
               "random": raw.StatefulStandardNormalV2(resource=n, algorithm=np.int64(1), shape=[2]), "train": raw.ResourceApplyGradientDescent(var=m, alpha=1., delta=[1.])}
    for what in missing: c[what + ", not there"] = missing[what]
    c["set"] = [raw.AssignVariableOp(resource=n, value=np.int64(0)),
                raw.AssignVariableOp(resource=m, value=np.arange(24, dtype=np.float32).reshape(2, 3, 4)),
                raw.AssignVariableOp(resource=s, value=["a", "b", "a long string, not in place"])]
    c["shape"] = shape
    c["shape of a scalar"] = raw.VariableShape(input=n)
    for i in range(3): c["count %d" % i] = up
    c["read both"] = both
    c["read another type"] = op("_ReadVariablesOp", resources=[unknown(n)], dtypes=[tf.float32])
    c["gather"] = [gather([1, 0, 1]), gather(np.int64(1)), gather(np.int64([[0, 1], [1, 0]])), gather(np.zeros([0], np.int32))]
    c["gather by batch"] = gather([[2, 0], [1, 1]], 1)
    c["gather strings"] = [gather([2, 0], 0, s, tf.string), gather_nd([[1], [2]], s, tf.string)]
    c["gather beyond"], c["gather negative"] = gather([0, 2]), gather([-1])
    c["gather elements"] = [gather_nd([[1, 2, 3], [0, 0, 1]]), gather_nd([[1], [0]]), gather_nd([1, 2]), gather_nd(np.zeros([0, 2], np.int64)), gather_nd(np.zeros([2, 0], np.int32))]
    c["gather elements beyond"], c["gather elements too deep"] = gather_nd([[0, 3]]), gather_nd([[0, 0, 0, 0]])
    read = raw.ReadVariableOp(resource=m, dtype=tf.float32)
    put = lambda b, e, st, v, **k: raw.ResourceStridedSliceAssign(ref=m, begin=hide(b), end=hide(e), strides=hide(st), value=hide(v), **k)
    c["put a slice"], c["slice put"] = put([0, 1], [1, 3], [1, 1], [[[90., 91., 92., 93.], [94., 95., 96., 97.]]]), read
    c["put by strides"] = put([1, 2, 0], [2, -4, 4], [1, -2, 3], [[[-1., -2.], [-3., -4.]]])
    c["by strides put"] = read
    c["put an element"] = put([0, 0, 0], [1, 1, 1], [1, 1, 1], -7., shrink_axis_mask=7)
    c["put at the end"] = put([0, 0], [0, 1], [1, 1], [[5.], [6.]], ellipsis_mask=1, begin_mask=0, end_mask=0)
    c["elements put"] = read
    c["put another shape"] = put([0], [1], [1], [[[1., 2.]]])
    c["put a scalar"] = put([0], [1], [1], 1.)
    c["put by stride 0"] = put([0], [1], [0], [[[1.]]])
    c["put a matrix of begins"] = put([[0]], [1], [1], 1.)
    c["read as another type"] = raw.ReadVariableOp(resource=unknown(n), dtype=tf.float32)
    c["add another type"] = raw.AssignAddVariableOp(resource=unknown(n), value=1.)
    c["no more copies"] = [raw.DisableCopyOnRead(resource=m), {}]
    c["read then"] = read
    return c


# ---- tables ----

def table(kind, name, **k):
    if "Dense" not in kind: k["key_dtype"] = tf.string
    k.setdefault("value_dtype", tf.int64)
    if not kind.startswith("Anonymous"): k["shared_name"] = name
    return op(kind, **k)


@family("tables behind refs")
def _():
    c = {}
    t = table("HashTable", "h")
    find = lambda t, keys, miss: op("LookupTableFind", table_handle=t, keys=hide(keys), default_value=hide(miss))
    c["find, not there"] = find(t, ["a"], np.int64(-1))
    c["make"] = op("InitializeTable", table_handle=t, keys=["a", "b"], values=np.int64([1, 2]))
    c["find"] = [find(t, ["b", "x", "a"], np.int64(-1)), op("LookupTableSize", table_handle=t)]
    c["find as another type"] = find(t, np.int64([1]), np.int64(-1))
    c["make again, other values"] = op("InitializeTable", table_handle=t, keys=["a", "b"], values=np.int64([1, 3]))
    c["insert"] = op("LookupTableInsert", table_handle=t, keys=["c"], values=np.int64([1]))
    f = table("HashTable", "f")
    load = dict(filename=WORDS, vocab_size=-1, delimiter="\t")
    c["from a file"] = op("InitializeTableFromTextFile", table_handle=f, key_index=-2, value_index=-1, **load)
    c["its size"] = op("LookupTableSize", table_handle=f)
    c["two of it"] = find(f, ["the", "no such word"], np.int64(-1))
    lacks = table("HashTable", "lacks")
    c["from no file"] = op("InitializeTableFromTextFile", table_handle=lacks, filename="tests/data/ops/no_such_file", key_index=-2, value_index=-1)
    return c


@family("mutable tables")
def _():
    c = {}
    kinds = [("MutableHashTable", {}, ""), ("MutableHashTableOfTensors", dict(value_shape=[2]), ""), ("MutableHashTableV2", {}, "V2"),
             ("MutableHashTableOfTensorsV2", dict(value_shape=[2]), "V2"),
             ("MutableDenseHashTable", dict(empty_key=np.int64(-1), value_shape=[]), "")]
    for kind, attr, version in kinds:
        t = table(kind, kind, **attr)
        dense, wide = "Dense" in kind, "value_shape" in attr and attr["value_shape"]
        key = (lambda *n: np.int64(n)) if dense else (lambda *n: ["k%d" % i for i in n])
        value = lambda *n: np.int64([[i, -i] for i in n] if wide else n)
        name = lambda what: what + version
        c[kind + ": insert"] = op(name("LookupTableInsert"), table_handle=t, keys=key(3, 1, 3), values=value(30, 10, 31))
        size = op(name("LookupTableSize"), table_handle=t)
        find = op(name("LookupTableFind"), table_handle=t, keys=hide(key(1, 2, 3)), default_value=hide(np.int64([7, 8] if wide else 7)))
        c[kind + ": find"] = [size, find]
        c[kind + ": bad values"] = op(name("LookupTableInsert"), table_handle=t, keys=key(3, 1), values=value(30))
        c[kind + ": import one"] = op(name("LookupTableImport"), table_handle=t, keys=key(2), values=value(20))
        keys, values = op(name("LookupTableExport"), table_handle=t, Tkeys=tf.int64 if dense else tf.string, Tvalues=tf.int64)
        if not dense: c[kind + ": export"] = [keys, values, size, find]
        else: c[kind + ": sums of what is exported"] = [tf.reduce_sum(keys), tf.reduce_sum(values), size, find]
    return c


@family("anonymous tables")
def _():
    c = {}
    kinds = [("AnonymousHashTable", {}), ("AnonymousMutableHashTable", {}), ("AnonymousMutableHashTableOfTensors", dict(value_shape=[2])),
             ("AnonymousMutableDenseHashTable", dict(empty_key=b"", deleted_key=b"-", value_shape=[2]))]
    for kind, attr in kinds:
        t, wide = table(kind, kind, **attr), "value_shape" in attr
        put = "InitializeTableV2" if kind == "AnonymousHashTable" else "LookupTableInsertV2"
        done = op(put, table_handle=t, keys=["a", "b"], values=np.int64([[1, -1], [2, -2]] if wide else [1, 2]))
        miss = np.int64([7, 8] if wide else 7)
        find = after(done, lambda: op("LookupTableFindV2", table_handle=t, keys=hide(["b", "x"]), default_value=hide(miss)))
        size = after(done, lambda: op("LookupTableSizeV2", table_handle=t))
        c[kind] = [find, size]
        c[kind + ", another one"] = [find, size]
        empty = op("LookupTableSizeV2", table_handle=table(kind, kind, **attr))
        c[kind + ", empty"] = empty
    return c


# ---- queues, readers ----


@family("queues behind refs")
def _():
    q = op("FIFOQueue", component_types=[tf.int32, tf.string], shapes=[[], []], capacity=9, shared_name="q")
    take = lambda name, **k: op(name, handle=q, component_types=[tf.int32, tf.string], **k)
    size, closed = op("QueueSize", handle=q), op("QueueIsClosed", handle=q)
    v2 = op("FIFOQueueV2", component_types=[tf.int32], shapes=[[]], shared_name="q2")
    return {"empty": [size, closed, op("QueueIsClosedV2", handle=v2)], "put": op("QueueEnqueue", handle=q, components=[hide(1), hide("a")]),
            "put many": op("QueueEnqueueMany", handle=q, components=[hide([2, 3, 4, 5]), hide(["b", "c", "d", "e"])]), "five": size,
            "put another type": op("QueueEnqueue", handle=q, components=[hide(1.), hide("a")]),
            "put another shape": op("QueueEnqueue", handle=q, components=[hide([1]), hide("a")]),
            "put unlike many": op("QueueEnqueueMany", handle=q, components=[hide([2, 3]), hide(["b"])]),
            "take": take("QueueDequeue"), "take two": take("QueueDequeueMany", n=2), "take up to one": take("QueueDequeueUpTo", n=1),
            "take -1": take("QueueDequeueMany", n=hide(-1)), "close": op("QueueClose", handle=q), "closed": [size, closed],
            "put when closed": op("QueueEnqueue", handle=q, components=[hide(1), hide("a")]),
            "take more than are there": take("QueueDequeueMany", n=3), "up to more than are there": take("QueueDequeueUpTo", n=3),
            "take when closed": take("QueueDequeue"), "close again": op("QueueClose", handle=q),
            "close the other": op("QueueCloseV2", handle=v2), "closed, the other": op("QueueIsClosedV2", handle=v2)}


@family("other queues behind refs")
def _():
    c = {}
    kinds = [("PaddingFIFOQueue", dict(component_types=[tf.int32], shapes=[[None]]), [[[1]], [[2, 3, 4]], [[5, 6]]]),
             ("PriorityQueue", dict(component_types=[tf.string], shapes=[[]]), [[np.int64(7), "seven"], [np.int64(3), "three"], [np.int64(5), "five"]]),
             ("RandomShuffleQueue", dict(component_types=[tf.int32], shapes=[[]], seed=3, seed2=4), [[i] for i in range(10)])]
    for kind, attr, tuples in kinds:
        q = op(kind, shared_name=kind, **attr)
        types = ([tf.int64] if kind == "PriorityQueue" else []) + attr["component_types"]
        for i, t in enumerate(tuples): c["%s: put %d" % (kind, i)] = op("QueueEnqueue", handle=q, components=[hide(v) for v in t])
        c[kind + ": take"] = op("QueueDequeue", handle=q, component_types=types)
        c[kind + ": take two"] = op("QueueDequeueMany", handle=q, n=2, component_types=types)
        c[kind + ": size"] = op("QueueSize", handle=q)
        c[kind + ": close"] = op("QueueClose", handle=q)
        c[kind + ": the rest"] = op("QueueDequeueUpTo", handle=q, n=9, component_types=types)
        c[kind + ": nothing"] = op("QueueDequeue", handle=q, component_types=types)
    return c


@family("readers behind refs", producer=25)
def _():
    c = {}
    kinds = [("TextLineReader", dict(skip_header_lines=1), TEXT), ("WholeFileReader", {}, TEXT), ("IdentityReader", {}, "any text"),
             ("TFRecordReader", {}, RECORDS), ("FixedLengthRecordReader", dict(record_bytes=5, header_bytes=2, footer_bytes=1), TEXT)]
    for kind, attr, work in kinds:
        q = op("FIFOQueue", component_types=[tf.string], shapes=[[]], shared_name="q" + kind)
        r = op(kind, shared_name=kind, **attr)
        read = op("ReaderRead", reader_handle=r, queue_handle=q)
        some = op("ReaderReadUpTo", reader_handle=r, queue_handle=q, num_records=hide(np.int64(2)))
        counts = [op("ReaderNumRecordsProduced", reader_handle=r), op("ReaderNumWorkUnitsCompleted", reader_handle=r)]
        c[kind + ": nothing read"] = counts
        if kind == "FixedLengthRecordReader": continue  # it never works
        c[kind + ": work"] = op("QueueEnqueueMany", handle=q, components=[[work] * 2])
        c[kind + ": close"] = op("QueueClose", handle=q)
        c[kind + ": read"], c[kind + ": read some"], c[kind + ": counts"] = read, some, counts
        c[kind + ": forget"] = op("ReaderReset", reader_handle=r)
        c[kind + ": counts then"] = counts
        c[kind + ": read on"] = some
        for i in range(2): c[kind + ": read on %d" % i] = read
    q = op("FIFOQueueV2", component_types=[tf.string], shapes=[[]], shared_name="q")
    r = op("IdentityReaderV2", shared_name="r")
    c["handle: work"] = op("QueueEnqueueV2", handle=q, components=["x"])
    c["handle: read"] = op("ReaderReadV2", reader_handle=r, queue_handle=q)
    c["handle: forget"] = op("ReaderResetV2", reader_handle=r)
    c["handle: counts"] = [op("ReaderNumRecordsProducedV2", reader_handle=r), op("ReaderNumWorkUnitsCompletedV2", reader_handle=r)]
    c["a file"] = op("ReadFile", filename=hide(TEXT))
    c["no file"] = op("ReadFile", filename=hide("tests/data/exec/no_such_file"))
    return c


# ---- checkpoints of old ----

def save_old():
    """Writes what Save and SaveSlices make, which src/ops/io_ops_test.c compares with ours."""
    w, p = np.arange(12, dtype=np.float32).reshape(3, 4), np.arange(8, dtype=np.int64).reshape(4, 2)
    with tf.Graph().as_default(), v1.Session() as session:
        session.run(op("Save", filename="tests/data/exec/save.ckpt", tensor_names=["w", "n"], data=[w, np.int32(5)]))
        session.run(op("SaveSlices", filename="tests/data/exec/save_slices.ckpt", tensor_names=["w", "p", "p"],
                       shapes_and_slices=["", "4 2 0,1:-", "4 2 1,3:-"], data=[w, p[:1], p[1:]]))


save_old()


@family("old checkpoints")
def _():
    at = lambda name: "tests/data/exec/%s.ckpt" % name
    v1_file, parts = "tests/data/checkpoints/v1_format/model.ckpt", "tests/data/checkpoints/v1_format_slices/model.ckpt"
    restore = lambda name, t, pattern=v1_file: op("Restore", file_pattern=pattern, tensor_name=name, dt=t)
    part = lambda name, t, spec, pattern=v1_file: op("RestoreSlice", file_pattern=pattern, tensor_name=name, shape_and_slice=hide(spec), dt=t)
    return {"whole": [restore("var_" + t.name, t) for t in (tf.float32, tf.float64, tf.int32, tf.bool)] + [restore("scalar", tf.float32)],
            "in part": [part("var_float32", tf.float32, "2 3 1,1:0,2"), part("var_float64", tf.float64, "2 3 -:2,1"), part("var_int32", tf.int32, "")],
            "saved in parts": [restore("parts", tf.float32, parts), part("parts", tf.float32, "10 3 2,7:1,2", parts)],
            "ours": [restore("w", tf.float32, at("save")), restore("n", tf.int32, at("save")), restore("w", tf.float32, at("save_slices")),
                     restore("p", tf.int64, at("save_slices"))], "no such name": restore("x", tf.float32), "another type": restore("var_int32", tf.float32),
            "another shape": part("var_int32", tf.int32, "2 4 -:-"), "beyond": part("var_int32", tf.int32, "2 3 1,2:-"),
            "no spec": part("var_int32", tf.int32, "three"), "no file": restore("x", tf.float32, "tests/data/exec/no_such_file")}

# ---- accumulators, maps, stacks, lists ----

@family("accumulators behind refs")
def _():
    a = op("ConditionalAccumulator", dtype=tf.float32, shape=[2], shared_name="a")
    give = lambda v, step: op("AccumulatorApplyGradient", handle=a, local_step=hide(np.int64(step)), gradient=hide(v))
    count = op("AccumulatorNumAccumulated", handle=a)
    return {"none": count, "one": give([1., 2.], 0), "two": give([3., 6.], 0), "counted": count, "another shape": give([1., 2., 3.], 0),
            "mean": op("AccumulatorTakeGradient", handle=a, num_required=2, dtype=tf.float32), "none then": count,
            "stale": give([1., 2.], 0), "still none": count, "step": op("AccumulatorSetGlobalStep", handle=a, new_global_step=np.int64(5)),
            "stale too": give([1., 2.], 4), "new": give([1., 2.], 5), "one then": count,
            "take 0": op("AccumulatorTakeGradient", handle=a, num_required=hide(0), dtype=tf.float32)}


@family("maps")
def _():
    c = {}
    for kind in ("Map", "OrderedMap"):
        k = dict(dtypes=[tf.float32, tf.string], shared_name=kind)
        at = lambda key, at=[0, 1]: dict(key=np.int64(key), indices=np.int32(at))
        stage = lambda key, indices, values: op(kind + "Stage", key=np.int64(key), indices=np.int32(indices), values=values, **k)
        counts = [op(kind + "Size", **k), op(kind + "IncompleteSize", **k)]
        c[kind + ": empty"] = counts
        c[kind + ": stage"] = stage(7, [0, 1], [hide(7.), hide("seven")])
        c[kind + ": stage another"] = stage(3, [0, 1], [hide([3.]), hide("three")])
        c[kind + ": stage in part"] = stage(5, [1], [hide("five")])
        c[kind + ": counts"] = counts
        c[kind + ": peek"] = op(kind + "Peek", **at(7), **k)
        c[kind + ": unstage"] = op(kind + "Unstage", **at(7), **k)
        c[kind + ": the next"] = op(kind + "UnstageNoKey", indices=np.int32([0, 1]), **k)
        c[kind + ": counts then"] = counts
        c[kind + ": the rest"] = stage(5, [0], [hide(5.)])
        c[kind + ": counts of all"] = counts
        c[kind + ": clear"] = op(kind + "Clear", **k)
        c[kind + ": counts at last"] = counts
    return c


@family("stacks, lists", producer=22)
def _():
    s = op("Stack", elem_type=tf.float32, stack_name="s")
    pushed = op("StackPush", handle=s, elem=hide([1., 2.]))
    close = after(pushed, lambda: op("StackClose", handle=s))
    l = raw.EmptyTensorList(element_shape=np.int32(-1), max_num_elements=-1, element_dtype=tf.float32)
    two = raw.TensorListPushBack(input_handle=raw.TensorListPushBack(input_handle=l, tensor=[[1., 2.]]), tensor=[[3., 4.], [5., 6.]])
    none = raw.EmptyTensorList(element_shape=np.int32([-1, 2]), max_num_elements=-1, element_dtype=tf.float32)
    concat = lambda l, shape=None: list(raw.TensorListConcat(input_handle=l, element_dtype=tf.float32, element_shape=shape))
    return {"closed": [pushed, close], "pop when closed": after(close, lambda: op("StackPop", handle=s, elem_type=tf.float32)),
            "concat": concat(two), "concat of a shape": concat(two, [None, 2]), "concat of another shape": concat(two, [None, 3]),
            "concat nothing": concat(none), "concat nothing, no shape": concat(l), "concat as another type":
            list(raw.TensorListConcat(input_handle=unknown(two), element_dtype=tf.int32))}


# ---- batches ----

@family("batch function")
def _():
    @function.Defun(tf.float32, tf.int32, tf.float32)
    def rows(x, y, by): return x * by, tf.reduce_sum(y) + y

    x, y = v1.placeholder(tf.float32), v1.placeholder(tf.int32)
    more = dict(num_batch_threads=1, max_batch_size=4, batch_timeout_micros=0, allowed_batch_sizes=[2, 4], Tout=[tf.float32, tf.int32], f=rows)
    out = op("BatchFunction", in_tensors=[x, y], captured_tensors=[hide(10.)], **more)
    more.update(max_batch_size=8, enable_large_batch_splitting=True)
    split = op("BatchFunction", in_tensors=[x, y], captured_tensors=[hide(10.)], **more)
    rows_of = lambda n: {x: np.arange(2 * n, dtype=np.float32).reshape(n, 2), y: np.arange(1, n + 1, dtype=np.int32)}
    part = op("Batch", in_tensors=[x, y], num_batch_threads=1, max_batch_size=4, batch_timeout_micros=0, grad_timeout_micros=0, allowed_batch_sizes=[2, 4])
    whole = op("Unbatch", batched_tensor=part[0] * 2., batch_index=part[2], id=part[3], timeout_micros=0)
    three = {x: np.float32([[1, 2], [3, 4], [5, 6]]), y: np.int32([1, 2, 4])}
    unlike = op("BatchFunction", in_tensors=[hide([[1., 2.]]), hide([1, 2])], captured_tensors=[hide(10.)], **more)
    scalar = op("BatchFunction", in_tensors=[tf.split(hide([[1.], [2.]]), 2)[1], hide(1)], captured_tensors=[hide(10.)], **more)
    return {"whole": [*out, {x: np.float32([[1, 2], [3, 4]]), y: np.int32([1, 2])}],
            "filled up": [*out, {x: np.float32([[1, 2], [3, 4], [5, 6]]), y: np.int32([1, 2, 4])}],
            "a batch filled up": [part[0], part[1], part[2][:, 1:], whole, three], "an empty one": [*out, {x: np.zeros((0, 2), np.float32), y: np.zeros(0, np.int32)}],
            **{"split %d" % n: [*split, rows_of(n)] for n in (1, 3, 4, 5, 7, 8, 9)},
            "five": [*out, {x: np.zeros((5, 1), np.float32), y: np.zeros(5, np.int32)}],
            "unlike rows": unlike, "a scalar": scalar}


save("tests/data/exec/rows.json")
