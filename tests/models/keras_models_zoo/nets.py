"""Models nets of Keras layers, functional and subclassed."""

import numpy as np
import tensorflow as tf

from layers import data, numbers

MODELS = {}


def model(f):
    MODELS[f.__name__] = f
    return f


def batches(*shape, sizes=(3, 1, 0, 5), key="x"):
    return [{key: data(n, *shape, seed=n + 1)} for n in sizes]


@model
def multi_io(path):
    """Two inputs, a shared layer, a nested model used twice, three outputs, one of them an input."""
    k = tf.keras
    a, b = k.Input((6,), name="a"), k.Input((None, 4), name="b")
    shared = k.layers.Dense(5, activation="tanh")
    inner_in = k.Input((5,))
    inner = k.Model(inner_in, [k.layers.Dense(3)(inner_in), k.layers.Dropout(0.5)(inner_in)])
    left = shared(a)
    right = shared(k.layers.Dense(6)(k.layers.GlobalAveragePooling1D()(b)))
    p, q = inner(left)
    r, s = inner(right)
    net = k.Model(
        {"a": a, "b": b},
        {
            "score": k.layers.Add()([p, r]),
            "mix": k.layers.Concatenate()([q, s]),
            "same": a,
            "again": k.layers.Activation("linear")(a),
        },
    )
    net.compile("adam", {"score": "mse", "mix": "mse"})
    net.save(path)
    return [{"a": data(n, 6), "b": data(n, t, 4)} for n, t in ((2, 3), (1, 9), (0, 3), (2, 1), (3, 0))]


@model
def mixed_float16(path):
    k = tf.keras
    k.mixed_precision.set_global_policy("mixed_float16")
    x = k.Input((8, 8, 3), name="x")
    h = k.layers.Conv2D(8, 3, padding="same", use_bias=False)(x)
    h = k.layers.ReLU()(k.layers.BatchNormalization()(h))
    h = k.layers.DepthwiseConv2D(3)(h)
    h = k.layers.GlobalMaxPooling2D()(h)
    h = k.layers.LayerNormalization()(h)
    net = k.Model(x, k.layers.Activation("softmax", dtype="float32")(k.layers.Dense(4)(h)))
    net.export(path)
    return batches(8, 8, 3)


@model
def mixed_bfloat16(path):
    k = tf.keras
    k.mixed_precision.set_global_policy("mixed_bfloat16")
    ids = k.Input((None,), dtype="int32", name="x")
    h = k.layers.Embedding(20, 8)(ids)
    h = h + k.layers.MultiHeadAttention(2, 4)(h, h)
    h = k.layers.Dense(8, "gelu")(k.layers.LayerNormalization()(h))
    net = k.Model(ids, [k.layers.Dense(3, dtype="float32")(h[:, 0]), k.layers.Dense(3, "softmax")(h)])
    net.save(path)
    return [{"x": numbers(n, t, high=20)} for n, t in ((2, 5), (1, 1), (4, 7))]


mixed_float16.rtol = 5e-3  # roundings to 11 and 8 bits fall otherwise
mixed_bfloat16.rtol = 5e-2


@model
def float64_policy(path):
    k = tf.keras
    k.mixed_precision.set_global_policy("float64")
    x = k.Input((None, 5), name="x", dtype="float64")
    h = k.layers.Bidirectional(k.layers.LSTM(4, return_sequences=True))(x)
    h = k.layers.Conv1D(6, 3, padding="causal", dilation_rate=2, activation="elu")(h)
    h = k.layers.BatchNormalization()(h)
    k.Model(x, [k.layers.GRU(3)(h), k.layers.Attention()([h, h])]).save(path)
    return [{"x": data(n, t, 5).astype(np.float64)} for n, t in ((2, 5), (1, 1), (3, 8), (0, 4))]


