"""Makes tests/data/exec/objects.json: tensor arrays, tensor lists and stacks, and what TensorFlow answers.

Run by hand with TensorFlow 2.15.1 present, from the repository's root:  python tests/exec/gen_objects.py
One graph a family, one run a line below; src/session/session_golden_test.c replays them. The numbers that
TensorFlow puts behind the names of tensor arrays are written as #.
"""
from golden import family, hide, save, v1  # first: it sets TensorFlow's environment

import numpy as np
import tensorflow as tf
from tensorflow.python.ops import gen_data_flow_ops as g

raw = tf.raw_ops
NONE = np.zeros([0], np.int32)


def hide_list(l):
    """A list whose element dtype and shape nobody knows before it is there."""
    return v1.placeholder_with_default(l, None)


# ---- tensor arrays ----

def array(size=2, dtype=tf.float32, **k):
    k.setdefault("tensor_array_name", "x")
    return g.tensor_array_v3(size, dtype=dtype, **k)


def written(values, **k):
    h, f = array(**k)
    for i, v in values:
        f = g.tensor_array_write_v3(h, i, hide(v), f)
    return h, f


def read(i, values=(), times=1, want=None, **k):
    h, f = written(values, **k)
    reads = []
    for _ in range(times):
        with tf.control_dependencies(reads[-1:]):
            reads.append(g.tensor_array_read_v3(h, i, f, dtype=want or k.get("dtype", tf.float32)))
    return reads


def gather(indices, values=(), shape=None, want=None, **k):
    h, f = written(values, **k)
    return g.tensor_array_gather_v3(h, indices, f, dtype=want or k.get("dtype", tf.float32), element_shape=shape)


def concat(values, shape=None, want=None, **k):
    h, f = written(values, **k)
    return g.tensor_array_concat_v3(h, f, dtype=want or k.get("dtype", tf.float32), element_shape_except0=shape)


def scatter(indices, value, at=None, **k):
    h, f = array(**k)
    f = g.tensor_array_scatter_v3(h, indices, value, f)
    if at is None:
        return g.tensor_array_size_v3(h, f)
    return g.tensor_array_read_v3(h, at, f, dtype=k.get("dtype", tf.float32))


def split(value, lengths, at=None, **k):
    h, f = array(**k)
    f = g.tensor_array_split_v3(h, hide(value), hide(np.array(lengths, np.int64)), f)
    if at is None:
        return g.tensor_array_size_v3(h, f)
    return g.tensor_array_read_v3(h, at, f, dtype=k.get("dtype", tf.float32))


def closed(op):
    h, f = array(element_shape=[])
    with tf.control_dependencies([g.tensor_array_close_v3(h)]):
        return op(h, f)


def gradient(op, values=((0, [1., 2.]),), prepend=None, source="grad", **k):
    h, f = written(values, **k)
    if prepend is None:
        return op(h, *g.tensor_array_grad_v3(h, f, source=source))
    return op(h, *g.tensor_array_grad_with_shape(h, f, prepend, source=source))


def read_f(h, i, f):
    return g.tensor_array_read_v3(h, i, f, dtype=tf.float32)


def accumulate(dtype, first, second):
    h, f = array(dtype=dtype)
    gh, gf = g.tensor_array_grad_v3(h, f, source="grad")
    for v in (first, second):
        gf = g.tensor_array_write_v3(gh, 0, tf.constant(v, dtype), gf)
    r = g.tensor_array_read_v3(gh, 0, gf, dtype=dtype)
    return tf.cast(r, tf.double) if dtype in (tf.half, tf.bfloat16, tf.int8, tf.uint8, tf.int16, tf.uint16) else r


def same_gradient(h, gh, gf):
    gf = g.tensor_array_write_v3(gh, 0, [1., 1.], gf)
    gf = g.tensor_array_write_v3(gh, 0, [10., 20.], gf)
    h2, f2 = g.tensor_array_grad_v3(h, gf, source="grad")
    h3, f3 = g.tensor_array_grad_v3(h, gf, source="other")
    return read_f(h2, 0, f2), read_f(h3, 0, f3)


def gradient_of_gradient(h, gh, gf):
    for _ in range(2):
        gf = g.tensor_array_write_v3(gh, 0, [1., 1.], gf)
    return g.tensor_array_grad_v3(gh, gf, source="b")[1]


def split_gradient():
    h, f = array()
    f = g.tensor_array_split_v3(h, [1., 2., 3.], np.int64([1, 2]), f)
    gh, gf = g.tensor_array_grad_v3(h, f, source="q")
    gf = g.tensor_array_split_v3(gh, [1., 2., 3.], np.int64([1, 2]), gf)
    gf = g.tensor_array_write_v3(gh, 1, [10., 20.], gf)
    return g.tensor_array_concat_v3(gh, gf, dtype=tf.float32)


