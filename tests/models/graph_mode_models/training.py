"""Variables and training: optimizers, batch norm, averages, partitions, savers, metrics, embeddings with
sampled losses.
"""

import numpy as np

from graph_mode_models import data, ids, model


def net(tf, x, classes=3, **options):
    v1 = tf.compat.v1
    hidden = v1.layers.dense(x, 6, tf.nn.relu, name="hidden", **options)
    return v1.layers.dense(hidden, classes, name="logits", **options)


def optimizers(tf):
    t = tf.compat.v1.train
    return {
        "sgd": t.GradientDescentOptimizer(0.1),
        "momentum": t.MomentumOptimizer(0.1, 0.9, use_nesterov=True),
        "adam": t.AdamOptimizer(0.01),
        "adagrad": t.AdagradOptimizer(0.1),
        "rms": t.RMSPropOptimizer(0.01, momentum=0.5),
        "centered": t.RMSPropOptimizer(0.01, centered=True),
        "adadelta": t.AdadeltaOptimizer(0.5),
        "ftrl": t.FtrlOptimizer(0.1, l1_regularization_strength=0.01),
        "proximal": t.ProximalGradientDescentOptimizer(0.1, 0.01),
        "prox_adagrad": t.ProximalAdagradOptimizer(0.1, l2_regularization_strength=0.01),
    }


