"""Makes tests/data/exec/cases.json: small graphs, runs of them, and what TensorFlow answers.

Run by hand with TensorFlow 2.15.1 present, from the repository's root:  python tests/exec/gen.py
src/session/session_golden_test.c replays the cases on every path of the executor.
"""
from golden import CASES, golden, open_session, run_one, save, trimmed, v1  # first: it sets TensorFlow's environment

import numpy as np
import tensorflow as tf


def case(name, one_frame=None):
    """Decorates a function that builds a graph and returns runs: (feeds, fetches, targets), made in this order
    in one session; feeds by tensor. `one_frame`: the frame_name that all loops have in the graph that is kept."""

    def make(build):
        graph = tf.Graph()
        with graph.as_default():
            v1.set_random_seed(7)
            runs = build()
        session = open_session(graph)
        out = [run_one(session, feeds, fetches, targets) for feeds, fetches, *targets in runs]
        kept = trimmed(graph)
        for node in kept.node:
            if one_frame and node.op == "Enter":
                node.attr["frame_name"].s = one_frame
        CASES.append(golden(name, kept, out))
        return build

    return make


def ph(shape=None, name="p", dtype=tf.float32):
    return v1.placeholder(dtype, shape, name)


def f32(*shape):
    return (np.arange(np.prod(shape, dtype=int)).reshape(shape) % 7 - 3).astype(np.float32)


@case("straight line, several shapes")
def _():
    p = ph()
    y = tf.identity((p + 1.0) * 2.0 - p, name="y")
    z = tf.nn.relu(y)
    return [({p: f32(*s)}, [y, z]) for s in [(3,), (2, 2), (3,), (), (0,), (5, 1), (2, 2), (6,), (7,), (8,), (6,)]]


@case("unfed placeholders")
def _():
    a, b, c = ph([2], "a"), ph(None, "b"), ph([None, 3], "scope/c")
    return [({}, [a + 1.0]), ({}, [b + 1.0]), ({}, [c]), ({a: f32(2)}, [a + 1.0, b + 1.0]), ({}, [], c.op)]


@case("what may be fed and fetched")
def _():
    p = ph()
    k = tf.constant(3.0, name="k")
    y = tf.identity(k * 2.0, name="y")
    z = y + p
    i = ph(None, "i", tf.int32)
    d = v1.placeholder_with_default(np.float32(5), [], "d")
    return [({k: np.float32(7)}, [y]), ({y: np.float32(1), p: f32(2)}, [z, z, z]), ({p: f32(2)}, [p]),
            ({}, []), ({p: np.int32(1)}, [z]), ({p: f32(2), i: np.float32(1)}, [z]), ({p: f32(2)}, [k, z, y]),
            ({}, [d, d + 1.0]), ({d: np.float32(2)}, [d + 1.0]), ({p: f32(1), y: f32(1)}, [k], z.op)]


@case("shapes from values that are fed")
def _():
    p, s = ph(), ph(None, "s", tf.int32)
    y = tf.reshape(p, s, name="rs") * 2.0
    z = tf.reduce_sum(y, axis=0)
    return [({p: f32(6), s: np.int32(v)}, [y, z]) for v in [[2, 3], [3, 2], [2, 3], [6, 1], [4, 2], [2, 3], [2, 3]]]


@case("shapes of shapes")
def _():
    p = ph()
    y = tf.reshape(p, tf.concat([tf.shape(p)[1:], tf.shape(p)[:1]], 0))
    z = tf.reshape(p, [-1, tf.shape(p)[0]]) + tf.cast(tf.size(p), tf.float32)
    w = tf.zeros_like(p) + tf.fill(tf.shape(p), 2.0)
    return [({p: f32(*s)}, [y, z, w]) for s in [(2, 3), (2, 3), (4, 5), (2, 3), (4, 5), (1, 1), (0, 2)]]


