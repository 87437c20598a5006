#!/usr/bin/env python3
"""Text, ragged and sparse tensors, parsing, tables, decoding (text_groups/*.py), by TensorFlow and us.

    text_models.py BUILD_DIR [GROUP...]     BUILD_DIR: where our lib/ and bin/ are; default: all groups
    text_models.py --list

Run by hand, with TensorFlow 2.15. A group is a SavedModel with a signature for each of its members.
Google's library answers every request through the C API, in three rounds in one session, so that state and
learned shapes are in play; ours answers the same in the same order, with default threads and with two.
Numbers may differ by 1e-4, errors must have the same code (TEXTS=1: and the same text), and `show --check`
must say that the model can be run. Prints what differs; the exit status is 1 when something did. KEEP=DIR
keeps the exports there.
"""
import os
import pickle
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [HERE, os.path.join(HERE, "../interop")]
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # the plain kernels' arithmetic
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np

from capi import Api, CError, google_api
from text_groups import DTYPES, GROUPS, arg
from script import start

ROUNDS = 3
CONFIGS = (b"", b"\x10\x02\x28\x02")  # ConfigProto: two threads within an op, and two of ops


# ---- making


def outputs(tf, made):
    """What a member returns as a signature's outputs: ragged and sparse tensors as their parts."""
    listed = made if isinstance(made, (list, tuple)) else [made]
    named = made if isinstance(made, dict) else {"y%d" % i: t for i, t in enumerate(listed)}
    out = {}
    for key, value in named.items():
        if isinstance(value, tf.RaggedTensor):
            out[key + "_values"] = tf.identity(value.flat_values)
            for i, splits in enumerate(value.nested_row_splits):
                out["%s_splits%d" % (key, i)] = tf.identity(splits)
        elif isinstance(value, tf.SparseTensor):
            out.update({key + "_indices": value.indices, key + "_values": value.values,
                        key + "_shape": value.dense_shape})
        else:
            out[key] = tf.convert_to_tensor(value)
    return out


def spec(tf, text, name):
    dims = [d for d in text[1:].split(",") if d]
    shape = None if dims == ["*"] else [None if d == "?" else int(d) for d in dims]
    return tf.TensorSpec(shape, DTYPES[text[0]], name)


def signature(tf, f, specs):
    return tf.function(lambda *args: outputs(tf, f(*args)),
                       input_signature=[spec(tf, s, "x%d" % i) for i, s in enumerate(specs)])


def export(tf, members, path):
    module, signatures = tf.Module(), {}
    module.parts = {key: getattr(f, "parts", None) for key, (f, _, _) in members.items()}
    for key, (f, specs, _) in members.items():
        signatures[key] = signature(tf, f, specs)
    module.kept = list(signatures.values())
    tf.saved_model.save(module, path, signatures=signatures)
    return members


def fetches(signature_def):
    """{name: tensor}; parts of a ragged or sparse output one by one."""
    out = {}
    for key, info in sorted(signature_def.outputs.items()):
        names = [p.name for p in info.composite_tensor.components]
        if info.HasField("coo_sparse"):
            coo = info.coo_sparse
            names = [coo.indices_tensor_name, coo.values_tensor_name, coo.dense_shape_tensor_name]
        out.update({"%s/%d" % (key, i): n for i, n in enumerate(names)} if names else {key: info.name})
    return out


def calls(path, members):
    """[(signature, feeds, fetches)] in the order of the session."""
    from tensorflow.core.protobuf import saved_model_pb2
    message = saved_model_pb2.SavedModel()
    with open(os.path.join(path, "saved_model.pb"), "rb") as f:
        message.ParseFromString(f.read())
    out = []
    for key, (_, specs, requests) in members.items():
        s = message.meta_graphs[0].signature_def[key]
        for r in requests:
            named = r if isinstance(r, dict) else {"x%d" % i: arg(v, specs[i][0]) for i, v in enumerate(r)}
            out.append((key, {s.inputs[k].name: v for k, v in named.items() if k in s.inputs}, fetches(s)))
    return out * ROUNDS


