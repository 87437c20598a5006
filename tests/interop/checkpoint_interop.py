#!/usr/bin/env python3
"""Checkpoints of ours and of TensorFlow, each read by the other.

    checkpoint_interop.py BUILD_DIR [BUILD_DIR_ON_GOOGLE'S] [-v]

Ours: `savedmodel checkpoint` and the saving and restoring ops of BUILD_DIR/lib/libtensorflow.so.2. TensorFlow's:
Saver, tf.train.Checkpoint and the ops SaveV2, Save, RestoreV2, ... Where TensorFlow's writer is deterministic, the
files must be equal byte for byte. Random cases are seeded: SEED=n repeats one, CASES=n says how many.
"""
import base64
import json
import os
import random
import tempfile

from interop_common import BUILD, check, finish, np, ours, same
import tensorflow as tf
from capi import Api, CError, Dtype, Raw, google_api

v1 = tf.compat.v1
v1.disable_eager_execution()
v1.logging.set_verbosity(v1.logging.ERROR)
API = Api(os.path.join(BUILD, "lib/libtensorflow.so.2"))
GOOGLES = google_api()
SEED = int(os.environ.get("SEED", 1))
CASES = int(os.environ.get("CASES", 40))

TYPES = [np.float32, np.float64, np.int32, np.uint8, np.int16, np.int8, np.complex64, np.int64, np.bool_, np.uint16,
         np.complex128, np.float16, np.uint32, np.uint64, "bfloat16", "qint8", "quint8", "qint32", "qint16", "quint16",
         "string"]
SPOKEN = {np.float32: "float", np.float64: "double", np.float16: "half"}


def random_value(rng, dtype, shape):
    """A value as TensorFlow's Python has it."""
    if dtype == "string":
        flat = [bytes(rng.randrange(256) for _ in range(rng.choice([0, 1, 5, 22, 23, 24, 130, 300])))
                for _ in range(int(np.prod(shape)))]
        return np.array(flat + [None], object)[:-1].reshape(shape)
    kind = tf.as_dtype(dtype).as_numpy_dtype
    size = np.dtype(kind).itemsize * int(np.prod(shape))
    raw = np.frombuffer(bytes(rng.randrange(256) for _ in range(size)), np.uint8)
    if dtype is np.bool_:
        raw = raw & 1
    if dtype in (np.float32, np.float64, np.float16, np.complex64, np.complex128):
        return np.asarray((np.frombuffer(bytes(raw), np.uint8)[:int(np.prod(shape))].astype(np.float64) - 100) / 8
                          ).astype(kind).reshape(shape)
    return np.frombuffer(bytes(raw), kind).reshape(shape).copy()


def random_tensors(rng):
    letters = ["a", "b/c", "Layer_1/kernel", "x:0", " ", "\u00e9\u4e2d", "z" * 70, "0", "-", "a/b/c/d", "A"]
    names = set()
    for _ in range(rng.choice([1, 1, 3, 10, 60])):
        names.add(rng.choice(letters) + rng.choice(["", "", str(rng.randrange(100)), "/w", "\x01"]))
    shapes = [(), (1,), (0,), (3,), (2, 3), (0, 4), (2, 1, 2, 1, 3), (7, 5), (300,), (1, 1)]
    return {n: (t, random_value(rng, t, rng.choice(shapes))) for n in sorted(names) for t in [rng.choice(TYPES)]}


def plain(dtype, value):
    """The value as `checkpoint export` and our ctypes helper show it: types numpy lacks as integers."""
    if dtype == "bfloat16":
        return value.view(np.uint16)
    if isinstance(dtype, str) and dtype != "string":
        return value.astype({"qint8": np.int8, "quint8": np.uint8, "qint32": np.int32, "qint16": np.int16,
                             "quint16": np.uint16}[dtype])
    return value


def number(dtype):
    return tf.as_dtype(dtype).as_datatype_enum


# ---- TensorFlow's ops ----