def write_after_read():
    h, f = written([(0, 1.)])
    with tf.control_dependencies([read_f(h, 0, f)]):
        return g.tensor_array_write_v3(h, 0, 1., f)


@family("TensorArray")
def _():
    w = lambda values, **k: written(values, **k)[1]
    c = {}
    c["beyond the end"] = w([(3, 1.)])
    c["negative"] = w([(-1, 1.)])
    c["negative, dynamic"] = w([(-1, 1.)], dynamic_size=True)
    c["twice"] = w([(0, 1.), (0, 1.)])
    c["other shape"] = w([(0, [1., 2.])], element_shape=[3])
    c["other shape, in part"] = w([(0, [1., 2.])], element_shape=[None, 3])
    c["other dtype"] = w([(0, np.int32(3))])
    c["size -1"] = array(hide(-1))[1]
    c["size a vector"] = array(hide([1]))[1]
    c["index a vector"] = g.tensor_array_write_v3(array()[0], hide([1]), 1., 0.)
    c["identical shapes"] = w([(0, [1., 2.]), (1, [1.])], identical_element_shapes=True)
    c["flow goes through"] = g.tensor_array_write_v3(array()[0], 0, 1., 5.)
    c["grows"] = g.tensor_array_size_v3(*written([(0, 1.), (5, 1.), (3, 1.)], size=0, dynamic_size=True))
    c["flow of a new one"] = array()[1]
    c["unnamed"] = w([(3, 1.)], tensor_array_name="")

    c["read beyond the end"] = read(5)
    c["read negative"] = read(-1)
    c["read a vector"] = read(hide([1]))
    c["read unwritten"] = read(0)
    c["read unwritten of known shape"] = read(0, element_shape=[2])
    c["read unwritten of shape known in part"] = read(0, element_shape=[None, 3])
    c["read unwritten string"] = read(0, dtype=tf.string, element_shape=[2])
    c["read unwritten bool"] = read(0, dtype=tf.bool, element_shape=[2])
    c["read twice"] = read(0, [(0, 1.)], times=2)
    c["read twice, kept"] = read(0, [(0, [1., 2.])], times=2, clear_after_read=False)
    c["read as another dtype"] = read(0, [(0, 1.)], want=tf.int32)
    c["read a string"] = read(1, [(1, ["ab", ""])], dtype=tf.string)
    c["write after read"] = write_after_read()

    c["gather"] = gather([1, 0], [(0, [1.]), (1, [2.])])
    c["gather scalars"] = gather([1], [(0, 1.), (1, 2.)])
    c["gather nothing"] = gather(NONE)
    c["gather nothing of a shape"] = gather(NONE, shape=[3])
    c["gather nothing of the array's shape"] = gather(NONE, element_shape=[4])
    c["gather unlike shapes"] = gather([0, 1], [(0, [1.]), (1, [2., 3.])])
    c["gather other shape"] = gather([0], [(0, [1.])], shape=[2])
    c["gather shape against the array's"] = gather([0], [(0, [1.])], shape=[2], element_shape=[1])
    c["gather rank against the array's"] = gather([0], [(0, [1.])], shape=[2, 3], element_shape=[1])
    c["gather beyond the end"] = gather([5], [(0, [1.])])
    c["gather by a matrix"] = gather(hide([[0]]), [(0, [1.])])
    c["gather one twice"] = gather([0, 0], [(0, [1.])])
    c["gather one twice, kept"] = gather([0, 0], [(0, [1.])], clear_after_read=False)
    c["gather as another dtype"] = gather([0], [(0, [1.])], want=tf.int32)
    c["gather strings"] = gather([1, 0], [(0, ["ab"]), (1, ["a long string, not in place"])], dtype=tf.string)
    c["gather unwritten"] = gather([0, 1], [(0, [1.])])
    c["gather unwritten of known shape"] = gather([0, 1], [(0, [1.])], element_shape=[1])

    c["scatter"] = scatter([1, 0], [[1., 2.], [3., 4.]], 0)
    c["scatter, too few indices"] = scatter(hide([1]), [[1., 2.], [3., 4.]])
    c["scatter a scalar"] = scatter([1], hide(1.))
    c["scatter by a matrix"] = scatter(hide([[0]]), [1.])
    c["scatter beyond the end"] = scatter([5], [1.])
    c["scatter negative"] = scatter([-5], [1.])
    c["scatter grows"] = scatter([5], [1.], dynamic_size=True)
    c["scatter another dtype"] = scatter([0], [1])
    c["scatter one twice"] = scatter([0, 0], [1., 2.])
    c["scatter other shape"] = scatter([0], hide([[1., 2.]]), element_shape=[3])
    c["scatter nothing"] = scatter(NONE, np.zeros([0, 2], np.float32))
    c["scatter empty rows"] = scatter([0, 1], np.zeros([2, 0], np.float32), 1)
    c["scatter strings"] = scatter([0, 1], ["a", "a long string, not in place"], 1, dtype=tf.string)

    c["concat"] = concat([(0, [1.]), (1, [2., 3.])])
    c["concat matrices"] = concat([(0, [[1., 2.]]), (1, np.zeros([0, 2], np.float32))])
    c["concat scalars"] = concat([(0, 1.), (1, 2.)])
    c["concat unlike shapes"] = concat([(0, [[1.]]), (1, [[2., 3.]])])
    c["concat unlike ranks"] = concat([(0, [[1.]]), (1, [2.])])
    c["concat other shape"] = concat([(0, [[1.]]), (1, [[2.]])], shape=[2])
    c["concat nothing"] = concat([], size=0)
    c["concat nothing of a shape"] = concat([], shape=[3], size=0)
    c["concat nothing of the array's shape"] = concat([], size=0, element_shape=[2, 3])
    c["concat unwritten"] = concat([(0, [1.])])
    c["concat as another dtype"] = concat([(0, [1.])], want=tf.int32)
    c["concat strings"] = concat([(0, ["a"]), (1, ["b", "a long string, not in place"])], dtype=tf.string)

    c["split"] = split([1., 2., 3.], [1, 2], 1)
    c["split matrix"] = split([[1., 2.], [3., 4.]], [2, 0], 1)
    c["split strings"] = split(["a", "b", "c"], [1, 2], 1, dtype=tf.string)
    c["split, lengths that lack one"] = split([1., 2., 3.], [1, 1])
    c["split into too many"] = split([1., 2., 3.], [1, 1, 1])
    c["split grows"] = split([1., 2., 3.], [1, 1, 1], dynamic_size=True)
    c["split into few, dynamic"] = split([1., 2., 3.], [3], dynamic_size=True)
    c["split a scalar"] = split(1., [1, 1])
    c["split by a matrix"] = split([1.], [[1]])
    c["split another dtype"] = split([1, 2], [1, 1])
    c["split other shape"] = split([1., 2., 3.], [1, 2], 1, element_shape=[1])
    c["split nothing"] = split(np.zeros([0], np.float32), NONE, size=0)

    c["closed: write"] = closed(lambda h, f: g.tensor_array_write_v3(h, 0, 1., f))
    c["closed: read"] = closed(lambda h, f: read_f(h, 0, f))
    c["closed: size"] = closed(g.tensor_array_size_v3)
    c["closed: gather"] = closed(lambda h, f: g.tensor_array_gather_v3(h, [0], f, dtype=tf.float32))
    c["closed: concat"] = closed(lambda h, f: g.tensor_array_concat_v3(h, f, dtype=tf.float32))
    c["closed: scatter"] = closed(lambda h, f: g.tensor_array_scatter_v3(h, [0], [1.], f))
    c["closed: split"] = closed(lambda h, f: g.tensor_array_split_v3(h, [1.], np.int64([1, 0]), f))
    c["closed: gradient"] = closed(lambda h, f: g.tensor_array_grad_v3(h, f, source="a")[1])
    c["size"] = g.tensor_array_size_v3(*array(7))
    h, f = array(20)
    loop = tf.while_loop(lambda i, f: i < 20, lambda i, f: (i + 1, g.tensor_array_write_v3(h, i, [tf.cast(i, tf.float32)] * 2, f)), [0, f])
    c["written in a loop"] = g.tensor_array_gather_v3(h, [19, 3, 0], loop[1], dtype=tf.float32)

    c["gradient of unwritten"] = gradient(lambda h, gh, gf: read_f(gh, 0, gf))
    c["gradient of unwritten scalar"] = gradient(lambda h, gh, gf: read_f(gh, 0, gf), [(0, 3.)])
    c["gradient beyond the end"] = gradient(lambda h, gh, gf: read_f(gh, 4, gf))
    c["gradient beyond the end of known shape"] = gradient(lambda h, gh, gf: read_f(gh, 4, gf), element_shape=[2])
    c["gradients add up"] = gradient(same_gradient)
    c["gradient of other shape"] = gradient(lambda h, gh, gf: g.tensor_array_write_v3(gh, 0, hide([1.]), gf))
    c["gradient of gradient"] = gradient(gradient_of_gradient)
    c["gradient: size"] = gradient(lambda h, gh, gf: g.tensor_array_size_v3(gh, gf))
    c["gradient: gather"] = gradient(lambda h, gh, gf: g.tensor_array_gather_v3(gh, [0], gf, dtype=tf.float32))
    c["gradient does not grow"] = gradient(lambda h, gh, gf: g.tensor_array_write_v3(gh, 4, [1., 2.], gf), dynamic_size=True)
    c["no growing after a gradient"] = gradient(lambda h, gh, gf: g.tensor_array_write_v3(h, 4, [1., 2.], gf), dynamic_size=True)
    c["gradient of a longer shape"] = gradient(lambda h, gh, gf: read_f(gh, 0, gf), prepend=[3])
    c["gradient of a longer shape, unwritten"] = gradient(lambda h, gh, gf: read_f(gh, 1, gf), prepend=[3], element_shape=[2])
    c["gradient of a split one: concat"] = split_gradient()
    for dtype in (tf.float32, tf.float64, tf.int32, tf.int64, tf.half, tf.bfloat16, tf.uint8, tf.int8, tf.int16, tf.uint16):
        c["add " + dtype.name] = accumulate(dtype, [1, 100], [2, 100])
    c["add complex"] = tf.math.imag(accumulate(tf.complex64, [1 + 2j], [3 + 4j]))
    c["add bool"] = accumulate(tf.bool, [True], [True])
    c["add string"] = accumulate(tf.string, ["a"], ["b"])
    return c


