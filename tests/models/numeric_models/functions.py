"""Special functions, orders and counts, integers of all widths, other types and what is no number."""
import numpy as np

from numeric_models import data, group, numbers


@group
def special(tf):
    m, sp = tf.math, tf.math.special

    def distributions(x, p):
        """Densities and distribution functions by hand."""
        a, b, u = p * 3 + 0.1, p * 2 + 0.3, p * 0.9 + 0.05
        t = tf.abs(x)
        z = x / np.sqrt(2.0)
        return {"normal": 0.5 * m.erfc(-z), "quantile": m.ndtri(u), "erfinv": m.erfinv(2 * u - 1),
                "erfcinv": m.erfcinv(2 * u), "gamma": m.igamma(a, t), "gamma_c": m.igammac(a, t),
                "beta": m.betainc(a, b, u), "student": 1 - 0.5 * m.betainc(a / 2, 0.5 * tf.ones_like(a),
                        a / (a + x * x)), "lbeta": m.lbeta(tf.stack([a, b], -1)),
                "poisson": m.igammac(tf.floor(t) + 1, a), "log_poisson": x * m.log(a) - a - m.lgamma(t + 1),
                "von_mises": tf.exp(a * (tf.cos(x) - 1)) / (2 * np.pi * m.bessel_i0e(a)),
                "log_normal": m.log_sigmoid(x), "zeta": m.zeta(1.0 + a, b), "polygamma":
                m.polygamma(tf.floor(a), b), "digamma": m.digamma(b), "xlogy": m.xlogy(tf.nn.relu(x), t),
                "xlog1py": m.xlog1py(tf.nn.relu(x), t), "xdivy": m.xdivy(tf.nn.relu(x), x),
                "dirichlet": m.lbeta(tf.stack([a, b, u])), "ndtri": m.ndtri(p),
                "softplus": m.softplus(x * 30)}

    def bessel(x):
        t = tf.abs(x) + 0.1
        return {n: getattr(sp, "bessel_" + n)(t if n[0] in "ky" else x) for n in ("i0", "i0e", "i1", "i1e",
                "k0", "k0e", "k1", "k1e", "j0", "j1", "y0", "y1")} | {
            "dawsn": sp.dawsn(x), "expint": sp.expint(x), "fsin": sp.fresnel_sin(x),
                    "fcos": sp.fresnel_cos(x), "spence": sp.spence(t)}

    def gradients(x, p):
        a = p * 3 + 0.5
        f = {"igamma": lambda: m.igamma(a, tf.abs(x)), "betainc": lambda: m.betainc(a, a, p * 0.9 + 0.05),
             "lgamma": lambda: m.lgamma(a), "digamma": lambda: m.digamma(a), "erf": lambda: m.erf(x),
             "erfinv": lambda: m.erfinv(x * 0.5), "ndtri": lambda: m.ndtri(p * 0.9 + 0.05),
             "i0e": lambda: m.bessel_i0e(x), "i1e": lambda: m.bessel_i1e(x), "zeta": lambda: m.zeta(a + 1, a),
             "xlogy": lambda: m.xlogy(x, a), "atan2": lambda: tf.atan2(x, a), "pow": lambda: a ** x,
             "logsumexp": lambda: tf.reduce_logsumexp(x * a), "asinh": lambda: tf.asinh(x),
             "acosh": lambda: tf.acosh(a + 1),
             "atanh": lambda: tf.atanh(x * 0.9), "dawsn": lambda: sp.dawsn(x), "expint": lambda: sp.expint(a),
             "tan": lambda: tf.tan(x), "norm": lambda: tf.norm(x), "prod": lambda: tf.reduce_prod(x),
             "cumprod": lambda: m.cumprod(x), "std": lambda: m.reduce_std(x), "k0": lambda: sp.bessel_k0(a),
             "y1": lambda: sp.bessel_y1(a), "softsign": lambda: tf.nn.softsign(x),
             "fm": lambda: m.floormod(x, a),
             "mn": lambda: m.multiply_no_nan(x, a), "dn": lambda: m.divide_no_nan(x, x - x[0]),
             "lse": lambda: m.cumulative_logsumexp(x), "nextafter": lambda: m.nextafter(x, a) * 2}
        return {k: tf.gradients(y(), [x, p], unconnected_gradients="zero") for k, y in f.items()}

    def flat(f):
        return lambda *xs: {k + str(i): t for k, v in f(*xs).items() for i, t in enumerate(v)}
    xs = [[4 * data(n, dtype=t), data(n, seed=2, low=0, dtype=t)] for t in (np.float32,) for n in (7, 1, 0,
            19)]
    xd = [[x.astype(np.float64) for x in r] for r in xs]
    edge = np.array([0, -0.0, 1, -1, np.inf, -np.inf, np.nan, 1e-30, -1e-30, 1e30, 50, -50, 0.5, 2],
                    np.float32)
    return {"distributions": (distributions, xs), "distributions64": (distributions, xd),
            "bessel": (bessel, [[r[0]] for r in xs]), "bessel64": (bessel, [[r[0]] for r in xd]
            + [[edge.astype(np.float64)]]),
            "gradients": (flat(gradients), xs[:2] + xs[3:]), "gradients64": (flat(gradients), xd[:2]),
            "edge": (distributions, [[edge, np.linspace(0, 1, 14, dtype=np.float32)]]),
            "bessel_edge": (bessel, [[edge], [edge[:3]]])}