@case("shapes that data decide")
def _():
    p = ph()
    w = tf.where(p > 0.0)
    g = tf.gather_nd(p, w)
    r = tf.reshape(g, [-1, 1]) * 3.0
    n = tf.shape(g)[0]
    s = tf.reduce_sum(r * r) + tf.cast(n, tf.float32)
    t = tf.concat([g, p], 0) + tf.cast(tf.shape(r)[0], tf.float32)
    return [({p: np.float32(v)}, [g, r, s, t, n]) for v in
            [[1, -1, 2], [1, -1, 2], [-1, -1, 4], [3, 3, 3], [-1, -1, -1], [1, -1, 2], [3, 3, 3], [3, -3, 3]]]


@case("memory that several outputs share")
def _():
    p = ph()
    y = tf.nn.relu(p)
    v = tf.reshape(y, [-1])
    w = tf.expand_dims(v, 0)
    a = tf.identity(w)
    b = a + 1.0
    c = tf.nn.relu(y - 1.0)
    d = tf.reshape(c, [-1])
    e = tf.negative(c)
    return [({p: f32(2, 3)}, [y, v, w, a, b, d, e, c]), ({p: f32(2, 3)}, [v, b, v]), ({p: f32(2, 3)}, [v, b, v]),
            ({p: f32(2, 3)}, [y, v, w, a, b, d, e, c]), ({p: f32(2, 3)}, [y, v, w, a, b, d, e, c]),
            ({p: f32(2, 3)}, [tf.reshape(p, [-1]), tf.identity(p)]), ({p: f32(4)}, [e, d])]


@case("ref variables")
def _():
    v = v1.get_variable("v", initializer=np.float32([1, 2, 3]), use_resource=False)
    init, read = v.initializer, v.read_value()
    up = v1.assign_add(v, np.float32([10, 20, 30]))
    double = v1.assign(v, read * 2.0)
    p = ph()
    reshaped = v1.assign(v, p, validate_shape=False)
    total = read + 1.0
    with tf.control_dependencies([up]):
        after = v.read_value()
    return [({}, [read]), ({}, [v._ref()]), ({}, [up]), ({}, [], init), ({}, [read, total]), ({}, [up]), ({}, [read]),
            ({}, [after]), ({}, [double]), ({}, [total]), ({p: f32(2)}, [reshaped]), ({}, [total, read]),
            ({}, [total]), ({p: f32(2, 2)}, [reshaped]), ({}, [total]), ({}, [total]), ({}, [], init), ({}, [total]),
            ({}, [v._ref()])]


@case("Identity of a ref variable sees changes in place")
def _():
    v = v1.get_variable("v", initializer=np.float32([1, 2, 3]), use_resource=False)
    snapshot = v.read_value()
    with tf.control_dependencies([snapshot]):
        up = v1.assign_add(v, np.float32([10, 10, 10]))
        double = v1.assign(v, snapshot * 2.0)
    with tf.control_dependencies([up]):
        after_up = tf.identity(snapshot) + 0.0
    with tf.control_dependencies([double]):
        after_double = tf.identity(snapshot) + 0.0
    return [({}, [], v.initializer), ({}, [after_up]), ({}, [after_up]), ({}, [snapshot]), ({}, [after_double]),
            ({}, [snapshot]), ({}, [after_double]), ({}, [after_up]), ({}, [snapshot])]


@case("resource variables")
def _():
    v = v1.get_variable("v", initializer=np.float32([1, 2, 3]), use_resource=True)
    read = v.read_value()
    total = tf.reduce_sum(read * 2.0)
    up = v.assign_add(np.float32([1, 1, 1]), read_value=False)
    with tf.control_dependencies([up]):
        after = v.read_value()
    is_there = tf.raw_ops.VarIsInitializedOp(resource=v.handle)
    return [({}, [is_there]), ({}, [], v.initializer), ({}, [is_there]), ({}, [read, total]), ({}, [after]),
            ({}, [total]), ({}, [], up), ({}, [total]), ({}, [total]), ({}, [after]), ({}, [total, read])]


