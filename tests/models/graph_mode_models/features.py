"""Feature columns, Estimators with their heads, lookup tables with files, parsed examples, sparse inputs."""

import os
import tempfile

import numpy as np

from graph_mode_models import data, ids, model, words


def example(tf, **features):
    made = tf.train.Example()
    for key, value in features.items():
        value = value if isinstance(value, list) else [value]
        if not value:
            continue
        feature = made.features.feature[key]
        if isinstance(value[0], str):
            feature.bytes_list.value.extend(v.encode() for v in value)
        elif isinstance(value[0], float):
            feature.float_list.value.extend(value)
        else:
            feature.int64_list.value.extend(value)
    return made.SerializeToString()


def examples(tf, n, seed=1, **more):
    rng = np.random.RandomState(seed)
    return np.array(
        [
            example(
                tf,
                age=float(rng.randint(10, 80)),
                dims=[float(v) for v in rng.uniform(-1, 1, 3)],
                city=["paris", "rome", "oslo", "?"][rng.randint(4)],
                words=["w%d" % rng.randint(9) for _ in range(rng.randint(4))],
                code=int(rng.randint(-1, 6)),
                **more
            )
            for _ in range(n)
        ]
        or [],
        object,
    )


def vocabulary(lines):
    path = os.path.join(tempfile.mkdtemp(), "vocabulary.txt")
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")
    return path


def columns(tf):
    """Every kind: (dense ones, linear ones)."""
    c = tf.feature_column
    age, dims = c.numeric_column("age", normalizer_fn=lambda x: x / 50.0), c.numeric_column("dims", [3])
    buckets = c.bucketized_column(c.numeric_column("age"), [18, 30, 50, 65])
    city = c.categorical_column_with_vocabulary_list("city", ["paris", "rome", "oslo"], num_oov_buckets=2)
    code = c.categorical_column_with_identity("code", 5, default_value=0)
    hashed = c.categorical_column_with_hash_bucket("words", 7)
    file = c.categorical_column_with_vocabulary_file("words", vocabulary(["w1", "w3", "w5"]), default_value=1)
    crossed = c.crossed_column([buckets, "city"], 11)
    deep_crossed = c.crossed_column(["city", "words"], 13, hash_key=7)
    dense = [
        age,
        dims,
        buckets,
        c.indicator_column(city),
        c.embedding_column(code, 3, combiner="sum"),
        c.indicator_column(file),
        c.embedding_column(hashed, 2, combiner="sqrtn", max_norm=1.0),
        c.indicator_column(crossed),
        c.embedding_column(deep_crossed, 2),
    ]
    return dense, [buckets, city, code, hashed, crossed, deep_crossed]


def parsed(tf, placeholder, cols):
    return tf.io.parse_example(placeholder, tf.feature_column.make_parse_example_spec(cols))


@model
def feature_columns(tf, m):
    v1 = tf.compat.v1
    dense, linear = columns(tf)
    text = v1.placeholder(tf.string, [None], "examples")
    features = parsed(tf, text, dense + linear)
    layer = v1.feature_column.input_layer(features, dense)
    per = {}
    scores = v1.feature_column.linear_model(
        features, linear, units=2, sparse_combiner="mean", cols_to_vars=per
    )
    m.main_op = v1.tables_initializer()
    m.sign("serving_default", {"examples": text}, {"layer": layer, "scores": scores})
    m.sign(
        "raw",
        {"city": features["city"].values, "age": features["age"]},
        {"buckets": tf.cast(features["age"] > 30, tf.int32)},
    )
    for n, seed in ((3, 1), (1, 2), (6, 3), (0, 4), (3, 5)):
        m.ask("serving_default", examples=examples(tf, n, seed))
    m.ask("serving_default", examples=words(["not an example"]))


