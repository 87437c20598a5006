"""Edges: feeds and fetches in odd places, dead fetches, what is not initialised, sparse gradients through
loops, odd dtypes.
"""

import os
import tempfile

import numpy as np

from graph_mode_models import data, ids, model, words


@model
def fed_anywhere(tf, m):
    """Inputs that are a constant, a variable, a variable's read, a condition, an Exit, a constant shape, an
    Enter's source.
    """
    v1 = tf.compat.v1
    x = v1.placeholder(tf.float32, [None, 2], "x")
    keep = tf.constant(0.5, name="keep_prob")
    ref = v1.get_variable("ref", initializer=[1.0, 2.0], use_resource=False)
    res = v1.get_variable("res", initializer=[3.0, 4.0], use_resource=True)
    read = res.read_value()
    flag = tf.reduce_sum(x) > 0
    shape = tf.constant([-1, 2])
    chosen = tf.cond(flag, lambda: x * ref, lambda: x - read)
    start = tf.identity(x)
    looped = tf.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, v * keep + read), (0, start))[1]
    out = tf.reshape(looped, shape) + chosen
    m.sign("serving_default", {"x": x}, {"out": out})
    m.sign("keep", {"x": x, "keep": keep}, {"out": out})
    m.sign("variable", {"x": x, "ref": ref}, {"out": out})
    m.sign("read", {"x": x, "read": read}, {"out": out})
    m.sign("flag", {"x": x, "flag": flag}, {"out": out})
    m.sign("exit", {"looped": looped, "x": x}, {"out": out})
    m.sign("shape", {"shape": shape, "x": x}, {"looped": tf.reshape(looped, shape)})
    m.sign("start", {"start": start}, {"looped": looped})
    m.sign("change", {"x": x}, {"ref": v1.assign_add(ref, x[0])})
    for n in (2, 1, 4):
        feeds = dict(
            keep=np.float32(0.25),
            ref=data(2),
            read=data(2, seed=3),
            flag=n == 1,
            looped=data(n, 2, seed=4),
            shape=np.array([2, n], np.int32),
            start=data(n, 2, seed=5),
        )
        for name, signature in m.signatures.items():
            m.ask(name, **{k: feeds.get(k, data(n, 2)) for k in signature.inputs})


@model
def dead_fetches(tf, m):
    """Tensors of branches as outputs: an error when the branch is not taken."""
    v1 = tf.compat.v1
    x, flag = v1.placeholder(tf.float32, [None], "x"), v1.placeholder(tf.bool, [], "flag")
    inside = {}

    def yes():
        inside["yes"] = tf.exp(x)
        return inside["yes"] + 1.0

    def no():
        inside["no"] = tf.cond(tf.size(x) > 1, lambda: x * 2.0, lambda: x * 3.0)
        return inside["no"] + 2.0

    y = tf.cond(flag, yes, no)
    feeds = {"x": x, "flag": flag}
    m.sign("serving_default", feeds, {"y": y})
    m.sign("yes", feeds, {"yes": inside["yes"]})
    m.sign("both", feeds, {"y": y, "no": inside["no"]})
    m.sign(
        "merge", feeds, {"taken": tf.raw_ops.Merge(inputs=tf.raw_ops.Switch(data=x, pred=flag)).value_index}
    )
    for n in (2, 1, 0):
        for flag in (True, False):
            for name in m.signatures:
                m.ask(name, x=data(n), flag=flag)


@model
def not_initialised(tf, m):
    """Variables and tables without initialisers in the export: read, guarded by is_initialized, initialised
    by a request.
    """
    v1 = tf.compat.v1
    from tensorflow.python.ops import lookup_ops

    local = [v1.GraphKeys.LOCAL_VARIABLES]
    x = v1.placeholder(tf.float32, [2], "x")
    ref = v1.get_variable("ref", initializer=[1.0, 2.0], use_resource=False, collections=local)
    res = v1.get_variable("res", initializer=[3.0, 4.0], use_resource=True, collections=local)
    table = lookup_ops.HashTable(
        lookup_ops.KeyValueTensorInitializer(tf.constant(["a"]), tf.constant([1], tf.int64)), -1
    )
    guarded = tf.cond(v1.is_variable_initialized(ref), lambda: ref + x, lambda: x)
    m.before = lambda sess: sess.run(v1.global_variables_initializer())
    m.main_op = v1.no_op()
    v1.get_variable("kept", initializer=1.0)
    m.sign("ref", {"x": x}, {"y": ref * x})
    m.sign("res", {"x": x}, {"y": res.read_value() * x})
    m.sign(
        "loop", {"x": x}, {"y": tf.while_loop(lambda i, v: i < 2, lambda i, v: (i + 1, v + ref), (0, x))[1]}
    )
    m.sign("table", {"x": x}, {"y": table.lookup(tf.constant(["a", "b"]))})
    m.sign("guarded", {"x": x}, {"y": guarded, "missing": v1.report_uninitialized_variables([ref, res])})
    m.sign("add", {"x": x}, {"y": v1.assign_add(ref, x)})
    m.sign("set", {"x": x}, {"y": v1.assign(ref, x)})
    for name in ("ref", "res", "loop", "table", "guarded", "add", "set", "ref", "loop", "guarded", "add"):
        m.ask(name, x=data(2))