@case("kernel errors name their node")
def _():
    p = ph()
    y = tf.reshape(p, [2], name="sc/rs")
    a = tf.raw_ops.Assert(condition=tf.reduce_sum(p) > 0.0, data=[tf.constant([1, 2, 3, 4, 5]), tf.constant("bad")],
                          name="as")
    return [({p: f32(3)}, [y]), ({p: f32(2)}, [y]), ({p: f32(3)}, [y]), ({p: f32(2)}, [y]), ({p: f32(3)}, [], a),
            ({p: np.float32([3])}, [], a), ({p: f32(3)}, [], a), ({p: np.float32([9])}, [], a)]


@case("switch and merge")
def _():
    p, c = ph(), ph([], "c", tf.bool)
    no, yes = tf.raw_ops.Switch(data=p, pred=c)
    m = tf.raw_ops.Merge(inputs=[tf.nn.relu(no), tf.reshape(yes * 2.0, [-1])])
    after = m[0] + 1.0
    with tf.control_dependencies([yes]):
        k = tf.constant(5.0)
    m2 = tf.raw_ops.Merge(inputs=[no, k])
    bad = tf.raw_ops.Switch(data=p, pred=v1.placeholder_with_default([True, True], None), name="badsw")
    both = [m[0], m[1], after, m2[0], m2[1]]
    return [({p: f32(2, 2), c: np.bool_(v)}, both) for v in [True, False, True, False, False, True, True]] + [
        ({p: f32(2), c: np.True_}, [no]), ({p: f32(2), c: np.True_}, [no + 1.0]), ({p: f32(2), c: np.True_}, [yes]),
        ({p: f32(2)}, [bad[0]]), ({p: f32(2), c: np.True_}, [after]), ({p: f32(2), c: np.False_}, [after])]


@case("nested conditionals, v1")
def _():
    v1.disable_control_flow_v2()
    p, c, d = ph(), ph([], "c", tf.bool), ph([], "d", tf.bool)
    w = tf.constant(np.float32([1, 2]))
    y = v1.cond(c, lambda: v1.cond(d, lambda: p + w, lambda: p * tf.constant(3.0)), lambda: tf.negative(p) + tf.ones([2]))
    z = tf.reduce_sum(y * y)
    v1.enable_control_flow_v2()
    return [({p: f32(2), c: np.bool_(a), d: np.bool_(b)}, [y, z]) for a in (1, 0) for b in (1, 0)] * 2


@case("functions")
def _():
    w = v1.get_variable("w", initializer=np.float32([2, 3]), use_resource=True)

    @tf.function
    def f(x):
        return tf.reshape(x, [2], name="rs") + 1.0

    @tf.function
    def g(x):
        w.assign_add([1.0, 1.0])
        return f(x) * w, x

    @tf.function
    def h(x):
        return tf.nn.relu(x)

    p = ph()
    a = f(p)
    b, c = g(p)
    d = h(h(p))
    return [({p: f32(2)}, [a]), ({p: f32(3)}, [a]), ({}, [], w.initializer), ({p: f32(2)}, [b, c]),
            ({p: f32(2)}, [b]), ({p: f32(2)}, [w.read_value()]), ({p: f32(3)}, [b]), ({p: f32(2)}, [b]),
            ({p: f32(1, 3)}, [d]), ({p: f32(1, 3)}, [d, tf.negative(d)]), ({p: f32(2)}, [d])]


@case("functions in branches")
def _():
    v1.disable_control_flow_v2()

    @tf.function
    def f(x):
        return x + tf.constant([1.0, 2.0]), tf.constant(4.0)

    p, c = ph(), ph([], "c", tf.bool)
    y = v1.cond(c, lambda: f(p), lambda: (tf.negative(p), tf.constant(9.0)))
    v1.enable_control_flow_v2()
    return [({p: f32(2), c: np.bool_(v)}, list(y)) for v in (1, 0, 1, 1, 0)]


