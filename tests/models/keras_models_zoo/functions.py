"""Models tf.Modules of functions, AutoGraph, signatures of every shape, state that
changes."""

import numpy as np
import tensorflow as tf

from layers import data, numbers

MODELS = {}
K, L, S = tf.keras, tf.keras.layers, tf.TensorSpec


def model(f):
    MODELS[f.__name__] = f
    return f


def save(path, module, **functions):
    """Functions as signatures; a result that is no dict is named y, or y0, y1, ... when there are several."""

    def named(f):
        def serve(*args, **kwargs):
            y = f(*args, **kwargs)
            if isinstance(y, dict):
                return y
            if isinstance(y, (list, tuple)):
                return {"y%d" % i: t for i, t in enumerate(tf.nest.flatten(y))}
            return {"y": y}

        return tf.function(serve, input_signature=f.input_signature)

    for f in functions.values():
        f.get_concrete_function()
    module.kept = list(functions.values())
    tf.saved_model.save(module, path, signatures={name: named(f) for name, f in functions.items()})


def function(*specs):
    return tf.function(input_signature=list(specs))


@model
def autograph_loops(path):
    @function(S([None], name="x"), S([], tf.int32, "n"))
    def returns(x, n):
        """Breaks and continues of nested loops, an early return before them."""
        found = tf.constant(-5.0)
        if tf.size(x) == 0:
            return found
        for i in tf.range(n):
            total = tf.constant(0.0)
            for v in x:
                if v < -0.9:
                    if i > 1:
                        continue
                    break
                total += v
            if total > 1.0:
                found = total + tf.cast(i, tf.float32)
                break
            x = x * 1.2
        return found + tf.reduce_sum(x)

    @function(S([None], tf.int32, "x"))
    def lists(x):
        """TensorLists grown in branches, popped, concatenated, of elements of unequal lengths."""

        def empty(shape):
            return tf.raw_ops.EmptyTensorList(
                element_shape=tf.constant(shape, tf.int32), max_num_elements=-1, element_dtype=tf.int32
            )

        def push(handle, v):
            return tf.raw_ops.TensorListPushBack(input_handle=handle, tensor=v)

        even, odd, last = empty([]), empty([-1]), tf.constant(0)
        for v in x:
            if v % 2 == 0:
                even = push(even, v)
            else:
                odd = push(odd, tf.range(v))
                if v == 7:
                    odd = push(odd, [-1])
        if tf.raw_ops.TensorListLength(input_handle=even) > 2:
            even, last = tf.raw_ops.TensorListPopBack(
                input_handle=even, element_shape=tf.constant([], tf.int32), element_dtype=tf.int32
            )
        joined, lengths = tf.raw_ops.TensorListConcatV2(
            input_handle=odd,
            element_shape=tf.constant([-1]),
            leading_dims=tf.constant([], tf.int64),
            element_dtype=tf.int32,
        )
        return {
            "even": tf.raw_ops.TensorListStack(
                input_handle=even, element_shape=tf.constant([], tf.int32), element_dtype=tf.int32
            ),
            "odd": joined,
            "lengths": lengths,
            "last": last,
        }

    @function(S([None], tf.int64, "x"))
    def sieve(x):
        primes = tf.TensorArray(tf.int64, 0, dynamic_size=True, clear_after_read=False)
        n = tf.constant(2, tf.int64)
        while primes.size() < tf.size(x):
            prime = True
            for i in tf.range(primes.size()):
                p = primes.read(i)
                if p * p > n:
                    break
                if n % p == 0:
                    prime = False
                    break
            if prime:
                primes = primes.write(primes.size(), n)
            n += 1
        return primes.stack() * x

    @function(S([None, None], name="x"))
    def strings(x):
        """A string grown in a loop, conds of several outputs, chained comparisons, and/or."""
        s, count, best = tf.constant(""), 0, -np.inf
        for row in x:
            m = tf.reduce_max(row)
            if -0.5 < m < 0.9 and not tf.equal(count, 3) or m > 0.99:
                s += tf.strings.as_string(m, precision=2) + ","
                count, best = count + 1, tf.maximum(best, m)
            elif tf.size(row) > 3:
                s, count = s + "long,", count + 1
            else:
                continue
        return {"s": s, "count": count, "best": best}

    @function(S([], tf.int32, "n"))
    def ackermann(n):
        """A stack of one's own instead of recursion."""
        stack, m = tf.fill([1], 2), n
        while tf.size(stack) > 0:
            tf.autograph.experimental.set_loop_options(
                shape_invariants=[(stack, tf.TensorShape([None]))], maximum_iterations=3000
            )
            top, stack = stack[-1], stack[:-1]
            if top == 0:
                m += 1
            elif m == 0:
                m = 1
                stack = tf.concat([stack, [top - 1]], 0)
            else:
                m -= 1
                stack = tf.concat([stack, [top - 1, top]], 0)
        return m

    save(
        path,
        tf.Module(),
        serving_default=returns,
        lists=lists,
        sieve=sieve,
        strings=strings,
        ackermann=ackermann,
    )
    xs = [data(n, seed=n) for n in (4, 1, 0, 9)]
    return (
        [{"x": x, "n": np.int32(n)} for x in xs for n in (3, 0)]
        + [("lists", {"x": numbers(n, seed=n)}) for n in (5, 3, 0, 12)]
        + [("lists", {"x": np.array([1, 3, 5, 7], np.int32)})]
        + [("sieve", {"x": np.arange(n)}) for n in (5, 1, 12)]
        + [("strings", {"x": data(n, m, seed=n)}) for n, m in ((3, 2), (5, 4), (0, 2), (1, 1))]
        + [("ackermann", {"n": np.int32(n)}) for n in (0, 1, 3)]
    )


