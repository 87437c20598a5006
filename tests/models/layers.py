#!/usr/bin/env python3
"""Keras layers, activations, recurrent nets, gradients, training steps and metrics, as TensorFlow exports and answers them.

    layers.py SAVEDMODEL [GROUP...]     SAVEDMODEL: our binary; default: all groups
    layers.py --list

Run by hand, with TensorFlow 2.15 and tensorflow_serving.apis. A group is one SavedModel with a signature for each of its
members; TensorFlow'"'"'s answers are recorded in the format that `savedmodel replay` reads. Prints what differs; the exit
status is 1 when something did. KEEP=DIR keeps the exports there.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # the plain kernels'"'"' arithmetic
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np

from script import start

GROUPS = {}


def group(f):
    GROUPS[f.__name__] = f
    return f


def data(*shape, seed=1, low=-1.0, high=1.0):
    return np.random.RandomState(seed).uniform(low, high, shape).astype(np.float32)


def numbers(*shape, seed=1, high=10):
    return np.random.RandomState(seed).randint(0, high, shape).astype(np.int32)


def with_parts(f, *parts):
    """f(*parts, ...) as a function that keeps its layers."""
    def call(*args):
        return f(*parts, *args)
    call.parts = list(parts)
    return call


# ---- groups: name -> (function of tensors, inputs)

@group
def core(tf):
    k = tf.keras.layers
    x, seq, ids = data(4, 8), data(2, 6, 8), numbers(2, 6)
    made = {
        "dense": (k.Dense(5, activation="relu"), [x]), "dense_3d": (k.Dense(5), [seq]),
        "embedding": (k.Embedding(10, 4), [ids]), "embedding_mask": (k.Embedding(10, 4, mask_zero=True), [ids]),
        "flatten": (k.Flatten(), [seq]), "permute": (k.Permute((2, 1)), [seq]), "repeat": (k.RepeatVector(3), [x]),
        "reshape": (k.Reshape((2, -1)), [x]), "cropping1d": (k.Cropping1D((1, 2)), [seq]),
        "masking": (k.Masking(0.5), [seq]), "dropout": (k.Dropout(0.5), [x]),
        "spatial_dropout": (k.SpatialDropout1D(0.5), [seq]), "gaussian_noise": (k.GaussianNoise(0.1), [x]),
        "unit_norm": (k.UnitNormalization(), [x]), "layer_norm": (k.LayerNormalization(), [seq]),
        "layer_norm_axes": (k.LayerNormalization(axis=[1, 2]), [seq]), "group_norm": (k.GroupNormalization(4), [seq]),
        "batch_norm": (k.BatchNormalization(), [seq]), "batch_norm_axis1": (k.BatchNormalization(axis=1), [seq]),
        "einsum_dense": (k.EinsumDense("abc,cde->abde", output_shape=(None, 3, 4), bias_axes="de"), [seq]),
        "attention": (with_parts(lambda layer, q, v: layer([q, v]), k.Attention(use_scale=True)), [seq, data(2, 5, 8, seed=2)]),
        "additive_attention": (with_parts(lambda layer, q, v: layer([q, v]), k.AdditiveAttention()), [seq, data(2, 5, 8, seed=2)]),
        "multi_head": (with_parts(lambda layer, q, v: layer(q, v), k.MultiHeadAttention(2, 4)), [seq, data(2, 5, 8, seed=2)]),
        "multi_head_causal": (with_parts(lambda layer, q: layer(q, q, use_causal_mask=True), k.MultiHeadAttention(2, 4)), [seq]),
        "add": (lambda a, b: k.Add()([a, b]), [x, x]), "multiply": (lambda a, b: k.Multiply()([a, b]), [x, x]),
        "average": (lambda a, b: k.Average()([a, b]), [x, x]), "maximum": (lambda a, b: k.Maximum()([a, b]), [x, x]),
        "subtract": (lambda a, b: k.Subtract()([a, b]), [x, x]), "concat": (lambda a, b: k.Concatenate()([a, b]), [x, x]),
        "dot": (lambda a, b: k.Dot(axes=1)([a, b]), [x, x]), "dot_norm": (lambda a, b: k.Dot(axes=1, normalize=True)([a, b]), [x, x]),
        "time_distributed": (k.TimeDistributed(k.Dense(3)), [seq]), "lambda": (k.Lambda(lambda t: t ** 2 + 1), [x]),
        "activity": (k.ActivityRegularization(0.1), [x]), "zero_padding1d": (k.ZeroPadding1D(2), [seq]),
        "upsampling1d": (k.UpSampling1D(2), [seq]), "hashing": (k.Hashing(5), [ids]),
        "category": (k.CategoryEncoding(10, output_mode="multi_hot"), [ids]),
        "discretization": (k.Discretization([-0.5, 0.0, 0.5]), [x]), "rescaling": (k.Rescaling(2.0, 1.0), [x]),
        "normalization": (k.Normalization(mean=1.0, variance=4.0), [x]),
        "integer_lookup": (k.IntegerLookup(vocabulary=[3, 5, 7]), [ids]),
        "string_lookup": (k.StringLookup(vocabulary=["a", "b"]), [np.array([["a", "c"], ["b", "a"]])]),
        "text": (k.TextVectorization(vocabulary=["the", "cat", "sat"], output_sequence_length=6), [np.array([["The cat!"], ["sat the mat"]])]),
        "hashed_crossing": (lambda a, b: k.HashedCrossing(7)((a, b)), [numbers(4, 1), numbers(4, 1, seed=2)]),
    }
    for name in ("relu", "elu", "selu", "gelu", "softplus", "softsign", "swish", "tanh", "sigmoid", "hard_sigmoid", "exponential",
                 "linear", "softmax", "mish"):
        made["act_" + name] = (k.Activation(name), [4 * seq])
    made.update(leaky=(k.LeakyReLU(0.2), [x]), prelu=(k.PReLU("normal"), [x]), threshold=(k.ThresholdedReLU(0.3), [x]),
                relu_max=(k.ReLU(0.5, 0.1, 0.05), [x]), elu=(k.ELU(0.5), [x]), softmax_mask=(k.Softmax(axis=1), [seq]))
    return made


@group
def spatial(tf):
    k = tf.keras.layers
    x1, x2, x3 = data(2, 12, 4), data(2, 9, 10, 4), data(1, 6, 7, 8, 2)
    made = {}
    for pad in ("valid", "same"):
        for stride in (1, 2):
            tag = "_%s_%d" % (pad, stride)
            made["conv1d" + tag] = (k.Conv1D(5, 3, stride, pad), [x1])
            made["conv2d" + tag] = (k.Conv2D(5, (3, 2), stride, pad, activation="relu"), [x2])
            made["conv3d" + tag] = (k.Conv3D(3, 3, stride, pad), [x3])
            made["separable1d" + tag] = (k.SeparableConv1D(5, 3, stride, pad), [x1])
            made["separable2d" + tag] = (k.SeparableConv2D(5, 3, stride, pad), [x2])
            made["depthwise2d" + tag] = (k.DepthwiseConv2D(3, stride, pad, depth_multiplier=2), [x2])
            made["depthwise1d" + tag] = (k.DepthwiseConv1D(3, stride, pad), [x1])
            made["transpose1d" + tag] = (k.Conv1DTranspose(5, 3, stride, pad), [x1])
            made["transpose2d" + tag] = (k.Conv2DTranspose(5, 3, stride, pad), [x2])
            made["transpose3d" + tag] = (k.Conv3DTranspose(3, 3, stride, pad), [x3])
            made["max1d" + tag] = (k.MaxPooling1D(3, stride, pad), [x1])
            made["avg2d" + tag] = (k.AveragePooling2D(3, stride, pad), [x2])
            made["max2d" + tag] = (k.MaxPooling2D(3, stride, pad), [x2])
            made["avg3d" + tag] = (k.AveragePooling3D(2, stride, pad), [x3])
            made["max3d" + tag] = (k.MaxPooling3D(2, stride, pad), [x3])
    made.update({
        "causal": (k.Conv1D(5, 3, padding="causal", dilation_rate=2), [x1]), "dilated": (k.Conv2D(5, 3, dilation_rate=2), [x2]),
        "dilated_same": (k.Conv2D(5, 3, dilation_rate=(2, 3), padding="same"), [x2]), "groups": (k.Conv2D(6, 3, groups=2), [x2]),
        "dilated_depthwise": (k.DepthwiseConv2D(3, dilation_rate=2), [x2]), "locally1d": (k.LocallyConnected1D(3, 3), [x1]),
        "locally2d": (k.LocallyConnected2D(3, 3), [x2]), "crop2d": (k.Cropping2D(((1, 2), (0, 1))), [x2]),
        "crop3d": (k.Cropping3D(1), [x3]), "pad2d": (k.ZeroPadding2D(((1, 0), (2, 3))), [x2]), "pad3d": (k.ZeroPadding3D(1), [x3]),
        "up2d": (k.UpSampling2D((2, 3)), [x2]), "up2d_bilinear": (k.UpSampling2D(2, interpolation="bilinear"), [x2]),
        "up2d_bicubic": (k.UpSampling2D(2, interpolation="bicubic"), [x2]), "up3d": (k.UpSampling3D(2), [x3]),
        "global_avg1": (k.GlobalAveragePooling1D(), [x1]), "global_max1": (k.GlobalMaxPooling1D(), [x1]),
        "global_avg2": (k.GlobalAveragePooling2D(keepdims=True), [x2]), "global_max2": (k.GlobalMaxPooling2D(), [x2]),
        "global_avg3": (k.GlobalAveragePooling3D(), [x3]), "global_max3": (k.GlobalMaxPooling3D(), [x3]),
        "batch_norm": (k.BatchNormalization(), [x2]), "batch_norm_3d": (k.BatchNormalization(), [x3]),
        "center_crop": (k.CenterCrop(4, 5), [x2]), "resizing": (k.Resizing(5, 7), [x2]),
        "resizing_nearest": (k.Resizing(5, 7, interpolation="nearest"), [x2]), "resizing_area": (k.Resizing(5, 7, interpolation="area"), [x2]),
        "resizing_crop": (k.Resizing(5, 5, crop_to_aspect_ratio=True), [x2]),
    })
    return made


@group
def recurrent(tf):
    k = tf.keras.layers
    x, ids, pictures = data(2, 7, 5), numbers(2, 7, high=4), data(1, 3, 6, 6, 2)

    def masked(layer):
        return tf.keras.Sequential([k.Embedding(4, 5, mask_zero=True), layer])

    def cells(*list_of):
        return k.RNN(list_of, return_sequences=True)
    made = {"conv_lstm2d": (k.ConvLSTM2D(3, 3, padding="same"), [pictures]),
            "conv_lstm2d_seq": (k.ConvLSTM2D(3, 3, return_sequences=True), [pictures]),
            "conv_lstm1d": (k.ConvLSTM1D(3, 3), [data(1, 3, 6, 2)]),
            "stacked": (cells(k.LSTMCell(4), k.GRUCell(3), k.SimpleRNNCell(2)), [x]),
            "bidirectional_sum": (k.Bidirectional(k.GRU(3), merge_mode="sum"), [x]),
            "encoder_decoder": (tf.keras.Sequential([k.LSTM(4), k.RepeatVector(3), k.LSTM(4, return_sequences=True),
                                                     k.TimeDistributed(k.Dense(2, "softmax"))]), [x])}
    for name in ("LSTM", "GRU", "SimpleRNN"):
        make = getattr(k, name)
        low = name.lower()
        made[low] = (make(4), [x])
        made[low + "_seq"] = (make(4, return_sequences=True, return_state=True), [x])
        made[low + "_back"] = (make(4, go_backwards=True), [x])
        made[low + "_unroll"] = (make(4, unroll=True), [x])
        made[low + "_masked"] = (masked(make(4)), [ids])
        made[low + "_bidirectional"] = (k.Bidirectional(make(4, return_sequences=True)), [x])
        made[low + "_time_major"] = (make(4, time_major=True, return_sequences=True), [x])
        made[low + "_relu"] = (make(4, activation="relu", recurrent_dropout=0.1), [x])
    made["gru_v1"] = (k.GRU(4, reset_after=False), [x])
    made["lstm_no_bias"] = (k.LSTM(4, use_bias=False), [x])
    return made


@group
def gradients(tf):
    """Gradients of layers by their inputs and weights."""
    k = tf.keras.layers
    x1, x2, seq = data(2, 8, 4), data(2, 7, 8, 4), data(2, 5, 6)
    layers = {
        "dense": (k.Dense(5, activation="tanh"), x1), "conv1d": (k.Conv1D(3, 3, padding="same"), x1),
        "conv2d": (k.Conv2D(3, 3, 2, "same"), x2), "conv2d_dilated": (k.Conv2D(3, 3, dilation_rate=2), x2),
        "depthwise": (k.DepthwiseConv2D(3), x2), "separable": (k.SeparableConv2D(3, 3), x2),
        "transpose": (k.Conv2DTranspose(3, 3, 2), x2), "max": (k.MaxPooling2D(), x2), "avg": (k.AveragePooling2D(), x2),
        "batch_norm": (lambda t, layer=k.BatchNormalization(): layer(t, training=True), x2),
        "batch_norm_inference": (k.BatchNormalization(), x2), "layer_norm": (k.LayerNormalization(), x1),
        "softmax": (k.Softmax(), x1), "elu": (k.ELU(), x1), "selu": (k.Activation("selu"), x1), "gelu": (k.Activation("gelu"), x1),
        "softplus": (k.Activation("softplus"), x1), "swish": (k.Activation("swish"), x1), "leaky": (k.LeakyReLU(), x1),
        "relu6": (k.ReLU(0.5), x1), "prelu": (k.PReLU("normal"), x1), "up": (k.UpSampling2D(2), x2), "pad": (k.ZeroPadding2D(1), x2),
        "up_bilinear": (k.UpSampling2D(2, interpolation="bilinear"), x2), "global": (k.GlobalMaxPooling2D(), x2),
        "lstm": (k.LSTM(3), seq), "gru": (k.GRU(3), seq), "simple": (k.SimpleRNN(3, return_sequences=True), seq),
        "bidirectional": (k.Bidirectional(k.LSTM(3)), seq), "attention": (lambda t, a=k.Attention(): a([t, t]), seq),
        "multi_head": (lambda t, a=k.MultiHeadAttention(2, 3): a(t, t), seq),
        "conv3d": (k.Conv3D(2, 2), data(1, 4, 5, 5, 2)), "max3d": (k.MaxPooling3D(2), data(1, 4, 4, 4, 2)),
        "embedding": (lambda t, e=k.Embedding(6, 3): e(tf.cast(2 * t + 3, tf.int32)), seq),
    }

    def gradient(layer):
        def f(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.reduce_sum(layer(x) ** 2)
            return dict({"y": y}, **{"g%d" % i: tf.convert_to_tensor(g) for i, g in enumerate(tape.gradient(y, tape.watched_variables() + (x,)))
                                     if g is not None})
        f.parts = [layer] if isinstance(layer, k.Layer) else list(layer.__defaults__)
        return f
    return {name: (gradient(layer), [x]) for name, (layer, x) in layers.items()}


@group
def training(tf):
    """Two steps of each optimiser, losses and metrics."""
    k = tf.keras
    x, y, labels = data(8, 5), data(8, 3, seed=2), numbers(8, high=3)
    hot, p = np.eye(3, dtype=np.float32)[labels], 0.1 + 0.8 * np.abs(data(8, 3, seed=4))
    made = {}
    makers = {"sgd": k.optimizers.SGD(0.1), "momentum": k.optimizers.SGD(0.1, 0.9, nesterov=True), "adam": k.optimizers.Adam(0.1),
              "amsgrad": k.optimizers.Adam(0.1, amsgrad=True), "rmsprop": k.optimizers.RMSprop(0.1, centered=True),
              "adagrad": k.optimizers.Adagrad(0.1), "adadelta": k.optimizers.Adadelta(0.1), "adamax": k.optimizers.Adamax(0.1),
              "nadam": k.optimizers.Nadam(0.1), "ftrl": k.optimizers.Ftrl(0.1), "adamw": k.optimizers.AdamW(0.1),
              "adafactor": k.optimizers.Adafactor(0.1), "lion": k.optimizers.Lion(0.1)}
    old = k.optimizers.legacy
    makers.update({"old_" + n.lower(): getattr(old, n)(0.1) for n in ("SGD", "Adam", "RMSprop", "Adagrad", "Adadelta", "Adamax", "Nadam", "Ftrl")})

    def step(optimizer):
        layer = k.layers.Dense(3)
        layer.build((None, 5))
        if hasattr(optimizer, "build"):
            optimizer.build(layer.trainable_variables)
        else:
            optimizer._create_all_weights(layer.trainable_variables)

        def f(x, y):
            losses = []
            for _ in range(2):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean((layer(x) - y) ** 2)
                optimizer.apply_gradients(zip(tape.gradient(loss, layer.trainable_variables), layer.trainable_variables))
                losses.append(loss)
            return {"loss": tf.stack(losses), "kernel": layer.kernel + 0.0, "bias": layer.bias + 0.0}
        f.parts = [layer, optimizer]
        return f
    made.update({"step_" + name: (step(o), [x, y]) for name, o in makers.items()})
    for name in ("MeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanSquaredLogarithmicError", "CosineSimilarity",
                 "Huber", "LogCosh", "Poisson", "KLDivergence", "Hinge", "SquaredHinge", "CategoricalHinge", "BinaryCrossentropy",
                 "CategoricalCrossentropy", "BinaryFocalCrossentropy", "CategoricalFocalCrossentropy"):
        made["loss_" + name] = (getattr(k.losses, name)(), [hot, p])
    made["loss_sparse"] = (lambda a, b: k.losses.SparseCategoricalCrossentropy(from_logits=True)(a, b), [labels, y])

    def metric(make):
        m = make()

        def f(a, b):
            m.update_state(a, b)
            return m.result()
        f.parts = [m]
        return f
    for name in ("Accuracy", "BinaryAccuracy", "CategoricalAccuracy", "TopKCategoricalAccuracy", "AUC", "Precision", "Recall", "TruePositives",
                 "MeanSquaredError", "RootMeanSquaredError", "MeanRelativeError", "F1Score", "R2Score", "CosineSimilarity"):
        make = getattr(k.metrics, name)
        if name == "MeanRelativeError":
            made["metric_" + name] = (metric(lambda make=make: make(normalizer=[1.0, 2.0, 3.0])), [hot, p])
        elif name not in ("R2Score",):
            made["metric_" + name] = (metric(make), [hot, np.clip(p, 0, 1)])
    made["metric_iou"] = (metric(lambda: k.metrics.MeanIoU(3)), [labels, numbers(8, seed=3, high=3)])
    return made


@group
def control(tf):
    """Loops, branches, TensorArrays, lists, nested and recursive calls, as AutoGraph makes them."""
    x = data(6)

    def collatz(n):
        steps = tf.constant(0)
        while n > 1:
            n = tf.where(n % 2 == 0, n // 2, 3 * n + 1)
            steps += 1
        return steps

    def cumulative(x):
        out = tf.TensorArray(tf.float32, size=tf.shape(x)[0])
        total = 0.0
        for i in tf.range(tf.shape(x)[0]):
            if x[i] > 0:
                total += x[i]
            else:
                total -= 1.0
            out = out.write(i, total)
        return out.stack()

    def breaks(x):
        total = 0.0
        for v in x:
            if v < -0.5:
                continue
            if total > 1.0:
                break
            total += v * v
        return total

    def switch(i, x):
        return tf.switch_case(i, [lambda: x + 1, lambda: x * 2, lambda: tf.reverse(x, [0])])

    def growing(n):
        out = tf.TensorArray(tf.int32, size=0, dynamic_size=True)
        a, b = 0, 1
        for i in tf.range(n):
            out = out.write(i, a)
            a, b = b, a + b
        return out.stack()

    def scan(x):
        return tf.scan(lambda a, v: a * 0.5 + v, x)

    def mapped(x):
        return tf.map_fn(lambda row: tf.sort(row)[::-1], tf.reshape(x, [2, 3]))

    def foldl(x):
        return tf.foldl(lambda a, v: a - v, x)

    def vectorized(x):
        return tf.vectorized_map(lambda v: v * tf.reduce_sum(x), x)

    def while_gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.while_loop(lambda i, v: i < 4, lambda i, v: (i + 1, tf.sin(v) * v), (0, x))[1]
        return tape.gradient(y, x)

    def cond_gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.cond(tf.reduce_sum(x) > 0, lambda: x ** 3, lambda: tf.exp(x))
        return tape.gradient(y, x)

    def beam(logits):
        """Steps of a beam search, as decoders have them."""
        scores, last = tf.zeros([1, 2]), tf.zeros([1, 2], tf.int32)
        history = tf.TensorArray(tf.int32, 3)
        for i in tf.range(3):
            step = tf.gather(logits, last) + scores[..., None]
            scores, flat = tf.math.top_k(tf.reshape(step, [1, -1]), 2)
            last = flat % tf.shape(logits)[1]
            history = history.write(i, last)
        return {"scores": scores, "tokens": tf.transpose(history.stack(), [1, 2, 0])}

    def checked(x):
        with tf.control_dependencies([tf.debugging.assert_less(x, 2.0)]):
            return tf.identity(x)

    @tf.function
    def helper(x, n):
        return x * tf.cast(n, tf.float32)

    return {"collatz": (collatz, [np.int32(27)]), "cumulative": (cumulative, [x]), "breaks": (breaks, [x]),
            "switch0": (switch, [np.int32(0), x]), "switch9": (switch, [np.int32(9), x]), "growing": (growing, [np.int32(9)]),
            "scan": (scan, [x]), "mapped": (mapped, [x]), "foldl": (foldl, [x]), "vectorized": (vectorized, [x]),
            "while_gradient": (while_gradient, [x]), "cond_gradient": (cond_gradient, [x]), "beam": (beam, [data(4, 4)]),
            "nested": (lambda x: helper(helper(x, 2), 3), [x]),
            "assert": (checked, [x])}


@group
def transformer(tf):
    """A small encoder-decoder with caches, and a GPT-like block, in plain TensorFlow."""
    rng = np.random.RandomState(3)
    w = {n: tf.Variable((rng.standard_normal(s) / 4).astype(np.float32)) for n, s in
         {"q": (16, 16), "k": (16, 16), "v": (16, 16), "o": (16, 16), "up": (16, 64), "down": (64, 16), "emb": (32, 16), "pos": (12, 16)}.items()}

    def norm(x):
        m, v = tf.nn.moments(x, [-1], keepdims=True)
        return (x - m) * tf.math.rsqrt(v + 1e-5)

    def heads(x):
        return tf.transpose(tf.reshape(x, [tf.shape(x)[0], -1, 4, 4]), [0, 2, 1, 3])

    def attend(x):
        q, key, v = (heads(tf.einsum("btd,de->bte", x, w[n])) for n in "qkv")
        scores = tf.matmul(q, key, transpose_b=True) / 2.0
        n = tf.shape(x)[1]
        scores += (1.0 - tf.linalg.band_part(tf.ones([n, n]), -1, 0)) * -1e9
        y = tf.transpose(tf.matmul(tf.nn.softmax(scores), v), [0, 2, 1, 3])
        return tf.tensordot(tf.reshape(y, [tf.shape(x)[0], n, 16]), w["o"], 1)

    def block(ids):
        x = tf.gather(w["emb"], ids) + w["pos"][:tf.shape(ids)[1]]
        x += attend(norm(x))
        x += tf.matmul(tf.nn.gelu(tf.matmul(norm(x), w["up"])), w["down"])
        return tf.nn.log_softmax(tf.matmul(norm(x), w["emb"], transpose_b=True))
    block.parts = list(w.values())

    def generate(ids):
        for _ in tf.range(5):
            tf.autograph.experimental.set_loop_options(shape_invariants=[(ids, tf.TensorShape([1, None]))])
            ids = tf.concat([ids, tf.argmax(block(ids)[:, -1], -1, tf.int32)[:, None]], 1)
        return ids
    generate.parts = block.parts
    return {"block": (block, [numbers(2, 7, high=32)]), "generate": (generate, [numbers(1, 3, high=32)])}


# ---- making and running

def record(tf, served, inputs, name, writer):
    from tensorflow_serving.apis import prediction_log_pb2
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.model_spec.name = "m"
    log.predict_log.request.model_spec.signature_name = name
    feeds = {"x%d" % i: tf.constant(x) for i, x in enumerate(inputs)}
    for key, value in feeds.items():
        log.predict_log.request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
    for key, value in served(**feeds).items():
        log.predict_log.response.outputs[key].CopyFrom(tf.make_tensor_proto(value.numpy()))
    writer.write(log.SerializeToString())


def as_signature(tf, f, inputs):
    def serve(*args):
        made = f(*args)
        if isinstance(made, dict):
            return made
        made = made if isinstance(made, (list, tuple)) else [made]
        return {"y%d" % i: tf.convert_to_tensor(t) for i, t in enumerate(made)}
    specs = [tf.TensorSpec(np.shape(x), tf.as_dtype(np.asarray(x).dtype) if np.asarray(x).dtype.kind != "U" else tf.string, "x%d" % i)
             for i, x in enumerate(inputs)]
    serve(*[tf.constant(x) for x in inputs])  # makes the weights
    return tf.function(serve, input_signature=specs)


def make(name, path):
    import tensorflow as tf
    tf.keras.utils.set_random_seed(7)
    members = GROUPS[name](tf)
    module = tf.Module()
    signatures, skipped = {}, []
    for key, (f, inputs) in members.items():
        try:
            module.__setattr__("part_" + key, f if isinstance(f, tf.Module) else getattr(f, "parts", None))
            function = as_signature(tf, f, inputs)
            function.get_concrete_function()
            signatures[key] = function
        except Exception as error:  # a layer that wants its weights made first: call it once
            skipped.append("%s: %s" % (key, str(error).splitlines()[0][:150]))
    module.signatures_kept = list(signatures.values())
    tf.saved_model.save(module, os.path.join(path, "1"), signatures=signatures)
    loaded = tf.saved_model.load(os.path.join(path, "1"))
    count = 0
    with tf.io.TFRecordWriter(os.path.join(path, "golden.tfrecord")) as writer:
        for key in signatures:
            try:
                record(tf, loaded.signatures[key], members[key][1], key, writer)
                count += 1
            except Exception as error:
                skipped.append("%s: %s" % (key, str(error).splitlines()[0][:150]))
    with open(os.path.join(path, "golden.json"), "w") as file:
        json.dump({"rtol": 1e-4, "atol": 3e-5, "ordered": True, "cases": count}, file)
    for line in skipped:
        print("left out: " + line)


def main(program, names):
    root = os.environ.get("KEEP") or tempfile.mkdtemp()
    failed = 0
    for name in names or GROUPS:
        path = os.path.join(root, name)
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        made = subprocess.run([sys.executable, __file__, "--make", name, path], capture_output=True, text=True)
        print(name, made.stdout.strip(), flush=True)
        if made.returncode:
            print("not made: " + "\n".join(made.stderr.strip().splitlines()[-5:]))
            failed += 1
            continue
        answered = subprocess.run([program, "replay", path], capture_output=True, text=True)
        failed += answered.returncode != 0
        print("\n".join(line for line in (answered.stdout + answered.stderr).splitlines() if not line.startswith("agrees")), flush=True)
    if "KEEP" not in os.environ:
        shutil.rmtree(root)
    return 1 if failed else 0


if __name__ == "__main__":
    start(__doc__, main, GROUPS, make=make)
