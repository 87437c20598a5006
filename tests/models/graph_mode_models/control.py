"""Control flow and effects: conds with dead branches, cases, asserts, prints, assignments, loops, queues,
functions.
"""

import numpy as np

from graph_mode_models import data, ids, model, words


@model
def dead_branches(tf, m):
    """Assignments in branches, a cond whose other side fails, dead values into loops, dead merges."""
    v1 = tf.compat.v1
    x, flag = v1.placeholder(tf.float32, [None], "x"), v1.placeholder(tf.bool, [], "flag")
    ref = v1.get_variable("ref", initializer=1.0)
    res = v1.get_variable("res", initializer=[1.0, 2.0], use_resource=True)
    a = tf.cond(
        flag, lambda: v1.assign_add(ref, tf.reduce_sum(x)) * 1.0, lambda: v1.assign_sub(ref, 1.0) * 1.0
    )
    b = tf.cond(tf.size(x) > 1, lambda: tf.identity(res.assign(res + x[:2])), lambda: res.read_value())

    def fails():
        with tf.control_dependencies([v1.assert_positive(x, data=[x], message="not positive")]):
            return tf.sqrt(x)

    c = tf.cond(
        flag,
        fails,
        lambda: tf.cond(
            tf.size(x) > 2,
            lambda: x[::-1],
            lambda: tf.while_loop(
                lambda i, v: i < 3, lambda i, v: (i + 1, v + tf.cast(i, tf.float32)), (0, x)
            )[1],
        ),
    )
    once = tf.cond(
        flag,
        lambda: tf.cond(tf.size(x) > 2, lambda: 1, lambda: 2),
        lambda: tf.cond(tf.size(x) > 2, lambda: 3, lambda: 4),
    )
    grad = tf.gradients(c, x)[0]
    feeds = {"x": x, "flag": flag}
    m.sign("effects", feeds, {"a": a, "b": b})
    m.sign("serving_default", feeds, {"c": c, "once": once})
    m.sign("gradient", feeds, {"grad": grad})
    m.sign("state", {}, {"ref": ref, "res": res.read_value()})
    for n in (3, 2, 1, 0):
        for flag in (True, False):
            if n > 1 or not flag:
                m.ask("effects", x=data(n, seed=n, low=0.1), flag=flag)
            m.ask("serving_default", x=data(n, seed=n, low=0.1), flag=flag)
            m.ask("serving_default", x=data(n, seed=n), flag=flag)
            m.ask("gradient", x=data(n, seed=n, low=0.1), flag=flag)
        m.ask("state")


@model
def cases(tf, m):
    """tf.case with and without default, exclusive; tf.cond of strings, of several outputs, of a placeholder
    with default.
    """
    v1 = tf.compat.v1
    x = v1.placeholder(tf.float32, [], "x")
    text = v1.placeholder(tf.string, [None], "text")
    strict = v1.placeholder_with_default(False, [], "strict")
    grade = tf.case(
        [
            (x > 0.9, lambda: tf.constant("a")),
            (x > 0.5, lambda: tf.constant("b")),
            (x > 0.1, lambda: v1.strings.join(["c", tf.as_string(x, precision=2)])),
        ],
        default=lambda: tf.constant("f"),
    )
    none = tf.case([(x > 0.5, lambda: x * 2), (x > 0.0, lambda: x + 10)])
    both = tf.case([(x > 0.5, lambda: x * 2), (x > 0.7, lambda: x + 10)], lambda: -x, exclusive=True)
    lower, n = tf.cond(
        strict, lambda: (v1.strings.lower(text), tf.size(text)), lambda: (text, tf.constant(-1))
    )
    m.sign(
        "serving_default", {"x": x, "text": text, "strict": strict}, {"grade": grade, "lower": lower, "n": n}
    )
    m.sign("none", {"x": x}, {"none": none})
    m.sign("both", {"x": x}, {"both": both})
    for value in (0.95, 0.6, 0.2, -1.0, np.nan):
        m.ask(
            "serving_default",
            x=np.float32(value),
            text=words(["Ab", "C"][: int(value > 0) + 1]),
            strict=value > 0.5,
        )
        m.ask("none", x=np.float32(value))
        m.ask("both", x=np.float32(value))


