#!/usr/bin/env python3
"""SavedModels of TensorFlow shown, run, replayed and converted by us, and ours loaded by TensorFlow.

    model_interop.py BUILD_DIR [BUILD_DIR_ON_GOOGLE'S] [-v]

SEED=n changes the random inputs; MODELS=a,b narrows the models of random_models.py.
"""
import contextlib
import glob
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from interop_common import BUILD, check, close, differences, finish, np, ours, same
import random_models
from absl import flags
import tensorflow as tf
from google.protobuf import text_format
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.tools import saved_model_cli

CLI = saved_model_cli.create_parser()
v1 = tf.compat.v1
SEED = int(os.environ.get("SEED", 1))
# Kernels that are named as missing, in models of random_models.py: agreement is no failure either.
NOT_YET = {"v2_control": "TensorListFromTensor", "v2_lstm": "TensorListFromTensor", "v1_gathers": "DenseBincount"}


def cli(*args):
    """What saved_model_cli prints."""
    out = io.StringIO()
    for name in flags.FLAGS:
        flags.FLAGS[name].unparse()  # they are globals
    parsed = CLI.parse_args(args)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        parsed.func()
    return OPS.sub(sort_ops, out.getvalue())


OPS = re.compile(r"(following ops: \{)(.*)(\})")


def sort_ops(match):
    """Python prints a set in an order of its own."""
    return match[1] + ", ".join(sorted(match[2].split(", "))) + match[3]


def first_difference(a, b):
    for x, y in zip(a.splitlines() + ["<end>"], b.splitlines() + ["<end>"]):
        if x != y:
            return "\n     ours:   %r\n     theirs: %r" % (x, y)


def read_saved_model(path):
    message = saved_model_pb2.SavedModel()
    if os.path.exists(os.path.join(path, "saved_model.pb")):
        with open(os.path.join(path, "saved_model.pb"), "rb") as f:
            message.ParseFromString(f.read())
    else:
        with open(os.path.join(path, "saved_model.pbtxt")) as f:
            text_format.Parse(f.read(), message)
    return message


def show(path):
    name = os.path.basename(path)
    mine, theirs = ours("show", "--dir", path, "--all").rstrip("\n"), cli("show", "--dir", path, "--all").rstrip("\n")
    (mine, _, my_functions), (theirs, _, their_functions) = mine.partition("\nConcrete"), theirs.partition("\nConcrete")
    check("%s: show --all" % name, mine == theirs, first_difference(mine, theirs))
    # The traces of a function are numbered in the order of names that TensorFlow makes up while loading.
    check("%s: show --all, functions" % name, sorted(my_functions.splitlines()) == sorted(their_functions.splitlines()),
          first_difference(my_functions, their_functions))
    mine, theirs = ours("show", "--dir", path), cli("show", "--dir", path)
    check("%s: show" % name, mine == theirs, first_difference(mine, theirs))
    for meta in read_saved_model(path).meta_graphs:
        tags = ",".join(meta.meta_info_def.tags)
        if not tags:
            continue
        mine, theirs = ours("show", "--dir", path, "--tag_set", tags), cli("show", "--dir", path, "--tag_set", tags)
        check("%s: show --tag_set %s" % (name, tags), mine == theirs, first_difference(mine, theirs))
        for key in meta.signature_def:
            args = ("show", "--dir", path, "--tag_set", tags, "--signature_def", key)
            mine, theirs = ours(*args), cli(*args)
            check("%s: show %s %s" % (name, tags, key), mine == theirs, first_difference(mine, theirs))


def convert(path, work):
    name = os.path.basename(path)
    there, back = os.path.join(work, "there"), os.path.join(work, "back")
    text = os.path.exists(os.path.join(path, "saved_model.pbtxt"))
    ours("convert", path, there, *(["--to", "pb"] if text else ["--to", "pbtxt"]))
    ours("convert", there, back, *(["--to", "pbtxt"] if text else ["--to", "pb"]))
    want = read_saved_model(path)
    for label, copy in (("convert", there), ("and back", back)):
        check("%s: %s" % (name, label), os.path.exists(os.path.join(copy, "saved_model.pb")) == (text == (copy == there))
              and read_saved_model(copy) == want, os.listdir(copy))
    files = lambda d: sorted(os.path.relpath(f, d) for f in glob.glob(d + "/**", recursive=True)
                             if os.path.isfile(f) and "saved_model.pb" not in f)
    check("%s: the other files" % name, files(there) == files(path) and all(
        open(os.path.join(path, f), "rb").read() == open(os.path.join(there, f), "rb").read() for f in files(path)),
          (files(there), files(path)))
    shutil.rmtree(there), shutil.rmtree(back)


