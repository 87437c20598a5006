"""REST by requests and curl: exact bodies, error texts, and HTTP itself."""
import base64
import gzip
import socket
import subprocess
import unittest

from harness import *  # noqa: F403

BASE = "/v1/models/half_plus_two"
PREDICT = BASE + ":predict"


class Rest(Case):
    model = "half_plus_two"

    @classmethod
    def setUpClass(cls):
        cls.server = serve_model(cls.model)

    @classmethod
    def tearDownClass(cls):
        cls.server.kill()

    def answers(self, status, text, verb, path, body=None, **options):
        got = self.server.rest(verb, path, body, **options)
        self.assertEqual((got.status_code, got.text), (status, text))
        return got

    def refuses(self, status, error, verb, path, body=None, **options):
        got = self.answers(status, '{\n    "error": %s\n}' % json.dumps(error, ensure_ascii=False).replace("\\u00", "\\u00"),
                           verb, path, body, **options)
        self.assertEqual(got.headers["Content-Type"], "application/json")


class Predict(Rest):
    def test_rows(self):
        got = self.answers(200, '{\n    "predictions": [2.5, 3.0, 4.5\n    ]\n}', "POST", PREDICT,
                           {"instances": [1.0, 2.0, 5.0]})
        self.assertEqual(got.headers["Content-Type"], "application/json")
        self.assertIn("Date", got.headers)

    def test_rows_of_lists_and_objects(self):
        self.answers(200, '{\n    "predictions": [[2.5, 3.0], [4.5, 2.0]\n    ]\n}', "POST", PREDICT,
                     '{"instances": [[1, 2], [5e0, 0]]}')
        self.answers(200, '{\n    "predictions": [2.5, 3.0\n    ]\n}', "POST", PREDICT,
                     {"instances": [{"x": 1}, {"x": 2}], "signature_name": "serving_default"})

    def test_columns(self):
        self.answers(200, '{\n    "outputs": [\n        2.5,\n        3.0\n    ]\n}', "POST", PREDICT, {"inputs": [1.0, 2.0]})
        self.answers(200, '{\n    "outputs": [\n        2.5,\n        3.0\n    ]\n}', "POST", PREDICT, {"inputs": {"x": [1.0, 2.0]}})
        self.answers(200, '{\n    "outputs": 2.5\n}', "POST", PREDICT, {"inputs": 1.0})
        self.answers(200, '{\n    "outputs": [\n        [\n            2.5\n        ]\n    ]\n}', "POST", PREDICT, {"inputs": [[1.0]]})

    def test_numbers(self):
        """y = x / 2 + 2, with what %g makes of floats."""
        self.answers(200, '{\n    "predictions": [NaN, Infinity, -Infinity, 1e+10, 16777216.0, 2.33333325, 2.1\n    ]\n}',
                     "POST", PREDICT, '{"instances": [NaN, Infinity, -Infinity, 2e10, 33554428, 0.6666666, 0.2]}')

    def test_version_in_path(self):
        self.answers(200, '{\n    "outputs": 2.5\n}', "POST", BASE + "/versions/1:predict", {"inputs": 1.0})
        self.answers(200, '{\n    "outputs": 2.5\n}', "POST", "/V1/Models/half_plus_two/VERSIONS/01:predict", {"inputs": 1.0})
        self.refuses(404, "Servable not found for request: Specific(half_plus_two, 2)", "POST",
                     BASE + "/versions/2:predict", {"inputs": 1.0})
        self.refuses(400, "Unrecognized servable version label: x", "POST", BASE + "/labels/x:predict", {"inputs": 1.0})

    def test_percent_in_names(self):
        self.answers(200, '{\n    "outputs": 2.5\n}', "POST", "/v1/models/half%5Fplus_two:predict", {"inputs": 1.0})

    def test_what_follows_the_json_is_ignored(self):
        self.answers(200, '{\n    "outputs": 2.5\n}', "POST", PREDICT, '\ufeff{"inputs": 1.0} and more'.encode())

    def test_wrong_bodies(self):
        element = "Failed to process element: %d of 'instances' list. Error: INVALID_ARGUMENT: %s"
        keyed = "Failed to process element: %d key: %s of 'instances' list. Error: INVALID_ARGUMENT: %s"
        for body, error in [
            ("", "JSON Parse error: The document is empty"),
            ("{", "JSON Parse error: Missing a name for object member. at offset: 1"),
            ('{"inputs": [1, 2', "JSON Parse error: Missing a comma or ] after an array element. at offset: 16"),
            ("[1]", "JSON Value: [1] Is not object"),
            ("{}", "Missing 'inputs' or 'instances' key"),
            ('{"instances": 1}', "JSON Value: 1 Expecting 'instances' to be an list/array"),
            ('{"instances": []}', "JSON Value: [] No values in 'instances' array"),
            ('{"instances": [1, "a"]}', element % (1, 'JSON Value: "a" Type: String is not of expected type: float')),
            ('{"instances": [1, null]}', element % (1, "JSON Value: null Type: Null is not of expected type: float")),
            ('{"instances": [[1, 2], [3]]}', element % (1, "Expecting tensor size: 2 but got: 1")),
            ('{"instances": [[[1, 2]], [[3], [4]]]}', element % (1, "Expecting shape [1,2] but got: [2,1]")),
            ('{"instances": [[[1, 2], [3]]]}',
             element % (0, "Encountered list at unexpected size: 1 at level: 1 expected size: 2")),
            ('{"instances": [[1, [2]]]}', element % (0, "Encountered list at unexpected level: 1 expected < 1")),
            ('{"instances": [[[1], 2]]}',
             element % (0, "JSON Value: 2 found at incorrect level: 1 in the JSON DOM. Expected at level: 2")),
            ('{"instances": [1, {"x": 1}]}', "Expecting value/list but got object at item 1 of input list"),
            ('{"instances": [{"x": 1}, 1]}', "Expecting object but got list at item 1 of input list"),
            ('{"instances": [{"q": 1}]}', keyed % (0, "q", "JSON object: does not have named input: q")),
            ('{"inputs": {"q": 1}}', "Missing named input: x in 'inputs' object."),
            ('{"inputs": 1, "signature_name": "zzz"}', 'Serving signature name: "zzz" not found in signature def'),
        ]:
            with self.subTest(body=body):
                self.refuses(400, error, "POST", PREDICT, body)

    def test_rows_need_a_batch(self):
        self.refuses(404, "Servable not found for request: Latest(nope)", "POST", "/v1/models/nope:predict", {"inputs": 1})

    def test_many_values(self):
        n = 200000
        got = self.server.rest("POST", PREDICT, {"instances": [4.0] * n})
        self.assertEqual(got.json(), {"predictions": [4.0] * n})