@model
def unet(path):
    k = tf.keras
    L = k.layers

    def block(x, n):
        for _ in range(2):
            x = L.LeakyReLU(0.1)(L.BatchNormalization()(L.Conv2D(n, 3, padding="same", use_bias=False)(x)))
        return x

    x = k.Input((None, None, 1), name="x")
    a = block(x, 4)
    b = block(L.MaxPooling2D()(a), 8)
    c = block(L.MaxPooling2D()(b), 16)
    d = block(L.Concatenate()([L.Conv2DTranspose(8, 2, 2)(c), b]), 8)
    e = block(L.Concatenate()([L.UpSampling2D(2, interpolation="bilinear")(d), a]), 4)
    k.Model(x, L.Conv2D(2, 1, activation="sigmoid")(e)).export(path)
    return [{"x": data(n, s, t, 1)} for n, s, t in ((1, 16, 16), (2, 8, 12), (1, 4, 4), (1, 6, 6), (0, 8, 8))]


@model
def vae(path):
    """Encoder with seeded noise, decoder, and both as signatures of a model with state."""
    k = tf.keras

    class Vae(k.Model):
        def __init__(self):
            super().__init__()
            self.encoder = k.Sequential([k.layers.Dense(16, "relu"), k.layers.Dense(6)])
            self.decoder = k.Sequential([k.layers.Dense(16, "relu"), k.layers.Dense(10)])

        def call(self, x, training=False):
            mean, logvar = tf.split(self.encoder(x), 2, axis=-1)
            z = mean + tf.exp(0.5 * logvar) * tf.random.stateless_normal(tf.shape(mean), seed=[1, 2])
            return {"image": self.decoder(z), "mean": mean, "logvar": logvar}

        @tf.function(input_signature=[tf.TensorSpec([], tf.int32), tf.TensorSpec([2], tf.int64)])
        def sample(self, n, seed):
            return {"image": tf.sigmoid(self.decoder(tf.random.stateless_normal([n, 3], seed)))}

    net = Vae()
    net(data(2, 10))
    serve = tf.function(lambda x: net(x), input_signature=[tf.TensorSpec([None, 10], tf.float32, "x")])
    net.save(path, signatures={"serving_default": serve, "sample": net.sample})
    return batches(10) + [("sample", {"n": np.int32(n), "seed": np.array([n, 7])}) for n in (3, 1, 0)]


@model
def real_nvp(path):
    """A normalizing flow: couplings, inverse and log determinants."""

    class Coupling(tf.Module):
        def __init__(self, flip):
            super().__init__()
            self.flip = flip
            self.net = tf.keras.Sequential([tf.keras.layers.Dense(8, "tanh"), tf.keras.layers.Dense(4)])
            self.net.build((None, 2))

        def __call__(self, x, inverse):
            a, b = tf.split(tf.reverse(x, [-1]) if self.flip else x, 2, -1)
            shift, scale = tf.split(self.net(a), 2, -1)
            scale = tf.tanh(scale)
            b = (b - shift) * tf.exp(-scale) if inverse else b * tf.exp(scale) + shift
            y = tf.concat([a, b], -1)
            return (tf.reverse(y, [-1]) if self.flip else y), tf.reduce_sum(scale, -1)

    class Flow(tf.Module):
        def __init__(self):
            super().__init__()
            self.layers = [Coupling(i % 2 == 1) for i in range(4)]

        @tf.function(input_signature=[tf.TensorSpec([None, 4], name="x")])
        def log_prob(self, x):
            total = tf.zeros(tf.shape(x)[:1])
            for layer in reversed(self.layers):
                x, d = layer(x, True)
                total -= d
            return {"log_prob": total - 0.5 * tf.reduce_sum(x * x, -1) - 2 * np.log(2 * np.pi), "z": x}

        @tf.function(input_signature=[tf.TensorSpec([None, 4], name="x")])
        def forward(self, x):
            for layer in self.layers:
                x, _ = layer(x, False)
            return x

    flow = Flow()
    tf.saved_model.save(flow, path, signatures={"serving_default": flow.log_prob, "forward": flow.forward})
    return batches(4) + [("forward", r) for r in batches(4)]