@model
def sparse_gradients(tf, m):
    """Embeddings looked up in loops and branches: IndexedSlices through Enter, cond and TensorArrays, into
    sparse updates.
    """
    v1 = tf.compat.v1
    at, steps = v1.placeholder(tf.int32, [None], "at"), v1.placeholder(tf.int32, [], "steps")
    table, w = v1.get_variable("table", [9, 3]), v1.get_variable("w", [3, 3])
    held = v1.get_variable("held", [9, 3], use_resource=True)

    def body(i, last, h, log):
        h = tf.tanh(
            tf.matmul(h, w)
            + tf.nn.embedding_lookup(table, last)
            + tf.cond(tf.equal(i % 2, 0), lambda: tf.gather(held, last), lambda: tf.zeros_like(h))
        )
        return (
            i + 1,
            tf.cast(tf.argmax(tf.matmul(h, table, transpose_b=True), 1), tf.int32),
            h,
            log.write(i, h),
        )

    size = tf.shape(at)[0]
    loop = tf.while_loop(
        lambda i, *_: i < steps,
        body,
        (0, at, tf.zeros(tf.stack([size, 3])), tf.TensorArray(tf.float32, steps)),
        swap_memory=True,
        maximum_iterations=10,
    )
    loss = tf.reduce_sum(tf.square(loop[3].stack())) + tf.reduce_sum(
        tf.cond(size > 1, lambda: tf.gather(table, at), lambda: tf.gather(table, at + 1) * 2.0)
    )
    grads = tf.gradients(loss, [table, held, w])
    train = v1.train.AdamOptimizer(0.01).minimize(loss)
    with tf.control_dependencies([train]):
        m.sign("train", {"at": at, "steps": steps}, {"loss": tf.identity(loss)})
    m.sign(
        "serving_default",
        {"at": at, "steps": steps},
        {
            "loss": loss,
            "h": loop[2],
            "table": tf.convert_to_tensor(grads[0]),
            "held": tf.convert_to_tensor(grads[1]),
            "w": grads[2],
        },
    )
    for n, k in ((3, 2), (1, 4), (2, 1), (4, 3)):
        m.ask("serving_default", at=ids(n, high=8), steps=np.int32(k))
        m.ask("train", at=ids(n, high=8), steps=np.int32(k))


@model
def dtypes(tf, m):
    """Signatures of every dtype, through identity, stacking, loops and conds."""
    v1 = tf.compat.v1
    kinds = [
        tf.float16,
        tf.float64,
        tf.int8,
        tf.int16,
        tf.int64,
        tf.uint8,
        tf.uint16,
        tf.uint32,
        tf.uint64,
        tf.bool,
        tf.complex64,
        tf.complex128,
        tf.string,
        tf.bfloat16,
    ]
    flag = v1.placeholder(tf.bool, [], "flag")
    inputs, outputs = {"flag": flag}, {}
    for t in kinds:
        x = v1.placeholder(t, [None], t.name)
        inputs[t.name] = x
        twice = tf.concat([x, x], 0)
        looped = tf.while_loop(
            lambda i, v: i < 2,
            lambda i, v: (i + 1, tf.concat([v, v[:1]], 0)),
            (0, x),
            shape_invariants=(tf.TensorShape([]), tf.TensorShape([None])),
        )[1]
        outputs[t.name] = tf.cond(flag, lambda twice=twice: twice, lambda looped=looped: looped)
    m.sign("serving_default", inputs, outputs)
    for n in (2, 1, 3):
        for flag in (True, False):
            values = {
                t.name: words(["a"] * n) if t == tf.string else ids(n, high=2).astype(t.as_numpy_dtype)
                for t in kinds
            }
            m.ask("serving_default", flag=flag, **values)


