"""Control flow over strings; sparse and ragged tensors in signatures."""
import numpy as np

from . import S, SS, group


@group
def flows(tf):
    made = {}
    T = tf.TensorShape

    @tf.function
    def clean(x, lower=True):
        return tf.strings.lower(x) if lower else x

    made["functions"] = (lambda x: [clean(x), clean(x, False), clean(clean(x)[0])], ["S?"], [(S("Ab", "C"), ),
                                                                                             (S("Q"), ),
                                                                                             (S(), )])
    made["string_array"] = (lambda x: tf.while_loop(
        lambda i, a: i < tf.size(x), lambda i, a:
        (i + 1, a.write(i, tf.strings.join([x[i], tf.strings.as_string(i)], "-"))),
        (0, tf.TensorArray(tf.string, tf.size(x))))[1].stack(), ["S?"], [(S("a", "b"), ), (S("c"), ),
                                                                         (S(), )])
    made["fold"] = (lambda x: [
        tf.foldl(lambda a, w: tf.strings.join([a, w]), x, ""),
        tf.foldr(lambda a, w: tf.strings.join([a, w], ","), x, "end"),
        tf.scan(lambda a, w: tf.strings.join([a, w]), x, ">")
    ], ["S?"], [(S("a", "b", "c"), ), (S(), ), (S("z"), )])
    made["map_many"] = (lambda x: [
        tf.map_fn(lambda s: (tf.strings.length(s), tf.strings.upper(s), {"k": tf.strings.substr(s, 0, 1)}), x,
                  fn_output_signature=(tf.int32, tf.string, {"k": tf.string}))[1],
        tf.map_fn(lambda s: tf.strings.to_number(s, tf.int32) * 2, x[:0], fn_output_signature=tf.int32),
        tf.vectorized_map(lambda s: tf.strings.length(s), x)
    ], ["S?"], [(S("ab", "c"), ), (S("d"), )])

    def lang(x, i):
        return tf.switch_case(
            i, {
                0: lambda: tf.strings.upper(x), 1: lambda: tf.strings.lower(x),
                2: lambda: tf.strings.reduce_join(tf.reverse(tf.strings.unicode_split(x, "UTF-8"), [1]), -1)
            }, default=lambda: x)

    made["switch"] = (lang, ["S?", "i"], [(S("aB", "日本"), i) for i in (0, 1, 2, 3, -1)] + [(S(), 2)])
    made["case"] = (lambda x: tf.case([(tf.size(x) > 2, lambda: x[:2]),
                                       (tf.size(x) < 1, lambda: tf.constant(["none"]))], default=lambda: tf.
                                      strings.join([x, "!"]), exclusive=True), ["S?"], [(S("a"), ),
                                                                                        (S("a", "b", "c"), ),
                                                                                        (S(), )])

    def early(x):
        out = tf.constant("")
        n = 0
        for i in tf.range(tf.size(x)):
            s = x[i]
            if s == "stop": break
            if tf.strings.length(s) == 0: continue
            out = tf.strings.join([out, s], " ")
            n += 1
        return {"out": out, "n": n}

    made["early"] = (early, ["S?"], [(S("a", "", "b", "stop", "c"), ), (S("x", "y"), ), (S(), )])

    def parens(x):
        depth = 0
        ok = True
        best = 0
        for c in tf.strings.bytes_split(x):
            if c == "(":
                depth += 1
            elif c == ")":
                depth -= 1
                if depth < 0:
                    ok = False
                    break
            best = tf.maximum(best, depth)
        return {"ok": tf.logical_and(ok, depth == 0), "best": best}

    made["parens"] = (parens, ["S"], [("(a(b))", ), ("())(", ), ("", ), ("((", )])

    def lev(a, b):
        a, b = tf.strings.unicode_decode(a, "UTF-8"), tf.strings.unicode_decode(b, "UTF-8")
        row = tf.range(tf.size(b) + 1)
        for i in tf.range(tf.size(a)):
            new = tf.TensorArray(tf.int32, tf.size(b) + 1, clear_after_read=False).write(0, i + 1)
            for j in tf.range(tf.size(b)):
                c = tf.cast(a[i] != b[j], tf.int32)
                new = new.write(j + 1, tf.reduce_min([row[j + 1] + 1, new.read(j) + 1, row[j] + c]))
            row = new.stack()
        return row[-1]

    made["levenshtein"] = (lev, ["S", "S"], [("kitten", "sitting"), ("", "ab"), ("日本", "日木"), ("a", "")])

    def v1loop(x):
        def body(i, acc, seen):
            t = tf.compat.v1.string_split([acc], "b").values
            return i + 1, tf.strings.reduce_join(t, separator="cc"), tf.concat([seen, [tf.size(t)]], 0)

        return tf.while_loop(lambda i, a, s: tf.logical_and(i < 3, tf.strings.regex_full_match(a, ".*b.*")),
                             body, (0, x, tf.zeros([0], tf.int32)),
                             shape_invariants=(T([]), T([]), T([None])))

    made["while_strings"] = (v1loop, ["S"], [("abab", ), ("xyz", ), ("b", ), ("", )])

    def checked(x, n):
        tf.debugging.assert_equal(tf.size(x), n, message="sizes differ")
        tf.debugging.assert_less(tf.strings.length(x), 5, message="too long")
        x = tf.ensure_shape(x, [None])
        with tf.control_dependencies(
            [tf.debugging.Assert(tf.reduce_all(x != "bad"), ["found bad in", x, n], summarize=2)]):
            return tf.identity(x)

    made["checks"] = (checked, ["S?", "i"], [(S("a"), 1), (S("a"), 2), (S("abcdef"), 1),
                                             (S("ok", "bad", "c"), 3)])
    made["printed"] = (
        lambda x: [tf.identity(x), tf.print("got", x, output_stream="file:///dev/null")][0], ["S?"], [
            (S("a", "b"), ), (S(), )
        ])
    made["rankless"] = (lambda x: [
        tf.strings.length(x),
        tf.rank(x),
        tf.reshape(x, [-1]),
        tf.strings.upper(x),
        tf.where(x == "a", "yes", x),
        tf.size(x),
        tf.shape(x),
        tf.strings.regex_replace(x, "a", "b"),
        tf.strings.to_hash_bucket_fast(x, 9)
    ], ["S*"], [(np.array(b"a", object), ), (S("a", "b"), ), (SS(["a", "b"], ["", "q"]), ),
                (np.zeros([0, 2, 3], object), ), (np.full([2, 1, 2, 1], b"x", object), )])
    made["sorting"] = (lambda x: [
        tf.argsort(tf.strings.to_number(x)),
        tf.gather(x, tf.argsort(tf.strings.length(x), direction="DESCENDING", stable=True)),
        tf.unique(x)[0],
        tf.unique_with_counts(x)[2],
        tf.math.bincount(tf.unique(x)[1])
    ], ["S?"], [(S("3", "1.5", "10", "1.5"), ), (S("7"), ), (S(), )])
    made["select"] = (lambda x, m: [
        tf.boolean_mask(x, m),
        tf.where(m, x, "-"),
        tf.gather(x,
                  tf.where(m)[:, 0]),
        tf.dynamic_partition(x, tf.cast(m, tf.int32), 2)[0],
        tf.dynamic_stitch([[0, 2], [1]], [x[:2], x[2:3]]),
        tf.tensor_scatter_nd_update(x, [[0]], ["new"]),
        tf.scatter_nd([[1]], x[:1], [3]),
        tf.tile(x, [2]),
        tf.stack([x, x], 1),
        tf.concat([x, x[:1]], 0),
        tf.roll(x, 1, 0),
        tf.one_hot([0, 2], 3),
        tf.reverse(x, [0]),
        tf.repeat(x, [1, 2, 0]),
        tf.transpose(tf.stack([x, x])),
        tf.fill([2, 2], x[0]),
        tf.broadcast_to(x, [2, 3]),
        tf.squeeze(x[:1]),
        tf.split(x, 3)[1],
        tf.unstack(tf.ensure_shape(x, [3]))[2],
        tf.equal(x, x[::-1]),
        tf.not_equal(x[:1], x)
    ], ["S?", "b?"], [(S("a", "bb", ""), [True, False, True]), (S("日", "b", "c" * 40), [False] * 3)])
    made["broadcast"] = (
        lambda x, y: [x + y, tf.where(x == y, x, y), tf.equal(x, y)], ["S?,1", "S?"], [
            (SS(["a"], ["b"]), S("b", "c", "d")), (np.zeros([0, 1], object), S("b"))
        ][:2])

    def big(x, n):
        t = tf.repeat(tf.strings.join([x, tf.strings.as_string(tf.range(tf.size(x)))]), n)
        w = tf.strings.split(t)
        return {
            "h": tf.reduce_sum(tf.strings.to_hash_bucket_fast(w.flat_values, 1000)),
            "l": tf.reduce_sum(tf.strings.length(tf.strings.regex_replace(t, "[aeiou]", "**"))),
            "u": tf.size(tf.unique(w.flat_values)[0]), "j": tf.strings.length(tf.strings.reduce_join(t)),
            "f": tf.reduce_sum(tf.cast(tf.strings.regex_full_match(t, ".*b.*"),
                                       tf.int32)), "ng": tf.size(tf.strings.ngrams(w, 3).flat_values)
        }

    made["big"] = (big, ["S?", "i"], [(S("the quick brown fox", "lorem ipsum dolor sit amet"), 500),
                                      (S("x"), 3), (S("a b"), 0)])
    return made