def older(v):
    """The ops of TensorArrayV2 ("_v2") or TensorArray ("")."""
    c = {}
    op = lambda name: getattr(g, "tensor_array" + ("_" + name if name else "") + v)
    new = lambda size=3, **k: op("")(size, dtype=tf.float32, tensor_array_name="x", **k)
    h = new()
    f = op("write")(h, 0, [1., 2.], 0.)
    f = op("write")(h, 1, [3., 4.], f)
    f = op("scatter")(h, [2], [[5., 6.]], f)
    gh = op("grad")(h, f, source="grad")
    gf = op("write")(gh, 1, [1., 1.], 0.)
    gf = op("write")(gh, 1, [2., 2.], gf)
    again = op("grad")(h, gf, source="grad")
    c["gradient"] = [op("read")(again, 1, gf, dtype=tf.float32), op("read")(gh, 0, gf, dtype=tf.float32)]
    h = new(clear_after_read=False)
    f = op("scatter")(h, [2, 0, 1], [[5., 6.], [1., 2.], [3., 4.]], 0.)
    c["read"] = [op("read")(h, 1, f, dtype=tf.float32), op("size")(h, f), op("gather")(h, [2, 0], f, dtype=tf.float32)]
    h = new()
    f = op("split")(h, [1., 2., 3.], np.int64([1, 0, 2]), 0.)
    c["concat"] = [*op("concat")(h, f, dtype=tf.float32)]
    h = new()
    c["beyond the end"] = op("write")(h, 3, 1., 0.)
    with tf.control_dependencies([op("close")(h)]):
        c["closed"] = op("size")(h, 0.)
    if not v:
        h = new()
        c["pack"] = g.tensor_array_pack(h, g.tensor_array_unpack(h, [1., 2., 3.], 0.), dtype=tf.float32)
        h = new()
        c["unpack: other size"] = g.tensor_array_unpack(h, [1., 2.], 0.)
        h = new(0)
        c["pack nothing"] = g.tensor_array_pack(h, 0., dtype=tf.float32)
    return c


