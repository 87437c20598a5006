"""Recurrent nets and decoders: dynamic_rnn, raw_rnn, static_rnn, attention, greedy and beam search in while
loops.
"""

import numpy as np

from graph_mode_models import data, ids, model


def cells(tf):
    return tf.compat.v1.nn.rnn_cell


def attend(tf, query, memory, mask, scope):
    """Bahdanau's attention."""
    layers = tf.compat.v1.layers
    with tf.compat.v1.variable_scope(scope, reuse=tf.compat.v1.AUTO_REUSE):
        keys = layers.dense(memory, 6, use_bias=False, name="keys")
        scores = tf.squeeze(
            layers.dense(tf.tanh(keys + layers.dense(query, 6, name="query")[:, None]), 1, name="v"), -1
        )
        weights = tf.nn.softmax(tf.where(mask, scores, tf.fill(tf.shape(scores), -1e9)))
        return tf.reduce_sum(weights[..., None] * memory, 1), weights


def encoder(tf, tokens, lengths, width=5):
    table = tf.compat.v1.get_variable("embedding", [12, width])
    (fw, bw), (fs, bs) = tf.compat.v1.nn.bidirectional_dynamic_rnn(
        cells(tf).GRUCell(width),
        cells(tf).LSTMCell(width, use_peepholes=True, num_proj=3),
        tf.nn.embedding_lookup(table, tokens),
        lengths,
        dtype=tf.float32,
        swap_memory=True,
        parallel_iterations=4,
    )
    return table, tf.concat([fw, bw], 2), tf.concat([fs, bs.h], 1)


def text_inputs(tf, m, outputs, name="serving_default", **extra):
    v1 = tf.compat.v1
    graph = v1.get_default_graph()
    m.sign(
        name,
        {
            "tokens": graph.get_tensor_by_name("tokens:0"),
            "lengths": graph.get_tensor_by_name("lengths:0"),
            **extra,
        },
        outputs,
    )


def placeholders(tf):
    v1 = tf.compat.v1
    return (v1.placeholder(tf.int32, [None, None], "tokens"), v1.placeholder(tf.int32, [None], "lengths"))


def ask_texts(m, name="serving_default", **extra):
    for rows, steps, seed in ((2, 5, 1), (1, 1, 2), (3, 7, 3), (2, 5, 4), (0, 3, 5)):
        lengths = 1 + ids(rows, seed=seed, high=steps)
        m.ask(name, tokens=ids(rows, steps, seed=seed, high=12), lengths=lengths, **extra)


@model
def greedy_decoder(tf, m):
    """Attention, a loop that ends when every row has its end token, conditionals in the loop, history in a
    TensorArray.
    """
    v1 = tf.compat.v1
    tokens, lengths = placeholders(tf)
    table, memory, state = encoder(tf, tokens, lengths)
    mask = tf.sequence_mask(lengths, tf.shape(tokens)[1])
    cell = cells(tf).GRUCell(8, name="decoder")
    rows = tf.shape(tokens)[0]

    def body(step, last, state, done, written, heat):
        context, weights = attend(tf, state, memory, mask, "attention")
        output, new = cell(tf.concat([tf.nn.embedding_lookup(table, last), context], 1), state)
        logits = v1.layers.dense(output, 12, name="out", reuse=v1.AUTO_REUSE) * 8.0
        logits = tf.cond(
            step < 2, lambda: logits + tf.one_hot([0], 12, on_value=-1e9, off_value=0.0), lambda: logits
        )
        best = tf.where(done, tf.zeros([rows], tf.int32), tf.argmax(logits, 1, tf.int32))
        return (
            step + 1,
            best,
            new,
            done | tf.equal(best, 0),
            written.write(step, best),
            heat.write(step, weights),
        )

    loop = tf.while_loop(
        lambda step, last, state, done, *_: (step < 9) & ~tf.reduce_all(done),
        body,
        [
            0,
            tf.ones([rows], tf.int32),
            state,
            tf.zeros([rows], tf.bool),
            tf.TensorArray(tf.int32, 0, dynamic_size=True, element_shape=[None], clear_after_read=False),
            tf.TensorArray(tf.float32, 9, infer_shape=False),
        ],
        parallel_iterations=1,
        swap_memory=True,
    )
    text_inputs(
        tf,
        m,
        {
            "ids": tf.transpose(loop[4].stack()),
            "steps": loop[0],
            "state": loop[2],
            "heat": loop[5].gather(tf.range(loop[0])),
        },
    )
    ask_texts(m)


