"""Lookup tables of all kinds and where they come from."""
import numpy as np

from . import S, SS, group, keep, write_file


@group
def tables(tf):
    made = {}
    L = tf.lookup
    w = write_file
    words = w("words.txt", b"the\ncat\nsat\n \non\r\nmat")
    nonl = w("nonl.txt", "naïve\n日本\n x \nlast".encode())
    tsv = w("map.tsv", b"a\t1\tx\nb\t2\ty\nc\t3\tz\n")
    csv = w("map.csv", b"1,one\n2,two\n-3,minus\n")
    single = w("one.txt", b"only\n")
    floats = w("f.txt", b"a 1.5\nb -2e3\n")
    T = L.TextFileIndex

    def keep(f, *parts):
        f.parts = list(parts)
        return f

    TF = lambda p, kd=tf.string, ki=T.WHOLE_LINE, vd=tf.int64, vi=T.LINE_NUMBER, **k: L.TextFileInitializer(
        p, kd, ki, vd, vi, **k)
    q = [(S("the", "cat", "", "on", "on\r", "mat", "dog", "日本", " x ", "last"), ), (S(), ), (S("the"), )]
    t1 = L.StaticHashTable(TF(words), -1)
    t2 = L.StaticHashTable(TF(nonl), 99)
    made["file"] = (keep(lambda x: [t1.lookup(x), t2[x], t1.size()], t1,
                         t2), ["S*"], q + [(np.array(b"cat", object), ), (SS(["a", "cat"]), )])
    t3 = L.StaticHashTable(TF(words, tf.int64, T.LINE_NUMBER, tf.string, T.WHOLE_LINE), "[UNK]")
    made["back"] = (keep(
        lambda x: [t3.lookup(x), tf.strings.reduce_join(t3.lookup(x), -1, separator=" ")],
        t3), ["l?,?"], [([[0, 1, 2], [3, 4, 5]], ), ([[-1, 6]], ), (np.zeros([0, 2]), )])
    t4 = L.StaticHashTable(TF(tsv, tf.string, 0, tf.int64, 1, delimiter="\t"), 0)
    t5 = L.StaticHashTable(TF(tsv, tf.string, 2, tf.string, 0), "?")
    t6 = L.StaticHashTable(TF(csv, tf.int64, 0, tf.string, 1, delimiter=","), "none")
    t7 = L.StaticHashTable(TF(floats, tf.string, 0, tf.float32, 1, delimiter=" "), np.nan)
    t8 = L.StaticHashTable(
        TF(words, tf.string, T.WHOLE_LINE, tf.int64, T.LINE_NUMBER, vocab_size=6, value_index_offset=10), -1)
    made["columns"] = (keep(
        lambda x, i:
        [t4.lookup(x), t5.lookup(x),
         t6.lookup(i), t7.lookup(x),
         t8.lookup(x), t8.size()], t4, t5, t6, t7, t8), ["S?", "l?"], [(S("a", "c", "x", "z",
                                                                          "the"), [1, -3, 5]), (S(), [])])
    v1 = L.StaticVocabularyTable(TF(words, vocab_size=6), 3)
    v2 = L.StaticVocabularyTable(L.KeyValueTensorInitializer(["x", "y"], np.int64([0, 1])), 5,
                                 lookup_key_dtype=tf.string)
    v3 = L.StaticVocabularyTable(L.KeyValueTensorInitializer(np.int64([10, 20]), np.int64([0, 1])), 4,
                                 lookup_key_dtype=tf.int64)
    v4 = L.StaticVocabularyTable(None, 7, lookup_key_dtype=tf.string)
    made["oov"] = (keep(
        lambda x, i: [v1.lookup(x), v2.lookup(
            x), v3.lookup(i), v4.lookup(x), v1.size()], v1, v2, v3,
        v4), ["S?", "l?"], [(S("the", "cats", "x", "", "日本"), [10, 11, -5, 20]), (S(), [])])
    mt = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)

    def count(x):
        u, _, c = tf.unique_with_counts(x)
        old = tf.maximum(mt.lookup(u), 0)
        mt.insert(u, old + tf.cast(c, tf.int64))
        k, v = mt.export()
        o = tf.argsort(tf.strings.to_hash_bucket_fast(k, 1 << 30))
        return {"keys": tf.gather(k, o), "values": tf.gather(v, o), "size": mt.size()}

    made["counts"] = (keep(count, mt), ["S?"], [(S("a", "b", "a"), ), (S(), ), (S("c", "a"), )])
    dt = tf.lookup.experimental.DenseHashTable(tf.int64, tf.float32, default_value=[-1., -1.], empty_key=-1,
                                               deleted_key=-2)

    def dense(k, v):
        dt.insert(k, v)
        dt.erase(k[:1])
        return {"l": dt.lookup(k), "n": dt.size()}

    made["dense"] = (keep(dense, dt), ["l?", "f?,2"], [([1, 2, 3], [[1, 2], [3, 4], [5, 6]]),
                                                       ([5, 5], [[1, 2], [3, 4]]), ([-1], [[1, 1]]),
                                                       ([-2], [[1, 1]])])
    mv = tf.lookup.experimental.MutableHashTable(tf.int64, tf.float32, [0., 0., 0.])

    def vec(k, v):
        mv.insert(k, v)
        r = mv.lookup(k + 1)
        mv.remove(k[1:])
        return {"r": r, "n": mv.size(), "now": mv.lookup(tf.range(5, dtype=tf.int64))}

    made["vectors"] = (keep(vec, mv), ["l?", "f?,3"], [([1, 2], [[1, 2, 3], [4, 5, 6]]), ([3], [[7, 8, 9]]),
                                                       ([], np.zeros([0, 3])), ([4], [[1, 2, 3], [1, 2, 3]])])
    pre = L.StaticHashTable(L.KeyValueTensorInitializer([1, 2, 3], ["a", "b", "c"], tf.int64, tf.string), "z")
    fl = L.StaticHashTable(L.KeyValueTensorInitializer(["a", "b"], [1.5, 2.5]), 0.0)

    def ragged(x):
        r = tf.strings.split(x)
        return {
            "ids": fl.lookup(r), "sp": fl.lookup(r.to_sparse()), "sum": tf.reduce_sum(fl.lookup(r), 1),
            "s": pre.lookup(tf.cast(r.row_lengths(),
                                    tf.int64)), "x": pre.export()[0].shape[0] or tf.size(pre.export()[0])
        }

    made["ragged"] = (keep(ragged, fl, pre), ["S?"], [(S("a b", "", "c a"), ), (S(), )])
    k = tf.keras.layers
    sl = k.StringLookup(vocabulary=["p", "q"], num_oov_indices=2, mask_token="")
    il = k.IntegerLookup(vocabulary=[5, 6, 7], output_mode="multi_hot")
    inv = k.StringLookup(vocabulary=["p", "q"], invert=True)
    tv = k.TextVectorization(vocabulary=single, output_mode="int", ngrams=2,
                             standardize="lower_and_strip_punctuation")
    tfidf = k.TextVectorization(output_mode="tf_idf", ngrams=2)
    tfidf.adapt(["the cat sat", "the dog ran away", "a cat"])
    cnt = k.TextVectorization(output_mode="count", split="character")
    cnt.adapt(["abc abd", "日本"])
    rg = k.TextVectorization(ragged=True, split="whitespace")
    rg.adapt(["a b c d", "a b"])
    made["keras"] = (keep(lambda x, i: [sl(x), il(
        i), inv(i % 3), tv(x), tfidf(x), cnt(x), rg(x)], sl, il, inv, tv, tfidf, cnt,
                          rg), ["S?", "l?,1"], [(S("p", "only only", "The Cat!", "日本 abc",
                                                   "a b z"), [[5], [8], [7], [0], [6]]), (S("p"), [[5]])])
    return made


