"""Models preprocessing in the model, tables, recommenders, tabular data."""

import os
import tempfile

import numpy as np
import tensorflow as tf

from layers import data, numbers

MODELS = {}
K, L = tf.keras, tf.keras.layers
WORDS = ["the", "cat", "sat", "mat", "dog", "on", "éa", ""]


def model(f):
    MODELS[f.__name__] = f
    return f


def text(*rows):
    return np.array(rows, dtype=object).reshape(-1, 1)


def strings(*shape, seed=1, words=WORDS):
    return np.array(words, dtype=object)[np.random.RandomState(seed).randint(0, len(words), shape)].reshape(
        shape
    )


def file_of(lines, name="vocabulary.txt"):
    path = os.path.join(tempfile.mkdtemp(), name)
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")
    return path


SENTENCES = [
    {"x": text("The cat!", "sat on the mat", "")},
    {"x": text("a dog, a cat; the THE the")},
    {"x": text()},
    {"x": text("Éa  éa\tcat\nmat", "(the) <b>cat</b>", "dog " * 9, "unknown words only")},
]


@model
def text_int(path):
    x = K.Input((1,), dtype="string", name="x")
    v = L.TextVectorization(max_tokens=20, ngrams=2, output_sequence_length=7)
    v.adapt(["the cat sat on the mat", "the dog sat", "a cat and a dog"])
    ids = v(x)
    h = L.Bidirectional(L.LSTM(4))(L.Embedding(20, 4, mask_zero=True)(ids))
    K.Model(x, {"ids": ids, "y": L.Dense(2)(h)}).save(path)
    return SENTENCES


@model
def text_modes(path):
    """multi_hot, count and tf-idf, split by characters, ragged, standardized by a function of one's own."""
    x = K.Input((1,), dtype="string", name="x")
    corpus = ["the cat sat on the mat", "the dog sat", "a cat and a dog"]
    out = {}
    for mode in ("multi_hot", "count", "tf_idf"):
        v = L.TextVectorization(ngrams=(1, 3), output_mode=mode, max_tokens=15, pad_to_max_tokens=True)
        v.adapt(corpus)
        out[mode] = v(x)
    chars = L.TextVectorization(split="character", standardize=None, vocabulary=list("abcdet "))
    out["chars"] = chars(x)
    own = L.TextVectorization(
        standardize=lambda s: tf.strings.regex_replace(tf.strings.lower(s, "utf-8"), "<[^>]*>|[^a-zé ]", ""),
        vocabulary=["cat", "éa", "the"],
    )
    out["own"] = own(x)
    ragged = L.TextVectorization(
        vocabulary=["cat", "sat", "the"], ragged=True, standardize="lower_and_strip_punctuation"
    )
    out["lengths"] = tf.cast(ragged(x).row_lengths(), tf.int32)
    net = K.Model(x, out)
    serve = tf.function(lambda x: net(x), input_signature=[tf.TensorSpec([None, 1], tf.string, "x")])
    tf.saved_model.save(net, path, signatures=serve)
    return SENTENCES


@model
def lookups(path):
    """StringLookup and IntegerLookup in all modes, from files and from lists, and back again."""
    s, i = K.Input((3,), dtype="string", name="s"), K.Input((2,), dtype="int64", name="i")
    vocabulary = file_of(["cat", "dog", "éa", "the"])
    ids = L.StringLookup(vocabulary=vocabulary, num_oov_indices=2, mask_token="")(s)
    back = L.StringLookup(vocabulary=vocabulary, invert=True)(L.StringLookup(vocabulary=vocabulary)(s))
    out = {
        "ids": ids,
        "back": back,
        "hot": L.StringLookup(vocabulary=["cat", "mat"], output_mode="multi_hot")(s),
        "counts": L.StringLookup(
            vocabulary=["cat", "mat"],
            output_mode="count",
            num_oov_indices=3,
            pad_to_max_tokens=True,
            max_tokens=8,
        )(s),
        "tf_idf": L.StringLookup(vocabulary=["cat", "mat"], idf_weights=[0.5, 2.0], output_mode="tf_idf")(s),
        "one": L.IntegerLookup(vocabulary=[5, 7, -1], output_mode="one_hot")(i[:, 0]),
        "int": L.IntegerLookup(vocabulary=[5, 7, 9], num_oov_indices=3, mask_token=0)(i),
        "from": L.IntegerLookup(vocabulary=file_of(["3", "4", "11"], "ints.txt"), invert=True)(i),
    }
    K.Model([s, i], out).save(path)
    return [
        {"s": strings(n, 3, seed=n), "i": np.random.RandomState(n).randint(-2, 12, (n, 2))}
        for n in (3, 1, 0, 6)
    ]


