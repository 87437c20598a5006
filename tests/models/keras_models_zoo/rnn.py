"""Models recurrent nets, decoders with caches, sequences with masks."""

import numpy as np
import tensorflow as tf

from layers import data, numbers

MODELS = {}
K, L = tf.keras, tf.keras.layers
LENGTHS = ((2, 5), (1, 1), (3, 9), (0, 4), (2, 8))


def model(f):
    MODELS[f.__name__] = f
    return f


def ids(high, padded=True):
    """Batches of ids with zeros behind (and a row of zeros only)."""
    made = []
    for n, t in LENGTHS:
        x = 1 + numbers(n, t, seed=t, high=high - 1)
        if padded:
            x[np.arange(t)[None] >= numbers(n, seed=t + 1, high=t + 1)[:, None]] = 0
        made.append({"x": x})
    return made


def sequences(width):
    return [{"x": data(n, t, width, seed=t)} for n, t in LENGTHS]


@model
def masked_stack(path):
    """A mask of an embedding through Bidirectional, GRU, SimpleRNN, TimeDistributed and attention."""
    x = K.Input((None,), dtype="int32", name="x")
    h = L.Embedding(12, 6, mask_zero=True)(x)
    h = L.Bidirectional(L.LSTM(4, return_sequences=True))(h)
    h = L.Bidirectional(L.GRU(4, return_sequences=True), merge_mode="ave")(h)
    h = L.SimpleRNN(5, return_sequences=True, zero_output_for_mask=True)(h)
    h = L.TimeDistributed(L.Dense(4, "relu"))(h)
    attended = L.Attention(use_scale=True)([h, h])
    K.Model(x, [L.GlobalAveragePooling1D()(h), L.GRU(3, go_backwards=True)(attended), L.LSTM(3)(h)]).save(
        path
    )
    return ids(12)