def tf_save(prefix, tensors, slices=None, op="SaveV2"):
    names = list(tensors)
    with tf.Graph().as_default(), v1.Session() as sess:
        values = []
        for n in names:
            kind, value = tensors[n]
            values.append(tf.bitcast(tf.constant(value.view(np.uint16)), tf.bfloat16) if kind == "bfloat16" else
                          tf.constant(value, tf.as_dtype(kind)) if isinstance(kind, str) and kind != "string" else
                          tf.constant(value, tf.string, shape=value.shape) if kind == "string" else tf.constant(value))
        if op == "SaveV2":
            run = tf.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=slices or [""] * len(names),
                                    tensors=values)
        elif slices:
            run = tf.raw_ops.SaveSlices(filename=prefix, tensor_names=names, shapes_and_slices=slices, data=values)
        else:
            run = tf.raw_ops.Save(filename=prefix, tensor_names=names, data=values)
        sess.run(run)


def tf_restore(prefix, names, dtypes, slices=None):
    with tf.Graph().as_default(), v1.Session() as sess:
        return sess.run(tf.raw_ops.RestoreV2(prefix=prefix, tensor_names=names, dtypes=[tf.as_dtype(d) for d in dtypes],
                                             shape_and_slices=slices or [""] * len(names)))


# ---- our ops ----

def text(g, name, values):
    value = np.array(values if isinstance(values, str) else list(values) + [None], object)
    value = value if isinstance(values, str) else value[:-1]
    return g.op("Const", name, attrs={"dtype": Dtype(7), "value": np.asarray(value)}).output()


def our_save(prefix, tensors, slices=None, op="SaveV2"):
    names = list(tensors)
    g = API.graph()
    inputs, feeds = [], {}
    for i, n in enumerate(names):
        kind, value = tensors[n]
        x = g.op("Placeholder", "x%d" % i, attrs={"dtype": Dtype(number(kind))}).output()
        feeds[x] = Raw(number(kind), plain(kind, value)) if kind != "string" else value
        inputs.append(x)
    attrs = {"dtypes" if op == "SaveV2" else "T": [Dtype(number(tensors[n][0])) for n in names]}
    args = [text(g, "prefix", prefix), text(g, "names", names)]
    if op != "Save":
        args.append(text(g, "slices", slices or [""] * len(names)))
    save = g.op(op, "save", args + [inputs], attrs)
    session = g.session()
    session.run(feeds=feeds, targets=[save])
    session.close(), g.close()


def our_restore(prefix, names, dtypes, slices=None, api=API):
    g = api.graph()
    op = g.op("RestoreV2", "restore", [text(g, "prefix", prefix), text(g, "names", names),
                                       text(g, "slices", slices or [""] * len(names))],
              {"dtypes": [Dtype(number(d)) for d in dtypes]})
    session = g.session()
    out = session.run([op.output(i) for i in range(len(names))])
    session.close(), g.close()
    return out


# ---- one checkpoint, read in every way ----

def exported(prefix, work):
    npz, strings = os.path.join(work, "out.npz"), os.path.join(work, "out.json")
    ours("checkpoint", "export", prefix, npz, "--strings", strings)
    found = {}
    import zipfile
    with zipfile.ZipFile(npz) as z:
        for member in z.namelist():
            with z.open(member) as f:
                found[member[:-4]] = np.lib.format.read_array(f)
    texts = json.load(open(strings)) if os.path.exists(strings) else {}
    for f in (npz, strings):
        if os.path.exists(f):
            os.remove(f)
    return found, {k: [base64.b64decode(s) for s in v] for k, v in texts.items()}


def read_by_us(label, prefix, tensors, work, op=True):
    ours("checkpoint", "verify", prefix)
    values, texts = exported(prefix, work)
    for name, (kind, value) in tensors.items():
        if kind == "string":
            check("%s: export of strings %r" % (label, name), texts.get(name) == [bytes(s) for s in value.reshape(-1)],
                  (texts.get(name), value))
        else:
            check("%s: export of %r" % (label, name), name in values and same(values[name], plain(kind, value)),
                  (kind, values.get(name), value))
    check("%s: nothing else exported" % label, {*values, *texts} == {*tensors}, {*values, *texts} ^ {*tensors})
    listed = {t["name"]: t for t in json.loads(ours("checkpoint", "list", prefix, "--json"))["tensors"]}
    for name, (kind, value) in tensors.items():
        got = listed.get(name, {})
        check("%s: list of %r" % (label, name), tuple(got.get("shape", (-1,))) == value.shape
              and got.get("dtype") == SPOKEN.get(kind, tf.as_dtype(kind).name), (got, kind, value.shape))
    if op:
        names = list(tensors)
        for name, got in zip(names, our_restore(prefix, names, [tensors[n][0] for n in names])):
            check("%s: our RestoreV2 of %r" % (label, name), same(got, plain(*tensors[name])), (got, tensors[name]))


