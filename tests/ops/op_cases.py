"""Writes op cases (README.md here) with TensorFlow's answers."""
import os
os.environ.setdefault('TF_ENABLE_ONEDNN_OPTS', '0')
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
import struct
import zlib

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import op_def_library, op_def_registry

V1 = tf.compat.v1
V1.disable_eager_execution()
HERE = os.path.dirname(os.path.abspath(__file__))


def varint(n):
    out = b''
    while n >= 128:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def string(s):
    s = s.encode() if isinstance(s, str) else s
    return varint(len(s)) + s


def tensor(array, dtype):
    """`array` is what TensorFlow gave or took, `dtype` a DataType number."""
    a = np.asarray(array, object if dtype == tf.string.as_datatype_enum else None)  # bytes_ would lose trailing zeros
    out = bytes([dtype, a.ndim]) + b''.join(varint(d) for d in a.shape)
    if dtype == tf.string.as_datatype_enum:
        return out + b''.join(string(x if isinstance(x, bytes) else str(x)) for x in a.reshape(-1).tolist())
    return out + np.ascontiguousarray(a).tobytes()


def shape_of(array, dtype):
    a = np.asarray(array)
    return bytes([dtype | 0x80, a.ndim]) + b''.join(varint(d) for d in a.shape)


def shape(proto):
    if proto.unknown_rank:
        return varint(0)
    return varint(len(proto.dim) + 1) + b''.join(struct.pack('<q', d.size) for d in proto.dim)


def attr_value(kind, v):
    if kind == 'i': return struct.pack('<q', v)
    if kind == 'f': return struct.pack('<f', v)
    if kind == 'b': return bytes([v])
    if kind == 't': return bytes([v])
    if kind == 's': return string(v)
    if kind == 'h': return shape(v)
    return tensor(tf.make_ndarray(v), v.dtype)


KINDS = {'i': 'i', 'f': 'f', 'b': 'b', 'type': 't', 's': 's', 'shape': 'h', 'tensor': 'T'}
LIST_KINDS = {'int': 'i', 'float': 'f', 'bool': 'b', 'type': 't', 'string': 's', 'shape': 'h'}


def attrs(op):
    specs = {a.name: a.type for a in op.op_def.attr}
    out = []
    for name, value in sorted(op.node_def.attr.items()):
        if name.startswith('_'):
            continue
        field = value.WhichOneof('value')
        if field == 'list':
            kind = LIST_KINDS[specs[name][5:-1]]
            items = list(getattr(value.list, {'i': 'i', 'f': 'f', 'b': 'b', 't': 'type', 's': 's', 'h': 'shape'}[kind]))
            out.append(string(name) + bytes([ord(kind) | 0x80]) + varint(len(items)) +
                       b''.join(attr_value(kind, v) for v in items))
        elif field in KINDS:
            kind = KINDS[field]
            out.append(string(name) + kind.encode() + attr_value(kind, getattr(value, field)))
    return bytes([len(out)]) + b''.join(out)


def attr_bytes(*items):
    """(name, kind, value) of single attrs, as attrs() writes them."""
    return bytes([len(items)]) + b''.join(string(n) + k.encode() + attr_value(k, v) for n, k, v in items)


def default(value):
    """An attr's default as op_def_library takes it."""
    field = value.WhichOneof('value')
    if field == 'list':
        for name in ('i', 'f', 'b', 's', 'type', 'shape'):
            if getattr(value.list, name):
                return list(getattr(value.list, name))
        return []
    v = getattr(value, field)
    return tf.as_dtype(v) if field == 'type' else v


def text_of(message):
    """The kernel's own text in a session's error."""
    lines = message.split('\n')
    nodes = [i for i, line in enumerate(lines) if line.startswith('Node: ')]
    rest = lines[nodes[-1] + 1:] if nodes else lines
    out = []
    for line in rest:
        if line.startswith('\t [[') or not line:
            break
        out.append(line)
    return '\n'.join(out)