@model
def ordered_effects(tf, m):
    """Counters behind control dependencies, prints, asserts and check_numerics on the way, scatter updates,
    count_up_to.
    """
    v1 = tf.compat.v1
    x, at = v1.placeholder(tf.float32, [None, 2], "x"), v1.placeholder(tf.int32, [None], "at")
    calls = v1.Variable(0, trainable=False, name="calls", use_resource=False)
    memory = v1.Variable(tf.zeros([4, 2]), trainable=False, name="memory", use_resource=False)
    limit = v1.Variable(0, dtype=tf.int64, trainable=False, name="limit", use_resource=False)
    with tf.control_dependencies(
        [v1.assert_less(at, 4), v1.assert_equal(tf.shape(x)[0], tf.shape(at)[0], data=["rows", at])]
    ):
        before = tf.identity(memory)
        with tf.control_dependencies([before, v1.assign_add(calls, 1)]):
            first = v1.scatter_add(memory, at, x)
            with tf.control_dependencies([first]):
                second = v1.scatter_mul(memory, at[:1], tf.constant([[0.5, 2.0]]))
    with tf.control_dependencies([second]):
        checked = tf.debugging.check_numerics(
            v1.Print(memory.read_value(), [at], "at: ", summarize=3), "memory"
        )
    count = v1.count_up_to(limit, 12)
    nd = v1.scatter_nd_update(memory, tf.stack([at, at % 2], 1), x[:, 0])
    m.sign(
        "serving_default",
        {"x": x, "at": at},
        {"before": before, "after": checked, "calls": calls.read_value() * 0},
    )
    m.sign("count", {}, {"count": count})
    m.sign("nd", {"x": x, "at": at}, {"memory": nd})
    m.sign("state", {}, {"memory": memory, "calls": calls})
    for n in (2, 1, 4, 0):
        m.ask("serving_default", x=data(n, 2), at=np.arange(n, dtype=np.int32)[::-1] if n else ids(0))
        m.ask("nd", x=data(n, 2, seed=3), at=np.arange(n, dtype=np.int32))
        m.ask("state")
        for _ in range(1 + n):
            m.ask("count")
    m.ask("serving_default", x=data(1, 2), at=np.array([5], np.int32))
    m.ask("serving_default", x=data(2, 2), at=np.array([1], np.int32))
    m.ask("state")


@model
def functional_ops(tf, m):
    """map_fn, scan, foldl, foldr with structures, dtypes, initializers and gradients; while loops in while
    loops.
    """
    v1 = tf.compat.v1
    x = v1.placeholder(tf.float32, [None, 3], "x")
    pair = tf.map_fn(
        lambda r: (r[0] * 2, tf.argmax(r[1])), (x, x * x), dtype=(tf.float32, tf.int64), parallel_iterations=1
    )
    text = tf.map_fn(
        lambda r: v1.strings.reduce_join(tf.as_string(r, precision=1), separator=","), x, dtype=tf.string
    )
    scanned = tf.scan(
        lambda a, r: (a[0] + r, tf.maximum(a[1], tf.reduce_sum(r))), x, (tf.zeros([3]), tf.constant(-9.0))
    )
    left = tf.foldl(lambda a, r: a * 0.5 + r, x, initializer=tf.ones([3]), swap_memory=True)
    right = tf.foldr(lambda a, r: tf.tanh(a) - r, x, initializer=tf.ones([3]))
    gradient = tf.gradients([scanned[0], left, tf.reduce_sum(right) ** 2, pair[0]], x)[0]

    def triangle(n):
        return tf.while_loop(
            lambda i, t: i < n,
            lambda i, t: (
                i + 1,
                t
                + tf.while_loop(lambda j, u: j < i, lambda j, u: (j + 1, u + j), (0, 0), back_prop=False)[1],
            ),
            (0, 0),
        )[1]

    ragged = tf.TensorArray(tf.float32, 0, dynamic_size=True, infer_shape=False)
    _, ragged = tf.while_loop(
        lambda i, _: i < tf.shape(x)[0],
        lambda i, t: (i + 1, t.write(i, tf.tile(x[i, :1], [i + 1]))),
        (0, ragged),
    )
    m.sign(
        "serving_default",
        {"x": x},
        {
            "double": pair[0],
            "at": pair[1],
            "text": text,
            "sum": scanned[0],
            "top": scanned[1],
            "left": left,
            "right": right,
            "gradient": gradient,
            "triangle": triangle(tf.shape(x)[0]),
        },
    )
    m.sign("ragged", {"x": x}, {"flat": ragged.concat(), "size": ragged.size()})
    for n in (3, 1, 6, 3, 0):
        m.ask("serving_default", x=data(n, 3, seed=n))
        m.ask("ragged", x=data(n, 3, seed=n))