def read_by_tensorflow(label, prefix, tensors):
    names = list(tensors)
    for name, got in zip(names, tf_restore(prefix, names, [tensors[n][0] for n in names])):
        check("%s: TensorFlow's RestoreV2 of %r" % (label, name),
              same(plain(tensors[name][0], np.asarray(got, None if tensors[name][0] != "string" else object)),
                   plain(*tensors[name])), (got, tensors[name]))


def equal_files(label, a, b):
    for suffix in (".index", ".data-00000-of-00001") if os.path.exists(a + ".index") else ("",):
        x, y = open(a + suffix, "rb").read(), open(b + suffix, "rb").read()
        at = next((i for i, (p, q) in enumerate(zip(x, y)) if p != q), min(len(x), len(y)))
        check("%s: %s the same bytes" % (label, suffix or "file"), x == y,
              "%d and %d bytes, first difference at %d" % (len(x), len(y), at))


def random_cases(work):
    for seed in range(SEED, SEED + CASES):
        rng = random.Random(seed)
        tensors = random_tensors(rng)
        theirs, mine = os.path.join(work, "theirs-%d" % seed), os.path.join(work, "mine-%d" % seed)
        label = "case %d" % seed
        try:
            tf_save(theirs, tensors)
            our_save(mine, tensors)
        except CError as e:
            check("%s: our SaveV2" % label, False, e)
            continue
        equal_files(label, mine, theirs)
        read_by_us(label, theirs, tensors, work)
        read_by_tensorflow(label, mine, tensors)
        known = (np.float32, np.float64, np.int32, np.uint8, np.int16, np.int8, np.int64, np.bool_, np.complex64,
                 np.complex128, np.float16, "qint8", "quint8", "qint32")
        old = {n: t for n, t in tensors.items() if t[0] in known}
        if old:
            tf_save(theirs + ".v1", old, op="Save")
            try:
                our_save(mine + ".v1", old, op="Save")
            except CError as e:
                check("%s: our Save" % label, False, e)
                continue
            equal_files(label + " V1", mine + ".v1", theirs + ".v1")
            read_by_us(label + " V1", theirs + ".v1", old, work)
            read_by_tensorflow(label + " V1", mine + ".v1", old)


# ---- slices of partitioned variables ----