def v1_tables(tf, path, kind):
    """TF1's index tables; their files are assets, initialised as `kind` says."""
    v1 = tf.compat.v1
    from tensorflow.python.ops import lookup_ops as lo
    index = tf.lookup.TextFileIndex
    words = write_file("words.txt", b"the\ncat\nsat\n \non\r\nmat")
    names = write_file("names.txt", "naïve\n日本\n x \nlast".encode())
    columns = write_file("map.tsv", b"a\t1\tx\nb\t2\ty\nc\t3\tz\n")
    with tf.Graph().as_default(), v1.Session() as sess:
        x, n = v1.placeholder(tf.string, [None], "in"), v1.placeholder(tf.int64, [None], "n")
        t = tf.lookup.StaticHashTable(
            tf.lookup.TextFileInitializer(words, tf.string, index.WHOLE_LINE, tf.int64, index.LINE_NUMBER),
            -1)
        a = lo.index_table_from_file(names, num_oov_buckets=3)
        b = lo.index_table_from_tensor(["x", "y"], default_value=-7)
        c = lo.index_to_string_table_from_file(words, default_value="UNK")
        e = lo.index_to_string_table_from_tensor(["q", "r"], "none")
        f = lo.index_table_from_file(columns, key_column_index=0, value_column_index=1, delimiter="\t")
        g = lo.index_table_from_tensor(np.int64([4, 5]), dtype=tf.int64, num_oov_buckets=2)
        w = v1.get_variable("w", initializer=np.float32([[1, 2], [3, 4], [5, 6]]))
        outs = {
            "t": t.lookup(x), "a": a.lookup(x), "b": b.lookup(x), "c": c.lookup(n), "e": e.lookup(n),
            "f": f.lookup(x), "g": g.lookup(n),
            "emb": tf.nn.embedding_lookup(w,
                                          tf.maximum(t.lookup(x), 0) % 3),
            "sizes": tf.stack([t.size(), a.size(), g.size()])
        }
        sess.run([v1.global_variables_initializer(), v1.tables_initializer()])
        builder = v1.saved_model.Builder(path)
        init = {
            "main_op": {"main_op": v1.saved_model.main_op.main_op()},
            "legacy": {"legacy_init_op": v1.tables_initializer()}, "none": {}
        }[kind]
        builder.add_meta_graph_and_variables(
            sess, ["serve"],
            {"serving_default": v1.saved_model.predict_signature_def({"x0": x, "x1": n}, outs)},
            assets_collection=v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS), **init)
        builder.save()
    return {
        "serving_default": (None, ["S?", "l?"], [(S("the", "日本", "x", "q", "b", "on"), [0, 1, 4, 5, 77]),
                                                 (S(), []), (S("the"), [-1])])
    }


@group
def tables_main_op(tf):
    return lambda path: v1_tables(tf, path, "main_op")


@group
def tables_legacy_init_op(tf):
    return lambda path: v1_tables(tf, path, "legacy")


@group
def tables_uninitialized(tf):
    return lambda path: v1_tables(tf, path, "none")