@group
def specs(tf):
    """SparseTensor and RaggedTensor themselves in signatures; odd names."""
    def make(path):
        m = tf.Module()
        tab = m.tab = tf.lookup.StaticVocabularyTable(
            tf.lookup.KeyValueTensorInitializer(["a", "b"], np.int64([0, 1])), 2)
        S_, R_, T_ = tf.SparseTensorSpec, tf.RaggedTensorSpec, tf.TensorSpec
        fn = lambda *s: (lambda f: tf.function(f, input_signature=list(s)))
        sigs = {}
        sigs["sp"] = fn(
            S_([None, None],
               tf.float32))(lambda t: {"s": tf.sparse.reduce_sum(t, 1), "t": tf.sparse.transpose(t)})
        sigs["ra"] = fn(R_([None, None], tf.string))(lambda t: {
            "n": t.row_lengths(), "up": tf.ragged.map_flat_values(tf.strings.upper, t), "ids": tab.lookup(t)
        })
        sigs["ra3"] = fn(R_([None, None, None], tf.int32, 2, tf.int32),
                         T_([], tf.int32, "k"))(lambda t, k: {"o": t * k, "s": tf.reduce_sum(t, 2)})
        sigs["ident"] = fn(T_([None], tf.string, "x"), T_([], tf.float32, "unused"))(lambda x, unused: {
            "x": x, "same": x, "const": tf.constant(["c", "d"]), "none": tf.zeros([0, 3]), "empty": tf.
            constant("")
        })
        sigs["odd name/é-1.2"] = fn(T_(None, tf.string, "weird_Name"))(
            lambda weird_Name: {"a b": tf.strings.length(weird_Name), "x/y:z": tf.rank(weird_Name)})
        sigs["scalar_in"] = fn(T_(
            [], tf.string, "s"))(lambda s: {"parts": tf.strings.split(s), "n": tf.size(tf.strings.split(s))})
        sigs["spint"] = fn(S_([None, None], tf.int64), S_([
            None, None
        ], tf.string))(lambda a, b: {"c": tf.sparse.cross_hashed([a, b], 50), "d": tf.sparse.to_dense(b, "")})
        sigs["mixed"] = fn(R_([None, None], tf.float32), T_([None, 1], tf.float32,
                                                            "d"))(lambda r, d: {"y": r + d})
        m.kept = list(sigs.values())
        tf.saved_model.save(m, path, signatures=sigs)
        L = lambda x: np.array(x, np.int64)
        F = lambda x: np.array(x, np.float32)
        req = {
            "sp": [
                dict(t=L([[0, 1], [2, 0]]), t_1=F([1, 2]), t_2=L([3, 4])),
                dict(t=L(np.zeros([0, 2])), t_1=F([]), t_2=L([2, 2]))
            ], "ra": [dict(t=S("a", "b", "q"), t_1=L([0, 2, 2, 3])),
                      dict(t=S(), t_1=L([0]))], "ra3": [
                          dict(t=np.int32([1, 2, 3]), t_1=np.int32([0, 2, 2]), t_2=np.int32([0, 1, 3]),
                               k=np.int32(3))
                      ], "ident": [dict(x=S("q", ""), unused=np.float32(1))],
            "odd name/é-1.2": [dict(weird_Name=S("q", "ab")),
                               dict(weird_Name=np.array(b"xyz", object))],
            "scalar_in": [dict(s=np.array(b"a b c", object)),
                          dict(s=np.array(b"", object))], "spint": [
                              dict(a=L([[0, 0], [1, 1]]), a_1=L([5, 6]), a_2=L([2, 2]), b=L([[0, 0], [0, 1],
                                                                                             [1, 0]]),
                                   b_1=S("x", "y", "z"), b_2=L([2, 2]))
                          ], "mixed": [dict(r=F([1, 2, 3]), r_1=L([0, 1, 3]), d=F([[10], [20]]))]
        }
        return {k: (None, [], req[k]) for k in sigs}

    return make
