"""Gradients through ragged and sparse tensors."""
from . import group


@group
def gradients(tf):
    made = {}
    R = tf.RaggedTensor

    def grad(f):
        def g(v, s):
            with tf.GradientTape() as t:
                t.watch(v)
                y = f(R.from_row_splits(v, s))
            return {"y": y, "g": t.gradient(y, v)}

        return g

    vs = [([1., 2, 3, 4, 5, 6], [0, 2, 2, 5, 6]), ([5.], [0, 1]), ([1., 2.], [0, 0, 2])]
    made["map"] = (grad(lambda t: tf.reduce_sum(
        tf.map_fn(lambda r: tf.reduce_sum(r * r), t, fn_output_signature=tf.float32)**2)), ["f?", "l?"], vs)
    made["map_ragged_out"] = (grad(lambda t: tf.reduce_sum(
        tf.map_fn(lambda r: r**3, t, fn_output_signature=tf.RaggedTensorSpec([None], tf.float32)).flat_values
        * 2)), ["f?", "l?"], vs)
    made["map_concat"] = (grad(lambda t: tf.reduce_sum(
        tf.map_fn(lambda r: tf.concat([r, tf.reduce_sum(r, keepdims=True)], 0), t, fn_output_signature=tf.
                  RaggedTensorSpec([None], tf.float32)).to_tensor()**2)), ["f?", "l?"], vs)

    def first(t):
        r = tf.map_fn(lambda x: tf.reduce_sum(tf.exp(x)), t[:1], fn_output_signature=tf.float32)
        return tf.reduce_sum(r)

    made["part"] = (grad(first), ["f?", "l?"], vs)
    made["to_tensor"] = (grad(lambda t: tf.reduce_sum(t.to_tensor()**2)), ["f?", "l?"], vs)
    made["ops"] = (grad(lambda t: tf.reduce_sum(tf.reduce_mean(t, 1)[:1]) + tf.reduce_sum(
        tf.concat([t, t * 2], 1).flat_values**2) + tf.reduce_sum(tf.nn.softmax(t).flat_values**2) + tf.
                        reduce_sum(t.to_tensor(shape=[None, 1]))), ["f?", "l?"], vs[1:2])

    def sgrad(f):
        def g(i, v, s):
            with tf.GradientTape() as t:
                t.watch(v)
                y = f(tf.SparseTensor(i, v, s))
            return {"y": y, "g": t.gradient(y, v)}

        return g

    P = tf.sparse
    q = [([[0, 1], [0, 3], [2, 0]], [1., 2, 3], [3, 4]), ([[1, 1]], [2.], [2, 2])]
    add = lambda n, f: made.__setitem__("s_" + n, (sgrad(f), ["l?,2", "f?", "l2"], q))
    sq = lambda x: tf.reduce_sum(x**2)
    add("dense", lambda t: sq(P.to_dense(t)))
    add("matmul", lambda t: sq(P.sparse_dense_matmul(t, tf.ones([tf.shape(t)[1], 2]))))
    add("reduce", lambda t: sq(P.reduce_sum(t, 1)))
    add("softmax", lambda t: sq(P.softmax(t).values))
    add("add", lambda t: sq(P.add(t, P.map_values(tf.square, t)).values))
    add("reorder", lambda t: sq(P.reorder(P.transpose(t)).values * 2))
    add("fill", lambda t: sq(P.fill_empty_rows(t, 1.)[0].values))
    add("slice", lambda t: sq(P.slice(t, [0, 0], [1, 2]).values))
    add("mul", lambda t: sq((t * tf.fill([1, 1], 3.)).values))
    return made