def random_slices(work):
    for seed in range(SEED, SEED + CASES // 2):
        rng = random.Random(1000 + seed)
        shape = [rng.randrange(1, 9) for _ in range(rng.choice([1, 2, 3]))]
        kind = rng.choice([np.float32, np.int64, np.float64, np.int32, np.uint8])
        whole = random_value(rng, kind, tuple(shape))
        axis = rng.randrange(len(shape))
        cuts = sorted({0, shape[axis], *[rng.randrange(shape[axis] + 1) for _ in range(2)]})
        spec = lambda start, size: "%s %s" % (" ".join(map(str, shape)), ":".join(
            "%d,%d" % (start, size) if i == axis else "-" for i in range(len(shape))))
        pieces = [(whole.take(range(a, b), axis), spec(a, b - a)) for a, b in zip(cuts, cuts[1:])]
        label = "slices %d: %s %s" % (seed, kind.__name__, [s for _, s in pieces])
        theirs, mine = os.path.join(work, "st%d" % seed), os.path.join(work, "sm%d" % seed)
        # One op takes several slices of one name.
        names, slices = ["v"] * len(pieces) + ["other"], [s for _, s in pieces] + [""]
        values = [p for p, _ in pieces] + [np.float32(3)]
        with tf.Graph().as_default(), v1.Session() as sess:
            sess.run([tf.raw_ops.SaveV2(prefix=theirs, tensor_names=names, shape_and_slices=slices, tensors=values),
                      tf.raw_ops.SaveSlices(filename=theirs + ".v1", tensor_names=names, shapes_and_slices=slices,
                                            data=values)])
        g = API.graph()
        inputs = [g.op("Const", "c%d" % i, attrs={"dtype": v.dtype.type, "value": np.asarray(v)}).output()
                  for i, v in enumerate(values)]
        types = [v.dtype.type for v in values]
        common = [text(g, "names", names), text(g, "slices", slices), inputs]
        two = g.op("SaveV2", "two", [text(g, "prefix", mine)] + common, {"dtypes": types})
        one = g.op("SaveSlices", "one", [text(g, "file", mine + ".v1")] + common, {"T": types})
        g.session().run(targets=[two, one])
        equal_files(label, mine, theirs)
        equal_files(label + " V1", mine + ".v1", theirs + ".v1")
        check(label + ": export", same(exported(theirs, work)[0]["v"], whole))
        check(label + ": export V1", same(exported(theirs + ".v1", work)[0]["v"], whole))
        # Slices that are not those that were saved.
        start = rng.randrange(shape[axis])
        size = rng.randrange(1, shape[axis] - start + 1)
        want = whole.take(range(start, start + size), axis)
        for prefix in (theirs, theirs + ".v1", mine, mine + ".v1"):
            reads = [our_restore] if prefix.startswith(theirs) else [tf_restore, our_restore]
            for read in reads:
                got = read(prefix, ["v", "v"], [kind, kind], ["", spec(start, size)])
                check("%s: %s %s" % (label, read.__name__, os.path.basename(prefix)),
                      same(got[0], whole) and same(got[1], want), (got, want))


# ---- shards and Python's savers ----

def sharded(work):
    shards = [{"a": (np.float32, np.float32([1, 2]))}, {"b": (np.int64, np.int64(5)), "s": ("string",
              np.array([b"x", b"yy"], object))}, {"z/w": (np.float64, np.float64([[1], [2]]))}]
    for who, save in (("theirs", tf_save), ("mine", our_save)):
        folder = os.path.join(work, "sharded_" + who)
        os.makedirs(folder)
        parts = [os.path.join(folder, "part-%05d-of-%05d" % (i, len(shards))) for i in range(len(shards))]
        for part, tensors in zip(parts, shards):
            save(part, tensors)
        final = os.path.join(folder, "final")
        if who == "theirs":
            with tf.Graph().as_default(), v1.Session() as sess:
                sess.run(tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=parts, destination_prefix=final))
        else:
            g = API.graph()
            g.session().run(targets=[g.op("MergeV2Checkpoints", "m", [text(g, "p", parts), text(g, "d", final)])])
    a, b = os.path.join(work, "sharded_theirs"), os.path.join(work, "sharded_mine")
    check("sharded: the same files", sorted(os.listdir(a)) == sorted(os.listdir(b)), (os.listdir(a), os.listdir(b)))
    for f in sorted(os.listdir(a)):
        check("sharded: %s the same bytes" % f, open(os.path.join(a, f), "rb").read() == open(os.path.join(b, f), "rb").read())
    everything = {k: v for s in shards for k, v in s.items()}
    read_by_us("sharded", os.path.join(a, "final"), everything, work)
    read_by_tensorflow("sharded", os.path.join(b, "final"), everything)


def savers(work):
    for name, options in (("v2", {}), ("v1", {"write_version": v1.train.SaverDef.V1}), ("sharded", {"sharded": True}),
                          ("sharded_v1", {"sharded": True, "write_version": v1.train.SaverDef.V1})):
        folder = os.path.join(work, "saver_" + name)
        os.makedirs(folder)
        with tf.Graph().as_default(), v1.Session() as sess:
            tensors = {"a": (np.float32, np.float32([1.5, 2])), "scope/b": (np.int32, np.int32([[1, 2], [3, 4]])),
                       "r": (np.float64, np.float64(7))}
            v1.get_variable("a", initializer=tensors["a"][1])
            with v1.variable_scope("scope"), tf.device("/cpu:0"):
                v1.get_variable("b", initializer=tensors["scope/b"][1])
            v1.get_variable("r", initializer=tensors["r"][1], use_resource=True)
            whole = np.arange(12, dtype=np.float32).reshape(6, 2)
            v1.get_variable("part", [6, 2], initializer=lambda shape, dtype, partition_info=None: tf.constant(
                whole[partition_info.var_offset[0]:][:shape[0]]), partitioner=v1.fixed_size_partitioner(3))
            sess.run(v1.global_variables_initializer())
            saver = v1.train.Saver(max_to_keep=2, **options)
            for step in range(3):
                prefix = saver.save(sess, os.path.join(folder, "model.ckpt"), global_step=step)
            tensors["part"] = (np.float32, whole)
        read_by_us("Saver " + name, prefix, tensors, work)
        latest = json.loads(ours("checkpoint", "list", folder, "--json"))
        check("Saver %s: the folder's latest" % name, len(latest["tensors"]) == 4, latest)