class Cases:
    """One family's file, its graphs of version `producer` (as_of). case() adds a case; save() writes."""

    def __init__(self, family, producer=None):
        self.family = family
        self.out = []
        self.count = 0
        self.errors = 0
        self.producer = producer
        self._fresh()

    def _fresh(self):
        self.graph = tf.Graph()
        self.session = None
        self.in_graph = 0
        if self.producer:
            old = V1.GraphDef()
            old.versions.producer = self.producer
            with self.graph.as_default(): tf.import_graph_def(old, name='')

    def as_of(self, producer):
        """The cases that follow are in graphs of this version, which may have ops deprecated since; None: today's."""
        self.producer = producer
        self._fresh()

    def case(self, op, inputs, label='', rtol=1e-5, atol=1e-6, error_part=None, shapes=False, record=None, unless=None, shape_only=(), **attr):
        """`inputs`: arrays in the order of the spec; a list of arrays for a list argument; None to take `dtype`.
        An array may be (array, tf.DType) where numpy lacks the type. `shapes`: tell TensorFlow the shapes beforehand. `record`: (op, inputs, attr bytes) of another op
        with this answer, written instead. `unless`: an error that says this is no case. `shape_only`: outputs
        whose values are not defined. Returns TensorFlow's outputs, or the error."""
        if self.in_graph > 150:
            self._fresh()
        self.in_graph += 1
        spec = op_def_registry.get(op)
        flat, kwargs, feeds = [], dict(attr), {}
        from_inputs = {a.type_attr for a in spec.input_arg} | {a.number_attr for a in spec.input_arg} | \
                      {a.type_list_attr for a in spec.input_arg}
        for a in spec.attr:
            if a.name not in kwargs and a.name not in from_inputs and a.HasField('default_value'):
                kwargs[a.name] = default(a.default_value)
        with self.graph.as_default():
            for arg, value in zip(spec.input_arg, inputs):
                many = isinstance(value, list)
                made = []
                for v in value if many else [value]:
                    array, dtype = v if isinstance(v, tuple) else (np.asarray(v), None)
                    if dtype is None:
                        dtype = tf.string if array.dtype.kind in 'OSU' else tf.as_dtype(array.dtype)
                    array = np.asarray(array, dtype=object if dtype == tf.string else dtype.as_numpy_dtype)
                    p = V1.placeholder(dtype, shape=array.shape if shapes else None)
                    feeds[p] = array.copy()  # some kernels write to it
                    flat.append((array, dtype.as_datatype_enum))
                    made.append(p)
                kwargs[arg.name] = made if many else made[0]
            node = op_def_library._apply_op_helper(op, **kwargs)[2]
            outputs = list(node.outputs)
        if self.session is None or self.session.graph is not self.graph:
            config = V1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
            config.graph_options.rewrite_options.disable_meta_optimizer = True
            self.session = V1.Session(graph=self.graph, config=config)
        code, message, values = 0, '', None
        try:
            values = self.session.run(outputs, feeds) if outputs else (self.session.run(node, feeds) or [])
        except tf.errors.OpError as e:
            code, message = e.error_code, text_of(e.message).replace(node.name + ' ', op + ' ')
            if 'No OpKernel was registered' in message:  # the graph is of no more use
                print('TensorFlow has no kernel:', op, label)
                self._fresh()
                return code, message
            if unless and unless in message:
                return code, message
            if 'Broadcast between' in message:  # more dims than TensorFlow's kernels take
                return code, message
        name, op_attrs = op, attrs(node)
        if record:
            name, count, op_attrs = record
            flat = flat[:count]
        head = string(label) + string(name) + op_attrs
        head += bytes([len(flat)]) + b''.join(tensor(a, d) for a, d in flat)
        head += bytes([len(outputs)]) + bytes(o.dtype.as_datatype_enum for o in outputs)
        if code:
            part = error_part if error_part is not None else message
            self.out.append(head + bytes([code]) + string(part))
            self.errors += 1
        else:
            self.out.append(head + bytes([0]) + struct.pack('<ff', rtol, atol) +
                            b''.join(shape_of(v, o.dtype.as_datatype_enum) if i in shape_only else
                                     tensor(v, o.dtype.as_datatype_enum) for i, (v, o) in enumerate(zip(values, outputs))))
        self.count += 1
        return values if not code else (code, message)

    def step(self, op, variables, inputs, label='', rtol=1e-5, atol=1e-6, error_part=None, must_fail=False, **attr):
        """A case of an op that changes variables: arrays of the values of its first inputs (refs, or resources if the op's
        name says so), then the other inputs. The answer is what the variables hold afterwards. `must_fail`:
        no case where TensorFlow takes it (it reads out of bounds then)."""
        def number(v):
            return tf.as_dtype(np.asarray(v).dtype)

        def flat_tensor(v, flag):
            out = bytearray(tensor(v, number(v).as_datatype_enum))
            out[0] |= flag
            return bytes(out)

        spec = op_def_registry.get(op)
        resource = op.startswith('Resource')
        with tf.Graph().as_default() as graph:
            handles, assigns, reads, feeds = [], [], [], {}
            for value in variables:
                p = V1.placeholder(number(value))
                if resource:
                    handles.append(tf.raw_ops.VarHandleOp(dtype=number(value), shape=tf.TensorShape(None),
                                                            shared_name='v%d' % len(handles)))
                    assigns.append(tf.raw_ops.AssignVariableOp(resource=handles[-1], value=p))
                    reads.append(tf.raw_ops.ReadVariableOp(resource=handles[-1], dtype=number(value)))
                else:
                    handles.append(op_def_library._apply_op_helper('VariableV2', shape=tf.TensorShape(None), container='', shared_name='',
                                                                           dtype=number(value))[2].outputs[0])
                    assigns.append(op_def_library._apply_op_helper('Assign', ref=handles[-1], value=p, validate_shape=False,
                                                                           use_locking=True)[2])
                    reads.append(tf.identity(handles[-1]))
                feeds[p] = value
            init_feeds, feeds = feeds, {}
            kwargs = {a.name: default(a.default_value) for a in spec.attr if a.HasField('default_value')}
            kwargs.update(attr)
            for arg, value in zip(spec.input_arg, handles + list(inputs)):
                if not isinstance(value, tf.Tensor):
                    p = V1.placeholder(number(value))
                    feeds[p] = value
                    value = p
                kwargs[arg.name] = value
            node = op_def_library._apply_op_helper(op, **kwargs)[2]
            code, message, values = 0, '', None
            with V1.Session(graph=graph) as session:
                try:
                    session.run(assigns, init_feeds)
                    session.run(node, feeds)
                    values = session.run(reads)
                except tf.errors.OpError as e:
                    code, message = e.error_code, text_of(e.message)
                    if 'No OpKernel was registered' in message:
                        print('TensorFlow has no kernel:', op, label)
                        return code, message
        if must_fail and not code:
            return values
        out = string(label) + string(op) + attrs(node) + bytes([len(variables) + len(inputs)])
        out += b''.join(flat_tensor(v, 0x40) for v in variables) + b''.join(flat_tensor(v, 0) for v in inputs)
        out += bytes([len(node.outputs)]) + bytes(o.dtype.as_datatype_enum for o in node.outputs)
        if code:
            out += bytes([code]) + string(message if error_part is None else error_part)
            self.errors += 1
        else:
            out += bytes([0]) + struct.pack('<ff', rtol, atol) + b''.join(flat_tensor(v, 0) for v in values)
        self.out.append(out)
        self.count += 1
        return values if not code else (code, message)

    def save(self):
        raw = b''.join(self.out)
        data = b'smoc1\n' + struct.pack('<I', len(raw)) + zlib.compress(raw, 9)
        with open(os.path.join(HERE, 'cases', self.family + '.bin'), 'wb') as f:
            f.write(data)
        print('%-20s %5d cases, %4d errors, %8d bytes' % (self.family, self.count, self.errors, len(data)))
