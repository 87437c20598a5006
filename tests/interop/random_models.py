#!/usr/bin/env python3
"""Writes small SavedModels of many kinds with random inputs and TensorFlow's answers, for `savedmodel replay`.

    random_models.py OUT_DIR [SEED]

Each OUT_DIR/NAME gets saved_model.pb, variables and golden.tfrecord (PredictionLog records, answers included). The
same SEED gives the same inputs.
"""
import os
import random
import sys

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

v1 = tf.compat.v1
v1.logging.set_verbosity(v1.logging.ERROR)
CASES = 4


def record(path, answers, signature):
    """answers: [(inputs, outputs)]; appends."""
    name = os.path.join(path, "golden.tfrecord")
    old = [r for r in tf.compat.v1.io.tf_record_iterator(name)] if os.path.exists(name) else []
    with tf.io.TFRecordWriter(name) as writer:
        for r in old:
            writer.write(r)
        for inputs, outputs in answers:
            log = prediction_log_pb2.PredictionLog()
            predict = log.predict_log
            predict.request.model_spec.name = os.path.basename(path)
            predict.request.model_spec.signature_name = signature
            predict.response.model_spec.name = os.path.basename(path)
            predict.response.model_spec.signature_name = signature
            for key, value in inputs.items():
                predict.request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
            for key, value in outputs.items():
                predict.response.outputs[key].CopyFrom(tf.make_tensor_proto(value))
            writer.write(log.SerializeToString())


# ---- TF1 style: each returns {input: placeholder}, {output: tensor}, feeds ----

def V1Model(build):
    V1_MODELS.append(build)
    return build


def V2Model(build):
    V2_MODELS.append(build)
    return build


V1_MODELS, V2_MODELS = [], []
f32 = lambda rng, *shape: rng.standard_normal(shape).astype(np.float32)
i32 = lambda rng, low, high, *shape: rng.integers(low, high, shape).astype(np.int32)
words = lambda rng, *shape: rng.choice(np.array([b"apple", b"Bee", b"", b"c c", b"\xc3\xa9t\xc3\xa9", b"12", b"-3.5e2"],
                                                object), shape)


@V1Model
def mlp(r):
    x = v1.placeholder(tf.float32, [None, 4], "x")
    w1 = v1.get_variable("w1", initializer=f32(r, 4, 8))
    b1 = v1.get_variable("b1", initializer=f32(r, 8))
    w2 = v1.get_variable("w2", initializer=f32(r, 8, 3), use_resource=True)
    h = tf.nn.relu(tf.nn.bias_add(tf.matmul(x, w1), b1))
    logits = tf.matmul(h, w2)
    return {"x": x}, {"p": tf.nn.softmax(logits), "c": tf.argmax(logits, 1), "log": tf.nn.log_softmax(logits),
                      "top": tf.nn.top_k(logits, 2)[1]}, lambda: {"x": f32(r, r.integers(0, 5), 4)}


@V1Model
def elementwise(r):
    x = v1.placeholder(tf.float32, [None], "x")
    y = v1.placeholder(tf.float32, [None, 1], "y")
    z = tf.abs(x) + 0.1
    out = {"add": x + y, "mul": x * y, "div": x / (tf.abs(y) + 1), "max": tf.maximum(x, y), "min": tf.minimum(x, y),
           "pow": tf.pow(z, y), "sqd": tf.math.squared_difference(x, y), "exp": tf.exp(x), "log": tf.math.log(z),
           "log1p": tf.math.log1p(z), "sqrt": tf.sqrt(z), "rsqrt": tf.math.rsqrt(z), "sig": tf.sigmoid(x), "tanh": tf.tanh(x),
           "erf": tf.math.erf(x), "floor": tf.floor(x * 3), "ceil": tf.math.ceil(x * 3), "round": tf.round(x * 2),
           "sin": tf.sin(x), "cos": tf.cos(x), "sign": tf.sign(x), "sel": tf.where(x > 0, x, -x * 2),
           "elu": tf.nn.elu(x), "selu": tf.nn.selu(x), "sp": tf.nn.softplus(x), "r6": tf.nn.relu6(x * 4),
           "lrelu": tf.nn.leaky_relu(x), "clip": tf.clip_by_value(x, -0.5, 0.5), "fm": tf.math.floormod(x, 0.7),
           "expm1": tf.math.expm1(x), "atan2": tf.atan2(x, y), "lt": x < y, "eq": tf.equal(tf.round(x), tf.round(y))}
    return {"x": x, "y": y}, out, lambda: {"x": f32(r, r.integers(1, 20)), "y": f32(r, r.integers(1, 4), 1)}