def objects(work):
    """tf.train.Checkpoint, by a program of its own (eager execution)."""
    import subprocess
    import sys
    code = """
import sys, tensorflow as tf, numpy as np
class M(tf.Module):
    def __init__(self):
        self.w = tf.Variable(np.arange(6, dtype=np.float32).reshape(2, 3)); self.parts = [tf.Variable(i) for i in range(3)]
        self.named = {'x.y/z': tf.Variable([b'a', b'bc'])}; self.step = tf.Variable(5, dtype=tf.int64)
dense = tf.keras.layers.Dense(2); dense(tf.ones([1, 3]))
opt = tf.keras.optimizers.Adam(); opt.build(dense.trainable_variables)
c = tf.train.Checkpoint(m=M(), dense=dense, opt=opt)
m = tf.train.CheckpointManager(c, sys.argv[1], max_to_keep=2)
for i in range(3): path = m.save()
r = tf.train.load_checkpoint(path)
import pickle
pickle.dump((path, {k: r.get_tensor(k) for k in r.get_variable_to_shape_map()}), open(sys.argv[2], 'wb'))
"""
    out = os.path.join(work, "objects.pickle")
    subprocess.run([sys.executable, "-c", code, os.path.join(work, "objects"), out], check=True, stderr=subprocess.DEVNULL)
    import pickle
    path, values = pickle.load(open(out, "rb"))
    tensors = {}
    for name, value in values.items():
        value = np.asarray(value, object) if isinstance(value, bytes) or value.dtype.kind in "SO" else np.asarray(value)
        tensors[name] = ("string" if value.dtype.kind == "O" else value.dtype.type, value)
    check("tf.train.Checkpoint: %d tensors" % len(tensors), len(tensors) > 10)
    read_by_us("tf.train.Checkpoint", path, tensors, work)


def errors(work):
    """Restores that fail: the same codes and texts."""
    prefix = os.path.join(work, "errors")
    tf_save(prefix, {"a": (np.float32, np.float32([1, 2, 3])), "b": (np.int32, np.int32([[1, 2]]))})
    damaged = os.path.join(work, "damaged")
    for suffix in (".index", ".data-00000-of-00001"):
        data = bytearray(open(prefix + suffix, "rb").read())
        if suffix != ".index":
            data[3] ^= 1
        open(damaged + suffix, "wb").write(data)
    cases = [("no such name", prefix, ["nope"], [np.float32], [""]), ("no such file", prefix + "no", ["a"], [np.float32], [""]),
             ("another type", prefix, ["a"], [np.int32], [""]), ("slice of another shape", prefix, ["a"], [np.float32], ["4 0,2"]),
             ("slice beyond", prefix, ["a"], [np.float32], ["3 2,2"]), ("slice nonsense", prefix, ["a"], [np.float32], ["3"]),
             ("slice nonsense 2", prefix, ["a"], [np.float32], ["3 x"]), ("damaged", damaged, ["a"], [np.float32], [""]),
             ("empty slice spec of matrix", prefix, ["b"], [np.int32], ["1 2 -:0,3"])]
    for label, where, names, dtypes, slices in cases:
        answers = []
        for api in (API, GOOGLES):
            try:
                answers.append(our_restore(where, names, dtypes, slices, api))
            except CError as e:
                answers.append((e.code, e.message.replace(work, "")))
        check("error: " + label, answers[0] == answers[1], "\n     ours:   %s\n     theirs: %s" % tuple(answers))


with tempfile.TemporaryDirectory() as work:
    random_cases(work)
    random_slices(work)
    sharded(work)
    savers(work)
    objects(work)
    errors(work)
finish("checkpoints")