@group
def order(tf):
    m = tf.math

    def quantiles(x):
        s, n = tf.sort(x, 0), tf.shape(x)[0]
        at = tf.constant([0.1, 0.5, 0.9]) * tf.cast(n - 1, tf.float32)
        lo = tf.cast(tf.floor(at), tf.int32)
        f = (at - tf.floor(at))[:, None]
        return {"q": tf.gather(s, lo) * (1 - f) + tf.gather(s, tf.minimum(lo + 1, n - 1)) * f,
                "median": s[n // 2], "iqr": s[3 * n // 4] - s[n // 4], "nth": tf.nn.top_k(tf.transpose(x),
                1 + n // 2).values[:, -1],
                "kth": m.reduce_max(x, 0), "rank": tf.argsort(tf.argsort(x, 0, stable=True), 0, stable=True),
                "down": tf.argsort(x, 0, "DESCENDING", True), "in": m.in_top_k(tf.zeros([n], tf.int32), x, 1)}

    def counting(v):
        u = tf.unique(v)
        c = tf.unique_with_counts(v, tf.int64)
        n = tf.cast(tf.size(v), tf.int32)
        seg = tf.sort(tf.cast(v, tf.int32) % 4)
        return {"y": u.y, "idx": u.idx, "cy": c.y, "count": c.count, "bins": m.bincount(tf.cast(v, tf.int32)),
                "min": m.bincount(tf.cast(v, tf.int32), minlength=12, maxlength=14),
                "weights": m.bincount(tf.cast(v, tf.int32), weights=tf.cast(v, tf.float32)),
                "hist": tf.histogram_fixed_width(tf.cast(v, tf.float32), [0.0, 10.0], 5),
                "edges": tf.histogram_fixed_width_bins(tf.cast(v, tf.float32), [2.0, 8.0], 4),
                "sum": m.segment_sum(v, seg), "max": m.segment_max(v, seg), "mean":
                m.segment_mean(tf.cast(v, tf.float64), seg),
                "prod": m.unsorted_segment_prod(v, u.idx, n), "umin": m.unsorted_segment_min(v, u.idx,
                        tf.size(u.y)), "umean": m.unsorted_segment_mean(tf.cast(v, tf.float32), u.idx, 20),
                "sqrt_n": m.unsorted_segment_sqrt_n(tf.cast(v, tf.float32), u.idx, 20),
                "conf": m.confusion_matrix(v % 3, v[::-1] % 3, 3),
                "search": tf.searchsorted(tf.sort(v), v, "right"), "mode": u.y[tf.argmax(c.count)],
                "invert": m.invert_permutation(tf.argsort(v)), "setdiff": tf.sets.difference(v[None],
                        v[None, :1]).values, "listdiff": tf.raw_ops.ListDiff(x=v, y=v[:1]).out,
                "first": tf.math.unsorted_segment_min(tf.range(n), u.idx, n)}

    def sorts(x):
        return {"up": tf.sort(x), "down": tf.sort(x, direction="DESCENDING"),
                "arg": tf.argsort(x, stable=True), "axis0": tf.sort(x, 0), "max": tf.reduce_max(x, 1),
                "min": tf.reduce_min(x, [0]), "argmax": tf.argmax(x, 1), "argmin": tf.argmin(x, 0),
                "top": tf.math.top_k(x, 2).values, "topi": tf.math.top_k(x, 2).indices}

    def unsigned(x):
        return {"argmax": tf.argmax(x, 1), "max": tf.reduce_max(x, 1), "sum": tf.reduce_sum(x, 1),
                "top": tf.math.top_k(x, 2).values, "topi": tf.math.top_k(x, 2).indices,
                "unique": tf.unique(tf.reshape(x, [-1])).y, "cumsum": tf.cumsum(x, 1, reverse=True),
                "any": tf.math.count_nonzero(x, 0)}

    def rows(x):
        y, idx, count = tf.raw_ops.UniqueWithCountsV2(x=x, axis=[0])
        return {"y": y, "idx": idx, "count": count, "cols": tf.raw_ops.UniqueV2(x=x, axis=[1]).y}

    def ragged_median(x, lengths):
        mask = tf.sequence_mask(lengths, tf.shape(x)[1])
        big = tf.where(mask, x, np.float32(np.inf))
        s = tf.sort(big, 1)
        at = tf.maximum(lengths - 1, 0) // 2
        return {"median": tf.gather(s, at, batch_dims=1), "mean": m.divide_no_nan(tf.reduce_sum(tf.where(mask,
                x, 0.0), 1), tf.cast(lengths, tf.float32)), "flat": tf.boolean_mask(x, mask),
                "rev": tf.reverse_sequence(x, lengths, 1)}

    def topological(x):
        """Sorts by two keys, as join code does."""
        a, b = x[:, 0], x[:, 1]
        by_b = tf.argsort(b, stable=True)
        by = tf.gather(by_b, tf.argsort(tf.gather(a, by_b), stable=True))
        out = tf.gather(x, by)
        new = tf.concat([[True], tf.reduce_any(out[1:] != out[:-1], 1)], 0)
        return {"sorted": out, "distinct": tf.boolean_mask(out, new), "runs": tf.where(new)[1:,
                0] - tf.where(new)[:-1, 0], "group": tf.cumsum(tf.cast(new, tf.int32)) - 1}
    made = {"quantiles": (quantiles, [[data(n, 3)] for n in (9, 4, 1, 12)]),
            "rows": (rows, [[numbers(n, 2, high=2)] for n in (6, 3, 9)]), "topological": (topological,
            [[numbers(n, 2, high=3)] for n in (7, 1, 12)]),
            "masked": (ragged_median, [[data(n, t), numbers(n, high=t + 1)] for n,
                                       t in ((4, 5), (2, 3), (0, 2))])}
    for t in (np.int32, np.int64):
        made["counting_" + t.__name__] = (counting, [[numbers(n, dtype=t)] for n in (12, 3, 30)])
    for t in (np.int8, np.int16, np.int32, np.int64, np.float16, np.float64):
        made["sorts_" + t.__name__] = (sorts, [[numbers(n, k, low=-50, high=50, dtype=t)] for n,
                                               k in ((3, 5), (1, 9), (4, 2))])
    for t in (np.uint8, np.uint16):
        made["unsigned_" + t.__name__] = (unsigned, [[numbers(n, k, high=250, dtype=t)] for n,
                                                     k in ((3, 5), (1, 9), (4, 2))])
    return made


@group
def integers(tf):
    b, made = tf.bitwise, {}
    for t in (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64):
        low, high = np.iinfo(t).min, np.iinfo(t).max
        x = np.array([low, low + 1, -7 if low else 7, -1 if low else 1, 0, 1, 3, 7, 100, high - 1, high], t)
        y = np.array([1, -1 if low else 2, 3, -2 if low else 3, 5, -5 if low else 4, 7, 2, high, low or 1, 3],
                     t)

        def f(x, y, t=t, signed=low < 0):
            size = np.dtype(t).itemsize * 8
            s = tf.cast(tf.cast(y, tf.int64) & (size - 1), t)
            out = {"floordiv": x // y, "mod": x % y, "tdiv": tf.truncatediv(x, y),
                   "tmod": tf.truncatemod(x, y) if t in (np.int32, np.int64) else x,
                   "and": b.bitwise_and(x, y), "or": x | y, "xor": x ^ y, "inv": b.invert(x),
                   "left": b.left_shift(x, s),
                   "right": b.right_shift(x, s), "pop": tf.raw_ops.PopulationCount(x=x), "sub": x - y,
                   "sq": x * x, "sum": x + y, "max": tf.maximum(x, y), "less": x < y, "eq": tf.equal(x, y),
                   "clip": tf.clip_by_value(x, 1, 5) if size > 31 else tf.minimum(x, y),
                   "f": tf.cast(x, tf.float32), "wrap": tf.cast(x, tf.int8), "total": tf.reduce_sum(x),
                   "prod": tf.reduce_prod(x), "where": tf.where(x > y, x, y),
                   "onehot": tf.one_hot(tf.cast(x % 5, tf.int32), 5, dtype=t), "bool": tf.cast(x, tf.bool),
                   "cum": tf.cumsum(x), "roll": tf.roll(x, 2, 0), "str": tf.strings.as_string(x)}
            if signed:
                out.update(neg=-x, abs=tf.abs(x), sign=tf.sign(x), sat8=tf.saturate_cast(x, tf.int8),
                           satu16=tf.saturate_cast(x, tf.uint16))
            return out
        requests = [[x, y], [x[3:5], y[3:5]], [x[:0], y[:0]], [x, y]]
        made[t.__name__] = (f, requests)
        zero = [[x, np.zeros_like(y)], [x, y], [x[:1], np.zeros_like(y[:1])]]
        made["zero_" + t.__name__] = (lambda x, y: {"div": x // y, "mod": x % y}, zero)
    made["power"] = (lambda x, y: {"p": x ** y, "s": tf.square(x)}, [[numbers(5, low=-3, high=4),
            numbers(5, high=5)], [numbers(2), numbers(2)], [numbers(2), np.array([1, -1], np.int32)]])
    made["range"] = (lambda a, z, d: {"r": tf.range(a, z, d), "n": tf.size(tf.range(a, z, d))},
                     [[np.int64(a), np.int64(z), np.int64(d)] for a, z, d in ((0, 5, 1), (5, 0, -2),
            (3, 3, 1), (-4, 9, 5), (0, 5, 0), (0, 5, -1))])
    return made


@group
def types(tf):
    """Complex arithmetic, half floats, casts and the flow of NaN and infinities."""
    m = tf.math

    def complex_(re, im):
        z, w = tf.complex(re, im), tf.complex(im + 2.0, re)
        return {"mul": z * w, "div": z / w, "exp": tf.exp(z), "log": m.log(w), "sqrt": tf.sqrt(z),
                "pow": w ** z, "sin": tf.sin(z), "tanh": tf.tanh(z), "abs": tf.abs(z), "angle": m.angle(z),
                "conj": m.conj(z), "sum": tf.reduce_sum(z), "prod": tf.reduce_prod(w),
                "mm": tf.matmul(z[:, None], w[None]), "eq": tf.equal(z, z),
                "cum": tf.cumsum(z), "mean": tf.reduce_mean(z), "where": tf.where(re > 0, z, w),
                "rec": m.reciprocal(w), "sq": tf.square(z), "re": m.real(z) * m.imag(w),
                "cast": tf.cast(z, tf.complex128), "real": tf.cast(z, tf.float32), "acosh": tf.acosh(z),
                "atan": tf.atan(z), "rsqrt": m.rsqrt(w), "norm": tf.norm(z),
                "log1p": m.log1p(z), "expm1": m.expm1(z), "asinh": tf.asinh(z), "cosh": tf.cosh(z),
                "sign": tf.sign(z), "sigmoid": tf.sigmoid(z), "dn": m.divide_no_nan(z, z - z),
                "bits": tf.bitcast(z, tf.float32)}

    def low(t):
        def f(x, w):
            a, k = tf.cast(x, t), tf.cast(w, t)
            h = tf.nn.relu(tf.cast(tf.matmul(tf.cast(a, tf.float32), tf.cast(k, tf.float32)),
                                   t) + tf.cast(0.1, t))
            mean, var = tf.nn.moments(tf.cast(h, tf.float32), -1, keepdims=True)
            n = tf.cast((tf.cast(h, tf.float32) - mean) * m.rsqrt(var + 1e-3), t)
            out = {"h": h, "soft": tf.nn.softmax(n), "ls": tf.nn.log_softmax(n), "sum": tf.reduce_sum(h, 1),
                   "mean": tf.reduce_mean(n, 0), "max": tf.reduce_max(h), "gelu": tf.nn.gelu(n),
                   "exp": tf.exp(n), "tanh": tf.tanh(n), "cum": tf.cumsum(h, 1), "sig": tf.sigmoid(n),
                   "erf": m.erf(n), "sqrt": tf.sqrt(h), "pow": h ** tf.cast(2.0, t),
                   "floor": tf.floor(n), "argmax": tf.argmax(n, 1), "lt": n < 0,
                   "mod": m.floormod(n, tf.cast(0.3, t)), "g": tf.gradients(tf.nn.softplus(a) * a, a)[0],
                   "round": tf.round(n * 3), "nan": m.is_nan(n / tf.zeros_like(n)),
                   "sel": tf.where(n > 0, n, tf.zeros_like(n)),
                   "f64": tf.cast(n, tf.float64), "log1p": m.log1p(h), "atan2": tf.atan2(n, h),
                   "l2": tf.nn.l2_loss(h), "cat": tf.concat([h, n], 0), "tr": tf.transpose(h),
                   "clip": tf.clip_by_value(n, tf.cast(-0.5, t), tf.cast(0.5, t)),
                   "addn": tf.add_n([h, n, n]), "sq": m.squared_difference(h, n)}
            return {k: tf.cast(v, tf.float32) if v.dtype == tf.bfloat16 else v for k, v in out.items()}
        return f

    def nan_flow(x):
        ok = m.is_finite(x)
        safe = tf.where(ok, x, tf.zeros_like(x))
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.where(x > 0, tf.sqrt(tf.where(x > 0, x, tf.ones_like(x))), tf.zeros_like(x))
        with tf.GradientTape() as bad:
            bad.watch(safe)
            z = tf.where(safe > 0, tf.sqrt(safe), 0.0)
        return {"ok": ok, "nan": m.is_nan(x), "inf": m.is_inf(x), "y": y, "g": tape.gradient(y, x),
                "bad": bad.gradient(z, safe), "max": tf.reduce_max(x), "min": tf.minimum(x, 1.0),
                "relu": tf.nn.relu(x), "relu6": tf.nn.relu6(x), "clip": tf.clip_by_value(x, -1.0, 1.0),
                "sort": tf.sort(safe), "argmax": tf.argmax(x), "mean": tf.reduce_mean(safe),
                "soft": tf.nn.softmax(safe), "no_nan": m.multiply_no_nan(x, tf.zeros_like(x)),
                "div": m.divide_no_nan(x, tf.zeros_like(x)), "sum": tf.reduce_sum(x),
                "prod": tf.reduce_prod(x), "any": tf.reduce_any(m.is_nan(x)), "eq": tf.equal(x, x),
                "lse": tf.reduce_logsumexp(safe), "lse_inf": tf.reduce_logsumexp(x[4:6]), "tanh": tf.tanh(x),
                "sig": tf.sigmoid(x), "exp": tf.exp(x), "log": m.log(x), "sign": tf.sign(x),
                "round": tf.round(x), "elu": tf.nn.elu(x), "sp": tf.nn.softplus(x), "atan2": tf.atan2(x, x),
                "pow": x ** 0.0, "mod": m.floormod(x, 3.0),
                "norm": tf.norm(safe), "erf": m.erf(x), "rsqrt": m.rsqrt(x), "floor": tf.floor(x),
                "std": m.reduce_std(safe), "selu": tf.nn.selu(x), "cum": tf.cumsum(safe),
                "lrelu": tf.nn.leaky_relu(x), "maxx": tf.maximum(x, x[::-1]), "tiny": tf.abs(safe) + 1e-7}

    def checks(x, k):
        y = tf.debugging.check_numerics(x / tf.cast(k, tf.float32), "after division")
        with tf.control_dependencies([tf.debugging.assert_greater(k, -5), tf.debugging.assert_rank(x, 1),
                                      tf.debugging.assert_all_finite(x, "x")]):
            return y * 2

    def casts(x):
        kinds = [tf.float16, tf.bfloat16, tf.float64, tf.int8, tf.uint8, tf.int16, tf.uint16, tf.int32,
                 tf.int64, tf.uint32, tf.uint64, tf.bool, tf.complex64]
        out = {"c_" + k.name: tf.cast(x, k) for k in kinds if k is not tf.bfloat16} | {"b":
                tf.cast(tf.cast(x, tf.bfloat16), tf.float32), "chain": tf.cast(tf.cast(tf.cast(x, tf.int32),
                tf.bool), tf.float32), "bitcast": tf.bitcast(x, tf.int32), "bytes": tf.bitcast(x, tf.uint8),
                "back": tf.bitcast(tf.bitcast(x, tf.uint8), tf.float32)}
        return out | {"s_" + k.name: tf.saturate_cast(x * 1e4, k) for k in kinds[3:10]
                      if k not in (tf.uint32,)} | {"dec": tf.io.decode_raw(tf.strings.as_string(x),
                tf.uint8) if False else x, "q": tf.quantization.fake_quant_with_min_max_args(x, -6, 6)}
    nan = np.array([0, -0.0, 1, -2, np.inf, -np.inf, np.nan, 3, 1e-30, -1e38], np.float32)
    made = {"complex": (complex_, [[data(n), data(n, seed=2)] for n in (4, 1, 7)]),
            "nan": (nan_flow, [[nan], [nan[:8]], [data(9)], [nan]]), "casts": (casts,
            [[20 * data(5)], [data(2)], [data(0)]]),
            "checks": (checks, [[data(3), np.int32(2)], [data(3), np.int32(0)], [data(2), np.int32(1)],
                                [data(2), np.int32(-6)], [nan, np.int32(1)], [data(3), np.int32(2)]])}
    for t in ("float16", "bfloat16", "float64"):
        made["low_" + t] = (low(t), [[data(3, 4), data(4, 6, seed=2)], [data(1, 4), data(4, 2)],
                                     [data(5, 3), data(3, 6)]])
    return made
