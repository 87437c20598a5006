"""CTC, beam search, sampling, generation with caches, relative positions."""
import numpy as np

from . import group, keep, rnd


@group
def decoding(tf):
    made = {}

    # CTC
    def ctc(x, n):
        (g, ), p = tf.nn.ctc_greedy_decoder(x, n, merge_repeated=True)
        bs, lp = tf.nn.ctc_beam_search_decoder(x, n, beam_width=5, top_paths=2)
        g2 = tf.nn.ctc_greedy_decoder(x, n, blank_index=0)[0][0]
        return {
            "g": tf.sparse.to_dense(g, -1), "p": p, "b0": tf.sparse.to_dense(bs[0], -1), "b1": bs[1],
            "lp": lp, "g2": g2
        }

    made["ctc"] = (ctc, ["f?,?,5", "i?"], [(rnd(7, 2, 5, scale=3), [7, 4]), (rnd(3, 1, 5, seed=3), [3]),
                                           (rnd(12, 3, 5, seed=4), [12, 0, 1]), (rnd(0, 2, 5), [0, 0]),
                                           (rnd(3, 1, 5), [9])])

    def ctc_keras(x, n):
        d, p = tf.keras.backend.ctc_decode(x, n, greedy=True)
        d2, p2 = tf.keras.backend.ctc_decode(x, n, greedy=False, beam_width=4, top_paths=1)
        return {"d": d[0], "p": p, "d2": d2[0], "p2": p2}

    made["ctc_keras"] = (ctc_keras, ["f?,?,5", "i?"], [(np.abs(rnd(2, 7, 5)), [7, 4]),
                                                       (np.abs(rnd(1, 3, 5)), [3])])

    def ctc_loss(lab, ln, x, n):
        return [
            tf.nn.ctc_loss(lab, x, ln, n, logits_time_major=False, blank_index=-1),
            tf.nn.ctc_loss(lab, x, ln, n, logits_time_major=False, blank_index=0),
            tf.compat.v1.nn.ctc_loss(tf.sparse.from_dense(lab), x, n, time_major=False)
        ]

    made["ctc_loss"] = (ctc_loss, ["i?,?", "i?", "f?,?,6",
                                   "i?"], [([[1, 2, 3], [2, 2, 0]], [3, 2], rnd(2, 8, 6), [8, 6]),
                                           ([[1]], [1], rnd(1, 2, 6), [2])])
    # beam search with states gathered, length penalty, eos
    V, H = 11, 6
    emb, wh, wo = (tf.Variable(rnd(*s, seed=i)) for i, s in enumerate([(V, H), (2 * H, H), (H, V)]))

    def step(state, tok):
        h = tf.tanh(tf.concat([state, tf.gather(emb, tok)], -1) @ wh)
        return h, tf.nn.log_softmax(h @ wo)

    def beam(start, k):
        b = tf.shape(start)[0]
        tokens = tf.tile(start[:, None, None], [1, k, 1])
        scores = tf.tile(tf.concat([[0.0], tf.fill([k - 1], -1e9)], 0)[None], [b, 1])
        state = tf.zeros([b * k, H])
        done = tf.zeros([b, k], tf.bool)
        i = tf.constant(0)

        def cond(i, tokens, scores, state, done):
            return tf.logical_and(i < 8, tf.logical_not(tf.reduce_all(done)))

        def body(i, tokens, scores, state, done):
            state, lp = step(state, tf.reshape(tokens[:, :, -1], [-1]))
            lp = tf.reshape(lp, [b, k, V])
            eosonly = tf.one_hot(1, V, 0.0, -1e9)
            lp = tf.where(done[..., None], eosonly, lp)
            total = tf.reshape(scores[..., None] + lp, [b, k * V])
            scores, idx = tf.math.top_k(total, k)
            src, tok = idx // V, idx % V
            tokens = tf.concat([tf.gather(tokens, src, batch_dims=1), tok[..., None]], -1)
            state = tf.reshape(tf.gather(tf.reshape(state, [b, k, H]), src, batch_dims=1), [b * k, H])
            done = tf.logical_or(tf.gather(done, src, batch_dims=1), tf.equal(tok, 1))
            return i + 1, tokens, scores, state, done

        i, tokens, scores, _, done = tf.while_loop(
            cond, body, (i, tokens, scores, state, done),
            shape_invariants=(i.shape, tf.TensorShape([None, None, None]), tf.TensorShape([None, None]),
                              tf.TensorShape([None, H]), tf.TensorShape([None, None])))
        length = tf.reduce_sum(tf.cast(tokens != 1, tf.float32), -1)
        final = scores / ((5.0 + length) / 6.0)**0.6
        order = tf.argsort(final, direction="DESCENDING", stable=True)
        return {
            "tokens": tf.gather(tokens, order, batch_dims=1), "scores": tf.gather(final, order, batch_dims=1),
            "steps": i
        }

    made["beam"] = (keep(beam, emb, wh, wo), ["i?", "i"], [([2, 3], 3), ([5], 1), ([4, 4, 4], 4), ([], 2)])

    # sampling
    def topk_filter(logits, k):
        kth = tf.math.top_k(logits, k)[0][..., -1:]
        return tf.where(logits < kth, -1e10, logits)

    def topp_filter(logits, p):
        order = tf.argsort(logits, direction="DESCENDING", stable=True)
        srt = tf.gather(logits, order, batch_dims=1)
        cum = tf.cumsum(tf.nn.softmax(srt), axis=-1, exclusive=True)
        keepm = cum < p
        b = tf.shape(logits)[0]
        rows = tf.tile(tf.range(b)[:, None], [1, tf.shape(logits)[1]])
        mask = tf.scatter_nd(tf.stack([rows, order], -1), keepm, tf.shape(logits))
        return tf.where(mask, logits, -1e10)

    made["stateless_sample"] = (lambda l, s, k: {
        "k": tf.random.stateless_categorical(topk_filter(l, k), 4, s), "p": tf.random.stateless_categorical(
            topp_filter(l, 0.8), 3, s, tf.int32), "g": tf.argmax(
                l - tf.math.log(-tf.math.log(tf.random.stateless_uniform(tf.shape(l), s, minval=1e-20))), -1)
    }, ["f?,?", "i2", "i"], [(rnd(3, 9), [1, 2], 4), (rnd(1, 30, seed=2), [7, -7], 1), (rnd(0, 9), [1,
                                                                                                    2], 2)])
    made["stateful_sample"] = (lambda l: {
        "c": tf.random.categorical(l, 3, seed=5), "u": tf.random.uniform([2], seed=3), "m": tf.compat.v1.
        multinomial(l, 2, seed=9, output_dtype=tf.int32), "t": tf.random.truncated_normal(
            [2], seed=1), "s": tf.random.shuffle(tf.range(5), seed=4)
    }, ["f?,?"], [(rnd(2, 5), ), (rnd(1, 3), )])
    gen = tf.random.Generator.from_seed(42)
    made["generator"] = (keep(
        lambda l: {
            "n": gen.normal([3]), "c": tf.random.stateless_categorical(l, 2,
                                                                       gen.make_seeds(1)[:, 0]), "s": gen.
            state.read_value()
        }, gen), ["f?,?"], [(rnd(2, 5), ), (rnd(1, 3), )])

    def temp_loop(start, t):
        tok = start
        out = tf.TensorArray(tf.int32, 0, dynamic_size=True, clear_after_read=False)
        st = tf.zeros([tf.shape(start)[0], H])
        for i in tf.range(6):
            st, lp = step(st, tok)
            tok = tf.random.stateless_categorical(lp / t, 1, tf.stack([i, 17]), tf.int32)[:, 0]
            out = out.write(i, tok)
            if tf.reduce_all(tok == 1):
                break
        return tf.transpose(out.stack())

    made["temperature"] = (keep(temp_loop, emb, wh, wo), ["i?", "f"], [([2, 3], 1.0), ([1], 0.1),
                                                                       ([5, 5, 5], 5.0)])

    # repetition penalty, no-repeat ngrams, contrastive
    def penal(l, prev):
        b = tf.shape(l)[0]
        idx = tf.stack([tf.repeat(tf.range(b), tf.shape(prev)[1]), tf.reshape(prev, [-1])], 1)
        seen = tf.tensor_scatter_nd_update(tf.zeros_like(l), idx, tf.ones([tf.size(prev)]))
        return tf.where(seen > 0, tf.where(l > 0, l / 1.2, l * 1.2), l)

    made["penalty"] = (penal, ["f?,?", "i?,?"], [(rnd(2, 6), [[1, 2], [3, 3]]), (rnd(1, 4), np.zeros([1, 0])),
                                                 (rnd(1, 4), [[9]])])
    # GPT w/ kv cache
    D, NH, T = 8, 2, 12
    W = {
        n: tf.Variable(rnd(*s, seed=i + 5, scale=.4))
        for i, (n, s) in enumerate(
            {"e": (V, D), "p": (T, D), "qkv": (D, 3 * D), "o": (D, D), "up": (D, 4 * D), "dn": (4 * D,
                                                                                                D)}.items())
    }

    def ln(x):
        m, v = tf.nn.moments(x, [-1], keepdims=True)
        return (x - m) * tf.math.rsqrt(v + 1e-5)

    def block(x, cache, pos):
        b = tf.shape(x)[0]
        n = tf.shape(x)[1]
        q, k, v = tf.split(tf.einsum("btd,de->bte", ln(x), W["qkv"]), 3, -1)
        sh = lambda t: tf.transpose(tf.reshape(t, [b, n, NH, D // NH]), [0, 2, 1, 3])
        q, k, v = sh(q), sh(k), sh(v)
        where = tf.range(pos, pos + n)[:, None]
        up = lambda c, t: tf.transpose(
            tf.tensor_scatter_nd_update(tf.transpose(c, [2, 0, 1, 3]), where, tf.transpose(t, [2, 0, 1, 3])),
            [1, 2, 0, 3])
        ck, cv = up(cache[0], k), up(cache[1], v)
        mask = tf.range(T)[None, :] <= (pos + tf.range(n))[:, None]
        s = tf.where(mask, tf.matmul(q, ck, transpose_b=True) / 2.0, -1e9)
        y = tf.reshape(tf.transpose(tf.nn.softmax(s) @ cv, [0, 2, 1, 3]), [b, n, D])
        x += y @ W["o"]
        return x + tf.nn.gelu(ln(x) @ W["up"], approximate=True) @ W["dn"], (ck, cv)

    def gpt(prompt, steps):
        b = tf.shape(prompt)[0]
        c = (tf.zeros([b, NH, T, D // NH]), tf.zeros([b, NH, T, D // NH]))
        n = tf.shape(prompt)[1]
        x, c = block(tf.gather(W["e"], prompt) + W["p"][:n], c, 0)
        tok = tf.argmax(x[:, -1] @ tf.transpose(W["e"]), -1, tf.int32)
        out = tf.TensorArray(tf.int32, steps, element_shape=[None])
        i = tf.constant(0)
        while i < steps:
            out = out.write(i, tok)
            x, c = block(tf.gather(W["e"], tok)[:, None] + tf.gather(W["p"], n + i), c, n + i)
            tok = tf.argmax(x[:, -1] @ tf.transpose(W["e"]), -1, tf.int32)
            i += 1
        return {"out": tf.transpose(out.stack()), "cache": c[0], "last": x}

    made["gpt"] = (keep(gpt, *W.values()), ["i?,?", "i"], [([[1, 2, 3]], 5), ([[1, 2, 3], [4, 5, 6]], 3),
                                                           ([[4]], 0), ([[1, 2, 3, 4, 5, 6, 7, 8]], 4),
                                                           ([[1, 2, 3]], 20)])

    def gpt_ta(prompt):
        """kv cache as TensorArrays that grow"""
        ks = tf.TensorArray(tf.float32, 0, dynamic_size=True, clear_after_read=False, element_shape=[None, D])
        vs = tf.TensorArray(tf.float32, 0, dynamic_size=True, clear_after_read=False, element_shape=[None, D])
        outs = tf.TensorArray(tf.float32, 0, dynamic_size=True)
        for t in tf.range(tf.shape(prompt)[1]):
            q, k, v = tf.split(tf.gather(W["e"], prompt[:, t]) @ W["qkv"], 3, -1)
            ks, vs = ks.write(t, k), vs.write(t, v)
            K, Vv = ks.stack(), vs.stack()
            a = tf.nn.softmax(tf.einsum("bd,tbd->bt", q, K), -1)
            outs = outs.write(t, tf.einsum("bt,tbd->bd", a, Vv))
        return outs.stack()

    made["gpt_arrays"] = (keep(gpt_ta, *W.values()), ["i?,?"], [([[1, 2, 3]], ), ([[1, 2], [4, 5]], ),
                                                                ([[4]], )])

    # T5 relative buckets
    def buckets(q, k, bi=True, nb=32, md=128):
        ctx, mem = tf.range(q)[:, None], tf.range(k)[None]
        n = -(mem - ctx)
        ret = 0
        nb //= 2
        ret += tf.cast(n < 0, tf.int32) * nb
        n = tf.abs(n)
        me = nb // 2
        large = me + tf.cast(
            tf.math.log(tf.cast(tf.maximum(n, 1), tf.float32) / me) / np.log(md / me) * (nb - me), tf.int32)
        return ret + tf.where(n < me, n, tf.minimum(large, nb - 1))

    rel = tf.Variable(rnd(32, 2))
    made["t5"] = (keep(
        lambda q, k:
        {"b": buckets(q, k), "bias": tf.transpose(tf.gather(rel, buckets(q, k)), [2, 0, 1])[None]},
        rel), ["i", "i"], [(7, 7), (200, 150), (1, 5), (0, 3)])

    def alibi(x):
        n = tf.shape(x)[1]
        sl = 2.0**(-8.0 * tf.range(1.0, 5.0) / 4.0)
        pos = tf.cast(tf.range(n)[None] - tf.range(n)[:, None], tf.float32)
        ang = tf.einsum("t,d->td", tf.range(tf.cast(n, tf.float32)),
                        1.0 / (10000.0**(tf.range(0.0, 4.0, 2.0) / 4.0)))
        s, c = tf.sin(ang), tf.cos(ang)
        x1, x2 = x[..., ::2], x[..., 1::2]
        rope = tf.reshape(tf.stack([x1 * c - x2 * s, x1 * s + x2 * c], -1), tf.shape(x))
        return {"alibi": sl[:, None, None] * pos, "rope": rope}

    made["positions"] = (alibi, ["f?,?,4"], [(rnd(2, 5, 4), ), (rnd(1, 1, 4), ), (rnd(1, 0, 4), )])
    return made