def replay(path):
    name = os.path.basename(path)
    done = subprocess.run([os.path.join(BUILD, "bin/savedmodel"), "replay", path], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    missing = re.search(r"No OpKernel was registered to support Op '(\w+)'|: op (\w+) of", done.stdout)
    excused = missing and NOT_YET.get(name) in missing.groups()
    check("%s: replay" % name, done.returncode == 0 or excused, done.stdout)
    if excused:
        print("     %s: replay wants %s, which has no kernel yet" % (name, NOT_YET[name]))


def run(path, tags, key, inputs, work):
    """`savedmodel run` against a session of TensorFlow's: arrays in a .npz in, .npy files out."""
    name = "%s: run %s %s" % (os.path.basename(path), tags, key)
    npz, out = os.path.join(work, "in.npz"), os.path.join(work, "out")
    np.savez(npz, **inputs)
    args = ["run", "--dir", path, "--tag_set", tags, "--signature_def", key, "--outdir", out, "--overwrite"]
    for alias in inputs:
        args += ["--inputs", "%s=%s[%s]" % (alias, npz, alias)] if len(inputs) == 1 else []
    if len(inputs) > 1:
        args += ["--inputs", ";".join("%s=%s[%s]" % (alias, npz, alias) for alias in inputs)]
    printed = ours(*args)
    with tf.Graph().as_default(), v1.Session() as sess:
        meta = v1.saved_model.load(sess, tags.split(","), path)
        signature = meta.signature_def[key]
        want = sess.run({k: v.name for k, v in signature.outputs.items()},
                        {signature.inputs[k].name: v for k, v in inputs.items()})
    for alias, value in want.items():
        file = os.path.join(out, alias + ".npy")
        got = np.load(file, allow_pickle=True) if os.path.exists(file) else None
        check("%s: %s" % (name, alias), got is not None and close(got, value), (got, value))
    theirs = os.path.join(work, "theirs")
    text = cli(*[theirs if a == out else a for a in args])
    keep = lambda t: [line for line in t.splitlines() if line.startswith("Result") or not line.startswith(("INFO", "WARN"))
                      and " saved to " not in line]
    check("%s: printed" % name, keep(printed) == keep(text), first_difference("\n".join(keep(printed)), "\n".join(keep(text))))
    shutil.rmtree(out, ignore_errors=True), shutil.rmtree(theirs, ignore_errors=True)


# ---- what the TF1 builder can write ----

def linear(x):
    w = v1.get_variable("w", initializer=np.float32([[1, 2], [3, 4]]))
    b = v1.get_variable("b", initializer=np.float32([0.5, -0.5]), use_resource=True)
    return tf.identity(tf.matmul(x, w) + b, "y")


def written_by_builder(work):
    signature = v1.saved_model.predict_signature_def
    x_value = np.float32([[1, 2], [-3, 0.25]])
    runs = []

    def model(name, add, text=False, outer=""):
        path = os.path.join(work, outer + name)
        with tf.Graph().as_default(), v1.Session() as sess:
            builder = v1.saved_model.Builder(path)
            add(builder, sess)
            builder.save(as_text=text)
        return path

    def plain(builder, sess, tags=("serve",), **options):
        x = v1.placeholder(tf.float32, [None, 2], "x")
        y = linear(x)
        sess.run(v1.global_variables_initializer())
        builder.add_meta_graph_and_variables(sess, list(tags), {"serving_default": signature({"x": x}, {"y": y}),
                                             "again": signature({"in": x}, {"out": y, "x": x})}, **options)

    for name, options, text in (("plain", {}, False), ("text", {}, True), ("stripped", {"strip_default_attrs": True}, False),
                                ("free_tags", {"tags": ("my_tag", "other tag")}, False), ("no_devices", {"clear_devices": True}, True)):
        path = model(name, lambda b, s: plain(b, s, **options), text)
        runs += [(path, ",".join(options.get("tags", ["serve"])), key, {alias: x_value})
                 for key, alias in (("serving_default", "x"), ("again", "in"))]

    def several(builder, sess):
        plain(builder, sess, ("train",))
        for tags in (("serve",), ("serve", "gpu")):
            with tf.Graph().as_default():
                x = v1.placeholder(tf.float32, [None, 2], "x")
                builder.add_meta_graph(list(tags), {"serving_default": signature({"x": x}, {"y": linear(x) * len(tags)})})
    path = model("several", several)
    runs += [(path, tags, "serving_default", {"x": x_value}) for tags in ("train", "serve", "serve,gpu")]

    def init_op(kind):
        def add(builder, sess):
            x = v1.placeholder(tf.float32, [2], "x")
            local = v1.get_variable("local", initializer=np.float32([1, 1]), collections=["local_variables"])
            step = v1.get_variable("step", initializer=np.int64(3))
            op = tf.group(local.assign([5., 6.]), step.assign(step + 40))
            sess.run(v1.global_variables_initializer())
            builder.add_meta_graph_and_variables(sess, ["serve"], {"serving_default": signature(
                {"x": x}, {"y": x + local, "step": step.read_value()})}, **{kind: op})
        return add
    for kind in ("legacy_init_op", "main_op"):
        path = model(kind, init_op(kind))
        runs.append((path, "serve", "serving_default", {"x": np.float32([1, 2])}))

    def assets(builder, sess):
        for folder, text in (("a", "one\ntwo\n"), ("b", "three\nfour\n")):
            os.makedirs(os.path.join(work, folder))
            with open(os.path.join(work, folder, "words.txt"), "w") as f:
                f.write(text)
        with open(os.path.join(work, "more.txt"), "w") as f:
            f.write("x\t1\ny\t2\n")
        words = v1.placeholder(tf.string, [None], "words")
        index = tf.lookup.TextFileIndex
        tables = [tf.lookup.StaticHashTable(tf.lookup.TextFileInitializer(
            os.path.join(work, f), tf.string, index.WHOLE_LINE, tf.int64, index.LINE_NUMBER), -1)
            for f in ("a/words.txt", "b/words.txt")]
        more = tf.lookup.StaticHashTable(tf.lookup.TextFileInitializer(
            os.path.join(work, "more.txt"), tf.string, 0, tf.int64, 1), 0)
        sess.run(v1.tables_initializer())
        builder.add_meta_graph_and_variables(
            sess, ["serve"], {"serving_default": signature({"words": words}, {
                "first": tables[0].lookup(words), "second": tables[1].lookup(words), "more": more.lookup(words)})},
            assets_collection=v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS), main_op=v1.tables_initializer())
    path = model("assets", assets)
    runs.append((path, "serve", "serving_default", {"words": np.array(["one", "four", "y", "no"])}))
    moved = os.path.join(work, "moved")
    shutil.copytree(path, moved)
    for f in ("a/words.txt", "b/words.txt", "more.txt"):
        os.remove(os.path.join(work, f))
    runs.append((moved, "serve", "serving_default", {"words": np.array(["two", "x"])}))

    def partitioned(builder, sess):
        x = v1.placeholder(tf.float32, [None, 6], "x")
        w = v1.get_variable("w", [6, 2], initializer=v1.random_normal_initializer(), partitioner=v1.fixed_size_partitioner(3))
        sess.run(v1.global_variables_initializer())
        builder.add_meta_graph_and_variables(sess, ["serve"], {"serving_default": signature(
            {"x": x}, {"y": tf.matmul(x, tf.convert_to_tensor(w))})}, saver=v1.train.Saver(sharded=True))
    path = model("partitioned", partitioned)
    runs.append((path, "serve", "serving_default", {"x": np.ones([2, 6], np.float32)}))

    def kinds(builder, sess):
        x = v1.placeholder(tf.string, [None], "x")
        sparse = v1.sparse_placeholder(tf.int64, [None, 3], name="sp")
        scores = tf.cast(tf.strings.length(x), tf.float32)
        classes = tf.strings.upper(x)
        build = v1.saved_model
        info = build.build_tensor_info
        builder.add_meta_graph_and_variables(sess, ["serve"], {
            "classify": build.classification_signature_def(x, classes, scores), "regress": build.regression_signature_def(x, scores),
            "predict": signature({"x": x}, {"scores": scores}),
            "sparse": build.build_signature_def({"s": info(sparse)}, {"o": info(sparse.values)}, "my/method"),
            "unknown": build.build_signature_def({"u": info(v1.placeholder(tf.float32, name="u"))}, {}, "")})
    path = model("kinds", kinds)
    runs.append((path, "serve", "predict", {"x": np.array(["a", "bcd"])}))
    return runs