@model
def shared_and_sequence(tf, m):
    """Shared embeddings, weighted columns, sequence columns into a dynamic_rnn."""
    v1, c = tf.compat.v1, tf.feature_column
    text = v1.placeholder(tf.string, [None], "examples")
    one, two = (c.categorical_column_with_identity(k, 6, 0) for k in ("code", "code2"))
    shared = tf.compat.v1.feature_column.shared_embedding_columns([one, two], 2)
    weighted = c.embedding_column(
        c.weighted_categorical_column(c.categorical_column_with_hash_bucket("tags", 5), "tag_weights"), 2
    )
    words_column = c.sequence_categorical_column_with_vocabulary_list(
        "words", ["w0", "w1", "w2"], num_oov_buckets=1
    )
    sequence = [c.embedding_column(words_column, 3), c.sequence_numeric_column("values")]
    spec = tf.compat.v1.feature_column.make_parse_example_spec(shared + [weighted])
    spec.update({"words": tf.io.VarLenFeature(tf.string), "values": tf.io.VarLenFeature(tf.float32)})
    features = tf.io.parse_example(text, spec)
    dense = v1.feature_column.input_layer(features, [weighted])
    both = v1.feature_column.input_layer(features, shared)
    steps, lengths = tf.keras.experimental.SequenceFeatures(sequence)(features)
    _, state = v1.nn.dynamic_rnn(v1.nn.rnn_cell.GRUCell(4), steps, lengths, dtype=tf.float32)
    m.main_op = v1.tables_initializer()
    m.sign(
        "serving_default",
        {"examples": text},
        {"dense": dense, "both": both, "steps": steps, "lengths": lengths, "state": state},
    )
    rng = np.random.RandomState(1)
    for n in (3, 1, 5):
        made = []
        for _ in range(n):
            k = int(rng.randint(1, 4))
            tags = ["t%d" % i for i in range(k)]
            made.append(
                example(
                    tf,
                    code=int(rng.randint(6)),
                    code2=int(rng.randint(9)),
                    tags=tags,
                    tag_weights=[float(v) for v in rng.uniform(0.1, 1, k)],
                    words=["w%d" % rng.randint(5) for _ in range(k)],
                    values=[float(v) for v in rng.uniform(-1, 1, k)],
                )
            )
        m.ask("serving_default", examples=np.array(made, object))


def serve_examples(tf, cols):
    return tf.estimator.export.build_parsing_serving_input_receiver_fn(
        tf.feature_column.make_parse_example_spec(cols)
    )


def train_input(tf, cols, label):
    text = examples(tf, 16)

    def fn():
        features = tf.io.parse_example(
            tf.constant(list(text)), tf.feature_column.make_parse_example_spec(cols)
        )
        return features, label(16)

    return fn


def export_estimator(tf, m, estimator, train, receiver):
    def export(path):
        estimator.train(train, steps=3)
        made = estimator.export_saved_model(os.path.dirname(path), receiver)
        os.rename(made.decode(), path)

    m.export = export
    for n, seed in ((3, 1), (1, 2), (5, 3)):
        for name in m.wanted:
            key = "examples" if name == "predict" else "inputs"
            m.ask(name, **{key: examples(tf, n, seed)})


def quiet(tf):
    return tf.estimator.RunConfig(model_dir=tempfile.mkdtemp(), tf_random_seed=3, save_summary_steps=None)


@model
def estimator_wide_deep(tf, m):
    """DNNLinearCombinedClassifier of three classes with all columns."""
    dense, linear = columns(tf)
    m.wanted = ["serving_default", "predict", "classification"]
    made = tf.compat.v1.estimator.DNNLinearCombinedClassifier(
        linear_feature_columns=linear,
        dnn_feature_columns=dense,
        dnn_hidden_units=[8, 4],
        n_classes=3,
        config=quiet(tf),
        dnn_dropout=0.2,
        batch_norm=True,
        label_vocabulary=["low", "mid", "high"],
    )
    export_estimator(
        tf,
        m,
        made,
        train_input(tf, dense + linear, lambda n: tf.constant((["low", "mid", "high"] * n)[:n])),
        serve_examples(tf, dense + linear),
    )


@model
def estimator_linear_binary(tf, m):
    """LinearClassifier of two classes: classify, regress and predict."""
    _, linear = columns(tf)
    m.wanted = ["serving_default", "predict", "classification", "regression"]
    made = tf.compat.v1.estimator.LinearClassifier(linear, config=quiet(tf), sparse_combiner="sqrtn")
    export_estimator(
        tf,
        m,
        made,
        train_input(tf, linear, lambda n: tf.constant(([0, 1] * n)[:n])),
        serve_examples(tf, linear),
    )


@model
def estimator_regressor(tf, m):
    dense, _ = columns(tf)
    m.wanted = ["serving_default", "predict", "regression"]
    made = tf.compat.v1.estimator.DNNRegressor(
        [6], dense, config=quiet(tf), label_dimension=1, activation_fn=tf.nn.elu
    )
    export_estimator(
        tf,
        m,
        made,
        train_input(tf, dense, lambda n: tf.constant([[0.1 * i] for i in range(n)])),
        serve_examples(tf, dense),
    )