@model
def gan_generator(path):
    L = tf.keras.layers
    net = tf.keras.Sequential(
        [
            L.Input((8,), name="x"),
            L.Dense(3 * 3 * 8, use_bias=False),
            L.BatchNormalization(),
            L.LeakyReLU(),
            L.Reshape((3, 3, 8)),
            L.Conv2DTranspose(6, 5, 2, "same", use_bias=False),
            L.BatchNormalization(),
            L.LeakyReLU(),
            L.Conv2DTranspose(1, 4, 2, "valid", output_padding=1, activation="tanh"),
        ]
    )
    net.save(path)
    return batches(8)


@model
def spectral_critic(path):
    """Spectral normalisation and batch norm in training mode: weights and moments move with each request."""

    class Critic(tf.keras.Model):
        def __init__(self):
            super().__init__()
            self.conv, self.norm, self.out = L.Conv2D(6, 3, 2), L.BatchNormalization(momentum=0.5), L.Dense(1)

        def build(self, shape):
            self.u = self.add_weight("u", (1, 6), trainable=False)

        def call(self, x, training=False):
            if training:
                w, u = tf.reshape(self.conv.kernel, [-1, 6]), self.u
                if not tf.reduce_all(tf.equal(w, 0.0)):
                    for _ in range(2):
                        v = tf.math.l2_normalize(tf.matmul(u, w, transpose_b=True))
                        u = tf.math.l2_normalize(tf.matmul(v, w))
                    self.u.assign(u)
                    sigma = tf.matmul(tf.matmul(v, w), u, transpose_b=True)
                    self.conv.kernel.assign(tf.reshape(self.conv.kernel / sigma, self.conv.kernel.shape))
            return self.out(
                tf.reduce_mean(tf.nn.leaky_relu(self.norm(self.conv(x), training=training)), [1, 2])
            )

    L = tf.keras.layers
    net = Critic()
    net(data(2, 7, 7, 2))

    @tf.function(
        input_signature=[tf.TensorSpec([None, 7, 7, 2], name="x"), tf.TensorSpec([], tf.bool, "training")]
    )
    def serve(x, training):
        if training:
            return {"y": net(x, training=True)}
        return {"y": net(x, training=False)}

    train = tf.function(
        lambda x: {"y": serve(x, True)["y"]}, input_signature=[tf.TensorSpec([None, 7, 7, 2], name="x")]
    )
    holder = tf.Module()
    holder.kept = [serve, train] + net.weights
    tf.saved_model.save(holder, path, signatures={"train": train, "serving_default": serve})
    one, two = batches(7, 7, 2, sizes=(2, 3))
    return [dict(r, training=np.bool_(t)) for r, t in ((one, 0), (one, 1), (one, 0), (two, 1), (two, 0))] + [
        ("train", one)
    ]


@model
def siamese(path):
    k = tf.keras
    tower = k.Sequential(
        [k.layers.Conv1D(4, 3, activation="relu"), k.layers.GlobalMaxPooling1D(), k.layers.Dense(3)]
    )
    a, b = k.Input((None, 2), name="a"), k.Input((None, 2), name="b")
    u, v = tower(a), tower(b)
    l2 = k.layers.Lambda(
        lambda t: tf.sqrt(tf.maximum(tf.reduce_sum((t[0] - t[1]) ** 2, -1, keepdims=True), 1e-7)),
        name="distance",
    )([u, v])
    k.Model([a, b], [l2, k.layers.Dot(1, normalize=True, name="cosine")([u, v])]).save(path)
    return [
        {"a": data(n, s, 2), "b": data(n, t, 2, seed=2)}
        for n, s, t in ((2, 5, 7), (1, 3, 3), (4, 9, 4), (0, 5, 5))
    ]


