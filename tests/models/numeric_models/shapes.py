"""Slices, moved elements, and shapes that only a request says."""
import numpy as np

from numeric_models import data, group, numbers


@group
def slices(tf):
    """Strided slices with every mask, their gradients and assignments, and what moves elements."""
    def masks(x):
        n, w = tf.shape(x)[0], tf.shape(x)[1]
        return {"neg": x[::-1, ::-2], "new": x[tf.newaxis, ..., tf.newaxis, 0], "mid": x[1:-1, ..., ::2],
                "shrink": x[-1], "both": x[..., -1, None], "empty": x[5:2], "dyn": x[n // 2:, :w - 1],
                "dyn_neg": x[n - 1:0:-1],
                "one": x[n - 1, tf.newaxis, w // 2], "far": x[-100:100:3], "bool": x[x[:, 0, 0] > 0],
                "mask": tf.boolean_mask(x, x > 0), "gather": tf.gather_nd(x, [[0, 0], [0, w - 1]]),
                "ell": x[..., 0], "all": x[:, :, :], "last": x[..., -1:], "step": x[::n],
                "rev": x[:, ::-1, 1]}

    def gradients(x):
        n = tf.shape(x)[0]
        ys = {"neg": x[::-1, ::-2], "shrink": x[-1], "new": x[None, 1:, ..., 0], "dyn": x[n // 2:, :n],
              "gather": tf.gather(x, [0, 0, n - 1]), "nd": tf.gather_nd(x, [[0, 0], [0, 0]]),
              "roll": tf.roll(x, 1, 0), "tile": tf.tile(x, [2, 1, 3]),
              "pad": tf.pad(x, [[1, 2], [0, 1], [1, 0]], "SYMMETRIC"), "mask": tf.boolean_mask(x, x > 0),
              "rev": tf.reverse(x, [1]), "repeat": tf.repeat(x, 2, 1), "concat": tf.concat([x, x * 2], 1),
              "stack": tf.stack([x, x], 2), "cumsum": tf.cumsum(x, 2, True, True), "sort": tf.sort(x, 1),
              "top": tf.math.top_k(x, 1).values,
              "max": tf.reduce_max(x, 1), "segment": tf.math.segment_sum(x, tf.range(n) // 2),
              "unsorted": tf.math.unsorted_segment_max(x, tf.range(n) % 2, 2),
              "part": tf.dynamic_partition(x, tf.range(n) % 2, 2)[1], "split": tf.split(x, [1, -1], 2)[1],
              "space": tf.nn.space_to_depth(tf.pad(x, [[0, 0], [1, 1], [0, 0]])[:, :2, None][:, :, :,
                      :] + tf.zeros([1, 1, 2, 1]), 2),
              "prod": tf.reduce_prod(x, [0, 2]), "bcast": tf.broadcast_to(x[:1], tf.shape(x)),
              "scatter": tf.tensor_scatter_nd_update(x, [[0]], x[-1:] * 3), "seq": tf.reverse_sequence(x,
                      tf.ones([n], tf.int32) * 2, 1), "diag": tf.linalg.diag(x),
              "trace": tf.linalg.trace(tf.matmul(x, x, transpose_b=True)), "mean": tf.math.reduce_mean(x, 1),
              "var": tf.math.reduce_variance(x, [1])}
        return {k: tf.convert_to_tensor(tf.gradients(y * y, x)[0]) for k, y in ys.items()}

    class Assigned(tf.Module):
        def __init__(self):
            self.v = tf.Variable(np.arange(24, dtype=np.float32).reshape(4, 6))
            self.i = tf.Variable(np.zeros(5, np.int64))

        def __call__(self, x, at):
            self.v[at, 1:3].assign(x[:2])
            self.v[::-2, -1].assign(x[0:1] + tf.zeros([2]))
            self.v[1:2].assign(self.v[2:3] * 2.0)
            self.i[at:].assign(tf.range(5 - tf.cast(at, tf.int64), dtype=tf.int64))
            self.v.scatter_nd_add([[0, 0]], x[:1])
            self.v.scatter_update(tf.IndexedSlices(tf.ones([1, 6]), [3]))
            self.v.batch_scatter_update(tf.IndexedSlices(tf.ones([4, 1]) * x[0], [[0], [1], [2], [3]]))
            self.i.scatter_add(tf.IndexedSlices(tf.constant([1, 1], tf.int64), [0, 0]))
            return {"v": self.v.read_value(), "i": self.i + 0, "sparse": self.v.sparse_read([3, 0]),
                    "nd": self.v.gather_nd([[1, 1]])}

    def moving(x):
        n, h, w, c = [tf.shape(x)[i] for i in range(4)]
        return {"s2b": tf.space_to_batch(x, [2, 2], [[0, h % 2], [0, w % 2]]),
                "b2s": tf.batch_to_space(tf.tile(x, [4, 1, 1, 1]), [2, 2], [[0, 0], [1, 0]]),
                "s2d": tf.nn.space_to_depth(tf.tile(x, [1, 2, 2, 1]), 2), "d2s":
                tf.nn.depth_to_space(tf.tile(x, [1, 1, 1, 4]), 2), "mesh": tf.stack(tf.meshgrid(tf.range(n),
                tf.range(h), tf.range(w), indexing="ij")),
                "xy": tf.meshgrid(x[0, 0, :, 0], x[0, :, 0, 0])[1], "roll": tf.roll(x, [1, -2], [1, 2]),
                "tr": tf.transpose(x, [3, 1, 0, 2]), "perm": tf.transpose(x, tf.range(3, -1, -1)),
                "patches": tf.image.extract_patches(x, [1, 2, 2, 1], [1, 1, 1, 1], [1, 1, 1, 1], "SAME"),
                "onehot": tf.one_hot(tf.cast(x[0, 0, :, 0] * 4, tf.int32), c + 2, axis=0, on_value=5.0,
                                     off_value=-1.0),
                "onehot2": tf.one_hot([[0, -1], [2, 9]], 3, axis=1), "scatter": tf.scatter_nd([[0], [0], [1]],
                        tf.ones([3, w]), [3, w]), "bgather": tf.gather(x, tf.zeros([n, 2], tf.int32), axis=2,
                        batch_dims=1), "agather": tf.gather(x, [[w - 1, 0]], axis=2),
                "bnd": tf.gather_nd(x, tf.zeros([n, 3, 1], tf.int32), batch_dims=1),
                "take": tf.experimental.numpy.take_along_axis(x, tf.argsort(x, 2), 2),
                "unstack": tf.unstack(tf.ensure_shape(x, [None, None, None, 2]), axis=3)[1],
                "stitch": tf.dynamic_stitch([tf.range(n), tf.range(n) + n], [x, -x]),
                "bcast": tf.broadcast_to(x[:, None, None, :, :, :, None, None],
                                         tf.stack([n, 2, 1, h, w, c, 1, 2])),
                "eight": tf.transpose(x[:, None, :, None, :, None, :, None], [7, 0, 6, 1, 5, 2, 4, 3]) * 2.0,
                "seq": tf.reverse_sequence(x, tf.fill([n], h - 1), 1), "mask": tf.sequence_mask(tf.range(n),
                        w), "tri": tf.experimental.numpy.tri(3), "diagpart":
                tf.linalg.diag_part(tf.transpose(x, [0, 3, 1, 2])), "pad": tf.pad(x,
                        tf.stack([[0, 0], [1, h], [w, 0], [0, 0]]), constant_values=-1.0),
                "repeat": tf.repeat(x, tf.range(n), axis=0), "cat": tf.concat([x, x[:, :, :0], x], 2)}

    def broadcast(a, b):
        x = a[:, None, :, None, None, :, None, None] + b[None, :, None, :, None, None, None, :]
        m = tf.minimum(x, a[:, None, :, None, None, :, None, None])
        return {"sum": x, "max": m * x, "less": x < 0, "where": tf.where(x > 0, x, 0),
                "red": tf.reduce_sum(x, [1, 3, 5]), "sel": tf.where(a[:, None, :, None, None, :, None,
                None] > 0, x, b[None, :, None, :, None, None, None, :]),
                "dyn": tf.broadcast_dynamic_shape(tf.shape(a), tf.shape(a[:1])),
                "g": tf.gradients(x * x, a)[0], "pow": tf.abs(x) ** a[:, None, :, None, None, :, None, None]}
    return {"masks": (masks, [[data(n, w, 4)] for n, w in ((4, 5), (2, 3), (4, 5), (1, 1))]),
            "gradients": (gradients, [[data(n, 3, 4)] for n in (4, 2, 5)]),
            "assigned": (Assigned(), [[data(3), np.int32(i)] for i in (0, 2, 1)]),
            "moving": (moving, [[data(n, 2, w, 2)] for n, w in ((2, 4), (1, 2), (3, 6))]),
            "broadcast": (broadcast, [[data(2, 3, 2), data(3, 2, 1)], [data(1, 1, 4), data(2, 1, 3)],
                                      [data(0, 2, 1), data(1, 1, 1)]]),
            "bad_index": (lambda x, i: {"g": tf.gather(x, i)}, [[data(4), np.int32(2)],
                    [data(4), np.int32(9)], [data(4), np.int32(0)]]), "bad_slice": (lambda x, i: {"g": x[i]},
                    [[data(4), np.int32(2)], [data(4), np.int32(4)], [data(4), np.int32(-4)]]),
            "bad_shapes": (lambda x, y: {"g": x + y}, [[data(4), data(4)], [data(4), data(3)],
                                                       [data(4), data(1)]]),
            "bad_reshape": (lambda x, s: {"g": tf.reshape(x, s)}, [[data(4), np.array([2, 2], np.int32)],
                    [data(4), np.array([3, -1], np.int32)], [data(4), np.array([-1, 1], np.int32)],
                    [data(4), np.array([-1, -1], np.int32)]]),
            "bad_split": (lambda x: {"g": tf.split(x, 2)[0]}, [[data(4)], [data(3)], [data(2)]]),
            "bad_matmul": (lambda x, y: {"g": tf.matmul(x, y)}, [[data(2, 3), data(3, 1)],
                    [data(2, 3), data(2, 1)], [data(0, 3), data(3, 2)]])}


@group
def dynamic(tf):
    """Shapes that values say: a guess of the second run is wrong in the third."""
    def ranges(n, m):
        r = tf.reshape(tf.range(n * m), [n, m])
        return {"r": r, "t": tf.transpose(r), "sum": tf.reduce_sum(r, 1), "lin": tf.linspace(0.0, 1.0, n),
                "eye": tf.eye(n, m), "fill": tf.fill([m, n], n), "tri": tf.linalg.band_part(tf.ones([n, n]),
                -1, 0), "mm": tf.matmul(tf.ones([n, m]), tf.ones([m, n])), "next":
                tf.reshape(tf.zeros([n, 2 * m]), [-1, m]) + 1.0}

    def selected(x):
        at = tf.where(x > 0)
        y = tf.gather_nd(x, at)
        z = tf.reshape(tf.tile(y[:, None], [1, 3]), [-1])
        n = tf.size(y)
        w = tf.matmul(tf.reshape(z, [n, 3]), tf.ones([3, n]))
        return {"at": at, "y": y, "z": z, "w": tf.nn.softmax(w),
                "mean": tf.math.divide_no_nan(tf.reduce_sum(w), tf.cast(n, tf.float32)),
                "sorted": tf.sort(y)[::-1], "back": tf.scatter_nd(at, y, tf.shape(x, tf.int64)),
                "padded": tf.pad(y, [[0, tf.size(x) - n]]), "cat": tf.concat([y, -y, tf.reshape(x, [-1])], 0)}

    def uniques(v):
        y, idx, count = tf.unique_with_counts(v)
        n = tf.size(y)
        onehot = tf.one_hot(idx, n)
        m = tf.matmul(onehot, onehot, transpose_a=True)
        return {"m": m, "inv": tf.linalg.inv(m), "y": y * 2, "top": tf.math.top_k(count,
                tf.minimum(n, 2)).values, "seg": tf.math.unsorted_segment_sum(tf.ones_like(v, tf.float32),
                idx, n) / tf.cast(tf.size(v), tf.float32), "pairs": y[:, None] + y[None]}

    def chain(x, k):
        """Sizes through a chain of small shape arithmetic."""
        s = tf.shape(x)
        n = tf.reduce_prod(s) // k
        y = tf.reshape(tf.reshape(x, [-1])[:n * k], tf.stack([n, k]))
        p = tf.pad(y, [[0, tf.math.floormod(-n, 4)], [0, 0]])
        b = tf.reshape(p, [-1, 4, k])
        return {"y": y, "b": tf.reduce_max(b, 1), "mean": tf.reduce_mean(y),
                "frames": tf.signal.frame(tf.reshape(x, [-1]), k, 1), "conv": tf.nn.conv1d(y[None],
                tf.ones([2, k, 2]), 1, "SAME"), "up": tf.image.resize(y[None, ..., None], [n * 2, k + 1]),
                "crop": y[:n // 2, k // 2:], "bn": tf.nn.l2_normalize(y, 0)}

    def branches(x):
        """The same slot, other shapes by the branch taken."""
        y = tf.cond(tf.reduce_sum(x) > 0, lambda: tf.concat([x, x], 0), lambda: x[:1])
        z = tf.switch_case(tf.shape(y)[0] % 3, [lambda: y[:, :1], lambda: tf.transpose(y),
                                                lambda: tf.reshape(y, [1, -1])])
        return {"y": y * 2, "z": z + 1, "m": tf.matmul(z, z, transpose_b=True), "s": tf.shape(z),
                "soft": tf.nn.softmax(z)}

    def lengths(x, n):
        """Loops whose values grow by what they hold."""
        def step(i, acc):
            row = tf.boolean_mask(x, x > tf.cast(i, tf.float32) * 0.2 - 0.5)
            return i + 1, tf.concat([acc, row * 2, tf.reduce_sum(acc)[None]], 0)
        _, acc = tf.while_loop(lambda i, a: i < n, step, (0, x[:1]), (tf.TensorShape([]),
                tf.TensorShape([None])))
        pieces = tf.TensorArray(tf.float32, n, infer_shape=False, element_shape=[None])
        for i in tf.range(n):
            pieces = pieces.write(i, x[:i + 1] * tf.cast(i, tf.float32))
        return {"acc": acc, "sum": tf.reduce_sum(acc), "pieces": pieces.concat(),
                "ragged": tf.RaggedTensor.from_row_lengths(pieces.concat(), tf.minimum(tf.range(1, n + 1),
                tf.size(x))).to_tensor()}

    def boxes(b, s):
        keep = tf.image.non_max_suppression(b, s, 4, 0.5, 0.0)
        kept = tf.gather(b, keep)
        area = (kept[:, 2] - kept[:, 0]) * (kept[:, 3] - kept[:, 1])
        return {"keep": keep, "area": area, "pad": tf.pad(kept, [[0, 4 - tf.size(keep)], [0, 0]]),
                "best": tf.gather(kept, tf.argsort(area))[:2]}

    def strings(x):
        parts = tf.strings.split(tf.strings.reduce_join(tf.strings.as_string(x), separator=","), ",")
        v = tf.strings.to_number(parts, tf.int32)
        return {"v": v, "odd": tf.boolean_mask(v, v % 2 == 1), "len": tf.strings.length(parts),
                "byte": tf.io.decode_raw(parts[:1], tf.uint8)}
    ns = ((3, 4), (2, 5), (3, 4), (1, 1), (0, 2), (5, 1))
    box = lambda n, seed: np.sort(data(n, 2, 2, seed=seed, low=0), 1).reshape(n, 4)
    return {"ranges": (ranges, [[np.int32(a), np.int32(b)] for a, b in ns if a]),
            "selected": (selected, [[data(2, 5, seed=s)] for s in (1, 2, 3, 1)] + [[-np.ones((1, 2),
            np.float32)], [data(3, 3, seed=9)]]),
            "uniques": (uniques, [[numbers(8, seed=s, high=h)] for s, h in ((1, 4), (2, 9), (3, 2), (1, 4),
                    (4, 1))]), "chain": (chain, [[data(a, b), np.int32(k)] for a, b,
                                                 k in ((3, 4, 2), (3, 4, 3), (5, 2, 2), (3, 4, 2),
                                                       (6, 6, 5))]),
            "branches": (branches, [[data(2, 3) + o] for o in (-1, 1, 0)] + [[data(4, 3) + 1],
                    [data(1, 3) - 1]]), "lengths": (lengths, [[data(4), np.int32(n)] for n in (2, 3, 2,
                    1)] + [[data(7), np.int32(4)]]),
            "boxes": (boxes, [[box(n, n), data(n, low=0, seed=n)] for n in (5, 9, 2, 5, 1)]),
            "strings": (strings, [[numbers(n, seed=n, high=200)] for n in (4, 1, 7)])}
