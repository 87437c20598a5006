#!/usr/bin/env python3
"""Every architecture of keras.applications, with random weights, answered by TensorFlow and by us.

    keras_applications.py SAVEDMODEL [NAME...]     SAVEDMODEL: our binary; NAME: MobileNetV2, ... (default: all)
    keras_applications.py --list

Run by hand, with TensorFlow 2.15 and tensorflow_serving.apis. Each architecture is built at a small input size, its
batch norms are given the statistics of a random batch (so that activations keep a sane size through the depth), it is
exported, TensorFlow's answer to two pictures is recorded in the format that `savedmodel replay` reads, and our answer
must be within 1e-4 of it, relative to the largest logit. Everything made is deleted again.

What ends a residual branch (of ResNet, ResNetV2, ResNetRS, RegNet, EfficientNetV2L), its last batch norm or else its
last kernel, is scaled by 0.3: trained nets have it small, too. Unscaled, deep random nets are ill-conditioned: TensorFlow's own answer moves by
more than 1e-4 when its input moves by half an ulp, so no other answer can be held to it.

One line an architecture: ok or FAIL, its name, the largest error relative to the largest logit. The exit status is 1 when one failed.
KEEP=DIR keeps the exports there; each model takes a process of its own, since TensorFlow does not give memory back.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from script import start

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # the plain kernels' arithmetic
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

# Input sizes: small, but large enough that no feature map ends as less than a pixel. By family, small models first.
SIZES = {
    "MobileNet": 64, "MobileNetV2": 64, "MobileNetV3Small": 64, "MobileNetV3Large": 64,
    "EfficientNetB0": 64, "EfficientNetV2B0": 64, "NASNetMobile": 64, "DenseNet121": 64, "RegNetX002": 64,
    "RegNetY002": 64, "ResNet50": 64, "ResNet50V2": 64, "ResNetRS50": 64, "InceptionV3": 160, "Xception": 80,
    "InceptionResNetV2": 80, "VGG16": 32, "ConvNeXtTiny": 64,
    "EfficientNetB1": 64, "EfficientNetB2": 64, "EfficientNetB3": 64, "EfficientNetV2B1": 64, "EfficientNetV2B2": 64,
    "EfficientNetV2B3": 64, "EfficientNetV2S": 64, "RegNetX004": 64, "RegNetX006": 64, "RegNetX008": 64,
    "RegNetX016": 64, "RegNetY004": 64, "RegNetY006": 64, "RegNetY008": 64, "RegNetY016": 64, "DenseNet169": 64,
    "DenseNet201": 64, "ResNet101": 64, "ResNet101V2": 64, "VGG19": 32, "ConvNeXtSmall": 64,
    "EfficientNetB4": 64, "EfficientNetB5": 64, "EfficientNetB6": 64, "EfficientNetB7": 64, "EfficientNetV2M": 64,
    "EfficientNetV2L": 64, "RegNetX032": 64, "RegNetX040": 64, "RegNetX064": 64, "RegNetX080": 64, "RegNetX120": 64,
    "RegNetX160": 64, "RegNetX320": 64, "RegNetY032": 64, "RegNetY040": 64, "RegNetY064": 128, "RegNetY080": 64,
    "RegNetY120": 64, "RegNetY160": 64, "RegNetY320": 64, "ResNet152": 64, "ResNet152V2": 64, "ResNetRS101": 64,
    "ResNetRS152": 64, "ResNetRS200": 64, "ResNetRS270": 64, "ResNetRS350": 64, "ResNetRS420": 64,
    "NASNetLarge": 64, "ConvNeXtBase": 64, "ConvNeXtLarge": 64, "ConvNeXtXLarge": 64,
}
RELATIVE = 1e-4
# The last batch norms of residual branches.
BRANCH_ENDS = {"ResNet": ("_3_bn",), "ResNetRS": ("_batch_norm_3",), "RegNet": ("_conv_1x1_2_bn",), "EfficientNetV2L": ("_project_bn",)}


def pictures(rng, count, size):
    """Smooth pictures with some noise, 0..255."""
    import numpy as np
    y, x = np.mgrid[0:size, 0:size] / size
    made = []
    for _ in range(count):
        waves = [np.sin(6.3 * (a * x + b * y) + c) for a, b, c in rng.uniform(0, 4, (3, 3))]
        made.append(0.5 + 0.4 * np.stack(waves, -1) + 0.05 * rng.standard_normal((size, size, 3)))
    return (255 * np.clip(np.stack(made), 0, 1)).astype(np.float32)


def build(name, rng):
    """The architecture; every batch norm has the statistics of a batch, the logits a standard deviation of 1."""
    import tensorflow as tf
    k = tf.keras
    size = SIZES[name]
    top = 1000 if name != "NASNetLarge" else 10
    net = getattr(k.applications, name)(weights=None, include_top=False, input_shape=(size, size, 3))
    x = k.layers.GlobalAveragePooling2D()(net.output)
    head = k.layers.Dense(top)
    net = k.Model(net.input, head(x))
    batch = pictures(rng, 8, size)
    if not name.startswith(("MobileNetV3", "EfficientNet", "RegNet", "ConvNeXt", "ResNetRS")):
        batch = batch / 127.5 - 1  # the others scale their input themselves
    norms = [n for n in net._flatten_layers() if isinstance(n, k.layers.BatchNormalization)]
    for layer in norms:
        if layer.name.endswith(BRANCH_ENDS.get(re.match("ResNetRS|ResNet|RegNet|EfficientNetV2L|", name)[0], ())):
            layer.gamma.assign(0.3 * tf.ones_like(layer.gamma))
    for layer in net._flatten_layers():
        if name.endswith("V2") and name.startswith("ResNet") and layer.name.endswith("_3_conv"):
            layer.kernel.assign(0.3 * layer.kernel)  # these have no norm at their end
    for layer in norms:
        layer.momentum = 0.0
    net(batch, training=True)
    for layer in norms:
        layer.momentum = 0.99
    head.kernel.assign(head.kernel / net(batch, training=False).numpy().std())
    return net, batch[:2]


def make(name, path):
    """path/1: the SavedModel; path/golden.tfrecord: TensorFlow's answer; path/golden.json: what may differ."""
    import numpy as np
    import tensorflow as tf
    from tensorflow_serving.apis import prediction_log_pb2
    tf.keras.utils.set_random_seed(7)
    net, batch = build(name, np.random.RandomState(7))

    def serve(x):
        return {"logits": net(x, training=False)}

    module = tf.Module()
    module.net = net
    module.serve = tf.function(serve, input_signature=[tf.TensorSpec([None] + list(batch.shape[1:]), tf.float32, "image")])
    tf.saved_model.save(module, os.path.join(path, "1"), signatures={"serving_default": module.serve})
    answer = tf.saved_model.load(os.path.join(path, "1")).signatures["serving_default"](image=tf.constant(batch))
    log = prediction_log_pb2.PredictionLog()
    entry = log.predict_log
    entry.request.model_spec.name = "m"
    entry.request.model_spec.signature_name = "serving_default"
    entry.request.inputs["image"].CopyFrom(tf.make_tensor_proto(batch))
    for key, value in answer.items():
        if not np.isfinite(value.numpy()).all():
            raise SystemExit("TensorFlow's own answer is not finite")
        entry.response.outputs[key].CopyFrom(tf.make_tensor_proto(value.numpy()))
    with tf.io.TFRecordWriter(os.path.join(path, "golden.tfrecord")) as f:
        f.write(log.SerializeToString())
    largest = float(np.abs(answer["logits"].numpy()).max())
    with open(os.path.join(path, "golden.json"), "w") as f:
        json.dump({"rtol": 0.0, "atol": RELATIVE * largest, "ordered": False, "cases": 1}, f)


