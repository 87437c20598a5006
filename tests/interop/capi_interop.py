#!/usr/bin/env python3
"""The TensorFlow C API of ours and of Google's library: the same calls, the same results.

    capi_interop.py BUILD_DIR [BUILD_DIR_ON_GOOGLE'S] [-v]

Each scenario is a function that drives one library through capi.py and returns what it saw as plain data (values,
codes and messages of errors, descriptions of operations, GraphDefs); what two libraries say must be equal.
"""
import os
import random
import re

from interop_common import BUILD, check, differences, finish, np
from google.protobuf import json_format
import tensorflow as tf
from tensorflow.core.framework import attr_value_pb2, graph_pb2, node_def_pb2, op_def_pb2
from capi import Api, CError, Dtype, Func, Proto, Raw, Shape, google_api

OURS, GOOGLES = Api(os.path.join(BUILD, "lib/libtensorflow.so.2")), google_api()
SCENARIOS = []


def scenario(f):
    SCENARIOS.append(f)
    return f


def attempt(f):
    """The result or the error of a call."""
    try:
        value = f()
    except CError as e:
        return "error %d: %s" % (e.code, e.message)
    if isinstance(value, list) and value and isinstance(value[0], np.ndarray):
        return [(v.dtype.name, v.shape, v.tolist()) for v in value]
    return value if isinstance(value, (list, tuple, dict, str, bytes, int, type(None))) else "made"


def graph_text(data, message=graph_pb2.GraphDef):
    found = json_format.MessageToDict(message.FromString(data))
    if "node" in found:
        found["node"] = {n.get("name", ""): n for n in found["node"]}
    return found


def describe(g):
    return {"ops": [op.describe() for op in g.operations()], "graph": graph_text(g.graph_def()),
            "nodes": [graph_text(op.node_def(), node_def_pb2.NodeDef) for op in g.operations()]}


def const(g, name, value, **more):
    value = np.asarray(value)
    return g.op("Const", name, attrs={"dtype": value.dtype.type if value.dtype.kind not in "OS" else np.object_,
                                      "value": value}, **more).output()


def placeholder(g, name, dtype=np.float32, shape=Shape.unknown):
    return g.op("Placeholder", name, attrs={"dtype": dtype, "shape": shape}).output()


def attr(**fields):
    return Proto(attr_value_pb2.AttrValue(**fields).SerializeToString())


# ---- building ----

@scenario
def simple_graph(api):
    g = api.graph()
    x = placeholder(g, "x", shape=Shape((None, 3)))
    w = const(g, "w", np.ones([3, 2], np.float32))
    y = g.op("MatMul", "y", [x, w]).output()
    z = g.op("AddN", "z", [[y, y]], control=[w.op, x.op], device="/device:CPU:0").output()
    g.op("Identity", "i", [z], colocate=[y.op, w.op])
    g.op("NoOp", "n", control=[z.op, y.op, x.op])
    return describe(g)


@scenario
def every_attribute_kind(api):
    g = api.graph()
    out = []
    proto = attr_value_pb2.AttrValue
    values = {"int": 7, "float": 0.1, "bool": True, "string": b"a\0b\xff", "type": np.int64, "shape": Shape((2, None)),
              "unknown": Shape.unknown, "scalar": Shape(), "tensor": np.float32([[1, 2]]), "func": Func("f"), "ints": [1, 2, 3],
              "floats": [0.5, 1e30], "bools": [True, False], "strings": [b"a", b"", b"ccc"], "types": [np.float32, np.object_],
              "shapes": [Shape((1,)), Shape.unknown, Shape((2, None, 3))], "none": [], "tensors": [np.float32(1), np.int32([1, 2])],
              "text": np.array([b"x", b"yy"], object), "list": attr(list=proto.ListValue(i=[1, 2])), "big": np.arange(200)}
    op = g.op("NoOp", "n", attrs={"_" + k: v for k, v in values.items()})
    out.append(describe(g))
    for wrong in ("nope", "_int"):
        out.append(op.attr_metadata(wrong))
    return out


