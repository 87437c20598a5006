"""Sparse tensors, embeddings of them, sets, edit distances."""
import numpy as np

from . import S, SS, group, ids


@group
def sparse(tf):
    P = tf.sparse
    made = {}
    a = ([[0, 1], [0, 3], [2, 0]], [1., 2, 3], [3, 4])
    b = ([[0, 0], [1, 2], [1, 3], [4, 1]], [-1., 5, 2, 2], [5, 4])
    e = (np.zeros([0, 2]), [], [3, 4])
    z = (np.zeros([0, 2]), [], [0, 4])
    reqs = [a, b, e, z]
    st = lambda i, v, s: tf.SparseTensor(i, v, s)

    def add(name, f, q=None, dt="f"):
        made[name] = (lambda i, v, s: f(tf.SparseTensor(i, v, s)), ["l?,?", dt + "?", "l?"], q or reqs)

    add("dense",
        lambda t: [P.to_dense(t),
                   P.to_dense(t, -1.),
                   P.to_dense(P.reorder(t), validate_indices=False)])
    add("bad", lambda t: P.to_dense(t), [([[0, 9]], [1.], [2, 2]), ([[0, 1], [0, 0]], [1., 2], [2, 2]),
                                         ([[0, 0], [0, 0]], [1., 2], [2, 2]), ([[-1, 0]], [1.], [2, 2]),
                                         ([[0, 0]], [1., 2], [2, 2]), ([[0]], [1.], [2, 2]),
                                         ([[0, 0]], [1.], [-1, 2])])
    add(
        "matmul", lambda t: [
            P.sparse_dense_matmul(t, tf.reshape(tf.range(8.), [4, 2])),
            P.sparse_dense_matmul(t, tf.ones([2, 4]), adjoint_b=True),
            P.sparse_dense_matmul(t, tf.ones([tf.shape(t)[0], 2]), adjoint_a=True)
        ])
    add("matmul_oob", lambda t: P.sparse_dense_matmul(t, tf.ones([4, 2])),
        [a, ([[0, 7]], [1.], [2, 8]), ([[0, 3], [9, 0]], [1., 1.], [2, 4])])
    add(
        "reduce", lambda t: [
            P.reduce_sum(t, 1),
            P.reduce_sum(t, [0]),
            P.reduce_sum(t),
            P.reduce_sum(t, -1, keepdims=True),
            P.reduce_max(t, 1),
            P.reduce_max(t),
            P.reduce_sum(t, 0, output_is_sparse=True),
            P.reduce_max(t, 1, output_is_sparse=True)
        ])
    add("softmax", lambda t: P.softmax(t))
    add(
        "shapes", lambda t: [
            P.reshape(t, [-1, 2]),
            P.reshape(t, [tf.size(t, tf.int64)]),
            P.transpose(t),
            P.expand_dims(t, 1),
            P.expand_dims(t, -1),
            P.reset_shape(t),
            P.reset_shape(t, [6, 6]),
            tf.shape(t, tf.int64),
            tf.size(t)
        ])
    add(
        "concat", lambda t: [
            P.concat(0, [t, t]),
            P.concat(1, [t, t]),
            P.concat(0, [t, st([[0, 5]], [9.], [1, 6])], expand_nonconcat_dims=True),
            P.add(t, t),
            P.add(t, tf.ones(tf.shape(t))),
            P.add(t, P.map_values(tf.negative, t), threshold=0.1),
            P.maximum(t, P.map_values(tf.negative, t)),
            P.minimum(t, t)
        ])
    add("concat_oob", lambda t: P.concat(0, [t, st([[0, 5]], [9.], [1, 6])]))
    add(
        "slice", lambda t:
        [P.slice(t, [0, 1], [2, 2]),
         P.slice(t, [1, 0], [9, 9]), *P.split(t, 2, 1), *P.split(t, 3, axis=1)])
    add(
        "rows", lambda t: [
            *P.fill_empty_rows(t, 7.),
            P.retain(t, t.values > 1.5),
            P.reorder(t),
            P.to_indicator(P.map_values(lambda v: tf.cast(tf.abs(v), tf.int64), t), 6),
            P.mask(tf.IndexedSlices(t.values, t.indices[:, 0]), [0]).values
        ])
    add(
        "elementwise", lambda t: [
            t * 2.0, t / 2.0,
            P.map_values(tf.abs, t),
            tf.cast(t, tf.int32),
            tf.abs(t), t * tf.ones([4]), t / tf.fill([1, 4], 4.),
            P.eye(3, 4),
            P.from_dense(P.to_dense(t)),
            t.__mul__(tf.reshape(tf.range(4.), [1, 4]))
        ], [a, b, e])
    add(
        "cross", lambda t: [
            P.cross([tf.cast(t, tf.int64), tf.cast(t, tf.int64)]),
            P.cross_hashed([tf.cast(t, tf.int64), P.map_values(tf.strings.as_string, t)], 100),
            P.cross_hashed([tf.cast(t, tf.int64)], 10, hash_key=99),
            P.cross([tf.strings.as_string(tf.cast(P.to_dense(t), tf.int32)),
                     tf.cast(t, tf.int64)], separator="_")
        ])
    add("transposed_product", lambda t: tf.sparse.sparse_dense_matmul(P.transpose(t), P.to_dense(t)))

    def loop(t):
        for _ in tf.range(3):
            t = P.add(t, t)
        return t

    add("while", loop)
    add("cond", lambda t: tf.cond(tf.size(t.values) > 2, lambda: P.map_values(tf.square, t), lambda: t))
    add(
        "map_fn", lambda t: [
            tf.map_fn(lambda r: P.reduce_sum(r), t, fn_output_signature=tf.float32),
            tf.map_fn(lambda r: P.to_dense(r), t, fn_output_signature=tf.float32),
            tf.map_fn(lambda r: P.map_values(lambda v: v + 1, r), t, fn_output_signature=tf.SparseTensorSpec(
                [4], tf.float32))
        ], [a, b, e])
    w = tf.Variable(np.arange(24, dtype=np.float32).reshape(8, 3) / 7)

    def emb(t):
        ids = tf.cast(t, tf.int64)
        wt = P.map_values(tf.abs, t)
        out = {}
        for c in ("sum", "mean", "sqrtn"):
            out[c] = tf.nn.embedding_lookup_sparse(w, ids, None, combiner=c)
            out[c + "_w"] = tf.nn.embedding_lookup_sparse(w, ids, wt, combiner=c)
            out[c + "_norm"] = tf.nn.embedding_lookup_sparse(w, ids, wt, combiner=c, max_norm=1.0)
            out[c + "_safe"] = tf.nn.safe_embedding_lookup_sparse(w, ids, wt, combiner=c, default_id=2)
            out[c + "_safe0"] = tf.nn.safe_embedding_lookup_sparse([w], ids, None, combiner=c)
        out["cut"] = tf.nn.safe_embedding_lookup_sparse(w, ids, combiner="mean", max_norm=0.5)
        return out

    emb.parts = [w]
    ei = ([[0, 0], [0, 1], [2, 0]], [1., 2, 3], [3, 4])
    add("embedding", emb,
        [ei, e, ([[0, 0]], [7.], [1, 1]), ([[0, 0]], [8.], [1, 1]), ([[0, 0], [1, 0]], [-3., 2.], [2, 1])])
    made["embedding"][0].parts = [w]
    parts = [tf.Variable(np.arange(12, dtype=np.float32).reshape(4, 3) + 100 * i) for i in range(3)]

    def emb_parts(t):
        ids = tf.cast(t, tf.int64)
        return [
            tf.nn.embedding_lookup_sparse(parts, ids, None, combiner="mean"),
            tf.compat.v1.nn.embedding_lookup_sparse(parts, ids, None, partition_strategy="div",
                                                    combiner="sum"),
            tf.nn.safe_embedding_lookup_sparse(parts, ids),
            tf.nn.embedding_lookup(parts, ids.values),
            tf.compat.v1.nn.embedding_lookup(parts, ids.values, partition_strategy="div")
        ]

    add("embedding_parts", emb_parts,
        [ei, e, ([[0, 0], [0, 1]], [11., 9.], [1, 2]), ([[0, 0]], [12.], [1, 1])])
    made["embedding_parts"][0].parts = parts

    def seg(v, i, s):
        return [
            tf.sparse.segment_sum(v, i, s),
            tf.sparse.segment_mean(v, i, s),
            tf.sparse.segment_sqrt_n(v, i, s),
            tf.sparse.segment_sum(v, i, s, num_segments=6),
            tf.sparse.segment_mean(v, i, s, 6)
        ]

    made["segments"] = (seg, ["f?,2", "i?", "i?"], [([[1, 2], [3, 4], [5, 6]], [0, 2, 2], [0, 0, 3]),
                                                    ([[1, 2]], [], []), ([[1, 2]], [0, 1], [0, 0]),
                                                    ([[1, 2]], [0, 0], [1, 0]), ([[1, 2]], [0], [7]),
                                                    ([[1, 2]], [0, 0], [0])])
    made["dense_segments"] = (lambda v, s: [
        tf.math.segment_sum(v, s),
        tf.math.segment_mean(v, s),
        tf.math.segment_max(v, s),
        tf.math.segment_min(v, s),
        tf.math.segment_prod(v, s),
        tf.math.unsorted_segment_mean(v, s, 4),
        tf.math.unsorted_segment_max(v, s, 4),
        tf.math.unsorted_segment_sqrt_n(v, s, 4)
    ], ["f?,2", "i?"], [([[1, 2], [3, 4], [5, 6]], [0, 0, 3]), (np.zeros([0, 2]), [])])

    def sets(x, y):
        return [
            tf.sets.intersection(x, y),
            tf.sets.difference(x, y),
            tf.sets.union(x, y),
            tf.sets.size(tf.sets.union(x, y)),
            tf.sets.difference(x, y, aminusb=False)
        ]

    made["sets"] = (sets, ["l?,?", "l?,?"], [([[1, 2, 2], [3, 4, 5]], [[2, 7], [5, 5]]),
                                             (np.zeros([0, 3]), np.zeros([0, 2])), ([[1]], [[1]]),
                                             ([[1, 2], [3, 4]], [[1]])])
    made["sets_sparse"] = (lambda i, v, s, y: [
        tf.sets.intersection(y, tf.SparseTensor(i, v, s)),
        tf.sets.union(tf.SparseTensor(i, v, s), tf.SparseTensor(i, v, s)),
        tf.sets.size(tf.SparseTensor(i, v, s))
    ], ["l?,2", "S?", "l2", "S?,?"], [([[0, 0], [0, 1], [2, 0]], S("a", "b",
                                                                   "c"), [3, 2], SS(["a"], ["b"], ["c"]))])

    def edit(i, v, s, i2, v2, s2):
        h, t = tf.SparseTensor(i, v, s), tf.SparseTensor(i2, v2, s2)
        return [tf.edit_distance(h, t, normalize=False), tf.edit_distance(h, t)]

    made["edit"] = (edit, ["l?,3", "S?", "l3"] * 2, [
        ([[0, 0, 0], [0, 0, 1], [1, 0, 0]], S("a", "b", "x"), [2, 1, 2], [[0, 0, 0], [0, 0, 1],
                                                                          [0, 0, 2]], S("a", "c",
                                                                                        "d"), [2, 1, 3]),
        (np.zeros([0, 3]), S(), [0, 0, 0], np.zeros([0, 3]), S(), [0, 0, 0]),
        ([[0, 0, 0]], S("q"), [1, 1, 1], np.zeros([0, 3]), S(), [1, 1, 0])
    ])

    def edit_text(a, b):
        return tf.edit_distance(
            tf.strings.unicode_split(a, "UTF-8").to_sparse(),
            tf.strings.unicode_split(b, "UTF-8").to_sparse())

    made["edit_text"] = (edit_text, ["S?", "S?"], [(S("kitten", "日本", ""), S("sitting", "日本人", "x")),
                                                   (S("a"), S(""))])

    def serial(t):
        one = tf.io.serialize_sparse(t)
        many = tf.io.serialize_many_sparse(t)
        return [
            tf.io.deserialize_many_sparse(many, tf.float32, 1),
            tf.io.deserialize_many_sparse(tf.stack([one, one]), tf.float32),
            tf.shape(many)
        ]

    add("serialize", serial)
    made["take_join"] = (
        lambda x: tf.strings.reduce_join(P.to_dense(tf.compat.v1.string_split(x), ""), 1, separator=" "),
        ["S?"], [(S("a b", "", "c"), ), (S(), )])
    made["bincount"] = (lambda x, w: [
        P.bincount(x, axis=-1),
        P.bincount(x, weights=w, axis=-1),
        P.bincount(x, binary_output=True, axis=-1, minlength=3),
        P.bincount(x),
        P.bincount(P.from_dense(x), axis=-1),
        P.bincount(x, maxlength=3, axis=-1)
    ], ["l?,?", "f?,?"], [([[1, 2, 2], [0, 5, 1]], [[.5, 1, 2], [3, 4, 5]]),
                          (np.zeros([0, 2]), np.zeros([0, 2]))])
    made["signature"] = (lambda x: P.from_dense(x), ["i?,?"], [([[1, 0], [0, 2]], ), (np.zeros([0, 2]), )])
    made["sstr"] = (
        lambda x: [P.to_dense(P.from_dense(x), "-"),
                   P.fill_empty_rows(P.from_dense(x), "none")[0]], ["S?,?"], [(SS(["a", ""], ["", ""]), ),
                                                                              (np.zeros([2, 0], object), )])
    made["inttypes"] = (lambda x: [
        P.reduce_sum(P.from_dense(x), 1),
        P.softmax(tf.cast(P.from_dense(x), tf.float64)),
        P.sparse_dense_matmul(P.from_dense(x), tf.transpose(x)),
        P.maximum(P.from_dense(x), P.from_dense(-x))
    ], ["i?,?"], [([[1, 0], [0, 2]], ), ([[-1, 5, 7]], )])
    return made