@model
def strict_lookup(path):
    """No place for unknown words: an error for a request."""
    x = K.Input((2,), dtype="string", name="x")
    K.Model(
        x,
        L.CategoryEncoding(3, "multi_hot")(L.StringLookup(vocabulary=["a", "b", "c"], num_oov_indices=0)(x)),
    ).save(path)
    return [
        {"x": strings(3, 2, words=["a", "b", "c"])},
        {"x": strings(2, 2, words=["a", "z"])},
        {"x": strings(1, 2, words=["c", "b"])},
    ]


@model
def categories(path):
    """CategoryEncoding checks its range; counts with weights; sparse in between."""
    x, w = K.Input((3,), dtype="int32", name="x"), K.Input((3,), name="w")
    sparse = L.CategoryEncoding(6, "count", sparse=True)(x)
    out = [
        L.CategoryEncoding(6, "multi_hot")(x),
        L.CategoryEncoding(6, "count")(x, count_weights=w),
        L.CategoryEncoding(6, "one_hot")(x[:, :1]),
        L.Lambda(lambda t: tf.sparse.to_dense(t) * 2)(sparse),
    ]
    K.Model([x, w], out).save(path)
    return [
        {"x": numbers(n, 3, high=h), "w": data(n, 3)} for n, h in ((2, 6), (4, 6), (3, 9), (1, 6), (0, 6))
    ]


@model
def numeric_features(path):
    x, y = K.Input((4,), name="x"), K.Input((1,), dtype="int64", name="y")
    norm, bins = L.Normalization(), L.Discretization(num_bins=4, epsilon=0.01)
    norm.adapt(data(20, 4))
    bins.adapt(data(50, 1))
    out = {
        "norm": norm(x),
        "denorm": L.Normalization(mean=[1.0, 2, 3, 4], variance=[1.0, 4, 0, 2], invert=True)(x),
        "bins": bins(x[:, :1]),
        "hot": L.Discretization([-0.5, 0.0, 0.5], output_mode="one_hot")(x[:, 1:2]),
        "counts": L.Discretization([0.0], output_mode="count")(x),
        "hash": L.Hashing(7)(y),
        "salted": L.Hashing(7, salt=[133, 137])(y),
        "masked": L.Hashing(5, mask_value=3, output_mode="one_hot")(y),
    }
    cross = tf.keras.layers.HashedCrossing(9)
    out["cross"], out["cross_hot"] = cross((y, y + 1)), L.HashedCrossing(5, output_mode="one_hot")(
        (y, tf.strings.as_string(y))
    )
    K.Model([x, y], out).save(path)
    return [
        {"x": 2 * data(n, 4, seed=n), "y": np.random.RandomState(n).randint(-5, 9, (n, 1))}
        for n in (3, 1, 0, 8)
    ]