@model
def estimator_heads(tf, m):
    """A custom Estimator with a MultiHead: multi-label, Poisson and binary heads, a scaffold with a local
    init op.
    """
    dense, _ = columns(tf)
    v1 = tf.compat.v1
    est = tf.estimator
    head = est.MultiHead(
        [
            est.MultiLabelHead(3, name="labels"),
            est.PoissonRegressionHead(name="count"),
            est.BinaryClassHead(name="yes"),
            est.LogisticRegressionHead(name="logistic"),
        ]
    )

    def model_fn(features, labels, mode, params):
        h = v1.layers.dense(v1.feature_column.input_layer(features, dense), params["width"], tf.nn.relu)
        h = v1.layers.batch_normalization(h, training=mode == est.ModeKeys.TRAIN)
        logits = {
            "labels": v1.layers.dense(h, 3),
            "count": v1.layers.dense(h, 1),
            "yes": v1.layers.dense(h, 1),
            "logistic": v1.layers.dense(h, 1),
        }
        return head.create_estimator_spec(
            features,
            mode,
            logits,
            labels,
            trainable_variables=v1.trainable_variables(),
            update_ops=v1.get_collection(v1.GraphKeys.UPDATE_OPS),
            train_op_fn=lambda loss: v1.train.AdamOptimizer().minimize(loss, v1.train.get_global_step()),
        )

    made = est.Estimator(model_fn, params={"width": 5}, config=quiet(tf))
    m.wanted = [
        "serving_default",
        "predict",
        "labels",
        "count",
        "yes",
        "predict/labels",
        "count/regression",
        "yes/classification",
    ]
    m.wanted = ["serving_default", "predict"]
    export_estimator(
        tf,
        m,
        made,
        train_input(
            tf,
            dense,
            lambda n: {
                "labels": tf.one_hot([i % 3 for i in range(n)], 3, dtype=tf.int64),
                "count": tf.ones([n, 1]),
                "yes": tf.constant([[i % 2] for i in range(n)]),
                "logistic": tf.constant([[0.5]] * n),
            },
        ),
        serve_examples(tf, dense),
    )


def lookups(tf, m, main_op):
    """Tables with files: index, strings back, several in one graph, out-of-vocabulary buckets, mutable ones
    beside.
    """
    v1 = tf.compat.v1
    file = vocabulary(["the", "cat", "sat", "on", "mat"])
    pairs = vocabulary(["the\t7\t0.5", "cat\t9\t-1.5"])
    v1.add_to_collection(v1.GraphKeys.ASSET_FILEPATHS, tf.constant(file))
    v1.add_to_collection(v1.GraphKeys.ASSET_FILEPATHS, tf.constant(pairs))
    text = v1.placeholder(tf.string, [None], "text")
    from tensorflow.python.ops import lookup_ops

    ids_of = lookup_ops.index_table_from_file(
        file, num_oov_buckets=3, hasher_spec=lookup_ops.StrongHashSpec((1, 2))
    )
    plain = lookup_ops.index_table_from_file(file, default_value=-7, vocab_size=4)
    back = lookup_ops.index_to_string_table_from_file(file, default_value="<unk>")
    scores = lookup_ops.HashTable(lookup_ops.TextFileInitializer(pairs, tf.string, 0, tf.float32, 2), -9.0)
    codes = lookup_ops.HashTable(
        lookup_ops.KeyValueTensorInitializer(tf.constant([1, 2], tf.int64), tf.constant(["x", "y"])), "none"
    )
    counts = lookup_ops.MutableHashTable(tf.string, tf.int64, -1, name="counts")
    dense = lookup_ops.DenseHashTable(tf.int64, tf.float32, 0.0, empty_key=-1, deleted_key=-2, name="dense")
    split = v1.string_split(text)
    found = tf.SparseTensor(split.indices, ids_of.lookup(split.values), split.dense_shape)
    with tf.control_dependencies([counts.insert(split.values, counts.lookup(split.values) + 2)]):
        seen = counts.lookup(split.values)
        size = counts.size()
    with tf.control_dependencies([dense.insert(ids_of.lookup(split.values), scores.lookup(split.values))]):
        dense_found = dense.lookup(tf.range(8, dtype=tf.int64))
    m.main_op = main_op or v1.tables_initializer()
    m.sign(
        "serving_default",
        {"text": text},
        {
            "ids": tf.sparse.to_dense(found, -1),
            "plain": plain.lookup(split.values),
            "back": back.lookup(found.values),
            "size": ids_of.size(),
            "scores": scores.lookup(split.values),
            "codes": codes.lookup(found.values),
        },
    )
    m.sign("count", {"text": text}, {"seen": seen, "size": size})
    m.sign("dense", {"text": text}, {"found": dense_found})
    for lines in (["the cat sat", "on a mat"], ["dog"], [], ["", "the"], ["the the cat"]):
        for name in m.signatures:
            m.ask(name, text=words(lines))


@model
def tables_main_op(tf, m):
    lookups(tf, m, None)


@model
def tables_legacy_init(tf, m):
    """The init op in the collection legacy_init_op, as Builder(legacy_init_op=...) left it."""
    v1 = tf.compat.v1
    lookups(tf, m, v1.no_op())
    m.main_op = None
    v1.add_to_collection("legacy_init_op", v1.group(v1.tables_initializer(), name="legacy_init"))


