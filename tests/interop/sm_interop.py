#!/usr/bin/env python3
"""libsavedmodel against TensorFlow: the same graphs, and each reads what the other wrote.

    sm_interop.py BUILD_DIR...

Of each BUILD_DIR, tests/sm_program and examples/ are used; they may stand on any libtensorflow. Needs
TensorFlow 2.15.
"""
import os
import subprocess
import sys
import tempfile

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from tensorflow.core.framework import variable_pb2
from tensorflow.core.protobuf import meta_graph_pb2

v1 = tf.compat.v1
v1.disable_v2_behavior()
v1.logging.set_verbosity(v1.logging.ERROR)
BUILD = None  # the build that is looked at
failures = 0


def check(name, ok, detail=""):
    global failures
    failures += not ok
    print("%-4s %s%s" % ("ok" if ok else "FAIL", name, "" if ok else "\n     " + str(detail)))


def equal(name, got, want):
    ok = np.asarray(got).dtype == np.asarray(want).dtype and np.array_equal(got, want)
    check(name, ok, "got %r, want %r" % (got, want))


def program(*args, name="tests/sm_program", cwd=None):
    done = subprocess.run([os.path.join(BUILD, name), *args], cwd=cwd, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode:
        check(" ".join([name, *args]), False, done.stderr.splitlines()[-3:])
    return done.stdout


# ---- graphs: each is the function of that name in sm_program.c ----

def seed():
    a = v1.get_variable("v1", shape=[3], initializer=v1.zeros_initializer)
    b = v1.get_variable("v2", shape=[5], initializer=v1.zeros_initializer)
    a.assign(a + 1), b.assign(b - 1)
    v1.global_variables_initializer()
    v1.train.Saver({"v1": a})
    v1.train.Saver()


def initializers():
    get = v1.get_variable
    get("d", shape=[2, 3])
    get("i32", shape=[2], dtype=tf.int32)
    get("o", shape=[2], initializer=v1.ones_initializer)
    get("c", shape=[2], initializer=v1.constant_initializer(1.5))
    get("f64", shape=[2], dtype=tf.float64, initializer=v1.constant_initializer(0.1))
    get("f16", shape=[2], dtype=tf.float16, initializer=v1.constant_initializer(0.1))
    get("ru", shape=[2], initializer=v1.random_uniform_initializer(-2, 3))
    get("rui", shape=[2], dtype=tf.int32, initializer=v1.random_uniform_initializer(-2, 3, dtype=tf.int32))
    get("rn", shape=[2], initializer=v1.random_normal_initializer(1, 3))
    get("tn", shape=[2], initializer=v1.truncated_normal_initializer(1, 3, seed=5))
    get("gu", shape=[3, 3, 2, 4], initializer=v1.glorot_uniform_initializer())
    get("gn", shape=[2, 2], initializer=v1.glorot_normal_initializer())
    get("iv", initializer=tf.constant([1., 2.]))
    get("pv", initializer=[3., 2.], trainable=False)
    get("sc", initializer=3.)
    get("big", shape=[2000], initializer=v1.zeros_initializer)
    get("bigo", shape=[1000], initializer=v1.ones_initializer)
    get("bigc", shape=[2000], initializer=v1.constant_initializer(2))
    get("local", shape=[2], collections=["local_variables"])
    v1.global_variables_initializer()
    v1.global_variables_initializer()
    v1.local_variables_initializer()


def resources():
    r = v1.get_variable("r", shape=[2], initializer=v1.zeros_initializer, use_resource=True)
    v1.get_variable("rb", shape=[2, 2], use_resource=True)
    tf.Variable([1., 2.], name="tv", use_resource=True)
    r.assign(r + 1)
    r.assign_add(tf.constant([1., 1.]))
    r.assign_sub(tf.constant([1., 1.]))
    v1.is_variable_initialized(r)
    v1.global_variables_initializer()
    v1.train.Saver()


def scopes():
    zeros = v1.zeros_initializer
    with v1.variable_scope("a"):
        x = v1.get_variable("x", [1], initializer=zeros)
        x + 1
        with v1.variable_scope("b"):
            v1.get_variable("x", [1], initializer=zeros) + 2
    with v1.variable_scope("a", reuse=True):
        v1.get_variable("x", [1], initializer=zeros) + 1
    with tf.name_scope("a"):
        tf.identity(x)
    with tf.name_scope("n"):
        v1.get_variable("y", [1], initializer=zeros)
        v1.placeholder(tf.float32, name="P")
        v1.placeholder(tf.float32, [], name="p")
        v1.placeholder(tf.float32, [None, 3])
    with v1.variable_scope("a", reuse=v1.AUTO_REUSE):
        x.assign(x), x.assign_add(x)
        v1.get_variable("new", [1], initializer=zeros)
    first = tf.no_op("first")
    with tf.control_dependencies([first]):
        tf.no_op()
        v1.get_variable("free", [1], initializer=zeros)
    with tf.device("/device:CPU:1"):
        far = tf.no_op("far")
    tf.group(first, far, name="both")


def savers():
    a = v1.get_variable("v1", shape=[3], initializer=v1.zeros_initializer)
    r = v1.get_variable("r", shape=[2], initializer=v1.zeros_initializer, use_resource=True)
    v1.train.Saver(sharded=True)
    v1.train.Saver([a], write_version=v1.train.SaverDef.V1)
    v1.train.Saver([a], sharded=True, write_version=v1.train.SaverDef.V1)
    v1.train.Saver({"x": a, "b": r}, reshape=True)
    v1.train.Saver({"x": a, "b": r}, name="mine", max_to_keep=3)


def devices():
    with tf.device("/device:CPU:0"):
        v1.get_variable("a", shape=[3], initializer=v1.zeros_initializer)
    with tf.device("/device:CPU:1"):
        v1.get_variable("b", shape=[3], initializer=v1.zeros_initializer)
    v1.get_variable("c", shape=[3], initializer=v1.zeros_initializer)
    v1.train.Saver(sharded=True)


def partitioned():
    v1.get_variable("part", shape=[5, 2], initializer=v1.zeros_initializer,
                    partitioner=v1.fixed_size_partitioner(2))
    v1.get_variable("glorot", shape=[4, 7], partitioner=v1.fixed_size_partitioner(3, axis=1))
    v1.train.Saver()


def seeds():
    v1.set_random_seed(42)
    v1.get_variable("a", shape=[2])
    v1.get_variable("b", shape=[2], initializer=v1.random_normal_initializer(seed=7))
    tf.constant(1)
    v1.get_variable("c", shape=[2])


def vocabulary_file():
    index = tf.lookup.TextFileIndex
    return tf.lookup.TextFileInitializer("vocab.txt", tf.string, index.WHOLE_LINE, tf.int64, index.LINE_NUMBER)


def tables():
    table = tf.lookup.StaticHashTable(vocabulary_file(), -1)
    words = v1.placeholder(tf.string, [None], name="words")
    table.lookup(words)
    table.size()
    names = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(
        tf.constant([1, 2], tf.int64), tf.constant(["a", "b"])), "UNK")
    names.lookup(tf.constant([1, 5], tf.int64))
    tf.lookup.StaticVocabularyTable(vocabulary_file(), 2).lookup(words)
    tf.group(v1.tables_initializer(), name="legacy_init_op")


