"""Detectors: what stands behind the nets."""
import numpy as np

from vision_groups import data, group, unit, weights


@group
def detection(tf):
    """What stands behind the nets: anchors, decoding, non-max suppression, masks and peaks."""

    def anchors(h, w):
        """SSD's boxes for each cell, [h*w*3, 4] as cy, cx, h, w."""
        y, x = tf.meshgrid(tf.range(h), tf.range(w), indexing="ij")
        centers = (tf.cast(tf.stack([y, x], -1), tf.float32) + 0.5) / tf.cast([h, w], tf.float32)
        centers = tf.tile(tf.reshape(centers, [-1, 1, 2]), [1, 3, 1])
        sizes = tf.tile(tf.constant([[[0.2, 0.2], [0.3, 0.15], [0.15, 0.3]]]), [h * w, 1, 1])
        return tf.reshape(tf.concat([centers, sizes], -1), [-1, 4])

    def decode(codes, a):
        cy, cx, h, w = tf.unstack(a, axis=-1)
        ty, tx, th, tw = tf.unstack(codes, axis=-1)
        y, x, h, w = ty / 10 * h + cy, tx / 10 * w + cx, tf.exp(th / 5) * h, tf.exp(tw / 5) * w
        return tf.stack([y - h / 2, x - w / 2, y + h / 2, x + w / 2], -1)

    kernel, boxes_w, scores_w = weights(3, 3, 3, 8), weights(1, 1, 8, 12), weights(1, 1, 8, 12, seed=5)

    def ssd(image):
        x = tf.nn.relu(tf.nn.conv2d(image, kernel, 2, "SAME"))
        n, h, w = tf.shape(x)[0], tf.shape(x)[1], tf.shape(x)[2]
        codes = tf.reshape(tf.nn.conv2d(x, boxes_w, 1, "SAME"), [n, -1, 4])
        scores = tf.sigmoid(tf.reshape(tf.nn.conv2d(x, scores_w, 1, "SAME"), [n, -1, 4]))**2
        boxes = decode(codes, anchors(h, w)[None])
        found = tf.image.combined_non_max_suppression(boxes[:, :, None], scores[..., 1:], 5, 10, 0.5, 0.3,
                                                      clip_boxes=True)
        return dict(found._asdict())

    def ssd_per_class(image):
        made = ssd(image)
        b, s = made["nmsed_boxes"][:, :, None], made["nmsed_scores"][:, :, None]
        return dict(
            tf.image.combined_non_max_suppression(tf.tile(b, [1, 1, 2, 1]), tf.concat([s, s * 0.5], -1), 3, 4,
                                                  0.4, 0.05, pad_per_class=True, clip_boxes=False)._asdict())

    def yolo(feature):
        n, h, w = tf.shape(feature)[0], tf.shape(feature)[1], tf.shape(feature)[2]
        x = tf.reshape(feature, [n, h, w, 3, 7])
        grid = tf.cast(tf.stack(tf.meshgrid(tf.range(w), tf.range(h)), -1)[:, :, None], tf.float32)
        xy = (tf.sigmoid(x[..., :2]) * 1.05 - 0.025 + grid) / tf.cast([w, h], tf.float32)
        wh = tf.exp(tf.clip_by_value(x[..., 2:4], -4, 4)) * tf.constant([[0.1, 0.2], [0.2, 0.1], [0.3, 0.3]])
        boxes = tf.reshape(tf.concat([xy - wh / 2, xy + wh / 2], -1), [n, -1, 4])
        scores = tf.reshape(tf.sigmoid(x[..., 4:5]) * tf.nn.softmax(x[..., 5:]), [n, -1, 2])
        best, classes = tf.reduce_max(scores, -1), tf.argmax(scores, -1, tf.int32)
        order, valid = tf.image.non_max_suppression_padded(boxes, best, 8, 0.45, 0.3,
                                                           pad_to_max_output_size=True, sorted_input=False,
                                                           canonicalized_coordinates=True, tile_size=16)
        return {
            "boxes": tf.gather(boxes, order, batch_dims=1), "classes":
            tf.gather(classes, order, batch_dims=1), "valid": valid
        }

    def one_class(args):
        boxes, scores = args
        chosen, s = tf.image.non_max_suppression_with_scores(boxes, scores, 6, 0.5, 0.2, soft_nms_sigma=0.5)
        count = tf.shape(chosen)[0]
        return tf.pad(tf.gather(boxes, chosen), [[0, 6 - count], [0, 0]]), tf.pad(s, [[0, 6 - count]]), count

    roi_w = weights(4 * 4 * 4, 15)

    def faster_rcnn(feature, proposals):
        n, p = tf.shape(proposals)[0], tf.shape(proposals)[1]
        owner = tf.reshape(tf.tile(tf.range(n)[:, None], [1, p]), [-1])
        crops = tf.image.crop_and_resize(feature, tf.reshape(proposals, [-1, 4]), owner, [8, 8])
        crops = tf.nn.max_pool2d(crops, 2, 2, "SAME")
        x = tf.reshape(tf.matmul(tf.reshape(crops, [-1, 64]), roi_w), [n, p, 15])
        scores = tf.nn.softmax(x[..., :3])
        boxes = proposals[:, :, None] + tf.reshape(x[..., 3:], [n, p, 3, 4]) * 0.1

        def image(args):
            boxes, scores = args
            return tf.map_fn(one_class, (tf.transpose(boxes, [1, 0, 2]), tf.transpose(scores)),
                             fn_output_signature=(tf.float32, tf.float32, tf.int32))

        b, s, c = tf.map_fn(image, (boxes, scores), fn_output_signature=(tf.float32, tf.float32, tf.int32))
        return {"boxes": b, "scores": s, "count": c}

    def faster_loop(boxes, scores):
        """NMS class by class in a while_loop that grows its output."""

        def body(i, b, s, k):
            order = tf.image.non_max_suppression(boxes, scores[:, i], 4, 0.5, 0.3)
            return (i + 1, tf.concat([b, tf.gather(boxes, order)],
                                     0), tf.concat([s, tf.gather(scores[:, i], order)],
                                                   0), tf.concat([k, tf.fill([tf.size(order)], i)], 0))

        free = (tf.TensorShape([]), tf.TensorShape([None, 4]), tf.TensorShape([None]), tf.TensorShape([None]))
        _, b, s, k = tf.while_loop(lambda i, *_: i < tf.shape(scores)[1], body,
                                   (0, tf.zeros([0, 4]), tf.zeros([0]), tf.zeros([0], tf.int32)), free)
        top, order = tf.math.top_k(s, tf.minimum(5, tf.size(s)))
        return {"boxes": tf.gather(b, order), "scores": top, "classes": tf.gather(k, order)}

    def paste_masks(masks, boxes, size):
        """Mask R-CNN: each mask into its box of the whole image, by crop_and_resize of the inverse box."""
        y0, x0, y1, x1 = tf.unstack(boxes[:, None, :], axis=-1)
        inverse = tf.concat([-y0 / (y1 - y0), -x0 / (x1 - x0), (1 - y0) / (y1 - y0), (1 - x0) / (x1 - x0)],
                            -1)
        n = tf.shape(masks)[0]
        whole = tf.image.crop_and_resize(masks[..., None], inverse, tf.range(n), size, "bilinear", 0.0)
        return tf.cast(whole[..., 0] > 0.5, tf.uint8)

    def center_net(heat, size):
        peak = tf.nn.max_pool2d(heat, 3, 1, "SAME")
        heat = tf.where(tf.equal(peak, heat), heat, tf.zeros_like(heat))
        n, w, c = tf.shape(heat)[0], tf.shape(heat)[2], tf.shape(heat)[3]
        scores, flat = tf.math.top_k(tf.reshape(heat, [n, -1]), 6)
        y, x, k = flat // c // w, flat // c % w, flat % c
        batch = tf.tile(tf.range(n)[:, None], [1, 6])
        wh = tf.gather_nd(size, tf.stack([batch, y, x], -1))
        c = tf.cast(tf.stack([x, y], -1), tf.float32)
        return {"boxes": tf.concat([c - wh / 2, c + wh / 2], -1), "scores": scores, "classes": k}

    def nms_v1(boxes, scores):
        v1 = tf.compat.v1.image
        padded, n = v1.non_max_suppression_padded(boxes, scores, 5, pad_to_max_output_size=True,
                                                  iou_threshold=0.6)
        overlaps = tf.matmul(boxes, boxes, transpose_b=True)
        return {
            "v3":
            v1.non_max_suppression(boxes, scores, 5, 0.4), "padded":
            padded, "n":
            n, "overlaps":
            tf.image.non_max_suppression_overlaps(tf.abs(overlaps), scores, 4, 0.6, 0.1), "all":
            tf.raw_ops.NonMaxSuppressionV5(boxes=boxes, scores=scores, max_output_size=3, iou_threshold=0.5,
                                           score_threshold=float("-inf"), soft_nms_sigma=0.0)[0]
        }

    def iou_match(a, b):
        """Matching proposals to truth, as training graphs export it."""
        lt, rb = tf.maximum(a[:, None, :2], b[None, :, :2]), tf.minimum(a[:, None, 2:], b[None, :, 2:])
        inter = tf.reduce_prod(tf.maximum(rb - lt, 0), -1)
        area = lambda t: tf.reduce_prod(t[:, 2:] - t[:, :2], -1)
        iou = tf.math.divide_no_nan(inter, area(a)[:, None] + area(b)[None] - inter)
        best = tf.argmax(iou, 1, output_type=tf.int32)
        positive = tf.where(tf.reduce_max(iou, 1) > 0.2)[:, 0]
        labels = tf.tensor_scatter_nd_update(-tf.ones_like(best), positive[:, None],
                                             tf.gather(best, positive))
        return {"iou": iou, "labels": labels, "positive": positive, "kept": tf.boolean_mask(a, labels >= 0)}

    def fpn_levels(boxes, p2, p3):
        """Each box cropped from its level of a pyramid: dynamic_partition and dynamic_stitch."""
        size = tf.sqrt(tf.reduce_prod(boxes[:, 2:] - boxes[:, :2], -1))
        level = tf.cast(tf.clip_by_value(tf.floor(2.5 + tf.math.log(size + 1e-6) / tf.math.log(2.0)), 0, 1),
                        tf.int32)
        parts, order = tf.dynamic_partition(boxes, level,
                                            2), tf.dynamic_partition(tf.range(tf.shape(boxes)[0]), level, 2)
        crops = [
            tf.image.crop_and_resize(p, b, tf.zeros([tf.shape(b)[0]], tf.int32), [3, 3],
                                     "nearest" if i else "bilinear")
            for i, (p, b) in enumerate(zip((p2, p3), parts))
        ]
        return tf.dynamic_stitch(order, crops)

    def boxes(n, seed=1):
        corner, size = unit(n, 2, seed=seed) * 0.6, 0.1 + unit(n, 2, seed=seed + 9) * 0.3
        return np.concatenate([corner, corner + size], -1)

    def many(b, n, seed=1):
        return np.stack([boxes(n, seed + i) for i in range(b)]) if b else np.zeros([0, n, 4], np.float32)

    images = [[unit(*s)] for s in ((1, 8, 8, 3), (2, 11, 7, 3), (0, 8, 8, 3), (1, 1, 1, 3))]
    return {
        "ssd": (ssd, images),
        "ssd_per_class": (ssd_per_class, images),
        "yolo": (yolo, [[data(*s) * 3] for s in ((1, 4, 4, 21), (2, 5, 3, 21), (3, 1, 1, 21))]),
        "faster_rcnn": (faster_rcnn, [[unit(1, 9, 9, 4), many(1, 7)], [unit(2, 12, 5, 4),
                                                                       many(2, 4, 3)],
                                      [unit(0, 9, 9, 4), many(0, 7)], [unit(1, 9, 9, 4),
                                                                       many(1, 0)]]),
        "faster_loop": (faster_loop, [[boxes(12), unit(12, 3)], [boxes(5), unit(5, 4)],
                                      [boxes(0), unit(0, 2)], [boxes(3), unit(3, 0)]]),
        "paste_masks": (paste_masks, [[unit(3, 7, 7), boxes(3), np.int32([16, 20])],
                                      [unit(1, 4, 5), boxes(1), np.int32([5, 3])],
                                      [unit(0, 7, 7), boxes(0), np.int32([16, 20])],
                                      [unit(3, 7, 7), boxes(3), np.int32([0, 20])]]),
        "center_net": (center_net, [[unit(1, 8, 8, 2), unit(1, 8, 8,
                                                            2)], [unit(2, 5, 9, 3),
                                                                  unit(2, 5, 9, 2)],
                                    [unit(1, 1, 1, 2), unit(1, 1, 1, 2)]]),
        "nms_v1": (nms_v1, [[boxes(9), unit(9)], [boxes(0), unit(0)], [boxes(4), unit(3)],
                            [boxes(2), np.float32([0.5, 0.5])]]),
        "iou_match": (iou_match, [[boxes(9), boxes(4, 5)], [boxes(3), boxes(1)], [boxes(3),
                                                                                  boxes(0)]]),
        "fpn_levels": (fpn_levels, [[boxes(6), unit(1, 8, 8, 2), unit(1, 4, 4, 2)],
                                    [boxes(1), unit(1, 8, 8, 2), unit(1, 4, 4, 2)],
                                    [boxes(0), unit(1, 8, 8, 2), unit(1, 4, 4, 2)]]),
    }
