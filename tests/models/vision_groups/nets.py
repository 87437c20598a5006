"""Whole nets of vision."""
import numpy as np

from vision_groups import data, group, kept, unit, weights


@group
def nets(tf):
    """Segmentation, super-resolution, style, GANs, warps, rays, video and reading."""
    nn, k = tf.nn, tf.keras.layers
    w = {
        s: weights(*s, seed=i)
        for i, s in enumerate([(3, 3, 3, 8), (3, 3, 8, 8), (1, 1, 8, 4), (1, 1, 8, 12), (3, 3, 8,
                                                                                         12), (5, 5, 3, 3)])
    }

    def deeplab(x):
        y = nn.relu6(nn.conv2d(x, w[3, 3, 3, 8], 2, "SAME"))
        size = tf.shape(y)[1:3]
        aspp = [nn.conv2d(y, w[1, 1, 8, 4], 1, "SAME")
                ] + [nn.conv2d(y, w[3, 3, 8, 8], 1, "SAME", dilations=r) for r in (2, 4)]
        pooled = tf.image.resize(tf.reduce_mean(y, [1, 2], keepdims=True), size)
        logits = tf.image.resize(tf.concat(aspp + [pooled], -1)[..., :5], tf.shape(x)[1:3])
        labels = tf.argmax(logits, -1, tf.int32)
        return {
            "labels":
            labels, "p":
            nn.softmax(logits), "count":
            tf.math.bincount(tf.reshape(labels, [-1]), minlength=5), "color":
            tf.gather(tf.constant([[0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 9, 9]], tf.uint8),
                      labels)
        }

    def fcn(x):
        y = nn.max_pool2d(nn.relu(nn.conv2d(x, w[3, 3, 3, 8], 1, "SAME")), 2, 2, "SAME")
        skip = nn.conv2d(y, w[1, 1, 8, 4], 1, "SAME")
        deep = nn.conv2d(nn.max_pool2d(y, 2, 2, "SAME"), w[1, 1, 8, 4], 1, "SAME")
        up = nn.conv2d_transpose(deep, up4, tf.shape(skip), 2)
        return tf.cast(
            tf.argmax(nn.conv2d_transpose(up + skip, up4, tf.concat([tf.shape(x)[:3], [4]], 0), 2), -1),
            tf.uint8)

    up4 = weights(4, 4, 4, 4)

    def espcn(x):
        y = nn.tanh(nn.conv2d(x, w[3, 3, 3, 8], 1, "SAME"))
        y = nn.depth_to_space(nn.conv2d(y, w[3, 3, 8, 12], 1, "SAME"), 2)
        return tf.clip_by_value(y + tf.image.resize(x, 2 * tf.shape(x)[1:3], "bicubic"), 0, 1) * 255

    def instance_norm(x, gamma, beta):
        mean, var = nn.moments(x, [1, 2], keepdims=True)
        return nn.batch_normalization(x, mean, var, beta, gamma, 1e-3)

    def style(x, which):
        """Conditional instance norm: a mix of styles."""
        y = nn.conv2d(tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], "REFLECT"), w[3, 3, 3, 8], 1, "VALID")
        gamma, beta = tf.split(tf.matmul(which, styles), 2, 1)
        y = nn.relu(instance_norm(y, gamma[:, None, None] + 1, beta[:, None, None]))
        gram = tf.linalg.einsum("bijc,bijd->bcd", y, y) / tf.cast(tf.size(y[0, ..., 0]), tf.float32)
        y = tf.repeat(tf.repeat(y, 2, 1), 2, 2)
        return {"y": tf.sigmoid(nn.conv2d(y, w[3, 3, 8, 12], 2, "SAME")), "gram": gram}

    styles = weights(3, 16)

    def upfirdn(x, z):
        """StyleGAN's modulated convolution, noise and filtered upsampling."""
        z = z * tf.math.rsqrt(tf.reduce_mean(z**2, 1, keepdims=True) + 1e-8)
        s = tf.matmul(z, styles)[:, :8] + 1
        n, h, wd = tf.shape(x)[0], tf.shape(x)[1], tf.shape(x)[2]
        kernel = w[3, 3, 8, 8][None] * s[:, None, None, :, None]
        kernel *= tf.math.rsqrt(tf.reduce_sum(kernel**2, [1, 2, 3], keepdims=True) + 1e-8)
        y = tf.map_fn(lambda a: nn.conv2d(a[0][None], a[1], 1, "SAME")[0], (x, kernel),
                      fn_output_signature=tf.float32)
        y = tf.reshape(tf.pad(y[:, :, None, :, None], [[0, 0], [0, 0], [0, 1], [0, 0], [0, 1], [0, 0]]),
                       [n, h * 2, wd * 2, 8])
        fir = np.outer([1, 3, 3, 1], [1, 3, 3, 1]).astype(np.float32) / 16
        y = nn.depthwise_conv2d(tf.pad(y, [[0, 0], [2, 1], [2, 1], [0, 0]]),
                                tf.tile(tf.constant(fir)[:, :, None, None], [1, 1, 8, 1]), [1, 1, 1, 1],
                                "VALID")
        std = tf.sqrt(tf.math.reduce_variance(y, 0) + 1e-8)
        return {"y": nn.leaky_relu(y, 0.2) * np.float32(np.sqrt(2)), "std": tf.reduce_mean(std)}

    def warp(image, flow):
        """dense_image_warp."""
        n, h, wd, c = tf.unstack(tf.shape(image))
        grid = tf.cast(tf.stack(tf.meshgrid(tf.range(h), tf.range(wd), indexing="ij"), -1)[None],
                       tf.float32) - flow
        flat = tf.reshape(image, [n, h * wd, c])
        floor = [
            tf.clip_by_value(tf.floor(q), 0.0, tf.cast(size - 2, tf.float32))
            for q, size in zip(tf.unstack(grid, axis=-1), (h, wd))
        ]
        alpha = [
            tf.clip_by_value(q - f, 0.0, 1.0)[..., None] for q, f in zip(tf.unstack(grid, axis=-1), floor)
        ]
        y, x = (tf.cast(f, tf.int32) for f in floor)
        at = lambda a, b: tf.reshape(tf.gather(flat, tf.reshape(a * wd + b, [n, -1]), batch_dims=1),
                                     tf.shape(image))
        top, low = (alpha[1] * (at(r, x + 1) - at(r, x)) + at(r, x) for r in (y, y + 1))
        return alpha[0] * (low - top) + top

    def transformer(image, theta):
        """Spatial transformer: an affine grid, and ImageProjectiveTransform for the same."""
        h, wd = tf.shape(image)[1], tf.shape(image)[2]
        y, x = tf.meshgrid(tf.linspace(-1.0, 1.0, h), tf.linspace(-1.0, 1.0, wd), indexing="ij")
        ones = tf.ones_like(tf.reshape(x, [-1]))
        grid = tf.matmul(tf.reshape(theta, [-1, 2, 3]),
                         tf.stack([tf.reshape(x, [-1]), tf.reshape(y, [-1]), ones])[None])
        made = {"grid": grid}
        flat = tf.concat([theta, tf.zeros([tf.shape(theta)[0], 2])], 1)
        for fill in ("REFLECT", "WRAP", "CONSTANT", "NEAREST"):
            for how in ("BILINEAR", "NEAREST"):
                made[fill + how] = tf.raw_ops.ImageProjectiveTransformV3(images=image, transforms=flat,
                                                                         output_shape=[h + 1,
                                                                                       wd], fill_value=0.5,
                                                                         interpolation=how, fill_mode=fill)
        return made

    def correlation(a, b):
        """Optical flow's cost volume, and iterations of a warp."""
        pads = tf.pad(b, [[0, 0], [2, 2], [2, 2], [0, 0]])
        h, wd = tf.shape(a)[1], tf.shape(a)[2]
        cost = tf.concat([
            tf.reduce_mean(a * tf.slice(pads, [0, i, j, 0], [-1, h, wd, -1]), 3, keepdims=True)
            for i in range(0, 5, 2) for j in range(0, 5, 2)
        ], 3)
        flow = tf.zeros_like(a[..., :2])
        for _ in tf.range(3):
            flow += nn.conv2d(cost, flow_w, 1, "SAME") + 0.1 * warp(flow, flow)
        return flow

    flow_w = weights(3, 3, 9, 2)

    def nerf(origins, directions):
        """Rays marched through a small field, chunk by chunk."""
        t = tf.linspace(0.5, 2.0, 8)

        def march(args):
            o, d = args
            p = o[None] + d[None] * t[:, None]
            code = tf.concat([p] + [f(p * 2.0**i) for i in range(2) for f in (tf.sin, tf.cos)], -1)
            raw = tf.matmul(nn.relu(tf.matmul(code, field_a)), field_b)
            alpha = 1 - tf.exp(-nn.softplus(raw[:, 3]) * tf.concat([t[1:] - t[:-1], [1e3]], 0))
            through = tf.math.cumprod(1 - alpha + 1e-10, exclusive=True)
            weight = alpha * through
            return tf.reduce_sum(weight[:, None] * tf.sigmoid(raw[:, :3]),
                                 0), tf.reduce_sum(weight * t), tf.math.cumsum(weight, reverse=True)

        rgb, depth, acc = tf.map_fn(march, (origins, tf.math.l2_normalize(directions, -1)),
                                    fn_output_signature=(tf.float32, ) * 3)
        cdf = tf.concat([tf.zeros_like(acc[:, :1]), tf.cumsum(acc, 1)], 1)
        at = tf.searchsorted(cdf, tf.tile(tf.constant([[0.3, 0.9]]), [tf.shape(cdf)[0], 1]), side="right")
        return {"rgb": rgb, "depth": depth, "at": at}

    field_a, field_b = weights(15, 16), weights(16, 4)

    conv_lstm, conv_lstm3, lstm = kept(k.ConvLSTM2D(4, 3, padding="same", return_sequences=True)), kept(
        k.ConvLSTM1D(3, 2, strides=2, return_state=True)), None
    conv3, shift = kept(k.Conv3D(4, (3, 3, 3), strides=(1, 2, 2), padding="same")), None

    def video(x):
        y = nn.relu(conv3(x))
        fold = tf.shape(y)[-1] // 4
        left = tf.pad(y[:, 1:, ..., :fold], [[0, 0], [0, 1], [0, 0], [0, 0], [0, 0]])
        right = tf.pad(y[:, :-1, ..., fold:2 * fold], [[0, 0], [1, 0], [0, 0], [0, 0], [0, 0]])
        y = tf.concat([left, right, y[..., 2 * fold:]], -1)
        return {
            "y": nn.max_pool3d(y, 2, 2, "SAME"), "avg": nn.avg_pool3d(y, [1, 3, 3], 1, "SAME"), "mean":
            tf.reduce_mean(y, [1, 2, 3]), "memory": conv_lstm(x[:, :, ::2])
        }

    def memory1d(x):
        return conv_lstm3(x)

    gru = kept(k.Bidirectional(k.GRU(6, return_sequences=True)))
    read_w = weights(12, 7)

    def crnn(x, lengths):
        y = nn.relu(nn.conv2d(x, ocr_w, [1, 2, 2, 1], "SAME"))
        n, wd = tf.shape(y)[0], tf.shape(y)[2]
        y = tf.reshape(tf.transpose(y, [0, 2, 1, 3]), [n, wd, 4 * 4])
        logits = tf.transpose(tf.tensordot(gru(y), read_w, 1) * 4, [1, 0, 2])
        greedy, score = nn.ctc_greedy_decoder(logits, lengths, merge_repeated=True)
        beams, p = nn.ctc_beam_search_decoder(logits, lengths, 5, 2)
        text = tf.gather(tf.constant(list("abcdef?")), tf.sparse.to_dense(greedy[0], default_value=6))
        return {
            "text": tf.strings.reduce_join(text, -1), "score": score, "beam0":
            tf.sparse.to_dense(beams[0], -1), "beam1": tf.sparse.to_dense(beams[1], -1), "p": p
        }

    ocr_w = weights(3, 3, 1, 4)

    def faces(x, gallery):
        y = nn.l2_normalize(tf.reduce_mean(nn.conv2d(x, w[3, 3, 3, 8], 2, "SAME"), [1, 2]), 1, 1e-10)
        d = tf.reduce_sum(tf.math.squared_difference(y[:, None], nn.l2_normalize(gallery, 1)[None]), -1)
        return {
            "distance": d, "who": tf.argmin(d, 1), "known": tf.reduce_any(d < 1.0, 1), "angle":
            tf.acos(tf.clip_by_value(1 - d / 2, -1, 1))
        }

    def posenet(heat, offsets):
        """Keypoints: the hottest cell of each, and its offset."""
        n, h, wd, c = tf.unstack(tf.shape(heat))
        flat = tf.argmax(tf.reshape(heat, [n, h * wd, c]), 1, tf.int32)
        y, x = flat // wd, tf.math.floormod(flat, wd)
        part = tf.tile(tf.range(c)[None], [n, 1])
        at = lambda kk: tf.gather_nd(offsets, tf.stack([y, x, kk], -1), batch_dims=1)
        score = tf.gather_nd(tf.sigmoid(heat), tf.stack([y, x, part], -1), batch_dims=1)
        soft = nn.softmax(tf.reshape(heat * 10, [n, h * wd, c]), 1)
        grid = tf.cast(tf.reshape(tf.stack(tf.meshgrid(tf.range(wd), tf.range(h)), -1), [1, h * wd, 1, 2]),
                       tf.float32)
        return {
            "at": tf.stack([tf.cast(y, tf.float32) * 8 + at(part),
                            tf.cast(x, tf.float32) * 8 + at(part + c)], -1), "score": score, "soft":
            tf.reduce_sum(soft[..., None] * grid, 1)
        }

    def vit(x):
        n = tf.shape(x)[0]
        y = tf.reshape(nn.conv2d(x, patch_w, 4, "VALID"), [n, -1, 8])
        y = tf.concat([tf.tile(token, [n, 1, 1]), y], 1)
        side = tf.cast(tf.sqrt(tf.cast(tf.shape(y)[1] - 1, tf.float32)) + 0.5, tf.int32)
        position = tf.reshape(tf.image.resize(tf.reshape(place, [1, 3, 3, 8]), [side, side], "bicubic"),
                              [1, -1, 8])
        y += tf.concat([tf.zeros([1, 1, 8]), position], 1)
        return attention(y, y, return_attention_scores=True)

    patch_w, token, place, attention = weights(4, 4, 3,
                                               8), weights(1, 1,
                                                           8), weights(9, 8), kept(k.MultiHeadAttention(2, 4))

    def swin(x):
        """Shifted windows: roll, partition, attend, reverse."""
        n, h, wd = tf.shape(x)[0], tf.shape(x)[1], tf.shape(x)[2]
        x = tf.roll(x, [-1, -1], [1, 2])
        win = tf.reshape(tf.transpose(tf.reshape(x, [n, h // 2, 2, wd // 2, 2, 8]), [0, 1, 3, 2, 4, 5]),
                         [-1, 4, 8])
        a = nn.softmax(tf.matmul(win, win, transpose_b=True) * 8**-0.5 + bias4)
        y = tf.reshape(tf.matmul(a, win), [n, h // 2, wd // 2, 2, 2, 8])
        return tf.roll(tf.reshape(tf.transpose(y, [0, 1, 3, 2, 4, 5]), [n, h, wd, 8]), [1, 1], [1, 2])

    bias4 = weights(1, 4, 4)

    images = [[unit(*s)] for s in ((1, 8, 8, 3), (2, 11, 7, 3), (0, 8, 8, 3), (1, 1, 1, 3), (1, 32, 24, 3))]
    clips, pairs = [[data(1, 4, 6, 6, 3)], [data(2, 2, 5, 8, 3)], [data(1, 1, 2, 2, 3)]], [((1, 6, 6), 1),
                                                                                           ((2, 5, 9), 2),
                                                                                           ((1, 2, 2), 3)]
    return {
        "deeplab": (deeplab, images),
        "fcn": (fcn, images),
        "espcn": (espcn, images),
        "style": (style, [[unit(1, 8, 8, 3), unit(1, 3)], [unit(2, 5, 9, 3), unit(2, 3)],
                          [unit(2, 5, 9, 3), unit(1, 3)], [unit(1, 1, 1, 3), unit(1, 3)]]),
        "upfirdn": (upfirdn, [[data(1, 4, 4, 8), data(1, 3)], [data(3, 2, 5, 8), data(3, 3)],
                              [data(1, 1, 1, 8), data(1, 3)]]),
        "warp": (warp, [[unit(*s, 3), data(*s, 2, seed=i) * 3] for s, i in pairs]),
        "correlation": (correlation, [[unit(*s, 4), unit(*s, 4, seed=i)] for s, i in pairs]),
        "transformer": (transformer, [[unit(1, 6, 5, 2),
                                       np.float32([[0.9, 0.2, 0.5, -0.3, 1.1, 0.2]])],
                                      [unit(2, 4, 9, 2), data(2, 6)], [unit(2, 4, 9, 2),
                                                                       data(1, 6)],
                                      [unit(2, 4, 9, 2), data(3, 6)], [unit(0, 4, 9, 2),
                                                                       data(0, 6)]]),
        "nerf": (nerf, [[data(5, 3), data(5, 3, seed=2)], [data(1, 3), data(1, 3, seed=2)]]),
        "video": (video, clips),
        "memory1d": (memory1d, [[data(2, 3, 6, 2)], [data(1, 1, 9, 2)]]),
        "crnn": (crnn, [[unit(1, 8, 20, 1), np.int32([10])], [unit(3, 8, 9, 1),
                                                              np.int32([5, 3, 0])],
                        [unit(1, 8, 9, 1), np.int32([9])]]),
        "faces": (faces, [[x[0], data(4, 8)] for x in images]),
        "posenet": (posenet, [[data(1, 5, 5, 3), data(1, 5, 5, 6)], [data(2, 4, 9, 3),
                                                                     data(2, 4, 9, 6)]]),
        "vit": (vit, [[unit(1, 12, 12, 3)], [unit(2, 16, 16, 3)], [unit(1, 4, 4, 3)], [unit(1, 8, 12, 3)]]),
        "swin": (swin, [[data(1, 4, 4, 8)], [data(2, 6, 2, 8)], [data(1, 5, 4, 8)]]),
    }
