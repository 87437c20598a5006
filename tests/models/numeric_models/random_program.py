"""Programs made at random: branches, loops, calls, variables, lists and aliases in every nesting."""


class Program:
    """Tensors by kind: "s" scalars, "r" rows [m], "c" columns [n, 1], "m" matrices [n, m], "d" matrices
    [?, m]. Values are whole and small. "i" are small int32 scalars, "b" bool scalars."""

    def __init__(self, tf, rng, dtype, old):
        self.tf, self.rng, self.dtype, self.old = tf, rng, dtype, old
        self.variables, self.functions, self.last, self.depth, self.steps, self.loops = [], [], None, 0, 0, 0

    # ---- what there is

    def pick(self, env, kinds="srcm"):
        kinds = [k for k in kinds if env.get(k)]
        kind = self.rng.choice(kinds)
        values = env[kind]
        at = self.rng.randrange(len(values)) if self.rng.random() < 0.6 else max(0,
                len(values) - 1 - self.rng.randrange(2))
        return kind, values[at]

    def small(self, x):
        return self.tf.math.floormod(x, self.tf.constant(17, self.dtype)) - 8

    def of(self, value):
        return self.tf.constant(value, self.dtype)

    def shape(self, env, kind):
        tf, m = self.tf, env["x"]
        n, w = tf.shape(m)[0], tf.shape(m)[1]
        return {"s": [], "r": [w], "c": [n, 1], "m": [n, w]}[kind]

    # ---- a step: kind and tensor from those in env

    def step(self, env):
        self.steps += 1
        simple = [self.unary, self.unary, self.binary, self.binary, self.binary, self.alias, self.alias,
                  self.reduce,
                  self.movement, self.movement, self.constant, self.scatter, self.choose, self.index,
                  self.truth,
                  self.masked, self.state, self.state, self.joined]
        nested = [self.branch, self.loop, self.case, self.call, self.array, self.mapped, self.gradient]
        if self.depth < 3 and self.steps < 150 and self.rng.random() < 0.25:
            return self.rng.choice(nested)(env)
        return self.rng.choice(simple)(env)

    def unary(self, env):
        tf, (kind, x) = self.tf, self.pick(env, "srcmd")
        return kind, self.rng.choice([tf.negative, tf.abs, tf.sign, self.small, tf.nn.relu,
                                      lambda x: self.small(x * 2 + 1),
                                      lambda x: self.small(tf.square(x)), tf.zeros_like, tf.ones_like])(x)

    def binary(self, env):
        tf = self.tf
        (a, x), (b, y) = self.pick(env), self.pick(env)
        kind = "m" if {a, b} >= {"r", "c"} else max(a, b, key="srcm".index)
        f = self.rng.choice([tf.add, tf.subtract, tf.maximum, tf.minimum, tf.multiply, tf.math.floormod,
                             tf.math.squared_difference])
        return kind, self.small(f(x, y * y + 1) if f is tf.math.floormod else f(x, y))

    def alias(self, env):
        tf, (kind, x) = self.tf, self.pick(env, "srcmd")
        f = self.rng.choice([tf.identity, tf.stop_gradient, lambda x: tf.identity_n([x, x])[1],
                             lambda x: tf.reshape(x, tf.shape(x)),
                             lambda x: tf.squeeze(tf.expand_dims(x, 0), 0), lambda x: tf.ensure_shape(x,
                                     x.shape),
                             lambda x: tf.broadcast_to(x, tf.shape(x)), lambda x: tf.concat([x[None]], 0)[0],
                             lambda x: tf.add_n([x]), lambda x: tf.reshape(tf.reshape(x, [-1]), tf.shape(x)),
                             lambda x: tf.unstack(tf.stack([x, x]))[1], lambda x: tf.cast(x, self.dtype),
                             lambda x: x[...],
                             lambda x: tf.cast(tf.cast(x, tf.int16), self.dtype),
                             lambda x: tf.split(x[None], 1)[0][0]])
        return kind, f(x)

    def reduce(self, env):
        tf, (kind, x) = self.tf, self.pick(env, "md")
        f = self.rng.choice([tf.reduce_sum, tf.reduce_sum, lambda x, a=None,
                             keepdims=False: tf.reduce_sum(tf.abs(x), a, keepdims)])
        way = self.rng.randrange(3 if kind == "m" else 2)
        made = [lambda: ("s", f(x)), lambda: ("r", f(x, 0)), lambda: ("c", f(x, 1, keepdims=True))][way]()
        return made[0], self.small(made[1])

    def movement(self, env):
        tf, (kind, x) = self.tf, self.pick(env, "mmd")
        k = self.rng.randrange(3)
        return kind, self.rng.choice([
            lambda: tf.transpose(tf.transpose(x)), lambda: tf.reverse(x, [self.rng.randrange(2)]),
                                      lambda: tf.roll(x, k, self.rng.randrange(2)),
            lambda: tf.concat([x[k:], x[:k]], 0), lambda: tf.concat([x[:, 1:], x[:, :1]], 1),
                                      lambda: self.small(tf.cumsum(x, self.rng.randrange(2))),
            lambda: tf.sort(x, self.rng.randrange(2)), lambda: tf.pad(x, [[1, 0], [0, 1]])[1:, :-1],
                                      lambda: tf.tile(x, [1, 2])[:, :tf.shape(x)[1]],
            lambda: x[::-1, ::-1], lambda: tf.gather(x, tf.range(tf.shape(x)[0])[::-1]),
                                      lambda: tf.linalg.band_part(x, 0, -1),
            lambda: tf.reshape(tf.transpose(tf.reshape(x, [tf.shape(x)[1], tf.shape(x)[0]])), tf.shape(x)),
            lambda: self.small(tf.einsum("ij,kj,kl->il", x, x, x)) if self.dtype not in ("int16",) else x])()

    def constant(self, env):
        tf, kind = self.tf, self.rng.choice("srcm")
        if kind == "s":
            return kind, self.of(self.rng.randrange(-8, 9))
        return kind, tf.fill(self.shape(env, kind), self.of(self.rng.randrange(-3, 4)))

    def scatter(self, env):
        tf, x, (_, y) = self.tf, self.pick(env, "m")[1], self.pick(env, "r")
        k = self.rng.randrange(1, 3)
        at = tf.range(0, tf.shape(x)[0], k)[:, None]
        rows = tf.broadcast_to(y, [tf.shape(at)[0], tf.shape(x)[1]])
        f = self.rng.choice([tf.tensor_scatter_nd_update, tf.tensor_scatter_nd_add, tf.tensor_scatter_nd_max])
        return "m", self.small(f(x, at, rows))

    def choose(self, env):
        tf, (kind, x), z = self.tf, self.pick(env, "srcm"), self.of(0)
        return kind, self.rng.choice([lambda: tf.where(x > z, x, self.small(-x * 2)),
                                      lambda: tf.where(x > z, x, z), lambda: tf.clip_by_value(x, z - 3,
                z + 3)])()

    def index(self, env):
        tf, i = self.tf, self.pick(env, "i")[1]
        return "i", self.rng.choice([lambda: i + 1, lambda: (i * 3 + 2) % 5,
                                     lambda: tf.cast(self.pick(env, "s")[1], tf.int32) % 4,
                                     lambda: tf.shape(self.pick(env, "m")[1])[0] % 4,
                                     lambda: tf.size(self.pick(env, "md")[1]) % 5,
                                     lambda: tf.shape(self.pick(env, "md")[1])[0] % 3,
                                     lambda: tf.minimum(i, 3)])()

    def truth(self, env):
        tf = self.tf
        return "b", self.rng.choice([lambda: tf.equal(self.pick(env, "i")[1] % 2, 0),
                                     lambda: self.pick(env, "s")[1] > self.of(0),
                                     lambda: tf.logical_not(self.pick(env, "b")[1]),
                                     lambda: tf.reduce_any(self.pick(env, "m")[1] > self.of(6)),
                                     lambda: tf.constant(self.rng.random() < 0.5)])()

    def masked(self, env):
        """Rows by what they hold: their number is known when they are."""
        tf, (_, x) = self.tf, self.pick(env, "md")
        mask = tf.math.floormod(tf.reduce_sum(x, 1), self.of(3)) > self.of(0)
        return "d", self.rng.choice([lambda: tf.boolean_mask(x, mask), lambda: tf.gather(x,
                tf.reshape(tf.where(mask), [-1])),
                                     lambda: tf.concat([x, x[:1]], 0), lambda: tf.repeat(x,
                                             tf.cast(mask, tf.int32) + 1, axis=0),
                                     lambda: tf.dynamic_partition(x, tf.cast(mask, tf.int32), 2)[1],
                                     lambda: x[:tf.reduce_sum(tf.cast(mask, tf.int32))]])()

    def joined(self, env):
        """Several readers of one value, one of them an op that could write over it."""
        tf, (kind, x) = self.tf, self.pick(env, "srcm")
        y = x + self.of(1)
        a, b = tf.identity(y), tf.abs(y)
        return kind, self.small(a * 2 + b - y)

    # ---- state: one op after another

    def state(self, env):
        if not self.variables or (self.old and self.loops):  # in a loop their order may be open
            return self.unary(env)
        tf, kind = self.tf, "s"
        v, grows = self.rng.choice(self.variables)
        with tf.control_dependencies([self.last] if self.last is not None and self.old else []):
            x = self.pick(env, "s")[1]
            way = self.rng.randrange(6)
            if way == 0:
                done = v.assign(tf.broadcast_to(x, v.shape)) if not grows else v.assign_add(tf.broadcast_to(x,
                        v.shape))
            elif way == 1:
                done = v.assign_add(tf.broadcast_to(x, v.shape))
            elif way == 2 and grows:
                done = v.scatter_nd_add([[1]],
                                        tf.reshape(x, [1])) if not self.old else tf.compat.v1.scatter_add(v,
                        [1], tf.reshape(x, [1]))
            elif way == 3 and grows:
                done = v[1:].assign(v.read_value()[:-1]) if not self.old else tf.compat.v1.scatter_sub(v, [0],
                        tf.reshape(x, [1]))
            else:
                done = None
            with tf.control_dependencies([done] if done is not None and self.old else []):
                read = tf.identity(v.read_value())
                if self.old:
                    read = read + 0
        if self.old:
            self.last = read
        return kind, self.small(tf.reduce_sum(read) if grows else read)

    # ---- programs in programs

    def block(self, env, count):
        """Runs some steps; what they make is added to a copy of env."""
        env = {k: list(v) if isinstance(v, list) else v for k, v in env.items()}
        self.depth += 1
        for _ in range(count):
            kind, made = self.step(env)
            env[kind].append(made)
        self.depth -= 1
        return env

    def results(self, env, kinds):
        return [self.small(env[k][-1]) if k in "srcmd" else env[k][-1] for k in kinds]

    def inside(self, f):
        """f in a body of TensorFlow 1: its state ops have an order of their own."""
        before, self.last = self.last, None
        made = self.after(f())
        self.last = before
        return made

    def after(self, values):
        """What comes after the state op before: control dependencies around loops reach only what goes in."""
        if not self.old or self.last is None:
            return values
        with self.tf.control_dependencies([self.last]):
            return [self.tf.identity(v) for v in values]

    def kinds(self):
        return [self.rng.choice("srcmmid") for _ in range(self.rng.randrange(1, 4))]

    def keep(self, env, kinds, made):
        if self.old:
            self.last = made[0]
        for kind, t in zip(kinds[1:], made[1:]):
            env[kind].append(t)
        return kinds[0], made[0]

    def arm(self, env, kinds):
        way = self.rng.random()
        if way < 0.15:  # what is there already
            return lambda: [self.tf.identity(t) if self.old else t for t in [self.pick(env,
                    k)[1] for k in kinds]]
        count = self.rng.randrange(1, 6)
        return lambda: self.inside(lambda: self.results(self.block(env, count), kinds))

    def branch(self, env):
        kinds, pred = self.kinds(), self.after([self.pick(env, "b")[1]])[0]
        made = self.tf.cond(pred, self.arm(env, kinds), self.arm(env, kinds))
        return self.keep(env, kinds, made if isinstance(made, (list, tuple)) else [made])

    def case(self, env):
        if self.old:  # TensorFlow runs a Case in a loop once more than the loop where no input of it changes
            return self.branch(env)
        kinds, at = self.kinds(), self.after([self.pick(env, "i")[1]])[0]
        arms = [self.arm(env, kinds) for _ in range(self.rng.randrange(2, 4))]
        made = self.tf.switch_case(at, arms)
        return self.keep(env, kinds, made if isinstance(made, (list, tuple)) else [made])

    def loop(self, env):
        """Values of any kind carried around; the rest is read from outside."""
        tf, kinds = self.tf, self.kinds()
        start = [self.pick(env, k)[1] for k in kinds]
        until = self.pick(env, "i")[1] % 4
        swap, count = self.rng.random() < 0.3, self.rng.randrange(1, 5)

        def body(i, *values):
            inner = dict(env)
            for k in set(kinds):
                inner[k] = list(env[k]) + [v for kk, v in zip(kinds, values) if kk == k]
            inner["i"] = list(inner["i"]) + [i]
            self.loops += 1
            after = self.inside(lambda: self.results(self.block(inner, count), kinds) + [i + 1])
            self.loops -= 1
            same = [j for j in range(len(kinds)) if kinds[j] == kinds[0]]
            if swap and len(same) > 1:
                after[same[0]], after[same[1]] = values[same[1]], after[same[0]]
            return [after[-1]] + after[:-1]
        shapes = [tf.TensorShape([])] + [{"s": tf.TensorShape([]), "i": tf.TensorShape([]),
                                          "r": tf.TensorShape([None])}.get(
            k, tf.TensorShape([None, None])) for k in kinds]
        limit = self.rng.choice([None, None, 2])
        made = tf.while_loop(lambda i, *v: i < until, body, self.after([tf.constant(0)] + start), shapes,
                             maximum_iterations=limit)
        return self.keep(env, kinds, list(made[1:]))

    def call(self, env):
        """A function, made once and called from several places."""
        tf = self.tf
        if self.old:
            return self.branch(env)
        if not self.functions or self.rng.random() < 0.5:
            count, given = self.rng.randrange(1, 6), [self.rng.choice("srcm") for _ in range(2)]

            @tf.function
            def f(x, r, s, i, b):
                c = tf.reduce_sum(x, 1, keepdims=True)
                inner = {"x": x, "m": [x], "r": [r], "s": [s], "i": [i], "b": [b], "c": [c], "d": [x]}
                return self.results(self.block(inner, count), given)
            self.functions.append((f, given))
        f, kinds = self.rng.choice(self.functions)
        if self.depth > 2:
            return self.unary(env)
        self.depth += 1
        made = f(*[self.pick(env, k)[1] for k in "mrsib"])
        self.depth -= 1
        return self.keep(env, kinds, made)

    def array(self, env):
        """Rows written into a TensorArray in a loop, some read back; one more, as TensorFlow stacks none."""
        tf = self.tf
        x = tf.pad(self.pick(env, "m")[1], [[0, 1], [0, 0]])
        n = tf.shape(x)[0]
        array = tf.TensorArray(self.dtype, n, element_shape=[None], clear_after_read=False)
        f = self.rng.choice([lambda v, s: v + s, lambda v, s: v * 2 - s, lambda v, s: tf.reverse(v, [0])])

        def body(i, total, array):
            row = self.small(f(x[i], total))
            array = array.write(i, row)
            return i + 1, self.small(total + tf.reduce_sum(array.read(i))), array
        _, total, array = tf.while_loop(lambda i, *_: i < n, body, (0, self.of(0), array))
        env["s"].append(total)
        return "m", tf.reshape(array.stack(), tf.shape(x))[:-1]

    def mapped(self, env):
        tf, (_, r) = self.tf, self.pick(env, "r")
        x = tf.pad(self.pick(env, "m")[1], [[0, 1], [0, 0]])
        sig = tf.TensorSpec([None], self.dtype)
        way = self.rng.randrange(4)
        if way == 0:
            return "m", tf.reshape(tf.map_fn(lambda row: self.small(row * 3 + r), x, fn_output_signature=sig),
                                   tf.shape(x))[:-1]
        if way == 1:
            return "r", self.small(tf.foldl(lambda a, row: self.small(a - row), x, initializer=r))
        if way == 2 or self.old:
            return "m", tf.reshape(tf.scan(lambda a, row: self.small(a + row), x, initializer=r),
                                   tf.shape(x))[:-1]
        return "m", tf.reshape(tf.vectorized_map(lambda row: self.small(tf.cumsum(row) + r), x,
                                                 fallback_to_while_loop=True), tf.shape(x))[:-1]

    def gradient(self, env):
        tf, x = self.tf, self.pick(env, "m")[1]
        if not self.dtype.startswith("float"):
            return self.unary(env)
        count = self.rng.randrange(1, 3)

        def f(x):
            y = x
            for _ in range(count):
                y = self.rng.choice([lambda y: y * y, lambda y: tf.cond(self.pick(env, "b")[1], lambda: y * 2,
                        lambda: tf.identity(y) * y),
                                     lambda y: tf.while_loop(lambda i, v: i < 3, lambda i,
                                             v: (i + 1, self.small(v) * x), (0, y))[1],
                                     lambda y: tf.maximum(y, self.pick(env, "r")[1]),
                                     lambda y: tf.reverse(y, [0]), lambda y: tf.cumsum(y, 1),
                                     lambda y: tf.gather(y, tf.range(tf.shape(y)[0])[::-1]),
                                     lambda y: y[:, ::-1] + tf.reduce_sum(y)])(y)
                y = self.small(y)
            return tf.reduce_sum(y)
        if self.old or self.rng.random() < 0.3:
            g = tf.gradients(f(x), x)[0]
        else:
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = f(x)
            g = tape.gradient(y, x)
        return "m", self.small(tf.convert_to_tensor(g) if g is not None else x)

    # ---- the whole

    def run(self, x, n):
        tf = self.tf
        if self.old:
            x, n = tf.convert_to_tensor(x), tf.convert_to_tensor(n)
        env = {"x": x, "m": [x], "r": [self.small(tf.reduce_sum(x, 0))], "c":
               [self.small(tf.reduce_sum(x, 1, keepdims=True))],
               "s": [self.small(tf.reduce_sum(x)), self.of(2)], "i": [n, tf.constant(2)],
               "b": [tf.greater(n, 1)], "d": [x[1:]]}
        self.depth = -1
        env = self.block(env, self.rng.randrange(8, 30))
        out, last = {}, self.last
        for kind in "srcmdib":
            for i, t in enumerate(env[kind][-2:]):
                out[kind + str(i)] = t
        out["same"] = out["m0"]
        out["input"] = x
        out["constant"] = tf.constant([1, 2, 3])
        if self.old and last is not None:
            out["last"] = last
        return out
