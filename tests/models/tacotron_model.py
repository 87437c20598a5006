"""Tacotron 1 (Wang et al. 2017) as a TensorFlow 1 graph, at the paper's sizes, with random weights.

What a Tacotron export of February 2018 looked like: ref variables (VariableV2), while loops of Enter, Exit, Switch,
Merge, NextIteration and LoopCond, TensorArrayV3 nodes, batch normalisation by moving averages, `SavedModelBuilder` with
one signature 'prediction' and a `legacy_init_op`. The decode loop is contrib.seq2seq's dynamic_decode written out: it
feeds its own output back, and ends when every sequence is silent or after max_iters steps.

Weights are seeded, no training: batch norm statistics are measured on the model's own activations, so that every layer's
output has a sane scale. `as_of_2018` rewrites what a newer TensorFlow spells differently (AddV2, the collection that
holds the init op, attributes that did not exist, the versions) into what TensorFlow 1.5 wrote.

    export(FULL, DIR, seed)      DIR must not exist
"""
import collections
import os
import warnings

warnings.filterwarnings("ignore", category=UserWarning)

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
v1.logging.set_verbosity(v1.logging.ERROR)
v1.disable_v2_behavior()
v1.disable_control_flow_v2()
v1.disable_resource_variables()

FULL = dict(symbols=80, embed=256, prenet=(256, 128), encoder=256, encoder_k=16, bank=128,
            post=256, post_k=8, post_proj=256, attention=256, decoder=256, mels=80, r=5,
            freqs=1025, max_iters=200, silence=0.02, kind="bahdanau", wave=0,
            frame=1000, hop=250)
# A small one of the same structure, for trying things out.
TINY = dict(symbols=40, embed=16, prenet=(16, 8), encoder=16, encoder_k=4, bank=8,
            post=16, post_k=3, post_proj=16, attention=16, decoder=16, mels=6, r=3,
            freqs=33, max_iters=12, silence=0.436, kind="bahdanau", wave=0,
            frame=64, hop=16)


# ---------------------------------------------------------------- layers

def prenet(x, sizes, scope):
    with v1.variable_scope(scope, reuse=v1.AUTO_REUSE):
        for i, size in enumerate(sizes):
            x = v1.layers.dense(x, size, activation=tf.nn.relu, name="dense_%d" % (i + 1))
            x = v1.layers.dropout(x, rate=0.5, training=False, name="dropout_%d" % (i + 1))
    return x


def conv1d(x, width, channels, activation, scope, norms):
    with v1.variable_scope(scope):
        y = v1.layers.conv1d(x, filters=channels, kernel_size=width, activation=activation,
                             padding="same")
        layer = v1.layers.BatchNormalization()
        out = layer(y, training=False)
        norms.append((y, layer.moving_mean, layer.moving_variance))
        return out


def highway(x, scope, depth):
    with v1.variable_scope(scope):
        h = v1.layers.dense(x, depth, activation=tf.nn.relu, name="H")
        t = v1.layers.dense(x, depth, activation=tf.nn.sigmoid, name="T",
                            bias_initializer=v1.constant_initializer(-1.0))
        return h * t + x * (1.0 - t)


def cbhg(x, lengths, scope, k, bank, projections, depth, norms):
    with v1.variable_scope(scope):
        with v1.variable_scope("conv_bank"):
            y = tf.concat([conv1d(x, i, bank, tf.nn.relu, "conv1d_%d" % i, norms)
                           for i in range(1, k + 1)], axis=-1)
        y = v1.layers.max_pooling1d(y, pool_size=2, strides=1, padding="same")
        y = conv1d(y, 3, projections[0], tf.nn.relu, "proj_1", norms)
        y = conv1d(y, 3, projections[1], None, "proj_2", norms)
        y = y + x
        half = depth // 2
        if y.shape[2] != half:
            y = v1.layers.dense(y, half)
        for i in range(4):
            y = highway(y, "highway_%d" % (i + 1), half)
        outputs, _ = v1.nn.bidirectional_dynamic_rnn(
            v1.nn.rnn_cell.GRUCell(half), v1.nn.rnn_cell.GRUCell(half), y,
            sequence_length=lengths, dtype=tf.float32)
        return tf.concat(outputs, axis=2)


