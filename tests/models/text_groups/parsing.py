"""tf.Examples, sequence examples, CSV, serialized tensors; signatures that classify and regress."""
import numpy as np

from . import S, arg, example, group, ids, rnd


@group
def parsing(tf):
    made = {}
    E = lambda **f: example(tf, **f)
    F = tf.io.FixedLenFeature
    V = tf.io.VarLenFeature
    Q = tf.io.FixedLenSequenceFeature
    SP = tf.io.SparseFeature
    RG = tf.io.RaggedFeature
    full = E(age=30.0, name="bob", ids=[3, 5], emb=[1.0, 2.0, 3.0], w=[.5, .25], tags=["a", "b"],
             extra=[1, 2], ix=[4, 1], val=[1.0, 2.0])
    less = E(name="al", emb=[0.0, 0.0, 1.0])
    emptye = b""
    badtype = E(age=30, name="x", emb=[1.0, 2.0, 3.0])
    badlen = E(age=[1.0, 2.0], name="x", emb=[1.0, 2.0, 3.0])
    badlen2 = E(age=1.0, emb=[1.0, 2.0])
    emptylist = E(age=[], name=[], ids=[], emb=[1.0, 2.0, 3.0])
    feats = {
        "age": F([], tf.float32, -1.0), "name": F([], tf.string, "?"), "emb": F([3], tf.float32),
        "ids": V(tf.int64), "tags": V(tf.string), "w": Q([], tf.float32, allow_missing=True)
    }
    reqs = [(S(full, less), ), (S(), ), (S(less), ), (S(full, full, less, emptylist), ), (S(emptye), ),
            (S(less, badtype), ), (S(badlen), ), (S(badlen2), ), (S("garbage"), ), (S(full[:-3]), )]
    made["mixed"] = (lambda x: tf.io.parse_example(x, feats), ["S?"], reqs)
    made["names"] = (lambda x, n: tf.io.parse_example(
        x, {"age": F([], tf.float32), "emb": F([3], tf.float32)}, example_names=n), ["S?", "S?"],
                     [(S(full, less), S("one", "two")), (S(full), S("one")), (S(badtype), S("b"))])

    def after(x):
        p = tf.io.parse_example(x, feats)
        return {
            "dense": tf.sparse.to_dense(p["ids"], 0),
            "tags": tf.strings.reduce_join(tf.sparse.to_dense(p["tags"], ""),
                                           1), "len": tf.shape(p["w"]), "score": tf.reduce_sum(p["emb"], 1) +
            p["age"] + tf.sparse.reduce_sum(tf.cast(p["ids"], tf.float32), 1)
        }

    made["pipeline"] = (after, ["S?"], reqs)
    rag = {
        "r": RG(tf.int64, "ids"), "rt": RG(tf.string, "tags", row_splits_dtype=tf.int64),
        "p": RG(tf.float32, "emb", [RG.RowLengths("extra")]), "u": RG(tf.float32, "emb",
                                                                      [RG.UniformRowLength(3)])
    }
    made["ragged"] = (lambda x: tf.io.parse_example(x, {k: rag[k]
                                                        for k in
                                                        ("r", "rt", "u")}), ["S?"], [(S(full, less), ),
                                                                                     (S(), ), (S(less), ),
                                                                                     (S(emptylist, full), )])
    made["ragged_part"] = (lambda x: tf.io.parse_example(x, {"p": rag["p"]}), ["S?"],
                           [(S(full), ), (S(full, E(emb=[5.0], extra=[0, 1, 0])), ),
                            (S(E(emb=[5.0, 1.0], extra=[3])), ), (S(less), )])
    sps = {
        "s": SP("ix", "val", tf.float32, 6), "s2": SP(["ix", "extra"], "val", tf.float32, [6, 4],
                                                      already_sorted=False)
    }
    made["sparse"] = (lambda x: tf.io.parse_example(x, sps), ["S?"], [(S(full, E(ix=[], val=[])), ),
                                                                      (S(full), ), (S(), ),
                                                                      (S(E(ix=[1], val=[1.0, 2.0],
                                                                           extra=[1])), ),
                                                                      (S(E(ix=[9], val=[1.0], extra=[1])), )])
    made["single"] = (lambda x: tf.io.parse_single_example(x, feats), ["S"], [(full, ), (less, ), (emptye, ),
                                                                              (badtype, ), ("zz", )])
    made["single_ragged"] = (lambda x: tf.io.parse_single_example(x, {"r": rag["r"], "p": rag["p"]}), ["S"],
                             [(full, ), (less, ), (emptye, )])
    made["mapped"] = (lambda x: tf.map_fn(
        lambda e: tf.io.parse_single_example(e, {"age": F([], tf.float32, 7.0), "emb": F([3], tf.float32)}),
        x, fn_output_signature={"age": tf.float32, "emb": tf.float32}), ["S?"], [(S(full, less), ), (S(), ),
                                                                                 (S(full, badlen2), )])

    def seq(ctx, lists):
        out = tf.train.SequenceExample()
        out.context.CopyFrom(tf.train.Example.FromString(example(tf, **ctx)).features)
        for k, vs in lists.items():
            fl = out.feature_lists.feature_list[k]
            for v in vs:
                fl.feature.add().CopyFrom(tf.train.Example.FromString(example(tf, v=v)).features.feature["v"])
        return out.SerializeToString()

    s1 = seq({"id": 7, "t": ["x", "y"]},
             {"tok": [1, 2, 3], "vec": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], "w": [["a"], ["b", "c"], []]})
    s2 = seq({"id": 8}, {"tok": [9], "vec": [[1.0, 2.0]], "w": []})
    s3 = seq({}, {"tok": [9], "vec": [[1.0]]})
    ctx = {"id": F([], tf.int64, -5), "t": V(tf.string)}
    sq = {"tok": Q([], tf.int64), "vec": Q([2], tf.float32), "w": RG(tf.string)}

    def pseq(x):
        c, s, n = tf.io.parse_sequence_example(x, ctx, sq)
        return {
            **{"c_" + k: v
               for k, v in c.items()}, **{"s_" + k: v
                                          for k, v in s.items()}, **{"n_" + k: v
                                                                     for k, v in n.items()}
        }

    made["sequence"] = (pseq, ["S?"], [(S(s1, s2), ), (S(s2), ), (S(), ), (S(s3), ), (S(b""), ),
                                       (S("junk"), )])

    def pseq1(x):
        c, s = tf.io.parse_single_sequence_example(
            x, {"id": F([], tf.int64), "t": V(tf.string)},
            {"tok": Q([], tf.int64), "vec": Q([2], tf.float32), "w": V(tf.string)})
        return {**{"c_" + k: v for k, v in c.items()}, **{"s_" + k: v for k, v in s.items()}}

    made["sequence_single"] = (pseq1, ["S"], [(s1, ), (s2, ), (s3, ), (b"", ), ("junk", )])
    made["csv"] = (lambda x: tf.io.decode_csv(x, [
        tf.constant([], tf.int32), [1.5], ["none"],
        tf.constant([7], tf.int64),
        tf.constant([0.25], tf.float64)
    ]), ["S?"], [(S("1,2,abc,4,5", '2,,"a,""b""",,', "3,1e3,,-1,nan"), ), (S(), ), (S(",1,a,1,1"), ),
                 (S("1,2,3"), ), (S("1,2,3,4,5,6"), ), (S("x,2,3,4,5"), ), (S('1,2,"a'), ),
                 (S("99999999999,2,3,4,5"), ), (S("1,2,a\"b,4,5"), ), (S(""), )])
    made["csv_opts"] = (lambda x: tf.io.decode_csv(x, [[0], ["-"]], field_delim=";", use_quote_delim=False,
                                                   na_value="NA", select_cols=[1, 3]), ["S?"],
                        [(S('0;1;2;"a', "x;NA;y;NA"), ), (S("1;2"), ), (S("1;2;3;4;5;6"), )])
    made["csv_scalar"] = (lambda x: tf.stack(tf.io.decode_csv(x, [0.0] * 3)), ["S"], [("1,2,3", ), ("1,,", )])
    made["tensors"] = (lambda x: [
        tf.io.parse_tensor(tf.io.serialize_tensor(x), tf.float32),
        tf.strings.length(tf.io.serialize_tensor(x))
    ], ["f*"], [([1, 2], ), (np.zeros([0, 3]), ), (3.0, )])
    made["parse_tensor"] = (lambda x: tf.io.parse_tensor(x, tf.int64), ["S"],
                            [(tf.io.serialize_tensor(np.arange(4)).numpy(), ), ("bad", ),
                             (tf.io.serialize_tensor(np.float32(3)).numpy(), ),
                             (tf.io.serialize_tensor(np.zeros([2, 0], np.int64)).numpy(), ), (b"", )])
    made["ser_strings"] = (lambda x: tf.map_fn(
        lambda s: tf.io.parse_tensor(tf.io.serialize_tensor(tf.strings.split(s)), tf.string)[0], x), ["S?"],
                           [(S("a b", "c"), ), (S(), )])
    made["ranking"] = (lambda x: {
        k: v.to_tensor() if isinstance(v, tf.RaggedTensor) else v
        for k, v in tf.io.parse_example(
            x, {"docs": RG(tf.string), "score": RG(tf.float32, row_splits_dtype=tf.int64)}).items()
    }, ["S?"], [(S(E(docs=["a", "b"], score=[1.0]), E(docs=[], score=[2.0, 3.0])), ), (S(b""), ), (S(), )])
    made["many"] = (lambda x: {
        k: v
        for k, v in tf.io.parse_example(x, {"f%d" % i: F([], tf.float32, float(i))
                                            for i in range(40)}).items()
    }, ["S?"], [(S(*[E(**{"f%d" % j: float(j * i)
                          for j in range(0, 40, i + 1)}) for i in range(5)]), )])
    return made