family("TensorArrayV2", 15)(lambda: older("_v2"))
family("TensorArray of old", 15)(lambda: older(""))


# ---- tensor lists ----

def empty(shape=-1, most=-1, dtype=tf.float32):
    return raw.EmptyTensorList(element_shape=tf.constant(shape, tf.int32), max_num_elements=most, element_dtype=dtype)


def reserve(n, shape=-1, dtype=tf.float32):
    return raw.TensorListReserve(element_shape=tf.constant(shape, tf.int32), num_elements=n, element_dtype=dtype)


def of(values, shape=-1, dtype=tf.float32):
    """A list of values of any shapes."""
    l = empty(shape, dtype=dtype)
    for v in values:
        l = push(l, v, dtype)
    return l


def push(l, v, dtype=tf.float32):
    return raw.TensorListPushBack(input_handle=hide_list(l), tensor=hide(v, dtype))


def get(l, i, shape=-1, dtype=tf.float32):
    return raw.TensorListGetItem(input_handle=hide_list(l), index=i, element_shape=tf.constant(shape, tf.int32), element_dtype=dtype)


def put(l, i, v, dtype=tf.float32, **k):
    return raw.TensorListSetItem(input_handle=hide_list(l), index=i, item=hide(v, dtype), **k)


def stack(l, shape=-1, dtype=tf.float32, n=-1):
    return raw.TensorListStack(input_handle=hide_list(l), element_shape=tf.constant(shape, tf.int32), element_dtype=dtype, num_elements=n)


