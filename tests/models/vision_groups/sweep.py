"""Random convolutions."""
import os
import random

from vision_groups import data, group, KEPT, weights


@group
def sweep(tf):
    """Convolutions and pools of random shape, attributes and what follows them."""
    rng, nn, made = random.Random(int(os.environ.get("SEED", "5"))), tf.nn, {}
    acts = [
        None, nn.relu, nn.relu6, lambda x: nn.leaky_relu(x, 0.3), nn.elu, tf.tanh, tf.sigmoid, nn.silu,
        nn.gelu, lambda x: x * nn.relu6(x + 3) / 6
    ]

    def tail(out, kind):
        bias, scale, act, add = weights(out, seed=rng.randrange(99)), 1 + weights(
            out, seed=rng.randrange(99)), rng.choice(acts), rng.random() < 0.3
        before = rng.random() < 0.5

        def f(y):
            if kind == 1:
                y = y + bias
            elif kind == 2:
                y = tf.compat.v1.nn.fused_batch_norm(y, scale, bias, bias * 0.1, scale * scale + 0.1,
                                                     is_training=False)[0]
            elif kind == 3:
                y = y * scale + bias
            skip = tf.reverse(y, [1]) if add else 0.0
            if before:
                y = y + skip
            y = act(y) if act else y
            return y if before else y + skip

        return f

    def pads(h, w):
        return rng.choice([
            "SAME", "VALID",
            [[0, 0], [rng.randrange(h + 1), rng.randrange(h + 1)],
             [rng.randrange(w + 1), rng.randrange(w + 1)], [0, 0]]
        ])

    def conv2d(groups=1):
        kh, kw, s, t = rng.choice([1, 1, 2, 3, 3, 5,
                                   7]), rng.choice([1, 1, 2, 3, 3,
                                                    5]), rng.choice([1, 1, 2, 3]), rng.choice([1, 1, 2, 4])
        cin, out = (rng.choice([1, 2, 3, 8, 13, 16, 32, 64]) * groups for _ in "ab")
        d = rng.choice([1, 1, 2, 3]) if s == t == 1 else 1
        w, after, p = weights(kh, kw, cin // groups,
                              out), tail(out, rng.choice([0, 1, 3, 3 - (groups == 1)
                                                          ])), pads(kh,
                                                                    kw)  # TensorFlow fuses no norm to groups
        return lambda x: after(nn.conv2d(x, w, [s, t], p, dilations=d)
                               ), cin, (kh - 1) * d + 1, (kw - 1) * d + 1

    def depthwise():
        kh, kw, s, m, cin = rng.choice([1, 3, 3, 5, 7]), rng.choice([1, 3, 3, 5]), rng.choice(
            [1, 1, 2, 3]), rng.choice([1, 1, 1, 2, 3]), rng.choice([1, 3, 8, 17, 32, 96])
        d = rng.choice([1, 2]) if s == 1 else 1
        w, after, p = weights(kh, kw, cin, m), tail(cin * m, rng.randrange(4)), pads(kh, kw)
        if d > 1 and not isinstance(p, str):
            p = "SAME"
        return lambda x: after(nn.depthwise_conv2d(x, w, [1, s, s, 1], p, dilations=[d, d])
                               ), cin, (kh - 1) * d + 1, (kw - 1) * d + 1

    def transposed():
        k, s, cin, out = rng.choice([1, 2, 3, 4,
                                     5]), rng.choice([1, 2, 3]), rng.choice([1, 4, 16,
                                                                             33]), rng.choice([1, 3, 8, 32])
        w, after, p, extra = weights(k, k, out, cin), tail(out,
                                                           rng.randrange(4)), rng.choice(["SAME", "VALID"]), 0

        def f(x):
            n, h, wd = (tf.shape(x)[i] for i in range(3))
            size = [h * s, wd * s] if p == "SAME" else [(h - 1) * s + k, (wd - 1) * s + k]
            return after(nn.conv2d_transpose(x, w, tf.stack([n] + size + [out]), s, p))

        return f, cin, 1, 1

    def pool():
        k, t, s, cin = rng.choice([1, 2, 3,
                                   5]), rng.choice([1, 2, 3]), rng.choice([1, 2,
                                                                           3]), rng.choice([1, 3, 8, 31, 64])
        f = rng.choice([nn.max_pool2d, nn.avg_pool2d])
        p, scale = rng.choice(["SAME", "VALID"]), weights(cin)
        return lambda x: f(x * scale, [k, t], [s, 1 + s % 2], p), cin, k, t

    def chain():
        """A few layers, so that layouts meet."""
        parts, c = [], rng.choice([3, 16, 32])
        first = c
        for _ in range(4):
            out, k, s = rng.choice([8, 16, 24, 64]), rng.choice([1, 3]), rng.choice([1, 1, 2])
            kind = rng.randrange(3)
            if kind == 0:
                parts.append(
                    (lambda x, w=weights(k, k, c, 1, seed=len(KEPT)), t=tail(c, rng.randrange(4)), s=s: t(
                        nn.depthwise_conv2d(x, w, [1, s, s, 1], "SAME"))))
                continue
            parts.append(
                (lambda x, w=weights(k, k, c, out, seed=len(KEPT)), t=tail(out, rng.randrange(4)), s=s: t(
                    nn.conv2d(x, w, s, "SAME"))))
            c = out

        def f(x):
            for part in parts:
                x = part(x)
            return x, tf.reduce_mean(x, [1, 2])

        return f, first, 1, 1

    for i in range(int(os.environ.get("SWEEP", "30"))):
        for name, maker in (("conv", conv2d), ("grouped", lambda: conv2d(rng.choice([2, 3, 4]))),
                            ("depth", depthwise), ("up", transposed), ("pool", pool), ("chain", chain)):
            f, c, kh, kw = maker()
            high, wide = max(kh, rng.choice([5, 14, 28, 33])), max(kw, rng.choice([4, 14, 31]))
            sizes = [(1, high, wide, c), (2, max(kh, 9), max(kw, 7), c), (1, kh, kw, c), (0, high, wide, c),
                     (3, high + 3, wide + 1, c)]
            made["%s%d" % (name, i)] = (f, [[data(*s)] for s in sizes])
    return made
