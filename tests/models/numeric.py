#!/usr/bin/env python3
"""Numeric programs (numeric_models/): linear algebra, solvers, dynamic programming, distributions, gradients.

    numeric.py SAVEDMODEL [GROUP...]     SAVEDMODEL: our binary; default: all groups
    numeric.py --list

Run by hand, with TensorFlow 2.15 and tensorflow_serving.apis. A group is one SavedModel with a signature for
each of its members, answered by TensorFlow for several requests: other sizes, the same three times, errors
between them; then replayed in one session, in mixed order, on one thread and on two. Prints what differs; the
exit status is 1 when something did. KEEP=DIR keeps the exports there.
"""
import os
import shutil
import subprocess
import sys

import numpy as np

from numeric_models import GROUPS, derivatives, functions, linear, loops, shapes  # noqa: F401
from numeric_models.recording import answers_of, make_root, record_all, replay
from script import start

LOOSE = {"types": 1e-2}  # half floats round where others do not


def spec_of(tf, requests, at):
    """Unknown where the requests differ."""
    arrays = [np.asarray(r[at]) for r in requests]
    shape = [a if len(set(d)) == 1 else None for d in zip(*[x.shape for x in arrays]) for a in d[:1]]
    return tf.TensorSpec(shape, tf.as_dtype(arrays[0].dtype), "x%d" % at)


def as_signature(tf, f, requests):
    def serve(*args):
        made = f(*args)
        if isinstance(made, dict):
            return {k: tf.convert_to_tensor(t) for k, t in made.items()}
        made = made if isinstance(made, (list, tuple)) else [made]
        return {"y%d" % i: tf.convert_to_tensor(t) for i, t in enumerate(made)}
    return tf.function(serve, input_signature=[spec_of(tf, requests, i) for i in range(len(requests[0]))])


def make(name, path):
    import tensorflow as tf
    members = GROUPS[name](tf)
    module, signatures, wanted = tf.Module(), {}, {}
    for key, (f, requests) in members.items():
        try:
            module.__setattr__("part_" + key, f if isinstance(f, tf.Module) else None)
            function = as_signature(tf, f, requests)
            function.get_concrete_function()
        except Exception as error:
            print("left out: %s: %s" % (key, " ".join(str(error).split())[-400:]))
            continue
        signatures[key] = function
        wanted[key] = [{"x%d" % i: np.asarray(x) for i, x in enumerate(r)} for r in requests] * 3
    module.kept = list(signatures.values())
    tf.saved_model.save(module, os.path.join(path, "1"), signatures=signatures,
                        options=tf.saved_model.SaveOptions(experimental_custom_gradients=False))
    loaded = tf.saved_model.load(os.path.join(path, "1"))
    record_all(tf, path, wanted, answers_of(tf, loaded), LOOSE.get(name, 1e-4), LOOSE.get(name, 3e-5))


def main(program, names):
    failed = 0
    with make_root() as root:
        for name in names or GROUPS:
            path = os.path.join(root, name)
            shutil.rmtree(path, ignore_errors=True)
            os.makedirs(path)
            made = subprocess.run([sys.executable, __file__, "--make", name, path], capture_output=True,
                                  text=True)
            print(name, made.stdout.strip(), flush=True)
            if made.returncode:
                print("not made: " + "\n".join(made.stderr.strip().splitlines()[-5:]))
            failed += made.returncode != 0 or not replay(program, path)
    return 1 if failed else 0


if __name__ == "__main__":
    start(__doc__, main, GROUPS, make=make)
