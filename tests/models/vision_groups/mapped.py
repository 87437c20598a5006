"""Mapped, ragged, compiled and told."""
import numpy as np

from vision_groups import data, group, pixels, unit, weights


@group
def mapped(tf):
    """Pictures and sounds by vectorized_map, in ragged batches, compiled, and told in strings."""
    nn, k = tf.nn, weights(3, 3, 3, 4)

    def vectorised(x):

        def one(t):
            y = nn.relu(nn.conv2d(t[None], k, 2, "SAME"))[0]
            z = tf.image.per_image_standardization(t)
            return {
                "y": y, "z": z, "flip": tf.image.flip_left_right(z), "rot": tf.image.rot90(t),
                "g":
                tf.reduce_mean(tf.image.rgb_to_grayscale(t)), "top": tf.math.top_k(tf.reshape(t, [-1]), 3)[0],
                "small": tf.image.resize(t,
                                         [2, 2]), "arg": tf.argmax(tf.reshape(t, [-1, 3]),
                                                                   0), "hsv": tf.image.rgb_to_hsv(tf.abs(t))
            }

        return tf.vectorized_map(one, x)

    def vectorised_sound(x):
        return tf.vectorized_map(
            lambda t: {
                "s": tf.abs(tf.signal.stft(t, 8, 4)), "d": tf.signal.dct(t), "c": tf.cumsum(t), "f": tf.signal
                .frame(t, 4, 2), "o": tf.sort(t)
            }, x)

    def vectorised_boxes(boxes, scores):

        def one(args):
            b, sc = args
            keep = tf.image.non_max_suppression_padded(b, sc, 4, 0.5, pad_to_max_output_size=True)
            return tf.gather(b, keep[0]), keep[1]

        return tf.vectorized_map(one, (boxes, scores))

    def ragged(values, heights):
        """Rows of pixels of pictures of several heights."""
        rows = tf.RaggedTensor.from_row_lengths(values, heights)
        means = tf.reduce_mean(rows, axis=1)
        sizes = tf.map_fn(lambda r: tf.image.resize(r[None, ..., None], [2, 3])[0, ..., 0], rows,
                          fn_output_signature=tf.float32)
        grown = tf.map_fn(lambda r: tf.RaggedTensor.from_tensor(tf.repeat(r, 2, 0)), rows,
                          fn_output_signature=tf.RaggedTensorSpec([None, None], tf.float32))
        return {
            "means": means, "sizes": sizes, "dense": rows.to_tensor(-1.0), "grown": grown.to_tensor(), "max":
            tf.reduce_max(rows, [1, 2]), "order": tf.argsort(heights)
        }

    compiled = tf.function(lambda x: nn.softmax(tf.reduce_mean(nn.relu(nn.conv2d(x, k, 1, "SAME")), [1, 2])),
                           jit_compile=True)
    relaxed = tf.function(lambda x: tf.image.resize(x, [3, 3]), reduce_retracing=True)

    def jit(x):
        return {"p": compiled(x), "r": relaxed(x), "again": compiled(x * 2)}

    def told(boxes, classes, names):
        """Detections as lines of text."""
        names = tf.gather(names, tf.clip_by_value(classes, 0, tf.size(names) - 1))
        percent = tf.strings.as_string(boxes[:, 0] * 100, precision=1)
        line = tf.strings.join(
            [names, ": ", percent, "% ",
             tf.strings.as_string(tf.cast(boxes[:, 1] * 640, tf.int32), width=4)])
        return {
            "lines":
            line, "all":
            tf.strings.reduce_join(line, separator="\n"), "upper":
            tf.strings.upper(names), "hash":
            tf.strings.to_hash_bucket_fast(names, 7), "csv":
            tf.map_fn(lambda b: tf.strings.reduce_join(tf.strings.as_string(b, shortest=True), separator=","),
                      boxes, fn_output_signature=tf.string), "format":
            tf.strings.format("{} of {}", (tf.shape(boxes), classes))
        }

    def tracked(boxes, before):
        """Greedy matching of boxes to tracks, one at a time."""
        cost = tf.reduce_sum(tf.abs(boxes[:, None] - before[None]), -1)
        n, m = tf.shape(cost)[0], tf.shape(cost)[1]
        matched = tf.fill([n], -1)
        for _ in tf.range(tf.minimum(n, m)):
            flat = tf.argmin(tf.reshape(cost, [-1]), output_type=tf.int32)
            i, j = flat // m, flat % m
            if cost[i, j] > 1.5:
                break
            matched = tf.tensor_scatter_nd_update(matched, [[i]], [j])
            row, col = tf.one_hot(i, n, 1e9, 0.0)[:, None], tf.one_hot(j, m, 1e9, 0.0)[None]
            cost = cost + row + col
        new = tf.where(matched < 0)[:, 0]
        return {
            "matched": matched, "new": tf.gather(boxes, new), "lost":
            tf.sets.difference(tf.range(m)[None], matched[None]).values
        }

    def switched(x, mode):
        """Preprocessing picked by name and by number."""
        y = tf.switch_case(
            mode,
            [lambda: x / 127.5 - 1, lambda: x / 255.0, lambda: x - tf.constant([123.68, 116.78, 103.94])],
            default=lambda: tf.image.per_image_standardization(x))
        return tf.case([(tf.shape(x)[1] > 6, lambda: tf.image.resize(y, [4, 4])),
                        (tf.shape(x)[2] > 6, lambda: y[:, :, ::2])],
                       default=lambda: tf.image.grayscale_to_rgb(y[..., :1]))

    rows = [[data(7, 4), np.int32([2, 4, 1])], [data(3, 4), np.int32([3])], [data(2, 4), np.int32([1, 1])]]
    images = [[data(*t)] for t in ((2, 6, 5, 3), (1, 4, 4, 3), (3, 3, 7, 3))]
    names = np.array([b"cat", "höhle".encode(), b""], object)
    box = lambda *shape, seed=1: np.concatenate(
        [unit(*shape, 2, seed=seed) * 0.5, 0.5 + 0.5 * unit(*shape, 2, seed=seed + 1)], -1)
    return {
        "vectorised": (vectorised, images), "vectorised_sound": (vectorised_sound, [[data(2,
                                                                                          20)], [data(1, 9)],
                                                                                    [data(4, 16)]]),
        "vectorised_boxes": (vectorised_boxes, [[box(2, 6), unit(2, 6)],
                                                [box(1, 9), unit(1, 9)]]), "ragged": (ragged, rows), "jit":
        (jit, images + [[data(0, 4, 4, 3)]]), "told": (told, [[box(3), np.int32([0, 1, 7]), names],
                                                              [box(1), np.int32([-3]), names[:1]],
                                                              [box(0), np.int32([]), names]]), "tracked":
        (tracked, [[box(4), box(3, seed=5)], [box(2), box(5, seed=5)],
                   [box(1),
                    box(1) + np.float32(2)]]), "switched": (switched, [[unit(1, 8, 5, 3) * 255,
                                                                        np.int32(0)],
                                                                       [unit(2, 4, 9, 3) * 255,
                                                                        np.int32(1)],
                                                                       [unit(1, 3, 3, 3) * 255,
                                                                        np.int32(2)],
                                                                       [unit(1, 3, 3, 3) * 255,
                                                                        np.int32(-1)]])
    }