# What Python's graph has besides: a mark of add_control_input; the name for debuggers; a random name.
IGNORED = {"_has_manual_control_dependencies", "debug_name", "_output_shapes"}


def nodes(graph_def):
    found = {}
    for node in graph_def.node:
        attrs = {k: v for k, v in node.attr.items() if k not in IGNORED}
        if node.op == "Const":
            attrs["value"] = tf.make_ndarray(attrs["value"].tensor).tolist()
        if node.op == "HashTableV2" and "vocab.txt" not in attrs["shared_name"].s.decode():
            del attrs["shared_name"]
        found[node.name] = (node.op, list(node.input), node.device, {k: str(v) for k, v in attrs.items()})
    return found


def collections(meta):
    found = {}
    for key, value in meta.collection_def.items():
        items = getattr(value, value.WhichOneof("kind")).value
        found[key] = [str(variable_pb2.VariableDef.FromString(i)) if isinstance(i, bytes) else i for i in items]
    return found


def compare_graphs(directory):
    program("graphs", directory)
    for build in (seed, initializers, resources, scopes, savers, devices, seeds, tables, partitioned):
        name = build.__name__
        with tf.Graph().as_default() as graph:
            build()
            want = v1.train.export_meta_graph(graph=graph)
        with open(os.path.join(directory, name + ".pbtxt")) as f:
            got = text_format.Parse(f.read(), meta_graph_pb2.MetaGraphDef())
        ours, theirs = nodes(got.graph_def), nodes(want.graph_def)
        wrong = ["only in TensorFlow: " + n for n in theirs if n not in ours]
        wrong += ["only in ours: " + n for n in ours if n not in theirs]
        wrong += ["%s: ours %s, TensorFlow's %s" % (n, ours[n], theirs[n])
                  for n in ours if n in theirs and ours[n] != theirs[n]]
        check("graph %s: %d nodes as TensorFlow's" % (name, len(theirs)), not wrong, "\n     ".join(wrong[:8]))
        a, b = collections(got), collections(want)
        check("graph %s: collections as TensorFlow's" % name, a == b,
              [(k, a.get(k), b.get(k)) for k in {*a, *b} if a.get(k) != b.get(k)][:2])
        ops = [op.name for op in want.meta_info_def.stripped_op_list.op]
        check("graph %s: op list" % name, [op.name for op in got.meta_info_def.stripped_op_list.op] == ops, ops)


