"""A gRPC client of another family (python-h2, no gRPC library), and clients that mean no good: whatever
they send, the server goes on serving the others."""
import os
import random
import socket
import struct
import unittest

import h2.config
import h2.connection
import h2.events
from harness import *  # noqa: F403

PREDICT = "/tensorflow.serving.PredictionService/Predict"


class H2Client:
    """Unary calls over one connection, framed by hand."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), DEADLINE)
        self.connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.connection.initiate_connection()
        self.streams = {}
        self.flush()

    def close(self):
        self.socket.close()

    def flush(self):
        self.socket.sendall(self.connection.data_to_send())

    def headers(self, path=PREDICT, **more):
        fields = {":method": "POST", ":scheme": "http", ":path": path, ":authority": "x", "te": "trailers",
                  "content-type": "application/grpc"}
        fields.update({name.replace("_", "-"): value for name, value in more.items()})
        pseudo = [(n, v) for n, v in fields.items() if n.startswith(":")]
        return pseudo + [(n, v) for n, v in fields.items() if not n.startswith(":") and v is not None]

    def send(self, body, end=True, frame=True, flag=0, headers=None):
        stream = self.connection.get_next_available_stream_id()
        self.streams[stream] = {"headers": {}, "data": b"", "ended": False, "reset": None}
        self.connection.send_headers(stream, headers or self.headers())
        data = struct.pack(">BI", flag, len(body)) + body if frame else body
        for at in range(0, len(data), 16384):
            self.connection.send_data(stream, data[at:at + 16384])
        if end:
            self.connection.end_stream(stream)
        self.flush()
        return stream

    def receive(self):
        data = self.socket.recv(65536)
        for event in self.connection.receive_data(data) if data else ():
            stream = self.streams.get(getattr(event, "stream_id", None))
            if isinstance(event, (h2.events.ResponseReceived, h2.events.TrailersReceived)):
                stream["headers"].update(event.headers)
            elif isinstance(event, h2.events.DataReceived):
                stream["data"] += event.data
                self.connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                stream["ended"] = True
            elif isinstance(event, h2.events.StreamReset):
                stream["reset"] = event.error_code
        self.flush()
        return bool(data)

    def result(self, stream):
        state = self.streams[stream]
        while not state["ended"] and state["reset"] is None:
            if not self.receive():
                raise AssertionError("the connection was closed")
        return state

    def call(self, *args, **options):
        return self.result(self.send(*args, **options))


class Base(Case):
    @classmethod
    def setUpClass(cls):
        cls.server = serve_model("half_plus_two")
        cls.request = predict_request("half_plus_two", {"x": float_tensor([1.0, 5.0])}).SerializeToString()

    @classmethod
    def tearDownClass(cls):
        cls.server.kill()

    def client(self):
        client = H2Client(self.server.port)
        self.addCleanup(client.close)
        return client

    def check_answer(self, state):
        self.assertEqual((state["headers"][":status"], state["headers"]["content-type"], state["headers"]["grpc-status"]),
                         ("200", "application/grpc", "0"))
        flag, length = struct.unpack(">BI", state["data"][:5])
        self.assertEqual((flag, length), (0, len(state["data"]) - 5))
        got = predict_pb2.PredictResponse.FromString(state["data"][5:])
        self.assertEqual(values_of(got.outputs["y"]), [2.5, 4.5])

    def tearDown(self):
        self.check_answer(self.client().call(self.request))  # it still serves
        self.assertIsNone(self.server.process.poll())


class OtherClient(Base):
    def test_calls_one_after_the_other(self):
        client = self.client()
        for _ in range(20):
            self.check_answer(client.call(self.request))

    def test_many_calls_at_once(self):
        client = self.client()
        streams = [client.send(self.request) for _ in range(90)]
        for stream in streams:
            self.check_answer(client.result(stream))

    def test_error(self):
        got = self.client().call(predict_request("ünknown", {}).SerializeToString())
        self.assertEqual((got["headers"][":status"], got["headers"]["grpc-status"], got["data"]), ("200", "5", b""))
        self.assertEqual(got["headers"]["grpc-message"], "Servable not found for request: Latest(%C3%BCnknown)")

    def test_what_is_no_grpc(self):
        client = self.client()
        for headers, status in ((client.headers(content_type="text/html"), "415"),
                                (client.headers(**{":method": "GET"}), "405")):
            self.assertEqual(client.call(self.request, headers=headers)["headers"][":status"], status)
        for headers, code in ((client.headers(path="/nope"), "12"), (client.headers(grpc_encoding="snappy"), "12"),
                              (client.headers(grpc_timeout="abc"), "13")):
            self.assertEqual(client.call(self.request, headers=headers)["headers"]["grpc-status"], code)
        self.check_answer(client.call(self.request, headers=client.headers(grpc_timeout="10S", x_custom="1",
                                                                          content_type="application/grpc+proto")))

    def test_bad_frames(self):
        client = self.client()
        for body, options in ((b"", {"frame": False}), (b"\0\0\0", {"frame": False}), (self.request, {"flag": 1}),
                              (self.request, {"flag": 7}), (b"\0\0\0\0\x09abc", {"frame": False}),
                              (b"\0\0\0\0\x01abc", {"frame": False})):
            got = client.call(body, **options)
            self.assertEqual(got["headers"]["grpc-status"], "13", (body, options))
        self.assertEqual(client.call(b"\0\xff\xff\xff\xffabc", frame=False)["headers"]["grpc-status"], "8")
        headers = client.headers(grpc_encoding="gzip")
        self.assertEqual(client.call(b"no gzip", flag=1, headers=headers)["headers"]["grpc-status"], "13")
        self.check_answer(client.call(self.request))

    def test_resets(self):
        client = self.client()
        for _ in range(30):
            stream = client.send(self.request, end=False)
            client.connection.reset_stream(stream)
        client.flush()
        self.check_answer(client.call(self.request))


class Strangers(Base):
    def connect(self, port=None):
        s = socket.create_connection(("127.0.0.1", port or self.server.port), DEADLINE)
        self.addCleanup(s.close)
        return s

    def test_garbage(self):
        noise = random.Random(7)
        for port in (self.server.port, self.server.rest_port):
            for start in (b"", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", b"POST /v1/"):
                for size in (1, 100, 5000, 100000):
                    s = self.connect(port)
                    try:
                        s.sendall(start + noise.randbytes(size))
                        s.shutdown(socket.SHUT_WR)
                        while s.recv(65536):
                            pass
                    except OSError:
                        pass  # it hung up on us

    def test_slow_clients(self):
        """Connections that say half a sentence and stay."""
        slow = [self.connect(port) for port in (self.server.port, self.server.rest_port) for _ in range(100)]
        for s in slow:
            s.sendall(b"P")
        for _ in range(3):
            for s in slow[100:]:
                s.sendall(b"O")
            self.check_answer(self.client().call(self.request))
            self.assertEqual(self.server.rest("GET", "/v1/models/half_plus_two").status_code, 200)

    def test_claims_of_size(self):
        """Messages said to be huge cost no memory before they come."""
        def resident():
            with open("/proc/%d/statm" % self.server.process.pid) as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        before = resident()
        client = self.client()
        for _ in range(90):
            client.send(struct.pack(">BI", 0, 0x7fffffff) + b"x" * 100, frame=False, end=False)
        for _ in range(30):
            self.connect(self.server.rest_port).sendall(b"POST /v1/models/m:predict HTTP/1.1\r\nContent-Length: 2000000000\r\n\r\n{")
        self.check_answer(self.client().call(self.request))
        self.assertLess(resident() - before, 200 << 20)

    def test_huge_shapes(self):
        """A few bytes that claim tensors of terabytes."""
        for shape in ([1 << 40], [1 << 32, 1 << 32], [1 << 62, 4], [3, -1], [1 << 33]):
            request = predict_request("half_plus_two", {"x": float_tensor([1.0], shape)})
            self.fails("INVALID_ARGUMENT", "tensor parsing error: x", self.server.call, "Predict", request)

    def test_answers_nobody_reads(self):
        """A client that sends and never reads is held back, not buffered without end."""
        for port, data in ((self.server.rest_port, b"GET /v1/models/half_plus_two HTTP/1.1\r\nHost: x\r\n\r\n"),):
            s = self.connect(port)
            s.settimeout(2)
            sent = 0
            try:
                while sent < 200 << 20:
                    sent += s.send(data * 1000)
            except TimeoutError:
                pass
            self.assertLess(sent, 200 << 20)

    def test_deep_json(self):
        for body in (b"[" * 100000, b'{"inputs": ' + b"[" * 1000 + b"1" + b"]" * 1000 + b"}", b'{"a":' * 50000):
            got = self.server.rest("POST", "/v1/models/half_plus_two:predict", body)
            self.assertIn(got.status_code, (400, 429))


if __name__ == "__main__":
    unittest.main()
