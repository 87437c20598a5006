"""Makes tests/data/exec/objects.json: tensor arrays, tensor lists and stacks, and what TensorFlow answers.

Run by hand with TensorFlow 2.15.1 present, from the repository's root:  python tests/exec/gen_objects.py
One graph a family, one run a line below; src/session/session_golden_test.c replays them. The numbers that
TensorFlow puts behind the names of tensor arrays are written as #.
"""
import base64
import json
import os
import re

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0", CUDA_VISIBLE_DEVICES="")
import numpy as np
import tensorflow as tf
from tensorflow.python.client import pywrap_tf_session as ts
from tensorflow.python.ops import gen_data_flow_ops as g

v1 = tf.compat.v1
raw = tf.raw_ops
CASES = []
NONE = np.zeros([0], np.int32)


def tensor(a):
    a = np.asarray(a)
    values = [v.decode("latin1") if isinstance(v, bytes) else v for v in a.ravel().tolist()]
    kind = "string" if a.dtype == object or a.dtype.kind in "SU" else str(a.dtype).replace("float32", "float").replace("float64", "double")
    return {"dtype": kind, "shape": list(a.shape), "values": values}


def hide(value, dtype=None):
    """A value whose shape nobody knows before it is there."""
    return v1.placeholder_with_default(tf.constant(value, dtype), None)


def run_one(session, fetches):
    run = {"feeds": {}, "fetches": [t.name for t in fetches], "targets": []}
    try:
        got = ts.TF_SessionRun_wrapper(session._session, None, {}, [t._as_tf_output() for t in fetches], [], None)
        run["outputs"] = [tensor(v) for v in got]
    except tf.errors.OpError as e:
        run["code"], run["error"] = e.error_code, re.sub(r"(TensorArray \S*_|x_)\d+", r"\1#", str(e))
    return run


def family(name):
    """Decorates a function that builds a graph and returns {what: fetches}."""

    def make(build):
        graph = tf.Graph()
        with graph.as_default():
            cases = build()
        config = v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
        config.graph_options.rewrite_options.disable_meta_optimizer = True
        session = v1.Session(graph=graph, config=config)
        session._extend_graph()
        runs = []
        for what, fetches in cases.items():
            fetches = list(fetches) if isinstance(fetches, (list, tuple)) else [fetches]
            runs.append(run_one(session, fetches))
            print(f"{name}: {what}:", runs[-1].get("error") or [o["values"] for o in runs[-1]["outputs"]])
        CASES.append({"name": name, "graph": base64.b64encode(graph.as_graph_def().SerializeToString()).decode(),
                      "runs": runs})

    return make


# ---- tensor arrays ----

def array(size=2, dtype=tf.float32, **k):
    k.setdefault("tensor_array_name", "x")
    return g.tensor_array_v3(size, dtype=dtype, **k)


def written(values, **k):
    h, f = array(**k)
    for i, v in values:
        f = g.tensor_array_write_v3(h, i, hide(v), f)
    return h, f


def read(i, values=(), times=1, want=None, **k):
    h, f = written(values, **k)
    reads = []
    for _ in range(times):
        with tf.control_dependencies(reads[-1:]):
            reads.append(g.tensor_array_read_v3(h, i, f, dtype=want or k.get("dtype", tf.float32)))
    return reads


def gather(indices, values=(), shape=None, want=None, **k):
    h, f = written(values, **k)
    return g.tensor_array_gather_v3(h, indices, f, dtype=want or k.get("dtype", tf.float32), element_shape=shape)


def concat(values, shape=None, want=None, **k):
    h, f = written(values, **k)
    return g.tensor_array_concat_v3(h, f, dtype=want or k.get("dtype", tf.float32), element_shape_except0=shape)


def scatter(indices, value, at=None, **k):
    h, f = array(**k)
    f = g.tensor_array_scatter_v3(h, indices, value, f)
    if at is None:
        return g.tensor_array_size_v3(h, f)
    return g.tensor_array_read_v3(h, at, f, dtype=k.get("dtype", tf.float32))


def split(value, lengths, at=None, **k):
    h, f = array(**k)
    f = g.tensor_array_split_v3(h, hide(value), hide(np.array(lengths, np.int64)), f)
    if at is None:
        return g.tensor_array_size_v3(h, f)
    return g.tensor_array_read_v3(h, at, f, dtype=k.get("dtype", tf.float32))