# ---- checkpoints ----

VALUES = {"scope/v": np.float32([1.5, -2, 3]), "r": np.float32([[1, 2], [3, 4]]), "count": np.int64(7),
          "name": "h\u00e9".encode()}


def read_our_checkpoints(directory):
    for prefix in ("all/model.ckpt", "v1/model.ckpt", "sharded/model.ckpt-12"):
        path = os.path.join(directory, prefix)
        reader = tf.train.load_checkpoint(path)
        for key, value in VALUES.items():
            equal("%s: %s" % (prefix, key), reader.get_tensor(key), value)
        with tf.Graph().as_default(), v1.Session() as sess:
            saver = v1.train.import_meta_graph(path + ".meta")
            saver.restore(sess, path)
            for variable in v1.global_variables():
                equal("%s: imported %s" % (prefix, variable.op.name), sess.run(variable), VALUES[variable.op.name])
            again = saver.save(sess, os.path.join(directory, "again"))
            equal("%s: saved again by its own nodes" % prefix, tf.train.load_checkpoint(again).get_tensor("count"),
                  VALUES["count"])
        check("%s: latest_checkpoint" % prefix, tf.train.latest_checkpoint(os.path.dirname(path)) == path,
              tf.train.latest_checkpoint(os.path.dirname(path)))
    reader = tf.train.load_checkpoint(os.path.join(directory, "renamed/model.ckpt"))
    check("renamed: keys", sorted(reader.get_variable_to_shape_map()) == ["c", "other/name"])
    equal("renamed: other/name", reader.get_tensor("other/name"), VALUES["scope/v"])
    few = os.path.join(directory, "few")
    state = tf.train.get_checkpoint_state(few)
    check("max_to_keep 2: state", [os.path.basename(p) for p in state.all_model_checkpoint_paths] == ["m-3", "m-4"],
          state)
    check("max_to_keep 2: files", sorted({f.split(".")[0] for f in os.listdir(few)}) == ["checkpoint", "m-3", "m-4"],
          os.listdir(few))


def write_checkpoints(directory):
    def graph(partitioned=False):
        if partitioned:
            v1.get_variable("scope/v", [3], initializer=lambda shape, dtype, partition_info=None: tf.constant(
                VALUES["scope/v"][partition_info.var_offset[0]:][:shape[0]]), partitioner=v1.fixed_size_partitioner(2))
        else:
            v1.get_variable("scope/v", initializer=VALUES["scope/v"])
        v1.get_variable("r", initializer=VALUES["r"], use_resource=True)
        v1.get_variable("count", initializer=np.int64(9))

    for name, options, step in (("all", {}, None), ("v1", {"write_version": v1.train.SaverDef.V1}, None),
                                ("sharded", {"sharded": True}, 12), ("partitioned", {}, None)):
        with tf.Graph().as_default(), v1.Session() as sess:
            graph(name == "partitioned")
            sess.run(v1.global_variables_initializer())
            folder = os.path.join(directory, "py_" + name)
            os.makedirs(folder)
            v1.train.Saver(**options).save(sess, os.path.join(folder, "model.ckpt"), global_step=step)


# ---- SavedModels ----

def write_model(directory):
    os.chdir(directory)
    with tf.Graph().as_default(), v1.Session() as sess:
        x = v1.placeholder(tf.float32, [None, 3])
        w = v1.get_variable("w", initializer=np.float32([[1, 2], [3, 4], [5, 6]]))
        words = v1.placeholder(tf.string, [None])
        ids = tf.lookup.StaticVocabularyTable(vocabulary_file(), 2).lookup(words)
        sess.run(v1.global_variables_initializer())
        signature = v1.saved_model.predict_signature_def
        builder = v1.saved_model.Builder("py_model")
        builder.add_meta_graph_and_variables(
            sess, ["serve"], {"serving_default": signature({"x": x}, {"y": tf.matmul(x, w) + 0.5}),
                              "lookup": signature({"words": words}, {"ids": ids})},
            assets_collection=v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS), legacy_init_op=v1.tables_initializer())
        builder.save()