# ---- errors ----

def errors(work, path):
    """What loading refuses: by our C API and Google's."""
    from capi import Api, CError, google_api
    empty = os.path.join(work, "empty")
    os.makedirs(empty)
    broken = os.path.join(work, "broken")
    shutil.copytree(path, broken)
    os.remove(os.path.join(broken, "variables/variables.index"))
    for label, directory, tags in (("no model", empty, ["serve"]), ("no such folder", work + "/nope", ["serve"]),
                                   ("no such tags", path, ["serve", "gpu"]), ("no tags", path, []),
                                   ("no variables", broken, ["serve"])):
        answers = []
        for api in (Api(os.path.join(BUILD, "lib/libtensorflow.so.2")), google_api()):
            try:
                api.load_saved_model(directory, tags)
                answers.append("loaded")
            except CError as e:
                answers.append((e.code, e.message))
        check("error: %s" % label, answers[0] == answers[1], "\n     ours:   %s\n     theirs: %s" % tuple(answers))


# ---- ours in TensorFlow ----

def load_ours(work):
    subprocess.run([os.path.join(BUILD, "examples/seed_export")], cwd=work, check=True, stdout=subprocess.DEVNULL)
    models = sorted(glob.glob(os.path.join(work, "exp_model", "*")))
    check("seed_export wrote versions", [os.path.basename(m) for m in models] == ["1", "2"], models)
    for path in models:
        label = "seed_export " + os.path.basename(path)
        show(path), convert(path, work)
        with tf.Graph().as_default(), v1.Session() as sess:
            meta = v1.saved_model.load(sess, ["serve"], path)
            signature = meta.signature_def["prediction"]
            shape = [d.size if d.size >= 0 else 2 for d in signature.inputs["input"].tensor_shape.dim]
            value = np.ones(shape, np.float32)
            want = sess.run(signature.outputs["output"].name, {signature.inputs["input"].name: value})
        run(path, "serve", "prediction", {"input": value}, work)
        loaded = tf.saved_model.load(path, ["serve"]).signatures["prediction"]
        got = loaded(**{"input": tf.constant(value)})["output"].numpy()
        check(label + ": tf.saved_model.load", close(got, want), (got, want))
        reader = tf.train.load_checkpoint(os.path.join(path, "variables/variables"))
        check(label + ": variables", len(reader.get_variable_to_shape_map()) > 0)


def main():
    with tempfile.TemporaryDirectory() as work:
        if os.environ.get("MODELS") != "none":
            models = os.path.join(work, "random")
            sys.argv[1:] = [models, str(SEED), *filter(None, os.environ.get("MODELS", "").split(","))]
            random_models.main()
            for path in sorted(glob.glob(models + "/v?_*")):
                replay(path), show(path), convert(path, work)
        load_ours(work)
        v1.disable_v2_behavior()
        built = os.path.join(work, "built")
        os.makedirs(built)
        runs = written_by_builder(built)
        for path in sorted({path for path, *_ in runs}):
            show(path), convert(path, work)
        for path, tags, key, inputs in runs:
            run(path, tags, key, inputs, work)
        errors(work, os.path.join(built, "plain"))
    finish("models")


main()
