"""Text models."""
import numpy as np

from . import S, group, ids, keep, rnd


@group
def nets(tf):
    made = {}
    k = tf.keras.layers
    V, D = 30, 8
    # BERT with token types and MLM gather
    e, p, t = k.Embedding(V, D), k.Embedding(16, D), k.Embedding(2, D)
    mha, ln1, ln2, f1, f2, mlm, pool = k.MultiHeadAttention(
        2, 4), k.LayerNormalization(epsilon=1e-12), k.LayerNormalization(epsilon=1e-12), k.Dense(
            32, "gelu"), k.Dense(D), k.Dense(V), k.Dense(D, "tanh")

    def bert(i, tt, m, pos):
        x = ln1(e(i) + p(tf.range(tf.shape(i)[1])) + t(tt))
        x = ln2(x + mha(x, x, attention_mask=tf.cast(m, tf.bool)[:, None, :]))
        x = x + f2(f1(x))
        b, n, d = tf.unstack(tf.shape(x))
        flat = tf.reshape(tf.range(b)[:, None] * n + pos, [-1])
        g = tf.gather(tf.reshape(x, [-1, d]), flat)
        return {
            "mlm": tf.nn.log_softmax(mlm(g)), "pooled": pool(x[:, 0]),
            "nsp": tf.nn.softmax(pool(x[:, 0])[:, :2])
        }

    bert(np.zeros([1, 3], np.int32), np.zeros([1, 3], np.int32), np.ones([1, 3], np.int32),
         np.zeros([1, 1], np.int32))
    made["bert"] = (keep(bert, e, p, t, mha, ln1, ln2, f1, f2, mlm, pool), ["i?,?", "i?,?", "i?,?", "i?,?"],
                    [(ids(2, 6, high=30), ids(2, 6, high=2), [[1] * 6, [1, 1, 1, 0, 0, 0]], [[1, 2], [0, 5]]),
                     (ids(1, 16, high=30), ids(1, 16, high=2), np.ones([1, 16]), [[3]]),
                     (ids(1, 4), ids(1, 4, high=2), np.zeros([1, 4]), np.zeros([1, 0])),
                     (ids(1, 17), ids(1, 17, high=2), np.ones([1, 17]), [[3]]),
                     (np.full([1, 2], 31), ids(1, 2, high=2), np.ones([1, 2]), [[0]])])
    # CRF
    trans = tf.Variable(rnd(4, 4, seed=3))

    def crf_forward(x, n):
        rest = tf.transpose(x[:, 1:], [1, 0, 2])

        def f(a, xs):
            l, i = xs
            new = tf.reduce_logsumexp(a[:, :, None] + trans, 1) + l
            return tf.where((i < n)[:, None], new, a)

        al = tf.scan(f, (rest, tf.range(1, tf.shape(x)[1])), initializer=x[:, 0])
        last = tf.concat([x[:, 0][None], al], 0)[-1]
        return tf.reduce_logsumexp(last, -1)

    def viterbi(x, n):
        b, T = tf.shape(x)[0], tf.shape(x)[1]
        bp = tf.TensorArray(tf.int32, T, element_shape=[None, 4])
        a = x[:, 0]
        for i in tf.range(1, T):
            s = a[:, :, None] + trans
            nb = tf.argmax(s, 1, tf.int32)
            na = tf.reduce_max(s, 1) + x[:, i]
            m = (i < n)[:, None]
            a = tf.where(m, na, a)
            bp = bp.write(i, tf.where(m, nb, tf.range(4)[None]))
        best = tf.argmax(a, -1, tf.int32)
        path = tf.TensorArray(tf.int32, T)
        tag = best
        i = T - 1
        while i > 0:
            path = path.write(i, tag)
            tag = tf.gather(bp.read(i), tag, batch_dims=1)
            i -= 1
        path = path.write(0, tag)
        return tf.transpose(path.stack()), tf.reduce_max(a, -1)

    bil = tf.keras.Sequential(
        [k.Embedding(V, D, mask_zero=True),
         k.Bidirectional(k.LSTM(4, return_sequences=True)),
         k.Dense(4)])
    bil(np.zeros([1, 2]))

    def crf(x):
        n = tf.reduce_sum(tf.cast(x > 0, tf.int32), 1)
        l = bil(x)
        tags, sc = viterbi(l, n)
        return {"tags": tags, "score": sc, "logz": crf_forward(l, n), "n": n}

    made["crf"] = (keep(crf, bil, trans), ["i?,?"], [([[3, 4, 5, 0], [7, 0, 0, 0]], ),
                                                     (ids(1, 9, low=1, high=30), ), ([[5]], ),
                                                     (ids(3, 2, low=1), )])
    # pointer net
    enc, dec = k.LSTM(6, return_sequences=True, return_state=True), k.LSTMCell(6)
    w1, w2, v = k.Dense(5, use_bias=False), k.Dense(5, use_bias=False), k.Dense(1)

    def pointer(x):
        o, h, c = enc(x)
        b, n = tf.shape(x)[0], tf.shape(x)[1]
        mask = tf.zeros([b, n])
        inp = tf.zeros([b, 2])
        out = tf.TensorArray(tf.int64, n)
        for i in tf.range(n):
            h, (h, c) = dec(inp, [h, c])
            u = tf.squeeze(v(tf.tanh(w1(o) + w2(h)[:, None])), -1) - 1e9 * mask
            j = tf.argmax(u, -1)
            mask += tf.one_hot(j, n)
            inp = tf.gather(x, j, batch_dims=1)
            out = out.write(i, j)
        return tf.transpose(out.stack())

    pointer(rnd(1, 3, 2))
    made["pointer"] = (keep(pointer, enc, dec, w1, w2, v), ["f?,?,2"], [(rnd(2, 5, 2), ),
                                                                        (rnd(1, 9, 2, seed=4), ),
                                                                        (rnd(3, 1, 2), )])
    # memory net
    A, B, C = (k.Embedding(V, D, mask_zero=False) for _ in range(3))
    fc = k.Dense(V)

    def memory(story, q):
        u = tf.reduce_sum(B(q), 1)
        for _ in range(3):
            m, c = tf.reduce_sum(A(story), 2), tf.reduce_sum(C(story), 2)
            u = u + tf.einsum("bm,bmd->bd", tf.nn.softmax(tf.einsum("bmd,bd->bm", m, u)), c)
        return {"a": tf.argmax(fc(u), -1), "p": tf.nn.softmax(fc(u))}

    memory(ids(1, 2, 3), ids(1, 2))
    made["memory"] = (keep(memory, A, B, C, fc), ["i?,?,?", "i?,?"], [(ids(2, 4, 3,
                                                                           high=30), ids(2, 5, high=30)),
                                                                      (ids(1, 1, 1), ids(1, 1)),
                                                                      (ids(0, 2, 2), ids(0, 3))])
    # char CNN on strings
    ce = k.Embedding(260, 6)
    convs = [k.Conv1D(4, w, padding="same", activation="relu") for w in (2, 3, 5)]
    hw = [k.Dense(12, "relu"), k.Dense(12, "sigmoid")]
    od = k.Dense(3)

    def charcnn(x):
        b = tf.cast(
            tf.strings.bytes_split(tf.strings.substr(x, 0, 20)).to_tensor("", shape=[None, 20]) != "",
            tf.int32)
        raw = tf.cast(tf.io.decode_raw(x, tf.uint8, fixed_length=20), tf.int32) + b
        h = ce(raw)
        h = tf.concat([tf.reduce_max(c(h), 1) for c in convs], -1)
        g = hw[1](h)
        h = g * hw[0](h) + (1 - g) * h
        return {"logits": od(h), "label": tf.gather(tf.constant(["neg", "neu", "pos"]), tf.argmax(od(h), -1))}

    charcnn(tf.constant(["a"]))
    made["charcnn"] = (keep(charcnn, ce, *convs, *hw, od), ["S?"], [(S("hello", "日本", ""), ), (S("x" * 50), ),
                                                                    (S(), )])
    # fasttext
    fe = tf.Variable(rnd(50, 4))
    fo = k.Dense(3)

    def fasttext(x):
        w = tf.strings.split(tf.strings.lower(x))
        ch = tf.strings.unicode_split(tf.strings.join(["<", w.flat_values, ">"]), "UTF-8")
        ng = tf.strings.ngrams(ch, [3, 4], separator="")
        wid = tf.ragged.map_flat_values(lambda s: tf.strings.to_hash_bucket_fast(s, 50), ng)
        wv = tf.nn.embedding_lookup_sparse(
            fe,
            tf.sparse.reorder(
                tf.RaggedTensor.from_row_splits(wid, w.row_splits).merge_dims(1, 2).to_sparse()), None,
            combiner="mean")
        wv = tf.pad(wv, [[0, tf.maximum(tf.shape(x)[0] - tf.shape(wv)[0], 0)], [0, 0]])
        return tf.nn.softmax(fo(wv))

    fasttext(tf.constant(["a b"]))
    made["fasttext"] = (keep(fasttext, fe, fo), ["S?"], [(S("hello world", "ä b"), ), (S("One"), ),
                                                         (S("", "x y z", ""), )])
    # text_cnn v1 style with filters
    wc = [tf.Variable(rnd(s, 6, 1, 3, seed=s)) for s in (2, 3)]
    te = tf.Variable(rnd(V, 6))

    def textcnn(x):
        h = tf.nn.embedding_lookup(te, x)[..., None]
        pools = [
            tf.reduce_max(
                tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(h, w, [1, 1, 1, 1], "VALID"), [.1, 0., -.1])), [1, 2])
            for w in wc
        ]
        return tf.nn.l2_normalize(tf.concat(pools, -1), -1)

    made["textcnn"] = (keep(textcnn, te, *wc), ["i?,?"], [(ids(2, 7, high=30), ), (ids(1, 3), ), (ids(0,
                                                                                                      5), ),
                                                          (ids(1, 2), )])
    # siamese
    sia = tf.keras.Sequential([k.Embedding(V, D, mask_zero=True), k.GRU(5)])
    sia(np.zeros([1, 2]))

    def siamese(a, b):
        x, y = sia(a), sia(b)
        return {
            "cos": -tf.keras.losses.cosine_similarity(x, y), "man": tf.exp(-tf.norm(x - y, ord=1, axis=-1)),
            "dot": tf.matmul(x, y, transpose_b=True), "euc": tf.norm(x - y, axis=-1)
        }

    made["siamese"] = (keep(siamese, sia), ["i?,?", "i?,?"], [(ids(2, 5, high=30), ids(2, 3, high=30)),
                                                              ([[1, 2, 0]], [[1, 2, 0]]), ([[0, 0]], [[5,
                                                                                                       0]])])
    # language id
    lw = tf.Variable(rnd(256, 3))

    def langid(x):
        by = tf.io.decode_raw(tf.strings.join([x, " "]), tf.uint8, fixed_length=32)
        h = tf.map_fn(
            lambda r: tf.math.bincount(tf.cast(r, tf.int32), minlength=256, maxlength=256, dtype=tf.float32),
            by, fn_output_signature=tf.float32)
        pr = tf.nn.softmax(h @ lw)
        s, i = tf.math.top_k(pr, 2)
        return {"scores": s, "classes": tf.gather(["en", "de", "ja"], i)}

    made["langid"] = (keep(langid, lw), ["S?"], [(S("hello there", "größe", "日本語"), ), (S(""), ), (S(), )])
    # QA span with band
    qd = k.Dense(2)
    qd(rnd(1, D))

    def qa(x, m):
        s, en = tf.unstack(
            qd(tf.nn.embedding_lookup(te, x) @ tf.ones([6, D])) + (1. - m)[..., None] * -1e4, axis=-1)
        sc = tf.nn.softmax(s)[:, :, None] * tf.nn.softmax(en)[:, None, :]
        sc = tf.linalg.band_part(sc, 0, 3)
        n = tf.shape(x)[1]
        v, i = tf.math.top_k(tf.reshape(sc, [-1, n * n]), 2)
        return {"p": v, "start": i // n, "end": i % n, "argstart": tf.argmax(tf.reduce_max(sc, 2), 1)}

    made["qa"] = (keep(qa, qd, te), ["i?,?", "f?,?"], [(ids(2, 6, high=30), np.ones([2, 6])),
                                                       (ids(1, 9, high=30), [[1, 1, 1, 1, 1, 0, 0, 0, 0]]),
                                                       (ids(1, 2), np.ones([1, 2])),
                                                       (ids(1, 1), np.ones([1, 1]))])
    # BM25 / tf-idf
    docs = tf.constant(["the cat sat on the mat", "dogs and cats", "a quick brown fox"])
    tab = tf.lookup.StaticVocabularyTable(
        tf.lookup.KeyValueTensorInitializer(["the", "cat", "cats", "dogs", "fox", "mat"],
                                            tf.range(6, dtype=tf.int64)), 2)

    def bm25(q):
        d = tab.lookup(tf.strings.split(docs))
        cnt = tf.math.bincount(d, minlength=8, maxlength=8, axis=-1, dtype=tf.float32)
        dl = tf.cast(d.row_lengths(), tf.float32)[:, None]
        df = tf.reduce_sum(tf.cast(cnt > 0, tf.float32), 0)
        idf = tf.math.log((3 - df + .5) / (df + .5) + 1)
        w = idf * cnt * 2.2 / (cnt + 1.2 * (.25 + .75 * dl / tf.reduce_mean(dl)))
        qv = tf.math.bincount(tab.lookup(tf.strings.split(q)), minlength=8, maxlength=8, axis=-1,
                              dtype=tf.float32)
        sc = qv @ tf.transpose(w)
        s, i = tf.math.top_k(sc, 2)
        return {"scores": s, "docs": tf.gather(docs, i)}

    made["bm25"] = (keep(bm25, tab), ["S?"], [(S("the fox", "cats"), ), (S("zzz"), )])
    # USE-like DAN
    du = tf.Variable(rnd(100, 5))
    dd = [k.Dense(8, "relu"), k.Dense(4, "tanh")]

    def dan(x):
        c = tf.strings.regex_replace(tf.strings.lower(x), r"[^a-z0-9 ]", "")
        tok = tf.strings.split(c)
        bi = tf.strings.ngrams(tok, 2, separator=" ")
        h = lambda r: tf.ragged.map_flat_values(
            lambda s: tf.nn.embedding_lookup(du, tf.strings.to_hash_bucket_fast(s, 100)), r)
        both = tf.concat([tok, bi], 1)
        s = tf.reduce_sum(h(both), 1) / tf.sqrt(tf.maximum(tf.cast(both.row_lengths(), tf.float32), 1))[:,
                                                                                                        None]
        for l in dd:
            s = l(s)
        return {"default": tf.nn.l2_normalize(s, -1)}

    dan(tf.constant(["a b"]))
    made["dan"] = (keep(dan, du, *dd), ["S?"], [(S("Hello, world!", "", "one"), ),
                                                (S("the cat sat on the mat"), ), (S("", ""), )])
    # transliteration: encoder decoder LSTM attention with greedy decode and string output
    src = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(list("abcdefghij"), tf.range(1, 11)),
                                    11)
    dst = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(tf.range(8), ["", "", "а", "б", "в", "г", "д", "е"]), "?")
    te2, tl, tc, ta, to, td = k.Embedding(12, 6, mask_zero=True), k.Bidirectional(
        k.LSTM(3,
               return_sequences=True)), k.LSTMCell(6), k.AdditiveAttention(), k.Dense(8), k.Embedding(8, 6)

    def translit(x):
        ch = tf.strings.unicode_split(x, "UTF-8")
        i = src.lookup(ch).to_tensor(0, shape=[None, 8])
        m = i > 0
        mem = tl(te2(i))
        b = tf.shape(x)[0]
        h, c = tf.zeros([b, 6]), tf.zeros([b, 6])
        tok = tf.ones([b], tf.int32)
        out = tf.TensorArray(tf.int32, 10)
        done = tf.zeros([b], tf.bool)
        n = 0
        for s in tf.range(10):
            ctx = ta([h[:, None], mem], mask=[None, m])[:, 0]
            o, (h, c) = tc(tf.concat([td(tok), ctx], -1), [h, c])
            tok = tf.where(done, 0, tf.argmax(to(o), -1, tf.int32))
            done = tf.logical_or(done, tok == 0)
            out = out.write(s, tok)
            n += 1
            if tf.reduce_all(done): break
        t = tf.transpose(out.stack())
        return {"text": tf.strings.reduce_join(dst.lookup(t), -1), "ids": t, "n": n}

    translit(tf.constant(["abc"]))
    made["translit"] = (keep(translit, te2, tl, tc, ta, to, td, src, dst), ["S?"], [(S("abc", "jig"), ),
                                                                                    (S("zz", "",
                                                                                       "abcdefgh"), ),
                                                                                    (S("a"), )])
    # ELMo-like highway BiLM over words with character ids
    cw = [k.Conv1D(3, w, activation="tanh") for w in (1, 2, 3)]
    hl = [(k.Dense(9, "relu"), k.Dense(9, "sigmoid", bias_initializer=tf.constant_initializer(-2.)))
          for _ in range(2)]
    fw, bw = k.LSTM(4, return_sequences=True), k.LSTM(4, return_sequences=True, go_backwards=True)
    sw = tf.Variable([.2, .5, .3])
    gm = tf.Variable(1.5)

    def elmo(x):
        w = tf.strings.split(x)
        c = tf.strings.bytes_split(w.flat_values)
        cid = tf.io.decode_raw(tf.strings.join(["\x01",
                                                tf.strings.substr(w.flat_values, 0, 8), "\x02"]), tf.uint8,
                               fixed_length=10)
        h = ce(tf.cast(cid, tf.int32))
        h = tf.concat([tf.reduce_max(cv(h), 1) for cv in cw], -1)
        for a, g in hl:
            gg = g(h)
            h = gg * a(h) + (1 - gg) * h
        tok = w.with_flat_values(h)
        n = w.row_lengths()
        d = tok.to_tensor()
        m = tf.sequence_mask(n,
                             tf.shape(d)[1])
        f = fw(d, mask=m)
        r = tf.reverse(bw(d, mask=m), [1])
        ly = tf.concat([f, r], -1)
        s = tf.nn.softmax(sw)
        mix = gm * (s[0] * d[..., :8] + s[1] * ly + s[2] * ly**2)
        return {
            "elmo": mix,
            "pooled": tf.math.divide_no_nan(tf.reduce_sum(mix * tf.cast(m, tf.float32)[..., None], 1),
                                            tf.cast(n, tf.float32)[:, None])
        }

    elmo(tf.constant(["a b"]))
    made["elmo"] = (keep(elmo, ce, *cw, *[l for p_ in hl for l in p_], fw, bw, sw,
                         gm), ["S?"], [(S("the cat sat", "on mats"), ), (S("x"), ), (S("", "a b c d"), )])
    return made