@model
def sparse_inputs(tf, m):
    """sparse_placeholder as three tensors: products, embeddings, slices, reductions, joins, softmax."""
    v1 = tf.compat.v1
    sp = v1.sparse_placeholder(tf.float32, [None, 6], "sp")
    other = v1.sparse_placeholder(tf.float32, name="other")
    w = v1.get_variable("w", [6, 3])
    keys = tf.SparseTensor(sp.indices, tf.cast(tf.abs(sp.values) * 5, tf.int64), sp.dense_shape)
    inputs = {"i": sp.indices, "v": sp.values, "s": sp.dense_shape}
    two = dict(inputs, i2=other.indices, v2=other.values, s2=other.dense_shape)
    dense = tf.sparse.sparse_dense_matmul(sp, w)
    m.sign(
        "serving_default",
        inputs,
        {
            "dense": dense,
            "sum": v1.sparse_reduce_sum(sp, 1),
            "embedding": tf.nn.embedding_lookup_sparse(w, keys, sp, combiner="mean"),
            "safe": tf.nn.safe_embedding_lookup_sparse(w, keys, default_id=1),
            "softmax": tf.sparse.softmax(sp).values,
            "part": tf.sparse.to_dense(tf.sparse.slice(sp, [0, 1], [10, 3]), validate_indices=False),
            "t": tf.sparse.to_dense(tf.sparse.transpose(sp)),
            "grad": tf.gradients(dense, w)[0],
            "filled": tf.sparse.fill_empty_rows(keys, 9)[0].values,
            "reshaped": tf.sparse.reshape(sp, [-1, 2]).indices,
            "kept": tf.sparse.retain(sp, sp.values > 0).values,
        },
    )
    m.sign(
        "two",
        two,
        {
            "sum": tf.sparse.to_dense(tf.sparse.add(sp, other)),
            "max": tf.sparse.maximum(sp, other).values,
            "joined": tf.sparse.concat(1, [sp, other]).indices,
        },
    )

    def sparse(rows, seed, cols=6):
        full = data(rows, cols, seed=seed) * (ids(rows, cols, seed=seed + 9, high=3) > 0)
        at = np.argwhere(full).astype(np.int64).reshape(-1, 2)
        return at, full[tuple(at.T)], np.array([rows, cols], np.int64)

    for rows, seed in ((3, 1), (1, 2), (5, 3)):
        a, b = sparse(rows, seed), sparse(rows, seed + 20)
        m.ask("serving_default", i=a[0], v=a[1], s=a[2])
        m.ask("two", i=a[0], v=a[1], s=a[2], i2=b[0], v2=b[1], s2=b[2])
    m.ask("serving_default", i=np.zeros([0, 2], np.int64), v=data(0), s=np.array([2, 6], np.int64))
    m.ask("serving_default", i=np.array([[0, 9]], np.int64), v=data(1), s=np.array([2, 6], np.int64))
    m.ask("serving_default", i=np.array([[0, 0]], np.int64), v=data(2), s=np.array([2, 6], np.int64))


@model
def classify_by_hand(tf, m):
    """classify and regress signatures that a V1 exporter builds itself on parsed examples, as the MNIST
    example does.
    """
    v1 = tf.compat.v1
    text = v1.placeholder(tf.string, name="tf_example")
    features = tf.io.parse_example(text, {"x": tf.io.FixedLenFeature([4], tf.float32, [0.0] * 4)})
    x = tf.identity(features["x"], name="x")
    y = tf.nn.softmax(tf.matmul(x, v1.get_variable("w", [4, 3])), name="y")
    values, at = tf.nn.top_k(y, 2)
    from tensorflow.python.ops import lookup_ops

    classes = lookup_ops.index_to_string_table_from_tensor(tf.constant(["a", "b", "c"])).lookup(
        tf.cast(at, tf.int64)
    )
    m.main_op = v1.tables_initializer()
    m.sign("predict_images", {"images": x}, {"scores": y})
    m.sign("serving_default", {"inputs": text}, {"classes": classes, "scores": values}, "classify")
    m.sign("labels", {"inputs": text}, {"classes": classes}, "classify")
    m.sign("regress", {"inputs": text}, {"outputs": y[:, 0]}, "regress")
    for n in (1, 3, 2):
        m.ask("predict_images", images=data(n, 4))
        made = np.array(
            [example(tf, x=[float(v) for v in data(4, seed=i)]) if i else example(tf) for i in range(n)],
            object,
        )
        for name in ("serving_default", "labels", "regress"):
            m.ask(name, inputs=made)