@model
def branches(path):
    """Nested conds, switch_case, case, branches of different shapes and dtypes, errors in the branch not
    taken."""
    table = tf.Variable(data(4, 3))

    @function(S([], tf.int32, "i"), S([None, 3], name="x"))
    def switch(i, x):
        def bad():
            return tf.debugging.check_numerics(x / 0.0, "never") + tf.linalg.inv(tf.zeros([3, 3]))[0]

        y = tf.switch_case(
            i,
            {
                0: lambda: x,
                1: lambda: tf.concat([x, x], 0),
                2: lambda: tf.zeros([0, 3]),
                3: lambda: x[::-1],
                4: bad,
                5: lambda: table * 2,
            },
            default=lambda: table.read_value()[:1],
        )
        z = tf.case(
            [
                (tf.shape(y)[0] > 3, lambda: tf.cond(i > 1, lambda: (1, "a"), lambda: (2, "b"))),
                (i < 0, lambda: (3, "c")),
            ],
            default=lambda: (tf.shape(x)[0], "d"),
        )
        return {"y": y, "z": z[0], "s": z[1]}

    @function(S([], tf.bool, "a"), S([], tf.bool, "b"), S([None], name="x"))
    def nested(a, b, x):
        def assign():
            table.assign_add(tf.ones([4, 3]))
            return tf.reduce_sum(table)

        y = tf.cond(
            a,
            lambda: tf.cond(b, assign, lambda: tf.reduce_sum(table)),
            lambda: tf.cond(tf.logical_not(b), lambda: tf.reduce_mean(x), lambda: 0.5),
        )
        if a:
            if tf.size(x) == 0:
                x = tf.ones([2])
            else:
                x = tf.where(b, x, -x)
        return y, x, tf.cond(b, lambda: (x, x), lambda: (x * 2, x[::-1]))

    m = tf.Module()
    m.table = table
    save(path, m, serving_default=switch, nested=nested)
    return [
        {"i": np.int32(i), "x": data(n, 3)}
        for i, n in ((0, 2), (1, 2), (2, 1), (3, 2), (4, 2), (5, 0), (-1, 4), (99, 1))
    ] + [
        ("nested", {"a": np.bool_(a), "b": np.bool_(b), "x": data(n)})
        for a, b, n in ((0, 0, 3), (1, 1, 2), (1, 0, 0), (0, 1, 1), (1, 1, 0))
    ]