def all_optimizers(tf, m, use_resource):
    """Every optimizer in one graph with its own copy of the net; all signatures share the step."""
    v1 = tf.compat.v1
    x, y = v1.placeholder(tf.float32, [None, 4], "x"), v1.placeholder(tf.int32, [None], "y")
    rows = v1.placeholder(tf.int32, [None], "rows")
    step = v1.train.get_or_create_global_step()
    for name, optimizer in optimizers(tf).items():
        with v1.variable_scope(name, use_resource=use_resource):
            table = v1.get_variable("table", [7, 4])
            loss = tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(
                    labels=y, logits=net(tf, x + tf.nn.embedding_lookup(table, rows))
                )
            )
            train = optimizer.minimize(loss, step)
            with tf.control_dependencies([train]):
                after = tf.add(step.read_value() if use_resource else step, 0)
        m.sign(name, {"x": x, "y": y, "rows": rows}, {"loss": loss, "step": after})
    for batch in (4, 2, 0):
        for name in m.signatures:
            m.ask(name, x=data(batch, 4), y=ids(batch, high=3), rows=ids(batch, high=7) // 2)


@model
def optimizers_ref(tf, m):
    all_optimizers(tf, m, False)


@model
def optimizers_resource(tf, m):
    all_optimizers(tf, m, True)


@model
def batch_norm_training(tf, m):
    """A conv net with batch norm in train mode by a placeholder, its update ops, learning rate decay,
    gradient clipping.
    """
    v1 = tf.compat.v1
    x, y = v1.placeholder(tf.float32, [None, 8, 8, 2], "x"), v1.placeholder(tf.int64, [None], "y")
    training = v1.placeholder(tf.bool, [], "training")
    h = x
    for i in range(2):
        h = v1.layers.conv2d(h, 4, 3, padding="same", use_bias=False)
        h = tf.nn.relu(
            v1.layers.batch_normalization(h, training=training, fused=bool(i), momentum=0.8, renorm=False)
        )
        h = v1.layers.max_pooling2d(h, 2, 2)
    h = v1.layers.dropout(v1.layers.flatten(h), 0.0, training=training)
    logits = v1.layers.dense(h, 3, kernel_regularizer=tf.keras.regularizers.l2(0.01))
    loss = v1.losses.sparse_softmax_cross_entropy(y, logits) + v1.losses.get_regularization_loss()
    step = v1.train.get_or_create_global_step()
    rate = v1.train.exponential_decay(0.05, step, 2, 0.5, staircase=True)
    optimizer = v1.train.MomentumOptimizer(rate, 0.9)
    with tf.control_dependencies(v1.get_collection(v1.GraphKeys.UPDATE_OPS)):
        pairs = [(tf.clip_by_norm(g, 1.0), v) for g, v in optimizer.compute_gradients(loss)]
        train = optimizer.apply_gradients(pairs, step)
    with tf.control_dependencies([train]):
        done = tf.identity(loss)
    feeds = {"x": x, "y": y, "training": training}
    m.sign("train", feeds, {"loss": done, "rate": rate})
    m.sign(
        "serving_default", {"x": x, "training": training}, {"logits": logits, "classes": tf.argmax(logits, 1)}
    )
    for n in (3, 1, 5):
        m.ask("train", x=data(n, 8, 8, 2, seed=n), y=ids(n, high=3).astype(np.int64), training=True)
        m.ask("serving_default", x=data(n, 8, 8, 2), training=False)
        m.ask("serving_default", x=data(n, 8, 8, 2), training=True)
    m.ask("serving_default", x=data(0, 8, 8, 2), training=False)


@model
def moving_average(tf, m):
    """ExponentialMovingAverage with num_updates; serving reads the averages."""
    v1 = tf.compat.v1
    x, y = v1.placeholder(tf.float32, [None, 3], "x"), v1.placeholder(tf.float32, [None], "y")
    w = v1.get_variable("w", [3, 1])
    loss = v1.losses.mean_squared_error(y, tf.squeeze(tf.matmul(x, w), 1))
    step = v1.train.get_or_create_global_step()
    train = v1.train.GradientDescentOptimizer(0.1).minimize(loss, step)
    ema = tf.train.ExponentialMovingAverage(0.9, step, zero_debias=False)
    with tf.control_dependencies([train]):
        maintain = ema.apply([w])
    tensor_ema = tf.train.ExponentialMovingAverage(0.5, zero_debias=True)
    smooth = tensor_ema.apply([loss])
    with tf.control_dependencies([maintain, smooth]):
        kept = tf.identity(loss)
        averages = tf.identity(tensor_ema.average(loss))
    m.sign("train", {"x": x, "y": y}, {"loss": kept, "smooth": averages})
    m.sign("serving_default", {"x": x}, {"y": tf.matmul(x, ema.average(w)), "raw": tf.matmul(x, w)})
    for n in (2, 5, 1):
        m.ask("serving_default", x=data(n, 3))
        m.ask("train", x=data(n, 3), y=data(n))
        m.ask("serving_default", x=data(n, 3))


@model
def partitioned(tf, m):
    """Partitioned variables trained by slices, looked up by mod and div."""
    v1 = tf.compat.v1
    rows, x = v1.placeholder(tf.int64, [None, None], "rows"), v1.placeholder(tf.float32, [None, 5], "x")
    with v1.variable_scope("p", partitioner=v1.fixed_size_partitioner(3)):
        table = v1.get_variable("table", [10, 4])
        w = v1.get_variable("w", [5, 4], partitioner=v1.variable_axis_size_partitioner(48, axis=1))
    mod = tf.nn.embedding_lookup(list(table), tf.maximum(rows, 0), max_norm=1.0)
    div = v1.nn.embedding_lookup(table, rows, partition_strategy="div")
    y = tf.matmul(x, w) + tf.reduce_mean(div, 1)
    loss = tf.reduce_sum(y * y) + tf.reduce_sum(mod)
    train = v1.train.AdagradOptimizer(0.1).minimize(loss)
    with tf.control_dependencies([train]):
        after = tf.identity(loss)
    feeds = {"rows": rows, "x": x}
    m.sign("serving_default", feeds, {"y": y, "mod": mod})
    m.sign("train", feeds, {"loss": after})
    for n, k in ((2, 3), (1, 1), (4, 2)):
        for name in m.signatures:
            m.ask(name, rows=ids(n, k, high=10).astype(np.int64), x=data(n, 5, seed=k))
    m.ask("serving_default", rows=np.array([[11]], np.int64), x=data(1, 5))


@model
def word2vec(tf, m):
    """NCE and sampled softmax with seeds, nearest words, an update by IndexedSlices."""
    v1 = tf.compat.v1
    inputs, labels = v1.placeholder(tf.int32, [None], "inputs"), v1.placeholder(tf.int64, [None, 1], "labels")
    table = v1.get_variable("table", [20, 6])
    w, b = v1.get_variable("w", [20, 6]), v1.get_variable("b", [20], initializer=tf.zeros_initializer())
    embed = tf.nn.embedding_lookup(table, inputs)
    nce = tf.reduce_mean(v1.nn.nce_loss(w, b, labels, embed, 5, 20))
    sampled = tf.reduce_mean(v1.nn.sampled_softmax_loss(w, b, labels, embed, 5, 20, seed=4))
    unit = tf.nn.l2_normalize(table, 1)
    near = tf.nn.top_k(tf.matmul(tf.gather(unit, inputs), unit, transpose_b=True), 4)
    true = tf.nn.softmax_cross_entropy_with_logits(
        labels=tf.one_hot(labels[:, 0], 20), logits=tf.matmul(embed, w, transpose_b=True) + b
    )
    train = v1.train.GradientDescentOptimizer(0.5).minimize(tf.reduce_mean(true))
    with tf.control_dependencies([train]):
        done = tf.identity(true)
    feeds = {"inputs": inputs, "labels": labels}
    m.sign("serving_default", {"inputs": inputs}, {"scores": near.values, "ids": near.indices})
    m.sign("train", feeds, {"loss": done})
    m.sign("sampled", feeds, {"nce": nce, "sampled": sampled})
    for n in (3, 1, 6):
        feeds = dict(inputs=ids(n, high=20), labels=ids(n, 1, seed=2, high=20).astype(np.int64))
        m.ask("serving_default", inputs=feeds["inputs"])
        m.ask("train", **feeds)
        m.ask("sampled", **feeds)


@model
def streaming_metrics(tf, m):
    """tf.metrics: local variables that update ops change, set by the main op; reset, update and read by
    signatures.
    """
    v1 = tf.compat.v1
    labels, scores = v1.placeholder(tf.int64, [None], "labels"), v1.placeholder(tf.float32, [None], "scores")
    guess = tf.cast(scores > 0.5, tf.int64)
    made = {
        "accuracy": v1.metrics.accuracy(labels, guess),
        "auc": v1.metrics.auc(labels, scores, num_thresholds=20),
        "mean": v1.metrics.mean(scores),
        "precision": v1.metrics.precision(labels, guess),
        "recall": v1.metrics.recall(labels, guess),
        "rmse": v1.metrics.root_mean_squared_error(tf.cast(labels, tf.float32), scores),
        "iou": v1.metrics.mean_iou(labels, guess, 2),
        "pr": v1.metrics.auc(
            labels, scores, curve="PR", num_thresholds=20, summation_method="careful_interpolation"
        ),
        "at": v1.metrics.sensitivity_at_specificity(labels, scores, 0.5, num_thresholds=10),
        "cosine": v1.metrics.mean_cosine_distance(
            tf.math.l2_normalize(tf.cast(labels, tf.float32)), tf.math.l2_normalize(scores), 0
        ),
        "false_negatives": v1.metrics.false_negatives(labels, guess),
    }
    reset = v1.variables_initializer(v1.local_variables())
    with tf.control_dependencies([reset]):
        done = tf.constant(True)
    m.main_op = v1.group(v1.local_variables_initializer(), v1.tables_initializer())
    m.sign("update", {"labels": labels, "scores": scores}, {k: update for k, (_, update) in made.items()})
    m.sign("value", {}, {k: value for k, (value, _) in made.items()})
    m.sign("reset", {}, {"done": done})
    for n in (5, 3, 0, 1):
        m.ask("update", labels=ids(n, high=2).astype(np.int64), scores=np.abs(data(n, seed=2)))
        m.ask("value")
    m.ask("reset")


@model
def actor_critic(tf, m):
    """DQN with a target network copied by assigns, and a policy gradient with returns by scan."""
    v1 = tf.compat.v1
    state, actions = v1.placeholder(tf.float32, [None, 4], "state"), v1.placeholder(
        tf.int32, [None], "actions"
    )
    rewards, done = v1.placeholder(tf.float32, [None], "rewards"), v1.placeholder(tf.bool, [None], "done")
    with v1.variable_scope("online"):
        q = net(tf, state)
    with v1.variable_scope("target"):
        later = tf.stop_gradient(tf.reduce_max(net(tf, state + 0.1), 1))
    goal = rewards + 0.9 * tf.where(done, tf.zeros_like(later), later)
    taken = tf.gather_nd(q, tf.stack([tf.range(tf.shape(actions)[0]), actions], 1))
    error = v1.losses.huber_loss(goal, taken, reduction="none")
    online, target = (v1.trainable_variables(s) for s in ("online", "target"))
    train = v1.train.RMSPropOptimizer(0.01).minimize(tf.reduce_mean(error), var_list=online)
    with tf.control_dependencies([train]):
        trained = tf.identity(error)
    copy = tf.group(*[v1.assign(t, o) for t, o in zip(target, online)])
    with tf.control_dependencies([copy]):
        copied = tf.add_n([tf.reduce_sum(tf.abs(t - o)) for t, o in zip(target, online)])
    returns = tf.scan(
        lambda a, r: r[0] + 0.9 * a * r[1], (rewards, 1.0 - tf.cast(done, tf.float32)), 0.0, reverse=True
    )
    logp = -tf.nn.sparse_softmax_cross_entropy_with_logits(labels=actions, logits=q)
    entropy = -tf.reduce_sum(tf.nn.softmax(q) * tf.nn.log_softmax(q), 1)
    policy = -tf.reduce_sum(logp * tf.stop_gradient(returns)) - 0.01 * tf.reduce_sum(entropy)
    grads = tf.gradients(policy, online)
    feeds = {"state": state, "actions": actions, "rewards": rewards, "done": done}
    m.sign("dqn", feeds, {"error": trained})
    m.sign("copy", {}, {"apart": copied})
    m.sign("policy", feeds, dict({"returns": returns}, **{"g%d" % i: g for i, g in enumerate(grads)}))
    m.sign(
        "serving_default",
        {"state": state},
        {
            "q": q,
            "action": tf.argmax(q, 1),
            "epsilon": tf.cond(
                tf.reduce_mean(state) > 0, lambda: v1.random_uniform([], seed=5), lambda: tf.constant(-1.0)
            ),
        },
    )
    for n in (4, 1, 3):
        feeds = dict(
            state=data(n, 4), actions=ids(n, high=3), rewards=data(n, seed=3), done=ids(n, high=2) > 0
        )
        m.ask("dqn", **feeds)
        m.ask("policy", **feeds)
        m.ask("serving_default", state=data(n, 4, seed=n))
        m.ask("copy")


@model
def autoencoder(tf, m):
    """A variational autoencoder with seeded noise, transposed convolutions, gradients of the input, a multi-
    part loss.
    """
    v1 = tf.compat.v1
    x = v1.placeholder(tf.float32, [None, 8, 8, 1], "x")
    h = v1.layers.conv2d(x, 4, 3, 2, "same", activation=tf.nn.leaky_relu)
    flat = v1.layers.flatten(h)
    mean, scale = v1.layers.dense(flat, 2), tf.nn.softplus(v1.layers.dense(flat, 2))
    z = mean + scale * v1.random_normal(tf.shape(mean), seed=9)
    d = tf.reshape(v1.layers.dense(z, 64, tf.nn.elu), [-1, 4, 4, 4])
    out = v1.layers.conv2d_transpose(d, 1, 3, 2, "same")
    each = tf.reduce_sum(
        tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.nn.sigmoid(x), logits=out), [1, 2, 3]
    )
    kl = 0.5 * tf.reduce_sum(tf.square(mean) + tf.square(scale) - tf.math.log(1e-8 + tf.square(scale)) - 1, 1)
    loss = tf.reduce_mean(each + kl)
    train = v1.train.AdamOptimizer(0.01).minimize(loss)
    with tf.control_dependencies([train]):
        done = tf.identity(loss)
    m.sign(
        "serving_default",
        {"x": x},
        {"out": tf.sigmoid(out), "mean": mean, "kl": kl, "gx": tf.gradients(loss, x)[0]},
    )
    m.sign("decode", {"z": z}, {"out": tf.sigmoid(out)})
    m.sign("train", {"x": x}, {"loss": done})
    for n in (2, 1, 4, 2):
        m.ask("serving_default", x=data(n, 8, 8, 1))
        m.ask("decode", z=data(n, 2))
        m.ask("train", x=data(n, 8, 8, 1))


