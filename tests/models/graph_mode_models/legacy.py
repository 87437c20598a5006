"""Graphs as old TensorFlow wrote them: attributes left out, old producers and ops, frozen and quantized
graphs, several MetaGraphs.
"""

import numpy as np

from graph_mode_models import data, model


def slim_net(tf, x, training, scope="InceptionV0"):
    """A net with the scopes and the fused batch norm of slim, a residual unit, dropout, separable
    convolutions.
    """
    v1 = tf.compat.v1

    def conv(h, n, k, stride, name):
        with v1.variable_scope(name):
            w = v1.get_variable(
                "weights", [k, k, h.shape[-1], n], initializer=v1.variance_scaling_initializer()
            )
            h = tf.nn.conv2d(h, w, stride, "SAME")
            with v1.variable_scope("BatchNorm"):
                n = [
                    v1.get_variable(v, [n], initializer=i)
                    for v, i in (
                        ("gamma", tf.ones_initializer()),
                        ("beta", tf.zeros_initializer()),
                        ("moving_mean", v1.random_uniform_initializer(-0.1, 0.1)),
                        ("moving_variance", tf.ones_initializer()),
                    )
                ]
                if training is None:
                    return tf.nn.relu6(
                        v1.nn.fused_batch_norm(
                            h, *n[:2], mean=n[2], variance=n[3], is_training=False, epsilon=1e-3
                        )[0]
                    )
                train = v1.nn.fused_batch_norm(h, *n[:2], is_training=True, epsilon=1e-3)[0]
                kept = v1.nn.fused_batch_norm(
                    h, *n[:2], mean=n[2], variance=n[3], is_training=False, epsilon=1e-3
                )[0]
                return tf.nn.relu6(tf.cond(training, lambda: train, lambda: kept))

    with v1.variable_scope(scope, reuse=v1.AUTO_REUSE):
        h = conv(x, 4, 3, 2, "Conv2d_1a_3x3")
        with v1.variable_scope("Mixed_5b"), v1.name_scope("Mixed_5b/"):
            h = tf.concat(
                [
                    conv(h, 4, 1, 1, "Branch_0"),
                    conv(h, 3, 3, 1, "Branch_1"),
                    tf.nn.avg_pool2d(h, 3, 1, "SAME"),
                    tf.nn.max_pool2d(h, 3, 1, "SAME"),
                ],
                3,
                "concat",
            )
        short = v1.layers.conv2d(h, 6, 1, name="shortcut")
        h = tf.nn.relu(short + v1.layers.separable_conv2d(h, 6, 3, padding="same", name="residual"))
        h = tf.nn.local_response_normalization(h, 3, bias=1.0, alpha=0.1)
        h = tf.squeeze(tf.reduce_mean(h, [1, 2], keepdims=True), [1, 2], name="SpatialSqueeze")
        return v1.layers.dense(h, 5, name="Logits")


def ask_pictures(m, name="serving_default", size=(8, 8, 3), **more):
    for n in (1, 3, 2, 0):
        m.ask(name, x=data(n, *size, seed=n + 1), **more)


@model(strip=True)
def slim_stripped(tf, m):
    x, training = tf.compat.v1.placeholder(
        tf.float32, [None, 8, 8, 3], "x"
    ), tf.compat.v1.placeholder_with_default(False, [], "training")
    logits = slim_net(tf, x, training)
    m.sign("serving_default", {"x": x}, {"probabilities": tf.nn.softmax(logits), "logits": logits})
    m.sign("training", {"x": x, "training": training}, {"logits": logits})
    ask_pictures(m)
    ask_pictures(m, "training", training=True)


@model
def frozen(tf, m):
    """convert_variables_to_constants, float16 constants behind casts, removed training nodes, an imported
    scope.
    """
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        x = v1.placeholder(tf.float32, [None, 8, 8, 3], "input")
        tf.identity(tf.nn.softmax(slim_net(tf, x, None)), "out")
        sess.run(v1.global_variables_initializer())
        graph = v1.graph_util.convert_variables_to_constants(sess, sess.graph_def, ["out"])
        graph = v1.graph_util.remove_training_nodes(graph, ["out"])
    halves = v1.GraphDef()
    for node in graph.node:
        if node.op == "Const" and node.attr["dtype"].type == 1 and "weights" in node.name:
            half = halves.node.add(op="Const", name=node.name + "/half")
            value = tf.make_ndarray(node.attr["value"].tensor).astype(np.float16)
            half.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
            half.attr["dtype"].type = 19
            cast = halves.node.add(op="Cast", name=node.name, input=[half.name])
            cast.attr["SrcT"].type, cast.attr["DstT"].type = 19, 1
        else:
            halves.node.add().CopyFrom(node)
    x, y = tf.import_graph_def(halves, name="import/a", return_elements=["input:0", "out:0"])
    m.before = lambda sess: None
    m.sign("serving_default", {"x": x}, {"y": y})
    ask_pictures(m)


