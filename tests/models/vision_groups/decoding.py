"""Encoded pictures inside models."""
import numpy as np

from vision_groups import data, group, now, pixels, weights


def files(tf):
    """Encoded pictures of each kind."""

    def png(shape, dtype=np.uint8, seed=1):
        x = pixels(*shape, seed=seed)
        return now(tf.io.encode_png(x if dtype == np.uint8 else x.astype(np.uint16) * 257))

    def jpeg(shape, **how):
        return now(tf.io.encode_jpeg(pixels(*shape), **how))

    def bmp(h, w):
        rows = b"".join(pixels(w, 3, seed=y).tobytes() + bytes(-w * 3 % 4) for y in range(h))
        head = np.array([54 + len(rows), 0, 54, 40, w, h], "<i4").tobytes() + np.array([1, 24],
                                                                                       "<i2").tobytes()
        return b"BM" + head + np.array([0, len(rows), 0, 0, 0, 0], "<i4").tobytes() + rows

    gif = bytes.fromhex("47494638396102000200800000ff000000ff0021f904000a000000"
                        "2c000000000200020000020384110500"
                        "21f904000a0000002c000000000200020000020344020500"
                        "3b")
    return {
        "png": png((6, 8, 3)), "png1": png((5, 4, 1)), "png4": png((3, 3, 4)), "png16": png(
            (4, 5, 3), np.uint16), "dot": png((1, 1, 3)), "jpeg": jpeg((16, 20, 3)), "gray": jpeg((9, 9, 1)),
        "progressive": jpeg((30, 17, 3), progressive=True, quality=50), "full": jpeg(
            (17, 13, 3), chroma_downsampling=False), "bmp": bmp(5, 7), "bmp1": bmp(1, 1), "gif": gif
    }