@V1Model
def integers(r):
    a = v1.placeholder(tf.int32, [None], "a")
    b = v1.placeholder(tf.int64, [], "b")
    a64 = tf.cast(a, tf.int64)
    return {"a": a, "b": b}, {
        "fd": a64 // b, "fm": a64 % b, "td": tf.truncatediv(a64, b), "tm": tf.truncatemod(a64, b), "sum": tf.reduce_sum(a),
        "prod": tf.reduce_prod(a64 % 5 + 1), "maxi": tf.reduce_max(a), "mean": tf.reduce_mean(tf.cast(a, tf.float64)),
        "and": tf.bitwise.bitwise_and(a, 7), "sq": tf.square(a64), "u8": tf.cast(a, tf.uint8), "any": tf.reduce_any(a > 3),
        "all": tf.reduce_all(a > -100), "onehot": tf.one_hot(a % 4, 4), "range": tf.range(tf.size(a)),
        "cum": tf.cumsum(a), "rcum": tf.cumsum(a, exclusive=True, reverse=True), "neg": -a, "abs": tf.abs(a)}, \
        lambda: {"a": i32(r, -50, 50, r.integers(1, 9)), "b": np.int64(r.choice([-7, 3, 10]))}


@V1Model
def shapes(r):
    x = v1.placeholder(tf.float32, [None, 3, None], "x")
    n = tf.shape(x)[0]
    t = tf.transpose(x, [2, 0, 1])
    return {"x": x}, {
        "t": t, "flat": tf.reshape(x, [n, -1]), "e": tf.expand_dims(x, 1), "sq": tf.squeeze(x[:, :1], [1]),
        "cat": tf.concat([x, x * 2], 1), "stack": tf.stack([x, -x], 2), "a": tf.split(x, 3, 1)[1], "u": tf.unstack(x, axis=1)[2],
        "tile": tf.tile(x, [1, 2, 1]), "pad": tf.pad(x, [[1, 0], [0, 2], [1, 1]]), "rev": tf.reverse(x, [1, -1]),
        "slice": tf.slice(x, [0, 1, 0], [-1, 2, -1]), "ss": x[::-1, 1:, ...], "new": x[:, tf.newaxis, ::2, 0],
        "shape": tf.shape(x, out_type=tf.int64), "rank": tf.rank(x), "size": tf.size(x), "fill": tf.fill([n, 2], 7),
        "zeros": tf.zeros_like(x), "bt": tf.broadcast_to(x[:, :1, :1], [n, 2, 3]), "mirror": tf.pad(x, [[0, 0], [1, 1], [0, 0]], "REFLECT"),
        "sum": tf.reduce_sum(x, [0, 2]), "mean": tf.reduce_mean(x, 1, keepdims=True), "std": tf.math.reduce_std(x, 1),
        "lse": tf.reduce_logsumexp(x, -1), "var": tf.math.reduce_variance(x)}, \
        lambda: {"x": f32(r, r.integers(1, 4), 3, r.integers(1, 5))}


