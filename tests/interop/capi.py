"""Drives any libtensorflow.so.2 (ours, Google's) through the TensorFlow C API, by ctypes.

    api = Api("build/lib/libtensorflow.so.2")
    g = api.graph()
    c = g.op("Const", "c", attrs={"dtype": np.float32, "value": np.float32([1, 2])})
    [value] = g.session().run([c.output()])

Values of attributes choose the setter: bool, int, float, bytes or str, a numpy dtype class (a type), an array (a
tensor), Shape, Func, Proto (a serialised AttrValue), and lists of those. Errors raise CError with code and message.
"""
import ctypes as c

import numpy as np

DTYPES = {np.float32: 1, np.float64: 2, np.int32: 3, np.uint8: 4, np.int16: 5, np.int8: 6, np.bytes_: 7, np.object_: 7,
          np.complex64: 8, np.int64: 9, np.bool_: 10, np.uint16: 17, np.complex128: 18, np.float16: 19,
          np.uint32: 22, np.uint64: 23}
NUMPY = {number: np.dtype(cls) for cls, number in DTYPES.items() if cls not in (np.bytes_, np.object_)}
STRING, BFLOAT16, RESOURCE = 7, 14, 20
LARGE = 1 << 30
NUMPY.update({BFLOAT16: np.dtype(np.uint16), 11: np.dtype(np.int8), 12: np.dtype(np.uint8), 13: np.dtype(np.int32),
              15: np.dtype(np.int16), 16: np.dtype(np.uint16)})
CODES = "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED " \
        "RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS " \
        "UNAUTHENTICATED".split()


class COutput(c.Structure):
    _fields_ = [("oper", c.c_void_p), ("index", c.c_int)]


class CBuffer(c.Structure):
    _fields_ = [("data", c.c_void_p), ("length", c.c_size_t), ("deallocator", c.c_void_p)]


class Metadata(c.Structure):
    _fields_ = [("is_list", c.c_ubyte), ("list_size", c.c_int64), ("type", c.c_int), ("total_size", c.c_int64)]


class CError(Exception):
    def __init__(self, code, message):
        super().__init__("%s: %s" % (CODES[code], message))
        self.code, self.message = code, message


class Shape(tuple):
    """Shape() is a scalar's, Shape((None, 3)); Shape.unknown has no rank."""


Shape.unknown = "unknown shape"


class Func(str):
    """An attribute that names a function."""


class Proto(bytes):
    """A serialised AttrValue."""


class Dtype(int):
    """A TF_DataType by number."""


class Raw:
    """A tensor by its TF_DataType number (bfloat16, quantised, ...): an array of the same element size."""

    def __init__(self, dtype, array):
        self.dtype, self.array = dtype, np.asarray(array)


def _dims(shape):
    if shape is Shape.unknown:
        return None, -1
    dims = [-1 if d is None else d for d in shape]
    return (c.c_int64 * max(len(dims), 1))(*dims), len(dims)


# Functions whose result is neither void nor a pointer.
RESULTS = {"TF_GetCode": c.c_int, "TF_Message": c.c_char_p, "TF_Version": c.c_char_p, "TF_TensorType": c.c_int,
           "TF_NumDims": c.c_int, "TF_Dim": c.c_int64, "TF_TensorByteSize": c.c_size_t, "TF_TensorElementCount": c.c_int64,
           "TF_StringGetSize": c.c_size_t, "TF_OperationName": c.c_char_p, "TF_OperationOpType": c.c_char_p,
           "TF_OperationDevice": c.c_char_p, "TF_OperationNumOutputs": c.c_int, "TF_OperationOutputType": c.c_int,
           "TF_OperationOutputListLength": c.c_int, "TF_OperationNumInputs": c.c_int, "TF_OperationInputType": c.c_int,
           "TF_OperationInputListLength": c.c_int, "TF_OperationInput": COutput, "TF_OperationOutputNumConsumers": c.c_int,
           "TF_OperationNumControlInputs": c.c_int, "TF_OperationNumControlOutputs": c.c_int,
           "TF_OperationGetAttrMetadata": Metadata, "TF_OperationGetNumAttrs": c.c_int,
           "TF_OperationGetAttrNameLength": c.c_int, "TF_GraphGetTensorNumDims": c.c_int, "TF_DataTypeSize": c.c_size_t,
           "TF_GraphNumFunctions": c.c_int, "TF_DeviceListCount": c.c_int, "TF_DeviceListName": c.c_char_p,
           "TF_DeviceListType": c.c_char_p, "TF_OperationGetControlInputs": c.c_int, "TF_FunctionName": c.c_char_p,
           "TF_TryEvaluateConstant": c.c_ubyte}
