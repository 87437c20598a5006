"""Steps of training and other state."""
import numpy as np

from . import S, group, keep, rnd


@group
def training(tf):
    """Steps of training of text models: sparse gradients and their optimizers."""
    made = {}
    k = tf.keras

    def step(make_loss, variables, opt, n=2):
        if hasattr(opt, "build"): opt.build(variables)
        else: opt._create_all_weights(variables)

        def f(*a):
            losses = []
            for _ in range(n):
                with tf.GradientTape() as t:
                    l = make_loss(*a)
                opt.apply_gradients(zip(t.gradient(l, variables), variables))
                losses.append(l)
            return dict({"loss": tf.stack(losses)}, **{"v%d" % i: v + 0. for i, v in enumerate(variables)})

        return keep(f, variables, opt)

    for name, opt in (("adam", k.optimizers.Adam(.1)), ("adagrad", k.optimizers.legacy.Adagrad(.1)),
                      ("ladam", k.optimizers.legacy.Adam(.1)),
                      ("ftrl", k.optimizers.legacy.Ftrl(.1, l1_regularization_strength=.01)),
                      ("rms", k.optimizers.legacy.RMSprop(.1, momentum=.5, centered=True)),
                      ("mom", k.optimizers.legacy.SGD(.1, .9,
                                                      nesterov=True)), ("adadelta",
                                                                        k.optimizers.legacy.Adadelta(.1)),
                      ("nadam", k.optimizers.legacy.Nadam(.1)), ("adamax", k.optimizers.legacy.Adamax(.1))):
        e, w = tf.Variable(rnd(9, 3)), tf.Variable(rnd(3, 1, seed=2))
        made["bag_" + name] = (step(
            lambda x, y, e=e, w=w: tf.reduce_mean(
                (tf.reduce_sum(tf.nn.embedding_lookup(e, x), 1) @ w - y)**2), [e, w],
            opt), ["i?,?", "f?,1"], [([[1, 2], [2, 2]], [[1], [0]]), ([[0, 8]], [[1]])])
    e2 = tf.Variable(rnd(9, 3))
    made["sparse_embed"] = (step(
        lambda i, v, s: tf.reduce_sum(
            tf.nn.safe_embedding_lookup_sparse(e2, tf.SparseTensor(i, v, s), combiner="sqrtn")**2), [e2],
        k.optimizers.Adagrad(.1), 1), ["l?,2", "l?", "l2"], [([[0, 0], [0, 1], [2, 0]], [1, 2, 2], [3, 2])])
    ctcw = tf.Variable(rnd(4, 6))
    made["ctc"] = (step(
        lambda x, l: tf.reduce_mean(
            tf.nn.ctc_loss(l, x @ ctcw, tf.fill([tf.shape(x)[0]], 2), tf.
                           fill([tf.shape(x)[0]],
                                tf.shape(x)[1]), logits_time_major=False, blank_index=0)), [ctcw],
        k.optimizers.SGD(.1)), ["f?,?,4", "i?,2"], [(rnd(2, 6, 4), [[1, 2], [3, 3]]), (rnd(1, 3, 4), [[5,
                                                                                                       1]])])
    tr = tf.Variable(rnd(3, 3))

    def crf_loss(x, y):
        def fw(a, l):
            return tf.reduce_logsumexp(a[:, :, None] + tr, 1) + l

        z = tf.reduce_logsumexp(tf.scan(fw, tf.transpose(x[:, 1:], [1, 0, 2]), initializer=x[:, 0])[-1], -1)
        un = tf.reduce_sum(tf.gather(x, y, batch_dims=2), 1)
        bi = tf.reduce_sum(tf.gather_nd(tr, tf.stack([y[:, :-1], y[:, 1:]], -1)), 1)
        return tf.reduce_mean(z - un - bi)

    made["crf"] = (step(crf_loss, [tr], k.optimizers.Adam(.1)), ["f?,?,3",
                                                                 "i?,?"], [(rnd(2, 4, 3), [[0, 1, 2, 0],
                                                                                           [1, 1, 1, 1]]),
                                                                           (rnd(1, 2, 3), [[2, 0]])])
    re = tf.Variable(rnd(9, 3))
    made["ragged"] = (step(
        lambda v, s: tf.reduce_sum(
            tf.reduce_mean(tf.gather(re, tf.RaggedTensor.from_row_splits(v, s)), 1)**2), [re],
        k.optimizers.SGD(.5)), ["i?", "l?"], [([1, 2, 2], [0, 1, 3]), ([5], [0, 1])])
    mp = tf.Variable(rnd(4))
    made["map_grad"] = (step(lambda x: tf.reduce_sum(tf.map_fn(lambda r: tf.reduce_sum(tf.tanh(r * mp)), x)),
                             [mp], k.optimizers.SGD(.5)), ["f?,4"], [(rnd(3, 4), ), (rnd(1, 4), )])
    lm = k.Sequential([
        k.layers.Embedding(7, 4, mask_zero=True),
        k.layers.LSTM(5, return_sequences=True),
        k.layers.Dense(7)
    ])
    lm(np.zeros([1, 2]))
    made["lm"] = (step(
        lambda x: tf.reduce_mean(
            k.losses.sparse_categorical_crossentropy(x[:, 1:], lm(x[:, :-1]), from_logits=True)),
        lm.trainable_variables, k.optimizers.Adam(.01)), ["i?,?"], [([[1, 2, 3, 0], [4, 5, 6, 1]], ),
                                                                    ([[3, 3]], )])
    nw, nb = tf.Variable(rnd(20, 4)), tf.Variable(rnd(20))
    made["sampled"] = (lambda y, x: [
        tf.nn.sampled_softmax_loss(nw, nb, y, x, 5, 20, seed=3),
        tf.nn.nce_loss(nw, nb, y, x, 5, 20)[:0], *tf.random.log_uniform_candidate_sampler(
            y, 1, 4, True, 20, seed=7), *tf.random.uniform_candidate_sampler(y, 1, 4, False, 20, seed=7), *tf.
        random.fixed_unigram_candidate_sampler(y, 1, 3, True, 5, unigrams=[1, 2, 3, 4, 5], seed=1), *tf.random
        .learned_unigram_candidate_sampler(y, 1, 3, True, 20, seed=2)
    ], ["l?,1", "f?,4"], [([[3], [4]], rnd(2, 4)), ([[1]], rnd(1, 4))])
    made["sampled"][0].parts = [nw, nb]
    # skip-gram with negative sampling on strings: vocabulary by hash, table counts
    emb = tf.Variable(rnd(50, 4))
    ctx = tf.Variable(rnd(50, 4, seed=3))

    def sgns(text):
        t = tf.strings.to_hash_bucket_fast(tf.strings.split(text).to_tensor(""), 50)
        c, p = t[:, :-1], t[:, 1:]
        neg = tf.random.stateless_uniform(tf.concat([tf.shape(c), [2]], 0), [1, 2], 0, 50, tf.int64)
        pos = tf.reduce_sum(tf.gather(emb, c) * tf.gather(ctx, p), -1)
        ng = tf.einsum("btd,btnd->btn", tf.gather(emb, c), tf.gather(ctx, neg))
        return tf.reduce_sum(tf.nn.softplus(-pos)) + tf.reduce_sum(tf.nn.softplus(ng))

    made["sgns"] = (step(sgns,
                         [emb, ctx], k.optimizers.legacy.Adagrad(.1)), ["S?"], [(S("the cat sat", "a b"), ),
                                                                                (S("x y"), )])
    auc, mean = k.metrics.AUC(num_thresholds=10), k.metrics.Mean()

    def metrics(y, p):
        auc.update_state(y, p)
        mean.update_state(p)
        return {"auc": auc.result(), "mean": mean.result()}

    made["metrics"] = (keep(metrics, auc, mean), ["f?", "f?"], [([1, 0, 1], [.9, .2, .4]), ([], [])])
    acc = tf.Variable(["start"], shape=[None], dtype=tf.string)

    def log(x):
        acc.assign(tf.concat([acc.read_value(), x], 0)[-4:])
        return {"log": acc.read_value(), "n": tf.size(acc)}

    made["string_state"] = (keep(log, acc), ["S?"], [(S("a", "b"), ), (S(), ), (S("c" * 30), )])
    cnt = tf.Variable(0, dtype=tf.int64)

    def loop_state(x):
        for w in tf.strings.split(x).flat_values:
            if tf.strings.regex_full_match(w, "[a-z]+"):
                cnt.assign_add(tf.cast(tf.strings.length(w), tf.int64))
            else:
                cnt.assign_sub(1)
        return {"n": cnt.read_value()}

    made["loop_state"] = (keep(loop_state, cnt), ["S?"], [(S("ab cd 1", ""), ), (S("xyz"), )])
    return made