@model
def image_features(path):
    """Augmentation that does nothing at inference, resizing with crops, bytes of JPEGs in front of the
    net."""
    net = K.Sequential(
        [
            L.Input((None, None, 3)),
            L.RandomFlip(),
            L.RandomRotation(0.2),
            L.RandomZoom(0.1),
            L.RandomContrast(0.2),
            L.RandomTranslation(0.1, 0.1),
            L.RandomCrop(10, 9),
            L.Resizing(8, 8, crop_to_aspect_ratio=True),
            L.CenterCrop(6, 7),
            L.Rescaling(1 / 255.0),
            L.Conv2D(3, 3),
        ]
    )

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "bytes")])
    def serve(data):
        def read(one):
            image = tf.io.decode_image(one, channels=3, expand_animations=False)
            return tf.image.resize(tf.image.convert_image_dtype(image, tf.float32), [12, 12], antialias=True)

        images = tf.map_fn(read, data, fn_output_signature=tf.TensorSpec([12, 12, 3]))
        return {"y": net(images * 255, training=False), "images": images}

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8, "images")])
    def raw(images):
        return {"y": net(tf.cast(images, tf.float32), training=False)}

    net.serve, net.raw = serve, raw
    tf.saved_model.save(net, path, signatures={"serving_default": serve, "raw": raw})
    pictures = [tf.cast(128 + 127 * data(9 + i, 14 - i, 3, seed=i), tf.uint8) for i in range(3)]
    files = [
        tf.io.encode_png(pictures[0]).numpy(),
        tf.io.encode_jpeg(pictures[1]).numpy(),
        tf.io.encode_png(pictures[2][..., :1]).numpy(),
    ]
    return [
        {"bytes": np.array(f, dtype=object)} for f in (files, files[:1], [], files[::-1], [b"no image"])
    ] + [("raw", {"images": p.numpy()[None]}) for p in pictures]


@model
def two_tower(path):
    """Retrieval by brute force: tables of ids, top-k of scores, exclusions, all in one signature."""

    class Index(tf.Module):
        def __init__(self):
            super().__init__()
            users, items = ["u%d" % i for i in range(6)], ["i%d" % i for i in range(9)]
            self.user = K.Sequential(
                [L.StringLookup(vocabulary=users, mask_token=None), L.Embedding(7, 4), L.Dense(4)]
            )
            self.user(tf.constant(["u1"]))
            self.items, self.candidates = tf.Variable(items, trainable=False), tf.Variable(data(9, 4))

        @tf.function(
            input_signature=[
                tf.TensorSpec([None], tf.string, "user"),
                tf.TensorSpec([None, None], tf.string, "seen"),
                tf.TensorSpec([], tf.int32, "k"),
            ]
        )
        def __call__(self, user, seen, k):
            scores = tf.matmul(self.user(user), self.candidates, transpose_b=True)
            n = tf.minimum(k + tf.shape(seen)[1], 9)
            best, at = tf.math.top_k(scores, n)
            ids = tf.gather(self.items, at)
            hidden = tf.reduce_any(ids[:, :, None] == seen[:, None], -1)
            _, keep = tf.math.top_k(best - 1e5 * tf.cast(hidden, tf.float32), tf.minimum(k, n))
            return {
                "scores": tf.gather(best, keep, batch_dims=1),
                "ids": tf.gather(ids, keep, axis=1, batch_dims=1),
            }

    index = Index()
    tf.saved_model.save(index, path, signatures=index.__call__)
    return [
        {
            "user": strings(n, words=["u1", "u5", "zz"]),
            "seen": strings(n, m, words=["i1", "i4", "i7", ""]),
            "k": np.int32(k),
        }
        for n, m, k in ((2, 1, 3), (1, 0, 9), (3, 4, 2), (0, 1, 1), (1, 2, 12), (2, 1, -1))
    ]


@model
def dlrm(path):
    """Bottom and top nets, embeddings of bags, pairwise dots of which the lower triangle is kept."""

    class Dlrm(K.Model):
        def __init__(self):
            super().__init__()
            self.bottom, self.top = K.Sequential([L.Dense(8, "relu"), L.Dense(4, "relu")]), K.Sequential(
                [L.Dense(8, "relu"), L.Dense(1, "sigmoid")]
            )
            self.tables = [tf.Variable(data(10, 4, seed=i)) for i in range(3)]

        @tf.function(
            input_signature=[
                tf.TensorSpec([None, 5], name="dense"),
                tf.TensorSpec([None], tf.int64, "ids"),
                tf.TensorSpec([None], tf.int32, "lengths"),
                tf.TensorSpec([None, 2], tf.int32, "single"),
            ]
        )
        def serve(self, dense, ids, lengths, single):
            d = self.bottom(dense)
            ragged = tf.RaggedTensor.from_row_lengths(ids, lengths)
            bag = tf.nn.embedding_lookup_sparse(self.tables[0], ragged.to_sparse(), None, combiner="sqrtn")
            bag = tf.pad(bag, [[0, tf.shape(dense)[0] - tf.shape(bag)[0]], [0, 0]])
            e = tf.stack(
                [d, bag]
                + [tf.nn.embedding_lookup(t, i) for t, i in zip(self.tables[1:], tf.unstack(single, axis=1))],
                1,
            )
            dots = tf.matmul(e, e, transpose_b=True)
            lower = tf.linalg.band_part(tf.ones_like(dots), -1, 0) - tf.linalg.band_part(
                tf.ones_like(dots), 0, 0
            )
            flat = tf.reshape(tf.boolean_mask(dots, lower > 0), [tf.shape(d)[0], 6])
            return {"y": self.top(tf.concat([d, flat], 1)), "dots": flat}

    net = Dlrm()
    net.serve(data(1, 5), np.array([1]), np.array([1], np.int32), numbers(1, 2))
    tf.saved_model.save(net, path, signatures=net.serve)

    def request(lengths, high=10):
        return {
            "dense": data(len(lengths), 5),
            "ids": np.random.RandomState(1).randint(0, high, sum(lengths)),
            "lengths": np.array(lengths, np.int32),
            "single": numbers(len(lengths), 2),
        }

    return [request([2, 1, 3]), request([1]), request([0, 2]), request([4, 1], 99), request([2, 0, 1])]


