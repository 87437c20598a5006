"""Makes tests/data/exec/random.json: random programs of conditionals, loops, tensor arrays and variables in TensorFlow 1's
control flow, nested in each other, with gradients through some of them; and what TensorFlow answers.

Run by hand with TensorFlow 2.15.1 present, from the repository's root:  python tests/exec/gen_random.py
src/session/session_golden_test.c replays them. To look for new faults, `gen_random.py SEED COUNT FILE` writes COUNT
programs from SEED on, of any size, to another file.

Numbers stay in [-8, 8] and arithmetic is exact in both. Programs with variables pass a token from one use of a
variable to the next, so that there is one order; what is read is used before the token goes on, as TensorFlow's Identity
of a ref shares the variable's memory. So do the Identities that come with variables and stand outside of all loops, and
what conditionals and loops make of them (`reads`): who uses them sees what has been assigned by then.
"""
import random
import sys

from golden import golden, open_session, run_one, save, trimmed, v1  # first: it sets TensorFlow's environment

import numpy as np
import tensorflow as tf

v1.disable_eager_execution()
v1.disable_control_flow_v2()

KEPT, MAX_GRAPH = 24, 16 << 10
FEEDS = [(-3.0, 2.0), (0.5, 0.25), (4.0, 1.0), (-1.0, -7.0)]


def after(what, x):
    with tf.control_dependencies([what]):
        return tf.identity(x)


def clip(x):
    return tf.clip_by_value(x, -8.0, 8.0)


class Program:
    """`env` is what expressions may use: vectors of 2."""

    def __init__(self, rng):
        self.r, self.budget, self.variables, self.resource, self.token = rng, 40, [], False, None
        self.reads = []  # of refs; what they give is used with the token only

    def pick(self, env):
        return self.r.choice(env)

    def expression(self, env):
        a, b = self.pick(env), self.pick(env)
        kind = self.r.randrange(6)
        if kind == 4:
            return clip(tf.minimum(a, b) + float(self.r.randrange(-3, 4)))
        if kind == 5:
            return clip(a * self.r.choice([0.5, -0.5, 2.0, -1.0]))
        return clip([tf.add, tf.subtract, tf.multiply, tf.maximum][kind](a, b))

    def predicate(self, env):
        a, b = tf.reduce_sum(self.pick(env)), tf.reduce_sum(self.pick(env))
        kind = self.r.randrange(4)
        if kind == 0:
            return tf.less(a, b)
        if kind == 1:
            return tf.greater(a, float(self.r.randrange(-4, 5)))
        if kind == 2:
            return tf.logical_and(tf.less(a, 3.0), tf.greater(b, -2.0))
        return tf.logical_not(tf.less_equal(a, b + 1.0))

    def variable(self, env):
        v, x = self.r.choice(self.variables), clip(tf.reduce_sum(self.pick(env)))
        kind = self.r.randrange(6)
        if kind < 3:
            with tf.control_dependencies([self.token]):
                done = [v1.assign, v1.assign_add, v1.assign_sub][kind](v, x)
            self.token = after(done, self.token)
        with tf.control_dependencies([self.token]):
            if self.reads and kind % 2:
                y = self.r.choice(self.reads) * 1.0
            else:
                y = (v if self.resource and kind % 2 else v.read_value()) * 1.0
        self.token = after(y, self.token)
        return clip(y + self.pick(env))

    def block(self, env, depth):
        env = list(env)
        for _ in range(self.r.randrange(1, 4)):
            self.budget -= 1
            kind = self.r.random()
            if self.variables and self.r.random() < 0.3:
                env.append(self.variable(env))
            elif depth <= 0 or self.budget <= 0 or kind < 0.35:
                env.append(self.expression(env))
            elif kind < 0.6:
                env += self.cond(env, depth - 1)
            elif kind < 0.92:
                env += self.loop(env, depth - 1)
            else:
                env += self.array(env, depth - 1)
        return env

    def with_token(self, values):
        return values + [self.token] if self.variables else values

    def without_token(self, values):
        values = list(values) if isinstance(values, (list, tuple)) else [values]
        if self.variables:
            self.token = values.pop()
        return values

    def cond(self, env, depth):
        count, plain, token = self.r.randrange(1, 4), self.r.random() < 0.3, self.token
        reads, passes = self.reads, bool(self.reads) and self.r.random() < 0.4

        def branch():
            self.token, self.reads = token, reads
            inner = self.block(env, depth)
            out = [self.pick(inner) for _ in range(count)]
            if plain:
                out = [tf.identity(o) for o in out]
            if self.r.random() < 0.2:
                out[0] = after(tf.identity(self.pick(inner)), out[0])
            return self.with_token(out + ([self.r.choice(self.reads)] if passes else []))

        out = self.without_token(v1.cond(self.predicate(env), branch, branch))
        self.reads = reads + [out.pop()] if passes else reads
        return out

    def loop(self, env, depth):
        count, most, bound = self.r.randrange(1, 4), self.r.randrange(5), self.r.random() < 0.4
        reads, passes = self.reads, bool(self.reads) and self.r.random() < 0.5
        begins = [self.r.choice(reads)] if passes else []
        start = self.with_token([self.pick(env) for _ in range(count)] + begins)
        limit = tf.constant(most)
        if self.r.random() < 0.5:
            limit = tf.cast(tf.minimum(tf.abs(tf.reduce_sum(self.pick(env))), float(most)), tf.int32)

        def go_on(i, *v):
            more = tf.less(i, limit)
            return tf.logical_and(more, tf.less(tf.reduce_sum(v[0]), 11.0)) if bound else more

        def body(i, *v):
            v = self.without_token(v)
            self.reads = reads + [v.pop()] * 2 if passes else reads
            inner = self.block((env if self.r.random() < 0.7 else []) + v, depth)
            out = [self.pick(inner) if self.r.random() < 0.8 else v[k] for k in range(count)]
            return [i + 1] + self.with_token(out + ([self.r.choice(self.reads)] if passes else []))

        limits = {"maximum_iterations": self.r.randrange(4)} if self.r.random() < 0.2 else {}
        out = v1.while_loop(go_on, body, [tf.constant(0)] + start, parallel_iterations=self.r.choice([1, 10]), **limits)
        out = self.without_token(out[1:])
        self.reads = reads + [out.pop()] if passes else reads
        return out

    def array(self, env, depth):
        count, kept, reads = self.r.randrange(1, 4), self.variables, self.reads
        self.variables, self.reads = [], []
        array = tf.TensorArray(tf.float32, size=count, clear_after_read=False)

        def body(i, x, a):
            y = self.pick(self.block([x] + (env if self.r.random() < 0.5 else []), depth))
            return i + 1, y, a.write(i, y)

        _, y, array = v1.while_loop(lambda i, x, a: i < count, body, [tf.constant(0), self.pick(env), array])
        self.variables, self.reads = kept, reads
        return [y, tf.reduce_sum(array.stack(), 0)]


