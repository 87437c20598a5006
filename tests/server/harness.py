"""Starts the real server on free ports and talks to it with real clients.

SERVER: the program (default build/bin/tensorflow_model_server). BUILD: where message classes are
generated (default: a folder `py` beside the program's folder). Nothing sleeps a fixed time: what
takes time is polled until a deadline."""
import contextlib
import glob
import json
import math
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SERVER = os.path.abspath(os.environ.get("SERVER", os.path.join(ROOT, "build/bin/tensorflow_model_server")))
BUILD = os.environ.get("BUILD", os.path.dirname(os.path.dirname(SERVER)))
MODELS = os.environ.get("MODELS", os.path.join(ROOT, "tests/data/models")) # any folder laid out like the corpus
DEADLINE = 60

subprocess.run([os.path.join(ROOT, "tools/pyproto.sh"), os.path.join(BUILD, "py")], check=True)
sys.path.insert(0, os.path.join(BUILD, "py"))

import grpc  # noqa: E402
import requests  # noqa: E402
from google.protobuf import text_format  # noqa: E402, F401
from tensorflow.core.example import example_pb2  # noqa: E402, F401
from tensorflow.core.framework import tensor_pb2  # noqa: E402, F401
from tensorflow_serving.apis import (classification_pb2, get_model_metadata_pb2, get_model_status_pb2,  # noqa: E402
                                     predict_pb2, prediction_log_pb2, regression_pb2)

METHODS = {
    "Predict": ("PredictionService", predict_pb2.PredictResponse),
    "Classify": ("PredictionService", classification_pb2.ClassificationResponse),
    "Regress": ("PredictionService", regression_pb2.RegressionResponse),
    "GetModelMetadata": ("PredictionService", get_model_metadata_pb2.GetModelMetadataResponse),
    "GetModelStatus": ("ModelService", get_model_status_pb2.GetModelStatusResponse),
}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(what, condition, timeout=DEADLINE):
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("timed out: " + what)
        time.sleep(0.01)


