"""Graphs, one run after another in one session, and what TensorFlow answers: the goldens of tests/data/exec, which
src/session/session_golden_test.c replays. Used by the generators beside this file."""
import base64
import json
import os
import re

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0", CUDA_VISIBLE_DEVICES="")
import numpy as np
import tensorflow as tf
from tensorflow.python.client import pywrap_tf_session as ts

v1 = tf.compat.v1
CASES = []


def tensor(a):
    a = np.asarray(a)
    values = [v.decode("latin1") if isinstance(v, bytes) else v for v in a.ravel().tolist()]
    kind = "string" if a.dtype == object or a.dtype.kind in "SU" else str(a.dtype).replace("float32", "float").replace("float64", "double")
    return {"dtype": kind, "shape": list(a.shape), "values": values}


def hide(value, dtype=None):
    """A value whose shape nobody knows before it is there."""
    return v1.placeholder_with_default(value if tf.is_tensor(value) else tf.constant(value, dtype), None)


def open_session(graph):
    """The graph, complete, run as it is, a node at a time."""
    config = v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    session = v1.Session(graph=graph, config=config)
    session._extend_graph()
    return session


def run_one(session, feeds, fetches, targets, told=str):
    """`told`: what is kept of an error."""
    run = {"feeds": {t.name: tensor(v) for t, v in feeds.items()}, "fetches": [t.name for t in fetches],
           "targets": [o.name for o in targets]}
    try:
        got = ts.TF_SessionRun_wrapper(session._session, None, {t._as_tf_output(): np.asarray(v) for t, v in feeds.items()},
                                       [t._as_tf_output() for t in fetches], [o._c_op for o in targets], None)
        run["outputs"] = [tensor(v) for v in got]
    except tf.errors.OpError as e:
        run["code"], run["error"] = e.error_code, told(e)
    return run


def lasting(error):
    """An error without what is another one each time, and without what a session adds when it makes kernels."""
    said = re.sub(r"\n\t \[\[\w+\]\]$", "", str(error))
    return re.sub(r"(TensorArray \S*_|x_|\[s_)\d+", r"\1#", said)


def trimmed(graph):
    """The graph without the attributes that say nothing of what it does."""
    kept = graph.as_graph_def()
    for node in kept.node:
        for useless in "_class", "_output_shapes", "parallel_iterations", "_lower_using_switch_merge":
            node.attr.pop(useless, None)
    return kept


def golden(name, graph_def, runs):
    return {"name": name, "graph": base64.b64encode(graph_def.SerializeToString()).decode(), "runs": runs}


def family(name, producer=None):
    """Decorates a function that builds a graph (of an old version, for ops that are gone) and returns {what: ends}:
    tensors to fetch and operations to run, and with what is fed as a last element, a dict, if anything is."""

    def make(build):
        graph = tf.Graph()
        with graph.as_default():
            if producer:
                tf.import_graph_def(v1.GraphDef(versions={"producer": producer}))
            cases = build()
        session = open_session(graph)
        runs = []
        for what, ends in cases.items():
            ends = list(ends) if isinstance(ends, (list, tuple)) else [ends]
            feeds = ends.pop() if isinstance(ends[-1], dict) else {}
            targets = [e for e in ends if isinstance(e, tf.Operation)]
            runs.append(run_one(session, feeds, [e for e in ends if not isinstance(e, tf.Operation)], targets, lasting))
            print(f"{name}: {what}:", runs[-1].get("error") or [o["values"] for o in runs[-1]["outputs"]])
        CASES.append(golden(name, graph.as_graph_def(), runs))

    return make


def save(path, cases=CASES):
    with open(path, "w") as f:
        json.dump(cases, f, separators=(",", ":"))
        f.write("\n")