@V1Model
def gathers(r):
    p = v1.get_variable("p", initializer=f32(r, 10, 4))
    ids = v1.placeholder(tf.int64, [None, None], "ids")
    flat = tf.reshape(ids, [-1])
    return {"ids": ids}, {
        "emb": tf.nn.embedding_lookup(p, ids), "g1": tf.gather(p, ids % 4, axis=1), "nd": tf.gather_nd(p, tf.stack([ids, ids % 4], -1)),
        "bd": tf.gather(tf.broadcast_to(p, [tf.shape(ids)[0], 10, 4]), ids, batch_dims=1), "uniq": tf.unique(flat)[0],
        "idx": tf.unique(flat)[1], "where": tf.where(ids > 4), "mask": tf.boolean_mask(flat, flat > 2),
        "scatter": tf.scatter_nd(tf.expand_dims(flat, 1), tf.ones_like(flat), [10]), "seg": tf.math.unsorted_segment_sum(flat, flat % 3, 3),
        "sort": tf.sort(flat), "argsort": tf.argsort(flat, stable=True), "tk": tf.math.top_k(tf.cast(ids, tf.float32))[0],
        "bin": tf.math.bincount(tf.cast(flat, tf.int32), minlength=10, maxlength=10)}, \
        lambda: {"ids": r.integers(0, 10, (r.integers(1, 4), r.integers(1, 5)))}


@V1Model
def loop(r):
    n = v1.placeholder(tf.int32, [], "n")
    v1.disable_control_flow_v2()
    i, total, rows = tf.while_loop(
        lambda i, *_: i < n, lambda i, s, a: (i + 1, s * 0.5 + tf.cast(i, tf.float32), a.write(i, s)),
        [0, tf.constant([1., -1.]), tf.TensorArray(tf.float32, 0, dynamic_size=True, element_shape=[2], clear_after_read=False)])
    c = tf.cond(n > 3, lambda: total * 2, lambda: total - 1)
    return {"n": n}, {"total": total, "c": c, "i": i}, lambda: {"n": np.int32(r.integers(0, 9))}


@V1Model
def counter(r):
    step = v1.get_variable("step", initializer=np.int64(5), trainable=False)
    w = v1.get_variable("w", initializer=f32(r, 3), use_resource=True)
    x = v1.placeholder(tf.float32, [3], "x")
    with tf.control_dependencies([step.assign_add(2), w.assign_sub(x)]):
        return {"x": x}, {"step": tf.identity(step.read_value()), "w": tf.identity(w.read_value())}, lambda: {"x": f32(r, 3)}


@V1Model
def sgd(r):
    x = v1.placeholder(tf.float32, [None, 3], "x")
    y = v1.placeholder(tf.float32, [None, 1], "y")
    w = v1.get_variable("w", initializer=f32(r, 3, 1))
    b = v1.get_variable("b", initializer=np.zeros(1, np.float32))
    loss = tf.reduce_mean(tf.square(tf.matmul(x, w) + b - y))
    train = v1.train.GradientDescentOptimizer(0.1).minimize(loss)
    with tf.control_dependencies([train]):
        return {"x": x, "y": y}, {"w": tf.identity(w.read_value()), "b": tf.identity(b.read_value())}, \
            lambda: {"x": f32(r, 4, 3), "y": f32(r, 4, 1)}


@V1Model
def lookups(r):
    keys = v1.placeholder(tf.string, [None], "keys")
    ids = v1.placeholder(tf.int64, [None], "ids")
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(
        tf.constant([b"apple", b"Bee", b""]), tf.constant([3, 1, 4], tf.int64)), -1)
    back = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(
        tf.constant([0, 1, 2], tf.int64), tf.constant(["zero", "one", "two"])), "?")
    numbers = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(
        tf.constant([0, 5], tf.int64), tf.constant([0.5, 1.5])), -9.)
    return {"keys": keys, "ids": ids}, {"v": table.lookup(keys), "b": back.lookup(ids), "n": numbers.lookup(ids),
                                        "size": table.size()}, \
        lambda: {"keys": words(r, r.integers(1, 6)), "ids": r.integers(0, 7, r.integers(1, 6))}


