"""Gradients of all kinds as signatures, and what pfor makes of loops."""
import numpy as np

from numeric_models import data, group, numbers


@group
def autodiff(tf):
    def f(x, w):
        return tf.tanh(tf.linalg.matvec(w, x)) * tf.sin(x[0]) + tf.reduce_sum(x ** 3)

    def jacobians(x, w):
        with tf.GradientTape(persistent=True) as outer:
            outer.watch([x, w])
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.reduce_sum(f(x, w))
            g = inner.gradient(y, x)
            z = f(x, w)
        return {"h": outer.jacobian(g, x), "jx": outer.jacobian(z, x), "jw": outer.jacobian(z, w),
                "loop": outer.jacobian(z, x, experimental_use_pfor=False), "hv":
                tf.gradients(tf.reduce_sum(tf.gradients(y, x)[0] * x), x)[0]}

    def forward(x, w):
        with tf.autodiff.ForwardAccumulator([x, w], [tf.ones_like(x), w * 2]) as acc:
            y = f(x, w)
            z = tf.nn.softmax(tf.cumsum(y)) * tf.math.erf(x[0])
        with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as outer:
            with tf.GradientTape() as tape:
                tape.watch(x)
                u = tf.reduce_sum(tf.exp(x) * x)
            g = tape.gradient(u, x)
        return {"jvp": acc.jvp(y), "z": acc.jvp(z), "hvp": outer.jvp(g)}

    def batch(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.reduce_sum(x ** 3, 1) * tf.reduce_mean(x, 1)
            g = tape.gradient(y, x)
        return {"g": g, "bj": outer.batch_jacobian(g, x)}

    @tf.custom_gradient
    def clipped(x):
        return tf.identity(x), lambda dy: tf.clip_by_norm(dy, 0.5)

    @tf.custom_gradient
    def log1pexp(x):
        e = tf.exp(x)
        return tf.math.log(1 + e), lambda dy: dy * (1 - 1 / (1 + e))

    def custom(x):
        q = x + tf.stop_gradient(tf.round(x) - x)
        y = tf.recompute_grad(lambda t: tf.nn.relu(t) ** 2 * tf.sin(t))(x)
        return {"clip": tf.gradients(10 * clipped(x) ** 2, x)[0], "log": log1pexp(x),
                "glog": tf.gradients(log1pexp(x), x)[0], "q": tf.gradients(q * q, x)[0],
                "re": tf.gradients(y, x)[0],
                "quant": tf.gradients(tf.quantization.fake_quant_with_min_max_args(x, -1, 1) * x, x)[0],
                "stop": tf.gradients(x * tf.stop_gradient(x), x)[0],
                "prevent": tf.raw_ops.PreventGradient(input=x) * 2, "multi": tf.gradients([x * x, tf.sin(x)],
                        x, [x, 2 * x])[0], "none": tf.gradients(tf.constant(1.0), x,
                        unconnected_gradients="zero")[0], "hess": tf.hessians(tf.reduce_sum(x ** 4), x)[0]}

    def loops(x, n):
        """Gradients of loops and branches, also of the second order."""
        def run(x):
            y = tf.while_loop(lambda i, v: i < n, lambda i, v: (i + 1, tf.cond(tf.reduce_sum(v) > 0,
                    lambda: tf.sin(v) * x, lambda: v - x * v)), (0, x))[1]
            return tf.reduce_sum(y * y)
        g = tf.gradients(run(x), x)[0]
        s = tf.scan(lambda a, v: tf.tanh(a * v + 1), x, 0.5)
        m = tf.map_fn(lambda v: v * v * tf.reduce_sum(x), x)
        a = tf.TensorArray(tf.float32, tf.size(x)).unstack(x)
        b = tf.TensorArray(tf.float32, tf.size(x))
        _, b = tf.while_loop(lambda i, b: i < tf.size(x), lambda i, b: (i + 1, b.write(i, a.read(i) ** 3)),
                             (0, b))
        return {"g": g, "s": tf.gradients(s, x)[0], "m": tf.gradients(m, x)[0],
                "ta": tf.gradients(b.stack(), x)[0], "fold": tf.gradients(tf.foldl(lambda p, v: p * v + 1, x),
                x)[0], "s2": tf.gradients(tf.gradients(s, x)[0] ** 2, x)[0]}

    def embedding(ids, w):
        e = tf.gather(w, ids)
        y = tf.reduce_sum(tf.nn.embedding_lookup(w, ids % 3) * e)
        g = tf.gradients(y, w)[0]
        s = tf.gradients(tf.reduce_sum(e ** 2), w)[0]
        return {"dense": tf.convert_to_tensor(g), "values": s.values, "indices": s.indices,
                "norm": tf.linalg.global_norm([s, g]),
                "clip": tf.convert_to_tensor(tf.clip_by_global_norm([s], 0.5)[0][0])}

    def meta(x, y):
        """A step of gradient descent, and the gradient through it."""
        w = tf.reshape(tf.range(3.0), [3, 1])
        with tf.GradientTape() as outer:
            outer.watch(w)
            v = w
            for _ in range(2):
                with tf.GradientTape() as tape:
                    tape.watch(v)
                    loss = tf.reduce_mean((tf.matmul(x, v) - y) ** 2)
                v = v - 0.1 * tape.gradient(loss, v)
            total = tf.reduce_mean(tf.abs(tf.matmul(x, v) - y))
        return {"g": outer.gradient(total, w), "loss": total}
    xw = [[data(n), data(n, n, seed=2)] for n in (3, 2, 4, 1)]
    return {"jacobians": (jacobians, xw), "forward": (forward, xw), "batch": (batch,
            [[data(2, 3)], [data(4, 2)], [data(1, 1)]]), "custom": (custom, [[3 * data(5)], [data(1)],
            [data(0)], [data(8)]]),
            "loops": (loops, [[data(4), np.int32(n)] for n in (3, 0, 2)] + [[data(2), np.int32(4)]]),
            "embedding": (embedding, [[numbers(4, high=6), data(6, 3)], [numbers(2, high=4), data(4, 2)],
                                      [numbers(0), data(6, 3)]]), "meta": (meta,
                    [[data(4, 3), data(4, 1)], [data(2, 3), data(2, 1)]])}


@group
def vectorized(tf):
    """What pfor makes of many ops."""
    la, m = tf.linalg, tf.math
    w, table = data(3, 3, seed=5), data(6, 3, seed=6)
    rows = {
        "arith": lambda v: v * 2 - v[::-1] / (1 + tf.abs(v)), "matvec": lambda v: la.matvec(w, v),
        "outer": lambda v: v[:, None] * v[None], "matmul": lambda v: tf.matmul(v[:, None] * v[None], w),
        "solve": lambda v: la.solve(w + 3 * tf.eye(3) + v[:, None] * v[None], v[:, None]),
        "chol": lambda v: la.cholesky(3 * tf.eye(3) + v[:, None] * v[None]),
        "reduce": lambda v: tf.stack([tf.reduce_sum(v), tf.reduce_max(v), tf.reduce_prod(v)]),
        "softmax": lambda v: tf.nn.softmax(v), "gather": lambda v: tf.gather(v, [2, 0]),
        "lookup": lambda v: tf.gather(table, tf.cast(tf.abs(v) * 5, tf.int32)), "slice": lambda v: v[1:],
        "strided": lambda v: v[::-2], "concat": lambda v: tf.concat([v, w[0], v], 0),
        "tile": lambda v: tf.tile(v, [2]), "pad": lambda v: tf.pad(v, [[1, 2]]),
        "where": lambda v: tf.where(v > 0, v, w[1]), "clip": lambda v: tf.clip_by_value(v, -0.5, 0.5),
        "cumsum": lambda v: tf.cumsum(v, exclusive=True), "sort": lambda v: tf.sort(v),
        "argmax": lambda v: tf.argmax(v), "top": lambda v: m.top_k(v, 2).values,
        "onehot": lambda v: tf.one_hot(tf.cast(v > 0, tf.int32), 2),
        "cast": lambda v: tf.cast(v * 5, tf.int32),
        "conv": lambda v: tf.nn.conv1d(v[None, :, None], np.ones((2, 1, 2), np.float32), 1, "SAME"),
        "fft": lambda v: tf.abs(tf.signal.rfft(v)), "einsum": lambda v: tf.einsum("i,ij,j->", v, w, v),
        "transpose": lambda v: tf.transpose(tf.reshape(tf.tile(v, [2]), [2, 3])),
        "cond": lambda v: tf.cond(v[0] > 0, lambda: v * 2, lambda: v - 1),
        "while": lambda v: tf.while_loop(lambda i, u: i < 3, lambda i, u: (i + 1, u * v), (0, v))[1],
        "grad": lambda v: tf.gradients(tf.reduce_sum(tf.sin(v) * v), v)[0],
        "split": lambda v: tf.split(v, 3)[1], "unstack": lambda v: tf.unstack(v)[2],
        "scatter": lambda v: tf.tensor_scatter_nd_add(tf.zeros([4]), [[0], [1], [0]], v),
        "segment": lambda v: m.unsorted_segment_sum(v, [0, 1, 0], 2),
        "const": lambda v: tf.constant([1.0, 2.0]), "norm": lambda v: v / tf.norm(v),
        "select": lambda v: tf.where(tf.reduce_all(v > 0), v, -v), "diag": lambda v: la.diag(v),
        "special": lambda v: m.lgamma(tf.abs(v) + 1) + m.igamma(tf.abs(v) + 1, v * v) + m.erf(v),
        "expand": lambda v: tf.squeeze(v[None, :, None], [0]),
        "bias": lambda v: tf.nn.bias_add(v[None], w[0]),
        "xent": lambda v: tf.nn.softmax_cross_entropy_with_logits(tf.nn.softmax(w[0]), v),
        "searchsorted": lambda v: tf.searchsorted(tf.sort(w[0]), v), "fill": lambda v: tf.fill([2], v[0]),
        "mod": lambda v: m.floormod(v, 0.3), "logical": lambda v: tf.logical_and(v > 0, v < 0.5),
        "random": lambda v: v + 0 * tf.random.stateless_uniform([3], [1, 2]),
        "eigh": lambda v: la.eigvalsh(v[:, None] * v[None]),
        "inv": lambda v: la.inv(3 * tf.eye(3) + v[:, None] * v[None]),
        "svd": lambda v: la.svd(v[:, None] * v[None] + w, compute_uv=False),
        "tri": lambda v: la.triangular_solve(w + 3 * tf.eye(3), v[:, None]),
        "logdet": lambda v: la.logdet(3 * tf.eye(3) + v[:, None] * v[None]),
        "roll": lambda v: tf.roll(v, 1, 0), "reverse": lambda v: tf.reverse(v, [0]),
        "bcast": lambda v: tf.broadcast_to(v, [2, 3])}
    made = {k: (lambda x, f=f: tf.vectorized_map(f, x), [[data(n, 3)] for n in (4, 1, 6)]) for k,
            f in rows.items()}
    made["map_fn"] = (lambda x: {k: tf.map_fn(f, x, fn_output_signature=tf.vectorized_map(f,
            x[:1]).dtype) for k, f in rows.items() if k in ("arith", "cond", "top", "argmax", "onehot", "fft",
            "outer")}, [[data(n, 3)] for n in (4, 1)])
    return made


@group
def models(tf):
    """Larger functions under pfor, jvp and jacobians."""
    nn = tf.nn
    k1, k2 = data(3, 3, 2, 3), data(12, 4, seed=2)

    def net(x):
        h = nn.relu(nn.conv2d(x[None], k1, 2, "SAME"))
        h = nn.avg_pool2d(h, 2, 1, "SAME")
        return nn.log_softmax(tf.matmul(tf.reshape(h, [1, 12]), k2))[0]

    def per_example(x):
        """A gradient for each picture, clipped by itself, as private training has it."""
        def one(v):
            with tf.GradientTape() as tape:
                tape.watch(v)
                y = net(v)[0]
            g = tape.gradient(y, v)
            return tf.clip_by_norm(g, 0.1)
        return {"g": tf.vectorized_map(one, x), "mean": tf.reduce_mean(tf.vectorized_map(one, x), 0),
                "y": tf.vectorized_map(net, x)}

    def sensitivity(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.vectorized_map(net, x)
        with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as acc:
            z = tf.vectorized_map(net, x)
            b = nn.relu(nn.conv2d(x, k1, 1, "VALID"))
            m = nn.batch_normalization(b, *nn.moments(b, [0, 1, 2]), None, None, 1e-3)
        return {"j": tape.batch_jacobian(y, x), "jvp": acc.jvp(z), "conv": acc.jvp(b), "norm": acc.jvp(m)}

    cell = tf.keras.layers.LSTMCell(3)
    cell.build((None, 2))

    class Recurrent(tf.Module):
        def __init__(self):
            self.cell = cell

        def __call__(self, x):
            def run(seq):
                h = [tf.zeros([1, 3]), tf.zeros([1, 3])]
                for t in tf.range(tf.shape(seq)[0]):
                    h = self.cell(seq[t][None], h)[1]
                return h[0][0]
            y = tf.vectorized_map(run, x)
            z = tf.map_fn(run, x)
            return {"y": y, "z": z, "g": tf.gradients(z, x)[0], "w": tf.gradients(z, self.cell.kernel)[0]}

    def trip_counts(x, n):
        """Loops of different lengths and branches that differ, side by side."""
        def one(a):
            v, k = a
            i, u = tf.while_loop(lambda i, u: i < k, lambda i, u: (i + 1, tf.sin(u) + v), (0, v))
            return tf.cond(tf.reduce_sum(u) > 0, lambda: u * 2, lambda: -v), i
        y, i = tf.vectorized_map(one, (x, n))
        ta = tf.vectorized_map(lambda v: tf.while_loop(lambda i, t: i < 3, lambda i,
                                                       t: (i + 1, t.write(i, v * tf.cast(i, tf.float32))),
                                                       (0, tf.TensorArray(tf.float32, 3)))[1].stack(), x)
        return {"y": y, "i": i, "ta": ta, "pairs": tf.vectorized_map(lambda a:
                tf.vectorized_map(lambda b: tf.reduce_sum(a * b), x), x)}

    def hessians(x):
        w = data(2, 2, seed=9)
        f = lambda x: tf.reduce_sum(nn.softplus(tf.matmul(x, w)) ** 2)
        h = tf.hessians(f(x), x)[0]
        n = tf.size(x)
        g = tf.reshape(tf.gradients(f(x), x)[0], [n, 1])
        return {"h": h, "newton": x - tf.reshape(tf.linalg.solve(tf.reshape(h, [n, n]) + tf.eye(n), g),
                                                 tf.shape(x)), "eig": tf.linalg.eigvalsh(tf.reshape(h,
                [n, n]))}
    return {"per_example": (per_example, [[data(n, 4, 4, 2)] for n in (3, 1, 5)]),
            "sensitivity": (sensitivity, [[data(n, 4, 4, 2)] for n in (2, 1, 3)]),
            "recurrent": (Recurrent(), [[data(n, t, 2)] for n, t in ((2, 4), (3, 2), (1, 1))]),
            "trip_counts": (trip_counts, [[data(n, 2), numbers(n, high=5)] for n in (4, 1, 6)]),
            "hessians": (hessians, [[data(n, 2)] for n in (2, 1, 3)])}
