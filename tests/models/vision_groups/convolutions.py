"""Convolutions and pools of unusual shape."""
from vision_groups import data, group, kept, weights


@group
def convolutions(tf):
    """Convolutions and pools of unusual shape."""
    nn, k = tf.nn, tf.keras.layers
    w33, w15, dw = weights(3, 3, 4, 6), weights(1, 5, 4, 6), weights(3, 3, 4, 2)
    grouped, bias, point = weights(3, 3, 2, 6), weights(6), weights(1, 1, 8, 5)

    def shapes(x):
        return {
            "explicit": nn.conv2d(x, w33, [1, 2, 1, 1], [[0, 0], [2, 0], [0, 3], [0, 0]]), "dilated":
            nn.conv2d(x, w33, 1, "SAME",
                      dilations=[1, 2, 3, 1]), "huge": nn.conv2d(x, w33, [1, 9, 7, 1], "SAME"), "row":
            nn.conv2d(x, w15, [1, 1, 2, 1], "SAME"), "grouped": nn.conv2d(x, grouped, 2, "SAME"), "atrous":
            nn.atrous_conv2d(x, w33, 2,
                             "SAME"), "depth": nn.depthwise_conv2d(x, dw, [1, 1, 1, 1], "SAME",
                                                                   dilations=[2, 2]), "depth2":
            nn.depthwise_conv2d(x, dw, [1, 2, 2, 1], [[0, 0], [1, 2], [0, 1], [0, 0]]), "separable":
            nn.separable_conv2d(x, dw, point, [1, 2, 2, 1],
                                "SAME"), "with_pool": nn.convolution(x, w33, strides=[1, 2], padding="SAME"),
            "padded": nn.conv2d(tf.pad(x, [[0, 0], [1, 1], [2, 0], [0, 0]]), w33, 1, "VALID"), "reflected":
            nn.conv2d(tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC"), w33, 2, "VALID")
        }

    def dilated_valid(x):
        return {
            "space":
            nn.with_space_to_batch(x, [2, 2], "VALID", lambda y, *_: nn.conv2d(y, w33, 1, "VALID"), [3, 3]),
            "dilated":
            nn.conv2d(x, w33, 1, "VALID", dilations=2), "depth":
            nn.depthwise_conv2d(x, dw, [1, 1, 1, 1], "VALID", dilations=[1, 2])
        }

    def nchw(x):
        return nn.conv2d(x, w33, [1, 1, 2, 2], "SAME", data_format="NCHW")

    def nchw_pool(x):
        return nn.max_pool2d(x, 2, 2, "VALID", data_format="NCHW")

    def nchw_bias(x):
        return nn.bias_add(x, bias[:4], data_format="NCHW") + nn.bias_add(x, bias[:4], "NCHW")

    up = [
        k.Conv2DTranspose(3, 3, 2, "valid", output_padding=1),
        k.Conv2DTranspose(3, (2, 4), (2, 3), "same"),
        k.Conv2DTranspose(2, 3, dilation_rate=2),
        k.Conv2DTranspose(3, 5, 3, "same", output_padding=(0, 2)),
        k.Conv3DTranspose(2, 2, 2),
        k.Conv1DTranspose(3, 4, 3, output_padding=1),
        k.SeparableConv2D(5, 3, 2, "same", depth_multiplier=2),
        k.DepthwiseConv2D(3, dilation_rate=2, padding="same"),
        k.Conv2D(6, 3, groups=2, dilation_rate=2, padding="same"),
        k.Conv1D(6, 3, groups=2, padding="causal", dilation_rate=2),
        k.Conv3D(4, (1, 3, 2), (2, 1, 1), "same"),
        k.Conv3D(3, 2, dilation_rate=(1, 2, 1), padding="same")
    ]
    names = ("transpose", "transpose_wide", "transpose_dilated", "transpose_pad", "cubes_up", "line_up",
             "separable", "depth_dilated", "groups", "causal", "video", "video_dilated")
    sizes = {
        4: ((2, 5, 6, 4), (1, 9, 7, 4), (0, 5, 6, 4), (1, 5, 5, 4)), 3: ((2, 7, 4), (1, 12, 4), (0, 7, 4)), 5:
        ((1, 4, 5, 5, 2), (2, 3, 6, 4, 2), (0, 4, 5, 5, 2))
    }
    ranks = {"cubes_up": 5, "line_up": 3, "causal": 3, "video": 5, "video_dilated": 5}
    made = {}
    for name, layer in zip(names, up):
        rank = ranks.get(name, 4)
        layer.build([None] * (rank - 1) + [sizes[rank][0][-1]])
        made[name] = (lambda x, f=kept(layer): tf.nn.relu(f(x)), [[data(*s)] for s in sizes[rank]])

    def output_shape(x):
        """conv2d_transpose to a shape of its own."""
        s = tf.shape(x)
        return nn.conv2d_transpose(x, dw_up, tf.stack([s[0], s[1] * 2 - 1, s[2] * 2, 5]), [1, 2, 2, 1],
                                   "SAME")

    dw_up = weights(3, 3, 5, 4)

    def pools(x):
        y, where = nn.max_pool_with_argmax(x, 2, 2, "SAME")
        shape = tf.shape(x, tf.int64)
        batch_where = nn.max_pool_with_argmax(x, [2, 3], [1, 2], "VALID", include_batch_in_index=True)[1]
        unpooled = tf.reshape(
            tf.scatter_nd(
                tf.reshape(nn.max_pool_with_argmax(x, 2, 2, "SAME", include_batch_in_index=True)[1], [-1, 1]),
                tf.reshape(y, [-1]),
                tf.reduce_prod(shape)[None]), shape)
        return {
            "y": y, "where": where, "unpooled": unpooled, "with_batch": batch_where, "avg":
            nn.avg_pool2d(x, [3, 2], [2, 3],
                          "SAME"), "explicit": nn.max_pool2d(x, 3, 2, [[0, 0], [1, 0], [1, 1], [0, 0]]),
            "deep": nn.max_pool2d(x, [1, 1, 1, 2], [1, 1, 1, 2], "VALID"), "avg1":
            nn.avg_pool(x, 1, 3, "VALID"), "pool": nn.pool(x, [1, 1], "AVG", [1, 1], "VALID",
                                                           dilations=[2, 1])
        }

    def fractional(x):
        y, rows, cols = nn.fractional_max_pool(x, [1, 1.44, 1.73, 1], pseudo_random=True, overlapping=True,
                                               seed=5)
        z, *_ = nn.fractional_avg_pool(x, [1, 1.5, 1.2, 1], pseudo_random=False, seed=3)
        return y, rows, cols, z

    def morphology(x):
        f = grouped[:, :, 0, :4] * 0.1
        opened = nn.dilation2d(nn.erosion2d(x, f, [1, 1, 1, 1], "SAME", "NHWC", [1, 1, 1, 1]), f,
                               [1, 1, 1, 1], "SAME", "NHWC", [1, 1, 1, 1])
        return {
            "opened": opened, "top_hat": x - opened, "dilated":
            nn.dilation2d(x, f, [1, 2, 1, 1], "SAME", "NHWC", [1, 2, 2, 1])
        }

    def rearranged(x):
        y = nn.depth_to_space(nn.conv2d(x, point8, 1, "SAME"), 2)
        return {
            "up":
            y, "same":
            nn.space_to_depth(y, 2), "lrn":
            nn.local_response_normalization(x, 2, 1.0, 1e-2, 0.75), "l2":
            nn.l2_normalize(x, [1, 2]), "shuffle":
            tf.reshape(tf.transpose(tf.reshape(x, tf.concat([tf.shape(x)[:3], [2, 2]], 0)), [0, 1, 2, 4, 3]),
                       tf.shape(x))
        }

    point8 = weights(1, 1, 4, 8)

    def blocks(x):
        """space_to_batch of what divides and what must be padded."""
        h, w = tf.shape(x)[1], tf.shape(x)[2]
        pads, crops = tf.required_space_to_batch_paddings([h, w], [2, 3])
        y = tf.space_to_batch(x, [2, 3], pads)
        return {"y": y, "back": tf.batch_to_space(nn.conv2d(y, w33, 1, "SAME"), [2, 3], crops), "pads": pads}

    def involution(x):
        n, h, w = tf.shape(x)[0], tf.shape(x)[1], tf.shape(x)[2]
        kernel = tf.reshape(nn.conv2d(x, point9, 1, "SAME"), [n, h, w, 9, 1])
        patches = tf.reshape(tf.image.extract_patches(x, [1, 3, 3, 1], [1, 1, 1, 1], [1, 1, 1, 1], "SAME"),
                             [n, h, w, 9, 4])
        return tf.reduce_sum(kernel * patches, 3)

    point9 = weights(1, 1, 4, 9)

    def deformable(x):
        """Offsets by a convolution; bilinear samples by gather_nd."""
        n, h, w = tf.shape(x)[0], tf.shape(x)[1], tf.shape(x)[2]
        off = nn.conv2d(x, w33, 1, "SAME")[..., :2]
        gy, gx = tf.meshgrid(tf.range(h), tf.range(w), indexing="ij")
        y = tf.clip_by_value(tf.cast(gy, tf.float32) + off[..., 0], 0.0, tf.cast(h - 1, tf.float32))
        z = tf.clip_by_value(tf.cast(gx, tf.float32) + off[..., 1], 0.0, tf.cast(w - 1, tf.float32))
        y0, x0 = tf.floor(y), tf.floor(z)
        y1, x1 = tf.minimum(y0 + 1, tf.cast(h - 1, tf.float32)), tf.minimum(x0 + 1,
                                                                            tf.cast(w - 1, tf.float32))
        at = lambda a, b: tf.gather_nd(x, tf.stack([tf.cast(a, tf.int32),
                                                    tf.cast(b, tf.int32)], -1), batch_dims=1)
        wy, wx = (y - y0)[..., None], (z - x0)[..., None]
        return at(y0, x0) * (1 - wy) * (1 - wx) + at(y0, x1) * (1 - wy) * wx + at(
            y1, x0) * wy * (1 - wx) + at(y1, x1) * wy * wx

    def gradients(x):
        with tf.GradientTape() as tape:
            tape.watch([x, w33, dw])
            y = nn.depthwise_conv2d(
                nn.conv2d(x, w33, 2, [[0, 0], [1, 0], [0, 2], [0, 0]])[..., :4], dw, [1, 1, 1, 1], "SAME",
                dilations=[2, 1])
            y = tf.reduce_sum(nn.max_pool_with_argmax(y, 2, 1, "SAME")[0]) + tf.reduce_sum(
                nn.avg_pool3d(y[:, :, None], 2, 1, "SAME")**2)
        return tape.gradient(y, [x, w33, dw])

    inputs = [[data(*s)] for s in ((2, 8, 7, 4), (1, 3, 3, 4), (1, 1, 1, 4), (0, 8, 7, 4), (1, 17, 20, 4))]
    made.update({
        f.__name__: (f, inputs)
        for f in (shapes, dilated_valid, output_shape, pools, morphology, rearranged, blocks, involution,
                  deformable, gradients)
    })
    made.update(
        {f.__name__: (f, [[data(1, 4, 6, 5)], [data(2, 4, 3, 3)]])
         for f in (nchw, nchw_pool, nchw_bias)})
    return dict(made, fractional=(fractional, inputs[:2] + inputs[3:]))