@model
def capsules(path):
    k = tf.keras

    def squash(s):
        n = tf.reduce_sum(tf.square(s), -1, keepdims=True)
        return n / (1 + n) / tf.sqrt(n + 1e-7) * s

    class Routing(k.layers.Layer):
        def build(self, shape):
            self.w = self.add_weight("w", (1, shape[1], 3, 4, shape[2]))

        def call(self, u):
            hat = tf.squeeze(tf.matmul(self.w, u[:, :, None, :, None], name="hat"), -1)
            b = tf.zeros_like(hat[..., :1])
            for i in range(3):
                c = tf.nn.softmax(b, axis=2)
                v = squash(tf.reduce_sum(c * hat, 1, keepdims=True))
                b += tf.reduce_sum(hat * v, -1, keepdims=True)
            return tf.squeeze(v, 1)

    x = k.Input((8, 8, 1), name="x")
    h = k.layers.Conv2D(8, 3, activation="relu")(x)
    h = k.layers.Reshape((-1, 4))(k.layers.Conv2D(8, 3, 2)(h))
    out = Routing()(k.layers.Lambda(squash)(h))
    k.Model(x, [tf.norm(out, axis=-1), out]).save(path)
    return batches(8, 8, 1)


@model
def vision_transformer(path):
    k = tf.keras
    L = k.layers

    class Patches(L.Layer):
        def call(self, images):
            p = tf.image.extract_patches(images, [1, 4, 4, 1], [1, 4, 4, 1], [1, 1, 1, 1], "VALID")
            return tf.reshape(p, [tf.shape(images)[0], -1, p.shape[-1]])

    class Encode(L.Layer):
        def __init__(self, n, d):
            super().__init__()
            self.project, self.position = L.Dense(d), L.Embedding(n + 1, d)
            self.token = self.add_weight("token", (1, 1, d), initializer="normal")

        def call(self, p):
            h = tf.concat([tf.tile(self.token, [tf.shape(p)[0], 1, 1]), self.project(p)], 1)
            return h + self.position(tf.range(tf.shape(h)[1]))

    x = k.Input((16, 16, 3), name="x")
    h = Encode(16, 12)(Patches()(L.Rescaling(1 / 127.5, -1.0)(x)))
    for _ in range(2):
        n = L.LayerNormalization(epsilon=1e-6)(h)
        h = L.Add()([L.MultiHeadAttention(3, 4, dropout=0.1)(n, n), h])
        n = L.Dense(24, tf.nn.gelu)(L.LayerNormalization(epsilon=1e-6)(h))
        h = L.Add()([L.Dropout(0.1)(L.Dense(12)(n)), h])
    k.Model(x, L.Dense(5)(L.LayerNormalization()(h)[:, 0])).save(path)
    return [{"x": 127 * (1 + r["x"])} for r in batches(16, 16, 3)]


@model
def mlp_mixer(path):
    k = tf.keras
    L = k.layers
    x = k.Input((16, 6), name="x")
    h = x
    for _ in range(2):
        t = L.Permute((2, 1))(L.LayerNormalization()(h))
        h = h + L.Permute((2, 1))(L.Dense(16)(L.Dense(8, "gelu")(t)))
        h = h + L.Dense(6)(L.Dense(12, "gelu")(L.LayerNormalization()(h)))
    k.Model(x, L.GlobalAveragePooling1D()(h)).export(path)
    return batches(16, 6)


@model
def perceiver(path):
    k = tf.keras

    class Perceiver(k.Model):
        def __init__(self):
            super().__init__()
            self.cross, self.own = k.layers.MultiHeadAttention(2, 4), k.layers.MultiHeadAttention(2, 4)
            self.norms = [k.layers.LayerNormalization() for _ in range(3)]
            self.out = k.layers.Dense(2)

        def build(self, shape):
            self.latents = self.add_weight("latents", (5, 8))
            super().build(shape)

        def call(self, x, mask=None):
            h = tf.broadcast_to(self.latents, [tf.shape(x)[0], 5, 8])
            for _ in range(2):
                h += self.cross(self.norms[0](h), self.norms[1](x), attention_mask=mask)
                h += self.own(self.norms[2](h), h)
            return self.out(tf.reduce_mean(h, 1))

    net = Perceiver()
    net(data(1, 3, 6))
    net.build((None, None, 6))

    @tf.function(
        input_signature=[tf.TensorSpec([None, None, 6], name="x"), tf.TensorSpec([None], tf.int32, "lengths")]
    )
    def serve(x, lengths):
        return {"y": net(x, mask=tf.sequence_mask(lengths, tf.shape(x)[1])[:, None])}

    tf.saved_model.save(net, path, signatures=serve)
    return [
        {"x": data(n, t, 6), "lengths": numbers(n, high=t + 1)} for n, t in ((2, 7), (3, 4), (1, 1), (0, 5))
    ]


