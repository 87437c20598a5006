"""Nets as their papers' code has them: detection, CRF, WaveNet, Transformer, style transfer, k-means,
training in a loop.
"""

import numpy as np

from graph_mode_models import data, ids, model, words


@model
def training_in_loop(tf, m):
    """Several steps of SGD in a while loop: reference variables assigned by its body, read after it."""
    v1 = tf.compat.v1
    x, y = v1.placeholder(tf.float32, [None, 3], "x"), v1.placeholder(tf.float32, [None], "y")
    steps = v1.placeholder(tf.int32, [], "steps")
    for name, resource in (("ref", False), ("resource", True)):
        with v1.variable_scope(name, use_resource=resource):
            w = v1.get_variable("w", [3, 1], initializer=tf.ones_initializer())

        def body(i, total, w=w):
            kernel = w.read_value() if hasattr(w, "read_value") else w
            with tf.control_dependencies([kernel]):
                error = tf.squeeze(tf.matmul(x, kernel), 1) - y
                slope = tf.matmul(x, error[:, None], transpose_a=True)
            with tf.control_dependencies([v1.assign_sub(w, 0.05 * slope)]):
                return i + 1, total + tf.reduce_sum(error * error)

        count, total = tf.while_loop(
            lambda i, *_: i < steps, body, (0, 0.0), parallel_iterations=1, back_prop=False
        )
        with tf.control_dependencies([total]):
            m.sign(
                name, {"x": x, "y": y, "steps": steps}, {"total": total, "w": w.read_value(), "count": count}
            )
    for n, k in ((4, 3), (1, 0), (2, 1), (5, 4)):
        for name in m.signatures:
            m.ask(name, x=data(n, 3), y=data(n, seed=2), steps=np.int32(k))


@model
def optimizer_in_loop(tf, m):
    """minimize() called in the loop's body, and in a branch of a cond, with resource variables; loss history
    kept.
    """
    v1 = tf.compat.v1
    x, steps = v1.placeholder(tf.float32, [None, 3], "x"), v1.placeholder(tf.int32, [], "steps")
    with v1.variable_scope("net", use_resource=True):
        v1.layers.dense(x, 2, name="d")
    optimizer = v1.train.GradientDescentOptimizer(0.05)

    def loss_of():
        with v1.variable_scope("net", reuse=True, use_resource=True):
            return tf.reduce_mean(tf.square(v1.layers.dense(x, 2, name="d") - 1.0))

    def body(i, history):
        loss = loss_of()
        grads = tf.gradients(loss, v1.trainable_variables())
        with tf.control_dependencies([optimizer.apply_gradients(zip(grads, v1.trainable_variables()))]):
            return i + 1, history.write(i, loss)

    history = tf.while_loop(
        lambda i, _: i < steps,
        body,
        (0, tf.TensorArray(tf.float32, steps, element_shape=[])),
        parallel_iterations=1,
        back_prop=False,
    )[1].stack()
    with tf.control_dependencies([history]):
        after = loss_of()
    m.sign("serving_default", {"x": x, "steps": steps}, {"history": history, "after": after})
    for n, k in ((4, 3), (2, 1), (4, 5)):
        m.ask("serving_default", x=data(n, 3), steps=np.int32(k))