@model
def beam_decoder(tf, m):
    """Beam search with states gathered by beam, finished beams, length penalty and shape invariants."""
    v1 = tf.compat.v1
    tokens, lengths = placeholders(tf)
    width = v1.placeholder(tf.int32, [], "width")
    table, memory, state = encoder(tf, tokens, lengths)
    rows = tf.shape(tokens)[0]
    cell = cells(tf).LSTMCell(8, name="decoder", state_is_tuple=True)

    def tile(t):
        shape = tf.concat([[rows * width], tf.shape(t)[1:]], 0)
        return tf.reshape(
            tf.tile(t[:, None], tf.concat([[1, width], tf.ones([tf.rank(t) - 1], tf.int32)], 0)), shape
        )

    memory, mask = tile(memory), tile(tf.sequence_mask(lengths, tf.shape(tokens)[1]))
    state = cells(tf).LSTMStateTuple(tf.tanh(tile(state)), tile(state))
    state.c.set_shape([None, 8])
    state.h.set_shape([None, 8])
    memory.set_shape([None, None, 8])

    def body(step, found, scores, state):
        flat = tf.reshape(found[:, :, -1], [-1])
        context, _ = attend(tf, state.h, memory, mask, "attention")
        output, new = cell(tf.concat([tf.gather(table, flat), context], 1), state)
        logp = tf.nn.log_softmax(v1.layers.dense(output, 12, name="out", reuse=v1.AUTO_REUSE) * 4.0)
        ended = tf.equal(flat, 0)[:, None]
        frozen = tf.tile(tf.one_hot([0], 12, 0.0, -1e9), [tf.shape(flat)[0], 1])
        logp = tf.where(tf.tile(ended, [1, 12]), frozen, logp)
        total = tf.reshape(scores[:, :, None] + tf.reshape(logp, [rows, width, 12]), [rows, width * 12])
        scores, at = tf.nn.top_k(total, width)
        beam, token = at // 12, at % 12
        pick = tf.reshape(tf.range(rows)[:, None] * width + beam, [-1])
        new = tf.nest.map_structure(lambda t: tf.gather(t, pick), new)
        found = tf.concat([tf.gather(found, beam, batch_dims=1), token[:, :, None]], 2)
        return step + 1, found, scores, new

    first = tf.one_hot(tf.zeros([rows], tf.int32), width, 0.0, -1e9)
    nested = cells(tf).LSTMStateTuple(tf.TensorShape([None, 8]), tf.TensorShape([None, 8]))
    _, found, scores, _ = tf.while_loop(
        lambda step, found, *_: tf.reduce_any(tf.not_equal(found[:, :, -1], 0)),
        body,
        (0, tf.ones(tf.stack([rows, width, 1]), tf.int32), first, state),
        shape_invariants=(
            tf.TensorShape([]),
            tf.TensorShape([None, None, None]),
            tf.TensorShape([None, None]),
            nested,
        ),
        maximum_iterations=6,
    )
    long = tf.reduce_sum(tf.cast(tf.not_equal(found, 0), tf.float32), 2)
    text_inputs(
        tf, m, {"found": found[:, :, 1:], "scores": scores / tf.pow((5.0 + long) / 6.0, 0.6)}, width=width
    )
    ask_texts(m, width=np.int32(2))
    ask_texts(m, width=np.int32(4))