@model
def failing_loops(tf, m):
    """Asserts, checks and bad indices inside loops and branches."""
    v1 = tf.compat.v1
    x, n = v1.placeholder(tf.float32, [None], "x"), v1.placeholder(tf.int32, [], "n")

    def body(i, total):
        with tf.control_dependencies([v1.assert_less(i, 5, message="too many")]):
            return i + 1, total + tf.debugging.check_numerics(tf.math.log(x[i]), "log")

    total = tf.while_loop(lambda i, _: i < n, body, (0, 0.0))[1]
    array = tf.TensorArray(tf.float32, 3, clear_after_read=True).unstack(tf.concat([x[:1], x[:1], x[:1]], 0))
    read = tf.while_loop(lambda i, _: i < n, lambda i, t: (i + 1, t + array.read(i)), (0, 0.0))[1]
    shape = tf.while_loop(
        lambda i, _: i < n,
        lambda i, v: (i + 1, tf.matmul(v, tf.reshape(x, [2, -1]))),
        (0, tf.ones([1, 2])),
        shape_invariants=(tf.TensorShape([]), tf.TensorShape([None, None])),
    )[1]
    m.sign("serving_default", {"x": x, "n": n}, {"total": total})
    m.sign("array", {"x": x, "n": n}, {"read": read})
    m.sign("shape", {"x": x, "n": n}, {"y": shape})
    for k, n in ((4, 3), (4, 5), (8, 6), (4, 0), (2, 2), (6, 2), (5, 1)):
        for name in m.signatures:
            m.ask(name, x=data(k, low=0.1), n=np.int32(n))
    m.ask("serving_default", x=np.zeros(4, np.float32), n=np.int32(2))


@model
def nested_training(tf, m):
    """A loop in a loop with conds, trained by an optimizer that gates its gradients; Momentum; gradients by
    GATE_GRAPH.
    """
    v1 = tf.compat.v1
    x = v1.placeholder(tf.float32, [None, 4], "x")
    w, h0 = v1.get_variable("w", [4, 4]), v1.get_variable("h0", [1, 4])

    def inner(i, h):
        return tf.while_loop(
            lambda j, _: j < i,
            lambda j, v: (
                j + 1,
                tf.cond(tf.reduce_sum(v) > 0, lambda: tf.tanh(tf.matmul(v, w)), lambda: v * 0.9 + 0.1),
            ),
            (0, h),
            maximum_iterations=4,
        )[1]

    start = tf.tile(h0, [tf.shape(x)[0], 1]) + x
    _, h, log = tf.while_loop(
        lambda i, *_: i < 3,
        lambda i, h, log: (i + 1, inner(i, h) + tf.sin(h), log.write(i, tf.reduce_max(h))),
        (0, start, tf.TensorArray(tf.float32, 3)),
    )
    loss = tf.reduce_mean(h * h) + tf.reduce_sum(log.stack())
    for name, gate in (("op", 1), ("graph", 2), ("none", 0)):
        optimizer = v1.train.MomentumOptimizer(0.05, 0.5, name=name)
        pairs = optimizer.compute_gradients(loss, gate_gradients=gate, aggregation_method=2 * (gate == 2))
        with tf.control_dependencies([optimizer.apply_gradients(pairs)]):
            m.sign(
                name,
                {"x": x},
                {"loss": tf.identity(loss), "norm": tf.linalg.global_norm([g for g, _ in pairs])},
            )
    for n in (2, 5, 1):
        for name in m.signatures:
            m.ask(name, x=data(n, 4, seed=n))


@model
def kmeans(tf, m):
    """The k-means Estimator: nearest centres, scores, all distances."""
    v1 = tf.compat.v1

    def export(path):
        made = v1.estimator.experimental.KMeans(3, model_dir=tempfile.mkdtemp(), seed=2, use_mini_batch=False)
        made.train(lambda: {"x": tf.constant(data(20, 2))}, steps=3)
        receiver = tf.estimator.export.build_raw_serving_input_receiver_fn(
            {"x": v1.placeholder(tf.float32, [None, 2])}
        )
        os.rename(made.export_saved_model(os.path.dirname(path), receiver).decode(), path)

    m.export = export
    for n in (3, 1, 0):
        m.ask("serving_default", x=data(n, 2, seed=5))
        m.ask("all_distances", x=data(n, 2, seed=6))


@model
def accumulators(tf, m):
    """accumulate_n, ConditionalAccumulator of gradients, a barrier, a priority queue, an identity reader of a
    sorted map.
    """
    v1, r = tf.compat.v1, tf.raw_ops
    x = v1.placeholder(tf.float32, [None], "x")
    total = v1.accumulate_n([x, x * 2, tf.sin(x)])
    temporary = r.TemporaryVariable(shape=[2], dtype=tf.float32, var_name="t")
    with tf.control_dependencies([v1.assign(temporary, x[:2])]):
        with tf.control_dependencies([v1.assign_add(temporary, [1.0, 2.0])]):
            destroyed = r.DestroyTemporaryVariable(ref=temporary, var_name="t")
    acc = v1.ConditionalAccumulator(tf.float32, shape=[2], shared_name="acc")
    step = tf.constant(1 << 40, tf.int64)
    with tf.control_dependencies([acc.apply_grad(x[:2], step)]):
        with tf.control_dependencies([acc.apply_grad(x[-2:], step)]):
            grad = acc.take_grad(2)
    m.sign("serving_default", {"x": x}, {"total": total, "temporary": destroyed})
    m.sign("accumulate", {"x": x}, {"grad": grad})
    for n in (3, 2, 5):
        for name in m.signatures:
            m.ask(name, x=data(n, seed=n))