@model
def detector(tf, m):
    """Object detection: images mapped, anchors from shapes, classes' suppressed boxes in map_fn with conds,
    padded.
    """
    v1 = tf.compat.v1
    images = v1.placeholder(tf.uint8, [None, None, None, 3], "image_tensor")
    resized = tf.map_fn(
        lambda i: v1.image.resize_images(i, [16, 16]),
        tf.cast(images, tf.float32),
        dtype=tf.float32,
        back_prop=False,
    )
    net = v1.layers.conv2d((2.0 / 255.0) * resized - 1.0, 6, 3, 4, "same", activation=tf.nn.relu6)
    rows = tf.shape(net)[0]
    codes = tf.reshape(v1.layers.conv2d(net, 8, 1, name="BoxEncodingPredictor"), [rows, -1, 4])
    scores = tf.sigmoid(tf.reshape(v1.layers.conv2d(net, 6, 1, name="ClassPredictor"), [rows, -1, 3]) * 3.0)
    grid = (
        tf.cast(
            tf.stack(tf.meshgrid(tf.range(tf.shape(net)[1]), tf.range(tf.shape(net)[2]), indexing="ij"), -1),
            tf.float32,
        )
        / 4.0
    )
    anchors = tf.reshape(tf.concat([grid, grid + 0.3, grid - 0.1, grid + 0.5], -1), [-1, 4])
    boxes = tf.clip_by_value(anchors[None] + codes * 0.1, 0.0, 1.0)

    def one(args):
        boxes, scores = args
        found = []
        for c in range(1, 3):
            kept = v1.image.non_max_suppression(boxes, scores[:, c], tf.minimum(5, tf.shape(boxes)[0]), 0.4)
            kept = tf.boolean_mask(kept, tf.gather(scores[:, c], kept) > 0.3)
            found.append(
                (tf.gather(boxes, kept), tf.gather(scores[:, c], kept), tf.fill([tf.size(kept)], float(c)))
            )
        boxes, scores, classes = (tf.concat(f, 0) for f in zip(*found))
        n = tf.minimum(tf.size(scores), 6)
        scores, order = tf.nn.top_k(scores, n)

        def pad(t):
            return tf.cond(
                tf.shape(t)[0] < 6,
                lambda: tf.pad(t, [[0, 6 - tf.shape(t)[0]]] + [[0, 0]] * (t.shape.ndims - 1)),
                lambda: t,
            )

        return (
            tf.reshape(pad(tf.gather(boxes, order)), [6, 4]),
            tf.reshape(pad(scores), [6]),
            tf.reshape(pad(tf.gather(classes, order)), [6]),
            tf.cast(n, tf.float32),
        )

    out = tf.map_fn(one, (boxes, scores), dtype=(tf.float32,) * 4, parallel_iterations=16, back_prop=False)
    drawn = v1.image.draw_bounding_boxes(resized / 255.0, out[0])
    m.sign(
        "serving_default",
        {"inputs": images},
        {
            "detection_boxes": out[0],
            "detection_scores": out[1],
            "detection_classes": out[2],
            "num_detections": out[3],
            "drawn": drawn,
        },
    )
    for n, h, w in ((2, 20, 30), (1, 9, 5), (3, 16, 16), (2, 20, 30)):
        m.ask("serving_default", inputs=ids(n, h, w, 3, seed=h, high=256).astype(np.uint8))


