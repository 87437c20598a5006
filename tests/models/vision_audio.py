#!/usr/bin/env python3
"""Images, video, detection and audio, as models of those fields are written and exported.

    vision_audio.py SAVEDMODEL [GROUP...]     SAVEDMODEL: our binary; default: all groups
    vision_audio.py --list

Run by hand, with TensorFlow 2.15 and tensorflow_serving.apis. A group is one SavedModel with a signature for
each of its members, and each member is asked several requests: other sizes, empty batches, what TensorFlow
refuses. All are sent three times in mixed order, on one thread and on two, and answers and error codes are
compared with TensorFlow's. Each group is exported by functions, as GROUP@1 in one graph of loops and
variables by reference, and as GROUP@frozen without variables. Prints what differs; the exit status is 1 when
something did. KEEP=DIR keeps the exports there; SEED and SWEEP say which and how many random nets.
"""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

import numpy as np

from script import start
from vision_groups import KEPT, load

GROUPS, WAYS = load(), ("", "@1", "@frozen")

# ---- making and running


def specs(tf, requests):
    """The inputs, with what differs between the requests left open."""
    made = []
    for i, values in enumerate(zip(*requests)):
        values = [np.asarray(v) for v in values]
        dtype = tf.string if values[0].dtype.kind in "SUO" else tf.as_dtype(values[0].dtype)
        shape = None
        if len({v.ndim for v in values}) == 1:
            shape = [d[0] if len(set(d)) == 1 else None for d in zip(*(v.shape for v in values))]
        made.append(tf.TensorSpec(shape, dtype, "x%d" % i))
    return made


def named(tf, made):
    if isinstance(made, dict):
        return {key: tf.convert_to_tensor(t) for key, t in made.items()}
    made = made if isinstance(made, (list, tuple)) else [made]
    return {"y%d" % i: tf.convert_to_tensor(t) for i, t in enumerate(made)}


def record(tf, ask, name, inputs):
    """A log of the request and its answer; and TensorFlow's error, "CODE: text", or None."""
    from tensorflow_serving.apis import prediction_log_pb2
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.model_spec.name = "m"
    log.predict_log.request.model_spec.signature_name = name
    feeds = {"x%d" % i: x for i, x in enumerate(inputs)}
    for key, value in feeds.items():
        log.predict_log.request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
    try:
        for key, value in ask(name, feeds).items():
            log.predict_log.response.outputs[key].CopyFrom(tf.make_tensor_proto(value))
    except tf.errors.OpError as error:
        code = type(error).__name__.removesuffix("Error")
        return log.SerializeToString(), "".join("_" + c if c.isupper() else c.upper()
                                                for c in code)[1:] + ": " + error.message[:200]
    return log.SerializeToString(), None


def traced(members, trace):
    """What `trace` makes of each member that can be traced."""
    made = {}
    for key, (f, requests) in members.items():
        try:
            made[key] = trace(key, f, requests)
        except Exception as error:
            print("%s cannot be traced: %s" % (key, str(error).strip().splitlines()[-1]))
    return made


def save_second(tf, name, path):
    """An export of functions. Returns the members and what asks the loaded model."""
    members, module = GROUPS[name](tf), tf.Module()

    def trace(key, f, requests):
        function = tf.function(lambda *args: named(tf, f(*args)), input_signature=specs(tf, requests))
        function.get_concrete_function()
        return function

    functions = traced(members, trace)
    module.kept = [v for part in KEPT
                   for v in getattr(part, "variables", [part])]  # layers themselves want shapes
    tf.saved_model.save(module, path, signatures=functions)
    loaded = tf.saved_model.load(path)

    def ask(key, feeds):
        made = loaded.signatures[key](**{k: tf.constant(v) for k, v in feeds.items()})
        return {k: v.numpy() for k, v in made.items()}

    return {key: members[key] for key in functions}, ask


def frozen(tf, session, signatures):
    """The graph with its variables as constants and its batch norms folded, as freeze_graph.py writes it."""
    from tensorflow.python.tools import optimize_for_inference_lib
    outputs = sorted({t.name.split(":")[0] for s in signatures.values() for t in s.outputs.values()})
    graph = tf.compat.v1.graph_util.convert_variables_to_constants(session, session.graph_def, outputs)
    folded = optimize_for_inference_lib.fold_batch_norms(graph)
    folded.library.CopyFrom(graph.library)
    return folded