def closed(op):
    h, f = array(element_shape=[])
    with tf.control_dependencies([g.tensor_array_close_v3(h)]):
        return op(h, f)


def gradient(op, values=((0, [1., 2.]),), prepend=None, source="grad", **k):
    h, f = written(values, **k)
    if prepend is None:
        return op(h, *g.tensor_array_grad_v3(h, f, source=source))
    return op(h, *g.tensor_array_grad_with_shape(h, f, prepend, source=source))


def read_f(h, i, f):
    return g.tensor_array_read_v3(h, i, f, dtype=tf.float32)


def accumulate(dtype, first, second):
    h, f = array(dtype=dtype)
    gh, gf = g.tensor_array_grad_v3(h, f, source="grad")
    for v in (first, second):
        gf = g.tensor_array_write_v3(gh, 0, tf.constant(v, dtype), gf)
    r = g.tensor_array_read_v3(gh, 0, gf, dtype=dtype)
    return tf.cast(r, tf.double) if dtype in (tf.half, tf.bfloat16, tf.int8, tf.uint8, tf.int16, tf.uint16) else r


def same_gradient(h, gh, gf):
    gf = g.tensor_array_write_v3(gh, 0, [1., 1.], gf)
    gf = g.tensor_array_write_v3(gh, 0, [10., 20.], gf)
    h2, f2 = g.tensor_array_grad_v3(h, gf, source="grad")
    h3, f3 = g.tensor_array_grad_v3(h, gf, source="other")
    return read_f(h2, 0, f2), read_f(h3, 0, f3)


def gradient_of_gradient(h, gh, gf):
    for _ in range(2):
        gf = g.tensor_array_write_v3(gh, 0, [1., 1.], gf)
    return g.tensor_array_grad_v3(gh, gf, source="b")[1]


def split_gradient():
    h, f = array()
    f = g.tensor_array_split_v3(h, [1., 2., 3.], np.int64([1, 2]), f)
    gh, gf = g.tensor_array_grad_v3(h, f, source="q")
    gf = g.tensor_array_split_v3(gh, [1., 2., 3.], np.int64([1, 2]), gf)
    gf = g.tensor_array_write_v3(gh, 1, [10., 20.], gf)
    return g.tensor_array_concat_v3(gh, gf, dtype=tf.float32)


def write_after_read():
    h, f = written([(0, 1.)])
    with tf.control_dependencies([read_f(h, 0, f)]):
        return g.tensor_array_write_v3(h, 0, 1., f)


