"""Real sizes."""
import numpy as np

from vision_groups import data, group, kept, pixels, unit, weights


@group
def large(tf):
    """Sizes of real pictures and recordings: rows in chunks, long transforms, crowds of boxes."""
    im, s, nn = tf.image, tf.signal, tf.nn

    def thumbnails(x):
        return {
            m: im.resize(x, [31, 45], m, antialias=True)
            for m in ("bilinear", "lanczos5", "area", "bicubic", "gaussian")
        }

    def enlarged(x):
        return {m: im.resize(x, [233, 301], m) for m in ("bilinear", "nearest", "bicubic")}

    def augmented(x, seed):
        y = im.stateless_random_crop(x, [40, 50, 3], seed)
        y = im.stateless_random_hue(
            im.stateless_random_saturation(
                im.stateless_random_contrast(im.stateless_random_flip_left_right(y, seed), 0.5, 1.5, seed),
                0.5, 1.5, seed), 0.3, seed)
        return im.per_image_standardization(
            im.stateless_random_brightness(y, 0.3, seed) +
            tf.random.stateless_normal(tf.shape(y), seed, 0, 0.1))

    def crowd(boxes, scores):
        corner = tf.concat([boxes[..., :2], boxes[..., :2] + boxes[..., 2:] * 0.2], -1)
        made = im.combined_non_max_suppression(corner[:, :, None], scores, 40, 100, 0.4, 0.2)._asdict()
        top, order = tf.math.top_k(tf.reduce_max(scores, -1)[0], 200)
        return dict(
            made, kept=im.non_max_suppression(corner[0], scores[0, :, 0], 300, 0.6),
            soft=im.non_max_suppression_with_scores(corner[0], scores[0, :, 1], 50,
                                                    soft_nms_sigma=0.3)[0], top=top, order=order,
            padded=im.non_max_suppression_padded(corner, scores[..., 0], 100, 0.5, 0.1, True,
                                                 canonicalized_coordinates=True, tile_size=256)[0])

    def speech(x):
        z = s.stft(x, 400, 160, 512)
        mel = tf.matmul(tf.abs(z), s.linear_to_mel_weight_matrix(40, 257, 16000))
        return {
            "mel": tf.math.log(mel + 1e-3), "mfcc":
            s.mfccs_from_log_mel_spectrograms(tf.math.log(mel + 1e-3)), "back":
            s.inverse_stft(z, 400, 160, 512, s.inverse_stft_window_fn(160))
        }

    def spectrum(x):
        z = tf.cast(x, tf.complex64)
        n = tf.shape(x)[-1]
        return {
            "r": s.rfft(x) / 100.0, "c": s.fft(z) / 100.0, "i": s.irfft(s.rfft(x), [n]), "d":
            s.fft(tf.cast(x, tf.complex128)), "convolved":
            s.irfft(s.rfft(x, [2 * n]) * s.rfft(x[::-1], [2 * n]), [2 * n]) / 100.0
        }

    def ctc(x, lengths):
        beams, p = nn.ctc_beam_search_decoder(x, lengths, 30, 3)
        return {
            "p": p, "best": tf.sparse.to_dense(beams[0], -1), "greedy":
            tf.sparse.to_dense(nn.ctc_greedy_decoder(x, lengths)[0][0], -1)
        }

    big, wide = weights(7, 7, 3, 24), weights(31, 31, 4, 1)

    def stem(x):
        y = nn.max_pool2d(nn.relu(nn.conv2d(x, big, 2, "SAME")), 3, 2, "SAME")
        return {
            "y":
            y, "wide":
            nn.depthwise_conv2d(y[..., :4], wide, [1, 1, 1, 1], "SAME"), "rot":
            im.rot90(y)[:, ::-1, ::2], "gram":
            tf.einsum("bhwc,bhwd->bcd", y, y) / 1e3, "patches":
            tf.reduce_mean(im.extract_patches(y, [1, 5, 5, 1], [1, 3, 3, 1], [1, 2, 2, 1], "VALID"), -1),
            "median":
            tf.sort(tf.reshape(y, [tf.shape(y)[0], -1, 24]), 1)[:, 7]
        }

    cube = weights(3, 3, 3, 8, 16)

    def clip(x):
        y = nn.relu(nn.conv3d(x, cube, [1, 1, 2, 2, 1], "SAME"))
        return nn.max_pool3d(y, [1, 2, 3, 3, 1], [1, 2, 2, 2, 1],
                             "VALID"), tf.reduce_max(y, [1, 2]), tf.transpose(y, [4, 0, 2, 3, 1])[3]

    def jpeg(x):
        y = tf.io.decode_jpeg(tf.io.encode_jpeg(x, quality=88), ratio=2, fancy_upscaling=True)
        return {
            "y": y, "png": tf.io.decode_png(tf.io.encode_png(x[::3])), "hist":
            tf.histogram_fixed_width(tf.cast(y, tf.float32), [0.0, 256.0],
                                     32), "unique": tf.unique_with_counts(tf.reshape(y, [-1]))[2]
        }

    def labels(x):
        """Connected regions by propagation until nothing changes."""
        mask = tf.cast(x > 0.4, tf.float32)
        ids = tf.reshape(tf.range(1.0, tf.cast(tf.size(x), tf.float32) + 1), tf.shape(x)) * mask

        def body(a, _):
            return nn.max_pool2d(a, 3, 1, "SAME") * mask, a

        ids, _ = tf.while_loop(lambda a, b: tf.reduce_any(tf.not_equal(a, b)), body,
                               (ids, tf.zeros_like(ids)))
        values, index, count = tf.unique_with_counts(tf.reshape(ids, [-1]))
        return {
            "n": tf.size(values), "areas": tf.sort(count), "sum":
            tf.math.unsorted_segment_sum(tf.reshape(x, [-1]), index, tf.size(values))
        }

    n = np.float32
    return {
        "thumbnails": (thumbnails, [[unit(1, 211, 317, 3)], [unit(2, 64, 64, 3)]]), "thumbnails_u8":
        (thumbnails, [[pixels(1, 211, 317, 3)]]), "enlarged": (enlarged, [[unit(1, 61, 47, 3)],
                                                                          [unit(1, 117, 151, 4)],
                                                                          [unit(3, 20, 20, 1)]]),
        "augmented": (augmented, [[unit(90, 120, 3), np.int32([i, 7])]
                                  for i in range(3)]), "speech": (speech, [[data(1, 16000)], [data(3, 4001)],
                                                                           [data(1, 400)]]), "crowd":
        (crowd, [[unit(1, 1500, 4), unit(1, 1500, 5, seed=3)],
                 [unit(2, 300, 4), np.round(unit(2, 300, 5, seed=4) * 8) / n(8)]]), "spectrum":
        (spectrum, [[data(2, m)] for m in (1009, 4096, 4099, 3600, 997 * 6)
                    ]), "ctc": (ctc, [[data(80, 2, 20) * n(4), np.int32([80, 50])],
                                      [data(11, 1, 5),
                                       np.int32([11])]]), "stem": (stem, [[data(1, 160, 160, 3)],
                                                                          [data(2, 97, 131, 3)]]), "clip":
        (clip, [[data(1, 8, 28, 28, 8)],
                [data(2, 5, 17, 30,
                      8)]]), "jpeg": (jpeg, [[pixels(240, 321, 3)],
                                             [pixels(97, 33, 3)]]), "labels": (labels, [[unit(1, 40, 50, 1)],
                                                                                        [unit(1, 9, 9, 1)]])
    }