@model
def wavenet(path):
    k = tf.keras
    L = k.layers
    x = k.Input((None, 1), name="x")
    h, skips = L.Conv1D(4, 1)(x), []
    for d in (1, 2, 4, 8):
        gate = L.Multiply()(
            [
                L.Conv1D(4, 2, dilation_rate=d, padding="causal", activation="tanh")(h),
                L.Conv1D(4, 2, dilation_rate=d, padding="causal", activation="sigmoid")(h),
            ]
        )
        skips.append(L.Conv1D(4, 1)(gate))
        h = L.Add()([h, skips[-1]])
    h = L.Conv1D(6, 1)(L.ReLU()(L.Add()(skips)))
    k.Model(x, {"logits": h, "best": tf.argmax(h, -1)}).export(path)
    return [{"x": data(n, t, 1)} for n, t in ((1, 20), (2, 3), (1, 1), (0, 4))]


@model
def transformer_encoder(path):
    """BERT-like: three inputs, masks, pooled and sequence outputs, tied output weights."""
    k = tf.keras
    L = k.layers

    class Tied(L.Layer):
        def __init__(self, embedding):
            super().__init__()
            self.embedding = embedding

        def call(self, h):
            return tf.matmul(h, self.embedding.embeddings, transpose_b=True)

    ids, mask, types = (
        k.Input((None,), dtype="int32", name=n) for n in ("input_ids", "attention_mask", "token_type_ids")
    )
    words = L.Embedding(30, 8)
    position = tf.range(tf.shape(ids)[1])[None]
    h = L.LayerNormalization(epsilon=1e-12)(
        words(ids) + L.Embedding(16, 8)(position) + L.Embedding(2, 8)(types)
    )
    bias = (1.0 - tf.cast(mask[:, None, None, :], tf.float32)) * -10000.0

    class Attend(L.Layer):
        def __init__(self):
            super().__init__()
            self.q, self.k, self.v, self.o = (L.Dense(8) for _ in range(4))

        def call(self, h, bias):
            b, t = tf.shape(h)[0], tf.shape(h)[1]
            q, key, v = (
                tf.transpose(tf.reshape(p(h), (b, t, 2, 4)), (0, 2, 1, 3)) for p in (self.q, self.k, self.v)
            )
            p = tf.nn.softmax(tf.matmul(q, key, transpose_b=True) / 2.0 + bias)
            return self.o(tf.reshape(tf.transpose(tf.matmul(p, v), (0, 2, 1, 3)), (b, t, 8)))

    for _ in range(2):
        h = L.LayerNormalization(epsilon=1e-12)(h + Attend()(h, bias))
        h = L.LayerNormalization(epsilon=1e-12)(
            h + L.Dense(8)(L.Activation(lambda t: tf.nn.gelu(t, approximate=True))(L.Dense(16)(h)))
        )
    k.Model(
        [ids, mask, types],
        {"last_hidden_state": h, "pooler_output": L.Dense(8, "tanh")(h[:, 0]), "logits": Tied(words)(h)},
    ).save(path)
    return [
        {
            "input_ids": numbers(n, t, high=30),
            "attention_mask": numbers(n, t, seed=2, high=2),
            "token_type_ids": numbers(n, t, seed=3, high=2),
        }
        for n, t in ((2, 6), (1, 16), (3, 1), (0, 4), (1, 17))
    ]


