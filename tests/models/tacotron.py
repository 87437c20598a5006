#!/usr/bin/env python3
"""Full-size Tacotron, exported by TensorFlow 1 code, served by us over gRPC, its spectrogram compared to TensorFlow's.

    tacotron.py SERVER [--tiny]     SERVER: our tensorflow_model_server

Needs TensorFlow 2.15, tensorflow_serving.apis and grpcio; `./dev interop` runs it. The export (tacotron_model.py) is made
in a temporary folder and deleted again; KEEP=DIR keeps it there, and uses one that is there already.

Each request is answered by TensorFlow's session on the same export and by Predict of the server; the answers must have the
same shape, that is, the decoder must stop at the same step, and be within 1e-4 of each other, relative to the largest
value. One line a request: steps of the decoder, the largest difference, median times. Exit status 1 when one differs.
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # the plain kernels' arithmetic
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import tacotron_model

v1 = tf.compat.v1
RELATIVE = 1e-4
ROUNDS = 3
SENTENCES = [[40], [25, 60], [7]]  # lengths, by request


class Server:
    """Our server on a free port of the loopback, for one model."""

    def __init__(self, program, base_path):
        self.process = subprocess.Popen(
            [program, "--port=0", "--rest_api_port=0", "--grpc_socket_path=" + os.path.join(base_path, "socket"),
             "--model_name=tacotron", "--model_base_path=" + os.path.join(base_path, "tacotron")],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines = []
        threading.Thread(target=self.read, daemon=True).start()
        self.channel = grpc.insecure_channel("unix:" + os.path.join(base_path, "socket"),
                                             options=[("grpc.max_receive_message_length", -1)])
        self.stub = prediction_service_pb2_grpc.PredictionServiceStub(self.channel)

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def predict(self, inputs):
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "tacotron"
        request.model_spec.signature_name = "prediction"
        for key, value in inputs.items():
            request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
        return tf.make_ndarray(self.stub.Predict(request, timeout=120, wait_for_ready=True).outputs["output"])

    def stop(self):
        self.channel.close()
        self.process.terminate()
        self.process.wait(timeout=30)


class Reference:
    """TensorFlow's session on the same export."""

    def __init__(self, path):
        self.graph = tf.Graph()
        self.session = v1.Session(graph=self.graph)
        with self.graph.as_default():
            meta = v1.saved_model.loader.load(self.session, ["serve"], path)
        self.signature = meta.signature_def["prediction"]

    def predict(self, inputs):
        feeds = {self.signature.inputs[key].name: value for key, value in inputs.items()}
        return self.session.run(self.signature.outputs["output"].name, feeds)


def request(rng, sizes, lengths):
    chars = np.zeros([len(lengths), max(lengths)], np.int32)
    for row, n in enumerate(lengths):
        chars[row, :n] = rng.randint(2, sizes["symbols"], n)
    return {"input": chars, "input_lengths": np.array(lengths, np.int32)}


def timed(predict, inputs):
    """The answer, and the median time in ms of later calls."""
    answer, times = predict(inputs), []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        predict(inputs)
        times.append(1000 * (time.perf_counter() - start))
    return answer, statistics.median(times)


def compare(ours, theirs, sizes):
    """Whether they agree, and the line that says so."""
    if ours.shape != theirs.shape:
        return False, "shape %s, TensorFlow's is %s" % (ours.shape, theirs.shape)
    off = float(np.abs(ours - theirs).max())
    relative = off / float(np.abs(theirs).max())
    steps = theirs.shape[1] // sizes["r"]
    return relative <= RELATIVE, "%3d decoder steps, %4d frames of %d, off by %.2g (relative %.2g)" % (
        steps, theirs.shape[1], theirs.shape[2], off, relative)


def main(program, sizes):
    root = os.environ.get("KEEP") or tempfile.mkdtemp()
    path = os.path.join(root, "tacotron", "1")
    if not os.path.isdir(path):
        tacotron_model.export(sizes, path, seed=11)
    server, failed = Server(program, root), 0
    try:
        reference, rng = Reference(path), np.random.RandomState(5)
        for lengths in SENTENCES:
            inputs = request(rng, sizes, lengths)
            theirs, their_ms = timed(reference.predict, inputs)
            ours, our_ms = timed(server.predict, inputs)
            good, text = compare(ours, theirs, sizes)
            failed += not good
            print("%-4s %-9s %s; %.0f ms over gRPC, TensorFlow's session %.0f ms" % (
                "ok" if good else "FAIL", "+".join(map(str, lengths)), text, our_ms, their_ms), flush=True)
    except grpc.RpcError as error:
        print("FAIL %s: %s\n%s" % (error.code(), error.details(), "".join(server.lines)))
        failed += 1
    finally:
        server.stop()
        if "KEEP" not in os.environ:
            shutil.rmtree(root)
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], tacotron_model.TINY if "--tiny" in sys.argv[2:] else tacotron_model.FULL))