def pop(l, shape=-1, dtype=tf.float32):
    return raw.TensorListPopBack(input_handle=hide_list(l), element_shape=tf.constant(shape, tf.int32), element_dtype=dtype)


def pick(l, indices, shape=-1, dtype=tf.float32):
    return raw.TensorListGather(input_handle=hide_list(l), indices=indices, element_shape=tf.constant(shape, tf.int32), element_dtype=dtype)


def join(l, shape=-1, leading=NONE, dtype=tf.float32):
    return raw.TensorListConcatV2(input_handle=hide_list(l), element_shape=tf.constant(shape, tf.int32), leading_dims=np.int64(leading), element_dtype=dtype)


def size(l):
    return raw.TensorListLength(input_handle=hide_list(l))


def shape_of(l, dtype=tf.int32):
    return raw.TensorListElementShape(input_handle=hide_list(l), shape_type=dtype)


def from_tensor(t, shape=-1):
    return raw.TensorListFromTensor(tensor=hide(t), element_shape=tf.constant(shape, tf.int32))


def split_list(t, lengths, shape=-1):
    return raw.TensorListSplit(tensor=hide(t), element_shape=tf.constant(shape, tf.int32), lengths=hide(np.int64(lengths)))


def scatter_list(t, indices, shape=-1, n=-1):
    return raw.TensorListScatterV2(tensor=hide(t), indices=hide(np.int32(indices)), element_shape=tf.constant(shape, tf.int32), num_elements=n)


def scatter_into(l, t, indices):
    return raw.TensorListScatterIntoExistingList(input_handle=hide_list(l), tensor=hide(t), indices=hide(np.int32(indices)))


def resize(l, n):
    return raw.TensorListResize(input_handle=hide_list(l), size=n)


def concat_lists(a, b, dtype=tf.float32):
    return raw.TensorListConcatLists(input_a=hide_list(a), input_b=hide_list(b), element_dtype=dtype)


def batch(ls, t, dtype=tf.float32):
    return raw.TensorListPushBackBatch(input_handles=hide_list(ls), tensor=hide(t, dtype))


def total(lists):
    return tf.add_n([hide_list(l) for l in lists])