@model
def fake_quantized(tf, m):
    """Quantization-aware training: FakeQuant of weights (per channel) and activations with variables, and its
    gradients.
    """
    v1 = tf.compat.v1
    q = tf.quantization
    x = v1.placeholder(tf.float32, [None, 6, 6, 2], "x")
    low, high = v1.get_variable("low", [4], initializer=tf.constant_initializer(-0.5)), v1.get_variable(
        "high", [4], initializer=tf.constant_initializer(0.6)
    )
    w = v1.get_variable("w", [3, 3, 2, 4])
    amin, amax = v1.get_variable("amin", initializer=0.0, trainable=False), v1.get_variable(
        "amax", initializer=2.0, trainable=False
    )
    h = tf.nn.conv2d(
        q.fake_quant_with_min_max_args(x, -1, 1),
        q.fake_quant_with_min_max_vars_per_channel(w, low, high, narrow_range=True),
        1,
        "SAME",
    )
    h = tf.nn.relu(tf.nn.bias_add(h, v1.get_variable("b", [4])))
    seen = v1.assign(amax, amax * 0.9 + tf.reduce_max(h) * 0.1)
    out = q.fake_quant_with_min_max_vars(h, amin, amax, num_bits=4)
    grads = tf.gradients(tf.reduce_sum(out * out), [x, w, low, high])
    ranged = q.quantize(h, amin, amax, tf.quint8)
    m.sign("serving_default", {"x": x}, {"out": out})
    m.sign("gradient", {"x": x}, {"g%d" % i: g for i, g in enumerate(grads)})
    m.sign("range", {"x": x}, {"amax": seen})
    m.sign(
        "quantized", {"x": x}, {"back": q.dequantize(*ranged), "bits": tf.bitcast(ranged.output, tf.uint8)}
    )
    for n in (1, 2):
        for name in m.signatures:
            m.ask(name, x=data(n, 6, 6, 2, seed=n, low=-1.2, high=1.2))


def as_old(graph, producer):
    """Makes a graph as an old producer wrote it: what ops say now by default was not yet there."""
    from tensorflow.python.framework import op_def_registry

    graph.versions.producer = producer
    for node in graph.node:
        spec = op_def_registry.get(node.op)
        for attr in spec.attr if spec else ():
            if attr.HasField("default_value") and node.attr[attr.name] == attr.default_value:
                del node.attr[attr.name]
        node.attr.pop("_output_shapes", None)


def old_graph(tf, m, producer):
    v1 = tf.compat.v1
    x = v1.placeholder(tf.float32, name="x")
    h = tf.reshape(x, [-1, 4, 4, 2])
    h = tf.nn.conv2d(h, v1.get_variable("w", [3, 3, 2, 4]), [1, 1, 1, 1], "SAME")
    h = tf.nn.lrn(tf.nn.max_pool2d(h, 2, 2, "VALID"), 2)
    flat = tf.reshape(h, [-1, 16])
    y = tf.matmul(flat, v1.get_variable("m", [16, 3])) + v1.get_variable("b", [3])
    s = tf.squeeze(tf.expand_dims(y, 1), [1])
    values, at = tf.nn.top_k(tf.nn.softmax(s), 2)
    mean = tf.reduce_mean(s, 0, keepdims=True)
    text = tf.strings.join([tf.as_string(at), tf.as_string(values, precision=2)], ":")
    unique, index = tf.unique(tf.reshape(at, [-1]))
    looped = tf.while_loop(
        lambda i, v: i < 3, lambda i, v: (i + 1, v * 0.5 + tf.cast(i, tf.float32)), (0, s)
    )[1]
    m.sign(
        "serving_default",
        {"x": x},
        {
            "s": s,
            "values": values,
            "at": at,
            "mean": mean,
            "text": text,
            "unique": unique,
            "index": index,
            "looped": looped,
            "cum": tf.cumsum(s, 1),
            "all": tf.reduce_all(s > 0, 1),
            "arg": tf.argmax(s, 1),
            "norm": tf.nn.l2_normalize(s, 1),
            "part": s[:, 1:],
            "gather": tf.gather(s, [0, 0]),
        },
    )
    m.edit = lambda graph: as_old(graph, producer)
    for n in (2, 1, 5):
        m.ask("serving_default", x=data(n, 4, 4, 2, seed=n))
        m.ask("serving_default", x=data(n, 32, seed=n))


