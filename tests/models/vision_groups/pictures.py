"""tf.image."""
import numpy as np

from vision_groups import data, group, pixels, unit


@group
def pictures(tf):
    """tf.image but for resizing."""
    im, seeds = tf.image, np.int32([3, 4])

    def box_draws(image):
        boxes = tf.constant([[[0.1, 0.2, 0.7, 0.9], [0.0, 0.0, 1.0, 0.3]]]) + tf.zeros(
            [tf.shape(image)[0], 1, 1])
        return {
            "default": tf.compat.v1.image.draw_bounding_boxes(image, boxes), "colors":
            im.draw_bounding_boxes(image, boxes, tf.constant([[1.0, 0.5, 0.2], [0.0, 0.0, 1.0]]))
        }

    def distorted(shape, seed):
        begin, size, box = im.stateless_sample_distorted_bounding_box(shape,
                                                                      tf.constant([[[0.1, 0.1, 0.8, 0.9]]]),
                                                                      seed, min_object_covered=0.3,
                                                                      area_range=[0.2, 1.0],
                                                                      use_image_if_no_bounding_boxes=True)
        return begin, size, box

    def randoms(image, seed):
        return {
            "flip": im.stateless_random_flip_left_right(image, seed), "up":
            im.stateless_random_flip_up_down(image, seed), "brightness":
            im.stateless_random_brightness(image, 0.3,
                                           seed), "hue": im.stateless_random_hue(image, 0.2, seed),
            "contrast": im.stateless_random_contrast(image, 0.4, 1.6, seed), "saturation":
            im.stateless_random_saturation(image, 0.4, 1.6,
                                           seed), "crop": im.stateless_random_crop(image, [2, 3, 3], seed)
        }

    def inception(image, seed):
        """The training crop of ImageNet nets."""
        begin, size, _ = distorted(tf.shape(image), seed)
        crop = tf.ensure_shape(tf.slice(image, begin, size), [None, None, 3])
        crop = im.convert_image_dtype(crop, tf.float32)
        return tf.clip_by_value(im.resize(crop, [6, 6], antialias=True), 0, 1)

    def adjust(image):
        return {
            "brightness": im.adjust_brightness(image, 0.2), "contrast": im.adjust_contrast(image,
                                                                                           1.7), "gamma":
            im.adjust_gamma(image, 0.8,
                            1.2), "hue": im.adjust_hue(image,
                                                       0.3), "saturation": im.adjust_saturation(image, 2.5),
            "grayscale": im.rgb_to_grayscale(image), "jpeg": im.adjust_jpeg_quality(image, 60), "standard":
            im.per_image_standardization(image), "as_float": im.convert_image_dtype(image, tf.float32),
            "as_int16": im.convert_image_dtype(image, tf.uint16, saturate=True)
        }

    def colors(x):
        return {
            "hsv": im.rgb_to_hsv(x), "back": im.hsv_to_rgb(im.rgb_to_hsv(x)), "yuv": im.rgb_to_yuv(x), "yiq":
            im.rgb_to_yiq(x), "from_yuv": im.yuv_to_rgb(x), "from_yiq": im.yiq_to_rgb(x), "gray":
            im.grayscale_to_rgb(im.rgb_to_grayscale(x))
        }

    def turns(x, k):
        return {
            "rot": im.rot90(x), "rot_k": im.rot90(x, k), "lr": im.flip_left_right(x), "ud":
            im.flip_up_down(x), "t": im.transpose(x)
        }

    def frames(x):
        return {
            "central": im.central_crop(x, 0.5), "pad": im.resize_with_crop_or_pad(x, 5, 9), "keep":
            im.resize_with_pad(x, 7, 5), "to_box":
            im.pad_to_bounding_box(im.crop_to_bounding_box(x, 0, 0, 1, 1), 2, 1, 4,
                                   5), "ratio": im.resize(x, [6, 8], preserve_aspect_ratio=True)
        }

    def measures(a, b):
        return {
            "psnr": im.psnr(a, b, 1.0), "ssim": im.ssim(a, b, 1.0, filter_size=5), "tv":
            im.total_variation(a), "sobel": im.sobel_edges(a), "grad": tf.stack(im.image_gradients(a))
        }

    def patches(x):
        made = {
            "%s%d" % (p, r): im.extract_patches(x, [1, 3, 2, 1], [1, 2, 3, 1], [1, r, r, 1], p)
            for p in ("SAME", "VALID")
            for r in (1, 2)
        }
        return dict(made, vit=tf.nn.space_to_depth(im.resize_with_crop_or_pad(x, 4, 4), 2))

    def glimpse(x, at):
        return {
            "center":
            im.extract_glimpse(x, [3, 4], at, noise="zero"), "corner":
            tf.raw_ops.ExtractGlimpse(input=x, size=[2, 2], offsets=at, centered=False, normalized=False,
                                      uniform_noise=False, noise="zero")
        }

    def mixed_up(images, seed):
        """Cutout and mixup by stateless randoms."""
        n, h, w = tf.shape(images)[0], tf.shape(images)[1], tf.shape(images)[2]
        lam = tf.random.stateless_uniform([n, 1, 1, 1], seed)
        mixed = lam * images + (1 - lam) * tf.reverse(images, [0])
        cy = tf.random.stateless_uniform([n, 1, 1, 1], seed + 1, 0, h, tf.int32)
        cx = tf.random.stateless_uniform([n, 1, 1, 1], seed + 2, 0, w, tf.int32)
        hole = (tf.abs(tf.range(h)[None, :, None, None] - cy)
                < 2) & (tf.abs(tf.range(w)[None, None, :, None] - cx) < 2)
        return tf.where(hole, 0.5, mixed)

    sizes = [(1, 6, 8, 3), (2, 3, 5, 3), (0, 4, 4, 3), (1, 1, 1, 3)]
    floats, ints = [[unit(*s)] for s in sizes], [[pixels(*s)] for s in sizes]
    return {
        "draw": (box_draws, floats),
        "distorted": (distorted, [[np.int32([20, 30, 3]), seeds], [np.int32([1, 1, 3]), seeds],
                                  [np.int32([0, 5, 3]), seeds]]),
        "randoms": (randoms, [[unit(4, 5, 3), seeds], [unit(2, 3, 3), seeds + 7], [unit(1, 3, 3), seeds]]),
        "inception": (inception, [[pixels(20, 30, 3), seeds], [pixels(9, 7, 3), seeds + 1],
                                  [pixels(1, 1, 3), seeds]]),
        "adjust": (adjust, [[pixels(6, 8, 3)], [pixels(1, 1, 3)], [pixels(9, 3, 3)]]),
        "colors": (colors, floats),
        "colors_double": (colors, [[x[0].astype(np.float64)] for x in floats]),
        "turns": (turns, [x + [np.int32(k)] for x, k in zip(floats, (1, 2, -1, 7))]),
        "turns_u8": (turns, [x + [np.int32(3)] for x in ints]),
        "frames": (frames, floats),
        "frames_u8": (frames, ints[:2] + ints[3:]),
        "measures":
        (measures, [[x[0], x[0]**2] for x in [[unit(2, 9, 8, 3)], [unit(1, 5, 5, 3)], [unit(1, 3, 3, 3)]]]),
        "multi_scale": (lambda a, b: im.ssim_multiscale(a, b, 1.0, power_factors=(0.3, 0.7), filter_size=3),
                        [[unit(2, 16, 14, 1), unit(2, 16, 14, 1)**2]]),
        "patches": (patches, floats + ints[:0]),
        "patches_u8": (lambda x: patches(x), ints),
        "glimpse": (glimpse, [[unit(2, 6, 7, 2), data(2, 2)], [unit(1, 1, 1, 2), data(1, 2)],
                              [unit(1, 1, 1, 2), data(2, 2)]]),
        "mixed_up": (mixed_up, [[x[0], seeds] for x in floats]),
    }


