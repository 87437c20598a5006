#!/usr/bin/env python3
"""From process start to the first answer: tensorflow_model_server is started, asked for a prediction as soon as its
gRPC port takes connections, and stopped. Prints the median of RUNS in milliseconds; exit 1 above the bar.

    start.py [BUILD_DIR] [--runs N] [--bar MS] [--verbose]

Standard library only: a gRPC call written by hand, so that no client start-up or reconnect back-off counts.
"""
import argparse
import os
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MODELS = os.path.join(ROOT, "tests/data/models")
CASES = ["half_plus_two", "seed_builder"]
PREDICT_LOG = 6  # field of PredictionLog
PREDICT = "/tensorflow.serving.PredictionService/Predict"


# ---- protobuf and HTTP/2, as much as a call takes ----

def fields(data):
    """{number: value} of a message: bytes or int, the last of each."""
    found, at = {}, 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at, value, shift = at + 1, value | (byte & 127) << shift, shift + 7
            if byte < 128:
                return value
    while at < len(data):
        key = number()
        size = {0: 0, 1: 8, 2: None, 5: 4}[key & 7]
        if size == 0:
            found[key >> 3] = number()
            continue
        size = number() if size is None else size
        found[key >> 3], at = data[at:at + size], at + size
    return found


def values(response):
    """The bytes of an output's floats: they stand in tensor_content or in float_val."""
    tensor = fields(fields(fields(response)[1])[2])
    return tensor.get(4) or tensor.get(5)


def recorded(model):
    """(model name, request, response) of the first PredictionLog in the model's golden.tfrecord."""
    with open(os.path.join(MODELS, model, "golden.tfrecord"), "rb") as f:
        size, _ = struct.unpack("<QI", f.read(12))
        log = fields(fields(f.read(size))[PREDICT_LOG])
    return fields(fields(log[1])[1])[1].decode(), log[1], log[2]


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def call(message):
    """The bytes of a connection with one call."""
    headers = [(":method", "POST"), (":scheme", "http"), (":path", PREDICT), (":authority", "localhost"),
               ("te", "trailers"), ("content-type", "application/grpc")]
    text = lambda s: bytes([len(s)]) + s.encode()
    block = b"".join(b"\x00" + text(k) + text(v) for k, v in headers)
    return (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + frame(1, 4, 1, block)
            + frame(0, 1, 1, b"\x00" + struct.pack(">I", len(message)) + message))


def answer(connection):
    """The DATA of stream 1 when it has ended."""
    pending = data = b""
    while True:
        got = connection.recv(65536)
        if not got:
            return data
        pending += got
        while len(pending) >= 9 and len(pending) >= 9 + int.from_bytes(pending[:3], "big"):
            size, kind, flags = int.from_bytes(pending[:3], "big"), pending[3], pending[4]
            stream, payload = int.from_bytes(pending[5:9], "big"), pending[9:9 + size]
            pending = pending[9 + size:]
            if stream == 1 and kind == 0:
                data += payload
            if stream == 1 and kind in (0, 1) and flags & 1 or kind in (3, 7):
                return data


# ---- a run ----

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def one_run(server, model, base, message, verbose):
    port = free_port()
    output = None if verbose else subprocess.DEVNULL
    start = time.monotonic()
    process = subprocess.Popen([server, "--port=%d" % port, "--model_name=" + model, "--model_base_path=" + base],
                               stdout=output, stderr=output)
    try:
        while time.monotonic() < start + 10:
            try:
                with socket.create_connection(("127.0.0.1", port), 5) as connection:
                    connection.sendall(call(message))
                    data = answer(connection)
                if data:
                    return (time.monotonic() - start) * 1000, data
            except OSError:
                pass
            if process.poll() is not None:
                sys.exit("start.py: the server ended with %d" % process.returncode)
            time.sleep(0.0005)
        sys.exit("start.py: no answer in ten seconds")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", nargs="?", default=os.path.join(ROOT, "build"))
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--bar", type=float, default=50)
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    server = os.path.join(args.build, "bin/tensorflow_model_server")
    slow = False
    with tempfile.TemporaryDirectory() as work:
        for model in CASES:
            name, request, response = recorded(model)
            base = os.path.join(work, model)
            shutil.copytree(os.path.join(MODELS, model), base)
            times = []
            for _ in range(args.runs):
                took, data = one_run(server, name, base, request, args.verbose)
                if values(data[5:]) != values(response):
                    sys.exit("start.py: %s answered %r, not %r" % (model, data[5:], response))
                times.append(took)
            median = statistics.median(times)
            slow |= median >= args.bar
            print("%-16s start to first answer: median %.1f ms, min %.1f, max %.1f (%d runs; bar %g ms)"
                  % (model, median, min(times), max(times), args.runs, args.bar))
    sys.exit(slow)


main()
