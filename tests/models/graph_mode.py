#!/usr/bin/env python3
"""Whole models of TensorFlow 1's graph mode (graph_mode_models/*.py), as TensorFlow exports and answers them.

    graph_mode.py SAVEDMODEL [MODEL|FILE...]     SAVEDMODEL: our binary; default: all models
    graph_mode.py --list

Run by hand, with TensorFlow 2.15 and tensorflow_serving.apis. Every model is its own SavedModel. A session
of TensorFlow that loaded it answers its requests in three rounds (as written, backwards, as written), so that
state and learned shapes are in play; ours answers the same in the same order, with one thread and with two. A
request that TensorFlow refuses must be refused with the same code; `show --check` must say that it can be
run. Prints what differs; the exit status is 1 when something did. KEEP=DIR keeps the exports there.
VARIANTS="v2 resource strip" (any of them) builds all with control flow by functions, resource variables,
without default attributes.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import traceback

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # the plain kernels' arithmetic
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import graph_mode_models
from script import start

METHODS = {m: "tensorflow/serving/" + m for m in ("predict", "classify", "regress")}
CODES = (
    "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED "
    "RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE "
    "DATA_LOSS UNAUTHENTICATED"
).split()


class Maker:
    """What a model function says of its model.

    sign() and ask() collect signatures and requests; `before(sess)` prepares variables (default: their
    initialisers),
    `main_op` is exported, `edit(graph_def)` changes the exported graph, `export(path)` replaces the whole
    export.
    """

    def __init__(self, tf):
        self.tf, self.signatures, self.requests, self.tags = tf, {}, [], {}
        self.main_op = self.edit = self.export = self.before = None

    def sign(self, name, inputs, outputs, method="predict"):
        saved_model = self.tf.compat.v1.saved_model

        def infos(tensors):
            return {k: saved_model.build_tensor_info(t) for k, t in tensors.items()}

        self.signatures[name] = saved_model.build_signature_def(
            infos(inputs), infos(outputs), METHODS[method]
        )

    def ask(self, signature, tags=("serve",), **feeds):
        self.requests.append((signature, tuple(tags), feeds))


def write_model(tf, m, path, options):
    v1 = tf.compat.v1
    v1.set_random_seed(11)
    with v1.Session() as sess:
        if m.before:
            m.before(sess)
        else:
            sess.run(
                [v1.global_variables_initializer(), v1.local_variables_initializer(), v1.tables_initializer()]
            )
        builder = v1.saved_model.Builder(path)
        builder.add_meta_graph_and_variables(
            sess,
            ["serve"],
            m.signatures,
            assets_collection=v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS),
            main_op=m.main_op,
            strip_default_attrs=options.get("strip", "strip" in os.environ.get("VARIANTS", "")),
        )
        builder.save()
    if m.edit:
        edit_graph(tf, os.path.join(path, "saved_model.pb"), m.edit)


def edit_graph(tf, file, edit):
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel()
    with open(file, "rb") as f:
        saved.ParseFromString(f.read())
    for meta in saved.meta_graphs:
        edit(meta.graph_def)
    with open(file, "wb") as f:
        f.write(saved.SerializeToString())


def log_of(tf, name, tags, signature, feeds, answer):
    from tensorflow_serving.apis import prediction_log_pb2

    log = prediction_log_pb2.PredictionLog()
    log.log_metadata.saved_model_tags.extend(tags)
    kind = signature.method_name.split("/")[-1]
    if kind == "predict":
        spec = log.predict_log.request.model_spec
        for key, value in feeds.items():
            log.predict_log.request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
        for key, value in answer.items():
            log.predict_log.response.outputs[key].CopyFrom(tf.make_tensor_proto(value))
    else:
        part = log.classify_log if kind == "classify" else log.regress_log
        spec = part.request.model_spec
        part.request.input.example_list.examples.extend(
            [tf.train.Example.FromString(e) for e in feeds["inputs"]]
        )
        fill_result(part.response.result, kind, len(feeds["inputs"]), answer)
    spec.name, spec.signature_name = "m", name
    return log.SerializeToString()


def fill_result(result, kind, rows, answer):
    for row in range(rows if answer else 0):
        if kind == "regress":
            result.regressions.add().value = answer["outputs"].reshape(-1)[row]
            continue
        of_row = result.classifications.add()
        labels, scores = answer.get("classes"), answer.get("scores")
        for i in range((labels if labels is not None else scores).shape[1]):
            entry = of_row.classes.add()
            if labels is not None:
                entry.label = labels[row, i].decode()
            if scores is not None:
                entry.score = scores[row, i]


def said(message):
    """What the runtime said, without what Python put around it."""
    lines = message.splitlines()
    nodes = [i for i, line in enumerate(lines) if "[[{{node" in line and i]
    return lines[nodes[0] - 1] if nodes else lines[0]


def record(tf, m, path):
    """TensorFlow's answers; the codes that it refuses with, by the number of the case."""
    sessions, codes, cases = {}, {}, 0
    once = m.requests
    with tf.io.TFRecordWriter(os.path.join(path, "golden.tfrecord")) as writer:
        for name, tags, feeds in once + once[::-1] + once:
            if tags not in sessions:
                sess = tf.compat.v1.Session(
                    graph=tf.Graph(), config=tf.compat.v1.ConfigProto(operation_timeout_in_ms=20000)
                )
                with sess.graph.as_default():
                    sessions[tags] = sess, tf.compat.v1.saved_model.load(
                        sess, list(tags), os.path.join(path, "1")
                    )
            sess, meta = sessions[tags]
            signature, cases, answer = meta.signature_def[name], cases + 1, {}
            try:
                answer = sess.run(
                    {k: t.name for k, t in signature.outputs.items()},
                    {signature.inputs[k].name: v for k, v in feeds.items()},
                )
            except tf.errors.OpError as error:
                codes[cases] = [CODES[error.error_code], said(error.message)]
            writer.write(log_of(tf, name, tags, signature, feeds, answer))
    return codes