def safe_cumprod(x):
    tiny = np.finfo(np.float32).tiny
    return tf.exp(tf.cumsum(v1.log(tf.clip_by_value(x, tiny, 1)), axis=1, exclusive=True))


class Attention:
    """contrib.seq2seq's BahdanauAttention and BahdanauMonotonicAttention."""

    def __init__(self, units, memory, lengths, kind):
        self.kind = kind
        self.units = units
        with v1.name_scope("memory_mask"):
            mask = tf.sequence_mask(lengths, maxlen=tf.shape(memory)[1], dtype=tf.float32)
            self.values = memory * tf.expand_dims(mask, 2)
        self.lengths = lengths
        with v1.variable_scope("memory_layer"):
            self.keys = v1.layers.dense(self.values, units, use_bias=False, name="memory_layer")

    def start(self, batch):
        steps = tf.shape(self.keys)[1]
        if self.kind == "monotonic":
            return tf.one_hot(tf.zeros(tf.stack([batch]), tf.int32), steps, dtype=tf.float32)
        return tf.zeros(tf.stack([batch, steps]), tf.float32)

    def __call__(self, query, previous):
        with v1.variable_scope("bahdanau_attention"):
            q = tf.expand_dims(v1.layers.dense(query, self.units, use_bias=False,
                                               name="query_layer"), 1)
            v = v1.get_variable("attention_v", [self.units])
            if self.kind == "monotonic":
                g = v1.get_variable("attention_g", [])
                b = v1.get_variable("attention_b", [self.units])
                r = v1.get_variable("attention_score_bias", [])
                v = g * v * v1.rsqrt(tf.reduce_sum(tf.square(v)))
                score = tf.reduce_sum(v * tf.tanh(self.keys + q + b), [2]) + r
            else:
                score = tf.reduce_sum(v * tf.tanh(self.keys + q), [2])
            mask = tf.sequence_mask(self.lengths, maxlen=tf.shape(score)[1])
            score = v1.where(mask, score, tf.constant(-np.inf) * tf.ones_like(score))
            if self.kind == "monotonic":
                p = tf.sigmoid(score)
                keep = safe_cumprod(1 - p)
                align = p * keep * tf.cumsum(previous / tf.clip_by_value(keep, 1e-10, 1.0), axis=1)
            else:
                align = tf.nn.softmax(score)
            context = tf.matmul(tf.expand_dims(align, 1), self.values)
            return tf.squeeze(context, [1]), align


# ---------------------------------------------------------------- the decoder

State = collections.namedtuple("State", "cell attention alignments first second")