def run(program, name, root):
    """The line to print, and whether all was well."""
    path = os.path.join(root, name)
    os.makedirs(path)
    made = subprocess.run([sys.executable, __file__, "--make", name, path], capture_output=True, text=True)
    if made.returncode:
        return False, "not made: " + (made.stderr.strip().splitlines() or ["?"])[-1]
    answered = subprocess.run([program, "replay", path], capture_output=True, text=True)
    lines = (answered.stdout + answered.stderr).strip().splitlines() or ["no answer, status %d" % answered.returncode]
    if answered.returncode:
        return False, " | ".join(lines[:4])
    with open(os.path.join(path, "golden.json")) as f:
        largest = json.load(f)["atol"] / RELATIVE
    off = re.search(r"off by at most (\S+)", lines[0])
    return True, "relative error %.2g" % ((float(off.group(1)) if off else 0) / largest)


def main(program, names):
    root = os.environ.get("KEEP") or tempfile.mkdtemp()
    failed = 0
    for name in names or SIZES:
        good, text = run(program, name, root)
        failed += not good
        print("%-4s %-20s %s" % ("ok" if good else "FAIL", name, text), flush=True)
        if "KEEP" not in os.environ:
            shutil.rmtree(os.path.join(root, name))
    if "KEEP" not in os.environ:
        shutil.rmtree(root)
    print("%d of %d agree" % (len(names or SIZES) - failed, len(names or SIZES)))
    return 1 if failed else 0


if __name__ == "__main__":
    start(__doc__, main, SIZES, make=make)