@model
def crf_tagger(tf, m):
    """Viterbi decoding by recurrences over dynamic_rnn, the log partition by scan, trained."""
    v1 = tf.compat.v1
    tokens, lengths = v1.placeholder(tf.int32, [None, None], "tokens"), v1.placeholder(
        tf.int32, [None], "lengths"
    )
    tags = v1.placeholder(tf.int32, [None, None], "tags")
    unary = tf.nn.embedding_lookup(v1.get_variable("table", [9, 4]), tokens)
    moves = v1.get_variable("moves", [4, 4])

    class Viterbi(v1.nn.rnn_cell.RNNCell):
        state_size = output_size = 4

        def __call__(self, inputs, state, scope=None):
            scores = state[:, :, None] + moves[None]
            return tf.argmax(scores, 1, tf.int32), inputs + tf.reduce_max(scores, 1)

    first, rest = unary[:, 0], unary[:, 1:]
    back, last = v1.nn.dynamic_rnn(
        Viterbi(), rest, tf.maximum(lengths - 1, 0), initial_state=first, dtype=tf.int32
    )
    best = tf.argmax(last, 1, tf.int32)
    back = tf.reverse_sequence(back, tf.maximum(lengths - 1, 0), seq_axis=1)
    path = tf.scan(
        lambda t, b: tf.gather_nd(b, tf.stack([tf.range(tf.shape(t)[0]), t], 1)),
        tf.transpose(back, [1, 0, 2]),
        best,
    )
    path = tf.reverse_sequence(tf.concat([best[:, None], tf.transpose(path)], 1), lengths, seq_axis=1)
    alphas = tf.scan(
        lambda a, u: u + tf.reduce_logsumexp(a[:, :, None] + moves[None], 1),
        tf.transpose(rest, [1, 0, 2]),
        first,
    )
    alphas = tf.concat([first[None], alphas], 0)
    norm = tf.reduce_logsumexp(
        tf.gather_nd(tf.transpose(alphas, [1, 0, 2]), tf.stack([tf.range(tf.size(lengths)), lengths - 1], 1)),
        1,
    )
    mask = tf.sequence_mask(lengths, tf.shape(tokens)[1], tf.float32)
    score = tf.reduce_sum(tf.reduce_sum(unary * tf.one_hot(tags, 4), 2) * mask, 1)
    score += tf.reduce_sum(tf.gather_nd(moves, tf.stack([tags[:, :-1], tags[:, 1:]], 2)) * mask[:, 1:], 1)
    loss = tf.reduce_mean(norm - score)
    train = v1.train.AdamOptimizer(0.05).minimize(loss)
    with tf.control_dependencies([train]):
        done = tf.identity(loss)
    m.sign(
        "serving_default",
        {"tokens": tokens, "lengths": lengths},
        {"path": path, "scores": tf.reduce_max(last, 1), "norm": norm},
    )
    m.sign("train", {"tokens": tokens, "lengths": lengths, "labels": tags}, {"loss": done})
    for n, k, lengths in ((2, 4, [4, 2]), (1, 2, [2]), (3, 6, [6, 1, 3]), (2, 4, [3, 4])):
        feeds = dict(tokens=ids(n, k, seed=k, high=9), lengths=np.array(lengths, np.int32))
        m.ask("serving_default", **feeds)
        m.ask("train", labels=ids(n, k, seed=3, high=4), **feeds)


@model
def wavenet(tf, m):
    """Dilated causal convolutions through SpaceToBatch of unknown lengths, gates, skips; generation from
    queues of state.
    """
    v1 = tf.compat.v1
    x = v1.placeholder(tf.float32, [None, None, 1], "x")
    h, skips = v1.layers.conv1d(x, 4, 1), []
    for d in (1, 2, 4):
        padded = tf.pad(h, [[0, 0], [d, 0], [0, 0]])
        out = tf.nn.convolution(padded, v1.get_variable("w%d" % d, [2, 4, 8]), padding="VALID", dilations=[d])
        gate, value = tf.split(out, 2, 2)
        out = tf.tanh(value) * tf.sigmoid(gate)
        skips.append(v1.layers.dense(out, 5))
        h += v1.layers.dense(out, 4)
    logits = v1.layers.dense(tf.nn.relu(tf.add_n(skips)), 16)
    mu = 15.0
    coded = tf.cast((tf.sign(x) * tf.math.log1p(mu * tf.abs(x)) / np.log1p(mu) + 1) / 2 * mu + 0.5, tf.int32)
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=coded[:, 1:, 0], logits=logits[:, :-1])
    )
    queue = v1.get_variable("state", [2, 1, 4], initializer=tf.zeros_initializer(), trainable=False)
    pushed = v1.assign(queue, tf.concat([queue[1:], h[:1, -1:]], 0))
    m.sign("serving_default", {"x": x}, {"logits": logits, "coded": coded})
    m.sign(
        "loss",
        {"x": x},
        dict(
            {"loss": loss},
            **{"g%d" % i: g for i, g in enumerate(tf.gradients(loss, v1.trainable_variables()[:4]))}
        ),
    )
    m.sign("push", {"x": x}, {"state": pushed})
    for n, k in ((1, 9), (2, 4), (1, 16), (3, 2)):
        for name in m.signatures:
            m.ask(name, x=data(n, k, 1, seed=k))