@model
def wide_deep(path):
    """Feature columns of both kinds in front of K.experimental.WideDeepModel, fed with tf.Examples."""
    fc = tf.feature_column
    age = fc.numeric_column("age")
    job = fc.categorical_column_with_vocabulary_list("job", ["a", "b", "c"], num_oov_buckets=1)
    city = fc.categorical_column_with_hash_bucket("city", 8)
    buckets = fc.bucketized_column(age, [20.0, 40, 60])
    wide = K.layers.DenseFeatures(
        [fc.indicator_column(fc.crossed_column([buckets, "job"], 10)), fc.indicator_column(job), buckets]
    )
    tags = fc.weighted_categorical_column(
        fc.categorical_column_with_identity("tags", 6, default_value=0), "weights"
    )
    deep = K.layers.DenseFeatures(
        [
            age,
            fc.embedding_column(city, 4, combiner="sqrtn"),
            fc.embedding_column(tags, 3),
            fc.embedding_column(job, 2, max_norm=0.5),
        ]
    )
    head = K.Sequential([L.Dense(6, "relu"), L.Dense(1)])
    line = L.Dense(1)
    spec = fc.make_parse_example_spec([age, job, city, tags])

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "examples")])
    def serve(examples):
        features = tf.io.parse_example(examples, spec)
        w = wide({"age": features["age"], "job": features["job"]})
        return {"y": tf.sigmoid(line(w) + head(deep(features))), "wide": w}

    def example(age, jobs, cities, tags):
        f, b = tf.train.Feature, tf.train.BytesList
        return tf.train.Example(
            features=tf.train.Features(
                feature={
                    "age": f(float_list=tf.train.FloatList(value=[age])),
                    "job": f(bytes_list=b(value=[j.encode() for j in jobs])),
                    "city": f(bytes_list=b(value=[c.encode() for c in cities])),
                    "tags": f(int64_list=tf.train.Int64List(value=tags)),
                    "weights": f(float_list=tf.train.FloatList(value=[0.5 + t for t in tags])),
                }
            )
        ).SerializeToString()

    examples = [
        example(15, ["a"], ["x", "y"], [1, 2]),
        example(45, ["c", "q"], [], [5]),
        example(99, [], ["z"], []),
        example(60, ["b"], ["x"], [7, 0]),
    ]
    serve(tf.constant(examples[:1]))
    holder = tf.Module()
    holder.parts, holder.serve = [wide, deep, head, line], serve
    tf.saved_model.save(holder, path, signatures=serve)
    return [
        {"examples": np.array(e, dtype=object)}
        for e in (examples, examples[1:2], examples[::-1], [], [b"junk"], examples[2:3])
    ]