@case("If, While and Case, v2")
def _():
    p, c, i = ph(), ph([], "c", tf.bool), ph([], "i", tf.int32)
    w = tf.constant(np.float32([1, 2]))
    y = tf.cond(c, lambda: (p + w, tf.constant(1)), lambda: (tf.negative(p), tf.constant(2)))
    n, a = tf.while_loop(lambda n, a: n < i, lambda n, a: (n + 1, a * 2.0 + p), [tf.constant(0), p])
    _, grown = tf.while_loop(lambda n, g: n < i, lambda n, g: (n + 1, tf.concat([g, g[:1] + 1.0], 0)),
                             [tf.constant(0), p], [tf.TensorShape([]), tf.TensorShape(None)])
    _, nested = tf.while_loop(
        lambda n, s: n < i,
        lambda n, s: (n + 1, tf.while_loop(lambda k, s: k < n, lambda k, s: (k + 1, s + tf.reduce_sum(p)), [0, s])[1]),
        [tf.constant(0), tf.constant(0.0)])
    s = tf.switch_case(i, [lambda: p + 1.0, lambda: p + 2.0, lambda: p + 3.0])
    bad = tf.while_loop(lambda n, b: n < i, lambda n, b: (n + 1, tf.reshape(b, [2, n], name="rs")), [tf.constant(0), p],
                        [tf.TensorShape([]), tf.TensorShape(None)])[1]
    return [({p: f32(2), c: np.bool_(k % 2), i: np.int32(k)}, [*y, n, a, grown, nested, s]) for k in
            [0, 1, 2, 3, 3, 7, 1, 0]] + [({p: f32(2), i: np.int32(-3)}, [s, a, nested])]


@case("variables in While")
def _():
    v = v1.get_variable("v", initializer=np.float32([1, 2]), use_resource=True)

    def body(n, a):
        with tf.control_dependencies([v.assign_add([1.0, 1.0])]):
            a = a + v.read_value()
        with tf.control_dependencies([a]):  # iterations overlap otherwise
            return tf.add(n, 1), a

    n, a = tf.while_loop(lambda n, a: n < 3, body, [tf.constant(0), tf.zeros([2])])
    return [({}, [], v.initializer), ({}, [a, n]), ({}, [a, n]), ({}, [v.read_value()])]


@case("strings")
def _():
    p = ph(None, "p", tf.string)
    y = tf.identity(p)
    return [({p: np.array([b"a", b"a longer string than fits inside", b""], object)}, [y, tf.reshape(y, [-1, 1])])] * 3


def loops(name, **kw):
    """A case whose conditionals and loops are those of TensorFlow 1."""

    def make(build):
        def built():
            v1.disable_control_flow_v2()
            try:
                return build()
            finally:
                v1.enable_control_flow_v2()
        case(name, **kw)(built)

    return make


def count_to(n, body, values, **kw):
    """A loop of n turns; body(i, *values) gives the next values."""
    return v1.while_loop(lambda i, *v: i < n, lambda i, *v: [i + 1, *body(i, *v)], [tf.constant(0), *values], **kw)


@loops("while, v1")
def _():
    p, n = ph(), ph([], "n", tf.int32)
    w = tf.constant(np.float32([1, 2]))
    i, a = count_to(n, lambda i, a: [a * 2.0 + p * w + tf.constant(1.0)], [p])
    _, b, c = count_to(n, lambda i, b, c: [c, b + c], [p, p + 1.0])  # the two change places
    _, d, e = count_to(n, lambda i, d, e: [d, e + d], [p, p])  # one stays
    s = tf.reduce_sum(a) + tf.cast(i, tf.float32)
    k = [int(x) for x in [0, 1, 2, 3, 7, 7, 0, 20, 3]]
    return [({p: f32(2), n: np.int32(v)}, [i, a, b, c, s, d, e]) for v in k] + [
        ({p: f32(3, 2), n: np.int32(4)}, [a, i]), ({p: f32(3, 2), n: np.int32(4)}, [a]), ({p: f32(2), n: np.int32(2)}, [i])]