@V1Model
def parsing(r):
    s = v1.placeholder(tf.string, [None], "examples")
    f = v1.io.parse_example(s, {"a": v1.FixedLenFeature([2], tf.float32), "n": v1.FixedLenFeature([], tf.int64, -1),
                                "w": v1.VarLenFeature(tf.string), "s": v1.FixedLenSequenceFeature([], tf.int64, True)})

    def example():
        e = tf.train.Example()
        e.features.feature["a"].float_list.value[:] = r.standard_normal(2)
        if r.random() < 0.6:
            e.features.feature["n"].int64_list.value[:] = [int(r.integers(100))]
        if r.random() < 0.7:
            e.features.feature["w"].bytes_list.value[:] = list(words(r, r.integers(0, 4)))
        e.features.feature["s"].int64_list.value[:] = [int(v) for v in r.integers(0, 9, r.integers(0, 3))]
        return e.SerializeToString()
    return {"examples": s}, {"a": f["a"], "n": f["n"], "wi": f["w"].indices, "wv": f["w"].values, "ws": f["w"].dense_shape,
                             "s": f["s"]}, lambda: {"examples": np.array([example() for _ in range(r.integers(1, 5))], object)}


@V1Model
def strings(r):
    s = v1.placeholder(tf.string, [None], "s")
    return {"s": s}, {
        "join": tf.strings.join([s, "-", s]), "len": tf.strings.length(s), "ulen": tf.strings.length(s, "UTF8_CHAR"),
        "lower": tf.strings.lower(s), "sub": tf.strings.substr(s, 0, 0), "hash": tf.strings.to_hash_bucket_fast(s, 1000),
        "strong": tf.strings.to_hash_bucket_strong(s, 1000, [1, 2]), "old": v1.string_to_hash_bucket(s, 77),
        "re": tf.strings.regex_replace(s, "[aeiou]", "_"), "full": tf.strings.regex_full_match(s, "[A-Z].*"),
        "strip": tf.strings.strip(s), "b64": tf.io.encode_base64(s), "back": tf.io.decode_base64(tf.io.encode_base64(s)),
        "red": tf.strings.reduce_join(s, separator=","), "eq": tf.equal(s, "Bee"), "split": v1.string_split(s, " ").values,
        "num": tf.strings.to_number(tf.strings.regex_replace(s, ".*[^0-9.].*|^$", "0")),
        "as": tf.strings.as_string(tf.strings.length(s) * 3), "fmt": tf.strings.as_string(
            tf.cast(tf.strings.length(s), tf.float32) / 3, precision=2)}, lambda: {"s": words(r, r.integers(1, 7))}


@V1Model
def matrices(r):
    a = v1.placeholder(tf.float32, [None, None, 3], "a")
    b = v1.placeholder(tf.float32, [3, 5], "b")
    m = tf.matmul(a, a, transpose_b=True) + tf.eye(tf.shape(a)[1])
    return {"a": a, "b": b}, {
        "bm": tf.matmul(a, tf.broadcast_to(b, [tf.shape(a)[0], 3, 5])), "aat": m, "ten": tf.tensordot(a, b, [[2], [0]]),
        "ein": tf.einsum("bij,jk->bki", a, b), "diag": tf.linalg.diag(b), "part": tf.linalg.diag_part(m),
        "band": tf.linalg.band_part(m, 1, 0), "trace": tf.linalg.trace(m), "norm": tf.norm(a, axis=-1), "l2": tf.nn.l2_normalize(a, -1),
        "tr": tf.linalg.matrix_transpose(a), "l2loss": tf.nn.l2_loss(a), "xent": tf.nn.softmax_cross_entropy_with_logits(
            labels=tf.nn.softmax(b), logits=b * 2), "sx": tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=tf.constant([1, 0, 4]), logits=b)}, \
        lambda: {"a": f32(r, r.integers(1, 3), r.integers(1, 4), 3), "b": f32(r, 3, 5)}