@model
def mutable_tables(path):
    """Counts of words in tables that change: find, insert, remove, size, export, as signatures."""

    class Tables(tf.Module):
        def __init__(self):
            super().__init__()
            self.counts = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
            self.dense = tf.lookup.experimental.DenseHashTable(
                tf.int64, tf.float32, [0.0, 0.5], empty_key=-1, deleted_key=-2
            )
            self.counts.insert(tf.constant(["cat", "dog"]), tf.constant([3, 4], tf.int64))
            self.dense.insert(tf.constant([1, 2], tf.int64), tf.constant([[1.0, 2], [3, 4]]))
            self.ids = tf.lookup.StaticVocabularyTable(
                tf.lookup.TextFileInitializer(
                    file_of(["cat", "mat", "dog"]),
                    tf.string,
                    tf.lookup.TextFileIndex.WHOLE_LINE,
                    tf.int64,
                    tf.lookup.TextFileIndex.LINE_NUMBER,
                ),
                2,
            )
            self.pairs = tf.lookup.StaticHashTable(
                tf.lookup.TextFileInitializer(
                    file_of(["a,1.5,x", "b,2.5,y"], "pairs.csv"), tf.string, 0, tf.float32, 1, delimiter=","
                ),
                -9.0,
            )

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "words")])
        def count(self, words):
            words, _, n = tf.unique_with_counts(words, tf.int64)
            old = self.counts.lookup(words)
            self.counts.insert(words, tf.maximum(old, 0) + n)
            return {
                "now": self.counts.lookup(words),
                "size": self.counts.size(),
                "ids": self.ids.lookup(words),
                "pairs": self.pairs[words],
            }

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "words")])
        def forget(self, words):
            self.counts.remove(words)
            keys, values = self.counts.export()
            order = tf.argsort(values, stable=True)
            return {
                "sum": tf.reduce_sum(values),
                "values": tf.gather(values, order),
                "size": self.counts.size(),
            }

        @tf.function(
            input_signature=[tf.TensorSpec([None], tf.int64, "keys"), tf.TensorSpec([None, 2], name="values")]
        )
        def learn(self, keys, values):
            before = self.dense.lookup(keys)
            self.dense.insert(keys, values)
            self.dense.erase(keys[:1])
            return {"before": before, "after": self.dense.lookup(keys), "size": self.dense.size()}

    t = Tables()
    tf.saved_model.save(
        t, path, signatures={"serving_default": t.count, "forget": t.forget, "learn": t.learn}
    )
    return [
        {"words": strings(5)},
        {"words": strings(0)},
        ("forget", {"words": strings(2)}),
        {"words": strings(3, seed=2)},
        ("forget", {"words": strings(0)}),
        ("learn", {"keys": np.array([2, 5, 7]), "values": data(3, 2)}),
        ("learn", {"keys": np.array([2, 5]), "values": data(2, 2, seed=4)}),
        ("learn", {"keys": np.array([-1]), "values": data(1, 2)}),
        ("learn", {"keys": np.array([5]), "values": data(2, 2)}),
    ]


@model
def ragged_text(path):
    """Ragged all the way: split, n-grams, lookups, ragged embeddings, pooling, RNN over to_tensor."""
    table = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(WORDS[:6], tf.range(1, 7, dtype=tf.int64)), 0
    )
    emb, rnn = L.Embedding(7, 4), L.LSTM(3)
    holder = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "x")])
    def serve(x):
        words = tf.strings.split(tf.strings.regex_replace(tf.strings.lower(x), r"[[:punct:]]", ""))
        ids = tf.ragged.map_flat_values(table.lookup, words)
        vectors = tf.ragged.map_flat_values(emb, ids)
        grams = tf.strings.ngrams(words, (1, 2), separator="_")
        mask = tf.sequence_mask(words.row_lengths(), words.bounding_shape(axis=1))
        return {
            "mean": tf.reduce_mean(vectors, 1),
            "max": tf.reduce_max(vectors, 1),
            "rnn": rnn(vectors.to_tensor(), mask=mask),
            "grams": grams.to_tensor("-"),
            "n": ids.row_lengths(),
            "joined": tf.strings.reduce_join(words, axis=1, separator="+"),
            "chars": tf.strings.unicode_decode(x, "UTF-8").to_tensor(-1),
            "sorted": tf.sort(ids.to_tensor(-1), -1),
            "ids": ids.flat_values,
            "first": tf.gather(words.to_tensor("?"), [0], axis=1),
        }

    serve(tf.constant(["a b"]))
    holder.parts = [table, emb, rnn, serve]
    tf.saved_model.save(holder, path, signatures=serve)
    return [
        {"x": np.array(rows, dtype=object)}
        for rows in (
            ["The cat!", "sat on the mat", ""],
            ["dog"],
            ["a b c d", "é x"],
            ["the", "cat", "sat on"],
        )
    ]


