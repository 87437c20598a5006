"""Makes tests/data/exec/refs.json: ref variables that are assigned in TensorFlow 1's while loops and conditionals and read
through Identities outside of them; and what TensorFlow answers, where such a read shares the variable's memory.

Run by hand with TensorFlow 2.15.1 present, from the repository's root:  python tests/exec/gen_refs.py
src/session/session_golden_test.c replays them. The order of each program is fixed by control edges and by a single
iteration at a time.
"""
from golden import CASES, golden, open_session, run_one, save, trimmed, v1  # first: it sets TensorFlow's environment

import numpy as np
import tensorflow as tf

v1.disable_eager_execution()
v1.disable_control_flow_v2()


def variable(name="v", value=(1, 2)):
    return v1.get_variable(name, initializer=np.float32(value), use_resource=False)


def then(what, make):
    """What make() makes, after `what`."""
    with tf.control_dependencies(what if isinstance(what, list) else [what]):
        return make()


def loop(n, body, values):
    """n turns, one at a time; body(i, *values) gives the next values and what must be done before the next turn."""

    def turn(i, *v):
        out, done = body(i, *v)
        return then(done, lambda: [tf.add(i, 1)] + [tf.identity(o) if o is not v[k] else o for k, o in enumerate(out)])

    return v1.while_loop(lambda i, *v: i < n, turn, [tf.constant(0)] + values, parallel_iterations=1)[1:]


def case(build):
    with tf.Graph().as_default() as graph:
        n = v1.placeholder(tf.int32, [], "n")
        fetches = build(n)
        init = v1.global_variables_initializer()
    with open_session(graph) as session:
        runs = [run_one(session, {}, [], [init])]
        runs += [run_one(session, {n: np.int32(count)}, fetches, []) for count in [0, 1, 3, 3, 2]]
    CASES.append(golden(build.__doc__, trimmed(graph), runs))
    print(build.__doc__, *[[o["values"] for o in r["outputs"]] for r in runs[1:]], sep="\n   ")


ONE = np.float32([1, 1])


@case
def _(n):
    """a read outside, used after the assignment in the body"""
    v = variable()
    read = v.value()

    def body(i, a):
        up = v1.assign_add(v, ONE)
        return [then(up, lambda: a + read)], up

    a, = loop(n, body, [tf.zeros([2])])
    return [a, then(a, lambda: v.read_value() * 1.0)]


@case
def _(n):
    """a read outside, used before the assignment in the body"""
    v = variable()
    read = v.value()

    def body(i, a):
        b = a + read
        return [b], then(b, lambda: v1.assign_add(v, ONE))

    a, = loop(n, body, [tf.zeros([2])])
    return [a]


@case
def _(n):
    """a read made before the loop, used after it"""
    v = variable()
    read = v.read_value()
    start = then(read, lambda: tf.zeros([2]) + 0.0)
    a, = loop(n, lambda i, a: ([a + 1.0], then(a, lambda: v1.assign_add(v, ONE))), [start])
    return [a, then(a, lambda: read * 1.0), then(a, lambda: tf.reshape(read, [2, 1]) * 1.0)]


@case
def _(n):
    """the assignment in a nested loop"""
    v = variable()
    read = v.value()

    def inner(j, b):
        b = b + read
        return [b], then(b, lambda: v1.assign_add(v, ONE))

    def body(i, a):
        a = a + read
        b, = loop(i, inner, [a])
        c = then(b, lambda: b * 0.5 + read)
        return [c], c

    a, = loop(n, body, [tf.zeros([2])])
    return [a, then(a, lambda: read * 1.0)]


@case
def _(n):
    """the assignment in the outer loop, the read in a nested one"""
    v = variable()
    read = v.value()

    def inner(j, b):
        b = b + read
        return [b], b

    def body(i, a):
        b, = loop(2, inner, [a])
        up = then(b, lambda: v1.assign_add(v, ONE))
        c, = then(up, lambda: loop(1, inner, [b + 0.0]))
        return [c], c

    a, = loop(n, body, [tf.zeros([2])])
    return [a]


@case
def _(n):
    """the assignment in a branch in the loop"""
    v = variable()
    read = v.value()

    def body(i, a):
        done = v1.cond(tf.equal(i % 2, 0), lambda: v1.assign_add(v, ONE), lambda: tf.identity(ONE))
        b = then(done, lambda: a + read)
        return [b], b

    a, = loop(n, body, [tf.zeros([2])])
    return [a, then(a, lambda: v.read_value() * 1.0)]


@case
def _(n):
    """the read in a branch in the loop"""
    v = variable()
    read = v.value()

    def body(i, a):
        up = v1.assign_add(v, ONE)
        b = then(up, lambda: v1.cond(then(up, lambda: tf.equal(i % 2, 0)), lambda: a + read, lambda: a - read))
        return [b], b

    a, = loop(n, body, [tf.zeros([2])])
    return [a]


@case
def _(n):
    """a variable of the loop that begins as a read and stays"""
    v = variable()
    read = v.value()

    def body(i, a, kept):
        up = v1.assign_add(v, ONE)
        return [then(up, lambda: a + kept), kept], up

    a, kept = loop(n, body, [tf.zeros([2]), read])
    return [a, then(a, lambda: kept * 1.0)]


@case
def _(n):
    """a variable of the loop that begins as a read and changes"""
    v = variable()
    read = v.value()

    def body(i, a, b):
        up = v1.assign_add(v, ONE)
        sum = then(up, lambda: a + b)
        return [sum, then(sum, lambda: b * 2.0)], sum

    a, b = loop(n, body, [tf.zeros([2]), read])
    return [a, b]


