"""Programs in loops: solvers, chains of random numbers, tables of dynamic programming."""
import numpy as np

from numeric_models import data, group, numbers, spd


@group
def optimise(tf):
    """Solvers whose loops end when the data says so."""
    la = tf.linalg

    def newton_sqrt(x):
        def more(i, y):
            return tf.logical_and(i < 50, tf.reduce_max(tf.abs(y * y - x), keepdims=False) > 1e-4)
        i, y = tf.while_loop(more, lambda i, y: (i + 1, 0.5 * (y + x / y)), (0, tf.ones_like(x)))
        return {"steps": tf.minimum(i, 60), "y": y}

    def conjugate(a, b):
        def step(i, x, r, p):
            ap = la.matvec(a, p)
            alpha = tf.tensordot(r, r, 1) / tf.tensordot(p, ap, 1)
            r2 = r - alpha * ap
            return i + 1, x + alpha * p, r2, r2 + p * tf.tensordot(r2, r2, 1) / tf.tensordot(r, r, 1)
        i, x, r, _ = tf.while_loop(lambda i, x, r, p: (i < 2 * tf.size(b)) & (tf.norm(r) > 1e-3), step,
                                   (0, tf.zeros_like(b), b, b))
        return {"x": x, "ok": tf.norm(r) < 1e-3}

    def bfgs(x):
        def f(x):
            return tf.reduce_sum((1.0 - x[:-1]) ** 2 + 2.0 * (x[1:] - x[:-1] ** 2) ** 2)

        def g(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = f(x)
            return tape.gradient(y, x)

        def search(x, p, fx, slope):
            return tf.while_loop(lambda a, k: (f(x + a * p) > fx + 1e-4 * a * slope) & (k < 20), lambda a,
                                 k: (a * 0.5, k + 1), (1.0, 0))[0]

        def step(i, x, h, gx):
            p = -la.matvec(h, gx)
            s = search(x, p, f(x), tf.tensordot(p, gx, 1)) * p
            g2 = g(x + s)
            y = g2 - gx
            sy = tf.tensordot(s, y, 1)
            e = tf.eye(tf.size(x)) - s[:, None] * y[None] / sy
            h2 = tf.cond(sy > 1e-6, lambda: tf.matmul(tf.matmul(e, h), e, transpose_b=True) + s[:,
                    None] * s[None] / sy, lambda: h)
            return i + 1, x + s, h2, g2
        x = tf.while_loop(lambda i, x, h, gx: (i < 60) & (tf.norm(gx) > 1e-3), step,
                          (0, x, tf.eye(tf.size(x), dtype=x.dtype), g(x)), maximum_iterations=80)[1]
        return {"x": x, "f": f(x)}

    def gauss_newton(t, y):
        def r(w):
            return w[0] * tf.exp(-w[1] * t) - y

        def step(w):
            with tf.GradientTape() as tape:
                tape.watch(w)
                e = r(w)
            j = tape.jacobian(e, w)
            return [w - la.lstsq(j, e[:, None], l2_regularizer=1e-3)[:, 0]]
        return tf.while_loop(lambda w: True, step, [tf.constant([1.0, 0.5])], maximum_iterations=8)[0]

    def power(a):
        def step(i, v, _):
            w = la.matvec(a, v)
            return i + 1, w / tf.norm(w), tf.norm(w)
        return tf.while_loop(lambda i, v, n: i < 30, step, (0, tf.ones([tf.shape(a)[0]]), 0.0))[1:]

    def bisection(c):
        def step(lo, hi, i):
            mid = (lo + hi) / 2
            up = mid ** 3 + mid - c > 0
            return tf.where(up, lo, mid), tf.where(up, mid, hi), i + 1
        return tf.while_loop(lambda lo, hi, i: tf.reduce_any(hi - lo > 1e-3), step,
                             (-2 * tf.ones_like(c), 2 * tf.ones_like(c), 0))

    def kmeans(x):
        def step(i, c, _):
            d = tf.reduce_sum((x[:, None] - c[None]) ** 2, -1)
            who = tf.argmin(d, 1, tf.int32)
            n = tf.math.unsorted_segment_sum(tf.ones([tf.shape(x)[0]]), who, 3)
            return i + 1, tf.where(n[:, None] > 0, tf.math.divide_no_nan(tf.math.unsorted_segment_sum(x, who,
                    3), n[:, None]), c), tf.reduce_sum(tf.reduce_min(d, 1))
        _, c, loss = tf.while_loop(lambda i, c, l: i < 6, step, (0, x[:3], 0.0))
        return {"c": c, "loss": loss, "who": tf.argmin(tf.reduce_sum((x[:, None] - c[None]) ** 2, -1), 1)}

    def sgd_momentum(x, y):
        w = m = tf.zeros([tf.shape(x)[1]])
        for i in tf.range(20):
            e = la.matvec(x, w) - y
            m = 0.9 * m + la.matvec(x, e, transpose_a=True) / tf.cast(tf.size(y), tf.float32)
            w -= 0.1 * m
            if tf.norm(m) < 1e-3:
                break
        return w

    def sinkhorn(c):
        k, u = tf.exp(-c), tf.ones([tf.shape(c)[0]])
        v = tf.ones([tf.shape(c)[1]])
        for _ in tf.range(15):
            u = 1.0 / la.matvec(k, v)
            v = 1.0 / la.matvec(k, u, transpose_a=True)
        return u[:, None] * k * v

    def em(x):
        """A mixture of two normals."""
        pi, mu, sd = tf.constant([0.5, 0.5]), tf.constant([-0.5, 0.5]), tf.ones([2])
        for _ in range(5):
            ll = tf.math.log(pi) - tf.math.log(sd) - 0.5 * ((x[:, None] - mu) / sd) ** 2
            r = tf.exp(ll - tf.reduce_logsumexp(ll, 1, keepdims=True))
            n = tf.reduce_sum(r, 0)
            pi, mu = n / tf.reduce_sum(n), tf.reduce_sum(r * x[:, None], 0) / n
            sd = tf.sqrt(tf.reduce_sum(r * (x[:, None] - mu) ** 2, 0) / n + 1e-3)
        return {"pi": pi, "mu": mu, "sd": sd}

    def tsne(x):
        d = tf.reduce_sum((x[:, None] - x[None]) ** 2, -1)
        n = tf.shape(x)[0]
        p = tf.exp(-d) * (1 - tf.eye(n))
        p = p / tf.reduce_sum(p)
        y = x[:, :2]
        for _ in tf.range(3):
            q = (1 - tf.eye(n)) / (1 + tf.reduce_sum((y[:, None] - y[None]) ** 2, -1))
            pq = (p - q / tf.reduce_sum(q)) * q
            y -= 4 * tf.reduce_sum(pq[..., None] * (y[:, None] - y[None]), 1)
        return y

    def knn(x, q):
        d = tf.norm(x[None] - q[:, None], axis=-1)
        v, i = tf.math.top_k(-d, tf.minimum(3, tf.shape(x)[0]))
        return {"d": -v, "i": i, "votes": tf.reduce_mean(tf.gather(x[:, 0], i), 1)}
    return {
        "newton": (newton_sqrt, [[data(n, seed=n, low=0.1, high=9)] for n in (4, 1, 7, 4)]),
        "conjugate": (conjugate, [[spd(n), data(n)] for n in (4, 7, 1, 4)]),
            "bfgs": (bfgs, [[data(n)] for n in (2, 3, 2)]),
        "gauss_newton": (gauss_newton, [[np.linspace(0, 2, n, dtype=np.float32),
                                         np.exp(-np.linspace(0, 2, n, dtype=np.float32))] for n in (6, 9,
                6)]),
        "power": (power, [[spd(3)], [spd(5)]]), "bisection": (bisection, [[data(4)], [data(1)], [data(0)],
                [data(6)]]),
        "kmeans": (kmeans, [[data(9, 2)], [data(20, 2)], [data(3, 2)]]), "sgd": (sgd_momentum,
                [[data(9, 3), data(9)], [data(4, 2), data(4)]]),
        "sinkhorn": (sinkhorn, [[data(3, 4)], [data(5, 2)]]), "em": (em, [[data(9)], [data(30)]]),
            "tsne": (tsne, [[data(6, 3)], [data(4, 3)]]),
        "knn": (knn, [[data(9, 3), data(4, 3)], [data(2, 3), data(1, 3)], [data(5, 3), data(0, 3)]])}


@group
def sampling(tf):
    """ODEs, Markov chains and filters with stateless numbers."""
    def rk4(y, n):
        def f(y):
            return tf.stack([y[..., 1], (1 - y[..., 0] ** 2) * y[..., 1] - y[..., 0]], -1)

        def step(y, _):
            k1 = f(y)
            k2 = f(y + 0.05 * k1)
            k3 = f(y + 0.05 * k2)
            return y + (k1 + 2 * k2 + 2 * k3 + f(y + 0.1 * k3)) * 0.1 / 6
        return tf.scan(step, tf.range(n), y)

    def adaptive(y):
        def step(t, y, h, n):
            h = tf.minimum(h, 1.0 - t)
            k = -y * 3.0
            e = 0.5 * h * (-(y + h * k) * 3.0 - k)
            ok = tf.reduce_max(tf.abs(e)) < 1e-2
            return tf.where(ok, t + h, t), tf.where(ok, y + h * k + e, y), tf.where(ok, h * 1.3,
                    h * 0.5), n + 1
        return tf.while_loop(lambda t, y, h, n: (t < 1.0) & (n < 200), step, (0.0, y, 0.4, 0))

    def hmc(x, seed):
        def u(x):
            return tf.reduce_sum(x ** 2 / 2 + tf.cos(x))

        def grad(x):
            return tf.gradients(u(x), x)[0]
        chain = tf.TensorArray(tf.float32, 5)
        for i in tf.range(5):
            s = tf.random.experimental.stateless_fold_in(seed, i)
            p0 = p = tf.random.stateless_normal(tf.shape(x), s)
            y = x
            for _ in tf.range(4):
                p -= 0.05 * grad(y)
                y += 0.1 * p
                p -= 0.05 * grad(y)
            accept = tf.random.stateless_uniform([], s + 1) < tf.exp(u(x) + tf.reduce_sum(p0 ** 2) / 2 - u(y)
                    - tf.reduce_sum(p ** 2) / 2)
            x = tf.where(accept, y, x)
            chain = chain.write(i, x)
        return chain.stack()

    def particles(obs, seed):
        n = 16

        def step(state, o):
            x, s = state
            s = s + 1
            x = 0.9 * x + tf.random.stateless_normal([n], s)
            w = tf.nn.softmax(-0.5 * (x - o) ** 2)
            u = (tf.range(n, dtype=tf.float32) + tf.random.stateless_uniform([], s)) / n
            return tf.gather(x, tf.minimum(tf.searchsorted(tf.cumsum(w), u), n - 1)), s
        return tf.scan(step, obs, (tf.zeros([n]), seed))[0]

    def draws(seed, n):
        r = tf.random
        shape = tf.stack([n, 3])
        return {"normal": r.stateless_normal(shape, seed), "trunc": r.stateless_truncated_normal(shape, seed),
                "int": r.stateless_uniform(shape, seed, -5, 9, tf.int32),
                "full": r.stateless_uniform(shape, seed, None, None, tf.int64),
                "f64": r.stateless_uniform(shape, seed, dtype=tf.float64), "half": r.stateless_normal(shape,
                        seed, dtype=tf.float16),
                "gamma": r.stateless_gamma(shape, seed, [0.5, 1.0, 3.0], [1.0, 2.0, 3.0]),
                "poisson": r.stateless_poisson(shape, seed, [0.5, 5.0, 30.0]),
                "binomial": r.stateless_binomial(shape, seed, [5.0, 20.0, 90.0], [0.2, 0.5, 0.7]),
                "cat": r.stateless_categorical(tf.math.log([[0.2, 0.3, 0.5]]), n, seed),
                "shuffle": r.experimental.stateless_shuffle(tf.range(n), seed),
                "fold": r.experimental.stateless_fold_in(seed, 7),
                "split": r.experimental.stateless_split(seed, 3)}

    def metropolis(x, seed):
        def step(i, x, s):
            y = x + 0.5 * tf.random.stateless_normal(tf.shape(x), s)
            ok = tf.math.log(tf.random.stateless_uniform(tf.shape(x), s + 7)) < x ** 2 - y ** 2
            return i + 1, tf.where(ok, y, x), s + 1
        return tf.while_loop(lambda i, *_: i < 8, step, (0, x, seed))[1]

    def brownian(seed, n):
        w = tf.cumsum(tf.random.stateless_normal([3, n], seed), 1)
        return {"w": w, "max": tf.reduce_max(w, 1), "cummax": tf.math.cumulative_logsumexp(w, 1),
                "q": tf.sort(w, 1)[:, n // 2]}
    s1, s2 = np.array([1, 2], np.int32), np.array([-7, 99], np.int32)
    return {"rk4": (rk4, [[data(2, 2), np.int32(5)], [data(1, 2), np.int32(9)], [data(3, 2), np.int32(1)]]),
            "adaptive": (adaptive, [[data(3)], [data(1)], [10 * data(2)]]),
            "hmc": (hmc, [[data(3), s1], [data(2), s2], [data(3), s2]]), "particles": (particles,
                    [[data(4), s1], [data(9), s2]]),
            "draws": (draws, [[s1, np.int32(4)], [s2, np.int32(7)], [s1, np.int32(4)], [s1, np.int32(0)]]),
            "metropolis": (metropolis, [[data(5), s1], [data(0), s1], [data(2), s2]]),
            "brownian": (brownian, [[s1, np.int32(5)], [s2, np.int32(3)]])}


@group
def dynamic_programs(tf):
    def edit_distance(a, b):
        row = tf.range(tf.size(b) + 1)
        for i in tf.range(tf.size(a)):
            new = tf.TensorArray(tf.int32, tf.size(b) + 1, clear_after_read=False).write(0, i + 1)
            for j in tf.range(tf.size(b)):
                sub = row[j] + tf.cast(a[i] != b[j], tf.int32)
                new = new.write(j + 1, tf.minimum(sub, tf.minimum(row[j + 1], new.read(j)) + 1))
            row = new.stack()
        return row[-1]

    def dtw(a, b):
        n, m = tf.size(a), tf.size(b)
        d = tf.tensor_scatter_nd_update(tf.fill([n + 1, m + 1], 1e9), [[0, 0]], [0.0])
        for i in tf.range(n):
            for j in tf.range(m):
                best = tf.reduce_min(tf.stack([d[i, j], d[i, j + 1], d[i + 1, j]]))
                d = tf.tensor_scatter_nd_update(d, [[i + 1, j + 1]], [tf.abs(a[i] - b[j]) + best])
        return d[1:, 1:]

    def floyd(d):
        for k in tf.range(tf.shape(d)[0]):
            d = tf.minimum(d, d[:, k:k + 1] + d[k:k + 1, :])
        return d

    def viterbi(logits, trans):
        def step(state, x):
            s = state[0][:, None] + trans
            return tf.reduce_max(s, 0) + x, tf.argmax(s, 0, tf.int32)
        scores, back = tf.scan(step, logits[1:], (logits[0], tf.zeros([tf.shape(trans)[0]], tf.int32)))
        last = tf.argmax(tf.concat([logits[:1], scores], 0)[-1], output_type=tf.int32)
        path = tf.scan(lambda i, b: b[i], back, last, reverse=True)
        return {"path": tf.concat([path, [last]], 0), "best": tf.reduce_max(tf.concat([logits[:1], scores],
                0)[-1])}

    def forward_backward(logits, trans):
        f = tf.scan(lambda a, x: tf.reduce_logsumexp(a[:, None] + trans, 0) + x, logits[1:], logits[0])
        b = tf.scan(lambda a, x: tf.reduce_logsumexp(trans + (x + a)[None], 1), logits[1:],
                    tf.zeros_like(logits[0]), reverse=True)
        f, b = tf.concat([logits[:1], f], 0), tf.concat([b, tf.zeros_like(logits[:1])], 0)
        return tf.nn.softmax(f + b)

    def knapsack(w, v, cap):
        best = tf.zeros([cap + 1], v.dtype)
        for i in tf.range(tf.size(w)):
            take = tf.concat([tf.fill([tf.minimum(w[i], cap + 1)], tf.constant(-10**6, v.dtype)),
                              best[:tf.maximum(cap + 1 - w[i], 0)] + v[i]], 0)
            best = tf.maximum(best, take)
        return best

    def sieve(n):
        flags = tf.ones([n], tf.bool)
        i = tf.constant(2)
        while i * i < n:
            if flags[i]:
                at = tf.range(i * i, n, i)
                flags = tf.tensor_scatter_nd_update(flags, at[:, None], tf.zeros_like(at, tf.bool))
            i += 1
        return tf.where(flags)[2:, 0]

    def life(board):
        for _ in tf.range(4):
            n = sum(tf.roll(board, [i, j], [0, 1]) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j)
            board = tf.cast((n == 3) | ((board == 1) & (n == 2)), board.dtype)
        return board

    def bubble(x):
        n, swapped = tf.size(x), tf.constant(True)
        while swapped:
            swapped = tf.constant(False)
            for i in tf.range(n - 1):
                if x[i] > x[i + 1]:
                    x = tf.tensor_scatter_nd_update(x, [[i], [i + 1]], [x[i + 1], x[i]])
                    swapped = tf.constant(True)
        return x

    def gcd_lcm(a, b):
        x, y = a, b
        while tf.reduce_any(y != 0):
            safe = tf.where(y == 0, tf.ones_like(y), y)
            x, y = tf.where(y == 0, x, y), tf.where(y == 0, y, x % safe)
        return {"gcd": x, "lcm": a // x * b}

    def gauss(a):
        """Elimination with pivots, rows exchanged by scatter."""
        n = tf.shape(a)[0]
        for k in tf.range(n):
            p = k + tf.argmax(tf.abs(a[k:, k]), output_type=tf.int32)
            a = tf.tensor_scatter_nd_update(a, tf.stack([k, p])[:, None], tf.stack([a[p], a[k]]))
            f = a[k + 1:, k] / a[k, k]
            a = tf.concat([a[:k + 1], a[k + 1:] - f[:, None] * a[k][None]], 0)
        return a

    def mandelbrot(c):
        z, n = tf.zeros_like(c), tf.zeros(tf.shape(c), tf.int32)
        for _ in tf.range(12):
            live = tf.abs(z) < 2.0
            z = tf.where(live, z * z + c, z)
            n += tf.cast(live, tf.int32)
        return n

    def collect(x):
        """A list that grows by what the data says."""
        kept = tf.TensorArray(tf.float32, 0, dynamic_size=True, element_shape=[])
        total = tf.constant(0.0)
        for v in x:
            if v > 0:
                kept = kept.write(kept.size(), v)
                total += v
            elif v < -0.9:
                break
        return {"kept": kept.stack(), "total": total, "n": kept.size()}

    def horner(c, x):
        return {"p": tf.foldr(lambda a, k: a * x + k, c, tf.zeros_like(x)), "polyval":
                tf.math.polyval(tf.unstack(c, 4), x)}
    w, v = numbers(5, low=1, high=6), numbers(5, seed=2)
    grid = np.stack(np.meshgrid(np.linspace(-2, 1, 6), np.linspace(-1, 1, 5)), -1).astype(np.float32)
    return {
        "edit_distance": (edit_distance, [[numbers(n, high=3), numbers(m, seed=2, high=3)] for n,
                                          m in ((4, 5), (1, 3), (6, 2), (0, 3), (4, 0))]),
        "dtw": (dtw, [[data(n), data(m, seed=2)] for n, m in ((3, 4), (5, 2), (1, 1))]),
            "floyd": (floyd, [[data(n, n, low=0, high=9)] for n in (4, 6, 1, 0)]),
        "viterbi": (viterbi, [[data(t, k), data(k, k, seed=2)] for t, k in ((5, 3), (2, 4), (8, 2))]),
            "forward_backward": (forward_backward, [[data(t, k), data(k, k, seed=2)] for t,
                                                    k in ((5, 3), (2, 4), (8, 2))]),
        "knapsack": (knapsack, [[w, v, np.int32(c)] for c in (7, 12, 0)]), "sieve": (sieve,
                [[np.int32(n)] for n in (30, 3, 50)]),
        "life": (life, [[numbers(5, 6, high=2)], [numbers(3, 3, high=2)]]), "bubble": (bubble,
                [[numbers(6)], [numbers(2)], [numbers(0)], [numbers(9)]]),
        "gcd": (gcd_lcm, [[numbers(4, low=1, high=90), numbers(4, low=1, high=90, seed=2)],
                          [numbers(1, low=5), numbers(1, low=5)]]),
        "gauss": (gauss, [[data(n, n + 1)] for n in (3, 5, 1)]), "mandelbrot":
            (lambda g: mandelbrot(tf.complex(g[..., 0], g[..., 1])), [[grid], [grid[:2]]]),
        "collect": (collect, [[data(6)], [data(12, seed=5)], [-data(3, low=0)], [data(0)]]),
            "horner": (horner, [[data(4), data(3)], [data(4), data(5)]]),
    }


@group
def generators(tf):
    """State of random numbers that goes on from request to request."""
    class Generators(tf.Module):
        def __init__(self, alg, seed):
            self.g = tf.random.Generator.from_seed(seed, alg=alg)

        def __call__(self, n):
            g, shape = self.g, tf.stack([n, 3])
            out = {"normal": g.normal(shape), "uniform": g.uniform(shape, -1, 2),
                   "int": g.uniform(shape, 3, 90, tf.int64), "full": g.uniform_full_int(shape, tf.uint64),
                   "trunc": g.truncated_normal(shape), "binomial": g.binomial(shape, 10.0, 0.3),
                   "seeds": g.make_seeds(2), "half": g.normal(shape, dtype=tf.float16),
                   "f64": g.uniform(shape, dtype=tf.float64)}
            g.skip(5)
            return dict(out, state=g.state.read_value(), key=g.key, drop=g.normal([4]))

    class Split(tf.Module):
        def __init__(self):
            self.g = tf.random.Generator.from_non_deterministic_state()
            self.g.reset_from_seed(7)
            self.gs = self.g.split(2)

        def __call__(self, n):
            a, b = self.gs
            return {"a": a.normal([n]), "b": b.uniform([n])}

    class Averages(tf.Module):
        """Welford's mean and variance, a ring buffer, and a histogram."""
        def __init__(self):
            self.n, self.mean = tf.Variable(0.0), tf.Variable(tf.zeros([2]))
            self.m2 = tf.Variable(tf.zeros([2]))
            self.ring, self.at = tf.Variable(tf.zeros([5, 2])), tf.Variable(0)
            self.hist = tf.Variable(tf.zeros([4], tf.int64))

        def __call__(self, x):
            for row in x:
                self.n.assign_add(1.0)
                d = row - self.mean
                self.mean.assign_add(d / self.n)
                self.m2.assign_add(d * (row - self.mean))
                self.ring.scatter_nd_update([[self.at % 5]], row[None])
                self.at.assign_add(1)
            self.hist.assign_add(tf.cast(tf.histogram_fixed_width(x, [-1.0, 1.0], 4), tf.int64))
            return {"n": self.n.read_value(), "mean": self.mean.read_value(), "var": self.m2 / self.n,
                    "ring": tf.roll(self.ring, -self.at, 0), "hist": self.hist + 0,
                    "old": tf.identity(self.at)}
    ns = [[np.int32(n)] for n in (2, 5, 2, 1)]
    return {"philox": (Generators("philox", 1), ns), "threefry": (Generators("threefry", 2), ns),
            "averages": (Averages(), [[data(n, 2)] for n in (3, 1, 4, 0)]),
            "seeded": (lambda n: {"u": tf.random.uniform([n], seed=3), "n": tf.random.normal([n, 2], seed=4),
                                  "i": tf.random.uniform([n], 0, 9, tf.int32, seed=5),
                                  "s": tf.random.shuffle(tf.range(n), seed=6),
                                  "t": tf.random.truncated_normal([n], seed=7),
                                  "c": tf.random.categorical(tf.zeros([2, 4]), n, seed=8),
                                  "g": tf.random.gamma([n], 2.0, seed=9), "p": tf.random.poisson([n], 3.0,
                    seed=10)}, ns)}
