"""Algorithms on text, written as graphs."""
import numpy as np

from . import S, group, ids, keep, rnd


@group
def nlp(tf):
    made = {}
    L = tf.lookup
    kv = lambda k, v, d: L.StaticHashTable(L.KeyValueTensorInitializer(k, v), d)
    INF = 1 << 30
    ranks = kv(["h e", "l l", "he ll", "hell o", "w o", "r l", "wo rl", "worl d", "t h", "th e", "日 本"],
               tf.range(11), INF)

    def one(words, mask):
        first, second = words[:, :-1], words[:, 1:]
        mask = mask & (second.row_lengths() != 0)
        if not tf.reduce_any(mask):
            return words, mask
        where = tf.boolean_mask(tf.range(tf.shape(mask)[0]), mask)
        pairs = tf.strings.join([
            tf.ragged.boolean_mask(first, mask).flat_values,
            tf.ragged.boolean_mask(second, mask).flat_values
        ], separator=" ")
        rank = tf.ragged.boolean_mask(first, mask).with_flat_values(ranks.lookup(pairs))
        best = tf.reduce_min(rank, 1)
        found = best != INF
        mask = tf.tensor_scatter_nd_update(mask, where[:, None], found)
        if not tf.reduce_any(mask):
            return words, mask
        at = tf.argmin(tf.ragged.boolean_mask(rank, found).to_tensor(INF), 1)
        un = tf.ragged.boolean_mask(words, mask)
        left, right = tf.gather(un, at, batch_dims=1), tf.gather(un, at + 1, batch_dims=1)
        row = tf.cast(tf.boolean_mask(tf.range(tf.shape(mask)[0]), mask), tf.int64)
        flat = tf.gather(words.row_starts(), row) + at
        v = tf.tensor_scatter_nd_update(
            words.flat_values,
            tf.concat([flat, flat + 1], 0)[:, None],
            tf.concat(
                [tf.strings.join([left, right]), tf.fill(tf.shape(left), "")], 0))
        words = words.with_flat_values(v)
        return tf.ragged.boolean_mask(words, words != ""), mask

    def bpe(x):
        w = tf.strings.split(x)
        words = tf.strings.unicode_split(w.flat_values, "UTF-8")
        mask = tf.fill([words.nrows()], True)
        words, mask = tf.while_loop(
            lambda w_, m: tf.reduce_any(m),
            tf.autograph.experimental.do_not_convert(lambda w_, m: step(w_, m)), (words, mask),
            shape_invariants=(tf.RaggedTensorSpec([None, None], tf.string), tf.TensorShape([None])))
        return w.with_flat_values(words)

    step = tf.function(
        one, input_signature=[tf.RaggedTensorSpec([None, None], tf.string),
                              tf.TensorSpec([None], tf.bool)])
    made["bpe_ragged"] = (keep(bpe, ranks), ["S?"], [(S("hello the world", "hell 日本人", ""), ), (S("world"), ),
                                                     (S(), ), (S("zz"), )])
    # unigram language model segmentation (Viterbi over substrings)
    uni = kv(["a", "b", "ab", "abc", "c", "bc", "日", "日本"],
             tf.constant([-3., -3., -2.5, -2., -3., -4., -5., -1.]), -1e4)

    def segment(x):
        n = tf.strings.length(x, unit="UTF8_CHAR")
        best = tf.TensorArray(tf.float32, n + 1, clear_after_read=False, element_shape=[]).write(0, 0.0)
        back = tf.TensorArray(tf.int32, n + 1, clear_after_read=False, element_shape=[]).write(0, 0)
        for i in tf.range(1, n + 1):
            ls = tf.range(1, tf.minimum(i, 3) + 1)
            sub = tf.map_fn(lambda l: tf.strings.substr(x, i - l, l, unit="UTF8_CHAR"), ls,
                            fn_output_signature=tf.string)
            sc = uni.lookup(sub) + tf.gather(best.stack(), i - ls)
            j = tf.argmax(sc, output_type=tf.int32)
            best = best.write(i, sc[j])
            back = back.write(i, ls[j])
        i = n
        out = tf.constant("")
        while i > 0:
            l = back.read(i)
            out = tf.strings.join([tf.strings.substr(x, i - l, l, unit="UTF8_CHAR"), out], " ")
            i -= l
        return {"pieces": tf.strings.strip(out), "score": best.read(n)}

    made["unigram"] = (keep(segment, uni), ["S"], [("abcab", ), ("日本a", ), ("", ), ("zzz", )])

    # trimming and packing
    def pack(a, b):
        a, b = tf.strings.unicode_decode(a, "UTF-8"), tf.strings.unicode_decode(b, "UTF-8")
        m = 8 - 3
        la, lb = a.row_lengths(), b.row_lengths()
        ka = tf.where(la + lb <= m, la,
                      tf.where(la <= m // 2, la, tf.where(lb <= m // 2, m - lb, (m + 1) // 2)))
        kb = tf.minimum(lb, m - ka)
        trim = lambda r, k: tf.ragged.boolean_mask(r, tf.ragged.range(r.row_lengths()) < k[:, None])
        a, b = trim(a, ka), trim(b, kb)
        r = tf.fill([a.nrows(), 1], -1)
        ids_ = tf.concat([r * 1, a, r * 2, b, r * 2], 1)
        seg = tf.concat(
            [tf.zeros_like(r),
             tf.zeros_like(a),
             tf.zeros_like(r),
             tf.ones_like(b),
             tf.ones_like(r)], 1)
        return {
            "ids": ids_.to_tensor(0, shape=[None, 8]), "types": seg.to_tensor(0, shape=[None, 8]),
            "mask": tf.cast(tf.sequence_mask(ids_.row_lengths(), 8), tf.int32), "n": ids_.row_lengths()
        }

    made["pack"] = (pack, ["S?", "S?"], [(S("hello", "a"), S("world", "bc")), (S("", "日本語テスト"), S("", "")),
                                         (S(), S())])

    def mask_lm(x, seed):
        n = tf.shape(x)
        u = tf.random.stateless_uniform(n, seed)
        m = (u < .3) & (x > 2)
        k = tf.random.stateless_uniform(n, seed + 1)
        new = tf.where(m & (k < .8), 103,
                       tf.where(m & (k < .9), tf.random.stateless_uniform(n, seed + 2, 0, 30, tf.int32), x))
        pos = tf.RaggedTensor.from_value_rowids(
            tf.where(m)[:, 1],
            tf.where(m)[:, 0], nrows=tf.shape(x, tf.int64)[0])
        return {
            "ids": new, "pos": pos.to_tensor(0, shape=[None, 4]), "lab": tf.gather(x, pos, batch_dims=1),
            "w": tf.cast(tf.sequence_mask(pos.row_lengths(), 4), tf.float32)
        }

    made["mask_lm"] = (mask_lm, ["i?,?", "i2"], [(ids(2, 9, high=30), [1, 2]), (ids(0, 3), [1, 2]),
                                                 (np.zeros([1, 3]), [3, 4])])
    # n-gram language model with back-off, perplexity
    bi = kv(["the cat", "cat sat"], tf.constant([-.1, -.2]), 1.0)
    un = kv(["the", "cat", "sat"], tf.constant([-1., -2., -3.]), -9.)

    def ngram_lm(x):
        t = tf.strings.split(x)
        b = tf.strings.ngrams(t, 2)
        s = bi.lookup(b)
        back = un.lookup(t[:, 1:]) - 0.4
        lp = tf.where(s < 1.0, s, back)
        tot = tf.reduce_sum(lp, 1) + tf.reduce_sum(un.lookup(t[:, :1]), 1)
        return {"lp": tot, "ppl": tf.exp(-tot / tf.cast(tf.maximum(t.row_lengths(), 1), tf.float32))}

    made["ngram_lm"] = (keep(ngram_lm, bi, un), ["S?"], [(S("the cat sat", "cat the", ""), ), (S("the"), )])
    # spelling: candidates at one edit
    voc = kv(["cat", "car", "cart", "at"], tf.constant([5, 9, 2, 1]), 0)

    def spell(x):
        n = tf.strings.length(x)
        i = tf.range(n + 1)
        left = tf.map_fn(lambda k: tf.strings.substr(x, 0, k), i, fn_output_signature=tf.string)
        right = tf.map_fn(lambda k: tf.cond(k < n, lambda: tf.strings.substr(x, k, n), lambda: ""), i,
                          fn_output_signature=tf.string)
        letters = tf.strings.unicode_split("abcdefghijklmnopqrstuvwxyz", "UTF-8")
        dele = tf.strings.join([left[:-1], right[1:]])
        ins = tf.reshape(
            tf.strings.join([tf.repeat(left, 26),
                             tf.tile(letters, [n + 1]),
                             tf.repeat(right, 26)]), [-1])
        rep = tf.strings.join([tf.repeat(left[:-1], 26), tf.tile(letters, [n]), tf.repeat(right[1:], 26)])
        c, _ = tf.unique(tf.concat([[x], dele, ins, rep], 0))
        f = voc.lookup(c)
        k = tf.minimum(3, tf.size(c))
        v, j = tf.math.top_k(f, k)
        return {"best": tf.gather(c, j), "freq": v, "n": tf.size(c)}

    made["spell"] = (keep(spell, voc), ["S"], [("caat", ), ("cat", ), ("", ), ("x", )])
    # DFA over bytes: scan with gather
    dfa = np.full([4, 256], 0, np.int32)
    dfa[0, ord("a")] = 1
    dfa[1, ord("a")] = 1
    dfa[1, ord("b")] = 2
    dfa[2, ord("c")] = 3
    dfa[2, ord("a")] = 1
    dfa[3, ord("a")] = 1

    def automaton(x):
        b = tf.cast(tf.io.decode_raw(x, tf.uint8), tf.int32)
        st = tf.scan(lambda s, c: tf.gather_nd(dfa, tf.stack([s, c], -1)), tf.transpose(b),
                     tf.zeros([tf.shape(x)[0]], tf.int32))
        return {"states": tf.transpose(st), "hits": tf.reduce_sum(tf.cast(st == 3, tf.int32), 0)}

    made["automaton"] = (automaton, ["S?"], [(S("xabcabc", "aabcxxx"), ), (S("abc"), ), (S("", ""), )])

    # CYK chart parser
    def cyk(tags):
        n = tf.shape(tags)[0]
        R = 3
        rule = tf.constant(np.random.RandomState(2).rand(R, R, R) < .4)
        chart = tf.zeros([n, n + 1, R], tf.bool)
        idx = tf.stack([tf.range(n), tf.range(n) + 1], 1)
        chart = tf.cast(
            tf.tensor_scatter_nd_update(tf.cast(chart, tf.int32), idx, tf.one_hot(tags, R, dtype=tf.int32)),
            tf.bool)
        for span in tf.range(2, n + 1):
            for i in tf.range(n - span + 1):
                acc = tf.zeros([R], tf.bool)
                for k in tf.range(i + 1, i + span):
                    l, r = chart[i, k], chart[k, i + span]
                    acc = acc | tf.reduce_any(rule & l[None, :, None] & r[None, None, :], [1, 2])
                chart = tf.cast(
                    tf.tensor_scatter_nd_update(tf.cast(chart, tf.int32), [[i, i + span]],
                                                tf.cast(acc, tf.int32)[None]), tf.bool)
        return {"chart": chart, "top": chart[0, n]}

    made["cyk"] = (cyk, ["i?"], [([0, 1, 2, 1], ), ([2], ), ([0, 0, 1], )])
    # HMM, DTW, Sinkhorn, TextRank
    A, Bm = np.float32(np.random.RandomState(1).dirichlet([1] * 3, 3)), np.float32(
        np.random.RandomState(2).dirichlet([1] * 5, 3))

    def hmm(o):
        f = tf.scan(
            lambda a, x: tf.linalg.matvec(tf.transpose(A), a) * tf.gather(Bm, x, axis=1) /
            (tf.reduce_sum(a) + 1e-9), o, tf.fill([3], 1 / 3.))
        b = tf.scan(lambda a, x: tf.linalg.matvec(A, a * tf.gather(Bm, x, axis=1)), o, tf.ones([3]),
                    reverse=True)
        return {"f": f, "b": b, "map": tf.argmax(f * b, 1)}

    made["hmm"] = (hmm, ["i?"], [([0, 1, 2, 4], ), ([3], ), ([], ), ([7], )])

    def dtw(a, b):
        d = tf.abs(a[:, None] - b[None])
        n, m = tf.shape(a)[0], tf.shape(b)[0]
        row = tf.concat([[0.0], tf.fill([m], np.inf)], 0)
        for i in tf.range(n):
            cur = tf.TensorArray(tf.float32, m + 1, clear_after_read=False)
            cur = cur.write(0, np.inf)
            last = tf.constant(np.inf)
            for j in tf.range(m):
                last = d[i, j] + tf.minimum(last, tf.minimum(row[j], row[j + 1]))
                cur = cur.write(j + 1, last)
            row = cur.stack()
        return row[-1]

    made["dtw"] = (dtw, ["f?", "f?"], [([1, 2, 3, 4], [1, 3, 4]), ([1], [5]), ([], [1.0])])

    def textrank(x):
        w = tf.strings.split(x)
        u, i = tf.unique(w.flat_values)
        n = tf.size(u)
        e = tf.stack([i[:-1], i[1:]], 1)
        adj = tf.scatter_nd(e, tf.ones([tf.shape(e)[0]]), [n, n])
        adj += tf.transpose(adj)
        p = tf.math.divide_no_nan(adj, tf.reduce_sum(adj, 0, keepdims=True))
        r = tf.fill([n], 1 / tf.cast(n, tf.float32))
        d = tf.constant(1.0)
        k = 0
        while d > 1e-4 and k < 50:
            new = .15 / tf.cast(n, tf.float32) + .85 * tf.linalg.matvec(p, r)
            d = tf.reduce_sum(tf.abs(new - r))
            r = new
            k += 1
        v, j = tf.math.top_k(r, tf.minimum(2, n))
        return {"words": tf.gather(u, j), "score": v, "steps": k}

    made["textrank"] = (textrank, ["S?"], [(S("a b c a b d a", ), ), (S("one"), ), (S("x y", "y z x x"), )])

    def sinkhorn(a, b):
        c = tf.norm(a[:, None] - b[None] + 1e-6, axis=-1)
        K = tf.exp(-c / .5)
        u = tf.ones([tf.shape(a)[0]]) / tf.cast(tf.shape(a)[0], tf.float32)
        p = u
        q = tf.ones([tf.shape(b)[0]]) / tf.cast(tf.shape(b)[0], tf.float32)
        v = q
        for _ in tf.range(20):
            u = p / tf.linalg.matvec(K, v)
            v = q / tf.linalg.matvec(K, u, transpose_a=True)
        return tf.reduce_sum(u[:, None] * K * v[None] * c)

    made["sinkhorn"] = (sinkhorn, ["f?,2", "f?,2"], [(rnd(3, 2), rnd(4, 2, seed=5)),
                                                     (rnd(1, 2), rnd(1, 2, seed=7))])

    # hashing: minhash, simhash, bloom filter
    def sketches(x):
        sh = tf.strings.ngrams(tf.strings.bytes_split(x), 3, separator="")
        hs = tf.stack([
            tf.reduce_min(sh.with_values(tf.strings.to_hash_bucket_strong(sh.values, 1 << 40, [k, 7])), 1)
            for k in range(4)
        ], 1)
        h = tf.strings.to_hash_bucket_fast(sh.values, 1 << 16)
        bits = tf.cast(
            tf.bitwise.bitwise_and(tf.bitwise.right_shift(h[:, None], tf.range(16, dtype=tf.int64)), 1),
            tf.float32)
        sim = tf.reduce_sum(sh.with_values(bits * 2 - 1), 1)
        code = tf.reduce_sum(
            tf.where(sim > 0, tf.bitwise.left_shift(tf.constant(1, tf.int64), tf.range(16, dtype=tf.int64)),
                     0), 1)
        bloom = tf.math.unsorted_segment_max(tf.ones_like(h), h % 64, 64)
        pop = tf.raw_ops.PopulationCount(x=code)
        return {
            "min": hs, "sim": code, "bloom": tf.maximum(bloom, 0), "pop": pop,
            "near": tf.raw_ops.PopulationCount(x=tf.bitwise.bitwise_xor(code[:, None], code[None]))
        }

    made["sketches"] = (sketches, ["S?"], [(S("hello world", "hello word", ""), ), (S("ab"), ), (S(), )])

    # cleaning rules
    def rules(x):
        r = tf.strings.regex_replace
        y = r(x, r"https?://\S+|www\.\S+", "<url>")
        y = r(y, r"[\w.+-]+@[\w-]+\.[\w.]+", "<mail>")
        y = r(y, r"#(\w+)", r"<tag>\1")
        y = r(y, r"\b\d{1,2}[:/.-]\d{1,2}(?:[:/.-]\d{2,4})?\b", "<date>")
        y = r(y, r"([.!?])[.!?]+", r"\1")
        y = r(y, r"(?i)\b(?:can)'?t\b", "can not")
        y = r(y, r"&(?:amp|lt|gt|quot);", "")
        y = r(y, r"<[^>]{20,}>", "")
        y = r(y, r"[^\x00-\x7F]+", "·")
        z = r(x, r"[\p{P}\p{S}]", "")
        z = r(z, r"\p{Han}+", "漢")
        z = r(z, r"[\p{Lu}]", "U")
        z = r(z, r"[[:^alnum:]]+", "_")
        return {
            "y": y, "z": z, "soundex": r(r(r(tf.strings.lower(x), "[bfpv]+", "1"), "[cgjkqsxz]+", "2"),
                                         "[dt]+", "3"),
            "full": tf.strings.regex_full_match(x, r"\+?\d[\d\s()-]{5,}\d"),
            "acr": r(x, r"(\pL)\pL*\s*", r"\1"), "nl": r(x, r"(?s)\n.*",
                                                         ""), "cs": r(x, r"(\w+) (\w+)", r"\2 \1")
        }

    made["rules"] = (rules, ["S?"], [(S("Visit https://a.b/c?d now!!! #cool",
                                        "mail me.x+y@z-w.co.uk 12/05/2020", "I CAN'T &amp; won't 日本語 Ünï ÀB",
                                        "+1 (234) 567-89", "", "a\nb\nc  d\t e", b"bad \xff\xfe utf"), ),
                                     (S(), ), (S("x" * 300 + " y" * 300), )])

    def template(n, a, t):
        return {
            "m": tf.strings.format("Dear {}, you owe {} at {}", (n[0], a, t)), "each": tf.map_fn(
                lambda z: tf.strings.join(["Hi ", z[0], ": ",
                                           tf.strings.as_string(z[1], precision=2)]), (n, a),
                fn_output_signature=tf.string)
        }

    made["template"] = (template, ["S?", "f?", "i"], [(S("bob", "al"), [1.5, -2.25], 7),
                                                      (S("q\"x"), [1e9], -1)])

    def roman(n):
        out = tf.constant("")
        for v, s in zip([1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1],
                        ["M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"]):
            k = n // v
            out = tf.strings.join([out, tf.strings.reduce_join(tf.fill([k], s))])
            n -= k * v
        return out

    made["roman"] = (roman, ["i"], [(1994, ), (0, ), (4, ), (-3, )])

    def listwise(v, s, y):
        r, l = tf.RaggedTensor.from_row_splits(v, s), tf.RaggedTensor.from_row_splits(y, s)
        d, m = r.to_tensor(-1e9), tf.sequence_mask(r.row_lengths(), tf.shape(r.to_tensor())[1])
        g = tf.nn.softmax_cross_entropy_with_logits(
            l.to_tensor(0.) / tf.maximum(tf.reduce_sum(l, 1)[:, None], 1e-9), d)
        o = tf.argsort(d, direction="DESCENDING", stable=True)
        gain = tf.gather(l.to_tensor(0.), o, batch_dims=1)
        disc = 1 / tf.math.log(tf.cast(tf.range(tf.shape(d)[1]), tf.float32) + 2)
        dcg = tf.reduce_sum((2**gain - 1) * disc, 1)
        best = tf.reduce_sum((2**tf.sort(l.to_tensor(0.), direction="DESCENDING") - 1) * disc, 1)
        return {
            "loss": tf.where(l.row_lengths() > 0, g, 0.), "ndcg": tf.math.divide_no_nan(dcg, best),
            "rank": tf.argsort(o), "m": m
        }

    made["listwise"] = (listwise, ["f?", "l?", "f?"], [([3, 1, 2, 5], [0, 3, 4], [1, 0, 2, 1]),
                                                       ([1], [0, 1, 1], [0])])

    def compress(x):
        """run lengths and LZ-like back references"""
        b = tf.cast(tf.io.decode_raw(x, tf.uint8), tf.int32)
        ch = tf.concat([[True], b[1:] != b[:-1]], 0)[:tf.size(b)]
        at = tf.where(ch)[:, 0]
        run = tf.concat([at[1:], [tf.size(b, tf.int64)]], 0)[:tf.size(at)] - at
        v = tf.gather(b, at)
        back = tf.repeat(v, run)
        return {
            "v": v, "run": run, "same": tf.reduce_all(back == b),
            "text": tf.strings.unicode_encode(back, "UTF-8"), "s": tf.strings.reduce_join(
                tf.strings.join([tf.strings.unicode_encode(v[:, None], "UTF-8"),
                                 tf.strings.as_string(run)]))
        }

    made["runs"] = (compress, ["S"], [("aaabccd", ), ("", ), ("zzzz", )])
    return made