@group
def heads(tf):
    """classify and regress on tf.Examples, with missing, extra and wrong features"""
    v1 = tf.compat.v1

    def make(path):
        E = lambda **f: example(tf, **f)
        with tf.Graph().as_default(), v1.Session() as sess:
            x = v1.placeholder(tf.string, [None], "examples")
            p = v1.parse_example(
                x, {
                    "age": tf.io.FixedLenFeature([1], tf.float32), "w": tf.io.VarLenFeature(tf.string),
                    "n": tf.io.FixedLenFeature([], tf.int64, 3)
                })
            h = tf.strings.to_hash_bucket_fast(p["w"].values, 9)
            emb = v1.get_variable("e", initializer=rnd(9, 3))
            s = tf.nn.safe_embedding_lookup_sparse(emb, tf.SparseTensor(p["w"].indices, h,
                                                                        p["w"].dense_shape), combiner="mean")
            sc = tf.nn.softmax(s + p["age"] * tf.constant([[.1, .2, .3]]) +
                               tf.cast(p["n"], tf.float32)[:, None] * .01)
            cls = tf.tile(tf.constant([["a", "b", "c"]]), [tf.shape(sc)[0], 1])
            tab = tf.lookup.StaticHashTable(
                tf.lookup.KeyValueTensorInitializer(np.int64([0, 1, 2]), ["x", "y", "z"]), "?")
            v, i = tf.math.top_k(sc, 2)
            reg = tf.reduce_sum(sc * [[1., 2., 3.]], 1)
            sess.run([v1.global_variables_initializer(), v1.tables_initializer()])
            b = v1.saved_model
            sigs = {
                "serving_default": b.classification_signature_def(x, cls, sc),
                "top": b.classification_signature_def(x, tab.lookup(tf.cast(i, tf.int64)), v),
                "only_scores": b.classification_signature_def(x, None, sc),
                "only_classes": b.classification_signature_def(x, cls, None),
                "reg": b.regression_signature_def(x,
                                                  reg), "reg2": b.regression_signature_def(x, reg[:, None]),
                "bad_reg": b.regression_signature_def(x, sc),
                "bad_cls": b.classification_signature_def(x, cls[:1],
                                                          sc), "p": b.predict_signature_def({"examples": x},
                                                                                            {"s": sc})
            }
            bld = b.Builder(path)
            bld.add_meta_graph_and_variables(sess, ["serve"], sigs, main_op=v1.tables_initializer())
            bld.save()
        ok, no, extra, wrong, wrong2, wrong3 = E(age=1.0, w=["q", "r"], n=2), E(age=2.0), E(
            age=3.0, zz=["t"], w="s", qq=[1, 2]), E(age=3), E(age=[1.0, 2.0]), E(age=1.0, w=[1, 2])
        missing = E(w="q")
        req = [(S(ok, no, extra), ), (S(no), ), (S(wrong), ), (S(ok, wrong2), ), (S(wrong3), ),
               (S(missing), ), (S(), ), (S(b""), ), (S("junk"), ), (S("hello"), )]
        return {
            k: (None, [], [{"examples" if k == "p" else "inputs": arg(r[0], "S")} for r in req])
            for k in sigs
        }

    return make