@model
def cached_transformer(tf, m):
    """Transformer decoding in a while loop: a nest of caches that grow, relative positions, top-k sampling by
    cond, early end.
    """
    v1 = tf.compat.v1
    prompt, limit = v1.placeholder(tf.int32, [None, None], "prompt"), v1.placeholder(tf.int32, [], "limit")
    rows = tf.shape(prompt)[0]
    table = v1.get_variable("table", [14, 8])

    def norm(t, name):
        with v1.variable_scope(name, reuse=v1.AUTO_REUSE):
            mean, var = tf.nn.moments(t, [-1], keepdims=True)
            return (
                (t - mean)
                * tf.math.rsqrt(var + 1e-6)
                * v1.get_variable("scale", [8], initializer=tf.ones_initializer())
            )

    def block(t, cache, start, name):
        with v1.variable_scope(name, reuse=v1.AUTO_REUSE):
            q, k, v = tf.split(v1.layers.dense(norm(t, "n1"), 24, use_bias=False, name="qkv"), 3, 2)
            k, v = tf.concat([cache["k"], k], 1), tf.concat([cache["v"], v], 1)
            scores = tf.einsum("bqd,bkd->bqk", q, k) / np.sqrt(8.0)
            at = tf.range(tf.shape(q)[1])[:, None] + start
            scores = tf.where(
                tf.broadcast_to(tf.range(tf.shape(k)[1])[None] <= at, tf.shape(scores)),
                scores,
                tf.fill(tf.shape(scores), -1e9),
            )
            t += tf.matmul(
                tf.nn.softmax(
                    scores - 0.1 * tf.cast(tf.abs(at - tf.range(tf.shape(k)[1])[None]), tf.float32)
                ),
                v,
            )
            return t + v1.layers.dense(
                v1.layers.dense(norm(t, "n2"), 16, tf.nn.relu, name="up"), 8, name="down"
            ), {"k": k, "v": v}

    def step(tokens, caches, start):
        t, new = tf.gather(table, tokens) * np.sqrt(8.0), {}
        for i in range(2):
            t, new["layer_%d" % i] = block(t, caches["layer_%d" % i], start, "layer_%d" % i)
        return tf.einsum("btd,vd->btv", norm(t, "out"), table)[:, -1], new

    empty = {"layer_%d" % i: {k: tf.zeros([rows, 0, 8]) for k in "kv"} for i in range(2)}
    logits, caches = step(prompt, empty, 0)

    def body(i, tokens, logits, caches):
        limits = tf.nn.top_k(logits, 3).values[:, -1:]
        cut = tf.where(logits < limits, tf.ones_like(logits) * -1e10, logits)
        best = tf.argmax(cut, 1, tf.int32)
        logits, caches = step(best[:, None], caches, tf.shape(prompt)[1] + i)
        return i + 1, tf.concat([tokens, best[:, None]], 1), logits, caches

    none = tf.TensorShape([None, None, 8])
    _, tokens, logits, caches = tf.while_loop(
        lambda i, tokens, *_: (i < limit) & ~tf.reduce_all(tf.equal(tokens[:, -1], 0)),
        body,
        (0, prompt, logits, caches),
        shape_invariants=(
            tf.TensorShape([]),
            tf.TensorShape([None, None]),
            tf.TensorShape([None, 14]),
            tf.nest.map_structure(lambda _: none, caches),
        ),
    )
    m.sign(
        "serving_default",
        {"prompt": prompt, "limit": limit},
        {"tokens": tokens, "logits": logits, "k": caches["layer_1"]["k"]},
    )
    for n, k, limit in ((1, 3, 4), (2, 1, 6), (3, 5, 0), (1, 3, 8)):
        m.ask("serving_default", prompt=1 + ids(n, k, seed=n, high=13), limit=np.int32(limit))