@model
def mixture_of_experts(path):
    class Moe(tf.keras.layers.Layer):
        def build(self, shape):
            self.gate = self.add_weight("gate", (shape[-1], 4))
            self.up, self.down = self.add_weight("up", (4, shape[-1], 12)), self.add_weight(
                "down", (4, 12, shape[-1])
            )

        def call(self, x):
            flat = tf.reshape(x, [-1, x.shape[-1]])
            probabilities, chosen = tf.math.top_k(tf.nn.softmax(flat @ self.gate), 2)
            probabilities /= tf.reduce_sum(probabilities, -1, keepdims=True)
            out = tf.zeros_like(flat)
            for e in range(4):
                rows, slot = tf.split(tf.where(chosen == e), 2, -1)
                picked = tf.gather_nd(probabilities, tf.concat([rows, slot], -1))
                y = tf.nn.relu(tf.gather(flat, rows[:, 0]) @ self.up[e]) @ self.down[e]
                out = tf.tensor_scatter_nd_add(out, rows, y * picked[:, None])
            return tf.reshape(out, tf.shape(x)), tf.math.bincount(tf.reshape(chosen, [-1]), minlength=4)

    x = tf.keras.Input((None, 6), name="x")
    y, load = Moe()(tf.keras.layers.LayerNormalization()(x))
    tf.keras.Model(x, {"y": x + y, "load": load}).save(path)
    return [{"x": data(n, t, 6)} for n, t in ((2, 5), (1, 1), (3, 8), (0, 4))]


@model
def neural_ode(path):
    """Fixed and adaptive steps, gradients through the loop."""

    class Ode(tf.Module):
        def __init__(self):
            super().__init__()
            self.f = tf.keras.Sequential([tf.keras.layers.Dense(8, "tanh"), tf.keras.layers.Dense(2)])
            self.f.build((None, 2))

        @tf.function(input_signature=[tf.TensorSpec([None, 2], name="x"), tf.TensorSpec([None], name="t")])
        def __call__(self, x, t):
            out = tf.TensorArray(tf.float32, size=tf.shape(t)[0], element_shape=[None, 2])
            out = out.write(0, x)
            for i in tf.range(1, tf.shape(t)[0]):
                h = t[i] - t[i - 1]
                k1 = self.f(x)
                k2 = self.f(x + h / 2 * k1)
                k3 = self.f(x + h / 2 * k2)
                x += h / 6 * (k1 + 2 * k2 + 2 * k3 + self.f(x + h * k3))
                out = out.write(i, x)
            return {"path": out.stack()}

        @tf.function(
            input_signature=[tf.TensorSpec([None, 2], name="x"), tf.TensorSpec([], name="tolerance")]
        )
        def adaptive(self, x, tolerance):
            t, h, steps = tf.constant(0.0), tf.constant(0.5), tf.constant(0)
            while t < 1.0:
                k1 = self.f(x)
                k2 = self.f(x + h * k1)
                error = tf.reduce_max(tf.abs(h / 2 * (k2 - k1)))
                steps += 1
                if steps > 200:
                    break
                if error > tolerance:
                    h /= 2
                    continue
                x += h / 2 * (k1 + k2)
                t += h
                h = tf.minimum(1.5 * h, 1.0 - t)
            return {"x": x, "t": t, "steps": steps}

        @tf.function(input_signature=[tf.TensorSpec([None, 2], name="x")])
        def gradient(self, x):
            with tf.GradientTape() as tape:
                y = x
                for _ in tf.range(5):
                    y += 0.2 * self.f(y)
                loss = tf.reduce_sum(y**2)
            return dict(enumerate_names(tape.gradient(loss, self.f.trainable_variables)), loss=loss)

    def enumerate_names(tensors):
        return {"g%d" % i: t for i, t in enumerate(tensors)}

    ode = Ode()
    tf.saved_model.save(
        ode,
        path,
        signatures={"serving_default": ode.__call__, "adaptive": ode.adaptive, "gradient": ode.gradient},
    )
    return (
        [
            {"x": data(n, 2), "t": np.linspace(0, 1, s, dtype=np.float32)}
            for n, s in ((2, 5), (3, 2), (1, 1), (0, 3))
        ]
        + [
            ("adaptive", {"x": data(n, 2), "tolerance": np.float32(e)})
            for n, e in ((2, 1e-2), (1, 1e-4), (3, 1e-3))
        ]
        + [("gradient", {"x": data(n, 2)}) for n in (2, 1, 4)]
    )