def make(name, path):
    import tensorflow as tf
    tf.keras.utils.set_random_seed(7)
    os.environ["TEXT_FILES"] = os.path.join(path, "files")
    os.makedirs(os.environ["TEXT_FILES"])
    model, made = os.path.join(path, "model"), GROUPS[name](tf)
    todo = calls(model, made(model) if callable(made) else export(tf, made, model))
    with open(os.path.join(path, "answers"), "wb") as f:
        pickle.dump((todo, answers(google_api(), model, todo, b"")), f)


# ---- running


def answers(api, model, todo, config):
    _, session, _ = api.load_saved_model(model, ["serve"], config)
    out = []
    for _, feeds, wanted in todo:
        try:
            out.append(dict(zip(wanted, session.run(list(wanted.values()), feeds))))
        except CError as e:
            out.append((e.code, re.sub(r"\{\{[^}]*\}\}", "", e.message.split("\n")[0]).strip()))
    return out


def differs(got, want):
    """What is different, or None."""
    if isinstance(want, tuple) or isinstance(got, tuple):
        same = type(got) is type(want) and (got == want if os.environ.get("TEXTS") else got[0] == want[0])
        return None if same else "%s, not %s" % (got, want)
    for key, w in want.items():
        g, floats = got[key], w.dtype.kind in "fc"
        same = g.shape == w.shape and g.dtype == w.dtype
        if same and floats:
            atol = 1e-5 * max(1e-3, np.max(np.abs(w[np.isfinite(w)]), initial=0))
            same = np.allclose(g, w, rtol=1e-4, atol=atol, equal_nan=True)
        if not same or not floats and not np.array_equal(g, w):
            return "%s: %s, not %s" % (key, g, w)


def answer(library, path):
    """Whether all is the same."""
    with open(os.path.join(path, "answers"), "rb") as f:
        todo, want = pickle.load(f)
    found = {}
    for config in CONFIGS:
        for i, got in enumerate(answers(Api(library), os.path.join(path, "model"), todo, config)):
            difference = differs(got, want[i])
            if difference:
                found.setdefault((todo[i][0], difference), []).append(i)
    for (key, difference), where in found.items():
        print("%s, calls %s: %s" % (key, where, difference))
    print("%d signatures, %d calls, %d differences" % (len({t[0] for t in todo}), len(todo), len(found)))
    return not found


def run(build, name, path):
    me = [sys.executable, os.path.abspath(__file__)]
    made = subprocess.run(me + ["--make", name, path], capture_output=True, text=True)
    if made.returncode:
        print("%s: not made: %s" % (name, made.stderr[-1000:]))
        return False
    library = os.path.join(build, "lib/libtensorflow.so.2")
    answered = subprocess.run(me + ["--answer", library, path], capture_output=True, text=True)
    program, model = os.path.join(build, "bin/savedmodel"), os.path.join(path, "model")
    check = subprocess.run([program, "show", "--dir", model, "--check"], capture_output=True, text=True)
    print("%s: %s%s" % (name, answered.stdout.strip(), answered.stderr[-1000:]), flush=True)
    if check.returncode:
        print("%s: show --check: %s" % (name, check.stdout[-1000:] + check.stderr))
    return answered.returncode == 0 and check.returncode == 0


def main(build, names):
    root = os.environ.get("KEEP") or tempfile.mkdtemp()
    good = True
    for name in names or GROUPS:
        path = os.path.join(root, name)
        shutil.rmtree(path, ignore_errors=True)
        good &= run(build, name, path)
    if "KEEP" not in os.environ:
        shutil.rmtree(root)
    return 0 if good else 1


if __name__ == "__main__":
    start(__doc__, main, GROUPS, make=make, answer=lambda *args: 0 if answer(*args) else 1)