def decode(hp, memory, lengths):
    """dynamic_decode(BasicDecoder(cell, TestHelper, ...), maximum_iterations=max_iters)."""
    batch = tf.shape(memory)[0]
    with v1.variable_scope("decoder"):
        attention = Attention(hp["attention"], memory, lengths, hp["kind"])
        rnn = v1.nn.rnn_cell
        attention_cell = rnn.GRUCell(hp["attention"])
        first = rnn.ResidualWrapper(rnn.GRUCell(hp["decoder"]))
        second = rnn.ResidualWrapper(rnn.GRUCell(hp["decoder"]))

        def step(frame, state):
            x = prenet(frame, hp["prenet"], "decoder_prenet")
            with v1.variable_scope("attention_cell", reuse=v1.AUTO_REUSE):
                out, cell = attention_cell(tf.concat([x, state.attention], -1), state.cell)
                context, align = attention(out, state.alignments)
            x = v1.layers.dense(tf.concat([out, context], -1), hp["decoder"], name="concat_projection",
                                reuse=v1.AUTO_REUSE)
            with v1.variable_scope("residual_1", reuse=v1.AUTO_REUSE):
                x, s1 = first(x, state.first)
            with v1.variable_scope("residual_2", reuse=v1.AUTO_REUSE):
                x, s2 = second(x, state.second)
            frames = v1.layers.dense(x, hp["mels"] * hp["r"], name="output_projection",
                                     reuse=v1.AUTO_REUSE)
            return frames, State(cell, context, align, s1, s2)

        go = tf.tile([[0.0]], [batch, hp["mels"]])
        start = State(attention_cell.zero_state(batch, tf.float32),
                      tf.zeros(tf.stack([batch, hp["encoder"]])),
                      attention.start(batch),
                      first.zero_state(batch, tf.float32),
                      second.zero_state(batch, tf.float32))
        frames_ta = tf.TensorArray(tf.float32, size=0, dynamic_size=True,
                                   element_shape=[None, hp["mels"] * hp["r"]])
        align_ta = tf.TensorArray(tf.float32, size=0, dynamic_size=True, element_shape=[None, None],
                                  infer_shape=False)
        limit = tf.constant(hp["max_iters"], name="maximum_iterations")

        def condition(time, frames_ta, align_ta, state, frame, finished, lengths_out):
            return tf.logical_not(tf.reduce_all(finished))

        def body(time, frames_ta, align_ta, state, frame, finished, lengths_out):
            frames, next_state = step(frame, state)
            silent = tf.reduce_all(tf.less_equal(tf.abs(frames), hp["silence"]), axis=1)
            next_finished = tf.logical_or(silent, finished)
            next_finished = tf.logical_or(next_finished, time + 1 >= limit)
            lengths_out = v1.where(
                tf.logical_and(tf.logical_not(finished), next_finished),
                tf.fill(tf.shape(lengths_out), time + 1), lengths_out)
            frames_ta = frames_ta.write(time, frames)
            align_ta = align_ta.write(time, next_state.alignments)
            return (time + 1, frames_ta, align_ta, next_state, frames[:, -hp["mels"]:],
                    next_finished, lengths_out)

        initial = (tf.constant(0, name="time"), frames_ta, align_ta, start, go,
                   tf.tile([False], [batch]), tf.zeros(tf.stack([batch]), tf.int32))
        result = v1.while_loop(condition, body, initial, parallel_iterations=32, swap_memory=False)
        frames = tf.transpose(result[1].stack(), [1, 0, 2])
        align = tf.transpose(result[2].stack(), [1, 2, 0], name="alignments")
        mel = tf.reshape(frames, tf.stack([batch, -1, hp["mels"]]), name="mel_outputs")
        return mel, align, result[-1]


def griffin_lim(hp, linear):
    """inv_spectrogram_tensorflow: normalised decibels to samples, `wave` rounds."""
    fft = (hp["freqs"] - 1) * 2
    args = dict(frame_length=hp["frame"], frame_step=hp["hop"], fft_length=fft)
    with v1.name_scope("griffinlim"):
        decibels = tf.clip_by_value(linear, 0, 1) * 100.0 - 100.0 + 20.0
        s = tf.pow(tf.pow(tf.ones(tf.shape(decibels)) * 10.0, decibels * 0.05), 1.5)
        s = tf.identity(tf.cast(tf.expand_dims(s, 0), tf.complex64))
        y = tf.signal.inverse_stft(s, window_fn=tf.signal.hann_window, **args)
        for _ in range(hp["wave"]):
            estimate = tf.signal.stft(y, pad_end=False, window_fn=tf.signal.hann_window, **args)
            angles = estimate / tf.cast(tf.maximum(1e-8, tf.abs(estimate)), tf.complex64)
            y = tf.signal.inverse_stft(s * angles, window_fn=tf.signal.hann_window, **args)
        return tf.squeeze(y, 0)