@model
def trained_seq2seq(tf, m):
    """Teacher forcing, a loss of masked steps, gradients through the loops clipped by their norm, one Adam
    step.
    """
    v1 = tf.compat.v1
    tokens, lengths = placeholders(tf)
    table, memory, state = encoder(tf, tokens, lengths)
    cell = cells(tf).MultiRNNCell(
        [
            cells(tf).DropoutWrapper(cells(tf).LSTMCell(8), output_keep_prob=1.0),
            cells(tf).ResidualWrapper(cells(tf).GRUCell(8)),
        ]
    )
    zero = cell.zero_state(tf.shape(tokens)[0], tf.float32)
    given = (cells(tf).LSTMStateTuple(state, zero[0].h), zero[1])
    with v1.variable_scope("decoder"):
        outputs, last = v1.nn.dynamic_rnn(cell, tf.gather(table, tokens), lengths, given)
    logits = v1.layers.dense(outputs, 12)
    mask = tf.sequence_mask(lengths, tf.shape(tokens)[1], tf.float32)
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.roll(tokens, -1, 1), logits=logits)
    loss = tf.reduce_sum(each * mask) / tf.maximum(tf.reduce_sum(mask), 1.0)
    step = v1.train.get_or_create_global_step()
    found, variables = zip(*v1.train.AdamOptimizer(0.01).compute_gradients(loss))
    clipped, norm = tf.clip_by_global_norm(found, 0.5)
    train = v1.train.AdamOptimizer(0.01).apply_gradients(zip(clipped, variables), step)
    with v1.control_dependencies([train]):
        after = tf.identity(step.read_value() if hasattr(step, "read_value") else step)
    text_inputs(tf, m, {"loss": loss, "norm": norm, "step": after}, "train")
    text_inputs(tf, m, {"logits": logits, "last": last[0].c, "loss": loss})
    ask_texts(m)
    ask_texts(m, "train")
    ask_texts(m)


@model
def raw_decoder(tf, m):
    """raw_rnn that samples its next input, with a loop state in a TensorArray; emits a structure."""
    v1 = tf.compat.v1
    start = v1.placeholder(tf.float32, [None, 4], "start")
    limit = v1.placeholder(tf.int32, [None], "limit")
    cell = cells(tf).LSTMCell(4)

    def step(time, output, state, extra):
        if output is None:
            return (
                limit <= 0,
                start,
                cell.zero_state(tf.shape(start)[0], tf.float32),
                tf.zeros([4]),
                tf.TensorArray(tf.float32, 0, dynamic_size=True, element_shape=[]),
            )
        feed = tf.cond(tf.equal(time % 2, 0), lambda: tf.nn.softmax(output), lambda: output * 2.0)
        return time >= limit, feed, state, output, extra.write(time - 1, tf.reduce_sum(output))

    emitted, state, sums = v1.nn.raw_rnn(cell, step)
    m.sign(
        "serving_default",
        {"start": start, "limit": limit},
        {"emitted": emitted.stack(), "c": state.c, "h": state.h, "sums": sums.stack()},
    )
    for limit in ([3, 1], [0, 2], [5, 5], [1], [3, 0, 4]):
        m.ask("serving_default", start=data(len(limit), 4, seed=len(limit)), limit=np.array(limit, np.int32))


@model
def unrolled(tf, m):
    """static_rnn with lengths (a cond a step), static bidirectional, state saving by hand in a variable."""
    v1 = tf.compat.v1
    x = v1.placeholder(tf.float32, [None, 4, 3], "x")
    lengths = v1.placeholder(tf.int32, [None], "lengths")
    out, state = v1.nn.static_rnn(
        cells(tf).BasicLSTMCell(5), tf.unstack(x, axis=1), dtype=tf.float32, sequence_length=lengths
    )
    both, _, _ = v1.nn.static_bidirectional_rnn(
        cells(tf).GRUCell(3),
        cells(tf).BasicRNNCell(2),
        tf.unstack(x, axis=1),
        dtype=tf.float32,
        sequence_length=lengths,
        scope="both",
    )
    memory = v1.get_variable("memory", [5], initializer=tf.zeros_initializer(), trainable=False)
    kept = v1.assign(memory, memory * 0.5 + tf.reduce_mean(state.h, 0))
    m.sign(
        "serving_default", {"x": x, "lengths": lengths}, {"out": tf.stack(out, 1), "both": tf.stack(both, 1)}
    )
    m.sign("stateful", {"x": x, "lengths": lengths}, {"memory": kept})
    grads = tf.gradients(tf.reduce_sum(out[-1] ** 2) + tf.reduce_sum(both[0]), [x] + v1.trainable_variables())
    m.sign("gradient", {"x": x, "lengths": lengths}, {"g%d" % i: g for i, g in enumerate(grads)})
    for rows, seed in ((2, 1), (1, 2), (5, 3)):
        for name in m.signatures:
            m.ask(name, x=data(rows, 4, 3, seed=seed), lengths=ids(rows, seed=seed, high=5))


