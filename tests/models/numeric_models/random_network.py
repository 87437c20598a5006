"""Layers in any order: what plans fuse, and values with several readers that they must keep."""
import numpy as np

from numeric_models.random_program import Program

SHAPES_OF_WEIGHTS = [
    (4,), (6,), (9,), (6, 6), (6, 9), (9, 6), (3, 3), (5, 6), (6, 12), (4, 6), (3, 3, 4, 4), (1, 1, 4, 4),
    (3, 3, 4, 1), (3, 1, 4, 4), (1, 1, 4, 8), (3, 3, 8, 1), (3, 3, 2, 4)]


class Network(Program):
    """Weights stay or are assigned. "s" are vectors [n, 6], "m" pictures [n, h, w, 4]."""

    def pick(self, env, kinds):
        kind = self.rng.choice([k for k in kinds if env[k]])
        return kind, self.rng.choice(env[kind][-4:])

    def make_weights(self):
        self.values = {}
        for shape in SHAPES_OF_WEIGHTS:
            for k in range(2):
                r = np.random.RandomState(self.rng.randrange(1 << 30))
                value = r.standard_normal(shape) / np.sqrt(max(1, np.prod(shape[:-1])))
                self.variables.append(self.tf.Variable(value.astype(np.float32)))
                self.values[id(self.variables[-1])] = value.astype(np.float32)

    def weight(self, *shape):
        v = self.rng.choice([v for v in self.variables if tuple(v.shape) == shape])
        return self.tf.constant(self.values[id(v)] * 0.9) if self.rng.random() < 0.3 else v

    def step(self, env):
        tf, (kind, x) = self.tf, self.pick(env, "sm")
        nn, w, size = tf.nn, self.weight, 6 if kind == "s" else 4
        alike = lambda: self.rng.choice(env[kind][-4:])
        pad = self.rng.choice(["SAME", "VALID"])
        any_kind = [
            lambda: nn.relu(x), lambda: nn.relu6(x * 3), lambda: tf.tanh(x), lambda: nn.sigmoid(x),
            lambda: nn.gelu(x, self.rng.random() < 0.5), lambda: nn.swish(x), lambda: nn.elu(x),
            lambda: nn.leaky_relu(x, 0.3), lambda: nn.softplus(x), lambda: x + alike(),
            lambda: x * nn.sigmoid(alike()), lambda: tf.maximum(x, alike()), lambda: x - alike() * 0.5,
            lambda: nn.bias_add(x, w(size)), lambda: x * w(size) + w(size), lambda: w(size) + x,
            lambda: nn.softmax(x), lambda: nn.l2_normalize(x, -1), lambda: tf.identity(x),
            lambda: (x - w(size)) * tf.math.rsqrt(tf.abs(w(size)) + 0.1),
            lambda: tf.clip_by_value(x, -1.0, 1.0), lambda: tf.square(x) * 0.3,
            lambda: tf.concat([x, alike()], -1)[..., ::2], lambda: tf.add_n([x, alike(), x]),
            lambda: tf.stop_gradient(x) * 0.5, lambda: self.norm(x, size), lambda: nn.relu(x + alike()),
            lambda: nn.relu(nn.bias_add(x, w(size))), lambda: tf.where(x > alike(), x, 0.1 * x)]
        vector = [
            lambda: tf.matmul(x, w(6, 6)), lambda: nn.relu(tf.matmul(x, w(6, 6)) + w(6)),
            lambda: nn.bias_add(tf.matmul(x, w(6, 6), transpose_b=True), w(6)),
            lambda: tf.matmul(nn.softmax(tf.matmul(x, x, transpose_b=True)), alike()),
            lambda: tf.matmul(nn.tanh(tf.matmul(x, w(6, 9)) + w(9)), w(9, 6)),
            lambda: tf.einsum("ni,ij->nj", x, w(6, 6)),
            lambda: tf.reshape(tf.matmul(tf.reshape(x, [-1, 3]), w(3, 3)), [-1, 6]),
            lambda: tf.gather(w(5, 6), tf.argmax(x, -1) % 5) * 1.0,
            lambda: tf.reduce_mean(tf.split(tf.matmul(x, w(6, 12)), 2, -1), 0),
            lambda: nn.gelu(nn.bias_add(tf.matmul(x, w(6, 6)), w(6))) + x]
        picture = [
            lambda: nn.conv2d(x, w(3, 3, 4, 4), 1, "SAME"),
            lambda: nn.relu(nn.bias_add(nn.conv2d(x, w(1, 1, 4, 4), 1, pad), w(4))),
            lambda: nn.depthwise_conv2d(x, w(3, 3, 4, 1), [1] * 4, "SAME"),
            lambda: self.batch_norm(nn.conv2d(x, w(3, 3, 4, 4), 1, "SAME")), lambda: self.batch_norm(x),
            lambda: nn.max_pool2d(x, 3, 1, "SAME"), lambda: nn.avg_pool2d(x, 2, 1, "SAME"),
            lambda: nn.relu(self.batch_norm(nn.conv2d(x, w(3, 1, 4, 4), 1, "SAME")) + alike()),
            lambda: nn.conv2d(x, w(3, 3, 4, 4), 1, "SAME", dilations=2),
            lambda: nn.conv2d(tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), w(3, 3, 4, 4), 1, "VALID"),
            lambda: x * nn.sigmoid(tf.reduce_mean(x, [1, 2], keepdims=True)),
            lambda: nn.depthwise_conv2d(nn.relu6(nn.conv2d(x, w(1, 1, 4, 8), 1, pad)), w(3, 3, 8, 1), [1] * 4,
                                        "SAME")[..., ::2],
            lambda: tf.reverse(x, [1]),
            lambda: nn.conv2d(x, w(3, 3, 2, 4), 1, "SAME")]
        roll = self.rng.random()
        if self.depth < 2 and roll < 0.06:
            return self.keep(env, [kind], [self.tf.cond(tf.reduce_sum(x) > 0,
                                                        lambda: self.block(env, 3)[kind][-1],
                                                       lambda: self.block(env, 2)[kind][-1])])
        if self.depth < 2 and roll < 0.1:
            count = self.rng.randrange(1, 4)
            inner = lambda i, v: (i + 1, tf.tanh(self.block(dict(env, **{kind: list(env[kind]) + [v]}),
                    count)[kind][-1]))
            return kind, tf.while_loop(lambda i, v: i < 3, inner, (0, x), (tf.TensorShape([]), x.shape))[1]
        if kind == "m" and roll < 0.15:
            return "s", tf.matmul(tf.reduce_mean(x, [1, 2]), w(4, 6))
        return kind, self.rng.choice(any_kind + 3 * (vector if kind == "s" else picture))()

    def norm(self, x, size):
        mean, var = self.tf.nn.moments(x, -1, keepdims=True)
        return self.tf.nn.batch_normalization(x, mean, var, self.weight(size), self.weight(size), 1e-3)

    def batch_norm(self, x):
        w = self.weight
        if self.rng.random() < 0.5:
            return self.tf.nn.batch_normalization(x, w(4), self.tf.abs(w(4)) + 0.2, w(4), w(4), 1e-3)
        return self.tf.compat.v1.nn.fused_batch_norm(x, w(4) + 0.0, w(4) + 0.0, w(4) + 0.0,
                                                     self.tf.abs(w(4)) + 0.2, is_training=False)[0]

    def run(self, x, y, set):
        tf = self.tf
        env = {"s": [tf.ensure_shape(x, [None, 6])], "m": [tf.ensure_shape(y, [None, None, None, 4])]}
        self.depth = -1
        env = self.block(env, self.rng.randrange(6, 26))
        out = {k + str(i): t for k in "sm" for i, t in enumerate(env[k][-3:])}
        for v in self.rng.sample(self.variables, min(self.rng.choice([0, 0, 2]), len(self.variables))):
            v.assign(v * tf.where(set > 2, 0.9, 1.0))
        loss = sum(tf.reduce_sum(t * t) for t in out.values())
        if self.rng.random() < 0.4:
            out["grad"], out["grad_m"] = [tf.clip_by_norm(g, 1.0) for g in tf.gradients(loss, [x, y],
                    unconnected_gradients="zero")]
        return out