Net = collections.namedtuple("Net", "inputs lengths output mel linear alignments steps norms")


def build(hp):
    norms = []
    inputs = v1.placeholder(tf.int32, [None, None], "inputs")
    lengths = v1.placeholder(tf.int32, [None], "input_lengths")
    with v1.variable_scope("inference"):
        table = v1.get_variable("embedding", [hp["symbols"], hp["embed"]], dtype=tf.float32,
                                initializer=v1.truncated_normal_initializer(stddev=0.5))
        x = tf.nn.embedding_lookup(table, inputs)
        x = prenet(x, hp["prenet"], "prenet")
        memory = cbhg(x, lengths, "encoder_cbhg", hp["encoder_k"], hp["bank"],
                      [hp["bank"], hp["prenet"][-1]], hp["encoder"], norms)
        mel, align, steps = decode(hp, memory, lengths)
        post = cbhg(mel, None, "post_cbhg", hp["post_k"], hp["bank"],
                    [hp["post_proj"], hp["mels"]], hp["post"], norms)
        linear = v1.layers.dense(post, hp["freqs"])
    output = griffin_lim(hp, linear[0]) if hp["wave"] else linear
    return Net(inputs, lengths, tf.identity(output, "model_output"), mel, linear, align, steps, norms)


# ---------------------------------------------------------------- weights

def weights(session, net, hp, seed):
    """Seeded numpy weights, then batch norm statistics from the activations themselves."""
    rng = np.random.RandomState(seed)

    def put(variable, value):
        session.run(variable.initializer, {variable.initializer.inputs[1]: value.astype(np.float32)})

    for variable in v1.global_variables():
        shape, name = variable.shape.as_list(), variable.op.name
        if name.endswith("moving_mean"):
            value = np.zeros(shape)
        elif name.endswith("moving_variance"):
            value = np.ones(shape)
        elif name.endswith("gamma"):
            value = rng.uniform(0.8, 1.2, shape)
        elif name.endswith("beta"):
            value = rng.uniform(-0.1, 0.1, shape)
        elif name.endswith("attention_score_bias"):
            value = np.array(-1.5)
        elif name.endswith("attention_g"):
            value = np.array(2.0)
        elif name.endswith("/T/bias"):
            value = np.full(shape, -1.0)
        elif name.endswith("gates/bias"):
            value = rng.uniform(0.8, 1.2, shape)
        elif name.endswith("output_projection/bias"):
            value = rng.uniform(0.2, 0.4, shape)
        elif name == "inference/dense/bias":
            value = rng.uniform(0.35, 0.55, shape)
        elif len(shape) <= 1:
            value = rng.uniform(-0.1, 0.1, shape) if "attention_v" not in name \
                else rng.uniform(-1, 1, shape)
        elif name.endswith("embedding"):
            value = rng.normal(0, 0.5, shape)
        else:
            fan = np.prod(shape[:-1]) + shape[-1]
            value = rng.uniform(-1, 1, shape) * np.sqrt(6.0 / fan)
            if "output_projection" in name:
                value *= 0.5
            if name == "inference/dense/kernel":
                value *= 0.4
        put(variable, np.asarray(value))

    chars = rng.randint(2, hp["symbols"], [4, 24])
    feed = {net.inputs: chars, net.lengths: [24, 24, 20, 24]}
    sites = [(tf.nn.moments(y, [0, 1]), mean, variance) for y, mean, variance in net.norms]
    for moments, mean, variance in sites:
        m, s = session.run(moments, feed)
        put(mean, m)
        put(variance, np.maximum(s, 1e-3))


# ---------------------------------------------------------------- export

LATER_ATTRS = {"explicit_paddings", "batch_dims", "incompatible_shape_error", "grad_a", "grad_b",
               "Truncate", "Tcomplex", "Treal", "grad_x", "grad_y", "debug_name"}