# Functions whose result is void are called with the same wrapper; a pointer is the rule.
VOID = c.c_void_p


class Api:
    def __init__(self, path, *preload):
        for lib in preload:
            c.CDLL(lib)
        self.lib = c.CDLL(path)
        self.path = path
        self.status = self.call("TF_NewStatus")

    def call(self, name, *args):
        """Python ints are taken as pointers: wrap numbers in ctypes types."""
        function = getattr(self.lib, name)
        function.restype = RESULTS.get(name, VOID)
        return function(*[c.c_void_p(a) if isinstance(a, int) and not isinstance(a, bool) else a for a in args])

    def checked(self, name, *args):
        """The same with the status as last argument, which not every call of Google's sets back."""
        self.call("TF_SetStatus", self.status, c.c_int(0), b"")
        result = self.call(name, *args, self.status)
        self.check()
        return result

    def check(self):
        code = self.call("TF_GetCode", self.status)
        if code:
            raise CError(code, self.call("TF_Message", self.status).decode(errors="replace"))

    def bytes_of(self, fill):
        """What `fill(buffer)` puts into a TF_Buffer."""
        buffer = self.call("TF_NewBuffer")
        try:
            fill(buffer)
            got = c.cast(buffer, c.POINTER(CBuffer)).contents
            return c.string_at(got.data, got.length) if got.data else b""
        finally:
            self.call("TF_DeleteBuffer", buffer)

    def buffer(self, data):
        return self.call("TF_NewBufferFromString", data, c.c_size_t(len(data)))

    # ---- tensors ----

    def tensor(self, value):
        dtype = None
        if isinstance(value, Raw):
            dtype, value = value.dtype, value.array
        array = np.asarray(value)
        if dtype is None:
            dtype = STRING if array.dtype.kind in "SUO" else DTYPES[array.dtype.type]
        dims = (c.c_int64 * max(array.ndim, 1))(*array.shape)
        if dtype == STRING:
            flat = [s.encode() if isinstance(s, str) else bytes(s) for s in array.reshape(-1)]
            tensor = self.call("TF_AllocateTensor", c.c_int(dtype), dims, c.c_int(array.ndim), c.c_size_t(24 * len(flat)))
            data = self.call("TF_TensorData", tensor)
            for i, s in enumerate(flat):
                self.call("TF_StringInit", data + 24 * i)
                self.call("TF_StringCopy", data + 24 * i, s, c.c_size_t(len(s)))
            return tensor
        array = np.ascontiguousarray(array)
        tensor = self.call("TF_AllocateTensor", c.c_int(dtype), dims, c.c_int(value.ndim if hasattr(value, "ndim")
                                                                              else array.ndim), c.c_size_t(array.nbytes))
        if array.nbytes:
            c.memmove(self.call("TF_TensorData", tensor), array.ctypes.data, array.nbytes)
        return tensor

    def array(self, tensor, delete=True):
        """The value of a TF_Tensor: strings as an object array of bytes, types numpy lacks as integers of their size.

        OverflowError for one of LARGE bytes or more.
        """
        dtype = self.call("TF_TensorType", tensor)
        shape = [self.call("TF_Dim", tensor, c.c_int(i)) for i in range(self.call("TF_NumDims", tensor))]
        data = self.call("TF_TensorData", tensor)
        count = int(np.prod(shape, dtype=np.int64))
        if dtype == STRING:
            out = np.empty(count, object)
            for i in range(count):
                size = self.call("TF_StringGetSize", data + 24 * i)
                out[i] = c.string_at(self.call("TF_StringGetDataPointer", data + 24 * i), size)
        else:
            size = count * NUMPY[dtype].itemsize
            if size >= LARGE:
                self.call("TF_DeleteTensor", tensor)
                raise OverflowError("a tensor of %d bytes" % size)
            out = np.frombuffer(c.string_at(data, size) if size else b"", NUMPY[dtype])
        if delete:
            self.call("TF_DeleteTensor", tensor)
        return out.reshape(shape)

    # ---- the rest ----

    def graph(self):
        return Graph(self)

    def all_ops(self):
        buffer = self.call("TF_GetAllOpList")
        got = c.cast(buffer, c.POINTER(CBuffer)).contents
        data = c.string_at(got.data, got.length)
        self.call("TF_DeleteBuffer", buffer)
        return data

    def load_saved_model(self, directory, tags, config=b""):
        """(Graph, Session, MetaGraphDef bytes)"""
        graph = Graph(self)
        names = (c.c_char_p * max(len(tags), 1))(*[t.encode() for t in tags])
        options = self.session_options(config)
        handle = []

        def load(meta):
            handle.append(self.call("TF_LoadSessionFromSavedModel", options, None, directory.encode(), names,
                                    c.c_int(len(tags)), graph.handle, meta, self.status))

        try:
            meta = self.bytes_of(load)
        finally:
            self.call("TF_DeleteSessionOptions", options)
        self.check()
        return graph, Session(graph, handle[0]), meta

    def session_options(self, config=b""):
        options = self.call("TF_NewSessionOptions")
        if config:
            self.checked("TF_SetConfig", options, config, c.c_size_t(len(config)))
        return options