@scenario
def build_errors(api):
    g = api.graph()
    x = placeholder(g, "x", shape=Shape((2, 3)))
    i = placeholder(g, "i", np.int32)
    s = placeholder(g, "s", np.object_)
    proto = attr_value_pb2.AttrValue
    tries = {
        "no such op": lambda: g.op("Nope", "a"), "name taken": lambda: g.op("Identity", "x", [x]),
        "bad name": lambda: g.op("NoOp", "a b"), "bad name 2": lambda: g.op("NoOp", "_a"), "bad name 3": lambda: g.op("NoOp", ""),
        "scope": lambda: g.op("NoOp", "a/b.c-d>e"), "too few": lambda: g.op("MatMul", "b", [x]), "none": lambda: g.op("Add", "b"),
        "too many": lambda: g.op("Identity", "c", [x, x]), "types": lambda: g.op("Add", "d", [x, i]),
        "type": lambda: g.op("MatMul", "e", [s, s]), "type 2": lambda: g.op("Floor", "e", [i]),
        "attr type": lambda: g.op("Identity", "f", [x], {"T": np.int32}), "no attr": lambda: g.op("Placeholder", "g"),
        "no attr 2": lambda: g.op("Cast", "g", [x]), "attr kind": lambda: g.op("Placeholder", "h", attrs={"dtype": 3}),
        "attr kind 2": lambda: g.op("MatMul", "h", [x, x], {"transpose_b": 1}), "attr value": lambda: g.op("Conv2D", "j", [x, x], {
            "strides": [1, 1, 1, 1], "padding": b"NOPE"}), "shapes": lambda: g.op("MatMul", "k", [x, x]),
        "shapes 2": lambda: g.op("Add", "l", [x, const(g, "l/c", np.float32([1, 2]))]), "unknown attr": lambda: g.op("NoOp", "m", attrs={"x": 1}),
        "list for one": lambda: g.op("Identity", "n", [[x]]), "one for list": lambda: g.op("AddN", "o", [x]),
        "empty list": lambda: g.op("AddN", "p", [[]]), "mixed list": lambda: g.op("AddN", "q", [[x, i]]),
        "reshape": lambda: g.op("Reshape", "r", [x, const(g, "r/c", np.int32([4, 2]))]), "axis": lambda: g.op(
            "ConcatV2", "t", [[x, x], const(g, "t/c", np.int32(5))]), "squeeze": lambda: g.op("Squeeze", "u", [x], {"squeeze_dims": [0]}),
        "const": lambda: g.op("Const", "v", attrs={"dtype": np.int32, "value": np.float32(1)}), "rank": lambda: g.op(
            "BiasAdd", "w", [i, i]), "transpose": lambda: g.op("Transpose", "y", [x, const(g, "y/c", np.int32([0, 0]))]),
        "n": lambda: g.op("Pack", "z", [[x, x]], {"N": 3}), "min": lambda: g.op("Split", "aa", [const(g, "aa/c", np.int32(0)), x],
                                                                             {"num_split": 0}),
        "split": lambda: g.op("Split", "ab", [const(g, "ab/c", np.int32(1)), x], {"num_split": 2}),
        "ref": lambda: g.op("Assign", "ac", [x, x]), "slice": lambda: g.op("Slice", "ad", [x, const(g, "ad/b", np.int32([0, 0])), const(
            g, "ad/s", np.int32([3, 1]))]), "gather": lambda: g.op("GatherV2", "ae", [x, i, const(g, "ae/a", np.int32(4))]),
        "duplicate attr": lambda: g.op("NoOp", "af", attrs={"_a": 1, "_b": attr(list=proto.ListValue(i=[1], s=[b"x"]))}),
        "tile": lambda: g.op("Tile", "ag", [x, const(g, "ag/m", np.int32([1, 2, 3]))]),
        "pad": lambda: g.op("Pad", "ah", [x, const(g, "ah/p", np.int32([[1, 2, 3]]))]),
        "expand": lambda: g.op("ExpandDims", "ai", [x, const(g, "ai/d", np.int32(5))]),
        "bad device": lambda: g.op("NoOp", "aj", device="nonsense:x"), "fill": lambda: g.op("Fill", "ak", [const(
            g, "ak/d", np.int32([-1])), x]), "range": lambda: g.op("Range", "al", [const(g, "al/%d" % k, np.int32(v)) for k, v in
                                                                             enumerate([0, 5, -1])])}
    out = {k: attempt(f) for k, f in tries.items()}
    out["after"] = describe(g)["ops"]
    return out


