"""Gradients that are served."""
import numpy as np

from vision_groups import data, group, weights


@group
def saliency(tf):
    """Gradients inside what is served: heat maps, dreams, penalties, refinements."""
    nn, k1, k2, head = tf.nn, weights(3, 3, 3, 6), weights(3, 3, 6, 8), weights(8, 5)

    def features(x):
        return nn.elu(nn.conv2d(nn.relu(nn.conv2d(x, k1, 1, "SAME")), k2, 2, "SAME"))

    def logits(x):
        return tf.matmul(tf.reduce_mean(features(x), [1, 2]), head)

    def grad_cam(x):
        with tf.GradientTape() as tape:
            f = features(x)
            tape.watch(f)
            score = tf.reduce_max(tf.matmul(tf.reduce_mean(f, [1, 2]), head), 1)
        cam = nn.relu(
            tf.reduce_sum(f * tf.reduce_mean(tape.gradient(score, f), [1, 2], keepdims=True), -1,
                          keepdims=True))
        heat = tf.image.resize(cam / (tf.reduce_max(cam, [1, 2, 3], keepdims=True) + 1e-6),
                               tf.shape(x)[1:3], "bicubic")
        return {"heat": heat, "overlay": tf.image.grayscale_to_rgb(heat) * 0.4 + x * 0.6}

    def integrated(x, steps):
        """Integrated gradients, in a loop over alphas."""
        total = tf.zeros_like(x)
        for a in tf.linspace(0.0, 1.0, steps):
            with tf.GradientTape() as tape:
                y = x * a
                tape.watch(y)
                p = nn.softmax(logits(y))[:, 1]
            total += tape.gradient(p, y)
        return x * total / tf.cast(steps, tf.float32)

    def dream(x, seed):
        """Gradient ascent on a rolled image."""
        for i in tf.range(3):
            shift = tf.random.stateless_uniform([2], seed + i, -3, 3, tf.int32)
            rolled = tf.roll(x, shift, [1, 2])
            with tf.GradientTape() as tape:
                tape.watch(rolled)
                loss = tf.reduce_mean(
                    features(rolled)) - 0.01 * tf.reduce_mean(tf.image.total_variation(rolled))
            g = tape.gradient(loss, rolled)
            x = tf.clip_by_value(tf.roll(rolled + 0.1 * g / (tf.math.reduce_std(g) + 1e-6), -shift, [1, 2]),
                                 -1, 1)
        return x

    def penalty(x, y):
        """WGAN-GP: a gradient of a gradient."""
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                mixed = 0.3 * x + 0.7 * y
                inner.watch(mixed)
                score = tf.reduce_sum(logits(tf.tanh(mixed)))
            norm = tf.sqrt(tf.reduce_sum(inner.gradient(score, mixed)**2, [1, 2, 3]) + 1e-8)
            loss = tf.reduce_sum((norm - 1)**2)
        return {"norm": norm, "g": outer.gradient(loss, x)}

    def refine(x):
        """An image fitted by Adam in a while loop, with SSIM as its loss."""

        def body(i, y, m, v):
            with tf.GradientTape() as tape:
                tape.watch(y)
                loss = tf.reduce_sum(1 - tf.image.ssim(x, y, 1.0, filter_size=3)) + 0.1 * tf.reduce_sum(
                    tf.abs(tf.image.sobel_edges(y)))
            g = tape.gradient(loss, y)
            m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g * g
            return i + 1, tf.clip_by_value(y - 0.02 * m / (tf.sqrt(v) + 1e-3), 0, 1), m, v

        return tf.while_loop(lambda i, *_: i < 4, body,
                             (0, tf.ones_like(x) * 0.5, tf.zeros_like(x), tf.zeros_like(x)))[1]

    def of_images(x, boxes):
        """Gradients of image ops by their inputs."""
        f = {
            "crop":
            lambda t, b: tf.image.crop_and_resize(t, b, [0, 0], [3, 4])**2, "patches":
            lambda t, b: tf.image.extract_patches(t, [1, 2, 2, 1], [1, 2, 1, 1], [1, 1, 1, 1], "SAME")**2,
            "lrn":
            lambda t, b: nn.lrn(t, 1), "dilation":
            lambda t, b: nn.dilation2d(t, k1[:, :, :, 0], [1, 1, 1, 1], "SAME", "NHWC", [1, 1, 1, 1])**2,
            "pool":
            lambda t, b: nn.max_pool_with_argmax(t, 2, 1, "SAME")[0]**2, "depth":
            lambda t, b: nn.depthwise_conv2d(t, k1[:, :, :, :2], [1, 2, 2, 1], "SAME")**2, "up":
            lambda t, b: nn.conv2d_transpose(t, tf.transpose(
                k1, [0, 1, 3, 2]), tf.concat([tf.shape(t)[:1], tf.shape(t)[1:3] * 2, [6]], 0), 2)**2, "gray":
            lambda t, b: tf.image.rgb_to_grayscale(t)**2, "d2s":
            lambda t, b: nn.space_to_depth(
                tf.pad(t, [[0, 0], [1, 1], [2, 0], [0, 0]], "REFLECT")[:, :4, :4], 2)**2, "avg":
            lambda t, b: nn.avg_pool2d(t, 3, 2, "SAME")**2, "fft":
            lambda t, b: tf.abs(tf.signal.rfft2d(t[..., 0])), "norm":
            lambda t, b: nn.l2_normalize(t, -1)**3, "moments":
            lambda t, b: nn.moments(t, [1, 2])[1], "bn":
            lambda t, b: tf.compat.v1.nn.fused_batch_norm(t, tf.ones([3]), tf.zeros([3]))[0]**3, "psnr":
            lambda t, b: tf.image.psnr(t, t * 0.5, 1.0)
        }
        made = {}
        for name, g in f.items():
            with tf.GradientTape() as tape:
                tape.watch([x, boxes])
                y = tf.reduce_sum(g(x, boxes))
            grads = tape.gradient(y, [x, boxes])
            made[name] = grads[0]
            if grads[1] is not None:
                made[name + "_boxes"] = grads[1]
        return made

    def of_sounds(x):
        f = {
            "stft": lambda t: tf.abs(tf.signal.stft(t, 16, 8)), "istft":
            lambda t: tf.signal.inverse_stft(tf.signal.stft(t, 16, 8), 16, 8)**2, "dct":
            lambda t: tf.signal.dct(t, 2)**2, "frame":
            lambda t: tf.signal.overlap_and_add(tf.signal.frame(t, 8, 3), 3)**2, "irfft":
            lambda t: tf.signal.irfft(tf.cast(t, tf.complex64))**2, "mfcc":
            lambda t: tf.signal.mfccs_from_log_mel_spectrograms(tf.math.log(tf.abs(t) + 1e-1))**2, "cum":
            lambda t: tf.cumsum(t, 1, reverse=True)**2, "conv":
            lambda t: nn.conv1d(t[..., None], k1[0, :, :1, :4], 2, "SAME")**2
        }
        made = {}
        for name, g in f.items():
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.reduce_sum(g(x))
            made[name] = tape.gradient(y, x)
        return made

    def hessian(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = logits(x)[0]
        return {"jacobian": tape.jacobian(y, x), "by_loop": tape.jacobian(y, x, experimental_use_pfor=False)}

    @tf.custom_gradient
    def straight(x):
        return tf.round(x), lambda g: g

    def binarised(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(nn.conv2d(straight(x), tf.sign(k1), 1, "SAME")**2)
        return {"y": y, "g": tape.gradient(y, x)}

    images = [[data(1, 8, 8, 3)], [data(2, 7, 5, 3)], [data(1, 4, 4, 3)]]
    boxes = np.float32([[0.1, 0.1, 0.8, 0.9], [0.0, 0.3, 0.5, 1.1]])
    return {
        "grad_cam": (grad_cam, images + [[data(0, 8, 8, 3)]]), "integrated":
        (integrated, [x + [np.int32(n)] for x, n in zip(images, (4, 2, 1))]), "dream":
        (dream, [x + [np.int32([1, 2])] for x in images]), "penalty": (penalty, [[x[0], x[0][::-1] * 0.5]
                                                                                 for x in images]), "refine":
        (refine, [[np.abs(x[0])] for x in images]), "of_images":
        (of_images, [[np.abs(x[0]), boxes] for x in images]), "of_sounds": (of_sounds, [[data(1, 40)],
                                                                                        [data(2, 33)]]),
        "hessian": (hessian, [[data(1, 6, 6, 3)], [data(1, 3, 5, 3)]]), "binarised": (binarised, images)
    }