@model(v2=True)
def functional_ops_v2(tf, m):
    """The same with control flow by functions: If, While, Case in a V1 graph."""
    v1 = tf.compat.v1
    functional_ops(tf, m)
    n, x = v1.placeholder(tf.int32, [], "n"), v1.placeholder(tf.float32, [None], "y")
    v = v1.get_variable("v", initializer=1.0, use_resource=True)
    chosen = tf.switch_case(n, [lambda: x + 1, lambda: x * v.assign_add(1.0), lambda: tf.sort(x)])
    grad = tf.gradients(
        tf.while_loop(
            lambda i, a: i < n,
            lambda i, a: (i + 1, tf.cond(a[0] > 0, lambda: tf.sin(a) + v, lambda: a * 2)),
            (0, x),
            maximum_iterations=5,
        )[1],
        [x, v],
    )
    m.sign("case", {"n": n, "x": x}, {"y": chosen})
    m.sign("grad", {"n": n, "x": x}, {"gx": grad[0], "gv": tf.convert_to_tensor(grad[1])})
    for i in (0, 1, 2, 7, -1):
        m.ask("case", n=np.int32(i), x=data(3))
        m.ask("grad", n=np.int32(i), x=data(2))


@model
def queues(tf, m):
    """FIFO, random (of one element) and padding queues, a staging area, a stack, a barrier of two parts: fill
    and drain.
    """
    v1 = tf.compat.v1
    x = v1.placeholder(tf.float32, [None, 2], "x")
    fifo = v1.FIFOQueue(10, [tf.float32, tf.int32], [[2], []], shared_name="fifo")
    padding = v1.PaddingFIFOQueue(4, [tf.float32], [[None]])
    area = tf.raw_ops
    n = tf.shape(x)[0]
    with tf.control_dependencies([fifo.enqueue_many([x, tf.range(n)])]):
        filled = fifo.size() + 0
    with tf.control_dependencies([filled]):
        rows, numbers = fifo.dequeue_many(2)
    with tf.control_dependencies([padding.enqueue([x[:, 0]])]):
        with tf.control_dependencies([padding.enqueue([x[0]])]):
            padded = padding.dequeue_many(2)
    with tf.control_dependencies([area.Stage(values=[x, n], shared_name="area")]):
        staged = area.Unstage(dtypes=[tf.float32, tf.int32], shared_name="area")
    m.sign("fill", {"x": x}, {"size": filled, "rows": rows, "numbers": numbers})
    m.sign("pad", {"x": x}, {"padded": padded})
    m.sign("stage", {"x": x}, {"x": staged[0], "n": staged[1]})
    for n in (2, 4, 2):
        m.ask("fill", x=data(n, 2, seed=n))
        m.ask("pad", x=data(n, 2, seed=n))
        m.ask("stage", x=data(n, 2, seed=n))


def functions(tf, m):
    """Defuns: with gradients of their own, with captured tensors, called in loops and conds, nested, with
    noinline.
    """
    v1 = tf.compat.v1
    from tensorflow.python.framework import function

    x = v1.placeholder(tf.float32, [None], "x")

    @function.Defun(tf.float32, tf.float32, func_name="ScaleGrad")
    def scale_grad(y, dy):
        return dy * 3.0 + y

    @function.Defun(tf.float32, func_name="Scale", grad_func=scale_grad, noinline=True)
    def scale(y):
        return tf.tanh(y) * 2.0

    @function.Defun(tf.float32, tf.int32, func_name="Twice")
    def twice(y, n):
        with tf.name_scope("inner"):
            return scale(scale(y)), n * 2

    w = v1.get_variable("w", initializer=0.5, use_resource=True)

    @tf.custom_gradient
    def clipped(y):
        return tf.clip_by_value(y, -0.2, 0.2), lambda dy: dy * 0.1

    @function.Defun(tf.float32, func_name="Captures")
    def captures(y):
        return y * tf.cast(tf.size(x), tf.float32)

    looped = tf.while_loop(
        lambda i, v: i < 3,
        lambda i, v: (i + 1, tf.cond(v[0] > 0.1, lambda: scale(v), lambda: twice(v, i)[0])),
        (0, x),
        shape_invariants=(tf.TensorShape([]), tf.TensorShape(None)),
    )[1]
    y = captures(clipped(x)) + twice(x, 3)[0]
    m.sign("serving_default", {"x": x}, {"looped": looped, "y": y, "n": twice(x, 4)[1], "w": w.read_value()})
    m.sign("gradient", {"x": x}, {"gx": tf.gradients(clipped(x) + scale(x), x)[0]})
    for n in (3, 1, 5):
        for name in m.signatures:
            m.ask(name, x=data(n, seed=n))


model(functions)