@model
def accumulated_gradients(tf, m):
    """Gradients gathered over requests and applied every third by a cond; loss scaled, steps with infinities
    left out.
    """
    v1 = tf.compat.v1
    x, y = v1.placeholder(tf.float32, [None, 4], "x"), v1.placeholder(tf.float32, [None, 1], "y")
    h = v1.layers.dense(x, 5, tf.nn.relu)
    loss = tf.reduce_mean(tf.square(v1.layers.dense(h, 1) - y))
    scale = v1.get_variable("scale", initializer=1024.0, trainable=False)
    step = v1.train.get_or_create_global_step()
    optimizer = v1.train.AdamOptimizer(0.01)
    pairs = optimizer.compute_gradients(loss * scale)
    kept = [
        v1.get_variable("kept%d" % i, shape=v.shape, initializer=tf.zeros_initializer(), trainable=False)
        for i, (_, v) in enumerate(pairs)
    ]
    finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(g)) for g, _ in pairs])
    added = tf.cond(
        finite,
        lambda: tf.group(*[v1.assign_add(k, g / scale) for k, (g, _) in zip(kept, pairs)]),
        lambda: tf.group(v1.assign(scale, scale / 2.0)),
    )
    with tf.control_dependencies([added]):
        count = v1.assign_add(step, 1)

    def apply():
        done = optimizer.apply_gradients([(k / 3.0, v) for k, (_, v) in zip(kept, pairs)])
        with tf.control_dependencies([done]):
            return tf.group(*[v1.assign(k, tf.zeros_like(k)) for k in kept])

    with tf.control_dependencies([count]):
        applied = tf.cond(tf.equal(count % 3, 0), apply, tf.no_op)
    with tf.control_dependencies([applied]):
        state = tf.stack([tf.reduce_sum(tf.abs(k.read_value())) for k in kept])
        m.sign(
            "train",
            {"x": x, "y": y},
            {"state": state, "count": tf.identity(count), "scale": scale.read_value()},
        )
    m.sign("serving_default", {"x": x, "y": y}, {"loss": loss})
    for n in (3, 2, 5, 1):
        m.ask("train", x=data(n, 4, seed=n), y=data(n, 1))
        m.ask("serving_default", x=data(n, 4, seed=n), y=data(n, 1))
    m.ask("train", x=np.full([1, 4], np.inf, np.float32), y=data(1, 1))