@model
def odd_signatures(path):
    """No inputs, inputs returned, the same output twice, constants, scalars, empty tensors, every dtype,
    strange names."""
    v = tf.Variable([1.5, 2.5])

    @function()
    def nothing():
        return {
            "constant": tf.constant([[1, 2]], tf.int8),
            "empty": tf.zeros([0, 3]),
            "string": tf.constant(np.array([b"a", b"\xff\x00z"], dtype=object)),
            "v": v,
            "nan": tf.constant(np.nan, tf.float64),
        }

    @function(S(None, name="any"), S([], tf.bool, "flag"), S([2, 0], tf.int64, "hollow"))
    def same(any, flag, hollow):
        return {
            "any": any,
            "again": any,
            "flag": flag,
            "hollow": hollow,
            "identity": tf.identity(any),
            "shape": tf.shape(any),
            "rank": tf.rank(any),
            "size": tf.size(hollow),
        }

    dtypes = [
        tf.uint8,
        tf.int8,
        tf.uint16,
        tf.int16,
        tf.uint32,
        tf.int32,
        tf.uint64,
        tf.int64,
        tf.float16,
        tf.bfloat16,
        tf.float64,
        tf.complex64,
        tf.complex128,
        tf.bool,
        tf.string,
    ]

    @function(*[S([None], d, d.name) for d in dtypes])
    def every(*tensors):
        return {"out_" + t.dtype.name: tf.concat([t, t[:1]], 0) for t in tensors}

    @function(S([None], name="a_b"), S([None], name="cD"), S([None], name="x1"))
    def names(a, b, c):
        return {"a/b": a + b, "with space": c, "é": a, "UPPER": b, "upper": c, "0": a - c}

    @function(S([None, 2], name="unused"), S([], name="used"))
    def ignores(unused, used):
        return used * 2

    m = tf.Module()
    m.v = v
    save(path, m, serving_default=nothing, same=same, every=every, names=names, ignores=ignores)

    def all_of(n):
        made = {d.name: np.arange(n).astype(d.as_numpy_dtype) for d in dtypes[:-2]}
        return dict(
            made, bool=np.arange(n) % 2 == 0, string=np.array(["s%d" % i for i in range(n)], dtype=object)
        )

    xs = [data(*s) for s in ((), (3,), (2, 0, 4), (1, 2, 3, 4))]
    signature = tf.saved_model.load(path).signatures["names"].structured_input_signature[1]
    three = sorted(signature)
    return (
        [{}, {}]
        + [
            ("same", {"any": x, "flag": np.bool_(x.ndim % 2), "hollow": np.zeros((2, 0), np.int64)})
            for x in xs
        ]
        + [("every", all_of(n)) for n in (3, 1, 0)]
        + [("names", {k: data(n, seed=i) for i, k in enumerate(three)}) for n in (2, 0)]
        + [("ignores", {"unused": data(n, 2), "used": np.float32(n)}) for n in (0, 3)]
    )


@model
def variables(path):
    """Variables of every dtype, assigned in functions: scatters, slices, shapes that change, strings,
    counters."""

    class State(tf.Module):
        def __init__(self):
            super().__init__()
            self.f, self.i = tf.Variable(tf.zeros([4, 3])), tf.Variable(tf.zeros([5], tf.int64))
            self.b, self.s = tf.Variable([True, False]), tf.Variable(["a", "b", "c"])
            self.u, self.h, self.c = (
                tf.Variable(tf.constant(250, tf.uint8)),
                tf.Variable(tf.ones([2], tf.float16)),
                tf.Variable(1 + 2j),
            )
            self.grow = tf.Variable(tf.zeros([0, 2]), shape=[None, 2])
            self.any = tf.Variable(0.0, shape=tf.TensorShape(None))
            self.bf = tf.Variable(tf.ones([2], tf.bfloat16))

    m = State()

    @function(S([None], tf.int32, "rows"), S([None, 3], name="x"))
    def scatter(rows, x):
        m.f.scatter_add(tf.IndexedSlices(x, rows))
        a = m.f + 0.0
        m.f.scatter_max(tf.IndexedSlices(tf.abs(x), rows))
        m.f[1:3, 0].assign(m.f[1:3, 1] * 2)
        m.f[:, 2].assign(tf.range(4.0))
        m.i.scatter_nd_add(tf.cast(rows[:, None], tf.int64), tf.ones_like(rows, tf.int64))
        m.i.scatter_sub(tf.IndexedSlices(tf.constant(2, tf.int64), tf.constant(0)))
        return {
            "a": a,
            "f": m.f,
            "i": m.i.read_value(),
            "sparse": m.f.sparse_read(rows),
            "nd": m.f.gather_nd([[0, 1], [3, 2]]),
        }

    @function(S([None, 2], name="x"))
    def push(x):
        old = tf.shape(m.grow)
        m.grow.assign(tf.concat([m.grow, x], 0)[-5:])
        m.any.assign(
            tf.cond(tf.shape(x)[0] > 1, lambda: tf.reduce_sum(m.grow, 0), lambda: tf.reduce_sum(m.grow))
        )
        return {"old": old, "now": m.grow, "any": m.any, "mean": tf.reduce_mean(m.grow, 0)}

    @function(S([], tf.string, "word"))
    def words(word):
        m.s.assign(tf.concat([m.s[1:], [word]], 0))
        m.b.assign(tf.logical_not(m.b))
        m.u.assign_add(3)
        m.h.assign(m.h * 2)
        m.c.assign_sub(1j)
        m.bf.assign_add([0.125, 1.0])
        return {
            "s": tf.strings.join(tf.unstack(m.s), "-"),
            "b": m.b,
            "u": m.u,
            "h": m.h,
            "c": m.c,
            "bf": m.bf,
        }

    save(path, m, serving_default=scatter, push=push, words=words)
    made = [
        {"rows": numbers(n, high=h, seed=n), "x": data(n, 3, seed=n)}
        for n, h in ((2, 4), (0, 4), (5, 4), (3, 9))
    ]
    return (
        made
        + [("push", {"x": data(n, 2, seed=n)}) for n in (3, 1, 0, 9)]
        + [("words", {"word": w}) for w in (b"x", b"", b"yy")]
    )