@scenario
def inferred_shapes(api):
    g = api.graph()
    a = placeholder(g, "a", shape=Shape((None, 4, 5)))
    b = placeholder(g, "b", shape=Shape((5, 7)))
    u = placeholder(g, "u")
    ints = placeholder(g, "ints", np.int32, Shape((2,)))
    axis = const(g, "axis", np.int32(1))
    tries = [("Transpose", [a, const(g, "perm", np.int32([2, 0, 1]))], {}), ("Shape", [a], {}), ("Sum", [a, axis], {"keep_dims": True}),
             ("Sum", [a, axis], {}), ("Mean", [u, axis], {}), ("Pack", [[b, b]], {"axis": 1}), ("Unpack", [b], {"num": 5}),
             ("ConcatV2", [[a, a], axis], {}), ("Split", [axis, a], {"num_split": 2}), ("ExpandDims", [a, axis], {}),
             ("Reshape", [a, const(g, "rs", np.int32([-1, 20]))], {}), ("Reshape", [a, ints], {}), ("BatchMatMulV2", [a, b], {}),
             ("StridedSlice", [a, const(g, "s0", np.int32([0, 1])), const(g, "s1", np.int32([0, 3])), const(g, "s2", np.int32([1, 1]))],
              {"begin_mask": 1, "end_mask": 1}), ("GatherV2", [b, ints, const(g, "ax0", np.int32(0))], {}), ("OneHot", [ints, const(
                  g, "depth", np.int32(3)), const(g, "on", np.float32(1)), const(g, "off", np.float32(0))], {}), ("ArgMax", [a, axis], {}),
             ("TopKV2", [b, const(g, "k", np.int32(2))], {}), ("Where", [placeholder(g, "cond", np.bool_, Shape((3, 4)))], {}),
             ("Fill", [ints, const(g, "v", np.float32(0))], {}), ("Tile", [b, const(g, "tm", np.int32([2, 3]))], {}), ("Pad", [b, const(
                 g, "pp", np.int32([[1, 1], [0, 2]]))], {}), ("Softmax", [u], {}), ("Squeeze", [placeholder(g, "sq", shape=Shape((1, None, 1)))], {}),
             ("Unique", [ints], {}), ("Range", [const(g, "r%d" % i, np.int32(v)) for i, v in enumerate((0, 10, 3))], {}), ("Add", [a, b], {}),
             ("Add", [a, placeholder(g, "row", shape=Shape((1, 5)))], {}), ("Mul", [u, a], {}), ("Select", [placeholder(
                 g, "c1", np.bool_, Shape((2,))), placeholder(g, "t1", shape=Shape((2, 3))), u], {}), ("Rank", [u], {}), ("Size", [a], {}),
             ("Cast", [a], {"DstT": np.float64}), ("RandomUniform", [ints], {"dtype": np.float32}), ("DiagPart", [placeholder(
                 g, "sqm", shape=Shape((4, 4)))], {}), ("VarHandleOp", [], {"dtype": np.float32, "shape": Shape((2, 3))}),
             ("VariableV2", [], {"dtype": np.float32, "shape": Shape((2, None))}), ("BroadcastTo", [b, const(g, "bt", np.int32([2, 5, 7]))], {}),
             ("Cumsum", [a, axis], {}), ("MatMul", [b, b], {"transpose_b": True}), ("Conv2D", [placeholder(g, "im", shape=Shape((
                 None, 9, 9, 3))), placeholder(g, "ker", shape=Shape((3, 3, 3, 8)))], {"strides": [1, 2, 2, 1], "padding": b"SAME"}),
             ("MaxPool", [placeholder(g, "im2", shape=Shape((None, 9, 9, 3)))], {"ksize": [1, 2, 2, 1], "strides": [1, 2, 2, 1],
                                                                              "padding": b"VALID"}), ("IdentityN", [[a, b, ints]], {}),
             ("RestoreV2", [const(g, "pre", np.array(b"p", object)), const(g, "nm", np.array([b"a", b"b"], object)), const(
                 g, "sl", np.array([b"", b"4 5 0,2:-"], object))], {"dtypes": [np.float32, np.int32]}),
             ("ParseExampleV2", [placeholder(g, "ser", np.object_, Shape((None,))), const(g, "nms", np.array([], object)), const(
                 g, "sk", np.array([b"s"], object)), const(g, "dk", np.array([b"d"], object)), const(g, "rk", np.array([], object)),
                 [const(g, "dd", np.float32([0, 0]))]], {"num_sparse": 1, "sparse_types": [np.int64], "ragged_value_types": [],
                                                       "ragged_split_types": [], "dense_shapes": [Shape((2,))], "Tdense": [np.float32]})]
    out = {}
    for i, (op, inputs, attrs) in enumerate(tries):
        made = []
        out["%d %s" % (i, op)] = attempt(lambda: made.append(g.op(op, "op%d" % i, inputs, attrs))) or made[0].describe()
    out["set"] = [attempt(lambda: g.set_shape(u, shape)) or g.shape(u) for shape in
                  (Shape((None, 2)), Shape((3, None)), Shape((4, 2)), Shape((1, 2, 3)), Shape.unknown)]
    return out