@V1Model
def convolution(r):
    x = v1.placeholder(tf.float32, [None, 8, 9, 3], "x")
    k = v1.get_variable("k", initializer=f32(r, 3, 3, 3, 4))
    d = v1.get_variable("d", initializer=f32(r, 3, 3, 3, 2))
    y = tf.nn.conv2d(x, k, 1, "SAME")
    n, _, _ = v1.nn.fused_batch_norm(y, np.ones(4, np.float32) * 2, np.ones(4, np.float32), np.zeros(4, np.float32),
                                     np.ones(4, np.float32), is_training=False)
    return {"x": x}, {"y": y, "v": tf.nn.conv2d(x, k, 2, "VALID"), "dw": tf.nn.depthwise_conv2d(x, d, [1, 1, 1, 1], "SAME"),
                      "max": tf.nn.max_pool2d(x, 2, 2, "SAME"), "avg": tf.nn.avg_pool2d(x, 3, 2, "VALID"), "bn": tf.nn.relu(n),
                      "dil": tf.nn.conv2d(x, k, 1, "SAME", dilations=2)}, lambda: {"x": f32(r, r.integers(1, 3), 8, 9, 3)}


@V1Model
def old_ops(r):
    """Ops of early exports."""
    x = v1.placeholder(tf.float32, [None, 4], "x")
    raw = tf.raw_ops
    return {"x": x}, {"add": raw.Add(x=x, y=x), "div": raw.Div(x=x, y=tf.constant(3.)), "sel": raw.Select(condition=x > 0, x=x, y=-x),
                      "gather": raw.Gather(params=tf.transpose(x), indices=[0, 2]), "inv": raw.Inv(x=x * x + 1),
                      "cc": raw.Concat(concat_dim=1, values=[x, x]), "pl": v1.placeholder_with_default(np.float32([1, 2]), [2]) * 2,
                      "stop": tf.stop_gradient(x), "n": raw.AddN(inputs=[x, x, x]), "guarantee": raw.GuaranteeConst(input=x),
                      "bc": raw.BroadcastArgs(s0=tf.shape(x), s1=[1, 1]), "sm": raw.SegmentSum(data=tf.transpose(x), segment_ids=[0, 0, 1, 1]),
                      "dp": raw.DynamicStitch(indices=[[0, 2], [1]], data=[x[:1, :2][0], x[:1, 3]])}, \
        lambda: {"x": f32(r, r.integers(1, 4), 4)}


@V1Model
def dtypes(r):
    x = v1.placeholder(tf.float32, [None], "x")
    out = {}
    for t in (tf.float16, tf.bfloat16, tf.float64, tf.int8, tf.int16, tf.uint16, tf.uint32, tf.uint64, tf.bool, tf.complex64):
        y = tf.cast(tf.abs(x) * 3, t)
        out[t.name] = y
        out[t.name + "_f"] = tf.cast(tf.math.real(y) if t == tf.complex64 else y, tf.float32)
    out["f16_add"] = out["float16"] * 1.5 + 1
    out["bf_mul"] = tf.cast(out["bfloat16"] * 2, tf.float32)
    out["c"] = tf.abs(out["complex64"] * tf.complex(0., 2.))
    out["bits"] = tf.bitcast(x, tf.int32)
    del out["bfloat16"]
    return {"x": x}, out, lambda: {"x": f32(r, r.integers(1, 6))}


def write_v1(out, build, seed):
    r = np.random.default_rng([seed, len(build.__name__), sum(build.__name__.encode())])
    path = os.path.join(out, "v1_" + build.__name__)
    with tf.Graph().as_default(), v1.Session() as sess:
        inputs, outputs, feeds = build(r)
        sess.run([v1.global_variables_initializer(), v1.tables_initializer()])
        signature = v1.saved_model.predict_signature_def(inputs, outputs)
        builder = v1.saved_model.Builder(path)
        builder.add_meta_graph_and_variables(sess, ["serve"], {"serving_default": signature},
                                             main_op=v1.tables_initializer())
        builder.save()
        answers = []
        for _ in range(CASES):
            feed = feeds()
            answers.append((feed, sess.run(outputs, {inputs[k]: v for k, v in feed.items()})))
    record(path, answers, "serving_default")


# ---- TF2 style: each returns a tf.Module with signatures, and feeds by signature ----

