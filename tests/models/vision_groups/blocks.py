"""What nets are made of."""
import numpy as np

from vision_groups import data, group, pixels, unit, weights


@group
def blocks(tf):
    """Convolution, bias, norm and activation in every order and type; what optimisers fuse."""
    nn, norm = tf.nn, tf.compat.v1.nn.fused_batch_norm
    conv, dense, bias = weights(3, 3, 4, 4), weights(4, 4), weights(4, seed=8)
    scale, shift, mean, var = 1 + 0.3 * weights(4, seed=9), weights(4,
                                                                    seed=10), weights(4,
                                                                                      seed=11), 0.5 + unit(4)
    depth = weights(3, 3, 4, 1)
    acts = {
        "relu": nn.relu, "relu6": nn.relu6, "leaky": lambda x: nn.leaky_relu(x, 0.1), "leaky0":
        lambda x: nn.leaky_relu(x, 0.0), "leaky2": lambda x: nn.leaky_relu(x, 2.0), "elu": nn.elu, "selu":
        nn.selu, "swish": nn.silu, "swish_by_hand": lambda x: x * tf.sigmoid(x), "hard_swish":
        lambda x: x * nn.relu6(x + 3) / 6, "hard_sigmoid": lambda x: nn.relu6(x + 3) * 0.16667, "gelu":
        nn.gelu, "gelu_tanh": lambda x: nn.gelu(x, True), "gelu_by_hand": lambda x: 0.5 * x *
        (1 + tf.math.erf(x / np.float32(np.sqrt(2)))), "gelu_quick": lambda x: x * tf.sigmoid(1.702 * x),
        "mish": lambda x: x * tf.tanh(nn.softplus(x)), "tanh": tf.tanh, "sigmoid": tf.sigmoid, "softplus":
        nn.softplus, "softsign": nn.softsign, "prelu": lambda x: nn.relu(x) - bias * nn.relu(-x), "abs":
        lambda x: tf.maximum(x, 0.1 * x), "square": tf.square, "crelu": nn.crelu
    }

    def fused(act):

        def f(x):
            y = act(nn.bias_add(nn.conv2d(x, conv, 1, "SAME"), bias))
            z = act(
                norm(nn.conv2d(x, conv, 2, "SAME"), scale, shift, mean, var, epsilon=1e-3,
                     is_training=False)[0])
            d = act(nn.depthwise_conv2d(x, depth, [1, 1, 1, 1], "SAME") + bias)
            m = act(tf.matmul(tf.reshape(x, [-1, 4]), dense) + bias)
            r = act(nn.conv2d(x, conv, 1, "SAME") + bias + x)
            return {"conv": y, "bn": z, "depth": d, "dense": m, "residual": r}

        return f

    def squeeze(x):
        s = tf.reduce_mean(x, [1, 2], keepdims=True)
        s = tf.sigmoid(
            nn.conv2d(nn.relu(nn.conv2d(s, conv[:1, :1], 1, "SAME") + bias), conv[1:2, 1:2], 1, "SAME"))
        c = tf.sigmoid(nn.conv1d(tf.reduce_mean(x, [1, 2])[..., None], eca, 1, "SAME")[:, None, None, :, 0])
        both = tf.concat([tf.reduce_max(x, -1, keepdims=True), tf.reduce_mean(x, -1, keepdims=True)], -1)
        return {
            "se": x * s, "eca": x * c, "cbam": x * tf.sigmoid(nn.conv2d(both, cbam, 1, "SAME")), "scse":
            tf.maximum(x * s, x * tf.sigmoid(tf.reduce_sum(x, -1, keepdims=True)))
        }

    eca, cbam = weights(3, 1, 1), weights(7, 7, 2, 1)

    def residuals(x, row):
        y = nn.conv2d(x, conv, 1, "SAME")
        return {
            "row": nn.relu(y + row), "left": nn.relu(row + y), "pixel": nn.relu(y + x[:, :1, :1]), "channel":
            y + x[..., :1], "self": y + y, "twice": nn.relu(y + bias) + y, "sub": nn.relu(y - x), "mul":
            nn.relu(y * scale + shift), "chain": y + x + row + bias, "scalar": nn.relu6(y + 1.5)
        }

    def shuffle(x):
        n, h, w = tf.shape(x)[0], tf.shape(x)[1], tf.shape(x)[2]
        y = tf.reshape(tf.transpose(tf.reshape(x, [n, h, w, 2, 2]), [0, 1, 2, 4, 3]), [n, h, w, 4])
        a, b = tf.split(y, 2, -1)
        b = nn.depthwise_conv2d(b, depth[:, :, :2], [1, 1, 1, 1], "SAME")
        return tf.concat([a, nn.relu(b)], -1)

    def dense_net(x):
        for i in range(4):
            y = norm(x, scale[:1] + tf.zeros([4 + i * 2]), tf.zeros([4 + i * 2]), tf.zeros([4 + i * 2]),
                     tf.ones([4 + i * 2]), is_training=False)[0]
            x = tf.concat([x, nn.conv2d(nn.relu(y), grow[i], 1, "SAME")], -1)
        return nn.avg_pool2d(x, 2, 2, "SAME")

    grow = [weights(3, 3, 4 + i * 2, 2) for i in range(4)]

    def norms(x):
        g = tf.reshape(x, tf.concat([tf.shape(x)[:3], [2, 2]], 0))
        m, v = nn.moments(g, [1, 2, 4], keepdims=True)
        group = tf.reshape((g - m) * tf.math.rsqrt(v + 1e-5), tf.shape(x)) * scale + shift
        train, bm, bv = norm(x, scale, shift, epsilon=1e-3, is_training=True)
        grn = tf.norm(x, axis=[1, 2], keepdims=True)
        return {
            "group": group, "train": train, "bm": bm, "bv": bv, "grn":
            x * grn / (tf.reduce_mean(grn, -1, keepdims=True) + 1e-6) + x, "weighted":
            nn.weighted_moments(x, [1, 2], tf.abs(x))[1], "by_hand":
            nn.batch_normalization(x, mean, var, shift, scale, 1e-3), "after":
            nn.relu(nn.conv2d(x, conv, 1, "SAME") * scale / tf.sqrt(var) + shift), "suff":
            nn.normalize_moments(*nn.sufficient_statistics(x, [0, 1, 2])[:3], None)[1]
        }

    def half(dtype):
        c = lambda t: tf.cast(t, dtype)

        def f(x):
            y = nn.relu(nn.bias_add(nn.conv2d(c(x), c(conv), 1, "SAME"), c(bias)))
            z = nn.depthwise_conv2d(y, c(depth), [1, 2, 2, 1], "SAME")
            b = norm(z, scale, shift, mean, var, is_training=False)[0]
            p = nn.avg_pool2d(nn.max_pool2d(b, 2, 1, "SAME"), 2, 1, "SAME")
            return {
                "y": tf.cast(y, tf.float32), "p": tf.cast(nn.softmax(tf.reshape(p, [tf.shape(x)[0], -1])),
                                                          tf.float32), "raw":
                tf.round(tf.cast(p, tf.float32) * 8)
            }

        return f

    def quantised(x):
        """uint8 in; fake quantisation around a net; a table of scales; uint8 out."""
        y = (tf.cast(x, tf.float32) - 127.0) / 128.0
        y = tf.quantization.fake_quant_with_min_max_args(y, -1, 1)
        q = tf.quantization.fake_quant_with_min_max_vars_per_channel(conv, tf.reduce_min(conv, [0, 1, 2]),
                                                                     tf.reduce_max(conv, [0, 1, 2]),
                                                                     narrow_range=True)
        y = tf.quantization.fake_quant_with_min_max_vars(nn.relu6(nn.conv2d(y, q, 1, "SAME") + bias), 0.0,
                                                         6.0)
        out = tf.quantization.quantize(y, 0.0, 6.0, tf.quint8)
        deq = tf.quantization.dequantize(out.output, 0.0, 6.0)
        qdq = tf.quantization.quantize_and_dequantize_v2(y, 0.0, 6.0, range_given=True)
        return {
            "y": y, "u8": tf.bitcast(out.output, tf.uint8), "deq": deq, "qdq": qdq, "sat":
            tf.saturate_cast(tf.round(y * 60), tf.uint8), "bits": tf.bitwise.right_shift(x, 1)
        }

    def ints(x):
        y = tf.cast(x, tf.int32)
        mean = tf.reduce_sum(y, [1, 2]) // tf.maximum(tf.shape(x)[1] * tf.shape(x)[2], 1)
        return {
            "mean": mean, "max": tf.reduce_max(x, 3), "hist":
            tf.histogram_fixed_width(tf.cast(x, tf.float32), [0.0, 255.0],
                                     8), "pool": nn.max_pool2d(x, 2, 2, "SAME"), "cum":
            tf.cumsum(y, 1)[:, ::2], "equal": tf.reduce_all(x == tf.reverse(x, [2])), "wrap": x * 3 + 7,
            "pad": tf.pad(x, [[0, 0], [1, 0], [0, 1], [0, 0]], constant_values=9)
        }

    sizes = ((1, 6, 6, 4), (2, 5, 3, 4), (0, 6, 6, 4), (1, 1, 1, 4), (3, 16, 9, 4))
    images = [[data(*s) * 3] for s in sizes]
    made = {name: (fused(act), images) for name, act in acts.items()}
    made.update({f.__name__: (f, images) for f in (squeeze, shuffle, dense_net, norms)})
    rows = [data(*s) for s in ((4, ), (1, 3, 4), (1, 1, 1, 4), (4, ), (3, 1, 9, 1))]
    made.update(residuals=(residuals, [x + [r] for x, r in zip(images, rows)]),
                quantised=(quantised, [[pixels(*s)] for s in sizes]),
                ints=(ints, [[pixels(*s)] for s in sizes]))
    return made
