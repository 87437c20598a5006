"""Feature columns and Keras preprocessing."""
import numpy as np

from . import S, SS, example, group, keep, write_file


@group
def features(tf):
    """Feature columns, Keras preprocessing, parsing receivers."""
    made = {}
    fc = tf.feature_column
    k = tf.keras.layers
    vf = fc.categorical_column_with_vocabulary_file("w",
                                                    write_file("names.txt", "naïve\n日本\n x \nlast".encode()),
                                                    num_oov_buckets=2)
    vl = fc.categorical_column_with_vocabulary_list("c", ["r", "g", "b"], default_value=-1)
    hb = fc.categorical_column_with_hash_bucket("h", 10)
    ib = fc.categorical_column_with_hash_bucket("n", 7, tf.int64)
    idc = fc.categorical_column_with_identity("i", 5, default_value=0)
    num = fc.numeric_column("x", shape=[2], normalizer_fn=lambda v: v / 3.0)
    bk = fc.bucketized_column(fc.numeric_column("y"), [0.0, 1.5, 3.0])
    cr = fc.crossed_column(["c", bk, "h"], 20)
    wt = fc.weighted_categorical_column(fc.categorical_column_with_vocabulary_list("c2", ["r", "g"]), "wts")
    cols = [
        fc.embedding_column(vf, 3, combiner="sqrtn"),
        fc.indicator_column(vl),
        fc.indicator_column(cr),
        fc.embedding_column(hb, 2),
        fc.indicator_column(ib),
        fc.indicator_column(idc), num, bk,
        fc.embedding_column(wt, 2, combiner="mean", max_norm=1.0)
    ]
    spec = fc.make_parse_example_spec(cols)
    df = tf.keras.layers.DenseFeatures(cols)
    E = lambda **f: example(tf, **f)
    a = E(w=["日本", "last", "zz"], c="r", h=["q", "z"], n=[4], i=[2], x=[1.0, 2.0], y=[1.0], c2=["r", "g"],
          wts=[.5, 2.0])
    b = E(x=[0.0, 0.0], y=[9.0])
    c = E(x=[1.0], y=[1.0])
    bad = E(x=[1.0, 1.0], y=[1.0], i=[9])
    miss = E(c="g")
    f = lambda x: {"v": df(tf.io.parse_example(x, spec))}
    f(tf.constant([a]))
    made["dense_features"] = (keep(f, df), ["S?"], [(S(a, b), ), (S(a), ), (S(b), ), (S(c), ), (S(bad), ),
                                                    (S(miss), ), (S(), )])
    seqc = [
        fc.embedding_column(fc.sequence_categorical_column_with_hash_bucket("w", 10), 2),
        fc.sequence_numeric_column("x"),
        fc.indicator_column(fc.sequence_categorical_column_with_vocabulary_list("c", ["r", "g"]))
    ]
    sf = tf.keras.experimental.SequenceFeatures(seqc)
    f2 = lambda x: dict(
        zip(("v", "n"),
            sf(
                tf.io.parse_example(
                    x, {
                        "w": tf.io.VarLenFeature(tf.string), "x": tf.io.VarLenFeature(tf.float32), "c": tf.io.
                        VarLenFeature(tf.string)
                    }))))
    s1 = E(w=["a", "b"], x=[1.0, 2.0], c=["r", "r"])
    s2 = E(w=["q"], x=[5.0], c=["g"])
    f2(tf.constant([s1]))
    made["sequence_features"] = (keep(f2, sf), ["S?"], [(S(s1, s2), ), (S(s2), ),
                                                        (S(s1, E(w=["a"], x=[1.0, 2.0])), )])
    ins = {"t": tf.keras.Input([1], dtype=tf.string, name="t"), "n": tf.keras.Input([1], name="n")}
    tv = k.TextVectorization(20, output_mode="int", output_sequence_length=5)
    tv.adapt(["the cat sat", "on the mat", "naïve Café!"])
    hs = k.Hashing(8, mask_value="", output_mode="one_hot")
    ce = k.CategoryEncoding(8, "count")
    tok = k.Embedding(20, 4, mask_zero=True)(tv(ins["t"]))
    h = k.Bidirectional(k.GRU(3))(tok)
    disc = k.Discretization([0., 1.])
    nrm = k.Normalization()
    nrm.adapt(np.float32([[1], [2], [5]]))
    y = k.Dense(2, "softmax")(
        k.Concatenate()([h, hs(ins["t"]), tf.cast(disc(ins["n"]), tf.float32),
                         nrm(ins["n"])]))
    model = tf.keras.Model(ins, {"p": y, "c": tf.argmax(y, -1)})
    made["keras_text"] = (keep(lambda t, n: model({"t": t, "n": n}),
                               model), ["S?,1", "f?,1"], [(SS(["The cat!"], ["café naïve"]), [[1.5], [-1]]),
                                                          (SS([""]), [[np.nan]]),
                                                          (np.zeros([0, 1], object), np.zeros([0, 1]))])
    rm = tf.keras.Sequential(
        [tf.keras.Input([None], dtype=tf.int32, ragged=True),
         k.Embedding(10, 4),
         k.LSTM(3),
         k.Dense(2)])
    made["keras_ragged"] = (keep(lambda v, s: rm(tf.RaggedTensor.from_row_splits(v, s)),
                                 rm), ["i?", "l?"], [([1, 2, 3, 4], [0, 1, 4]), ([5], [0, 1]),
                                                     ([1, 2], [0, 0, 2])])
    cv = tf.keras.Sequential([
        tf.keras.Input([None], dtype=tf.int32, ragged=True),
        k.Embedding(10, 4),
        k.Lambda(lambda r: r.to_tensor()),
        k.Conv1D(3, 2, padding="causal", activation="relu"),
        k.GlobalMaxPooling1D()
    ])
    made["keras_ragged_conv"] = (keep(lambda v, s: cv(tf.RaggedTensor.from_row_splits(v, s)),
                                      cv), ["i?", "l?"], [([1, 2, 3, 4], [0, 1, 4]), ([5], [0, 1])])
    dsp = k.Dense(3)
    dsp(tf.sparse.eye(2, 4))
    made["dense_sparse"] = (keep(
        lambda i, v, s: tf.sparse.sparse_dense_matmul(tf.SparseTensor(i, v, s), dsp.kernel) + dsp.bias,
        dsp), ["l?,2", "f?", "l2"], [([[0, 1], [1, 3]], [2., 3.], [2, 4]), (np.zeros([0, 2]), [], [1, 4])])
    att = [k.Attention(), k.MultiHeadAttention(2, 3), k.AdditiveAttention()]

    def han(x):
        """sentences of words, attention at both levels"""
        s = tf.strings.split(x, ".")
        w = tf.strings.split(s)
        i = tf.ragged.map_flat_values(lambda t: tf.strings.to_hash_bucket_fast(t, 10), w)
        e = tf.ragged.map_flat_values(lambda t: tf.gather(tf.reshape(tf.range(40.), [10, 4]) / 40, t), i)
        sc = tf.ragged.map_flat_values(lambda t: tf.reduce_sum(t * t, -1), e)
        a = sc
        sent = tf.reduce_sum(e * tf.expand_dims(a, -1), 2)
        doc = tf.reduce_mean(sent, 1)
        return {"doc": doc, "n": w.row_lengths(axis=2).to_tensor(), "shape": w.bounding_shape()}

    made["han"] = (han, ["S?"], [(S("a b. c", "d. . e f g"), ), (S("x"), ), (S("", "q"), )])
    return made