@model
def masked_floats(path):
    """Masking by value, states as outputs, and a state from outside."""
    x, h0 = K.Input((None, 4), name="x"), K.Input((3,), name="h0")
    m = L.Masking(-1.0)(x)
    y, h, c = L.LSTM(3, return_sequences=True, return_state=True)(m, initial_state=[h0, h0])
    z, g = L.GRU(3, return_sequences=True, return_state=True, reset_after=False)(m, initial_state=h0)
    w = L.Bidirectional(L.LSTM(2, return_state=True), merge_mode=None)(y)
    K.Model([x, h0], {"y": y, "h": h, "c": c, "z": z, "g": g, "w0": w[0], "w1": w[1]}).save(path)
    made = []
    for n, t in LENGTHS:
        v = data(n, t, 4, seed=t)
        v[:, t // 2 :] = -1.0
        made.append({"x": v, "h0": data(n, 3)})
    return made


@model
def stateful(path):
    """State of LSTM and GRU layers carried from request to request, and a signature that resets it."""
    x = K.Input(batch_shape=(2, None, 3), name="x")
    h = L.LSTM(4, stateful=True, return_sequences=True)(x)
    net = K.Model(x, L.GRU(2, stateful=True)(h))

    @tf.function(input_signature=[])
    def reset():
        for layer in net.layers[1:]:
            for state in tf.nest.flatten(layer.states):
                state.assign(tf.zeros_like(state))
        return {"done": tf.constant(True)}

    @tf.function(input_signature=[tf.TensorSpec([2, None, 3], name="x")])
    def serve(x):
        return {"y": net(x)}

    tf.saved_model.save(net, path, signatures={"serving_default": serve, "reset": reset})
    a, b = {"x": data(2, 4, 3)}, {"x": data(2, 1, 3)}
    return [a, a, b, ("reset", {}), a, b]


@model
def custom_cells(path):
    """A cell of one's own with nested state, in a stack with others, time first and unrolled."""

    class Peephole(L.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.state_size = [units, tf.TensorShape([units])]
            self.output_size = units

        def build(self, shape):
            self.kernel = self.add_weight("kernel", (shape[-1] + self.units, 4 * self.units))
            self.peep = self.add_weight("peep", (3, self.units))

        def call(self, x, states):
            c, h = states
            i, f, g, o = tf.split(tf.concat([x, h], -1) @ self.kernel, 4, -1)
            c = tf.sigmoid(f + 1 + self.peep[0] * c) * c + tf.sigmoid(i + self.peep[1] * c) * tf.tanh(g)
            h = tf.sigmoid(o + self.peep[2] * c) * tf.tanh(c)
            return h, [c, h]

    x = K.Input((None, 3), name="x")
    own = L.RNN(Peephole(4), return_sequences=True)(x)
    stack = L.RNN(
        L.StackedRNNCells([L.LSTMCell(3), L.GRUCell(4, reset_after=False), L.SimpleRNNCell(2)]),
        return_state=True,
    )(own)
    first = L.RNN(Peephole(3), time_major=True)(tf.transpose(x, (1, 0, 2)))
    both = L.Bidirectional(
        L.RNN(L.GRUCell(3), return_sequences=True),
        backward_layer=L.LSTM(2, go_backwards=True, return_sequences=True),
    )(x)
    K.Model(x, tf.nest.flatten(stack) + [first, both]).save(path)
    return sequences(3)


@model
def conv_lstm(path):
    x = K.Input((None, 6, 7, 2), name="x")
    h = L.Bidirectional(L.ConvLSTM2D(3, 3, padding="same", return_sequences=True))(x)
    h = L.TimeDistributed(L.MaxPooling2D())(L.BatchNormalization()(h))
    h = L.ConvLSTM2D(2, 2, dilation_rate=2, recurrent_activation="hard_sigmoid", activation="relu")(h)
    K.Model(x, [h, L.ConvLSTM2D(2, (3, 2), strides=2, go_backwards=True)(x)]).save(path)
    return [{"x": data(n, t, 6, 7, 2)} for n, t in ((1, 3), (2, 1), (0, 2), (1, 4))]


@model
def unrolled(path):
    x = K.Input((6, 3), name="x")
    h = L.LSTM(4, unroll=True, return_sequences=True, recurrent_activation="hard_sigmoid")(L.Masking()(x))
    h = L.GRU(3, unroll=True, go_backwards=True, return_sequences=True)(h)
    K.Model(x, [L.SimpleRNN(2, unroll=True)(h), h]).save(path)
    made = [{"x": data(n, 6, 3)} for n in (2, 1, 0, 4)]
    made[0]["x"][:, 4:] = 0
    return made


@model
def dropout_rnn(path):
    """Dropouts in training mode with seeds: the same draws in every session."""
    tf.random.set_seed(11)
    net = K.Sequential(
        [L.Dense(4), L.Dropout(0.5, seed=3), L.GaussianNoise(0.1, seed=4), L.SpatialDropout1D(0.5, seed=2)]
    )
    net(data(2, 3, 4))

    @tf.function(input_signature=[tf.TensorSpec([None, 3, 4], name="x")])
    def serve(x):
        return {
            "y": tf.nn.dropout(x, 0.3, seed=5),
            "s": tf.nn.experimental.stateless_dropout(x, 0.4, seed=[3, 4]),
            "g": tf.nn.experimental.general_dropout(
                x,
                0.4,
                uniform_sampler=lambda shape, dtype: tf.random.stateless_uniform(shape, [1, 2], dtype=dtype),
            ),
            "t": tf.shape(net(x, training=True)),
        }

    tf.saved_model.save(net, path, signatures=serve)
    return [{"x": data(n, 3, 4)} for n in (2, 1, 3, 0)]


@model
def seq2seq_attention(path):
    """An encoder and a greedy decoder that stops early, with the scores that attention gave."""

    class Net(tf.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.rnn = L.Embedding(15, 6, mask_zero=True), L.GRU(
                8, return_sequences=True, return_state=True
            )
            self.cell, self.query, self.out = L.GRUCell(8), L.Dense(8), L.Dense(15)

        @tf.function(
            input_signature=[tf.TensorSpec([None, None], tf.int32, "x"), tf.TensorSpec([], tf.int32, "limit")]
        )
        def __call__(self, x, limit):
            memory, state = self.rnn(self.embed(x), mask=self.embed.compute_mask(x))
            bias = tf.where(x[:, None] == 0, -1e9, 0.0)
            token = tf.ones([tf.shape(x)[0]], tf.int32)
            tokens = tf.TensorArray(tf.int32, 0, dynamic_size=True, clear_after_read=False)
            scores = tf.TensorArray(tf.float32, 0, dynamic_size=True)
            done, i = tf.zeros_like(token, tf.bool), tf.constant(0)
            while i < limit and not tf.reduce_all(done):
                a = tf.nn.softmax(tf.matmul(self.query(state)[:, None], memory, transpose_b=True) + bias)
                context = tf.squeeze(tf.matmul(a, memory), 1)
                y, (state,) = self.cell(tf.concat([self.embed(token), context], -1), [state])
                token = tf.where(done, 0, tf.argmax(self.out(y), -1, tf.int32))
                done |= token < 4
                tokens, scores = tokens.write(i, token), scores.write(i, tf.squeeze(a, 1))
                i += 1
            return {"tokens": tf.transpose(tokens.stack()), "scores": scores.stack(), "steps": i}

    net = Net()
    net(tf.constant([[3, 4, 0]]), 2)
    tf.saved_model.save(net, path, signatures=net.__call__)
    return [dict(r, limit=np.int32(limit)) for r, limit in zip(ids(15)[:3] + ids(15)[4:], (6, 3, 9, 1))]


def decoder_parts():
    rng = np.random.RandomState(3)
    return {
        n: tf.Variable((rng.standard_normal(s) / 3).astype(np.float32), name=n)
        for n, s in {
            "emb": (20, 8),
            "q": (2, 8, 8),
            "k": (2, 8, 8),
            "v": (2, 8, 8),
            "o": (2, 8, 8),
            "up": (2, 8, 16),
            "down": (2, 16, 8),
            "pos": (12, 8),
        }.items()
    }


class Decoder(tf.Module):
    """Two blocks with rotary positions and a cache of keys and values of a fixed size."""

    def __init__(self, size=12):
        super().__init__()
        self.w, self.size = decoder_parts(), size

    def rotary(self, x, position):
        angle = tf.cast(position, tf.float32)[:, None] * 10.0 ** (-tf.range(2, dtype=tf.float32))
        a, b = x[..., ::2], x[..., 1::2]
        c, s = tf.cos(angle), tf.sin(angle)
        return tf.reshape(tf.stack([a * c - b * s, a * s + b * c], -1), tf.shape(x))

    def heads(self, x):
        return tf.transpose(tf.reshape(x, [tf.shape(x)[0], -1, 2, 4]), [0, 2, 1, 3])

    def step(self, ids, position, cache):
        w, h, made = self.w, tf.nn.embedding_lookup(self.w["emb"], ids), []
        n = tf.shape(ids)[1]
        where = position + tf.range(n)
        mask = tf.where(tf.range(self.size)[None] <= where[:, None], 0.0, -1e9)
        for i in range(2):
            q, key, v = (self.heads(tf.einsum("btd,de->bte", h, w[name][i])) for name in "qkv")
            q, key = self.rotary(q, where), self.rotary(key, where)
            hot = tf.one_hot(where, self.size)
            keys, values = (c + tf.einsum("bhtd,ts->bhsd", t, hot) for c, t in zip(cache[i], (key, v)))
            made.append((keys, values))
            y = tf.nn.softmax(tf.matmul(q, keys, transpose_b=True) / 2.0 + mask) @ values
            h += tf.einsum("bte,ed->btd", tf.reshape(tf.transpose(y, [0, 2, 1, 3]), tf.shape(h)), w["o"][i])
            h += tf.tensordot(tf.nn.silu(tf.tensordot(h, w["up"][i], 1)), w["down"][i], 1)
        return tf.matmul(h, w["emb"], transpose_b=True), made

    def empty(self, batch):
        return [(tf.zeros([batch, 2, self.size, 4]),) * 2 for _ in range(2)]


@model
def cached_decoder(path):
    """Greedy, sampled and beam decoding in loops that carry a nested cache."""
    net = Decoder()

    @tf.function(
        input_signature=[tf.TensorSpec([None, None], tf.int32, "ids"), tf.TensorSpec([], tf.int32, "steps")]
    )
    def greedy(ids, steps):
        logits, cache = net.step(ids, 0, net.empty(tf.shape(ids)[0]))
        first = tf.shape(ids)[1]

        def body(i, ids, logits, cache):
            token = tf.argmax(logits[:, -1], -1, tf.int32)[:, None]
            logits, cache = net.step(token, first + i, cache)
            return i + 1, tf.concat([ids, token], 1), logits, cache

        shape = (
            tf.TensorShape([]),
            tf.TensorShape([None, None]),
            tf.TensorShape([None, None, 20]),
            tf.nest.map_structure(lambda t: tf.TensorShape([None, 2, 12, 4]), cache),
        )
        _, ids, _, cache = tf.while_loop(
            lambda i, *_: i < steps,
            body,
            (0, ids, logits, cache),
            shape_invariants=shape,
            maximum_iterations=20,
        )
        return {"ids": ids, "keys": cache[1][0]}

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.int32, "ids"),
            tf.TensorSpec([2], tf.int32, "seed"),
            tf.TensorSpec([], tf.float32, "temperature"),
        ]
    )
    def sampled(ids, seed, temperature):
        logits, cache = net.step(ids, 0, net.empty(tf.shape(ids)[0]))
        at = tf.shape(ids)[1]
        for i in tf.range(4):
            tf.autograph.experimental.set_loop_options(
                shape_invariants=[
                    (ids, tf.TensorShape([None, None])),
                    (logits, tf.TensorShape([None, None, 20])),
                ]
            )
            best, index = tf.math.top_k(logits[:, -1] / temperature, 5)
            p = tf.cumsum(tf.nn.softmax(best), axis=-1, exclusive=True)
            best = tf.where(p < 0.9, best, -np.inf)
            pick = tf.random.stateless_categorical(best, 1, seed + i, dtype=tf.int32)
            token = tf.gather(index, pick, batch_dims=1)
            logits, cache = net.step(token, at + i, cache)
            ids = tf.concat([ids, token], 1)
        return ids

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32, "ids")])
    def beam(ids):
        b = tf.shape(ids)[0]
        logits, cache = net.step(tf.repeat(ids, 3, 0), 0, net.empty(3 * b))
        score = tf.tile([0.0, -1e9, -1e9], [b])
        history = tf.TensorArray(tf.int32, 4)
        back = tf.TensorArray(tf.int32, 4)
        for i in tf.range(4):
            tf.autograph.experimental.set_loop_options(
                shape_invariants=[(logits, tf.TensorShape([None, None, 20])), (score, tf.TensorShape([None]))]
            )
            total = tf.reshape(score[:, None] + tf.nn.log_softmax(logits[:, -1]), [b, -1])
            score, flat = tf.math.top_k(total, 3)
            parent = tf.reshape(flat // 20 + 3 * tf.range(b)[:, None], [-1])
            token = tf.reshape(flat % 20, [-1, 1])
            history, back = history.write(i, token[:, 0]), back.write(i, parent)
            cache = [tuple(tf.gather(t, parent) for t in pair) for pair in cache]
            logits, cache = net.step(token, tf.shape(ids)[1] + i, cache)
            score = tf.reshape(score, [-1])
        return {"score": tf.reshape(score, [b, 3]), "token": history.stack(), "parent": back.stack()}

    net.kept = [greedy, sampled, beam]
    tf.saved_model.save(net, path, signatures={"serving_default": greedy, "sampled": sampled, "beam": beam})
    prompts = [numbers(n, t, seed=t, high=20) for n, t in ((1, 3), (2, 1), (1, 5), (3, 2))]
    return (
        [{"ids": p, "steps": np.int32(s)} for p, s in zip(prompts, (5, 3, 0, 7))]
        + [("beam", {"ids": p}) for p in prompts]
        + [
            ("sampled", {"ids": p, "seed": np.array([5, i], np.int32), "temperature": np.float32(0.8)})
            for i, p in enumerate(prompts)
        ]
    )


@model
def relative_attention(path):
    """Positions by buckets of distances (T5) and by a shift of columns (Transformer-XL), with memory of the
    last segment as state."""

    class Net(tf.Module):
        def __init__(self):
            super().__init__()
            self.w, self.bias = decoder_parts(), tf.Variable(data(6, 2))
            self.memory = tf.Variable(tf.zeros([1, 0, 8]), shape=[None, None, 8], trainable=False)

        def buckets(self, n, m):
            d = tf.range(m)[None] - tf.range(n)[:, None]
            side = tf.cast(d > 0, tf.int32) * 3
            d = tf.abs(d)
            far = 2 + tf.cast(
                tf.math.log(tf.cast(tf.maximum(d, 1), tf.float32) / 2) / tf.math.log(4.0), tf.int32
            )
            return side + tf.where(d < 2, d, tf.minimum(far, 2))

        def shifted(self, x):
            s = tf.shape(x)
            x = tf.reshape(tf.pad(x, [[0, 0], [0, 0], [1, 0]]), [s[0], s[2] + 1, s[1]])
            return tf.reshape(x[:, 1:], s)

        @tf.function(input_signature=[tf.TensorSpec([None, None, 8], name="x")])
        def __call__(self, x):
            n, m = tf.shape(x)[1], tf.shape(x)[1]
            p = tf.matmul(x, x, transpose_b=True)
            b = tf.transpose(tf.gather(self.bias, self.buckets(n, m)), [2, 0, 1])
            y = tf.nn.softmax(p + self.shifted(p)) @ x
            return {"y": y, "bias": b, "both": tf.nn.softmax(p[:, None] + b)}

        @tf.function(input_signature=[tf.TensorSpec([None, None, 8], name="x")])
        def remember(self, x):
            both = tf.concat(
                [tf.broadcast_to(self.memory[:1], [tf.shape(x)[0], tf.shape(self.memory)[1], 8]), x], 1
            )
            self.memory.assign(tf.stop_gradient(both[:, -4:]))
            return {
                "y": tf.nn.softmax(tf.matmul(x, both, transpose_b=True)) @ both,
                "length": tf.shape(both)[1],
            }

    net = Net()
    tf.saved_model.save(net, path, signatures={"serving_default": net.__call__, "remember": net.remember})
    made = [{"x": data(n, t, 8, seed=t)} for n, t in ((2, 5), (1, 1), (3, 9), (1, 3))]
    return made + [("remember", r) for r in made]


@model
def crf_tagger(path):
    """Scores of a BiLSTM, Viterbi decoding and the log of the partition function, lengths given."""

    class Net(tf.Module):
        def __init__(self):
            super().__init__()
            self.net = K.Sequential(
                [L.Embedding(12, 5), L.Bidirectional(L.LSTM(4, return_sequences=True)), L.Dense(4)]
            )
            self.transitions = tf.Variable(data(4, 4))

        @tf.function(
            input_signature=[
                tf.TensorSpec([None, None], tf.int32, "x"),
                tf.TensorSpec([None], tf.int32, "lengths"),
            ]
        )
        def __call__(self, x, lengths):
            potentials = self.net(x)

            def forward(state, inputs):
                p, keep = inputs
                best = tf.expand_dims(state[0], 2) + self.transitions
                v = tf.where(keep[:, None], p + tf.reduce_max(best, 1), state[0])
                z = tf.where(
                    keep[:, None],
                    p + tf.reduce_logsumexp(tf.expand_dims(state[2], 2) + self.transitions, 1),
                    state[2],
                )
                here = tf.where(keep[:, None], tf.argmax(best, 1, tf.int32), tf.range(4)[None])
                return v, here, z

            time = tf.transpose(potentials, [1, 0, 2])
            keep = tf.transpose(tf.sequence_mask(lengths, tf.shape(x)[1]))
            start = (time[0], tf.zeros_like(time[0], tf.int32), time[0])
            v, back, z = tf.scan(forward, (time[1:], keep[1:]), start)
            v, z = tf.concat([time[:1], v], 0)[-1], tf.concat([time[:1], z], 0)[-1]
            last = tf.argmax(v, -1, tf.int32)
            tags = tf.scan(lambda tag, b: tf.gather(b, tag, batch_dims=1), back, last, reverse=True)
            return {
                "tags": tf.transpose(tf.concat([tags, last[None]], 0)),
                "score": tf.reduce_max(v, -1),
                "z": tf.reduce_logsumexp(z, -1),
            }

    net = Net()
    net.net(np.zeros((1, 2), np.int32))
    tf.saved_model.save(net, path, signatures=net.__call__)
    return [
        {"x": numbers(n, t, high=12), "lengths": 1 + numbers(n, high=t)}
        for n, t in ((2, 5), (1, 1), (3, 8), (2, 2))
    ]


@model
def ctc_speech(path):
    """Frames of sound to a spectrogram, convolutions, GRU, greedy and beam CTC decoding to strings."""
    net = K.Sequential(
        [
            L.Conv1D(8, 3, 2, "same", activation="relu"),
            L.Bidirectional(L.GRU(6, return_sequences=True)),
            L.Dense(5),
        ]
    )
    net(data(1, 4, 17))
    letters = tf.constant(["a", "b", "c", "d"])

    @tf.function(input_signature=[tf.TensorSpec([None, None], name="wave")])
    def serve(wave):
        spectrum = tf.abs(tf.signal.stft(wave, 32, 16, 32))
        logits = tf.transpose(net(tf.math.log(spectrum + 1e-6)), [1, 0, 2])
        lengths = tf.fill([tf.shape(wave)[0]], tf.shape(logits)[0])
        (greedy,), _ = tf.nn.ctc_greedy_decoder(logits, lengths)
        (beam,), score = tf.nn.ctc_beam_search_decoder(logits, lengths, 4, 1)
        words = tf.strings.reduce_join(
            tf.RaggedTensor.from_sparse(tf.sparse.map_values(lambda v: tf.gather(letters, v), greedy)),
            axis=-1,
        )
        return {"words": words, "beam": tf.sparse.to_dense(beam, -1), "score": score}

    holder = tf.Module()
    holder.net, holder.serve = net, serve
    tf.saved_model.save(holder, path, signatures=serve)
    return [{"wave": data(n, t, seed=t)} for n, t in ((2, 200), (1, 64), (3, 120), (1, 33))]