def google_api():
    """Google's library, of the Python package tensorflow."""
    import os
    import tensorflow
    return Api(os.path.join(os.path.dirname(tensorflow.__file__), "libtensorflow_cc.so.2"))


class Operation:
    def __init__(self, graph, handle):
        self.graph, self.api, self.handle = graph, graph.api, handle

    name = property(lambda self: self.api.call("TF_OperationName", self.handle).decode())
    type = property(lambda self: self.api.call("TF_OperationOpType", self.handle).decode())
    device = property(lambda self: self.api.call("TF_OperationDevice", self.handle).decode())

    def output(self, index=0):
        return Output(self, index)

    def node_def(self):
        return self.api.bytes_of(lambda b: self.api.checked("TF_OperationToNodeDef", self.handle, b))

    def describe(self):
        """All that the API tells, as plain data: two libraries must agree."""
        call, h = self.api.call, self.handle
        out = {"name": self.name, "type": self.type, "device": self.device}
        out["outputs"] = [(call("TF_OperationOutputType", COutput(h, i)), self.graph.shape(Output(self, i)),
                           call("TF_OperationOutputNumConsumers", COutput(h, i)))
                          for i in range(call("TF_OperationNumOutputs", h))]
        inputs = []
        for i in range(call("TF_OperationNumInputs", h)):
            source = call("TF_OperationInput", COutput(h, i))
            inputs.append((call("TF_OperationInputType", COutput(h, i)), call("TF_OperationName", source.oper).decode(),
                           source.index))
        out["inputs"] = inputs
        out["controls"] = [call("TF_OperationNumControlInputs", h), call("TF_OperationNumControlOutputs", h)]
        attrs = {}
        for i in range(call("TF_OperationGetNumAttrs", h)):
            length = call("TF_OperationGetAttrNameLength", h, c.c_int(i))
            name = c.create_string_buffer(length + 1)
            self.api.checked("TF_OperationGetAttrName", h, c.c_int(i), name)
            attrs[name.value.decode()] = self.attr_metadata(name.value.decode())
        out["attrs"] = attrs
        return out

    def attr_metadata(self, name):
        try:
            m = self.api.checked("TF_OperationGetAttrMetadata", self.handle, name.encode())
        except CError as e:
            return str(e)
        return (m.is_list, m.list_size, None if m.is_list and not m.list_size else m.type, m.total_size)

    def list_length(self, kind, name):
        return self.api.checked("TF_Operation%sListLength" % kind, self.handle, name.encode())


class Output:
    def __init__(self, op, index):
        self.op, self.index = op, index

    def c(self):
        return COutput(self.op.handle, self.index)


def _outputs(outputs):
    return (COutput * max(len(outputs), 1))(*[o.c() for o in outputs])