@family("TensorList")
def _():
    c = {}
    two = [[1., 2.], [3., 4.]]
    c["length"] = [size(empty()), size(reserve(3)), size(of(two)), size(from_tensor(two))]
    c["element shape"] = [shape_of(empty()), shape_of(empty([2, -1])), shape_of(empty([2, -1]), tf.int64), shape_of(from_tensor(two)), shape_of(empty([]))]
    c["element shape of a tensor's"] = [shape_of(from_tensor(two, [-1])), shape_of(from_tensor([1., 2.], []))]
    c["shape a scalar, not -1"] = size(raw.EmptyTensorList(element_shape=hide(3), max_num_elements=-1, element_dtype=tf.float32))
    c["shape a matrix"] = size(raw.EmptyTensorList(element_shape=hide([[3]]), max_num_elements=-1, element_dtype=tf.float32))
    c["shape of -2"] = size(raw.EmptyTensorList(element_shape=hide([-2]), max_num_elements=-1, element_dtype=tf.float32))
    c["most a vector"] = size(empty(most=hide([1])))
    c["full"] = size(push(push(empty(most=1), 1.), 2.))
    c["reserve -1"] = size(reserve(hide(-1)))
    c["reserve a vector"] = size(reserve(hide([1])))

    c["push, get"] = [get(of(two), 1), get(of([1., [2., 3.]]), 0)]
    c["push other shape"] = size(of([[1.]], [2]))
    c["push other dtype"] = size(raw.TensorListPushBack(input_handle=hide_list(empty()), tensor=3))
    c["get beyond the end"] = get(of(two), 2)
    c["get negative"] = get(of(two), -1)
    c["get a vector"] = get(of(two), hide([0]))
    c["get as another dtype"] = get(of(two), 0, dtype=tf.int32)
    c["get unset"] = get(reserve(2), 0)
    c["get unset of known shape"] = [get(reserve(2, [2]), 0), get(reserve(2), 0, [3]), get(reserve(2, [2, -1]), 1, [-1, 1])]
    c["get unset, shapes that differ"] = get(reserve(2, [2]), 0, [3])
    c["get unset, shape of another"] = get(put(reserve(2), 1, [1., 2.]), 0)
    c["get unset string"] = get(reserve(2, [2], tf.string), 0, dtype=tf.string)
    c["get unset bool"] = get(reserve(2, [2], tf.bool), 0, dtype=tf.bool)
    c["get set of another shape"] = get(of(two), 0, [3])
    c["no list"] = size(raw.ZerosLike(x=raw.TensorListGetItem(input_handle=reserve(1, [], tf.variant), index=0, element_shape=NONE, element_dtype=tf.variant)))
    c["lists"] = size(tf.stack([of(two)]))

    l = of(two)
    a, b = put(l, 0, [9., 9.]), put(l, 0, [5., 5.])
    c["set leaves others"] = [get(l, 0), get(a, 0), get(b, 0), get(put(a, 1, [7., 7.]), 0), get(a, 1)]
    c["set beyond the end"] = size(put(of(two), 2, [1., 1.]))
    c["set negative"] = size(put(of(two), -1, [1., 1.]))
    c["set beyond the end, resizing"] = size(put(of(two), 5, [1., 1.], resize_if_index_out_of_bounds=True))
    c["set other shape"] = size(put(reserve(1, [3]), 0, [1., 1.]))
    c["set other dtype"] = size(put(of(two), 0, 3, tf.int32))
    c["set in a loop"] = stack(tf.while_loop(lambda i, l: i < 40, lambda i, l: (i + 1, put(l, i, tf.cast(i, tf.float32))), [0, reserve(40)])[1])
    c["pushed in a loop"] = stack(tf.while_loop(lambda i, l: i < 40, lambda i, l: (i + 1, push(l, tf.cast(i, tf.float32))), [0, empty()])[1])

    p = pop(of([[1.], [2.]]))
    c["pop"] = [size(p.output_handle), p.tensor, get(p.output_handle, 0)]
    c["pop of an empty one"] = pop(empty()).tensor
    c["pop unset"] = pop(reserve(1)).tensor
    c["pop unset of known shape"] = pop(reserve(1, [2])).tensor
    c["pop as another dtype"] = pop(of(two), dtype=tf.int32).tensor

    c["stack"] = [stack(of(two)), stack(of([1., 2.])), stack(from_tensor(two)), stack(of(two), [2], n=2)]
    c["stack strings"] = stack(of(["a", "a long string, not in place"], dtype=tf.string), dtype=tf.string)
    c["stack other number"] = stack(of(two), n=3)
    c["stack other shape"] = stack(of(two), [3])
    c["stack unlike shapes"] = stack(of([[1.], [2., 3.]]))
    c["stack unlike shapes, one said"] = stack(of([[1.], [2., 3.]]), [1])
    c["stack unlike ranks"] = stack(of([[1.], 2.]))
    c["stack an empty one"] = stack(empty())
    c["stack an empty one of known shape"] = stack(empty([2]))
    c["stack an empty one of shape known in part"] = stack(empty([2, -1]))
    c["stack unset"] = stack(reserve(2))
    c["stack unset of known shape"] = stack(reserve(2, [3]))
    c["stack with unset"] = stack(put(reserve(3), 1, [1., 2.]))
    c["stack as another dtype"] = stack(of(two), dtype=tf.int32)
    c["stack unset strings"] = stack(put(reserve(2, dtype=tf.string), 1, ["x"], tf.string), dtype=tf.string)

    c["gather"] = [pick(of(two), [1, 0, 1]), pick(of([1., [2., 3.]]), [1])]
    c["gather nothing"] = pick(of(two), NONE)
    c["gather nothing of known shape"] = pick(of(two, [2]), NONE)
    c["gather beyond the end"] = pick(of(two), [0, 2])
    c["gather negative"] = pick(of(two), [-1])
    c["gather unlike shapes"] = pick(of([[1.], [2., 3.]]), [0, 1])
    c["gather other shape"] = pick(of(two), [0], [3])
    c["gather unset"] = pick(reserve(2), [0])
    c["gather with unset"] = pick(put(reserve(3), 1, [1., 2.]), [0, 1])
    c["gather unset, shape of one left out"] = pick(put(reserve(3), 1, [1., 2.]), [0])
    c["gather as another dtype"] = pick(of(two), [0], dtype=tf.int32)

    c["concat"] = [*join(of([[1.], [2., 3.]])), *join(of([[[1., 2.]], np.zeros([0, 2], np.float32)]))]
    c["concat strings"] = [*join(of([["a"], ["b", "a long string, not in place"]], dtype=tf.string), dtype=tf.string)]
    c["concat scalars"] = [*join(of([1.]))]
    c["concat unlike shapes"] = [*join(of([[[1.]], [[2., 3.]]]))]
    c["concat an empty one"] = [*join(empty())]
    c["concat an empty one of known shape"] = [*join(empty([2, 3])), *join(empty([-1, 3]))]
    c["concat unset"] = [*join(reserve(2))]
    c["concat unset of known shape"] = [*join(reserve(2, [1, 2]))]
    c["concat unset, shape known but for the first dim"] = [*join(reserve(2, [-1, 2]))]
    c["concat unset by leading dims"] = [*join(put(reserve(2, [-1, 2]), 1, [[1., 2.]]), leading=[2, 1])]
    c["concat, other leading dims"] = [*join(of([[1.], [2., 3.]]), leading=[1, 1])]
    c["concat, leading dims that lack one"] = [*join(reserve(2, [-1, 2]), leading=[1])]
    c["concat as another dtype"] = [*join(of(two), dtype=tf.int32)]
    c["concat other shape"] = [*join(of([[1.], [2., 3.]]), [3])]
    c["concat other rank"] = [*join(of([[1.]]), [-1, 3])]
    c["concat shape of no dims"] = [*join(of([[1.]]), [])]

    c["from tensor: scalar"] = size(from_tensor(1.))
    c["from tensor: other shape"] = size(from_tensor(two, [3]))
    c["from tensor: nothing"] = [size(from_tensor(np.zeros([0, 2], np.float32))), stack(from_tensor(np.zeros([2, 0], np.float32)))]
    c["from tensor: strings"] = get(from_tensor(["a", "a long string, not in place"]), 1, dtype=tf.string)

    c["split"] = [get(split_list([1., 2., 3.], [1, 2]), 1), size(split_list([1., 2., 3.], [0, 3]))]
    c["split: lengths that lack one"] = size(split_list([1., 2., 3.], [1, 1]))
    c["split: lengths of more"] = size(split_list([1., 2., 3.], [2, 2]))
    c["split: negative"] = size(split_list([1., 2., 3.], [-1, 4]))
    c["split: scalar"] = size(split_list(1., [1]))
    c["split: lengths a matrix"] = size(split_list([1.], [[1]]))
    c["split: other shape"] = size(split_list([1., 2., 3.], [1, 2], [1]))
    c["split: element shape"] = [shape_of(split_list(two, [1, 1])), shape_of(split_list(two, [1, 1], [-1, 2]))]
    c["split: other inner shape"] = size(split_list(two, [1, 1], [-1, 3]))

    c["scatter"] = [size(scatter_list(two, [3, 1])), get(scatter_list(two, [3, 1]), 3), get(scatter_list(two, [3, 1]), 0), size(scatter_list(two, [3, 1], n=6))]
    c["scatter: too few"] = size(scatter_list(two, [3, 1], n=2))
    c["scatter: less than -1"] = size(scatter_list(two, [0, 1], n=-2))
    c["scatter: negative"] = size(scatter_list(two, [0, -1]))
    c["scatter: one index"] = size(scatter_list(two, [0]))
    c["scatter: more indices"] = size(scatter_list(two, [0, 1, 2]))
    c["scatter: scalar"] = size(scatter_list(1., [0]))
    c["scatter: other shape"] = size(scatter_list(two, [0, 1], [3]))
    c["scatter: one twice"] = get(scatter_list(two, [0, 0]), 0)
    c["scatter: old one"] = get(raw.TensorListScatter(tensor=two, indices=[1, 0], element_shape=[2]), 0)
    c["scatter into"] = [stack(scatter_into(of(two), [[9., 9.]], [1])), size(scatter_into(of(two), [[9., 9.]], [4]))]
    c["scatter into: one index less"] = size(scatter_into(of(two), two, [1]))
    c["scatter into: other shape"] = size(scatter_into(of(two, [2]), [[9.]], [0]))
    c["scatter into: other dtype"] = size(scatter_into(of(two), [[9, 9]], [0]))
    c["scatter into: scalar"] = size(scatter_into(of(two), 1., [0]))

    l = of(two)
    c["resize"] = [size(resize(l, 5)), size(resize(l, 0)), get(resize(l, 1), 0), size(l), get(resize(resize(l, 1), 2), 1), stack(resize(l, 3))]
    c["resize -1"] = size(resize(of(two), hide(-1)))

    c["concat lists"] = [stack(concat_lists(of(two), of([[5., 6.]]))), size(concat_lists(empty(), empty()))]
    c["concat lists: other dtype"] = size(concat_lists(of(two), of([1], dtype=tf.int32)))
    c["concat lists: other op dtype"] = size(concat_lists(of(two), of(two), dtype=tf.int32))
    c["concat lists: other shape"] = size(concat_lists(empty([1]), empty([2])))
    c["concat lists: shapes known in part"] = shape_of(concat_lists(empty([1, -1]), empty([-1, 2])))
    both = tf.stack([of(two), of([[7., 8.]])]) if hasattr(tf, "stack") else None
    c["concat lists of many"] = [size(concat_lists(both, both)[0]), size(concat_lists(both, both)[1])]
    c["concat lists: unlike shapes"] = size(concat_lists(both, of(two))[0])

    pushed = batch(both, [[1., 1.], [2., 2.]])
    c["push a batch"] = [stack(pushed[0]), stack(pushed[1]), size(both[0])]
    c["push a batch: scalar"] = size(batch(both, 1.)[0])
    c["push a batch: other number"] = size(batch(both, [[1., 1.]])[0])
    c["push a batch: other dtype"] = size(batch(both, [1, 2], tf.int32)[0])
    c["push a batch: other shape"] = size(batch(tf.stack([empty([1]), empty([1])]), [[1., 1.], [2., 2.]])[0])
    c["push a batch: full"] = size(batch(tf.stack([empty(most=0), empty(most=0)]), [1., 2.])[0])

    c["zeros like"] = [stack(tf.zeros_like(of(two))), size(tf.zeros_like(reserve(3)))]
    c["zeros like strings"] = size(tf.zeros_like(of([["a"]], dtype=tf.string)))
    c["zeros like unset"] = get(tf.zeros_like(put(reserve(2), 0, [1.])), 1)
    c["sum"] = stack(total([of(two), of(two), of(two)]))
    c["sum with unset"] = [get(total([put(reserve(2), 0, [1.]), put(reserve(2), 1, [2.])]), i) for i in (0, 1)]
    c["sum: both unset"] = get(total([reserve(1), reserve(1)]), 0)
    c["sum: other length"] = size(total([of(two), of(two[:1])]))
    c["sum: other dtype"] = size(total([of([1.]), of([1], dtype=tf.int32)]))
    c["sum: other shape"] = size(total([of([[1.]]), of([[1., 2.]])]))
    c["sum: other element shape"] = size(total([empty([1]), empty([2])]))
    c["sum: ints"] = stack(total([of([1, 2], dtype=tf.int32), of([3, 4], dtype=tf.int32)]), dtype=tf.int32)
    c["sum: strings"] = stack(total([of(["a"], dtype=tf.string), of(["b"], dtype=tf.string)]), dtype=tf.string)
    inner = of(two)
    nest = raw.TensorListPushBack(input_handle=empty(dtype=tf.variant), tensor=inner)
    c["list of lists"] = [stack(get(nest, 0, dtype=tf.variant)), size(nest), stack(get(tf.zeros_like(nest), 0, dtype=tf.variant)), stack(get(total([nest, nest]), 0, dtype=tf.variant))]
    c["list of lists: unset"] = size(get(reserve(1, [], tf.variant), 0, dtype=tf.variant))
    c["identity"] = stack(tf.identity(of(two)))
    return c