class Examples(Rest):
    def test_classify(self):
        self.answers(200, '{\n    "results": [[["", 2.5]], [["", 3.0]]\n    ]\n}', "POST", BASE + ":classify",
                     {"signature_name": "classify_x_to_y", "examples": [{"x": 1.0}, {"x": [2.0]}]})

    def test_regress(self):
        self.answers(200, '{\n    "results": [2.5, 3.5]\n}', "POST", BASE + ":regress",
                     {"signature_name": "regress_x_to_y", "context": {"x": 3.0}, "examples": [{"x": 1.0}, {}]})

    def test_wrong(self):
        for body, error in [
            ({"examples": 1}, "JSON Value: {\n    \"examples\": 1\n} Expecting 'examples' value to be an list/array"),
            ({"examples": [1]}, "Example must be JSON object but got JSON Number"),
            ({"examples": [{"x": [1, 2.5]}]}, "Unexpected element type in feature: x expecting type: int64"),
            ({"examples": [{"x": None}]}, "Feature: x has element with unexpected JSON type: Null"),
        ]:
            self.refuses(400, error, "POST", BASE + ":regress", body)


class Info(Rest):
    STATUS = ('{\n "model_version_status": [\n  {\n   "version": "1",\n   "state": "AVAILABLE",\n   "status": {\n'
              '    "error_code": "OK",\n    "error_message": ""\n   }\n  }\n ]\n}\n')

    def test_status(self):
        for path in (BASE, BASE + "/versions/1", BASE + "/labels/any"):
            self.answers(200, self.STATUS, "GET", path)
        self.refuses(404, "Could not find version 2 of model half_plus_two", "GET", BASE + "/versions/2")
        self.refuses(404, "Could not find any versions of model nope", "GET", "/v1/models/nope")
        self.refuses(404, "Could not find any versions of model half_plus_two?a=b", "GET", BASE + "?a=b")

    def test_metadata(self):
        got = self.server.rest("GET", BASE + "/metadata").json()
        self.assertEqual(got["model_spec"], {"name": self.model, "signature_name": "", "version": "1"})
        signatures = got["metadata"]["signature_def"]["signature_def"]
        self.assertIn("serving_default", signatures)
        self.assertEqual(signatures["serving_default"]["method_name"], "tensorflow/serving/predict")
        self.assertEqual(signatures["serving_default"]["inputs"]["x"], {
            "dtype": "DT_FLOAT", "name": "x:0",
            "tensor_shape": {"dim": [{"size": "-1", "name": ""}, {"size": "1", "name": ""}], "unknown_rank": False}})
        self.refuses(404, "Servable not found for request: Latest(nope)", "GET", "/v1/models/nope/metadata")

    def test_wrong_paths(self):
        for verb, path in [("GET", PREDICT), ("POST", BASE + "/metadata"), ("PUT", PREDICT), ("DELETE", BASE),
                           ("POST", BASE + ":PREDICT"), ("POST", BASE + ":zzz"), ("GET", "/v1/other"), ("POST", "/v1/models"),
                           ("GET", BASE + "/metadata?x=1"), ("GET", BASE + "/versions/1/labels/a"), ("POST", PREDICT + "?a"),
                           ("GET", BASE + "/versions/x")]:
            with self.subTest(verb=verb, path=path):
                self.refuses(400, "Malformed request: %s %s" % (verb, path), verb, path)
        self.refuses(400, "Missing model name in request.", "GET", "/v1/models")
        self.refuses(400, "Failed to convert version: 9999999999999999999 to numeric.", "GET",
                     BASE + "/versions/9999999999999999999")
        got = self.server.rest("GET", "/elsewhere")
        self.assertEqual((got.status_code, got.headers["Content-Type"]), (404, "text/html"))

    def test_options(self):
        self.answers(200, "", "OPTIONS", PREDICT, headers={"Origin": "http://example.org"})
        self.answers(400, "", "OPTIONS", PREDICT)

    def test_head(self):
        got = self.server.rest("HEAD", BASE)
        self.assertEqual((got.status_code, got.text), (400, ""))