@model
def hyper_network(path):
    k = tf.keras
    x, z = k.Input((4,), name="x"), k.Input((3,), name="z")
    w = k.layers.Reshape((4, 2))(k.layers.Dense(8)(z))
    y = k.layers.Lambda(lambda t: tf.einsum("bi,bij->bj", t[0], t[1]))([x, w])
    kernel = k.layers.Reshape((3, 1, 1))(k.layers.Dense(3)(z))
    y2 = k.layers.Lambda(
        lambda t: tf.map_fn(
            lambda p: tf.nn.conv1d(p[0][None, :, None], p[1], 1, "SAME")[0, :, 0],
            (t[0], t[1]),
            fn_output_signature=tf.float32,
        )
    )([x, kernel])
    k.Model([x, z], [y, y2]).save(path)
    return [{"x": data(n, 4), "z": data(n, 3, seed=2)} for n in (3, 1, 0, 2)]


@model
def quantised(path):
    """Weights and activations by quantize_and_dequantize and fake_quant, as in training aware of
    quantisation."""
    k = tf.keras

    class QDense(k.layers.Layer):
        def build(self, shape):
            self.kernel = self.add_weight("kernel", (shape[-1], 5))
            self.low, self.high = (
                self.add_weight(n, (), initializer=k.initializers.Constant(v))
                for n, v in (("low", -3.0), ("high", 2.5))
            )
            self.scale = self.add_weight("scale", (5,), initializer="ones")

        def call(self, x):
            x = tf.quantization.fake_quant_with_min_max_vars(x, self.low, self.high, num_bits=8)
            w = tf.quantization.quantize_and_dequantize_v2(
                self.kernel, -self.scale, self.scale, range_given=True, axis=1, narrow_range=True
            )
            y = x @ w
            return tf.quantization.fake_quant_with_min_max_vars_per_channel(
                y, -2 * self.scale, 2 * self.scale, narrow_range=True
            )

    x = k.Input((6,), name="x")
    h = k.layers.Lambda(lambda t: tf.quantization.quantize_and_dequantize_v2(t, 0, 0, range_given=False))(
        QDense()(x)
    )
    k.Model(x, [h, tf.quantization.fake_quant_with_min_max_args(h, -1, 1, 4)]).save(path)
    return batches(6, sizes=(3, 1, 5))


@model
def tabnet(path):
    """Feature selection by sparsemax-like attention, ghost batch norm, gated blocks."""
    k = tf.keras

    def sparsemax(z):
        s = tf.sort(z, direction="DESCENDING")
        r = tf.range(1, tf.shape(z)[-1] + 1, dtype=z.dtype)
        c = tf.cumsum(s, -1)
        n = tf.reduce_sum(tf.cast(1 + r * s > c, tf.int32), -1)
        tau = (tf.gather(c, tf.maximum(n - 1, 0), axis=1, batch_dims=1) - 1) / tf.cast(n, z.dtype)
        return tf.maximum(z - tau[:, None], 0)

    class TabNet(k.Model):
        def __init__(self):
            super().__init__()
            self.norm = k.layers.BatchNormalization()
            self.fc = [k.layers.Dense(16, use_bias=False) for _ in range(3)]
            self.attention = [k.layers.Dense(6, use_bias=False) for _ in range(3)]
            self.out = k.layers.Dense(2)

        def call(self, x, training=False):
            x = self.norm(x, training=training)
            prior, total, masks, masked = tf.ones_like(x), 0.0, [], x
            for fc, attention in zip(self.fc, self.attention):
                h = fc(masked)
                h = h[:, :8] * tf.sigmoid(h[:, 8:])
                total += tf.nn.relu(h[:, :4])
                mask = sparsemax(attention(h[:, 4:]) * prior)
                prior *= 1.3 - mask
                masked = mask * x
                masks.append(mask)
            return self.out(total), tf.stack(masks, 1)

    net = TabNet()
    net(data(2, 6))
    net.save(path)
    return [{"input_1": r["x"]} for r in batches(6)]