@scenario
def op_defs(api):
    g = api.graph()
    names = [op.name for op in op_def_pb2.OpList.FromString(GOOGLES.all_ops()).op]
    return {n: attempt(lambda: graph_text(g.op_def(n), op_def_pb2.OpDef)) for n in random.Random(1).sample(names, 150) + ["Nope"]}


# ---- importing ----

def node(name, op, inputs=(), **attrs):
    n = node_def_pb2.NodeDef(name=name, op=op, input=inputs)
    for k, v in attrs.items():
        n.attr[k].CopyFrom(v)
    return n


T = attr_value_pb2.AttrValue(type=1)
PLACEHOLDER = dict(dtype=T)


def graph_def(*nodes, producer=1645):
    g = graph_pb2.GraphDef(node=nodes)
    g.versions.producer = producer
    return g.SerializeToString()


@scenario
def import_options(api):
    base = graph_def(node("a", "Placeholder", **PLACEHOLDER), node("b", "Neg", ["a"], T=T), node("c", "Add", ["a", "b:0"], T=T),
                     node("d", "NoOp", ["^a", "^c"]), node("s/t", "Identity", ["c", "^d"], T=T))
    out = {}
    for label, options in {
            "plain": {}, "prefix": {"prefix": "p"}, "device": {"device": "/cpu:0"}, "return": {"return_outputs": [("c", 0), ("b", 0)],
            "return_ops": ["d"]}, "return missing": {"return_outputs": [("nope", 0)]}, "return index": {"return_outputs": [("c", 1)]},
            "return op missing": {"return_ops": ["nope"]}, "prefix name": {"prefix": "bad name"}, "slash": {"prefix": "q/"}}.items():
        g = api.graph()
        out[label] = [attempt(lambda: g.import_graph_def(base, **options)), describe(g)]
    g = api.graph()
    x = placeholder(g, "x")
    out["map"] = [attempt(lambda: g.import_graph_def(base, prefix="m", input_map=[("a", 0, x), ("zzz", 1, x)], control_map=[("a", x.op)],
                                                     control=[x.op], return_outputs=[("c", 0), ("a", 0)])), describe(g)]
    out["again"] = [attempt(lambda: g.import_graph_def(base, prefix="m")), attempt(
        lambda: g.import_graph_def(base, prefix="m", uniquify_names=True)), attempt(
        lambda: g.import_graph_def(base, prefix="m", uniquify_prefix=True)), attempt(
        lambda: g.import_graph_def(base, prefix="x", uniquify_prefix=True)), describe(g)]
    g = api.graph()
    out["names"] = [attempt(lambda: g.import_graph_def(base)), attempt(lambda: g.import_graph_def(base)), attempt(
        lambda: g.import_graph_def(base, uniquify_names=True)), attempt(lambda: g.import_graph_def(base, uniquify_names=True)), describe(g)]
    g = api.graph()
    y = placeholder(g, "y", np.int32)
    out["map type"] = attempt(lambda: g.import_graph_def(base, prefix="m", input_map=[("a", 0, y)]))
    return out


