"""Ragged pipelines."""
import numpy as np

from . import group


@group
def ragged(tf):
    R = tf.RaggedTensor
    made = {}
    vs = ([1., 2, 3, 4, 5, 6], [0, 2, 2, 5, 6])
    empty = ([], [0])
    emptyrows = ([], [0, 0, 0])
    reqs = [vs, empty, emptyrows, ([5.], [0, 1])]
    r = lambda v, s: R.from_row_splits(v, s)
    add = lambda name, f, q=None: made.__setitem__(name, (lambda v, s: f(r(v, s)), ["f?", "l?"], q or reqs))
    add(
        "reduce", lambda t: [
            tf.reduce_sum(t, 1),
            tf.reduce_mean(t, 1),
            tf.reduce_max(t, 1),
            tf.reduce_min(t, 1),
            tf.reduce_prod(t, 1),
            tf.reduce_any(t > 2, 1),
            tf.reduce_all(t > 2, 1),
            tf.reduce_sum(t),
            tf.reduce_sum(t, 0),
            tf.reduce_mean(t, [0, 1]),
            tf.math.reduce_variance(t, 1),
            tf.math.reduce_std(t, 1)
        ])
    add("softmax", lambda t: [tf.nn.softmax(t), t - tf.expand_dims(tf.reduce_max(t, 1), 1)],
        [vs, ([5.], [0, 1]), ([1., 1., 1e4, -1e4], [0, 2, 4])])
    add(
        "dense", lambda t: [
            t.to_tensor(),
            t.to_tensor(-1, shape=[None, 2]),
            t.to_tensor(shape=[5, 4]),
            t.to_sparse(),
            t.bounding_shape(),
            t.row_lengths(),
            t.value_rowids(),
            t.row_starts(),
            t.row_limits(),
            t.nrows()
        ])
    add("dense_fixed", lambda t: t.to_tensor(9, shape=[4, 3]))
    add(
        "slices", lambda t: [
            t[:, :2], t[:, ::-1], t[::-1], t[1:], t[:, -1:], t[:, 1:-1], t[::2, ::2], t[-1:],
            tf.expand_dims(t, 1),
            tf.expand_dims(t, 2),
            tf.expand_dims(t, 0)
        ])
    add("getrow", lambda t: [t[0], t[-1], tf.reverse(t, [0, 1])])
    add(
        "concat", lambda t: [
            tf.concat([t, t], 0),
            tf.concat([t, t * 2, t[:, :1]], 1),
            tf.stack([t, t], 0),
            tf.stack([t, t], 1),
            tf.tile(t, [2, 1]),
            tf.tile(t, [1, 2]),
            tf.tile(t, [2, 3])
        ])
    add(
        "mask", lambda t: [
            tf.ragged.boolean_mask(t, t > 2),
            tf.where(t > 2, t, -t),
            tf.where(t > 3),
            tf.gather(t,
                      tf.range(t.nrows())[::-1]),
            tf.where(t > 2, 0., t)
        ])
    add(
        "flat", lambda t: [
            tf.ragged.map_flat_values(tf.square, t), t + 1, t * t, -t,
            tf.maximum(t, 2.),
            tf.cast(t, tf.int32) % 2,
            tf.abs(t),
            tf.ragged.map_flat_values(lambda x, y: x * y, t, t)
        ])
    add("broadcast", lambda t: t * tf.cast(tf.range(t.nrows()), tf.float32)[:, None])
    add(
        "range", lambda t: [
            tf.ragged.range(t.row_lengths()),
            tf.ragged.range(tf.cast(t.row_lengths(), tf.int32), 7, 2),
            tf.ragged.range([3, 0], row_splits_dtype=tf.int32),
            tf.cast(tf.sequence_mask(t.row_lengths()), tf.int32)
        ])
    add(
        "map_fn", lambda t: [
            tf.map_fn(tf.reduce_sum, t, fn_output_signature=tf.float32),
            tf.map_fn(lambda row: tf.concat([row, [0.]], 0), t, fn_output_signature=tf.RaggedTensorSpec(
                [None], tf.float32)),
            tf.map_fn(lambda row: tf.sort(row)[:1], t, fn_output_signature=tf.RaggedTensorSpec(
                [None], tf.float32, 0, tf.int32)),
            tf.map_fn(lambda row: tf.size(row), t, fn_output_signature=tf.int32)
        ])
    add(
        "map_fn_ragged_in", lambda t: tf.map_fn(lambda row: tf.reduce_sum(row * row), tf.stack([t, t], 0),
                                                fn_output_signature=tf.float32))
    add(
        "map_fn_rank3", lambda t: tf.map_fn(lambda row: R.from_row_lengths(row, [tf.size(row), 0]), t,
                                            fn_output_signature=tf.RaggedTensorSpec([2, None], tf.float32)),
        [vs, ([5.], [0, 1])])

    def loop(t):
        i = tf.constant(0)
        while i < 3:
            pass
            t = tf.concat([t, t[:, :1]], 1)
            i += 1
        return t

    add("while", loop)
    add("cond",
        lambda t: tf.cond(tf.reduce_sum(t.flat_values) > 10, lambda: t * 2, lambda: tf.concat([t, t], 0)))
    add(
        "cross", lambda t: [
            tf.ragged.cross([tf.strings.as_string(t), tf.cast(t, tf.int64)]),
            tf.ragged.cross_hashed([tf.cast(t, tf.int64), tf.cast(t, tf.int64)], num_buckets=50, hash_key=7)
        ])
    add("matmul", lambda t: tf.matmul(tf.expand_dims(t, 2), tf.expand_dims(t, 1)))
    add("topk", lambda t: [tf.math.top_k(t.to_tensor(-1e9), 1)[0], tf.ragged.stack([t[:1], t[1:2]], 0)])
    add(
        "splits32", lambda t: [
            tf.cast(t, tf.int32).with_row_splits_dtype(tf.int32),
            t.with_row_splits_dtype(tf.int32).to_tensor(),
            R.from_row_splits(t.flat_values, tf.cast(t.row_splits, tf.int32)).row_lengths()
        ])
    add(
        "pair", lambda t: [
            tf.ragged.row_splits_to_segment_ids(t.row_splits),
            tf.ragged.segment_ids_to_row_splits(t.value_rowids()),
            tf.ragged.segment_ids_to_row_splits(t.value_rowids(), num_segments=6)
        ])
    add(
        "from_tensor", lambda t: [
            R.from_tensor(t.to_tensor(), lengths=t.row_lengths()),
            R.from_tensor(t.to_tensor(0.), padding=0.),
            R.from_tensor(t.to_tensor(), ragged_rank=1),
            R.from_sparse(t.to_sparse())
        ])
    add(
        "nested", lambda t: [
            tf.expand_dims(tf.stack([t, t[::-1]], 0), -1),
            tf.stack([t, t], 0).to_tensor(),
            tf.stack([t, t], 0).merge_dims(0, 1),
            tf.reduce_sum(tf.stack([t, t], 0), 2),
            tf.reduce_sum(tf.stack([t, t], 0), 1),
            tf.reduce_mean(tf.stack([t, t, t], 0), 0),
            tf.stack([t, t], 0)[:, :, :1],
            tf.stack([t, t], 1)[1:, :1],
            tf.stack([t, t], 0).row_lengths(axis=2)
        ])
    add(
        "gathers", lambda t: [
            tf.gather(tf.range(20.), tf.cast(t, tf.int32)),
            tf.gather(t, [[0, 0], [0, 0]]),
            tf.gather_nd(t, [[0, 0]])
        ], [vs, ([5.], [0, 1]), empty, emptyrows])
    add(
        "bincount", lambda t: [
            tf.math.bincount(tf.cast(t, tf.int32), axis=-1, minlength=3, maxlength=5),
            tf.math.bincount(tf.cast(t, tf.int32)),
            tf.sparse.bincount(tf.cast(t, tf.int64), axis=-1)
        ])
    add("size", lambda t: [
        tf.size(t), tf.rank(t),
        tf.zeros_like(t),
        tf.ones_like(t), tf.clip_by_value(t, 2, 4)
    ])
    add("onehot", lambda t: tf.one_hot(tf.cast(t, tf.int32), 4))
    add("dropout", lambda t: tf.nn.dropout(t, 0.0))
    add(
        "embed", lambda t: [
            tf.nn.embedding_lookup(tf.reshape(tf.range(14.), [7, 2]), tf.cast(t, tf.int64)),
            tf.reduce_mean(tf.nn.embedding_lookup(tf.reshape(tf.range(14.), [7, 2]), tf.cast(t, tf.int64)), 1)
        ])
    made["bad_splits"] = (lambda v, s: r(v, s).to_tensor(), ["f?", "l?"], [([1., 2], [0, 3]), ([1.,
                                                                                                2], [1, 2]),
                                                                           ([1., 2], [0, 2, 1, 2]),
                                                                           ([1., 2.], [])])
    made["bad_rowids"] = (lambda v, s: R.from_value_rowids(v, s, nrows=3), ["f?", "l?"], [([1., 2], [0, 2]),
                                                                                          ([1., 2], [2, 1]),
                                                                                          ([1., 2], [0, 5]),
                                                                                          ([1., 2], [0])])
    made["bad_lengths"] = (lambda v, s: R.from_row_lengths(v, s), ["f?", "l?"], [([1., 2], [0, 2]),
                                                                                 ([1., 2], [1, 2]),
                                                                                 ([1., 2], [3, -1])])
    made["novalidate"] = (lambda v, s: R.from_row_splits(v, s, validate=False).to_tensor(), ["f?", "l?"],
                          [([1., 2], [0, 2]), ([1., 2], [0, 2, 1])])
    made["padded"] = (lambda x, n: R.from_tensor(x, lengths=n), ["f?,?", "l?"], [([[1, 2], [3, 4]], [1, 2]),
                                                                                 ([[1, 2], [3, 4]], [0, 0]),
                                                                                 ([[1, 2], [3, 4]], [1, 3]),
                                                                                 (np.zeros([0, 2]), [])])
    made["uniform"] = (lambda x: [
        R.from_uniform_row_length(x, 2),
        tf.reduce_sum(R.from_uniform_row_length(x, 2), 1),
        R.from_uniform_row_length(R.from_uniform_row_length(x, 1), 2)
    ], ["f?"], [([1, 2, 3, 4], ), ([], ), ([1, 2, 3], )])
    return made