@model
def schedules(tf, m):
    """Every decay of the learning rate, and tf.losses with weights and reductions."""
    v1 = tf.compat.v1
    step = v1.placeholder(tf.int64, [], "step")
    t = v1.train
    m.sign(
        "rates",
        {"step": step},
        {
            "exponential": t.exponential_decay(0.1, step, 5, 0.9),
            "staircase": t.exponential_decay(0.1, step, 5, 0.9, staircase=True),
            "piecewise": t.piecewise_constant(step, [3, 8], [0.1, 0.05, 0.01]),
            "polynomial": t.polynomial_decay(0.1, step, 7, 0.01, 2.0),
            "cycle": t.polynomial_decay(0.1, step, 7, 0.01, cycle=True),
            "natural": t.natural_exp_decay(0.1, step, 5, 0.5),
            "inverse": t.inverse_time_decay(0.1, step, 5, 0.5),
            "cosine": t.cosine_decay(0.1, step, 10),
            "restarts": t.cosine_decay_restarts(0.1, step, 3),
            "linear_cosine": t.linear_cosine_decay(0.1, step, 10),
        },
    )
    labels, guess = v1.placeholder(tf.float32, [None, 3], "labels"), v1.placeholder(
        tf.float32, [None, 3], "guess"
    )
    w, losses = tf.abs(labels), v1.losses
    out = {
        "absolute": losses.absolute_difference(labels, guess, w),
        "cosine": losses.cosine_distance(labels, guess, axis=1),
        "hinge": losses.hinge_loss(tf.round(tf.abs(labels)), guess, reduction="none"),
        "huber": losses.huber_loss(labels, guess, w, 0.5),
        "log": losses.log_loss(tf.abs(labels), tf.abs(guess)),
        "pairs": losses.mean_pairwise_squared_error(labels, guess),
        "mse": losses.mean_squared_error(labels, guess, reduction="weighted_mean"),
        "sigmoid": losses.sigmoid_cross_entropy(tf.abs(labels), guess, label_smoothing=0.1),
        "softmax": losses.softmax_cross_entropy(tf.nn.softmax(labels), guess, label_smoothing=0.1),
    }
    m.sign("losses", {"labels": labels, "guess": guess}, out)
    for k in (0, 3, 4, 8, 20):
        m.ask("rates", step=np.int64(k))
    for n in (2, 4, 1, 0):
        m.ask("losses", labels=data(n, 3), guess=data(n, 3, seed=2))