def read_our_models(directory):
    want_ids = None
    for name in ("model", "stripped_model", "text_model"):
        path = os.path.join(directory, name)
        with tf.Graph().as_default(), v1.Session() as sess:
            meta = v1.saved_model.load(sess, ["serve"], path)
            run = lambda key, name_in, value, name_out: sess.run(
                meta.signature_def[key].outputs[name_out].name,
                {meta.signature_def[key].inputs[name_in].name: value})
            equal("%s: y" % name, run("serving_default", "x", [[1, 2, 3]], "y"), np.float32([[22.5, 28.5]]))
            ids = run("lookup", "words", ["b", "zebra", "a"], "ids")
            check("%s: ids" % name, ids[0] == 1 and ids[2] == 0 and ids[1] in (3, 4), ids)
            check("%s: stripped" % name, meta.meta_info_def.stripped_default_attrs == (name == "stripped_model"))
        with tf.Graph().as_default(), v1.Session() as sess:
            check("%s: serve, gpu" % name, "y" in v1.saved_model.load(sess, ["serve", "gpu"], path)
                  .signature_def["serving_default"].outputs)
        equal("%s: tf.saved_model.load" % name, v2_answer(path), np.float32([[22.5, 28.5]]))
        cli = subprocess.run([os.path.join(os.path.dirname(sys.executable), "saved_model_cli"), "show", "--dir", path,
                              "--all"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        check("%s: saved_model_cli show" % name,
              "MetaGraphDef with tag-set: 'serve'" in cli and "signature_def['lookup']" in cli
              and "shape: (-1, 3)" in cli, cli)


def v2_answer(path):
    """A TF2 program, in a process of its own."""
    code = ("import sys, tensorflow as tf; f = tf.saved_model.load(sys.argv[1], ['serve']).signatures"
            "['serving_default']; print(f(x=tf.constant([[1., 2., 3.]]))['y'].numpy().tolist())")
    out = subprocess.run([sys.executable, "-c", code, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return np.float32(eval(out.stdout)) if out.returncode == 0 else out.stderr[-400:]


WANT_READ = "".join("""py_%s:
scope/v [ 1.5 -2.   3. ]
r [[1. 2.]
 [3. 4.]]
count 7
uninitialized [b'name']
""" % name for name in ("all/model.ckpt", "v1/model.ckpt", "sharded/model.ckpt-12", "partitioned/model.ckpt")) + """\
imported: 3 variables
scope/v [ 1.5 -2.   3. ]
r [[1. 2.]
 [3. 4.]]
count 9
y [[22.5 28.5]]
"""


def examples(directory):
    text = program(name="examples/seed_saver", cwd=directory)
    check("seed_saver", text == "Model saved in path: ./tmp/model.ckpt\nv1 [1. 1. 1.]\nv2 [0. 0. 0. 0. 0.]\n", text)
    equal("seed_saver: v1", tf.train.load_checkpoint(os.path.join(directory, "tmp/model.ckpt")).get_tensor("v1"),
          np.float32([1, 1, 1]))
    program(name="examples/seed_export", cwd=directory)
    for version, want in (("1", 1.5), ("2", 1.96)):
        with tf.Graph().as_default(), v1.Session() as sess:
            meta = v1.saved_model.load(sess, ["serve"], os.path.join(directory, "exp_model", version))
            signature = meta.signature_def["prediction"]
            y = sess.run(signature.outputs["output"].name, {signature.inputs["input"].name: [[1, 2]]})
            check("seed_export: version " + version, np.allclose(y, want), y)
    text = program("exp_model/2", "prediction", "input", "output", "1", "2", name="examples/predict", cwd=directory)
    check("predict", text == "output [[1.96]]\n", text)


def check_build():
    with tempfile.TemporaryDirectory() as directory:
        with open(os.path.join(directory, "vocab.txt"), "w") as f:
            f.write("a\nb\nc\n")
        compare_graphs(directory)
        program("write", directory)
        read_our_checkpoints(directory)
        read_our_models(directory)
        write_checkpoints(directory)
        write_model(directory)
        text = program("read", directory)
        check("TensorFlow's checkpoints and SavedModel read in C", text.startswith(WANT_READ), text)
        examples(directory)
        os.chdir("/")


def main():
    global BUILD
    for BUILD in [os.path.abspath(path) for path in sys.argv[1:]]:
        print("sm_interop: " + BUILD)
        check_build()
    print("sm_interop: %s" % ("%d failed" % failures if failures else "all passed"))
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