class Http(Rest):
    def exchange(self, data, until_close=True):
        with socket.create_connection(("127.0.0.1", self.server.rest_port), DEADLINE) as s:
            s.settimeout(DEADLINE)
            s.sendall(data)
            got = b""
            while True:
                part = s.recv(65536)
                got += part
                if not part:
                    return got

    def post(self, headers=b"", body=b'{"inputs": 1.0}', line=b"POST " + PREDICT.encode() + b" HTTP/1.1"):
        return line + b"\r\nHost: x\r\nConnection: close\r\n" + headers + b"\r\n" + body

    ANSWER = b'\r\n\r\n{\n    "outputs": 2.5\n}'

    def test_keep_alive(self):
        with requests.Session() as session:
            url = "http://127.0.0.1:%d%s" % (self.server.rest_port, PREDICT)
            for i in range(20):
                self.assertEqual(session.post(url, json={"inputs": float(i)}).json(), {"outputs": i / 2 + 2})

    def test_pipelining(self):
        one = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 15\r\n\r\n{\"inputs\": %d.0}"
        data = b"".join(one % (PREDICT.encode(), i) for i in range(9)) + self.post(b"Content-Length: 15\r\n")
        got = self.exchange(data)
        self.assertEqual(got.count(b"HTTP/1.1 200 OK\r\n"), 10)
        self.assertLess(got.index(b'"outputs": 2.5\n}'), got.index(b'"outputs": 3.0\n}'))
        self.assertTrue(got.endswith(self.ANSWER))

    def test_http10(self):
        body = b'{"inputs": 1.0}'
        got = self.exchange(b"POST %s HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s" % (PREDICT.encode(), len(body), body))
        self.assertTrue(got.endswith(self.ANSWER), got)

    def test_chunked(self):
        chunks = b'5\r\n{"inp\r\n6;a=b\r\nuts": \r\nA\r\n1.0}      \r\n0\r\nTrailer: x\r\n\r\n'
        got = self.exchange(self.post(b"Transfer-Encoding: chunked\r\n", chunks))
        self.assertTrue(got.endswith(self.ANSWER), got)

    def test_byte_by_byte(self):
        with socket.create_connection(("127.0.0.1", self.server.rest_port), DEADLINE) as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in self.post(b"Content-Length: 15\r\n"):
                s.sendall(bytes([byte]))
            got = b""
            while part := s.recv(65536):
                got += part
        self.assertTrue(got.endswith(self.ANSWER), got)

    def test_gzip(self):
        body = gzip.compress(b'{"inputs": 1.0}')
        headers = b"Content-Encoding: gzip\r\nContent-Length: %d\r\n"
        self.assertTrue(self.exchange(self.post(headers % len(body), body)).endswith(self.ANSWER))
        self.assertIn(b"The document is empty", self.exchange(self.post(headers % 4, b"abcd")))

    def test_gzip_bomb(self):
        body = gzip.compress(b" " * (101 << 20))
        got = self.exchange(self.post(b"Content-Encoding: gzip\r\nContent-Length: %d\r\n" % len(body), body))
        self.assertIn(b"The document is empty", got)

    def test_refused(self):
        for data, status in [
            (b"nonsense\r\n\r\n", 400), (b"GET / HTTP/2.0\r\n\r\n", 505), (b"TRACE / HTTP/1.1\r\n\r\n", 501),
            (b"ZZZ / HTTP/1.1\r\n\r\n", 501), (b"GET / HTTP/1.1\r\nA b: c\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", 400),
            (self.post(b"Content-Length: 15\r\nContent-Length: 16\r\n"), 400),
            (self.post(b"Content-Length: 15\r\nTransfer-Encoding: chunked\r\n"), 400),
            (self.post(b"Content-Length: -1\r\n"), 400), (self.post(b"Content-Length: 99999999999999\r\n"), 413),
            (self.post(b"Transfer-Encoding: chunked\r\n", b"xyz\r\n"), 400),
            (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431), (b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\n\r\n", 431),
        ]:
            with self.subTest(data=data[:60]):
                self.assertTrue(self.exchange(data).startswith(b"HTTP/1.1 %d " % status), data[:60])

    def test_curl(self):
        """Expect: 100-continue with a large body, which curl does by itself."""
        path = os.path.join(self.temporary(), "body.json")
        with open(path, "w") as file:
            json.dump({"instances": [2.0] * 300000}, file)
        url = "http://127.0.0.1:%d%s" % (self.server.rest_port, PREDICT)
        got = subprocess.run(["curl", "-sS", "-i", "-H", "Expect: 100-continue", "--data-binary", "@" + path, url],
                             capture_output=True, timeout=DEADLINE, check=True).stdout
        self.assertTrue(got.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"), got[:200])
        self.assertEqual(json.loads(got.split(b"\r\n\r\n", 2)[2]), {"predictions": [3.0] * 300000})


class Strings(Rest):
    """A model with strings, several outputs and integers."""
    model = "mnist_softmax"

    def test_several_outputs(self):
        """REST gives the values that TensorFlow recorded, whatever their shapes and types."""
        predicts = 0
        for kind, request, response, _ in golden_cases(self.model):
            if kind != "predict_log":
                continue
            predicts += 1
            inputs = {name: self.nested(tensor) for name, tensor in request.inputs.items()}
            got = self.server.rest("POST", "/v1/models/mnist_softmax:predict",
                                   {"inputs": inputs, "signature_name": request.model_spec.signature_name})
            self.assertEqual(got.status_code, 200, got.text)
            outputs = got.json()["outputs"]
            if len(response.outputs) == 1:
                outputs = {name: outputs for name in response.outputs}
            self.assertEqual(set(outputs), set(response.outputs))
            for name, tensor in response.outputs.items():
                flat = outputs[name]
                for _ in shape_of(tensor)[1:]:
                    flat = [v for row in flat for v in row]
                wanted = [v.decode() if tensor.dtype == 7 else v for v in values_of(tensor)]
                self.assertEqual(len(flat), len(wanted))
                for a, b in zip(flat, wanted):
                    self.assertTrue(close(a, b, 1e-5, 1e-6), (a, b))
        self.assertGreater(predicts, 0)

    def nested(self, tensor):
        values = values_of(tensor)
        if tensor.dtype == 7:
            values = [{"b64": base64.b64encode(v).decode()} for v in values]
        for size in reversed(shape_of(tensor)[1:]):
            values = [values[i:i + size] for i in range(0, len(values), size)]
        return values


if __name__ == "__main__":
    unittest.main()