@model
def batch_renorm(tf, m):
    """tf.layers' batch normalization with renorm and with virtual batches, trained by update ops."""
    v1 = tf.compat.v1
    x, training = v1.placeholder(tf.float32, [None, 4], "x"), v1.placeholder(tf.bool, [], "training")
    limits = {"rmax": 1.5, "rmin": 0.5, "dmax": 1.0}
    h = v1.layers.batch_normalization(
        x, training=training, renorm=True, renorm_clipping=limits, renorm_momentum=0.7, momentum=0.8
    )
    h = v1.layers.batch_normalization(
        tf.reshape(h, [-1, 2, 2, 1]), training=training, virtual_batch_size=2, axis=-1, fused=False
    )
    grads = tf.gradients(tf.reduce_sum(h * h), [x] + v1.trainable_variables())
    with tf.control_dependencies(grads):
        with tf.control_dependencies(v1.get_collection(v1.GraphKeys.UPDATE_OPS)):
            out = dict({"h": tf.identity(h)}, **{"g%d" % i: tf.identity(g) for i, g in enumerate(grads)})
    m.sign("train", {"x": x, "training": training}, out)
    m.sign("serving_default", {"x": x, "training": training}, {"h": h})
    for n in (4, 2, 6):
        m.ask("train", x=data(n, 4, seed=n), training=True)
        m.ask("serving_default", x=data(n, 4, seed=n), training=False)
