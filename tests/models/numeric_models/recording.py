"""TensorFlow's answers in the format that `savedmodel replay` reads, errors beside it, and the comparison."""
import contextlib
import json
import os
import shutil
import subprocess
import tempfile

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # the plain kernels' arithmetic
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")


def code_name(error):
    return type(error).__name__.replace("Error", "")


def record_all(tf, path, wanted, run, rtol=1e-4, atol=3e-5, state=False):
    """wanted: lists of feeds by signature; run(key, feeds) answers. The first of each, then the second, and
    so on, so that one session has them mixed. An answer that is an error has its code in errors.json; what it
    did to `state` before it failed is open, so that it is then the signature's last."""
    from tensorflow_serving.apis import prediction_log_pb2
    errors, ended, count = {}, set(), 0
    with tf.io.TFRecordWriter(os.path.join(path, "golden.tfrecord")) as writer:
        for turn in range(max(map(len, wanted.values()))):
            for key, feeds in wanted.items():
                if turn >= len(feeds) or key in ended:
                    continue
                log = prediction_log_pb2.PredictionLog()
                log.predict_log.request.model_spec.name = "m"
                log.predict_log.request.model_spec.signature_name = key
                for name, value in feeds[turn].items():
                    log.predict_log.request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
                count += 1
                try:
                    for name, value in run(key, feeds[turn]).items():
                        value = value.numpy() if hasattr(value, "numpy") else value
                        log.predict_log.response.outputs[name].CopyFrom(tf.make_tensor_proto(value))
                except tf.errors.OpError as error:
                    errors[count] = [code_name(error), error.message]
                    ended.update([key] if state else [])
                writer.write(log.SerializeToString())
    with open(os.path.join(path, "golden.json"), "w") as file:
        json.dump({"rtol": rtol, "atol": atol, "ordered": True, "cases": count}, file)
    with open(os.path.join(path, "errors.json"), "w") as file:
        json.dump(errors, file)


def answers_of(tf, loaded):
    return lambda key, feeds: loaded.signatures[key](**{k: tf.constant(v) for k, v in feeds.items()})


@contextlib.contextmanager
def make_root():
    root = os.environ.get("KEEP") or tempfile.mkdtemp()
    yield root
    if "KEEP" not in os.environ:
        shutil.rmtree(root)


def replay(program, path):
    """Replays on one thread and on two; prints what differs. Whether all agreed, and were said to run."""
    with open(os.path.join(path, "errors.json")) as file:
        errors = json.load(file)
    check = [program, "show", "--dir", os.path.join(path, "1"), "--all", "--check"]
    good = subprocess.run(check, capture_output=True).returncode == 0
    if not good:
        print("  show --check: not all can be run")
    for threads in ("1", "2"):
        command = [program, "replay", path, "--json", "--threads", threads]
        answered = subprocess.run(command, capture_output=True, text=True)
        lines = [json.loads(line) for line in answered.stdout.splitlines()]
        different = [line for line in lines if not as_wanted(line, errors.get(str(line["case"])))]
        for line in different:
            error = errors.get(str(line["case"]), "")
            print("  DIFFERENT", line["case"], line["signature"], line["wrong"], error)
        same = len(lines) - len(different)
        print("  threads %s: %d of %d agree, %d of them errors %s" % (
            threads, same, len(lines), len(errors), answered.stderr.strip()), flush=True)
        good = good and bool(lines) and not different and answered.returncode in (0, 1 if errors else 0)
    return good


def as_wanted(line, error):
    """A line of `replay --json`; error: [code, message] where TensorFlow refused."""
    if not error:
        return line["ok"]
    return line["wrong"].split(":")[0].replace("_", "").lower() == error[0].lower()