def spec(dtype, *shape, name):
    return tf.TensorSpec(shape, dtype, name)


@V2Model
def dense(r):
    inputs = tf.keras.Input([4], name="features")
    h = tf.keras.layers.Dense(8, "relu")(inputs)
    h = tf.keras.layers.BatchNormalization()(h)
    h = tf.keras.layers.LayerNormalization()(h)
    model = tf.keras.Model(inputs, [tf.keras.layers.Dense(3, "softmax", name="p")(h), tf.keras.layers.Dense(1, "sigmoid", name="q")(h)])
    return model, None, {"serving_default": lambda: {"features": f32(r, r.integers(1, 5), 4)}}


@V2Model
def module(r):
    class M(tf.Module):
        def __init__(self):
            self.w = tf.Variable(f32(r, 3, 2))
            self.count = tf.Variable(0, dtype=tf.int64)

        @tf.function(input_signature=[spec(tf.float32, None, 3, name="x")])
        def call(self, x):
            self.count.assign_add(1)
            return {"y": tf.matmul(x, self.w), "count": self.count.read_value()}

        @tf.function(input_signature=[spec(tf.float32, 3, 2, name="w")])
        def put(self, w):
            return {"w": self.w.assign(w)}
    m = M()
    return m, {"serving_default": m.call, "put": m.put}, {"serving_default": lambda: {"x": f32(r, 2, 3)},
                                                          "put": lambda: {"w": f32(r, 3, 2)}}


@V2Model
def control(r):
    class M(tf.Module):
        @tf.function(input_signature=[spec(tf.float32, None, name="x"), spec(tf.int32, name="n")])
        def call(self, x, n):
            total = tf.zeros_like(x)
            for i in tf.range(n):
                if tf.reduce_sum(total) > 3:
                    total -= x
                else:
                    total += tf.abs(x) * tf.cast(i, tf.float32)
            k = tf.switch_case(n % 3, [lambda: x, lambda: x * 2, lambda: -x])
            return {"total": total, "k": k, "m": tf.map_fn(lambda v: v * v + 1, x), "f": tf.foldl(lambda a, v: a + v, x)}
    m = M()
    return m, {"serving_default": m.call}, {"serving_default": lambda: {"x": f32(r, 3), "n": np.int32(r.integers(0, 7))}}


@V2Model
def tables(r):
    class M(tf.Module):
        def __init__(self):
            path = os.path.join(WORK, "vocabulary.txt")
            with open(path, "w") as f:
                f.write("apple\nBee\n12\n")
            self.file = tf.lookup.StaticVocabularyTable(tf.lookup.TextFileInitializer(
                path, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER), 3)
            self.pairs = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(
                tf.constant([1, 2], tf.int64), tf.constant([10., 20.])), 0.)
            self.mutable = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
            self.mutable.insert(tf.constant(["c c", "Bee"]), tf.constant([7, 8], tf.int64))

        @tf.function(input_signature=[spec(tf.string, None, name="s")])
        def call(self, s):
            ids = self.file.lookup(s)
            return {"ids": ids, "f": self.pairs.lookup(ids), "m": self.mutable.lookup(s)}
    m = M()
    return m, {"serving_default": m.call}, {"serving_default": lambda: {"s": words(r, r.integers(1, 6))}}


@V2Model
def examples2(r):
    class M(tf.Module):
        @tf.function(input_signature=[spec(tf.string, None, name="examples")])
        def call(self, examples):
            f = tf.io.parse_example(examples, {"a": tf.io.FixedLenFeature([2], tf.float32, [1., 2.]),
                                               "r": tf.io.RaggedFeature(tf.int64), "w": tf.io.VarLenFeature(tf.string)})
            return {"a": f["a"], "r": f["r"].values, "rs": f["r"].row_splits, "w": tf.sparse.to_dense(f["w"])}

    def example():
        e = tf.train.Example()
        if r.random() < 0.5:
            e.features.feature["a"].float_list.value[:] = r.standard_normal(2)
        e.features.feature["r"].int64_list.value[:] = [int(v) for v in r.integers(0, 9, r.integers(0, 3))]
        e.features.feature["w"].bytes_list.value[:] = list(words(r, r.integers(0, 4)))
        return e.SerializeToString()
    m = M()
    return m, {"serving_default": m.call}, {"serving_default": lambda: {
        "examples": np.array([example() for _ in range(r.integers(1, 4))], object)}}