@model
def functions_in_v1(tf, m):
    """tf.function in a V1 graph: with variables, autograph loops, strings; py-free autograph of a V1
    function.
    """
    v1 = tf.compat.v1
    x = v1.placeholder(tf.float32, [None, 3], "x")
    v = v1.get_variable("v", initializer=tf.ones([3]), use_resource=True)

    @tf.function
    def steps(t, n):
        total = tf.zeros_like(t)
        for i in tf.range(n):
            if tf.reduce_sum(total) > 2.0:
                break
            total += t * tf.cast(i, tf.float32) * v
        return total

    @tf.function(experimental_relax_shapes=True)
    def bump(t):
        v.assign_add(tf.reduce_mean(t, 0))
        return v.read_value()

    y = steps(x, tf.constant(4))
    auto = tf.abs(x)
    m.sign("serving_default", {"x": x}, {"y": y, "auto": auto, "gx": tf.gradients(y, x)[0]})
    m.sign("bump", {"x": x}, {"v": bump(x)})
    for n in (2, 1, 4):
        for name in m.signatures:
            m.ask(name, x=data(n, 3, seed=n))


@model
def dynamic_experts(tf, m):
    """A mixture of experts by dynamic_partition and dynamic_stitch, with gradients; unique, segment sums,
    where.
    """
    v1 = tf.compat.v1
    x, keys = v1.placeholder(tf.float32, [None, 4], "x"), v1.placeholder(tf.string, [None], "keys")
    gate = tf.argmax(v1.layers.dense(x, 3, name="gate"), 1, tf.int32)
    parts = tf.dynamic_partition(x, gate, 3)
    places = tf.dynamic_partition(tf.range(tf.shape(x)[0]), gate, 3)
    done = [
        tf.cond(
            tf.shape(p)[0] > 0, lambda p=p, i=i: v1.layers.dense(p, 4, name="expert%d" % i), lambda p=p: p
        )
        for i, p in enumerate(parts)
    ]
    y = tf.reshape(tf.dynamic_stitch(places, done), [-1, 4])
    unique, index, counts = tf.unique_with_counts(keys)
    means = tf.math.unsorted_segment_mean(y, index, tf.size(unique))
    kept = tf.boolean_mask(y, tf.reduce_sum(y, 1) > 0)
    both = tf.debugging.assert_all_finite(tf.concat([kept, means], 0), "finite")
    m.sign(
        "serving_default",
        {"x": x, "keys": keys},
        {"y": y, "unique": unique, "counts": counts, "means": means, "both": both, "where": tf.where(y > 0)},
    )
    m.sign("gradient", {"x": x}, {"g": tf.gradients(tf.reduce_sum(y * y), x)[0]})
    for n in (5, 1, 8, 0, 5):
        m.ask("serving_default", x=data(n, 4, seed=n), keys=words(["k%d" % (i % 3) for i in range(n)]))
        m.ask("gradient", x=data(n, 4, seed=n))


@model
def savers(tf, m):
    """Saver ops in the graph: a signature that saves to a prefix and restores; several name scopes; merged
    checkpoints.
    """
    v1 = tf.compat.v1
    prefix, x = v1.placeholder(tf.string, [], "prefix"), v1.placeholder(tf.float32, [2], "x")
    with v1.variable_scope("a/b", reuse=False), tf.name_scope("long/scope"):
        ref = v1.get_variable("w.x-1", initializer=[1.0, 2.0], use_resource=False)
    res = v1.get_variable("n", initializer=np.int64(4), use_resource=True)
    saved = v1.raw_ops.SaveV2(
        prefix=prefix, tensor_names=["w", "n"], shape_and_slices=["", ""], tensors=[ref.read_value(), res]
    )
    with tf.control_dependencies([saved]):
        done = tf.identity(prefix)
    w, n = tf.raw_ops.RestoreV2(
        prefix=prefix, tensor_names=["w", "n"], shape_and_slices=["", ""], dtypes=[tf.float32, tf.int64]
    )
    change = v1.assign(ref, ref * x)
    with tf.control_dependencies([v1.assign(ref, w), res.assign(n + 1)]):
        restored = res.read_value()
    m.sign("save", {"prefix": prefix}, {"done": done})
    m.sign("restore", {"prefix": prefix}, {"n": restored})
    m.sign("change", {"x": x}, {"w": change})
    m.ask("change", x=data(2))
    m.ask("save", prefix=np.array(b"/tmp/graph_mode_saved"))
    m.ask("change", x=data(2, seed=4))
    m.ask("restore", prefix=np.array(b"/tmp/graph_mode_saved"))
    m.ask("restore", prefix=np.array(b"/tmp/graph_mode_missing"))