@loops("nested while, v1")
def _():
    p, n = ph(), ph([], "n", tf.int32)

    def row(i, s):
        return [count_to(i, lambda k, t: [t + p * tf.cast(k + i, tf.float32)], [s])[1]]

    _, s = count_to(n, row, [p])
    _, t = count_to(n, lambda i, t: [count_to(n, lambda j, u: [count_to(j, lambda k, v: [v + 1.0], [u])[1]], [t])[1]], [p])
    return [({p: f32(2), n: np.int32(v)}, [s, t]) for v in [0, 1, 2, 5, 5, 3, 0, 5]]


@loops("conditionals in while, v1")
def _():
    p, n, c = ph(), ph([], "n", tf.int32), ph([], "c", tf.bool)

    def body(i, a):
        even = tf.equal(i % 2, 0)
        b = v1.cond(even, lambda: a + tf.constant(1.0), lambda: v1.cond(c, lambda: a * 2.0, lambda: a - p))
        return [v1.cond(c, lambda: b, lambda: tf.negative(b))]

    _, a = count_to(n, body, [p])
    return [({p: f32(2), n: np.int32(v), c: np.bool_(b)}, [a]) for v in [0, 1, 4, 5, 5] for b in [0, 1]]


@loops("while in conditionals, v1")
def _():
    p, n, c = ph(), ph([], "n", tf.int32), ph([], "c", tf.bool)
    y = v1.cond(c, lambda: count_to(n, lambda i, a: [a + p], [p])[1], lambda: tf.negative(p))
    z = v1.cond(c, lambda: count_to(n, lambda i, a: [v1.cond(i < 2, lambda: a * 2.0, lambda: count_to(
        i, lambda k, b: [b + 1.0], [a])[1])], [p])[1], lambda: count_to(n, lambda i, a: [a - 1.0], [p])[1])
    with tf.control_dependencies([y]):
        after = tf.constant(3.0) * 2.0
    return [({p: f32(2), n: np.int32(v), c: np.bool_(b)}, [y, z, after]) for v in [0, 1, 4] for b in [0, 1, 1]]


@loops("shapes that change in while, v1")
def _():
    p, n = ph(), ph([], "n", tf.int32)
    free = [tf.TensorShape([]), tf.TensorShape(None)]
    _, a = count_to(n, lambda i, a: [tf.concat([a, a[:1] + 1.0], 0)], [p], shape_invariants=free)
    _, b = count_to(n, lambda i, b: [tf.cond(tf.size(b) > 6, lambda: b[:2], lambda: tf.concat([b, b], 0))], [p],
                    shape_invariants=free)
    _, bad = count_to(n, lambda i, b: [tf.reshape(b, [2, i], name="rs")], [p], shape_invariants=free)
    return [({p: f32(2), n: np.int32(v)}, [a, b]) for v in [0, 1, 6, 6, 3, 12]] + [
        ({p: f32(2), n: np.int32(v)}, [bad]) for v in [0, 1, 2]]


@loops("variables in while, v1")
def _():
    v = v1.get_variable("v", initializer=np.float32([1, 2]), use_resource=False)
    r = v1.get_variable("r", initializer=np.float32([1, 2]), use_resource=True)
    n = ph([], "n", tf.int32)

    def body(i, a):
        with tf.control_dependencies([v1.assign_add(v, np.float32([1, 1]))]):
            a = a + v.read_value()
        with tf.control_dependencies([r.assign_add(a)]):
            a = a + r.read_value()
        with tf.control_dependencies([a]):
            return [a + 0.0]

    _, a = count_to(n, body, [tf.zeros([2])], parallel_iterations=1)
    with tf.control_dependencies([a]):
        after = v.read_value() + 0.0
    return [({}, [], v.initializer, r.initializer)] + [({n: np.int32(k)}, [a]) for k in [0, 1, 3, 3]] + [
        ({}, [v.read_value(), r.read_value()]), ({n: np.int32(2)}, [after])]