@scenario
def bad_graphs(api):
    a = node("a", "Placeholder", **PLACEHOLDER)
    int_attr = attr_value_pb2.AttrValue(type=3)
    cases = {
        "not a graph": b"\xff\xff nonsense", "empty": b"", "no such op": graph_def(node("x", "Nope")),
        "missing input": graph_def(node("b", "Neg", ["a"], T=T)), "input index": graph_def(a, node("b", "Neg", ["a:1"], T=T)),
        "cycle": graph_def(node("b", "Neg", ["c"], T=T), node("c", "Neg", ["b"], T=T)), "twice": graph_def(a, a),
        "self": graph_def(node("b", "Neg", ["b"], T=T)),
        "type": graph_def(a, node("b", "Neg", ["a"], T=int_attr)), "no attr": graph_def(node("a", "Placeholder")),
        "unknown attr": graph_def(node("n", "NoOp", zzz=T)), "unknown _attr": graph_def(node("n", "NoOp", _zzz=T)),
        "bad name": graph_def(node("b b", "NoOp")), "empty name": graph_def(node("", "NoOp")), "control first": graph_def(a, node("b", "Neg", ["^a", "a"], T=T)),
        "control missing": graph_def(node("b", "NoOp", ["^zz"])), "too many": graph_def(a, node("b", "Neg", ["a", "a"], T=T)),
        "too few": graph_def(a, node("b", "Add", ["a"], T=T)), "bad input": graph_def(a, node("b", "Neg", ["a:x"], T=T)),
        "negative": graph_def(a, node("b", "Neg", ["a:-1"], T=T)), "old producer": graph_def(a, producer=0), "new consumer": graph_pb2.GraphDef(
            versions={"producer": 9999, "min_consumer": 9999}).SerializeToString(), "defaults": graph_def(a, node("b", "MatMul", ["a", "a"], T=T)),
        "shape": graph_def(node("c", "Const", dtype=T, value=attr_value_pb2.AttrValue(tensor=tf.make_tensor_proto(np.float32([1, 2])))),
                           node("d", "Const", dtype=T, value=attr_value_pb2.AttrValue(tensor=tf.make_tensor_proto(np.float32([1, 2, 3])))),
                           node("e", "Add", ["c", "d"], T=T)),
        "attr kind": graph_def(node("a", "Placeholder", dtype=attr_value_pb2.AttrValue(i=3))),
        "output shapes": graph_def(node("a", "Placeholder", dtype=T, _output_shapes=attr_value_pb2.AttrValue(
            list={"shape": [{"dim": [{"size": 3}]}]}))), "device": graph_def(node_def_pb2.NodeDef(name="n", op="NoOp", device="/gpu:3")),
        "bad device": graph_def(node_def_pb2.NodeDef(name="n", op="NoOp", device="what?")), "class": graph_def(a, node(
            "n", "Neg", ["a"], T=T, _class=attr_value_pb2.AttrValue(list={"s": [b"loc:@zz"]}))),
        "bad const": graph_def(node("c", "Const", dtype=T, value=attr_value_pb2.AttrValue(tensor={"dtype": 1, "tensor_shape": {
            "dim": [{"size": 3}]}, "tensor_content": b"1234"}))), "const type": graph_def(node("c", "Const", dtype=int_attr, value=attr_value_pb2.AttrValue(
                tensor=tf.make_tensor_proto(np.float32(1))))), "negative dim": graph_def(node("a", "Placeholder", dtype=T, shape=attr_value_pb2.AttrValue(
                    shape={"dim": [{"size": -5}]}))), "control twice": graph_def(a, node("b", "NoOp", ["^a", "^a"]))}
    out = {}
    for label, data in cases.items():
        g = api.graph()
        out[label] = [attempt(lambda: g.import_graph_def(data)), describe(g)]
    return out