@model
def conv_next(path):
    k = tf.keras
    L = k.layers

    class Scale(L.Layer):
        def build(self, shape):
            self.gamma = self.add_weight("gamma", shape[-1:], initializer=k.initializers.Constant(0.5))

        def call(self, x):
            return x * self.gamma

    x = k.Input((None, None, 3), name="x")
    h = L.LayerNormalization(epsilon=1e-6)(L.Conv2D(8, 4, 4)(x))
    for _ in range(2):
        y = L.LayerNormalization(epsilon=1e-6)(L.Conv2D(8, 7, padding="same", groups=8)(h))
        h = h + Scale()(L.Dense(8)(L.Activation("gelu")(L.Dense(32)(y))))
    squeeze = L.Dense(8, "hard_sigmoid")(L.Dense(2, "swish")(L.GlobalAveragePooling2D(keepdims=True)(h)))
    h = L.GroupNormalization(2)(h * squeeze)
    k.Model(x, L.Dense(3, "softmax")(L.GlobalAveragePooling2D()(h))).export(path)
    return [{"x": data(n, s, t, 3)} for n, s, t in ((1, 16, 16), (2, 8, 13), (1, 4, 4), (0, 8, 8))]


@model
def graph_net(path):
    """Messages along edges by gathers and segments, attention by segment softmax, pooling by graph."""

    class Net(tf.keras.Model):
        def __init__(self):
            super().__init__()
            self.node, self.message, self.score, self.out = (tf.keras.layers.Dense(n) for n in (6, 6, 1, 3))
            self.cell = tf.keras.layers.GRUCell(6)

        @tf.function(
            input_signature=[
                tf.TensorSpec([None, 4], name="nodes"),
                tf.TensorSpec([None, 2], tf.int64, "edges"),
                tf.TensorSpec([None], tf.int32, "graph"),
            ]
        )
        def serve(self, nodes, edges, graph):
            h, (src, dst) = self.node(nodes), (edges[:, 0], edges[:, 1])
            n = tf.shape(nodes, out_type=tf.int64)[0]
            for _ in range(2):
                pair = tf.concat([tf.gather(h, src), tf.gather(h, dst)], -1)
                e = tf.nn.leaky_relu(self.score(pair))
                e = tf.exp(e - tf.gather(tf.math.unsorted_segment_max(e, dst, n), dst))
                a = e / (tf.gather(tf.math.unsorted_segment_sum(e, dst, n), dst) + 1e-9)
                m = tf.math.unsorted_segment_sum(a * self.message(pair), dst, n)
                degree = tf.math.bincount(
                    tf.cast(dst, tf.int32), minlength=tf.cast(n, tf.int32), dtype=tf.float32
                )
                h = self.cell(m / tf.sqrt(degree + 1.0)[:, None], [h])[0]
            return {
                "graphs": self.out(tf.math.segment_mean(h, graph)),
                "top": tf.math.segment_max(h, graph),
                "degree": degree,
                "sqrt_n": tf.math.unsorted_segment_sqrt_n(h, graph, 4),
            }

    net = Net()
    tf.saved_model.save(net, path, signatures=net.serve)
    return [
        {
            "nodes": data(5, 4),
            "edges": np.array([[0, 1], [1, 2], [3, 4], [4, 3], [2, 0]]),
            "graph": np.array([0, 0, 0, 1, 1], np.int32),
        },
        {"nodes": data(3, 4), "edges": np.zeros((0, 2), np.int64), "graph": np.array([0, 2, 2], np.int32)},
        {"nodes": data(2, 4), "edges": np.array([[0, 1]]), "graph": np.array([1, 0], np.int32)},
        {"nodes": data(2, 4), "edges": np.array([[0, 5]]), "graph": np.array([0, 0], np.int32)},
        {"nodes": data(0, 4), "edges": np.zeros((0, 2), np.int64), "graph": np.zeros(0, np.int32)},
    ]