@family("TensorArray")
def _():
    w = lambda values, **k: written(values, **k)[1]
    c = {}
    c["beyond the end"] = w([(3, 1.)])
    c["negative"] = w([(-1, 1.)])
    c["negative, dynamic"] = w([(-1, 1.)], dynamic_size=True)
    c["twice"] = w([(0, 1.), (0, 1.)])
    c["other shape"] = w([(0, [1., 2.])], element_shape=[3])
    c["other shape, in part"] = w([(0, [1., 2.])], element_shape=[None, 3])
    c["other dtype"] = w([(0, np.int32(3))])
    c["size -1"] = array(hide(-1))[1]
    c["size a vector"] = array(hide([1]))[1]
    c["index a vector"] = g.tensor_array_write_v3(array()[0], hide([1]), 1., 0.)
    c["identical shapes"] = w([(0, [1., 2.]), (1, [1.])], identical_element_shapes=True)
    c["flow goes through"] = g.tensor_array_write_v3(array()[0], 0, 1., 5.)
    c["grows"] = g.tensor_array_size_v3(*written([(0, 1.), (5, 1.), (3, 1.)], size=0, dynamic_size=True))
    c["flow of a new one"] = array()[1]
    c["unnamed"] = w([(3, 1.)], tensor_array_name="")

    c["read beyond the end"] = read(5)
    c["read negative"] = read(-1)
    c["read a vector"] = read(hide([1]))
    c["read unwritten"] = read(0)
    c["read unwritten of known shape"] = read(0, element_shape=[2])
    c["read unwritten of shape known in part"] = read(0, element_shape=[None, 3])
    c["read unwritten string"] = read(0, dtype=tf.string, element_shape=[2])
    c["read unwritten bool"] = read(0, dtype=tf.bool, element_shape=[2])
    c["read twice"] = read(0, [(0, 1.)], times=2)
    c["read twice, kept"] = read(0, [(0, [1., 2.])], times=2, clear_after_read=False)
    c["read as another dtype"] = read(0, [(0, 1.)], want=tf.int32)
    c["read a string"] = read(1, [(1, ["ab", ""])], dtype=tf.string)
    c["write after read"] = write_after_read()

    c["gather"] = gather([1, 0], [(0, [1.]), (1, [2.])])
    c["gather scalars"] = gather([1], [(0, 1.), (1, 2.)])
    c["gather nothing"] = gather(NONE)
    c["gather nothing of a shape"] = gather(NONE, shape=[3])
    c["gather nothing of the array's shape"] = gather(NONE, element_shape=[4])
    c["gather unlike shapes"] = gather([0, 1], [(0, [1.]), (1, [2., 3.])])
    c["gather other shape"] = gather([0], [(0, [1.])], shape=[2])
    c["gather shape against the array's"] = gather([0], [(0, [1.])], shape=[2], element_shape=[1])
    c["gather rank against the array's"] = gather([0], [(0, [1.])], shape=[2, 3], element_shape=[1])
    c["gather beyond the end"] = gather([5], [(0, [1.])])
    c["gather by a matrix"] = gather(hide([[0]]), [(0, [1.])])
    c["gather one twice"] = gather([0, 0], [(0, [1.])])
    c["gather one twice, kept"] = gather([0, 0], [(0, [1.])], clear_after_read=False)
    c["gather as another dtype"] = gather([0], [(0, [1.])], want=tf.int32)
    c["gather strings"] = gather([1, 0], [(0, ["ab"]), (1, ["a long string, not in place"])], dtype=tf.string)
    c["gather unwritten"] = gather([0, 1], [(0, [1.])])
    c["gather unwritten of known shape"] = gather([0, 1], [(0, [1.])], element_shape=[1])

    c["scatter"] = scatter([1, 0], [[1., 2.], [3., 4.]], 0)
    c["scatter, too few indices"] = scatter(hide([1]), [[1., 2.], [3., 4.]])
    c["scatter a scalar"] = scatter([1], hide(1.))
    c["scatter by a matrix"] = scatter(hide([[0]]), [1.])
    c["scatter beyond the end"] = scatter([5], [1.])
    c["scatter negative"] = scatter([-5], [1.])
    c["scatter grows"] = scatter([5], [1.], dynamic_size=True)
    c["scatter another dtype"] = scatter([0], [1])
    c["scatter one twice"] = scatter([0, 0], [1., 2.])
    c["scatter other shape"] = scatter([0], hide([[1., 2.]]), element_shape=[3])
    c["scatter nothing"] = scatter(NONE, np.zeros([0, 2], np.float32))
    c["scatter empty rows"] = scatter([0, 1], np.zeros([2, 0], np.float32), 1)
    c["scatter strings"] = scatter([0, 1], ["a", "a long string, not in place"], 1, dtype=tf.string)

    c["concat"] = concat([(0, [1.]), (1, [2., 3.])])
    c["concat matrices"] = concat([(0, [[1., 2.]]), (1, np.zeros([0, 2], np.float32))])
    c["concat scalars"] = concat([(0, 1.), (1, 2.)])
    c["concat unlike shapes"] = concat([(0, [[1.]]), (1, [[2., 3.]])])
    c["concat unlike ranks"] = concat([(0, [[1.]]), (1, [2.])])
    c["concat other shape"] = concat([(0, [[1.]]), (1, [[2.]])], shape=[2])
    c["concat nothing"] = concat([], size=0)
    c["concat nothing of a shape"] = concat([], shape=[3], size=0)
    c["concat nothing of the array's shape"] = concat([], size=0, element_shape=[2, 3])
    c["concat unwritten"] = concat([(0, [1.])])
    c["concat as another dtype"] = concat([(0, [1.])], want=tf.int32)
    c["concat strings"] = concat([(0, ["a"]), (1, ["b", "a long string, not in place"])], dtype=tf.string)

    c["split"] = split([1., 2., 3.], [1, 2], 1)
    c["split matrix"] = split([[1., 2.], [3., 4.]], [2, 0], 1)
    c["split strings"] = split(["a", "b", "c"], [1, 2], 1, dtype=tf.string)
    c["split, lengths that lack one"] = split([1., 2., 3.], [1, 1])
    c["split into too many"] = split([1., 2., 3.], [1, 1, 1])
    c["split grows"] = split([1., 2., 3.], [1, 1, 1], dynamic_size=True)
    c["split into few, dynamic"] = split([1., 2., 3.], [3], dynamic_size=True)
    c["split a scalar"] = split(1., [1, 1])
    c["split by a matrix"] = split([1.], [[1]])
    c["split another dtype"] = split([1, 2], [1, 1])
    c["split other shape"] = split([1., 2., 3.], [1, 2], 1, element_shape=[1])
    c["split nothing"] = split(np.zeros([0], np.float32), NONE, size=0)

    c["closed: write"] = closed(lambda h, f: g.tensor_array_write_v3(h, 0, 1., f))
    c["closed: read"] = closed(lambda h, f: read_f(h, 0, f))
    c["closed: size"] = closed(g.tensor_array_size_v3)
    c["closed: gather"] = closed(lambda h, f: g.tensor_array_gather_v3(h, [0], f, dtype=tf.float32))
    c["closed: concat"] = closed(lambda h, f: g.tensor_array_concat_v3(h, f, dtype=tf.float32))
    c["closed: scatter"] = closed(lambda h, f: g.tensor_array_scatter_v3(h, [0], [1.], f))
    c["closed: split"] = closed(lambda h, f: g.tensor_array_split_v3(h, [1.], np.int64([1, 0]), f))
    c["closed: gradient"] = closed(lambda h, f: g.tensor_array_grad_v3(h, f, source="a")[1])
    c["size"] = g.tensor_array_size_v3(*array(7))

    c["gradient of unwritten"] = gradient(lambda h, gh, gf: read_f(gh, 0, gf))
    c["gradient of unwritten scalar"] = gradient(lambda h, gh, gf: read_f(gh, 0, gf), [(0, 3.)])
    c["gradient beyond the end"] = gradient(lambda h, gh, gf: read_f(gh, 4, gf))
    c["gradient beyond the end of known shape"] = gradient(lambda h, gh, gf: read_f(gh, 4, gf), element_shape=[2])
    c["gradients add up"] = gradient(same_gradient)
    c["gradient of other shape"] = gradient(lambda h, gh, gf: g.tensor_array_write_v3(gh, 0, hide([1.]), gf))
    c["gradient of gradient"] = gradient(gradient_of_gradient)
    c["gradient: size"] = gradient(lambda h, gh, gf: g.tensor_array_size_v3(gh, gf))
    c["gradient: gather"] = gradient(lambda h, gh, gf: g.tensor_array_gather_v3(gh, [0], gf, dtype=tf.float32))
    c["gradient does not grow"] = gradient(lambda h, gh, gf: g.tensor_array_write_v3(gh, 4, [1., 2.], gf), dynamic_size=True)
    c["no growing after a gradient"] = gradient(lambda h, gh, gf: g.tensor_array_write_v3(h, 4, [1., 2.], gf), dynamic_size=True)
    c["gradient of a longer shape"] = gradient(lambda h, gh, gf: read_f(gh, 0, gf), prepend=[3])
    c["gradient of a longer shape, unwritten"] = gradient(lambda h, gh, gf: read_f(gh, 1, gf), prepend=[3], element_shape=[2])
    c["gradient of a split one: concat"] = split_gradient()
    for dtype in (tf.float32, tf.float64, tf.int32, tf.int64, tf.half, tf.bfloat16, tf.uint8, tf.int8, tf.int16, tf.uint16):
        c["add " + dtype.name] = accumulate(dtype, [1, 100], [2, 100])
    c["add complex"] = tf.math.imag(accumulate(tf.complex64, [1 + 2j], [3 + 4j]))
    c["add bool"] = accumulate(tf.bool, [True], [True])
    c["add string"] = accumulate(tf.string, ["a"], ["b"])
    return c


#MORE

with open("tests/data/exec/objects.json", "w") as f:
    json.dump(CASES, f, separators=(",", ":"))
    f.write("\n")