class Server:
    """A running server. `ready=False`: do not wait until it is."""

    def __init__(self, *flags, ready=True, rest=True):
        self.port, self.rest_port = free_port(), free_port() if rest else 0
        self.log = tempfile.NamedTemporaryFile("ab")
        argv = [SERVER, "--port=%d" % self.port, "--rest_api_port=%d" % self.rest_port, *flags]
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=self.log,
                                        env=dict(os.environ, TF_CPP_MIN_LOG_LEVEL="0"))
        self.channel = None
        if ready:
            try:
                wait_until("the server is up", self.is_up)
            except AssertionError as error:
                text = self.log_text()
                self.kill()
                raise AssertionError("the server did not start: %s\n%s" % (error, text)) from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def is_up(self):
        if self.process.poll() is not None:
            raise AssertionError("it ended: %s" % self.process.stdout.read())
        for port in (self.port, self.rest_port):
            if port:
                try:
                    socket.create_connection(("127.0.0.1", port), 5).close()
                except OSError:
                    return False
        return True

    def log_text(self):
        with open(self.log.name, "rb") as file:
            return file.read().decode(errors="replace")

    def kill(self):
        if self.channel:
            self.channel.close()
        self.channel = None
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def stop(self, number=signal.SIGTERM, timeout=DEADLINE):
        """Asks it to end; the exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout)

    # ---- clients

    def call(self, method, request, timeout=DEADLINE, **options):
        if not self.channel:
            self.channel = grpc.insecure_channel("127.0.0.1:%d" % self.port, options=[
                ("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)])
        service, response = METHODS[method]
        stub = self.channel.unary_unary("/tensorflow.serving.%s/%s" % (service, method),
                                        request_serializer=lambda m: m.SerializeToString(),
                                        response_deserializer=response.FromString)
        return stub(request, timeout=timeout, **options)

    def rest(self, verb, path, body=None, **options):
        data = json.dumps(body) if isinstance(body, (dict, list)) else body
        return requests.request(verb, "http://127.0.0.1:%d%s" % (self.rest_port, path), data=data, timeout=DEADLINE,
                                **options)


class Case(unittest.TestCase):
    maxDiff = None

    def fails(self, code, text, function, *args, **options):
        """The call fails with that code and exactly that text."""
        with self.assertRaises(grpc.RpcError) as caught:
            function(*args, **options)
        self.assertEqual((caught.exception.code().name, caught.exception.details()), (code, text))

    def temporary(self):
        path = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, path, ignore_errors=True)
        return path


def serve_model(model, *flags, **options):
    return Server("--model_name=" + model, "--model_base_path=" + os.path.join(MODELS, model), *flags, **options)


# ---- tensors without numpy

# Of each dtype: how an element is packed, and TensorProto's field for it.
DTYPES = {1: ("f", "float_val"), 2: ("d", "double_val"), 3: ("i", "int_val"), 4: ("B", "int_val"), 5: ("h", "int_val"),
          6: ("b", "int_val"), 7: (None, "string_val"), 8: ("2f", "scomplex_val"), 9: ("q", "int64_val"),
          10: ("?", "bool_val"), 11: ("b", "int_val"), 12: ("B", "int_val"), 13: ("i", "int_val"), 14: ("H", "half_val"),
          15: ("h", "int_val"), 16: ("H", "int_val"), 17: ("H", "int_val"), 18: ("2d", "dcomplex_val"),
          19: ("H", "half_val"), 22: ("I", "uint32_val"), 23: ("Q", "uint64_val")}


def shape_of(tensor):
    return [d.size for d in tensor.tensor_shape.dim]


def values_of(tensor):
    """All elements, flat, decoded by the rules of TensorProto; complex ones as two floats each."""
    element, field = DTYPES[tensor.dtype]
    width = 2 if field.endswith("complex_val") else 1
    count = math.prod(shape_of(tensor)) * width
    if tensor.tensor_content:
        values = list(struct.unpack("<%d%s" % (count, element[-1]), tensor.tensor_content))
    else:
        values = list(getattr(tensor, field))[:count]
        fill = values[-width:] if values else [b"" if tensor.dtype == 7 else 0] * width
        values += fill * ((count - len(values)) // width)
    if tensor.dtype == 19:
        return [struct.unpack("<e", struct.pack("<H", v))[0] for v in values]
    if tensor.dtype == 14:
        return [struct.unpack("<f", struct.pack("<I", v << 16))[0] for v in values]
    return values


def float_tensor(values, shape=None, content=False):
    tensor = tensor_pb2.TensorProto(dtype=1)
    for size in [len(values)] if shape is None else shape:
        tensor.tensor_shape.dim.add().size = size
    if content:
        tensor.tensor_content = struct.pack("<%df" % len(values), *values)
    else:
        tensor.float_val.extend(values)
    return tensor


def string_tensor(values):
    tensor = tensor_pb2.TensorProto(dtype=7, string_val=values)
    tensor.tensor_shape.dim.add().size = len(values)
    return tensor


def predict_request(model, inputs, signature="", version=None, outputs=()):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    if version is not None:
        request.model_spec.version.value = version
    for name, tensor in inputs.items():
        request.inputs[name].CopyFrom(tensor)
    request.output_filter.extend(outputs)
    return request


def example(**features):
    message = example_pb2.Example()
    for name, values in features.items():
        feature = message.features.feature[name]
        if isinstance(values[0], bytes):
            feature.bytes_list.value.extend(values)
        elif isinstance(values[0], int):
            feature.int64_list.value.extend(values)
        else:
            feature.float_list.value.extend(values)
    return message


# ---- goldens

def records(path):
    with open(path, "rb") as file:
        while True:
            head = file.read(12)
            if not head:
                return
            yield file.read(struct.unpack("<Q", head[:8])[0])
            file.read(4)


def golden_cases(model):
    """(kind, request, response, tags) of each case, in order."""
    for data in records(os.path.join(MODELS, model, "golden.tfrecord")):
        log = prediction_log_pb2.PredictionLog.FromString(data)
        kind = log.WhichOneof("log_type")
        part = getattr(log, kind)
        yield kind, part.request, part.response, tuple(sorted(log.log_metadata.saved_model_tags)) or ("serve",)


def golden_settings(model):
    with open(os.path.join(MODELS, model, "golden.json")) as file:
        return json.load(file)


def close(a, b, rtol, atol):
    if isinstance(a, float) or isinstance(b, float):
        return a == b or (math.isnan(a) and math.isnan(b)) or abs(a - b) <= atol + rtol * abs(b)
    return a == b


def model_names():
    return sorted(os.path.basename(os.path.dirname(path)) for path in glob.glob(os.path.join(MODELS, "*/golden.json")))