@V2Model
def mixed(r):
    class M(tf.Module):
        def __init__(self):
            self.table = tf.Variable(f32(r, 6, 3))

        @tf.function(input_signature=[spec(tf.int64, None, None, name="ids"), spec(tf.float32, None, 3, name="q")])
        def call(self, ids, q):
            e = tf.gather(self.table, ids)
            mask = tf.cast(ids > 0, tf.float32)
            pooled = tf.reduce_sum(e * mask[..., None], 1) / tf.maximum(tf.reduce_sum(mask, 1, keepdims=True), 1.)
            score = tf.einsum("bd,nd->bn", pooled, q)
            best = tf.math.top_k(score, 1)
            return {"pooled": pooled, "score": tf.nn.softmax(score), "best": best.indices, "gelu": tf.nn.gelu(pooled),
                    "swish": tf.nn.swish(pooled), "cos": tf.reduce_sum(tf.nn.l2_normalize(pooled, 1) * pooled, 1),
                    "any": tf.reduce_any(ids > 3, 1), "pad": tf.pad(ids, [[0, 0], [0, 1]], constant_values=-1)}
    m = M()
    return m, {"serving_default": m.call}, {"serving_default": lambda: {
        "ids": r.integers(0, 6, (r.integers(1, 4), r.integers(1, 5))), "q": f32(r, 2, 3)}}


@V2Model
def cnn(r):
    model = tf.keras.Sequential([tf.keras.layers.InputLayer([10, 10, 1], name="image"), tf.keras.layers.Conv2D(4, 3, padding="same", activation="relu"),
                                 tf.keras.layers.MaxPooling2D(), tf.keras.layers.DepthwiseConv2D(3), tf.keras.layers.BatchNormalization(),
                                 tf.keras.layers.ReLU(6), tf.keras.layers.GlobalAveragePooling2D(), tf.keras.layers.Dropout(0.5),
                                 tf.keras.layers.Dense(5, name="out")])
    return model, None, {"serving_default": lambda: {"image": f32(r, r.integers(1, 3), 10, 10, 1)}}


@V2Model
def lstm(r):
    inputs = tf.keras.Input([None, 3], name="seq")
    h = tf.keras.layers.LSTM(4, return_sequences=True)(inputs)
    h = tf.keras.layers.GRU(4)(h)
    model = tf.keras.Model(inputs, tf.keras.layers.Dense(2, name="out")(h))
    return model, None, {"serving_default": lambda: {"seq": f32(r, 2, r.integers(1, 5), 3)}}


def write_v2(out, build, seed):
    r = np.random.default_rng([seed, 2, sum(build.__name__.encode())])
    tf.random.set_seed(seed)
    path = os.path.join(out, "v2_" + build.__name__)
    model, signatures, feeds = build(r)
    tf.saved_model.save(model, path, signatures=signatures)
    loaded = tf.saved_model.load(path)
    for key, feed in feeds.items():
        answers = []
        for _ in range(CASES):
            inputs = feed()
            outputs = loaded.signatures[key](**{k: tf.constant(v) for k, v in inputs.items()})
            answers.append((inputs, {k: v.numpy() for k, v in outputs.items()}))
        record(path, answers, key)


def main():
    global WORK
    out, seed = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1
    WORK = out
    only = sys.argv[3:]
    os.makedirs(out, exist_ok=True)
    for build in V2_MODELS:
        if not only or build.__name__ in only:
            write_v2(out, build, seed)
    for build in V1_MODELS:
        if not only or build.__name__ in only:
            write_v1(out, build, seed)


if __name__ == "__main__":
    main()
