#!/usr/bin/env python3
"""Programs and networks made at random (numeric_models/random_*.py), answered by TensorFlow.

    random_programs.py SAVEDMODEL [SEED [BATCHES]]

Run by hand, with TensorFlow 2.15 and tensorflow_serving.apis. A batch is one SavedModel with 24 signatures,
each made of its own seed: of three batches, one has programs of TensorFlow 2, one of TensorFlow 1's control
flow and variables, one networks. Numbers of programs are whole: exact whatever the order of sums. Requests
have several shapes, mixed and repeated; variables change from one to the next. Prints what differs; the exit
status is 1 when something did. KEEP=DIR keeps the exports there.
"""
import os
import random
import shutil
import subprocess
import sys

import numpy as np

from numeric_models.random_network import Network
from numeric_models.random_program import Program
from numeric_models.recording import answers_of, make_root, record_all, replay
from script import start

PROGRAMS = 24
SHAPES = [(3, 4), (1, 4), (3, 4), (5, 2), (3, 4), (1, 1), (5, 2), (3, 4), (2, 6), (0, 3), (5, 2), (0, 3)]
DTYPES = ["float32", "float32", "float64", "int32", "int64"]


def make_variables(tf, old, dtype, rng):
    if not old:
        return [(tf.Variable(tf.constant(1, dtype)), False),
                (tf.Variable(tf.constant([1, 2, 3], dtype)), True)]
    v1 = tf.compat.v1
    return [(v1.Variable(v1.constant(1, dtype), use_resource=rng.random() < 0.5), False),
            (v1.Variable(v1.constant([1, 2, 3], dtype), use_resource=rng.random() < 0.5), True)]


def network_requests(seed):
    r = np.random.RandomState(seed)
    sizes = [(3, 5, 4), (1, 5, 4), (3, 5, 4), (2, 7, 6), (3, 5, 4), (1, 5, 4), (0, 5, 4), (1, 3, 3)]
    normal = lambda *shape: r.standard_normal(shape).astype(np.float32)
    return [{"x": normal(n, 6), "y": normal(n, h, w, 4), "set": np.int32(i % 4)}
            for i, (n, h, w) in enumerate(sizes)]


def requests(seed, dtype):
    r = np.random.RandomState(seed)
    return [{"x": r.randint(-8, 9, shape).astype(dtype), "n": np.int32(r.randint(5))} for shape in SHAPES]


def make_new(tf, seed, path, networks):
    module, signatures, wanted = tf.Module(), {}, {}
    for i in range(PROGRAMS):
        rng, key = random.Random(seed * 1000 + i), "p%d" % i
        dtype = rng.choice(DTYPES)
        if networks:
            program, feeds = Network(tf, rng, "float32", False), network_requests(seed * 1000 + i)
            program.make_weights()
        else:
            program, feeds = Program(tf, rng, dtype, False), requests(seed * 1000 + i, dtype)
            program.variables = make_variables(tf, False, dtype, rng)
        specs = [tf.TensorSpec([None] * v.ndim, v.dtype, k) for k, v in feeds[0].items()]
        f = tf.function(program.run, input_signature=specs)
        try:
            f.get_concrete_function()
        except Exception as error:
            print("left out: %d %s" % (i, " ".join(str(error).split())[-300:]))
            continue
        module.__setattr__("v%d" % i, program.variables)
        signatures[key], wanted[key] = f, feeds
    tf.saved_model.save(module, os.path.join(path, "1"), signatures=signatures)
    loaded = tf.saved_model.load(os.path.join(path, "1"))
    record_all(tf, path, wanted, answers_of(tf, loaded), state=True)


def make_old(tf, seed, path):
    v1 = tf.compat.v1
    v1.disable_control_flow_v2()
    v1.disable_v2_tensorshape()
    signatures, tensors, wanted = {}, {}, {}
    with tf.Graph().as_default(), v1.Session() as session:
        for i in range(PROGRAMS):
            rng = random.Random(seed * 1000 + i)
            dtype = rng.choice(DTYPES)
            key = "p%d" % i
            program = Program(tf, rng, dtype, True)
            program.variables = make_variables(tf, True, dtype, rng)
            try:
                x, n = v1.placeholder(dtype, [None, None]), v1.placeholder(tf.int32, [])
                out = program.run(x, n)
            except Exception as error:
                print("left out: %d %s" % (i, " ".join(str(error).split())[-300:]))
                continue
            tensors[key] = ({"x": x, "n": n}, out)
            signatures[key] = v1.saved_model.predict_signature_def({"x": x, "n": n}, out)
            wanted[key] = requests(seed * 1000 + i, dtype)
        session.run(v1.global_variables_initializer())
        builder = v1.saved_model.Builder(os.path.join(path, "1"))
        builder.add_meta_graph_and_variables(session, ["serve"], signatures)
        builder.save()
        record_all(tf, path, wanted, lambda key, feeds: session.run(
            tensors[key][1], {tensors[key][0][k]: v for k, v in feeds.items()}), state=True)


def make(seed, path):
    import tensorflow as tf
    if seed % 3 == 1:
        make_old(tf, seed, path)
    else:
        make_new(tf, seed, path, seed % 3 == 2)


def main(program, seed=1, batches=4):
    failed = 0
    with make_root() as root:
        for batch in range(int(seed), int(seed) + int(batches)):
            path = os.path.join(root, str(batch))
            shutil.rmtree(path, ignore_errors=True)
            os.makedirs(path)
            made = subprocess.run([sys.executable, __file__, "--make", str(batch), path], capture_output=True,
                                  text=True)
            print(batch, made.stdout.strip(), flush=True)
            if made.returncode:
                print("not made: " + "\n".join(made.stderr.strip().splitlines()[-5:]))
            failed += made.returncode != 0 or not replay(program, path)
    return 1 if failed else 0


if __name__ == "__main__":
    start(__doc__, lambda program, rest: main(program, *rest),
          make=lambda batch, path: make(int(batch), path))