@model
def ragged_inputs(path):
    """Keras with ragged inputs, and a signature of RaggedTensorSpec's parts."""
    x = K.Input((None,), dtype="int64", ragged=True, name="x")
    h = L.Embedding(10, 4)(x)
    net = K.Model(x, [L.LSTM(3)(h), L.GlobalAveragePooling1D()(h), tf.reduce_max(h, axis=1)])

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.int64, "values"),
            tf.TensorSpec([None], tf.int64, "row_splits"),
        ]
    )
    def serve(values, row_splits):
        a, b, c = net(tf.RaggedTensor.from_row_splits(values, row_splits))
        return {"a": a, "b": b, "c": c}

    @tf.function(input_signature=[tf.RaggedTensorSpec([None, None], tf.int64)])
    def flat(r):
        return {
            "twice": (r * 2).flat_values,
            "sum": tf.reduce_sum(r, 1),
            "slice": r[:, :2].to_tensor(),
            "rev": tf.reverse(r.to_tensor(-1), [1]),
            "concat": tf.concat([r, r[:, :1]], 1).to_tensor(),
        }

    net.serve, net.flat = serve, flat
    call = tf.function(
        lambda values, splits: flat(tf.RaggedTensor.from_row_splits(values, splits)),
        input_signature=[
            tf.TensorSpec([None], tf.int64, "values"),
            tf.TensorSpec([None], tf.int64, "splits"),
        ],
    )
    tf.saved_model.save(net, path, signatures={"serving_default": serve, "flat": call})
    rows = [([1, 2, 3, 4], [0, 2, 4]), ([5], [0, 1]), ([1, 2, 3, 9, 8], [0, 3, 4, 5]), ([1, 2], [0, 3])]
    return [{"values": np.array(v), "row_splits": np.array(s)} for v, s in rows] + [
        ("flat", {"values": np.array(v), "splits": np.array(s)}) for v, s in rows
    ]


@model
def sequence_features(path):
    """SequenceExamples parsed in front of a net of both kinds of features."""
    net = L.GRU(3)
    net(data(1, 2, 3))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "examples")])
    def serve(examples):
        context, sequence, lengths = tf.io.parse_sequence_example(
            examples,
            {"user": tf.io.FixedLenFeature([], tf.int64, 0), "names": tf.io.VarLenFeature(tf.string)},
            {"steps": tf.io.FixedLenSequenceFeature([3], tf.float32), "tags": tf.io.RaggedFeature(tf.int64)},
        )
        n = lengths["steps"]
        return {
            "y": net(sequence["steps"], mask=tf.sequence_mask(n, tf.shape(sequence["steps"])[1])),
            "user": context["user"],
            "names": tf.sparse.to_dense(context["names"], "none"),
            "n": n,
            "tags": sequence["tags"].to_tensor(),
        }

    def example(n, names):
        f = tf.train.Feature
        steps = [f(float_list=tf.train.FloatList(value=data(3, seed=i + n))) for i in range(n)]
        tags = [f(int64_list=tf.train.Int64List(value=range(i))) for i in range(n)]
        return tf.train.SequenceExample(
            context=tf.train.Features(
                feature={
                    "user": f(int64_list=tf.train.Int64List(value=[n])),
                    "names": f(bytes_list=tf.train.BytesList(value=names)),
                }
            ),
            feature_lists=tf.train.FeatureLists(
                feature_list={
                    "steps": tf.train.FeatureList(feature=steps),
                    "tags": tf.train.FeatureList(feature=tags),
                }
            ),
        ).SerializeToString()

    holder = tf.Module()
    holder.net, holder.serve = net, serve
    tf.saved_model.save(holder, path, signatures=serve)
    made = [example(3, [b"a", b"b"]), example(1, []), example(2, [b"c"])]
    return [{"examples": np.array(e, dtype=object)} for e in (made, made[:1], made[1:], [b"\x01"])]
