#!/usr/bin/env python3
"""Whole models as authors of TensorFlow 2 write and export them, each a SavedModel with several requests.

    keras_models.py SAVEDMODEL [MODEL...]     SAVEDMODEL: our binary; default: all models
    keras_models.py --list

Run by hand, with TensorFlow 2.15 and tensorflow_serving.apis. TensorFlow's session answers every request
three times, in mixed order (state may change); `savedmodel replay` must answer the same, errors by their
code, on one thread and on two, and `show --check` must say that the model can run. Prints what differs; the
exit status is 1 when something did. The models stand in keras_models_zoo/; those of packages that are not
installed (transformers 4.38, tensorflow_probability 0.23) are left out. KEEP=DIR keeps the exports there.
"""

import glob
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # the plain kernels' arithmetic
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from script import start  # noqa: E402
sys.dont_write_bytecode = True

DEFAULT = "serving_default"
ZOO = "keras_models_zoo"


def models():
    """{name: function of a folder}: it exports there and returns requests, feeds or (signature, feeds)."""
    found = {}
    for path in sorted(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), ZOO, "*.py"))):
        found.update(importlib.import_module("%s.%s" % (ZOO, os.path.basename(path)[:-3])).MODELS)
    return found


def answer(tf, session, signature, feeds):
    """What the signature gives: {name: array}, or the error's code name."""
    try:
        return session.run(
            {key: t.name for key, t in signature.outputs.items()},
            {signature.inputs[key].name: value for key, value in feeds.items()},
        )
    except tf.errors.OpError as error:
        return error.__class__.__name__
    except (KeyError, ValueError) as error:
        raise RuntimeError("a request that does not fit its signature: %s" % error)


def log_of(tf, name, feeds, answered):
    from tensorflow_serving.apis import prediction_log_pb2

    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.model_spec.name = "m"
    log.predict_log.request.model_spec.signature_name = name
    for key, value in feeds.items():
        log.predict_log.request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
    for key, value in (answered.items() if isinstance(answered, dict) else ()):
        log.predict_log.response.outputs[key].CopyFrom(tf.make_tensor_proto(value))
    return log


def make(name, path):
    import tensorflow as tf

    tf.keras.backend.clear_session()
    tf.keras.mixed_precision.set_global_policy("float32")
    tf.keras.utils.set_random_seed(7)
    model = models()[name]
    requests = model(os.path.join(path, "1"))
    requests = [r if isinstance(r, tuple) else (DEFAULT, r) for r in requests]
    order = list(range(len(requests)))
    order = order + order[::-1] + order
    errors = []
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        loaded = tf.compat.v1.saved_model.load(session, ["serve"], os.path.join(path, "1"))
        with tf.io.TFRecordWriter(os.path.join(path, "golden.tfrecord")) as writer:
            for i in order:
                signature, feeds = requests[i]
                answered = answer(tf, session, loaded.signature_def[signature], feeds)
                errors.append(answered if isinstance(answered, str) else "")
                writer.write(log_of(tf, signature, feeds, answered).SerializeToString())
    with open(os.path.join(path, "golden.json"), "w") as file:
        rtol = getattr(model, "rtol", 1e-4)
        json.dump({"rtol": rtol, "atol": rtol / 5, "cases": len(order), "errors": errors}, file)


CODES = {
    "InvalidArgumentError": "INVALID_ARGUMENT",
    "OutOfRangeError": "OUT_OF_RANGE",
    "NotFoundError": "NOT_FOUND",
    "FailedPreconditionError": "FAILED_PRECONDITION",
    "UnimplementedError": "UNIMPLEMENTED",
    "InternalError": "INTERNAL",
}


def check(program, path):
    """What is wrong with our answers, as lines."""
    wrong = []
    with open(os.path.join(path, "golden.json")) as file:
        errors = json.load(file)["errors"]
    shown = subprocess.run(
        [program, "show", "--dir", os.path.join(path, "1"), "--check"], capture_output=True, text=True
    )
    if shown.returncode:
        wrong.append("show --check: " + (shown.stdout + shown.stderr).strip().replace("\n", "\n    "))
    for threads in ("1", "2"):
        answered = subprocess.run(
            [program, "replay", path, "--json", "--threads", threads], capture_output=True, text=True
        )
        lines = [json.loads(line) for line in answered.stdout.splitlines()]
        if len(lines) != len(errors):
            wrong.append("replay (%d): %s" % (answered.returncode, answered.stderr.strip()))
        for line, error in zip(lines, errors):
            if line["wrong"].startswith(CODES.get(error, error) + ": ") if error else line["ok"]:
                continue
            wrong.append("%(case)d %(signature)s: %(wrong)s" % line + (", wanted " + error if error else ""))
    return wrong


def make_all(names, root):
    """In one process, each model by itself; says on stdout which could not be made."""
    import traceback

    for name in names:
        try:
            make(name, os.path.join(root, name))
        except Exception as error:
            shutil.rmtree(os.path.join(root, name), ignore_errors=True)
            print(
                "%s: not made: %s"
                % (
                    name,
                    (
                        str(error).replace("\n", " ")[-700:]
                        if "DEBUG" not in os.environ
                        else repr(traceback.format_exc()[-900:])
                    ),
                )
            )


def main(program, names):
    root = os.environ.get("KEEP") or tempfile.mkdtemp()
    names = names or list(models())
    for name in names:
        shutil.rmtree(os.path.join(root, name), ignore_errors=True)
        os.makedirs(os.path.join(root, name))
    made = subprocess.run(
        [sys.executable, __file__, "--make", root] + names,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    print("\n".join(line for line in made.stdout.splitlines() if ": not made: " in line), flush=True)
    if made.returncode:
        print("making failed: " + made.stderr[-1000:])
    failed = 0
    for name in names:
        path = os.path.join(root, name)
        wrong = check(program, path) if os.path.exists(os.path.join(path, "golden.json")) else ["not made"]
        print(
            "%-9s %s" % ("DIFFERENT" if wrong else "ok", name)
            + "".join("\n    " + line for line in wrong[:8]),
            flush=True,
        )
        failed += bool(wrong)
    print("%d of %d models agree" % (len(names) - failed, len(names)))
    if "KEEP" not in os.environ:
        shutil.rmtree(root)
    return 1 if failed else 0


if __name__ == "__main__":
    start(__doc__, main, models(), make=lambda root, *names: make_all(names, root))