@loops("strings, and what else loops carry, v1")
def _():
    n = ph([], "n", tf.int32)
    p = ph([], "p", tf.string)
    _, s = count_to(n, lambda i, s: [tf.strings.join([s, tf.as_string(i), p])], [p])
    _, t, b = count_to(n, lambda i, t, b: [tf.concat([t, [p]], 0)[1:], tf.logical_not(b)], [tf.fill([2], p), tf.constant(False)])
    m = v1.while_loop(lambda x: x < 100.0, lambda x: x * 3.0, [tf.constant(1.0)], maximum_iterations=n)
    return [({n: np.int32(k), p: np.array(b"a long string, longer than fits")}, [s, t, b, m]) for k in [0, 1, 3, 3, 9]]


@loops("functions in while, v1")
def _():
    p, n = ph(), ph([], "n", tf.int32)

    @tf.function
    def f(x, y):
        return x * 2.0 + y, tf.constant(1.0)

    _, a, b = count_to(n, lambda i, a, b: list(f(a, p)), [p, tf.constant(0.0)])
    return [({p: f32(2), n: np.int32(k)}, [a, b]) for k in [0, 1, 3, 3]]


@loops("while loops that share a frame name", one_frame=b"f")  # TF refuses those
def _():
    p, n = ph(), ph([], "n", tf.int32)
    _, a = count_to(n, lambda i, a: [a + p], [p])
    _, b = count_to(n, lambda i, b: [count_to(2, lambda k, c: [c + 1.0], [b])[1] + a], [a])
    return [({p: f32(2), n: np.int32(k)}, [a, b]) for k in [0, 1, 3]]


@loops("control edges around while, v1")
def _():
    v = v1.get_variable("v", initializer=np.float32(1), use_resource=True)
    n = ph([], "n", tf.int32)
    with tf.control_dependencies([v.assign_add(1.0, read_value=False)]):
        start = tf.identity(tf.constant(10.0))
    _, a = count_to(n, lambda i, a: [a + 1.0], [start])
    with tf.control_dependencies([a]):
        up = v.assign_add(100.0, read_value=False)
    with tf.control_dependencies([up]):
        read = v.read_value()
    return [({}, [], v.initializer), ({n: np.int32(3)}, [a, read]), ({n: np.int32(0)}, [a, read]), ({n: np.int32(3)}, [read])]


@loops("map, fold and scan, v1")
def _():
    p = ph()
    m = tf.map_fn(lambda x: x * x + 1.0, p)
    f = tf.foldl(lambda a, x: a * 0.5 + x, p)
    s = tf.scan(lambda a, x: a + x, p)
    return [({p: f32(*k)}, [m, f, s]) for k in [(4,), (4,), (3, 2), (1,), (4,)]]


@loops("gradients of while, v1")
def _():
    p, n, c = ph([2]), ph([], "n", tf.int32), ph([], "c", tf.bool)
    w = tf.constant(np.float32([0.5, 2]))
    _, a = count_to(n, lambda i, a: [v1.cond(c, lambda: a * w + p, lambda: tf.tanh(a))], [p])
    _, b = count_to(n, lambda i, b: [count_to(i, lambda k, d: [d * p], [b])[1] + w], [p])
    return [({p: f32(2) / 4, n: np.int32(k), c: np.bool_(k % 2)}, [a, b, *tf.gradients(a, p), *tf.gradients(b, [p])])
            for k in [0, 1, 2, 3, 3, 2]]