@group
def resizing(tf):
    """Every method, through both APIs."""
    methods = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic")

    def both(x, size):
        return dict({m: tf.image.resize(x, size, m)
                     for m in methods},
                    **{m + "_aa": tf.image.resize(x, size, m, antialias=True)
                       for m in methods})

    def first(x, size):
        v1, made = tf.compat.v1.image, {}
        for i, f in enumerate((v1.resize_bilinear, v1.resize_nearest_neighbor, v1.resize_bicubic)):
            made["f%d" % i], made["corners%d" % i] = f(x, size), f(x, size, align_corners=True)
            made["half%d" % i] = f(x, size, half_pixel_centers=True)
        made["area"], made["area_corners"] = v1.resize_area(x, size), v1.resize_area(
            x, size, align_corners=True)
        return dict(made, method=v1.resize_images(x, size, 1, align_corners=True))

    def pyramid(x):
        """Down and up as feature pyramids do: shapes from shapes."""
        made, y = [], x
        for _ in range(3):
            y = tf.image.resize(y, tf.maximum(tf.shape(y)[1:3] // 2, 1), "area")
            made.append(tf.image.resize(y, tf.shape(x)[1:3], "bilinear"))
        return tf.add_n(made) + tf.keras.layers.UpSampling2D(2, interpolation="nearest")(x)[:, ::2, 1::2]

    def gradients(x):
        made = {}
        for m in ("bilinear", "nearest", "bicubic", "lanczos3"):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.reduce_sum(tf.image.resize(x, [5, 7], m)**2)
            made[m] = tape.gradient(y, x)
        return made

    sizes = [((1, 6, 8, 2), (3, 5)), ((2, 3, 4, 2), (7, 9)), ((1, 1, 1, 2), (4, 3)), ((1, 5, 5, 2), (1, 1)),
             ((0, 4, 4, 2), (2, 2)), ((1, 5, 5, 2), (0, 3)), ((1, 5, 5, 2), (5, 5))]
    requests = [[unit(*s) * 255, np.int32(to)] for s, to in sizes]
    halves = [[x.astype(np.float16), to] for x, to in requests[:4]]
    return {
        "second": (both, requests), "first": (first, requests), "second_u8": (both, [[x.astype(np.uint8), to]
                                                                                     for x, to in requests]),
        "first_u8": (first, [[x.astype(np.uint8), to] for x, to in requests]), "first_half": (first, halves),
        "second_half": (both, halves), "second_int16": (both, [[x.astype(np.int16), to]
                                                               for x, to in requests[:3]]), "second_double":
        (both, [[x.astype(np.float64), to]
                for x, to in requests[:3]]), "three_dims": (both, [[unit(5, 6, 3),
                                                                    np.int32([4, 4])],
                                                                   [unit(1, 9, 3),
                                                                    np.int32([2, 20])]]), "pyramid":
        (pyramid, [[unit(1, 8, 8, 2)], [unit(2, 9, 7, 2)], [unit(1, 2, 2, 2)],
                   [unit(0, 8, 8, 2)]]), "gradients": (gradients, [[unit(1, 6, 6, 1)], [unit(2, 3, 9, 1)],
                                                                   [unit(1, 1, 1, 1)]])
    }