@case
def _(n):
    """a variable of the loop that becomes a read"""
    v = variable()
    read = v.value()

    def body(i, a, b):
        up = v1.assign_add(v, ONE)
        sum = then(up, lambda: a + b)
        return [sum, read], sum

    a, b = loop(n, body, [tf.zeros([2]), tf.ones([2])])
    up = then([a, b], lambda: v1.assign_add(v, ONE))
    return [a, then(up, lambda: b * 1.0)]


@case
def _(n):
    """a variable of the loop that becomes what was read in it"""
    v, w = variable(), variable("w", (5, 5))

    def body(i, a, b):
        read = v.read_value()
        up = then(read, lambda: v1.assign_add(v, ONE))
        sum = then(up, lambda: a + b)
        return [sum, read], sum

    a, b = loop(n, body, [tf.zeros([2]), w.value()])
    up = then([a, b], lambda: [v1.assign_add(v, ONE), v1.assign_add(w, ONE)])
    return [a, then(up, lambda: b * 1.0)]


@case
def _(n):
    """variables that change places in a loop"""
    v, w = variable(), variable("w", (10, 20))

    def body(i, a, b, c):
        up = then(a, lambda: v1.assign_add(v, ONE))
        sum = then(up, lambda: a + b * 2.0 + c)
        return [sum, c, b], sum

    a, b, c = loop(n, body, [tf.zeros([2]), v.value(), w.value()])
    up = then([a, b, c], lambda: [v1.assign_add(v, ONE), v1.assign_sub(w, ONE)])
    return [a, then(up, lambda: b * 1.0), then(up, lambda: c * 1.0)]


@case
def _(n):
    """assign, and other ops that write"""
    v = variable()
    read = v.value()

    def body(i, a):
        set = v1.assign(v, a * 0.5)
        b = then(set, lambda: a + read)
        less = then(b, lambda: v1.assign_sub(v, ONE))
        c = then(less, lambda: b + read)
        put = then(c, lambda: v1.scatter_update(v, [1], [7.0]))
        d = then(put, lambda: c * 0.5 + read)
        return [d], d

    a, = loop(n, body, [tf.ones([2])])
    return [a, then(a, lambda: tf.identity(read) * 1.0)]


@case
def _(n):
    """a variable that one loop assigns and the next one reads"""
    v = variable()
    read = v.value()

    def first(i, a):
        up = v1.assign_add(v, ONE)
        return [then(up, lambda: a + read)], up

    def second(i, b):
        b = b * 0.5 + read
        return [b], b

    a, = loop(n, first, [tf.zeros([2])])
    b, = loop(n, second, [a])
    return [a, b]


@case
def _(n):
    """an assignment in the condition"""
    v = variable()
    read = v.value()

    def more(i, a):
        up = v1.assign_add(v, ONE)
        return then(up, lambda: tf.less(i, n))

    def body(i, a):
        b = a + read
        return [then(b, lambda: i + 1), b]

    _, a = v1.while_loop(more, body, [tf.constant(0), tf.zeros([2])], parallel_iterations=1)
    return [a, then(a, lambda: read * 1.0)]


@case
def _(n):
    """what conditionals and Identities pass on"""
    v, w = variable(), variable("w", (10, 20))
    a, b = v.value(), w.value()
    either = v1.cond(n > 1, lambda: a, lambda: b)
    mixed = v1.cond(n > 1, lambda: a, lambda: b * 2.0)
    same, flat = tf.identity(tf.identity(a)), tf.stop_gradient(tf.reshape(a, [1, 2]))
    ups = then([either, mixed, same, flat], lambda: [v1.assign_add(v, ONE), v1.assign_add(w, ONE)])
    return [then(ups, lambda t=t: t * 1.0) for t in (either, mixed, same, flat)]


@case
def _(n):
    """a loop in a conditional"""
    v = variable()
    read = v.value()

    def body(i, a):
        up = then(a, lambda: v1.assign_add(v, ONE))
        return [then(up, lambda: a + read)], up

    a = v1.cond(n > 1, lambda: loop(n, body, [tf.zeros([2])])[0], lambda: tf.ones([2]))
    return [a, then(a, lambda: read * 1.0)]


@case
def _(n):
    """memory that is replaced"""
    v = variable()
    read = v.value()

    def body(i, a):
        longer = v1.assign(v, np.float32([8, 8, 8]), validate_shape=False)
        b = then(longer, lambda: a + read)
        return [b], b

    a, = loop(n, body, [tf.ones([2])])
    end = then(a, lambda: v1.assign(v, np.float32([3, 4]), validate_shape=False))
    return [a, then(end, lambda: v.read_value() * 1.0)]


@case
def _(n):
    """a temporary variable that is read, changed and destroyed"""
    r = tf.raw_ops
    start = tf.fill([2], tf.cast(n, tf.float32))
    ref = r.Assign(ref=r.TemporaryVariable(shape=[2], dtype=tf.float32, var_name="t"), value=start)
    read = r.Identity(input=ref)
    up = then(read, lambda: r.AssignAdd(ref=ref, value=ONE))
    gone = then(up, lambda: r.DestroyTemporaryVariable(ref=up, var_name="t"))
    return [gone, then(gone, lambda: read * 1.0)]


@case
def _(n):
    """a variable that no loop assigns beside one that a loop does"""
    v, w = variable(), variable("w", (10, 20))

    def body(i, a):
        up = then(a, lambda: v1.assign_add(v, ONE))
        b = then(up, lambda: a + v.value() * w.read_value())
        return [b], b

    a, = loop(n, body, [tf.zeros([2])])
    return [a + tf.sqrt(w.value()), tf.sqrt(w.read_value())]


save("tests/data/exec/refs.json")