@group
def decoding(tf):
    """Bytes in, scores or bytes out, as image classifiers are served."""
    f, io = files(tf), tf.io
    kernel, dense = weights(3, 3, 3, 6), weights(6, 4)

    def net(images):
        return tf.nn.softmax(
            tf.matmul(tf.reduce_mean(tf.nn.relu(tf.nn.conv2d(images, kernel, 2, "SAME")), [1, 2]), dense))

    def hub(batch):
        """map_fn over strings: decode, crop, resize, scale; then a net."""

        def one(data):
            image = io.decode_jpeg(data, channels=3)
            image = tf.image.central_crop(tf.image.convert_image_dtype(image, tf.float32), 0.875)
            return tf.compat.v1.image.resize_bilinear(image[None], [12, 12], align_corners=False)[0] * 2 - 1

        return net(tf.map_fn(one, batch, fn_output_signature=tf.float32, parallel_iterations=4))

    def keras_like(batch):

        def one(data):
            image = io.decode_image(data, channels=3, expand_animations=False)
            return tf.image.resize_with_pad(image, 10, 10, antialias=True)

        images = tf.ensure_shape(
            tf.map_fn(one, batch, fn_output_signature=tf.TensorSpec([10, 10, 3], tf.float32)),
            [None, 10, 10, 3])
        mean, std = tf.constant([123.68, 116.78, 103.94]), tf.constant([58.4, 57.1, 57.4])
        scores, classes = tf.math.top_k(net((images[..., ::-1] - mean) / std), 2)
        labels = tf.gather(tf.constant(["cat", "dog", "hen", "elk"]), classes)
        return {"scores": scores, "labels": labels, "key": tf.strings.as_string(tf.range(tf.shape(batch)[0]))}

    def cloud_ml(batch, keys):
        """Base64 of pictures of any kind, skipped when they are broken; v1's while loop."""
        raw = tf.map_fn(lambda s: io.decode_base64(s), batch)

        def one(s):
            ok = tf.strings.length(s) > 40
            image = tf.cond(ok, lambda: io.decode_image(s, 3, expand_animations=False),
                            lambda: tf.zeros([1, 1, 3], tf.uint8))
            image.set_shape([None, None, 3])
            return tf.image.per_image_standardization(tf.image.resize(image, [8, 8]))

        return {"p": net(tf.map_fn(one, raw, tf.float32)), "keys": tf.identity(keys)}

    def any_kind(s):
        image = io.decode_image(s, expand_animations=True)
        return {
            "image": image, "shape": tf.shape(image), "is_jpeg": io.is_jpeg(s), "size":
            tf.size(image) * tf.rank(image)
        }

    def each_as(s):
        made = {
            "float": io.decode_image(s, 3, tf.float32, expand_animations=False), "u16":
            io.decode_png(s, 0, tf.uint16)
        }
        return dict(made, gray=io.decode_png(s, 1), four=tf.raw_ops.DecodePng(contents=s, channels=4),
                    raw=tf.io.decode_raw(tf.strings.substr(s, 0, 8), tf.uint8))

    def jpegs(s):
        shape = io.extract_jpeg_shape(s)
        window = tf.stack([0, 1, tf.minimum(5, shape[0]), tf.minimum(4, shape[1] - 1)])
        made = {"r%d" % r: io.decode_jpeg(s, 3, r) for r in (1, 2, 4, 8)}
        return dict(made, crop=io.decode_and_crop_jpeg(s, window, 3),
                    fast=io.decode_jpeg(s, 1, dct_method="INTEGER_FAST", fancy_upscaling=False),
                    accurate=io.decode_jpeg(s, dct_method="INTEGER_ACCURATE"), shape=shape)

    def encoders(x):
        return {
            "png":
            io.encode_png(x, 3), "jpeg":
            io.encode_jpeg(x, quality=70, chroma_downsampling=False, x_density=72, density_unit="cm"), "back":
            io.decode_png(io.encode_png(x)), "base64":
            io.encode_base64(io.encode_png(x[::2, ::-1]), pad=True), "var":
            tf.raw_ops.EncodeJpegVariableQuality(images=x,
                                                 quality=tf.reduce_max(tf.cast(x, tf.int32)) % 90 + 5)
        }

    def thumbnails(batch):
        """Bytes to bytes."""

        def one(s):
            small = tf.image.resize(io.decode_image(s, 3, expand_animations=False), [4, 6], "area")
            return io.encode_png(tf.saturate_cast(tf.round(small), tf.uint8))

        return tf.map_fn(one, batch)

    def examples(batch):
        """tf.Examples with pictures inside, as the object detection API takes them."""
        parsed = io.parse_example(
            batch, {
                "image/encoded": io.FixedLenFeature([], tf.string), "image/id": io.FixedLenFeature(
                    [], tf.string, "none"), "image/object/bbox": io.VarLenFeature(tf.float32)
            })

        def one(s):
            image = tf.cast(io.decode_image(s, 3, expand_animations=False), tf.float32)
            return tf.ensure_shape(tf.image.resize(image, [8, 8])[..., :3], [8, 8, 3]), tf.shape(image)

        images, shapes = tf.map_fn(one, parsed["image/encoded"], fn_output_signature=(tf.float32, tf.int32))
        return {
            "p": net(images / 127.5 - 1), "shapes": shapes, "id": parsed["image/id"], "boxes":
            tf.sparse.to_dense(parsed["image/object/bbox"])
        }

    def video(s):
        clip = tf.image.convert_image_dtype(io.decode_gif(s), tf.float32)
        return {"clip": clip, "motion": clip[1:] - clip[:-1], "p": net(clip)}

    def loop(batch):
        """AutoGraph over strings."""
        out = tf.TensorArray(tf.float32, size=0, dynamic_size=True, infer_shape=False, element_shape=[3])
        for i in tf.range(tf.shape(batch)[0]):
            if tf.strings.length(batch[i]) == 0:
                continue
            image = tf.cast(io.decode_png(batch[i], 3), tf.float32)
            out = out.write(out.size(), tf.reduce_mean(image, [0, 1]))
        return out.stack()

    def example(**features):
        made = tf.train.Example()
        for key, value in features.items():
            into = made.features.feature["image/" + key.replace("_", "/")]
            into.bytes_list.value.append(value) if isinstance(value,
                                                              bytes) else into.float_list.value.extend(value)
        return made.SerializeToString()

    b64 = lambda *names: np.array([now(io.encode_base64(f[n])) for n in names], object)
    batch = lambda *names: np.array([f.get(n, b"") for n in names], object)
    one = lambda n: np.array(f.get(n, n.encode() if isinstance(n, str) else n), object)
    mixes = [[batch("jpeg", "png", "full")], [batch("progressive")], [batch("dot", "bmp")],
             [batch("jpeg", "none")], [batch("gif", "jpeg")], [batch()]]
    every = [[one(n)] for n in f] + [[one("")], [one("no picture at all")], [one(f["png"][:60])],
                                     [one(f["jpeg"][:300])]]
    return {
        "hub": (hub, [[batch("jpeg", "gray")], [batch("jpeg", "progressive", "full")], [batch("png", "jpeg")],
                      [batch("jpeg", "none")], [batch()]]),
        "keras_like": (keras_like, mixes),
        "cloud_ml": (cloud_ml, [[b64("jpeg", "dot"), batch("dot", "")],
                                [b64("bmp1", "bmp", "gif"), batch("", "", "")], [batch("dot"),
                                                                                 batch("dot")],
                                [b64(), batch()]]),
        "any_kind": (any_kind, every),
        "each_as": (each_as, [[one(n)] for n in f] + every[-4:]),
        "jpegs": (jpegs, every),
        "encoders": (encoders, [[pixels(6, 8, 3)], [pixels(1, 1, 3)], [pixels(17, 33, 3)]]),
        "thumbnails": (thumbnails, mixes),
        "video": (video, [[one("gif")], [one("jpeg")], [one("")]]),
        "examples": (examples, [[
            np.array(
                [example(encoded=f["png"], id=b"7"),
                 example(encoded=f["jpeg"], object_bbox=[0.1, 0.2, 0.3])], object)
        ], [np.array([example(encoded=f["dot"])], object)], [np.array([example(id=b"7")], object)],
                                [batch()]]),
        "loop": (loop, [[batch("png", "", "dot", "png1")], [batch("")], [batch()], [batch("jpeg", "",
                                                                                          "gif")]]),
    }
