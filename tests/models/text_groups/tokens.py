"""Tokenizers and string ops."""
import numpy as np

from . import S, SS, group, ids

TEXTS = S("Hello, World!", "the quick brown fox", "", "  naïve café — Ünïcödé 日本語 テスト 🙂 ",
          "don't stop; it's 3.14", "a\tb\nc\x00d")


@group
def tokenizers(tf):
    made = {}
    one = (S("Hello, World!"), )
    some, none = (TEXTS, ), (S(), )

    def words(x):
        x = tf.strings.regex_replace(tf.strings.lower(x, encoding="utf-8"), r"[^\w\s]|_", r" \0 ")
        return tf.strings.split(tf.strings.strip(x))

    made["words"] = (
        lambda x:
        {"t": words(x), "n": words(x).row_lengths(), "d": words(x).to_tensor("[PAD]", shape=[None, 6])},
        ["S?"], [some, one, none])

    vocab = [
        "[UNK]", "un", "##aff", "##able", "aff", "able", "the", "quick", "##ick", "qu", "##s", "##ing", "do",
        "##n", "a", "b", "c", "hello", "world", ",", "!"
    ]
    table = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(vocab, tf.range(len(vocab), dtype=tf.int64)), -1)

    def wordpiece_word(word):
        n = tf.strings.length(word, unit="UTF8_CHAR")

        def body(start, pieces, bad):
            def inner_body(end, found):
                sub = tf.strings.substr(word, start, end - start, unit="UTF8_CHAR")
                sub = tf.cond(start > 0, lambda: tf.strings.join(["##", sub]), lambda: sub)
                k = table.lookup(sub)
                return tf.cond(k >= 0, lambda: (end, k), lambda: (end - 1, tf.constant(-1, tf.int64)))

            end, k = tf.while_loop(lambda e, f: tf.logical_and(e > start, f < 0), inner_body,
                                   (n, tf.constant(-1, tf.int64)))
            return (tf.where(k < 0, n, end), tf.concat([pieces, [tf.maximum(k, 0)]],
                                                       0), tf.logical_or(bad, k < 0))

        _, pieces, bad = tf.while_loop(
            lambda s, p, b: tf.logical_and(s < n, tf.logical_not(b)), body,
            (tf.constant(0), tf.zeros([0], tf.int64), False),
            shape_invariants=(tf.TensorShape([]), tf.TensorShape([None]), tf.TensorShape([])))
        return tf.cond(bad, lambda: tf.zeros([1], tf.int64), lambda: pieces)

    def wordpiece(x):
        w = words(x)
        ids = tf.map_fn(wordpiece_word, w.flat_values, fn_output_signature=tf.RaggedTensorSpec([None],
                                                                                               tf.int64, 0))
        return w.with_flat_values(ids)

    wordpiece.parts = [table]
    wp = lambda x: {"r": wordpiece(x), "flat": wordpiece(x).merge_dims(1, 2).to_tensor(-1)}
    wp.parts = [table]
    made["wordpiece"] = (wp, ["S?"], [(S("unaffable", "the quick unaffs", "hello, zzz!"), ), some, none,
                                      (S(""), )])

    # BPE: merges ranks by pair in a hash table
    merges = ["h e", "l l", "he ll", "hell o", "w o", "r l", "wo rl", "worl d", "t h", "th e"]
    ranks = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(merges, tf.range(len(merges))),
                                      1 << 30)

    def bpe_word(word):
        parts = tf.strings.unicode_split(word, "UTF-8")

        def best(p):
            return ranks.lookup(tf.strings.join([p[:-1], p[1:]], " "))

        def cond(p):
            return tf.logical_and(
                tf.size(p) > 1,
                tf.reduce_min(tf.concat([best(p), [1 << 30]], 0)) < (1 << 30))

        def body(p):
            i = tf.argmin(best(p), output_type=tf.int32)
            return tf.concat([p[:i], [p[i] + p[i + 1]], p[i + 2:]], 0)

        return tf.while_loop(cond, body, [parts], shape_invariants=[tf.TensorShape([None])])[0]

    def bpe(x):
        w = words(x)
        out = tf.TensorArray(tf.string, tf.size(w.flat_values), infer_shape=False)
        lengths = tf.TensorArray(tf.int64, tf.size(w.flat_values))
        for i in tf.range(tf.size(w.flat_values)):
            p = bpe_word(w.flat_values[i])
            out = out.write(i, p)
            lengths = lengths.write(i, tf.size(p, tf.int64))
        return w.with_flat_values(tf.RaggedTensor.from_row_lengths(out.concat(), lengths.stack()))

    bpe.parts = [ranks]
    made["bpe"] = (bpe, ["S?"], [(S("hello the world", "hell held", ""), ), (S("world"), ), some])

    def bytelevel(x):
        b = tf.RaggedTensor.from_row_lengths(tf.io.decode_raw(tf.strings.reduce_join(x), tf.uint8),
                                             tf.strings.length(x))
        return {"ids": tf.cast(b, tf.int32) + 3, "pad": (tf.cast(b, tf.int64) + 3).to_tensor(0)}

    made["bytelevel"] = (bytelevel, ["S?"], [some, one, none])
    made["decode_raw"] = (
        lambda x: [tf.io.decode_raw(x, tf.int16, little_endian=False),
                   tf.io.decode_raw(x, tf.float32)], ["S?"], [(S("abcdefgh", "12345678"), ), (S("abc"), ),
                                                              (S("ab", "abcd"), ), none])
    made["decode_padded"] = (lambda x, n: tf.io.decode_raw(x, tf.uint8, fixed_length=8), ["S?",
                                                                                          "i"], [(TEXTS, 3),
                                                                                                 (S(), 0)])
    made["unicode_decode"] = (
        lambda x:
        [tf.strings.unicode_decode(x, "UTF-8"), *tf.strings.unicode_decode_with_offsets(x, "UTF-8")], ["S?"],
        [some, one, none, (S(b"a\xff\xc3b", b"\xf0\x9f"), )])
    made["unicode_strict"] = (lambda x: tf.strings.unicode_decode(x, "UTF-8", errors="strict"), ["S?"],
                              [some, (S(b"ok", b"a\xffb"), ), none])
    made["unicode_ignore"] = (lambda x: tf.strings.unicode_decode(x, "UTF-8", errors="ignore").to_tensor(),
                              ["S?"], [(S(b"ok", b"a\xffb\xe6\x97"), ), some])
    made["unicode_split"] = (
        lambda x:
        [tf.strings.unicode_split(x, "UTF-8"),
         tf.strings.unicode_split_with_offsets(x, "UTF-8")[1]], ["S?,?"], [(SS(["ab", "日本"], ["", "🙂x"]), ),
                                                                           (np.zeros([0, 2], object), ),
                                                                           (np.zeros([2, 0], object), )])
    made["unicode_encode"] = (lambda v, s: [
        tf.strings.unicode_encode(tf.RaggedTensor.from_row_splits(v, s), e)
        for e in ("UTF-8", "UTF-16-BE", "UTF-32-BE")
    ], ["i?", "l?"], [([72, 228, 0x1F642], [0, 1, 3, 3]), ([], [0]), ([0xD800, 65], [0, 2]),
                      ([0x110000, -1], [0, 2]), ([65], [0, 2])])
    made["unicode_encode_strict"] = (lambda v: tf.strings.unicode_encode(v, "UTF-8", errors="strict"),
                                     ["i?,?"], [([[72, 228]], ), ([[0xD800, 65]], ), (np.zeros([0, 3]), )])
    made["transcode"] = (lambda x: [
        tf.strings.unicode_transcode(x, "UTF-8", "UTF-16-BE"),
        tf.strings.unicode_transcode(x, "ISO-8859-1", "UTF-8"),
        tf.strings.unicode_transcode(x, "UTF-8", "UTF-8", errors="ignore", replace_control_characters=True)
    ], ["S*"], [some, (S(b"caf\xe9"), ), (np.array(b"x\x01y", object), )])
    made["script"] = (
        lambda x: tf.ragged.map_flat_values(tf.strings.unicode_script, tf.strings.unicode_decode(x, "UTF-8")),
        ["S?"], [some, none])

    def script_split(x):
        """Splits where the script changes, as tf_text's unicode_script_tokenizer."""
        cp = tf.strings.unicode_decode(x, "UTF-8")
        script = tf.ragged.map_flat_values(tf.strings.unicode_script, cp)
        first = tf.concat([tf.fill([cp.nrows(), 1], True),
                           tf.not_equal(script[:, 1:], script[:, :-1])], axis=1)[:, :cp.bounding_shape()[1]]
        starts = tf.squeeze(tf.where(first.flat_values[:tf.size(cp.flat_values)]), -1)
        pieces = tf.RaggedTensor.from_row_starts(cp.flat_values,
                                                 tf.concat([[0], starts[1:]], 0)[:tf.size(starts)])
        return tf.strings.unicode_encode(pieces, "UTF-8")

    made["script_split"] = (script_split, ["S?"], [(S("abcФыва日本", "xy z"), ), (S("a"), )])

    def chars(x):
        c = tf.strings.unicode_split(x, "UTF-8")
        t = tf.strings.ngrams(c, [2, 3], separator="", pad_values=("<", ">"), padding_width=1)
        return {
            "n": t, "h": tf.ragged.map_flat_values(lambda v: tf.strings.to_hash_bucket_fast(v, 1000), t),
            "k": tf.ragged.map_flat_values(lambda v: tf.strings.to_hash_bucket_strong(v, 77, [1, 2]), t)
        }

    made["char_ngrams"] = (chars, ["S?"], [some, one, none])
    made["word_ngrams"] = (
        lambda x: tf.strings.ngrams(words(x), 2, preserve_short_sequences=True, separator="_"), ["S?"],
        [some, none])
    made["ngrams_pad"] = (lambda x: tf.strings.ngrams(words(x), (1, 4), pad_values="#"), ["S?"], [some, one])

    def v1split(x):
        t = tf.compat.v1.string_split(x, delimiter=" ,", skip_empty=True)
        u = tf.compat.v1.string_split(x, delimiter="", skip_empty=False)
        w = tf.compat.v1.strings.split(x, sep="o", result_type="SparseTensor")
        return {"a": t, "b": u, "dense": tf.sparse.to_dense(t, "?"), "w": w}

    made["split_v1"] = (v1split, ["S?"], [some, one, none, (S("", ""), )])
    made["split_v2"] = (lambda x: [
        tf.strings.split(x, sep="o"),
        tf.strings.split(x, sep="l", maxsplit=1),
        tf.strings.split(x, maxsplit=2),
        tf.strings.split(x, "ll")
    ], ["S?"], [some, one, none])
    made["split_scalar"] = (lambda x: [tf.strings.split(x), tf.strings.split(x, "a")], ["S"],
                            [("banana split", ), ("", )])
    made["split_2d"] = (lambda x: tf.strings.split(x, ","), ["S?,?"], [(SS(["a,b", ","], ["", "c"]), ),
                                                                       (np.zeros([0, 2], object), )])
    made["substr"] = (
        lambda x, p, n: [tf.strings.substr(x, p, n),
                         tf.strings.substr(x, p, n, unit="UTF8_CHAR")], ["S?", "i?", "i?"], [
                             (S("hello", "日本語"), [1, 1], [3, 2]), (S("hello", "日本語"), [-2, -3], [10, 1]),
                             (S("abc", "d"), [0, 2], [1, 1]), (S("abc"), [1], [-1]), (S(), [], [])
                         ])
    made["substr_scalar"] = (lambda x, p, n: tf.strings.substr(x, p, n), ["S?", "i",
                                                                          "i"], [(S("hello", "wor"), 1, 2),
                                                                                 (S("hello", ""), 1, 1),
                                                                                 (S("ab"), 1, 5)])
    made["cases"] = (lambda x: [
        tf.strings.upper(x),
        tf.strings.lower(x),
        tf.strings.upper(x, "utf-8"),
        tf.strings.lower(x, "utf-8"),
        tf.strings.strip(x),
        tf.strings.length(x),
        tf.strings.length(x, "UTF8_CHAR"),
        tf.strings.bytes_split(x)
    ], ["S?"], [some, one, none, (S("ſßİIıǅΣς", b"\xff\xfe"), )])
    made["to_number"] = (
        lambda x: [tf.strings.to_number(x), tf.strings.to_number(x, tf.float64)], ["S?"], [
            (S("1", "-2.5e3", " 7 ", "inf", "nan", "0x10", "1e400"), ), (S("abc"), ), (S(""), ), none,
            (S("1 2"), ), (S("1e-400", "+.5", "5."), )
        ])
    made["to_int"] = (lambda x: [tf.strings.to_number(
        x, tf.int32), tf.strings.to_number(x, tf.int64)], ["S?"], [(S("1", " -20 ", "2147483647"), ),
                                                                   (S("2147483648"), ), (S("1.0"), ),
                                                                   (S("0x1F"), ), (S("+5"), )])
    made["as_string"] = (lambda x, y, z: [
        tf.strings.as_string(x),
        tf.strings.as_string(x, precision=2),
        tf.strings.as_string(x, scientific=True),
        tf.strings.as_string(x, shortest=True),
        tf.strings.as_string(x, width=10, fill="0"),
        tf.strings.as_string(x, width=9, fill="-", precision=1),
        tf.strings.as_string(y, width=5, fill=" "),
        tf.strings.as_string(z)
    ], ["f?", "i?", "b?"], [([1, -2.5, 1e20, 1e-7, np.nan, np.inf, -np.inf, -0.0], [1, -20], [True, False]),
                            ([], [], [])])
    made["format"] = (lambda x, y: [
        tf.strings.format("x={} y={}", (x, y)),
        tf.strings.format("{}", x, summarize=2),
        tf.strings.format("<%>", y, placeholder="%", summarize=-1)
    ], ["f*", "S*"], [([[1.5, 2], [3, 4], [5, 6]], S("a", "b")), (1.0, S("q\"uo\n")), (np.zeros([0, 3]), S()),
                      (np.arange(40.).reshape(2, 2, 10), SS(["a"], ["b"]))])
    made["joins"] = (lambda x: [
        tf.strings.join([x, "-", x], "+"),
        tf.strings.reduce_join(x),
        tf.strings.reduce_join(x, 0, separator=","),
        tf.strings.reduce_join(x, -1, keepdims=True),
        tf.strings.reduce_join(x, [1, 0]),
        tf.strings.reduce_join(x, [0, 1], separator="|")
    ], ["S?,?"], [(SS(["a", "b"], ["c", "d"]), ), (SS(["日", ""]), ), (np.zeros([0, 2], object), ),
                  (np.zeros([2, 0], object), )])
    made["ragged_join"] = (lambda x: [
        tf.strings.reduce_join(words(x), axis=-1, separator=" "),
        tf.strings.unsorted_segment_join(x,
                                         tf.range(tf.size(x)) % 2, 3, ":")
    ], ["S?"], [some, none])
    made["regex"] = (lambda x: [
        tf.strings.regex_full_match(x, r"[a-z ]*"),
        tf.strings.regex_full_match(x, r"(?i)hello.*"),
        tf.strings.regex_replace(x, r"(\w)(\w)", r"\2\1"),
        tf.strings.regex_replace(x, r"\pL+", "W", replace_global=False),
        tf.strings.regex_replace(x, r"(?m)^|$", "^"),
        tf.strings.regex_replace(x, r"\s*", "_")
    ], ["S?"], [some, one, none])
    made["regex_dynamic"] = (
        lambda x, p, r: [tf.strings.regex_replace(x, p, r),
                         tf.strings.regex_full_match(x, p)], ["S?", "S", "S"], [(TEXTS, "[aeiou]", "<\\0>"),
                                                                                (TEXTS, "(", "x"),
                                                                                (TEXTS, "a(b", "x"),
                                                                                (S("ab"), "a", "\\1"),
                                                                                (S("aab"), "a", "\\"),
                                                                                (S(), "(", "")])
    made["hashes"] = (lambda x: [
        tf.strings.to_hash_bucket(x, 97),
        tf.strings.to_hash_bucket_fast(x, 2**40),
        tf.strings.to_hash_bucket_strong(x, 2**40, [123, -1])
    ], ["S?"], [some, one, none])
    made["b64"] = (lambda x: [
        tf.io.encode_base64(x),
        tf.io.encode_base64(x, pad=True),
        tf.io.decode_base64(tf.io.encode_base64(x))
    ], ["S*"], [some, (np.array(b"q", object), )])
    made["unb64"] = (lambda x: tf.io.decode_base64(x), ["S?"], [(S("aGVsbG8", "aGVsbA=="), ), (S("a"), ),
                                                                (S("a+b/"), ), (S("aGVs bG8"), )])
    return made