@model
def char_sampler(tf, m):
    """A character model that samples with multinomial under a seed, temperature by cond, state fed back by
    the client.
    """
    v1 = tf.compat.v1
    last, temperature = v1.placeholder(tf.int64, [None], "last"), v1.placeholder_with_default(
        1.0, [], "temperature"
    )
    cell = cells(tf).MultiRNNCell([cells(tf).GRUCell(6) for _ in range(2)])
    states = tuple(v1.placeholder(tf.float32, [None, 6], "state%d" % i) for i in range(2))
    table = v1.get_variable("table", [9, 6])
    out, new = cell(tf.nn.embedding_lookup(table, last), states)
    logits = tf.matmul(out, table, transpose_b=True)
    chosen = tf.cond(
        temperature > 0,
        lambda: v1.multinomial(logits / temperature, 4, seed=3),
        lambda: tf.tile(tf.argmax(logits, 1)[:, None], [1, 4]),
    )
    inputs = {"last": last, "temperature": temperature, "s0": states[0], "s1": states[1]}
    m.sign("serving_default", inputs, {"logits": logits, "chosen": chosen, "n0": new[0], "n1": new[1]})
    for rows, t in ((2, 1.0), (1, 0.0), (3, 0.5), (0, 1.0)):
        m.ask(
            "serving_default",
            last=ids(rows, high=9).astype(np.int64),
            temperature=np.float32(t),
            s0=data(rows, 6),
            s1=data(rows, 6),
        )


@model
def nested_loops(tf, m):
    """A loop over sentences of a loop over words, hierarchical attention, with a gradient through both."""
    v1 = tf.compat.v1
    x = v1.placeholder(tf.float32, [None, None, 4], "x")
    lengths = v1.placeholder(tf.int32, [None], "lengths")
    w = v1.get_variable("w", [4, 4], use_resource=True)
    source = tf.TensorArray(tf.float32, tf.shape(x)[0], element_shape=[None, 4]).unstack(x)

    def sentence(i, out):
        words, n = source.read(i), lengths[i]

        def word(j, h):
            fresh = tf.tanh(tf.matmul(h, w) + words[j : j + 1])
            new = tf.cond(
                tf.reduce_sum(words[j]) > 0,
                lambda: fresh,
                lambda: tf.case(
                    [(tf.equal(j % 3, 0), lambda: h), (tf.equal(j % 3, 1), lambda: fresh * 0.5)],
                    lambda: h - fresh,
                    exclusive=True,
                ),
            )
            return j + 1, tf.reshape(new, [1, 4])

        _, h = tf.while_loop(
            lambda j, h: j < n, word, (0, tf.zeros([1, 4])), maximum_iterations=tf.shape(words)[0]
        )
        return i + 1, out.write(i, h[0])

    _, out = tf.while_loop(
        lambda i, _: i < tf.shape(x)[0],
        sentence,
        [0, tf.TensorArray(tf.float32, tf.shape(x)[0], element_shape=[4])],
        parallel_iterations=10,
    )
    y = tf.reshape(out.stack(), [-1, 4])
    gx, gw = tf.gradients(tf.reduce_sum(y * y), [x, w])
    m.sign("serving_default", {"x": x, "lengths": lengths}, {"y": y})
    m.sign("gradient", {"x": x, "lengths": lengths}, {"gx": gx, "gw": gw, "y": y})
    for rows, steps, lengths in ((2, 3, [3, 1]), (1, 5, [9]), (3, 2, [0, 1, 2]), (2, 4, [4, 4])):
        for name in m.signatures:
            m.ask(name, x=data(rows, steps, 4, seed=rows), lengths=np.array(lengths, np.int32))