@model
def style_transfer(tf, m):
    """Instance norm with conditional styles, mirror padding, resize and convolution, gram matrices, total
    variation.
    """
    v1 = tf.compat.v1
    x, style = v1.placeholder(tf.float32, [None, None, None, 3], "x"), v1.placeholder(
        tf.int32, [None], "style"
    )
    scale, shift = v1.get_variable("gamma", [3, 4]), v1.get_variable("beta", [3, 4])
    h = tf.nn.conv2d(
        tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], "REFLECT"), v1.get_variable("w", [3, 3, 3, 4]), 2, "VALID"
    )
    mean, var = tf.nn.moments(h, [1, 2], keepdims=True)
    pick = tf.gather(scale, style)[:, None, None], tf.gather(shift, style)[:, None, None]
    h = tf.nn.relu(tf.nn.batch_normalization(h, mean, var, pick[1], pick[0], 1e-5))
    up = v1.image.resize_nearest_neighbor(h, tf.shape(x)[1:3])
    out = tf.nn.tanh(tf.nn.conv2d_transpose(h, v1.get_variable("t", [3, 3, 3, 4]), tf.shape(x), 2, "SAME"))
    flat = tf.reshape(up, [tf.shape(x)[0], -1, 4])
    gram = tf.matmul(flat, flat, transpose_a=True) / tf.cast(tf.size(flat[0]), tf.float32)
    loss = tf.reduce_sum(tf.square(gram)) + tf.reduce_sum(tf.image.total_variation(out)) * 0.01
    m.sign(
        "serving_default",
        {"x": x, "style": style},
        {"out": out, "gram": gram, "pixels": tf.saturate_cast(out * 127.5 + 127.5, tf.uint8)},
    )
    m.sign(
        "gradient",
        {"x": x, "style": style},
        {"g": tf.gradients(loss, x)[0], "gs": tf.convert_to_tensor(tf.gradients(loss, scale)[0])},
    )
    for n, h, w in ((1, 8, 8), (2, 6, 10), (1, 9, 7), (1, 8, 8)):
        for name in m.signatures:
            m.ask(name, x=data(n, h, w, 3, seed=h), style=ids(n, high=3))


@model
def spell_checker(tf, m):
    """Text: edit distances to a vocabulary, split and joined n-grams, hashes, a string cond in a loop,
    regular expressions.
    """
    v1 = tf.compat.v1
    text = v1.placeholder(tf.string, [None], "text")
    known = tf.constant(["hello", "world", "held", "wold"])
    chars = v1.string_split(tf.reshape(text, [-1]), "")
    dictionary = v1.string_split(known, "")

    def distance(i):
        one = tf.sparse.slice(chars, tf.cast([i, 0], tf.int64), [1, 99])
        n = tf.size(known, out_type=tf.int64)
        values, width = tf.reshape(one.values, [-1]), tf.size(one.values, out_type=tf.int64)
        at = tf.reshape(tf.stack(tf.meshgrid(tf.range(n), tf.range(width), indexing="ij"), -1), [-1, 2])
        many = tf.SparseTensor(at, tf.tile(values, [n]), tf.stack([n, width]))
        return tf.cast(tf.edit_distance(many, dictionary, normalize=False), tf.float32)

    far = tf.map_fn(distance, tf.range(tf.size(text)), dtype=tf.float32)
    best = tf.gather(known, tf.argmin(far, 1))
    clean = tf.strings.regex_replace(v1.strings.lower(text), "[^a-z]+", "")
    grams = tf.strings.ngrams(tf.strings.unicode_split(clean, "UTF-8"), 2, separator="").to_tensor("")
    grown = tf.while_loop(
        lambda s: tf.strings.length(s) < 12,
        lambda s: tf.cond(
            tf.strings.regex_full_match(s, ".*a"),
            lambda: tf.strings.join([s, "b"]),
            lambda: tf.strings.join([s, "ca"]),
        ),
        [tf.strings.reduce_join(clean)],
    )[0]
    m.sign(
        "serving_default",
        {"text": text},
        {
            "far": far,
            "best": best,
            "clean": clean,
            "grams": grams,
            "grown": grown,
            "hash": tf.strings.to_hash_bucket_fast(text, 97),
        },
    )
    for lines in (["helo", "Wrld!"], ["held"], ["wo ld", "h", "worlds"]):
        m.ask("serving_default", text=words(lines))