def build(rng):
    """One program in the default graph: its placeholders, fetches, and what makes its variables (or none)."""
    program = Program(rng)
    p, q = v1.placeholder(tf.float32, [2], "p"), v1.placeholder(tf.float32, [2], "q")
    env, init = [p, q], []
    if rng.random() < 0.5:
        resource = program.resource = rng.random() < 0.5
        frozen = v1.get_variable("frozen", initializer=np.float32(rng.choice([1.5, -2.0])), use_resource=resource)
        program.variables = [v1.get_variable("v%d" % i, initializer=np.float32(i + 1), use_resource=resource)
                             for i in range(2)]
        program.token = tf.identity(tf.reduce_sum(p) * 0.0)
        program.reads = [] if resource else [v.value() for v in program.variables]
        init = [v1.global_variables_initializer()]
        env.append(tf.abs(frozen) * 0.5 * p)
    env = program.block(env, 3)
    names = dict.fromkeys(t.name for t in rng.sample(env, min(len(env), 4)) if t.op.type != "Placeholder")
    fetches = [p.graph.get_tensor_by_name(n) for n in names] or [p + q]
    if not init and rng.random() < 0.35:
        by = tf.gradients(tf.add_n([tf.reduce_sum(t) for t in fetches]), [p, q])
        fetches += [tf.identity(d) for d in by if d is not None][:1]
    if init:
        fetches.append(program.token)
        with tf.control_dependencies(fetches):
            fetches = fetches + [v.read_value() * 1.0 for v in program.variables]
    return [p, q], fetches, init


def make(seed):
    rng = random.Random(seed)
    with tf.Graph().as_default() as graph:
        inputs, fetches, init = build(rng)
        with open_session(graph) as session:
            runs = [run_one(session, {}, [], init)] if init else []
            for _ in range(4):
                feeds = {t: np.array(rng.choice(FEEDS), np.float32) for t in inputs}
                runs.append(run_one(session, feeds, fetches, []))
    return golden("seed %d" % seed, trimmed(graph), runs)


def main(seed=1, count=KEPT, path="tests/data/exec/random.json"):
    cases, small = [], len(sys.argv) == 1
    while len(cases) < count:
        made = make(seed)
        if not small or 4000 < len(made["graph"]) < MAX_GRAPH:
            cases.append(made)
        seed += 1
    save(path, cases)
    print(len(cases), "programs, the last of seed", seed - 1)


main(*[int(a) if a.isdigit() else a for a in sys.argv[1:]])