class Graph:
    def __init__(self, api):
        self.api = api
        self.handle = api.call("TF_NewGraph")

    def close(self):
        self.api.call("TF_DeleteGraph", self.handle)

    def op(self, type_, name, inputs=(), attrs=None, control=(), device="", colocate=()):
        """Inputs: an Output, or a list of them for a list argument."""
        api = self.api
        call = api.call
        desc = call("TF_NewOperation", self.handle, type_.encode(), name.encode())
        if device:
            call("TF_SetDevice", desc, device.encode())
        for value in inputs:
            if isinstance(value, (list, tuple)):
                call("TF_AddInputList", desc, _outputs(value), c.c_int(len(value)))
            else:
                call("TF_AddInput", desc, value.c())
        for other in control:
            call("TF_AddControlInput", desc, other.handle)
        for other in colocate:
            call("TF_ColocateWith", desc, other.handle)
        for key, value in (attrs or {}).items():
            self._attr(desc, key.encode(), value)
        handle = api.checked("TF_FinishOperation", desc)
        return Operation(self, handle)

    def _attr(self, desc, key, value):
        call, api = self.api.call, self.api
        if isinstance(value, Proto):
            api.checked("TF_SetAttrValueProto", desc, key, bytes(value), c.c_size_t(len(value)))
        elif isinstance(value, bool):
            call("TF_SetAttrBool", desc, key, c.c_ubyte(value))
        elif isinstance(value, Dtype):
            call("TF_SetAttrType", desc, key, c.c_int(value))
        elif isinstance(value, int):
            call("TF_SetAttrInt", desc, key, c.c_int64(value))
        elif isinstance(value, float):
            call("TF_SetAttrFloat", desc, key, c.c_float(value))
        elif isinstance(value, Func):
            call("TF_SetAttrFuncName", desc, key, value.encode(), c.c_size_t(len(value.encode())))
        elif value is Shape.unknown or isinstance(value, Shape):
            call("TF_SetAttrShape", desc, key, _dims(value)[0], c.c_int(_dims(value)[1]))
        elif isinstance(value, (bytes, str)):
            data = value.encode() if isinstance(value, str) else value
            call("TF_SetAttrString", desc, key, data, c.c_size_t(len(data)))
        elif isinstance(value, type):
            call("TF_SetAttrType", desc, key, c.c_int(DTYPES[value]))
        elif isinstance(value, (np.ndarray, np.generic, Raw)):
            tensor = api.tensor(value)
            try:
                api.checked("TF_SetAttrTensor", desc, key, tensor)
            finally:
                call("TF_DeleteTensor", tensor)
        else:
            self._attr_list(desc, key, list(value))

    def _attr_list(self, desc, key, values):
        call, n = self.api.call, c.c_int(len(values))
        first = values[0] if values else 0
        room = max(len(values), 1)
        if isinstance(first, bool):
            call("TF_SetAttrBoolList", desc, key, (c.c_ubyte * room)(*values), n)
        elif isinstance(first, (type, Dtype)):
            numbers = [DTYPES[v] if isinstance(v, type) else v for v in values]
            call("TF_SetAttrTypeList", desc, key, (c.c_int * room)(*numbers), n)
        elif isinstance(first, int):
            call("TF_SetAttrIntList", desc, key, (c.c_int64 * room)(*values), n)
        elif isinstance(first, float):
            call("TF_SetAttrFloatList", desc, key, (c.c_float * room)(*values), n)
        elif first is Shape.unknown or isinstance(first, Shape):
            dims = [_dims(v) for v in values]
            arrays = (c.c_void_p * room)(*[c.cast(d, c.c_void_p) if d is not None else None for d, _ in dims])
            call("TF_SetAttrShapeList", desc, key, arrays, (c.c_int * room)(*[r for _, r in dims]), n)
        elif isinstance(first, (bytes, str)):
            data = [v.encode() if isinstance(v, str) else v for v in values]
            call("TF_SetAttrStringList", desc, key, (c.c_char_p * room)(*data),
                 (c.c_size_t * room)(*[len(d) for d in data]), n)
        else:
            tensors = [self.api.tensor(v) for v in values]
            call("TF_SetAttrTensorList", desc, key, (c.c_void_p * room)(*tensors), n, self.api.status)
            for t in tensors:
                call("TF_DeleteTensor", t)

    def find(self, name):
        handle = self.api.call("TF_GraphOperationByName", self.handle, name.encode())
        return Operation(self, handle) if handle else None

    def output(self, tensor_name):
        """The tensor "name:index"."""
        name, _, index = tensor_name.partition(":")
        op = self.find(name)
        if op is None:
            raise KeyError(tensor_name)
        return op.output(int(index or 0))

    def operations(self):
        position = c.c_size_t(0)
        while True:
            handle = self.api.call("TF_GraphNextOperation", self.handle, c.byref(position))
            if not handle:
                return
            yield Operation(self, handle)

    def shape(self, output):
        """A list with None for what is unknown; None for an unknown rank."""
        rank = self.api.checked("TF_GraphGetTensorNumDims", self.handle, output.c())
        if rank < 0:
            return None
        dims = (c.c_int64 * max(rank, 1))()
        self.api.checked("TF_GraphGetTensorShape", self.handle, output.c(), dims, c.c_int(rank))
        return [None if d < 0 else d for d in dims[:rank]]

    def set_shape(self, output, shape):
        dims, rank = _dims(shape)
        self.api.checked("TF_GraphSetTensorShape", self.handle, output.c(), dims, c.c_int(rank))

    def graph_def(self):
        return self.api.bytes_of(lambda b: self.api.checked("TF_GraphToGraphDef", self.handle, b))

    def op_def(self, name):
        return self.api.bytes_of(lambda b: self.api.checked("TF_GraphGetOpDef", self.handle, name.encode(), b))

    def import_graph_def(self, data, prefix=None, uniquify_names=False, uniquify_prefix=False, device=None,
                         input_map=(), control_map=(), control=(), return_outputs=(), return_ops=()):
        """([(name, index)] of return_outputs, [name] of return_ops, [(name, index)] of mappings not used)."""
        call = self.api.call
        options = call("TF_NewImportGraphDefOptions")
        option = lambda name, *args: call("TF_ImportGraphDefOptions" + name, options, *args)
        if prefix is not None:
            option("SetPrefix", prefix.encode())
        if device:
            option("SetDefaultDevice", device.encode())
        option("SetUniquifyNames", c.c_ubyte(uniquify_names))
        option("SetUniquifyPrefix", c.c_ubyte(uniquify_prefix))
        for name, index, target in input_map:
            option("AddInputMapping", name.encode(), c.c_int(index), target.c())
        for name, target in control_map:
            option("RemapControlDependency", name.encode(), target.handle)
        for target in control:
            option("AddControlDependency", target.handle)
        for name, index in return_outputs:
            option("AddReturnOutput", name.encode(), c.c_int(index))
        for name in return_ops:
            option("AddReturnOperation", name.encode())
        buffer = self.api.buffer(data)
        try:
            results = self.api.checked("TF_GraphImportGraphDefWithResults", self.handle, buffer, options)
        finally:
            call("TF_DeleteBuffer", buffer)
            call("TF_DeleteImportGraphDefOptions", options)
        n, array = c.c_int(), c.POINTER(COutput)()
        call("TF_ImportGraphDefResultsReturnOutputs", results, c.byref(n), c.byref(array))
        outputs = [(call("TF_OperationName", array[i].oper).decode(), array[i].index) for i in range(n.value)]
        opers = c.POINTER(c.c_void_p)()
        call("TF_ImportGraphDefResultsReturnOperations", results, c.byref(n), c.byref(opers))
        ops = [call("TF_OperationName", opers[i]).decode() for i in range(n.value)]
        names, indexes = c.POINTER(c.c_char_p)(), c.POINTER(c.c_int)()
        call("TF_ImportGraphDefResultsMissingUnusedInputMappings", results, c.byref(n), c.byref(names), c.byref(indexes))
        missing = [(names[i].decode(), indexes[i]) for i in range(n.value)]
        call("TF_DeleteImportGraphDefResults", results)
        return outputs, ops, missing

    def session(self, config=b""):
        options = self.api.session_options(config)
        try:
            handle = self.api.checked("TF_NewSession", self.handle, options)
        finally:
            self.api.call("TF_DeleteSessionOptions", options)
        return Session(self, handle)