# ---- stacks ----

def new_stack(most=-1, dtype=tf.float32):
    return raw.StackV2(max_size=most, elem_type=dtype, stack_name="s")


def pushed_pops(values, pops, dtype=tf.float32, most=-1, want=None):
    h = new_stack(most, dtype)
    done = []
    for v in values:
        with tf.control_dependencies(done[-1:]):
            done.append(raw.StackPushV2(handle=h, elem=hide(v)))
    outs = []
    for _ in range(pops):
        with tf.control_dependencies(done[-1:]):
            outs.append(raw.StackPopV2(handle=h, elem_type=want or dtype))
            done.append(outs[-1])
    return outs or done[-1]


def closed_stack(op):
    h = new_stack()
    with tf.control_dependencies([raw.StackCloseV2(handle=h)]):
        return op(h)


def old_stack(values, pops):
    h = raw.Stack(elem_type=tf.float32, stack_name="s")
    done = []
    for v in values:
        with tf.control_dependencies(done[-1:]):
            done.append(raw.StackPush(handle=h, elem=hide(v)))
    outs = []
    for _ in range(pops):
        with tf.control_dependencies(done[-1:]):
            outs.append(raw.StackPop(handle=h, elem_type=tf.float32))
            done.append(outs[-1])
    return outs


@family("Stack")
def _():
    c = {}
    c["push gives back"] = pushed_pops([[1., 2.]], 0)
    c["pop"] = pushed_pops([[1., 2.], 3.], 2)
    c["pop strings"] = pushed_pops([["a"], "a long string, not in place"], 2, tf.string)
    c["pop of an empty one"] = pushed_pops([1.], 2)
    c["push another dtype"] = pushed_pops([np.int32(1)], 0)
    c["full"] = pushed_pops([1., 2., 3.], 0, most=2)
    c["full at 0"] = pushed_pops([1.], 0, most=0)
    c["most a vector"] = raw.StackPushV2(handle=new_stack(hide([1])), elem=1.)
    c["closed: push"] = closed_stack(lambda h: raw.StackPushV2(handle=h, elem=1.))
    c["closed: pop"] = closed_stack(lambda h: raw.StackPopV2(handle=h, elem_type=tf.float32))
    c["older: pop"] = old_stack([1., [2., 3.]], 2)
    c["older: pop of an empty one"] = old_stack([1.], 2)
    return c


save("tests/data/exec/objects.json")