def save_first(tf, name, path, freeze=False):
    """The same as an export of 2018: one graph, loops of Enter and Exit; or frozen."""
    v1 = tf.compat.v1
    v1.disable_v2_behavior()
    with tf.Graph().as_default(), v1.Session() as session:
        members = GROUPS[name](tf)
        if freeze:
            members.pop("streaming", None)  # it assigns to its variable

        def trace(key, f, requests):
            with tf.name_scope(key):
                inputs = {
                    spec.name: v1.placeholder(spec.dtype, spec.shape, spec.name)
                    for spec in specs(tf, requests)
                }
                outputs = named(tf, tf.autograph.to_graph(f)(*inputs.values()))
            return v1.saved_model.build_signature_def(
                {k: v1.saved_model.build_tensor_info(t)
                 for k, t in inputs.items()},
                {k: v1.saved_model.build_tensor_info(t)
                 for k, t in outputs.items()})

        signatures = traced(members, trace)
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        graph = frozen(tf, session, signatures) if freeze else session.graph_def
        builder = v1.saved_model.Builder(path)
        if freeze:
            with tf.Graph().as_default(), v1.Session() as other:
                tf.import_graph_def(graph, name="")
                builder.add_meta_graph_and_variables(other, ["serve"], signatures)
        else:
            builder.add_meta_graph_and_variables(session, ["serve"], signatures,
                                                 main_op=v1.tables_initializer())
        builder.save()
    session = v1.Session(graph=tf.Graph())
    with session.graph.as_default():
        loaded = v1.saved_model.load(session, ["serve"], path).signature_def

    def ask(key, feeds):
        outputs = {k: t.name for k, t in loaded[key].outputs.items()}
        return session.run(outputs, {loaded[key].inputs[k].name: v for k, v in feeds.items()})

    return {key: members[key] for key in signatures}, ask


def make(name, path):
    import tensorflow as tf
    tf.keras.utils.set_random_seed(7)
    name, _, way = name.partition("@")
    path_1 = os.path.join(path, "1")
    members, ask = save_first(tf, name, path_1, way == "frozen") if way else save_second(tf, name, path_1)
    records = [(key, record(tf, ask, key, inputs)) for key, (_, requests) in members.items()
               for inputs in requests]
    mixed = records + random.Random(1).sample(records, len(records)) + records[::-1]
    with tf.io.TFRecordWriter(os.path.join(path, "golden.tfrecord")) as writer:
        for _, (log, _) in mixed:
            writer.write(log)
    tolerance = getattr(GROUPS[name], "tolerance", {"rtol": 1e-4, "atol": 2e-5})
    with open(os.path.join(path, "golden.json"), "w") as file:
        json.dump(dict(tolerance, errors=[error for _, (_, error) in mixed]), file)
    print("%d signatures, %d requests, %d refused" %
          (len(members), len(records), sum(e is not None for _, (_, e) in records)))


def replay(program, path, threads):
    """What differs: a set of lines."""
    with open(os.path.join(path, "golden.json")) as file:
        errors = json.load(file)["errors"]
    ran = subprocess.run([program, "replay", path, "--json", "--threads", threads], capture_output=True,
                         text=True)
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    wrong = {"exit %d: %s" % (ran.returncode, ran.stderr.strip())} if len(lines) != len(errors) else set()
    for line, error in zip(lines, errors):
        if (line["wrong"].split(":")[0] != error.split(":")[0]) if error else not line["ok"]:
            wrong.add("%s: %s%s" %
                      (line["signature"], line["wrong"][:300], " TensorFlow: %s" % error if error else ""))
    return wrong


def main(program, names):
    root = os.environ.get("KEEP") or tempfile.mkdtemp()
    failed = 0
    for name in names or [g + way for g in GROUPS for way in WAYS]:
        path = os.path.join(root, name)
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        made = subprocess.run([sys.executable, sys.argv[0], "--make", name, path], capture_output=True,
                              text=True)
        print("%s: %s" % (name, made.stdout.strip()), flush=True)
        if made.returncode:
            print("not made: " + "\n".join(made.stderr.strip().splitlines()[-5:]))
            failed += 1
            continue
        check = subprocess.run(
            [program, "show", "--dir", os.path.join(path, "1"), "--all", "--check"], capture_output=True,
            text=True)
        wrong = replay(program, path, "1") | replay(program, path, "2")
        if check.returncode:
            wrong.add("show --check: " + (check.stdout + check.stderr)[-300:])
        print("\n".join(sorted("  " + line for line in wrong)), flush=True)
        failed += len(wrong)
    if "KEEP" not in os.environ:
        shutil.rmtree(root)
    return 1 if failed else 0


if __name__ == "__main__":
    start(__doc__, main, GROUPS, make=make)