for number in (21, 24, 27, 987):

    def old(tf, m, number=number):
        old_graph(tf, m, number)

    old.__name__ = "producer_%d" % number
    model(old)


@model
def old_ops(tf, m):
    """Ops that graphs before 1.0 hold: concat axis first, reverse by bools, old arg names,
    BatchNormWithGlobalNormalization, old arrays.
    """
    v1 = tf.compat.v1
    x = v1.placeholder(tf.float32, [None, 4, 4, 2], "x")
    r = tf.raw_ops
    scale = tf.constant([0.5, 1.5])
    normal = tf.nn.batch_normalization(x, scale, scale, scale, scale, 0.01)
    out = {
        "normal": normal,
        "concat": r.Concat(concat_dim=3, values=[x, normal]),
        "reverse": r.Reverse(tensor=x, dims=[False, True, False, False]),
        "fused": r.FusedBatchNorm(
            x=x, scale=scale, offset=scale, mean=scale, variance=scale, is_training=False
        )[0],
        "select": r.Select(condition=x > 0, x=x, y=-x),
        "stack": r.Pack(values=[x, x], axis=1),
        "pad": r.Pad(input=x, paddings=[[0, 0], [1, 1], [0, 0], [0, 0]]),
        "resize": r.ResizeBilinear(images=x, size=[7, 7], align_corners=True),
        "space": r.SpaceToBatch(input=x, paddings=[[0, 0], [0, 0]], block_size=2),
        "depth": r.DepthToSpace(input=r.SpaceToDepth(input=x, block_size=2), block_size=2),
        "refs": r.Bitcast(input=x, type=tf.int32),
        "adjust": r.AdjustContrastv2(images=x, contrast_factor=2.0),
        "lrn": r.LRN(input=x),
        "mirror": r.MirrorPad(input=x, paddings=[[0, 0], [1, 1], [1, 1], [0, 0]], mode="REFLECT"),
        "cell": r.LSTMBlockCell(
            x=tf.reshape(x, [-1, 2]),
            cs_prev=tf.zeros([tf.size(x) // 2, 3]),
            h_prev=tf.zeros([tf.size(x) // 2, 3]),
            w=tf.ones([5, 12]) * 0.1,
            wci=tf.zeros([3]),
            wcf=tf.zeros([3]),
            wco=tf.zeros([3]),
            b=tf.zeros([12]),
            forget_bias=1.0,
        )[6],
    }
    m.sign("serving_default", {"x": x}, out)
    ask_pictures(m, size=(4, 4, 2))


@model
def several_metagraphs(tf, m):
    """Three MetaGraphs with one set of variables: serve, train with a main op of its own, serve and gpu with
    clear_devices.
    """
    v1 = tf.compat.v1

    def net(x, training):
        return slim_net(tf, x, None if not training else tf.constant(True))

    def export(path):
        saved = v1.saved_model
        builder = saved.Builder(path)
        for tags in (["serve"], ["train"], ["serve", "gpu"]):
            with tf.Graph().as_default(), v1.Session() as sess:
                v1.set_random_seed(4)
                with tf.device("/device:GPU:0" if "gpu" in tags else None):
                    x = v1.placeholder(tf.float32, [None, 8, 8, 3], "x")
                    y = net(x, "train" in tags)
                    outputs = {"y": y}
                    init = None
                    if "train" in tags:
                        count = v1.get_variable(
                            "count", initializer=0.0, collections=[v1.GraphKeys.LOCAL_VARIABLES]
                        )
                        init = v1.group(v1.local_variables_initializer(), name="init_all")
                        train = v1.train.GradientDescentOptimizer(0.01).minimize(
                            tf.reduce_sum(y * y), var_list=v1.trainable_variables()
                        )
                        with tf.control_dependencies([train]):
                            outputs = {"count": v1.assign_add(count, 1.0), "y": tf.identity(y)}
                signature = {
                    "serving_default": saved.build_signature_def(
                        {"x": saved.build_tensor_info(x)},
                        {k: saved.build_tensor_info(v) for k, v in outputs.items()},
                        "tensorflow/serving/predict",
                    )
                }
                if tags == ["serve"]:
                    sess.run(v1.global_variables_initializer())
                    builder.add_meta_graph_and_variables(sess, tags, signature)
                else:
                    builder.add_meta_graph(tags, signature, main_op=init, clear_devices=True)
        builder.save()

    m.export = export
    for n in (2, 1):
        for tags in (["serve"], ["train"], ["serve", "gpu"]):
            m.ask("serving_default", tags=tags, x=data(n, 8, 8, 3))


@model
def odd_names(tf, m):
    """Deep scopes, an output that is an input, one tensor under two keys, an output by index, names with dots
    and dashes.
    """
    v1 = tf.compat.v1
    with v1.name_scope("a.b-c_d/e"), v1.variable_scope("model/layer_0/attention/self"):
        x = v1.placeholder(tf.float32, [None, 3], "in-put.0")
        parts = tf.split(tf.matmul(x, v1.get_variable("kernel.W", [3, 4])), 2, 1)
        top = tf.nn.top_k(x, 2)
        const = tf.constant([1.5, 2.5])
        v = v1.get_variable("v", initializer=[3.0])
    m.sign(
        "a/signature name:0",
        {"x-in": x},
        {"same": x, "second": parts[1], "again": parts[1], "at": top.indices, "const": const, "v": v},
    )
    m.sign(
        "serving_default",
        {"first": parts[0], "x": x},
        {"y": parts[0] * 2, "z": tf.add_n([parts[0], parts[1]])},
    )
    m.sign("nothing in", {}, {"v": v, "const": const})
    for n in (2, 1, 0):
        m.ask("a/signature name:0", **{"x-in": data(n, 3)})
        m.ask("serving_default", first=data(n, 2), x=data(n, 3))
        m.ask("nothing in")


@model
def block_lstm(tf, m):
    """The fused recurrent ops of contrib: BlockLSTM with peepholes and its gradient, GRUBlockCell."""
    v1, r = tf.compat.v1, tf.raw_ops
    x, n = v1.placeholder(tf.float32, [None, None, 3], "x"), v1.placeholder(tf.int64, [], "n")
    rows = tf.shape(x)[1]
    w, b = v1.get_variable("w", [7, 16]), v1.get_variable("b", [16], initializer=tf.constant_initializer(0.1))
    peep = [v1.get_variable("w" + k, [4]) for k in ("ci", "cf", "co")]
    zero = tf.zeros([rows, 4])
    out = r.BlockLSTM(
        seq_len_max=n,
        x=x,
        cs_prev=zero,
        h_prev=zero,
        w=w,
        wci=peep[0],
        wcf=peep[1],
        wco=peep[2],
        b=b,
        use_peephole=True,
        forget_bias=1.0,
        cell_clip=3.0,
    )
    g = r.BlockLSTMGrad(
        seq_len_max=n,
        x=x,
        cs_prev=zero,
        h_prev=zero,
        w=w,
        wci=peep[0],
        wcf=peep[1],
        wco=peep[2],
        b=b,
        use_peephole=True,
        i=out.i,
        cs=out.cs,
        f=out.f,
        o=out.o,
        ci=out.ci,
        co=out.co,
        h=out.h,
        cs_grad=tf.zeros_like(out.cs),
        h_grad=out.h * 2.0,
    )
    wr, wc = v1.get_variable("wr", [5, 4], initializer=tf.constant_initializer(0.2)), v1.get_variable(
        "wc", [5, 2]
    )
    gru = tf.scan(
        lambda h, t: r.GRUBlockCell(x=t, h_prev=h, w_ru=wr, w_c=wc, b_ru=tf.ones([4]), b_c=tf.zeros([2])).h,
        x,
        tf.zeros([rows, 2]),
    )
    m.sign("serving_default", {"x": x, "n": n}, {"h": out.h, "cs": out.cs, "gru": gru})
    m.sign("gradient", {"x": x, "n": n}, {"x": g.x_grad, "w": g.w_grad, "b": g.b_grad, "wci": g.wci_grad})
    for steps, rows, n in ((4, 2, 4), (3, 1, 2), (5, 3, 5)):
        for name in m.signatures:
            m.ask(name, x=data(steps, rows, 3, seed=steps), n=np.int64(n))