def make(root, names):
    import tensorflow as tf

    tf.compat.v1.disable_v2_behavior()
    tf.compat.v1.logging.set_verbosity("ERROR")
    variants = os.environ.get("VARIANTS", "").split()
    for name in names:
        f, options = graph_mode_models.load()[name]
        path = os.path.join(root, name)
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        m = Maker(tf)
        switch = (
            "enable_control_flow_v2" if options.get("v2") or "v2" in variants else "disable_control_flow_v2"
        )
        getattr(tf.compat.v1, switch)()
        if "resource" in variants:
            tf.compat.v1.enable_resource_variables()
        try:
            with tf.Graph().as_default():
                tf.compat.v1.set_random_seed(11)
                f(tf, m)
                if m.export:
                    m.export(os.path.join(path, "1"))
                else:
                    write_model(tf, m, os.path.join(path, "1"), options)
            codes = record(tf, m, path)
            with open(os.path.join(path, "golden.json"), "w") as file:
                json.dump(
                    {
                        "rtol": options.get("rtol", 1e-4),
                        "atol": options.get("atol", 1e-5),
                        "ordered": True,
                        "codes": codes,
                        "tags": [list(t) for t in {r[1] for r in m.requests}],
                    },
                    file,
                )
        except Exception:
            with open(os.path.join(path, "error"), "w") as file:
                file.write("".join(traceback.format_exc().splitlines(True)[-12:]))


def differences(program, path):
    """What our answers have wrong, a line each."""
    if os.path.exists(os.path.join(path, "error")):
        yield "not made: " + open(os.path.join(path, "error")).read()
        return
    with open(os.path.join(path, "golden.json")) as file:
        golden = json.load(file)
    for tags in golden["tags"]:
        check = subprocess.run(
            [program, "show", "--dir", os.path.join(path, "1"), "--tag_set", ",".join(tags), "--check"],
            capture_output=True,
            text=True,
        )
        if check.returncode:
            yield "check: " + (check.stdout + check.stderr).strip()
    for threads in "12":
        ran = subprocess.run(
            [program, "replay", path, "--json", "--threads", threads], capture_output=True, text=True
        )
        if ran.returncode not in (0, 1):
            yield "exit status %d: %s" % (ran.returncode, ran.stderr.strip())
        for line in ran.stdout.splitlines():
            case = json.loads(line)
            code, text = golden["codes"].get(str(case["case"]), ("", ""))
            if code and case["wrong"].startswith(code + ":") or not code and case["ok"]:
                continue
            yield "case %d, %s, %s threads: %s%s" % (
                case["case"],
                case["signature"],
                threads,
                case["wrong"] or "ok",
                " instead of %s: %s" % (code, text) if code else "",
            )


def refused(path):
    with open(os.path.join(path, "golden.json")) as file:
        codes = json.load(file)["codes"]
    return (
        " (%d refused: %s)" % (len(codes), ", ".join(sorted({c for c, _ in codes.values()}))) if codes else ""
    )


def main(program, names):
    models = graph_mode_models.load()
    names = [
        n for n, (f, _) in models.items() if not names or n in names or f.__module__.split(".")[1] in names
    ]
    root = os.environ.get("KEEP") or tempfile.mkdtemp()
    made = subprocess.run([sys.executable, __file__, "--make", root] + names, capture_output=True, text=True)
    if made.returncode:
        print(made.stderr)
    failed = made.returncode != 0
    for name in names:
        found = list(differences(program, os.path.join(root, name)))
        failed |= bool(found)
        print(
            "%-24s %s"
            % (
                name,
                (
                    "agrees" + refused(os.path.join(root, name))
                    if not found
                    else "DIFFERENT\n  " + "\n  ".join(found[:12])
                ),
            ),
            flush=True,
        )
    if "KEEP" not in os.environ:
        shutil.rmtree(root)
    return 1 if failed else 0


if __name__ == "__main__":
    start(__doc__, main, graph_mode_models.load(), make=lambda root, *names: make(root, names))