@model
def training_loop(path):
    """train_step, evaluate and metrics as signatures; the weights and the metrics' state move between
    requests."""
    net = K.Sequential(
        [L.Dense(8, "relu", kernel_regularizer="l2"), L.BatchNormalization(), L.Dropout(0.0), L.Dense(3)]
    )
    net.build((None, 4))
    schedule = K.optimizers.schedules.CosineDecayRestarts(0.1, 5)
    optimizer = K.optimizers.Adam(schedule, clipnorm=1.0, use_ema=True, weight_decay=0.01)
    optimizer.build(net.trainable_variables)
    loss_of = K.losses.SparseCategoricalCrossentropy(from_logits=True)
    metrics = [
        K.metrics.Mean("loss"),
        K.metrics.SparseCategoricalAccuracy("accuracy"),
        K.metrics.SparseTopKCategoricalAccuracy(2, "top2"),
        K.metrics.AUC(num_thresholds=20, name="auc"),
    ]

    @function(S([None, 4], name="x"), S([None], tf.int64, "labels"))
    def train(x, labels):
        with tf.GradientTape() as tape:
            y = net(x, training=True)
            loss = loss_of(labels, y) + tf.add_n(net.losses)
        grads = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(grads, net.trainable_variables))
        metrics[0].update_state(loss)
        for m in metrics[1:3]:
            m.update_state(labels, y)
        metrics[3].update_state(labels == 1, tf.nn.softmax(y)[:, 1])
        return dict(
            {m.name: m.result() for m in metrics},
            norm=tf.linalg.global_norm(grads),
            step=optimizer.iterations,
            rate=schedule(optimizer.iterations),
        )

    @function(S([None, 4], name="x"))
    def predict(x):
        return net(x, training=False), net.layers[1].moving_mean

    @function()
    def reset():
        for m in metrics:
            m.reset_state()
        return {m.name: m.result() for m in metrics}

    holder = tf.Module()
    holder.parts = [net, optimizer, metrics]
    save(path, holder, train=train, serving_default=predict, reset=reset)
    one, two = {"x": data(8, 4), "labels": numbers(8, high=3).astype(np.int64)}, {
        "x": data(3, 4, seed=2),
        "labels": np.array([0, 2, 1]),
    }
    x = {"x": one["x"][:2]}
    return [x, ("train", one), x, ("train", two), ("train", one), x, ("reset", {}), ("train", two), x]


@model
def legacy_optimizers(path):
    """Sparse gradients of embeddings by the old optimizers, gradient accumulation, exponential averages."""
    emb = tf.Variable(data(6, 2))
    old = K.optimizers.legacy
    optimizers = [
        old.Adam(0.1),
        old.SGD(0.1, 0.9),
        old.Adagrad(0.1),
        old.RMSprop(0.1, momentum=0.5),
        old.Ftrl(0.1),
        old.Adadelta(1.0),
        K.optimizers.SGD(0.1, momentum=0.9),
        K.optimizers.Adagrad(0.2),
    ]
    tables = [tf.Variable(emb) for _ in optimizers]
    for o, t in zip(optimizers, tables):
        o.build([t]) if hasattr(o, "build") else o._create_all_weights([t])
    average, total, count = (
        tf.train.ExponentialMovingAverage(0.9),
        tf.Variable(tf.zeros([6, 2])),
        tf.Variable(0),
    )
    average.apply([emb])

    @function(S([None], tf.int32, "ids"))
    def train(ids):
        out = {}
        for i, (o, t) in enumerate(zip(optimizers, tables)):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(tf.nn.embedding_lookup(t, ids) ** 2)
            o.apply_gradients([(tape.gradient(loss, t), t)])
            out["t%d" % i] = t + 0.0
        return out

    @function(S([6, 2], name="g"))
    def accumulate(g):
        total.assign_add(g)
        count.assign_add(1)
        if count % 2 == 0:
            emb.assign_sub(0.1 * total)
            total.assign(tf.zeros_like(total))
        average.apply([emb])
        return emb.read_value(), average.average(emb).read_value(), count

    m = tf.Module()
    m.parts = [emb, optimizers, tables, total, count, average.average(emb)]
    save(path, m, serving_default=train, accumulate=accumulate)
    return [{"ids": numbers(n, high=6, seed=n)} for n in (3, 1, 5, 0)] + [
        ("accumulate", {"g": data(6, 2, seed=i)}) for i in range(3)
    ]