class Session:
    def __init__(self, graph, handle):
        self.graph, self.api, self.handle = graph, graph.api, handle

    def run(self, fetches=(), feeds=None, targets=()):
        """fetches: Outputs or names; feeds: {Output or name: value}; targets: Operations or names."""
        api = self.api
        resolve = lambda o: self.graph.output(o) if isinstance(o, str) else o
        feeds = [(resolve(k), v) for k, v in (feeds or {}).items()]
        fetches = [resolve(o) for o in fetches]
        targets = [self.graph.find(t) if isinstance(t, str) else t for t in targets]
        inputs = (c.c_void_p * max(len(feeds), 1))(*[api.tensor(v) for _, v in feeds])
        results = (c.c_void_p * max(len(fetches), 1))()
        opers = (c.c_void_p * max(len(targets), 1))(*[t.handle for t in targets])
        try:
            api.checked("TF_SessionRun", self.handle, None, _outputs([o for o, _ in feeds]), inputs, c.c_int(len(feeds)),
                        _outputs(fetches), results, c.c_int(len(fetches)), opers, c.c_int(len(targets)), None)
        finally:
            for i in range(len(feeds)):
                api.call("TF_DeleteTensor", inputs[i])
        return [api.array(results[i]) for i in range(len(fetches))]

    def devices(self):
        devices = self.api.checked("TF_SessionListDevices", self.handle)
        out = [(self.api.checked("TF_DeviceListName", devices, c.c_int(i)).decode(),
                self.api.checked("TF_DeviceListType", devices, c.c_int(i)).decode())
               for i in range(self.api.call("TF_DeviceListCount", devices))]
        self.api.call("TF_DeleteDeviceList", devices)
        return out

    def close(self):
        self.api.checked("TF_CloseSession", self.handle)
        self.api.checked("TF_DeleteSession", self.handle)