# ---- running ----

@scenario
def runs(api):
    g = api.graph()
    x = placeholder(g, "x", shape=Shape((None, 2)))
    u = placeholder(g, "u")
    w = const(g, "w", np.float32([[1, 2], [3, 4]]))
    y = g.op("MatMul", "y", [x, w]).output()
    v = g.op("VariableV2", "v", attrs={"dtype": np.float32, "shape": Shape((2,))}).output()
    init = g.op("Assign", "init", [v, const(g, "zero", np.float32([0, 1]))]).output()
    add = g.op("AssignAdd", "add", [v, const(g, "one", np.float32([1, 1]))]).output()
    s = placeholder(g, "s", np.object_)
    joined = g.op("StringJoin", "j", [[s, s]], {"separator": b"-"}).output()
    h = g.op("VarHandleOp", "h", attrs={"dtype": np.float32, "shape": Shape(()), "shared_name": b"h"}).output()
    read = g.op("ReadVariableOp", "read", [h], {"dtype": np.float32}).output()
    idx = placeholder(g, "idx", np.int32)
    gathered = g.op("GatherV2", "gather", [w, idx, const(g, "ax", np.int32(0))]).output()
    reshaped = g.op("Reshape", "rs", [u, idx]).output()
    summed = g.op("Add", "sum", [u, x]).output()
    div = g.op("FloorDiv", "div", [idx, const(g, "zeroi", np.int32(0))]).output()
    check_op = g.op("CheckNumerics", "chk", [u], {"message": b"bad news"}).output()
    assertion = g.op("Assert", "assert", [placeholder(g, "ok", np.bool_), [u, s]])
    nokernel = g.op("Barrier", "bar", attrs={"component_types": [np.float32]})
    ses = g.session()
    f = np.float32
    return {
        "matmul": attempt(lambda: ses.run([y, y], {x: f([[1, 1], [2, 0]])})), "by fetch of feed": attempt(lambda: ses.run([x], {x: f([[1, 1]])})),
        "no feed": attempt(lambda: ses.run([y])), "feed type": attempt(lambda: ses.run([y], {x: np.int32([[1, 1]])})),
        "feed shape": attempt(lambda: ses.run([y], {x: f([1, 2, 3])})), "feed rank": attempt(lambda: ses.run([y], {x: f([[1, 2, 3]])})),
        "feed const": attempt(lambda: ses.run([y], {x: f([[1, 0]]), w: f([[5, 6], [7, 8]])})), "nothing": attempt(lambda: ses.run()),
        "uninitialised": attempt(lambda: ses.run([v])), "uninitialised 2": attempt(lambda: ses.run([add])), "init": attempt(lambda: ses.run([init])),
        "add": attempt(lambda: ses.run([add])), "target": attempt(lambda: ses.run([], targets=[add.op])), "v": attempt(lambda: ses.run([v])),
        "strings": attempt(lambda: ses.run([joined], {s: np.array([b"a", b""], object)})), "handle": attempt(lambda: ses.run([read])),
        "gather": attempt(lambda: ses.run([gathered], {idx: np.int32([1, 0])})), "gather beyond": attempt(lambda: ses.run([gathered], {idx: np.int32([0, 2])})),
        "reshape": attempt(lambda: ses.run([reshaped], {u: f([1, 2, 3]), idx: np.int32([2, 2])})), "reshape 2": attempt(
            lambda: ses.run([reshaped], {u: f([1, 2, 3]), idx: np.int32([-1, -1])})), "broadcast": attempt(lambda: ses.run(
                [summed], {u: f([[1, 2, 3]]), x: f([[1, 2]])})), "division": attempt(lambda: ses.run([div], {idx: np.int32([1])})),
        "numerics": attempt(lambda: ses.run([check_op], {u: f([1, np.nan])})), "assert": attempt(lambda: ses.run([], {
            "ok:0": np.bool_(False), u: f([1.5]), s: np.array(b"word", object)}, [assertion])), "empty": attempt(lambda: ses.run([y], {x: np.zeros([0, 2], f)})),
        "scalar feed": attempt(lambda: ses.run([reshaped], {u: f(5), idx: np.int32([1, 1])})), "devices": ses.devices()[:1],
        "fed twice": attempt(lambda: ses.run([y], {g.output("x:0"): f([[1, 1]]), g.output("x:0"): f([[1, 2]])})),
        "after an addition": attempt(lambda: ses.run([g.op("Neg", "neg", [y]).output()], {x: f([[1, 1]])})),
        "no such output": attempt(lambda: ses.run([x.op.output(3)])), "closed": [attempt(ses.close)]}