@model
def differentiation(path):
    """Custom gradients, jacobians, hessians, forward mode, recomputed gradients, all exported with their
    gradient functions."""
    w = tf.Variable(data(3, 3))

    @tf.custom_gradient
    def clipped(x):
        return tf.round(x), lambda dy: tf.clip_by_value(dy, -0.1, 0.1)

    @function(S([None, 3], name="x"))
    def straight(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(clipped(x @ w) ** 2)
        return {"y": y, "g": tape.gradient(y, x), "q": clipped(x)}

    @function(S([3], name="x"))
    def second(x):
        with tf.GradientTape(persistent=True) as outer:
            outer.watch(x)
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.reduce_sum(tf.tanh(tf.linalg.matvec(w, x)) ** 3)
            g = tape.gradient(y, x)
        return {
            "hessian": outer.jacobian(g, x),
            "g": g,
            "loop": outer.jacobian(g, x, experimental_use_pfor=False),
        }

    @function(S([None, 3], name="x"))
    def batch(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.nn.softmax(x @ w)
        with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as forward:
            z = tf.sin(x) * x
        return {
            "j": tape.batch_jacobian(y, x),
            "jvp": forward.jvp(z),
            "p": tf.vectorized_map(lambda r: tf.linalg.det(tf.tensordot(r, r, 0) + w), x),
            "m": tf.map_fn(
                lambda r: (tf.reduce_sum(r), tf.argmax(r)), x, fn_output_signature=(tf.float32, tf.int64)
            )[1],
        }

    @function(S([], tf.int32, "n"), S([2], name="x"))
    def loops(n, x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y, all_of = x, tf.TensorArray(tf.float32, n)
            for i in tf.range(n):
                if tf.reduce_sum(y) > 1.0:
                    y = y * 0.5 + tf.reduce_sum(w)
                else:
                    y = tf.sin(y) + x
                all_of = all_of.write(i, y)
            loss = tf.reduce_sum(all_of.stack() ** 2)
        g = tape.gradient(loss, [x, w])
        return {"loss": loss, "x": g[0], "w": g[1]}

    m = tf.Module()
    m.w = w
    for f in (straight, second, batch, loops):
        f.get_concrete_function()
    m.kept = [straight, second, batch, loops]
    tf.saved_model.save(
        m,
        path,
        signatures={"serving_default": straight, "second": second, "batch": batch, "loops": loops},
        options=tf.saved_model.SaveOptions(
            experimental_custom_gradients=True, function_aliases={"straight": straight}
        ),
    )
    xs = [{"x": data(n, 3, seed=n)} for n in (2, 1, 4, 0)]
    return (
        xs
        + [("batch", x) for x in xs[:3]]
        + [("second", {"x": data(3, seed=i)}) for i in range(2)]
        + [("loops", {"n": np.int32(n), "x": data(2, seed=n)}) for n in (3, 1, 0, 6)]
    )


@model
def recomputed(path):
    """Activations that are computed again for the gradient."""
    w = tf.Variable(data(3, 3))

    @function(S([None, 3], name="x"))
    def remat(x):
        @tf.recompute_grad
        def block(t):
            return tf.nn.gelu(t @ w) @ w

        with tf.GradientTape() as tape:
            y = tf.reduce_sum(block(x) ** 2)
        return tape.gradient(y, w)

    m = tf.Module()
    m.w = w
    tf.saved_model.save(
        m,
        path,
        signatures=tf.function(lambda x: {"y": remat(x)}, input_signature=remat.input_signature),
        options=tf.saved_model.SaveOptions(experimental_custom_gradients=False),
    )
    return [{"x": data(n, 3)} for n in (2, 1, 4, 0)]


@model
def random_functions(path):
    """Generators as state, stateless draws, shuffles of seeds: every draw to the last bit or within
    rounding."""
    g, t = tf.random.Generator.from_seed(5), tf.random.Generator.from_seed(7, alg="threefry")

    @function(S([], tf.int32, "n"))
    def draw(n):
        return {
            "normal": g.normal([n, 2]),
            "ints": g.uniform([n], 0, 100, tf.int64),
            "bits": t.uniform_full_int([n], tf.uint32),
            "uniform": t.uniform([n]),
            "keys": g.make_seeds(2),
            "state": g.state,
            "truncated": g.truncated_normal([n]),
            "binomial": g.binomial([n], 10.0, 0.3),
            "double": g.uniform([2], dtype=tf.float64),
        }

    @function(S([2], tf.int32, "seed"), S([None, 4], name="logits"))
    def stateless(seed, logits):
        more = (
            tf.random.split(seed, 3)
            if hasattr(tf.random, "split")
            else tf.random.experimental.stateless_split(seed, 3)
        )
        return {
            "categorical": tf.random.stateless_categorical(logits, 5, more[0]),
            "shuffle": tf.random.experimental.stateless_shuffle(tf.range(10), more[1]),
            "fold": tf.random.experimental.stateless_fold_in(seed, 3),
            "gamma": tf.random.stateless_gamma([3], more[2], 0.7),
            "poisson": tf.random.stateless_poisson([4], more[0], [3.0], tf.int32),
            "binomial": tf.random.stateless_binomial([4], more[0], 9.0, 0.4),
            "ints": tf.random.stateless_uniform([3], more[1], None, None, tf.int32),
            "dropout": tf.nn.experimental.stateless_dropout(logits, 0.5, seed),
            "half": tf.random.stateless_normal([3], seed, dtype=tf.float16),
            "flip": tf.image.stateless_random_flip_left_right(tf.reshape(tf.range(12.0), [2, 6, 1]), seed),
            "crop": tf.image.stateless_random_crop(tf.reshape(tf.range(24), [4, 6, 1]), [2, 3, 1], seed),
            "bright": tf.image.stateless_random_brightness(tf.ones([2, 2, 3]), 0.3, seed),
            "philox": tf.random.stateless_uniform([2], seed, alg="philox"),
            "threefry": tf.random.stateless_uniform([2], seed, alg="threefry"),
        }

    @function(S([None, 3], name="x"))
    def seeded(x):
        return {
            "a": tf.random.normal(tf.shape(x), seed=3),
            "b": tf.random.shuffle(x, seed=4),
            "c": tf.random.categorical(tf.math.log(tf.abs(x) + 0.1), 2, seed=5),
            "d": tf.nn.dropout(x, 0.4, seed=6),
        }

    tf.random.set_seed(9)
    m = tf.Module()
    m.g, m.t = g, t
    save(path, m, serving_default=draw, stateless=stateless, seeded=seeded)
    return (
        [{"n": np.int32(n)} for n in (3, 0, 5)]
        + [
            ("stateless", {"seed": np.array([i, 7], np.int32), "logits": data(n, 4)})
            for i, n in enumerate((2, 1, 0))
        ]
        + [("seeded", {"x": data(n, 3)}) for n in (2, 5, 0)]
    )


@model
def functional_tools(path):
    """map_fn, scan, foldl, vectorized_map, while_loop of nests, TensorArrays split and concatenated,
    numpy_function's absence."""

    @function(S([None, None, 2], name="x"), S([None], tf.int32, "n"))
    def mapped(x, n):
        ragged = tf.map_fn(
            lambda i: tf.range(i), n, fn_output_signature=tf.RaggedTensorSpec([None], tf.int32)
        )
        pair = tf.map_fn(
            lambda t: {"a": t[0] * tf.cast(t[1], tf.float32), "b": tf.strings.as_string(t[1])},
            (x, n),
            fn_output_signature={"a": tf.float32, "b": tf.string},
            parallel_iterations=4,
        )
        folded = tf.foldr(
            lambda a, v: a * 0.5 + v,
            x,
            initializer=tf.zeros_like(x[0] if x.shape[0] else tf.zeros([tf.shape(x)[1], 2])),
        )
        scanned = tf.scan(
            lambda a, v: (a[0] + v, a[1] + 1),
            x,
            initializer=(tf.zeros([tf.shape(x)[1], 2]), tf.constant(0)),
            reverse=True,
        )
        vector = tf.vectorized_map(lambda r: tf.cond(tf.reduce_sum(r) > 0, lambda: r * 2, lambda: -r), x)
        return {
            "ragged": ragged.to_tensor(-1),
            "a": pair["a"],
            "b": pair["b"],
            "fold": folded,
            "sum": scanned[0],
            "count": scanned[1],
            "vector": vector,
        }

    @function(S([None, 3], name="x"), S([None], tf.int32, "lengths"))
    def arrays(x, lengths):
        ta = tf.TensorArray(tf.float32, tf.size(lengths), infer_shape=False, element_shape=[None, 3]).split(
            x, lengths
        )
        out = tf.TensorArray(tf.float32, tf.size(lengths), infer_shape=False, element_shape=[None, 3])
        sizes = tf.TensorArray(tf.int32, tf.size(lengths))
        for i in tf.range(tf.size(lengths)):
            part = ta.read(i)
            out = out.write(i, tf.concat([part, tf.reduce_sum(part, 0, keepdims=True)], 0))
            sizes = sizes.scatter([i], [tf.shape(part)[0] * 2])
        gathered = (
            tf.TensorArray(tf.float32, tf.shape(x)[0]).unstack(x).gather(tf.range(0, tf.shape(x)[0], 2))
        )
        return {"concat": out.concat(), "sizes": sizes.stack(), "gathered": gathered}

    @function(S([], tf.int32, "limit"), S([None], name="x"))
    def nested(limit, x):
        state = {"i": tf.constant(0), "stack": (x, [x * 2, tf.constant("s")])}

        def body(state):
            a, (b, s) = state["stack"]
            inner = tf.while_loop(lambda j, t: j < state["i"], lambda j, t: (j + 1, t * 0.9), (0, b))[1]
            return [
                {
                    "i": state["i"] + 1,
                    "stack": (inner, [a + b, tf.strings.join([s, tf.strings.as_string(state["i"])])]),
                }
            ]

        (end,) = tf.while_loop(
            lambda s: s["i"] < limit, body, [state], maximum_iterations=6, parallel_iterations=1
        )
        return tf.nest.flatten(end)

    save(path, tf.Module(), serving_default=mapped, arrays=arrays, nested=nested)
    return (
        [{"x": data(n, t, 2), "n": numbers(n, high=4, seed=n)} for n, t in ((3, 2), (1, 4), (2, 0), (5, 1))]
        + [
            ("arrays", {"x": data(sum(l), 3), "lengths": np.array(l, np.int32)})
            for l in ([2, 0, 3], [1], [4, 4])
        ]
        + [("arrays", {"x": data(3, 3), "lengths": np.array([1, 1], np.int32)})]
        + [("nested", {"limit": np.int32(l), "x": data(n)}) for l, n in ((3, 2), (0, 1), (99, 3), (2, 0))]
    )


@model
def asserts(path):
    """Checks that authors write: assert_*, ensure_shape, check_numerics, Assert with data, in order of
    execution."""

    @function(S(None, name="x"), S([], tf.int32, "n"))
    def checks(x, n):
        tf.debugging.assert_rank_in(x, [1, 2])
        tf.debugging.assert_greater_equal(n, 0, message="n must not be negative")
        x = tf.debugging.check_numerics(x, "x is bad")
        tf.Assert(tf.less(n, 50), ["too many", n, x], summarize=2)
        tf.ensure_shape(tf.reshape(x, [tf.shape(x)[0], -1])[:, :3], [None, 3])
        tf.print("checked", n, output_stream="file:///dev/null")
        return {"y": tf.gather(x, n % 4), "r": tf.reshape(x, [-1, 3])}

    save(path, tf.Module(), serving_default=checks)
    bad = data(2, 3)
    bad[0, 0] = np.nan
    return [
        {"x": x, "n": np.int32(n)}
        for x, n in (
            (data(6), 1),
            (data(4, 3), 11),
            (data(4, 3), -1),
            (bad, 1),
            (data(4, 3), 60),
            (data(6), 11),
            (data(2, 3), 3),
            (data(4), 0),
            (data(2, 1, 3), 0),
        )
    ]


@model
def shared_functions(path):
    """Functions that call functions, polymorphic ones, captured tensors, closures over loops, defaults and
    keyword inputs."""

    class Net(tf.Module):
        def __init__(self):
            super().__init__("net")
            self.scale = tf.Variable(2.0)
            self.captured = tf.constant([1.0, 2.0, 3.0])
            self.steps = [tf.function(lambda x, i=i: x * self.scale + i) for i in range(3)]

        @tf.function
        def helper(self, x, power=2, training=False):
            if training:
                self.scale.assign_add(1.0)
            return tf.cast(x, tf.float32) ** power + tf.reduce_sum(self.captured)

        @tf.function(reduce_retracing=True)
        def rank(self, x):
            return tf.cast(tf.rank(x), tf.float32) + tf.reduce_mean(x)

        @function(S([None], name="x"), S([], tf.int32, "k"))
        def __call__(self, x, k):
            y = self.helper(x) + self.helper(k, power=3)
            for f in self.steps:
                y = f(y)
            ranks = self.rank(x) + self.rank(x[None]) + self.rank(x[:, None, None])
            return {"y": y, "ranks": ranks, "scale": self.scale.read_value()}

        @function(S([None], name="x"))
        def train(self, x):
            before = self.scale.read_value()
            y = self.helper(x, training=True)
            return {"y": y, "before": before, "after": self.scale.read_value()}

        @tf.function(
            input_signature=[S([None], name="x")], jit_compile=False, experimental_implements="google.matmul"
        )
        def implements(self, x):
            return tf.stop_gradient(tf.grad_pass_through(tf.round)(x * 2.0))

    net = Net()
    tf.saved_model.save(
        net,
        path,
        signatures={
            "serving_default": net.__call__,
            "train": net.train,
            "implements": tf.function(
                lambda x: {"y": net.implements(x)}, input_signature=[S([None], name="x")]
            ),
        },
        options=tf.saved_model.SaveOptions(
            namespace_whitelist=["Test"],
            save_debug_info=True,
            experimental_variable_policy="save_variable_devices",
        ),
    )
    xs = [data(n) for n in (3, 1, 0)]
    return (
        [{"x": x, "k": np.int32(k)} for x, k in zip(xs, (2, 0, -3))]
        + [("train", {"x": x}) for x in xs]
        + [("implements", {"x": x}) for x in xs]
    )


@model
def resaved(path):
    """A model that was saved, loaded, wrapped and saved again, with its own signatures inside of a new
    one."""
    import tempfile

    inner = K.Sequential([L.Dense(4, "relu", input_shape=(3,)), L.BatchNormalization(), L.Dense(2)])
    first = tempfile.mkdtemp()
    inner.save(first)
    loaded, again = tf.saved_model.load(first), K.models.load_model(first)

    @function(S([None, 3], name="x"))
    def both(x):
        a = loaded.signatures["serving_default"](x)
        return {
            "a": list(a.values())[0],
            "b": again(x),
            "train": loaded(x, training=True),
            "prune": again.layers[0](x),
        }

    m = tf.Module()
    m.loaded, m.again, m.both = loaded, again, both
    tf.saved_model.save(m, path, signatures=both)
    return [{"x": data(n, 3, seed=n)} for n in (3, 1, 5)]


@model
def estimator_keras(path):
    """model_to_estimator and its serving input of tf.Examples."""
    import tempfile

    x, y = K.Input((3,), name="x"), K.Input((1,), dtype="string", name="word")
    h = L.Concatenate()(
        [
            L.Dense(4, "relu")(x),
            L.Embedding(5, 2)(L.Lambda(lambda t: tf.strings.to_hash_bucket_fast(t, 5))(y))[:, 0],
        ]
    )
    net = K.Model([x, y], L.Dense(2, "softmax", name="out")(h))
    net.compile("sgd", "mse")
    estimator = K.estimator.model_to_estimator(net, model_dir=tempfile.mkdtemp())
    features = {
        "x": tf.io.FixedLenFeature([3], tf.float32),
        "word": tf.io.FixedLenFeature([1], tf.string, "none"),
    }
    base = tempfile.mkdtemp()
    made = estimator.export_saved_model(
        base, tf.estimator.export.build_parsing_serving_input_receiver_fn(features)
    )
    import shutil

    shutil.copytree(made.decode(), path)

    def example(i, word=None):
        f = {"x": tf.train.Feature(float_list=tf.train.FloatList(value=data(3, seed=i)))}
        if word:
            f["word"] = tf.train.Feature(bytes_list=tf.train.BytesList(value=[word]))
        return tf.train.Example(features=tf.train.Features(feature=f)).SerializeToString()

    rows = [example(1, b"a"), example(2), example(3, b"zz")]
    key = list(tf.saved_model.load(path).signatures["serving_default"].structured_input_signature[1])[0]
    return [{key: np.array(r, dtype=object)} for r in (rows, rows[1:2], rows[::-1], [b"\x07bad"])]