OLD_OPS = {"AddV2": "Add", "BatchMatMulV2": "BatchMatMul", "BatchMatMulV3": "BatchMatMul"}


def as_of_2018(path):
    """Rewrite a saved_model.pb as TensorFlow 1.5 (January 2018) would have written it."""
    from tensorflow.core.protobuf import saved_model_pb2
    from tensorflow.python.framework import op_def_registry
    model = saved_model_pb2.SavedModel()
    with open(path, "rb") as f:
        model.ParseFromString(f.read())
    for meta in model.meta_graphs:
        info = meta.meta_info_def
        info.tensorflow_version, info.tensorflow_git_version = "1.5.0", "v1.5.0-0-g37aa430d84"
        info.stripped_default_attrs = False
        for node in meta.graph_def.node:
            node.op = OLD_OPS.get(node.op, node.op)
            for attr in LATER_ATTRS & set(node.attr):
                del node.attr[attr]
        meta.graph_def.versions.producer, meta.graph_def.versions.min_consumer = 24, 0
        meta.graph_def.ClearField("library")
        used = sorted({node.op for node in meta.graph_def.node})
        known = {op.name: op for op in info.stripped_op_list.op}
        del info.stripped_op_list.op[:]
        for name in used:
            op = info.stripped_op_list.op.add()
            op.CopyFrom(known.get(name) or op_def_registry.get(name))
            for attr in [a for a in op.attr if a.name in LATER_ATTRS]:
                op.attr.remove(attr)
        for key in ("saved_model_main_op", "saved_model_initializers"):
            if key in meta.collection_def:
                meta.collection_def["legacy_init_op"].CopyFrom(meta.collection_def[key])
                del meta.collection_def[key]
        for key in list(meta.signature_def):
            if key.startswith("__saved_model"):
                del meta.signature_def[key]
    with open(path, "wb") as f:
        f.write(model.SerializeToString(deterministic=True))


def export(hp, path, seed, old=True):
    """Build, weigh and save into the directory `path`."""
    with tf.Graph().as_default() as graph, session(graph) as sess:
        net = build(hp)
        sess.run(v1.global_variables_initializer())
        set_weights(sess, hp, seed)

        builder = v1.saved_model.builder.SavedModelBuilder(path)
        tensor_info_x = v1.saved_model.utils.build_tensor_info(net.inputs)
        tensor_info_l = v1.saved_model.utils.build_tensor_info(net.lengths)
        tensor_info_y = v1.saved_model.utils.build_tensor_info(net.output)
        prediction_signature = (
            v1.saved_model.signature_def_utils.build_signature_def(
                inputs={'input': tensor_info_x, 'input_lengths': tensor_info_l},
                outputs={'output': tensor_info_y},
                method_name=v1.saved_model.signature_constants.PREDICT_METHOD_NAME))
        legacy_init_op = tf.group(v1.tables_initializer(), name='legacy_init_op')
        builder.add_meta_graph_and_variables(
            sess, [v1.saved_model.tag_constants.SERVING],
            signature_def_map={
                'prediction':
                    prediction_signature,
            },
            legacy_init_op=legacy_init_op)
        builder.save()
    if old:
        as_of_2018(os.path.join(path, "saved_model.pb"))


def session(graph):
    return v1.Session(graph=graph, config=v1.ConfigProto(
        intra_op_parallelism_threads=1, inter_op_parallelism_threads=1))


def set_weights(sess, hp, seed):
    """weights() of a twin graph, so that its measuring nodes stay out of the export."""
    with tf.Graph().as_default() as graph, session(graph) as other:
        twin = build(dict(hp, wave=0))
        other.run(v1.global_variables_initializer())
        weights(other, twin, hp, seed)
        values = dict(zip([v.op.name for v in v1.global_variables()], other.run(v1.global_variables())))
    with sess.graph.as_default():
        for variable in v1.global_variables():
            sess.run(variable.initializer,
                     {variable.initializer.inputs[1]: values[variable.op.name]})