@loops("gradient of a tensor array in a loop, v1")
def _():
    # The backward loop pops the handles of the arrays that the forward one made.
    p, n = ph([2], "p"), ph([], "n", tf.int32)

    def body(i, x):
        array = tf.TensorArray(tf.float32, size=2, clear_after_read=False)
        array = array.write(0, x).write(1, x * p)
        return i + 1, tf.reduce_sum(array.stack(), 0)

    _, y = v1.while_loop(lambda i, x: i < n, body, [tf.constant(0), p])
    return [({p: f32(2), n: np.int32(k)}, [y, *tf.gradients(y, p)]) for k in [0, 1, 2, 3]]


@case("raw loops")
def _():
    r = tf.raw_ops
    p, n = ph([], "p"), ph([], "n", tf.int32)

    def enter(x, **kw):
        return r.Enter(data=x, frame_name="f", **kw)

    def loop(data, limit, step):
        i = enter(tf.constant(0))
        x = enter(data)
        k = enter(limit, is_constant=True)
        w = enter(step, is_constant=True)
        mi, _ = r.Merge(inputs=[i, i])
        mx, _ = r.Merge(inputs=[x, x])
        go = r.LoopCond(input=mi < k)
        si, sx, sw = (r.Switch(data=t, pred=go) for t in (mi, mx, w))
        with tf.control_dependencies([si[1]]):
            one = tf.constant(1)
        mi.op._update_input(1, r.NextIteration(data=si[1] + one))
        mx.op._update_input(1, r.NextIteration(data=sx[1] + w))
        return [r.Exit(data=t[0]) for t in (si, sx, sw)], mx

    (i, x, w), inside = loop(p, n, tf.constant(2.0))
    return [({p: np.float32(1), n: np.int32(k)}, [i, x, w]) for k in [0, 1, 5]] + [
        ({p: np.float32(1), n: np.int32(2)}, [x], inside.op), ({p: np.float32(1), n: np.int32(2)}, [], x.op)]


def random_graph(seed):
    rng = np.random.RandomState(seed)
    p, q = ph(None, "p", tf.float64), ph(None, "q", tf.float64)  # rounding must not decide
    live = [p, q]
    kept = []
    for _ in range(70):
        a, b = (live[rng.randint(max(0, len(live) - 9), len(live))] for _ in range(2))
        kind = rng.randint(11)
        if kind < 3:
            y = a + b if kind else a * b
        elif kind == 3:
            y = tf.nn.relu(a)
        elif kind == 4:
            y = tf.reshape(tf.reshape(a, [-1]), tf.shape(b)) - b
        elif kind == 5:
            y = tf.transpose(tf.transpose(a)) + tf.reduce_sum(b, axis=0, keepdims=True)
        elif kind == 6:
            y = tf.concat([a[:1], b[1:]], 0)
        elif kind == 7:
            y = tf.identity(a)
        elif kind == 8:
            y = tf.minimum(tf.maximum(a, -2.0), 2.0)
        elif kind == 9:
            y = tf.tanh(a)
        else:
            y = tf.expand_dims(a, 0)[0] / 2.0
        if rng.rand() < 0.3:
            y = tf.tanh(y)
        live.append(y)
        if rng.rand() < 0.1:
            kept.append(y)
    kept.append(live[-1])
    runs = [({p: f32(*s).astype(float), q: f32(*s).astype(float)[::-1] / 4}, kept) for s in [(3, 4), (3, 4), (5, 2), (3, 4), (5, 2), (1, 1)]]
    return runs + [({p: f32(3, 4).astype(float), q: f32(3, 4).astype(float) / 3}, kept[-1:])] * 3


for seed in range(12):
    case(f"random graph {seed}")(lambda seed=seed: random_graph(seed))

save("tests/data/exec/cases.json")
for c in CASES:
    print(c["name"], len(c["graph"]), [r.get("error", "ok")[:150] for r in c["runs"]])