@scenario
def saved_values(api):
    """Tensors of every type through a session."""
    g = api.graph()
    ses = g.session()
    out = {}
    for name in "float32 float64 int32 uint8 int16 int8 complex64 int64 bool uint16 complex128 float16 uint32 uint64".split():
        value = np.array([[0, 1], [2, 3]]).astype(name)
        out[name] = attempt(lambda: ses.run([const(g, "c_" + name, value), const(g, "s_" + name, value[1, 1]),
                                             const(g, "e_" + name, value[:0])]))
    out["bfloat16"] = attempt(lambda: ses.run([g.op("Const", "bf", attrs={"dtype": Dtype(14), "value": Raw(14, np.uint16([0x3f80, 0]))}).output()]))
    out["graph"] = graph_text(g.graph_def())
    return out


# Differences that are meant, by scenario and where they stand.
MEANT = [re.compile(p) for p in (
    # We write the strings of a tensor as string_val, which Python's make_ndarray can read.
    r"every_attribute_kind.*_text\.tensor\.(stringVal|tensorContent)",
    # Specs come without documentation and full types.
    r"op_defs.*(summary|description|explanation|experimentalFullType)",
    # A default that is a tensor is written as bytes; that of a list of tensors (one test op has it) is left out.
    r"op_defs\.\w+\.attr\[\d+\]\.defaultValue\.(list\.)?tensor",
    # A node's input "b:0" is kept as "b", one control input twice as one.
    r"import_options.*nodes\[\d+\]\.input\[\d+\]: '(.*)', '\1:0'", r"bad_graphs\.control twice\[1\]\.nodes\[1\]\.input",
    # A graph never holds two nodes of one name, nor a constant whose bytes do not fill its shape.
    r"import_options\.again", r"bad_graphs\.bad const", r"bad_graphs\.negative dim\[0\]: .error 3: .*error 3: ",
    # What a shape function looked at first shows in the text; the code is the same.
    r"build_errors\.(tile|pad|gather): .error (\d+): .*error \2: ")]


def main():
    for f in SCENARIOS:
        mine, theirs = f(OURS), f(GOOGLES)
        found = differences(mine, theirs)
        wrong = [w for w in found if not any(p.match(f.__name__ + w) for p in MEANT)]
        check("%s: %d cases" % (f.__name__, len(mine)), not wrong, "%d differences (ours, theirs):\n       " % len(wrong)
              + "\n       ".join(w[:900] for w in wrong[:40]))
    finish("C API")


main()
