"""gRPC by grpcio: TensorFlow's recorded answers, every method, the error texts."""
import os
import unittest

from harness import *  # noqa: F403


class Goldens(Case):
    """Every recorded case of every seed model, over gRPC."""

    def check_tensor(self, name, got, want, settings):
        self.assertEqual((got.dtype, shape_of(got)), (want.dtype, shape_of(want)), name)
        for i, (a, b) in enumerate(zip(values_of(got), values_of(want))):
            if not close(a, b, settings["rtol"], settings["atol"]):
                self.fail("%s[%d] is %r, not %r" % (name, i, a, b))

    def check_predict(self, got, want, settings):
        self.assertEqual(sorted(got.outputs), sorted(want.outputs))
        for name in want.outputs:
            self.check_tensor(name, got.outputs[name], want.outputs[name], settings)

    def check_classify(self, got, want, settings):
        self.assertEqual(len(got.result.classifications), len(want.result.classifications))
        for g, w in zip(got.result.classifications, want.result.classifications):
            self.assertEqual([c.label for c in g.classes], [c.label for c in w.classes])
            for a, b in zip(g.classes, w.classes):
                self.assertTrue(close(a.score, b.score, settings["rtol"], settings["atol"]), (a, b))

    def check_regress(self, got, want, settings):
        self.assertEqual(len(got.result.regressions), len(want.result.regressions))
        for a, b in zip(got.result.regressions, want.result.regressions):
            self.assertTrue(close(a.value, b.value, settings["rtol"], settings["atol"]), (a, b))

    def serve(self, model, tags):
        config = os.path.join(self.temporary(), "models.config")
        with open(config, "w") as file:
            file.write("model_config_list { config { name: '%s' base_path: '%s' model_platform: 'tensorflow'\n"
                       "  model_version_policy { all {} } } }\n" % (model, os.path.join(MODELS, model)))
        return Server("--model_config_file=" + config, "--saved_model_tags=" + ",".join(tags))

    def all_available(self, server, model):
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = model
        states = server.call("GetModelStatus", request).model_version_status
        wanted = [int(d) for d in os.listdir(os.path.join(MODELS, model)) if d.isdigit()]
        return sorted(s.version for s in states if s.state == s.AVAILABLE) == sorted(wanted)

    def replay(self, model):
        settings, cases = golden_settings(model), list(golden_cases(model))
        self.assertEqual(len(cases), settings["cases"])
        for tags in sorted({c[3] for c in cases}):
            with self.serve(model, tags) as server:
                # The server answers as soon as one version does; the others may still be loading.
                wait_until("every version is available", lambda: self.all_available(server, model))
                for kind, request, response, case_tags in cases:
                    if case_tags != tags:
                        continue
                    request.model_spec.name = model
                    with self.subTest(model=model, tags=tags, signature=request.model_spec.signature_name):
                        method = {"predict_log": "Predict", "classify_log": "Classify", "regress_log": "Regress"}[kind]
                        got = server.call(method, request)
                        getattr(self, "check_" + method.lower())(got, response, settings)
                        self.assertEqual(got.model_spec.name, model)
                        self.assertEqual(got.model_spec.signature_name,
                                         request.model_spec.signature_name or "serving_default")


def add_golden_tests():
    for model in model_names():
        setattr(Goldens, "test_" + model, lambda self, model=model: self.replay(model))


add_golden_tests()


class Answers(Case):
    @classmethod
    def setUpClass(cls):
        cls.server = serve_model("half_plus_two")

    @classmethod
    def tearDownClass(cls):
        cls.server.kill()

    def predict(self, inputs, **options):
        return self.server.call("Predict", predict_request("half_plus_two", inputs, **options))

    def test_predict(self):
        got = self.predict({"x": float_tensor([1.0, 2.0, 5.0])})
        self.assertEqual(got.model_spec.version.value, 1)
        self.assertEqual(got.model_spec.signature_name, "serving_default")
        self.assertEqual(list(got.outputs), ["y"])
        self.assertEqual(got.outputs["y"].dtype, 1)
        self.assertEqual(shape_of(got.outputs["y"]), [3])
        self.assertEqual(list(got.outputs["y"].float_val), [2.5, 3.0, 4.5])
        self.assertEqual(got.outputs["y"].tensor_content, b"")

    def test_tensor_forms(self):
        """tensor_content, values repeated from the last one, none at all, too many, a scalar, empty."""
        for tensor, want in [(float_tensor([1.0, 2.0], content=True), [2.5, 3.0]), (float_tensor([4.0], [3]), [4.0] * 3),
                             (float_tensor([], [2]), [2.0] * 2), (float_tensor([1.0, 2.0, 3.0], [2]), [2.5, 3.0]),
                             (float_tensor([6.0], []), [5.0]), (float_tensor([], [0]), []),
                             (float_tensor([1.0, 2.0], [2, 1]), [2.5, 3.0])]:
            got = self.predict({"x": tensor}).outputs["y"]
            self.assertEqual(values_of(got), want)
            self.assertEqual(shape_of(got), shape_of(tensor))

    def test_large_message(self):
        """Megabytes in both directions, far beyond the windows of HTTP/2."""
        n = 5 * 1000 * 1000
        got = self.predict({"x": float_tensor([2.0] * n, content=True)}).outputs["y"]
        self.assertEqual(len(got.float_val), n)
        self.assertEqual(set(got.float_val), {3.0})

    def test_compressed_requests(self):
        for algorithm in (grpc.Compression.Gzip, grpc.Compression.Deflate):
            got = self.server.call("Predict", predict_request("half_plus_two", {"x": float_tensor([1.0] * 1000)}),
                                   compression=algorithm)
            self.assertEqual(list(got.outputs["y"].float_val), [2.5] * 1000)

    def test_output_filter(self):
        got = self.predict({"x": float_tensor([1.0])}, outputs=["y"])
        self.assertEqual(list(got.outputs), ["y"])

    def test_wrong_predicts(self):
        x = float_tensor([1.0])
        bad_content = float_tensor([1.0])
        bad_content.tensor_content = b"123"
        no_type = float_tensor([1.0])
        no_type.dtype = 0
        negative = float_tensor([1.0], [-1])
        ints = tensor_pb2.TensorProto(dtype=3, int_val=[1])
        ints.tensor_shape.dim.add().size = 1
        cases = [
            ("NOT_FOUND", "Servable not found for request: Latest(nope)", predict_request("nope", {})),
            ("NOT_FOUND", "Servable not found for request: Specific(half_plus_two, 7)",
             predict_request("half_plus_two", {}, version=7)),
            ("NOT_FOUND", "Servable not found for request: Specific(half_plus_two, 0)",
             predict_request("half_plus_two", {"x": x}, version=0)),
            ("INVALID_ARGUMENT", "Missing ModelSpec", predict_pb2.PredictRequest()),
            ("INVALID_ARGUMENT", "ModelSpec has no name specified.", predict_request("", {})),
            ("FAILED_PRECONDITION", 'Serving signature key "zzz" not found.',
             predict_request("half_plus_two", {"x": x}, signature="zzz")),
            ("INVALID_ARGUMENT", "input size does not match signature: 0!=1 len({}) != len({x}). Sent extra: {}. "
             "Missing but required: {x}.", predict_request("half_plus_two", {})),
            ("INVALID_ARGUMENT", "input size does not match signature: 2!=1 len({a,x}) != len({x}). Sent extra: {a}. "
             "Missing but required: {}.", predict_request("half_plus_two", {"x": x, "a": x})),
            ("INVALID_ARGUMENT", "Signature input alias: x(feed name: x:0) not found in request and no default value "
             "provided. Inputs expected to be in the request {w}, or default input alias set: ",
             predict_request("half_plus_two", {"w": x})),
            ("INVALID_ARGUMENT", "tensor parsing error: x", predict_request("half_plus_two", {"x": bad_content})),
            ("INVALID_ARGUMENT", "tensor parsing error: x", predict_request("half_plus_two", {"x": no_type})),
            ("INVALID_ARGUMENT", "tensor parsing error: x", predict_request("half_plus_two", {"x": negative})),
            ("INVALID_ARGUMENT", "Expects arg[0] to be float but int32 is provided",
             predict_request("half_plus_two", {"x": ints})),
            ("INVALID_ARGUMENT", "output tensor alias not found in signature: q Outputs expected to be in the set {y}.",
             predict_request("half_plus_two", {"x": x}, outputs=["q"])),
            ("INVALID_ARGUMENT", "duplicate output tensor alias: y",
             predict_request("half_plus_two", {"x": x}, outputs=["y", "y"])),
        ]
        for code, text, request in cases:
            with self.subTest(text=text):
                self.fails(code, text, self.server.call, "Predict", request)

    def test_long_and_odd_error_texts(self):
        name = "é%\n" + "x" * 2000
        with self.assertRaises(grpc.RpcError) as caught:
            self.server.call("Predict", predict_request(name, {}))
        details = caught.exception.details()
        self.assertTrue(details.startswith("Servable not found for request: Latest(é%\nxxx"), details[:60])
        self.assertTrue(details.endswith("x...TRUNCATED"))
        self.assertLessEqual(len(details.encode()), 1024 + len("...TRUNCATED"))

    def test_label_unknown(self):
        request = predict_request("half_plus_two", {})
        request.model_spec.version_label = "stable"
        self.fails("INVALID_ARGUMENT", "Unrecognized servable version label: stable", self.server.call, "Predict", request)

    def test_no_such_method(self):
        channel = grpc.insecure_channel("127.0.0.1:%d" % self.server.port)
        for path in ("/tensorflow.serving.PredictionService/Nope", "/tensorflow.serving.SessionService/SessionRun", "/x"):
            self.fails("UNIMPLEMENTED", "", channel.unary_unary(path), b"", timeout=DEADLINE)
        channel.close()

    def test_malformed_message(self):
        channel = grpc.insecure_channel("127.0.0.1:%d" % self.server.port)
        for method in METHODS:
            stub = channel.unary_unary("/tensorflow.serving.%s/%s" % (METHODS[method][0], method))
            for body in (b"\xff\xff\xff", b"\x0a\x05\x0a\x80", b"\x0a\x04\x0a\x02\xff\xfe", b"\x0b"):
                with self.assertRaises(grpc.RpcError) as caught:
                    stub(body, timeout=DEADLINE)
                self.assertEqual(caught.exception.code().name, "INTERNAL", (method, body))
        channel.close()
        self.test_predict()

    def test_classify(self):
        request = classification_pb2.ClassificationRequest()
        request.model_spec.name = "half_plus_two"
        request.model_spec.signature_name = "classify_x_to_y"
        self.fails("INVALID_ARGUMENT", "Input is empty.", self.server.call, "Classify", request)
        request.input.example_list.examples.extend([example(x=[1.0]), example(x=[5.0])])
        got = self.server.call("Classify", request)
        self.assertEqual([[(c.label, c.score) for c in row.classes] for row in got.result.classifications],
                         [[("", 2.5)], [("", 4.5)]])
        request.model_spec.signature_name = "nope"
        self.fails("INVALID_ARGUMENT", "No signature was found with the name: nope", self.server.call, "Classify", request)
        request.model_spec.signature_name = "classify_x_to_y"
        request.input.example_list.examples.add()
        with self.assertRaises(grpc.RpcError) as caught:
            self.server.call("Classify", request)
        self.assertEqual(caught.exception.code().name, "INVALID_ARGUMENT")

    def test_regress_with_context(self):
        request = regression_pb2.RegressionRequest()
        request.model_spec.name = "half_plus_two"
        request.model_spec.signature_name = "regress_x_to_y"
        with_context = request.input.example_list_with_context
        with_context.context.CopyFrom(example(x=[3.0]))
        with_context.examples.extend([example(z=[1.0]), example(x=[5.0])])  # an example's feature wins
        got = self.server.call("Regress", request)
        self.assertEqual([r.value for r in got.result.regressions], [3.5, 4.5])

    def test_metadata(self):
        request = get_model_metadata_pb2.GetModelMetadataRequest()
        self.fails("INVALID_ARGUMENT", "Missing ModelSpec", self.server.call, "GetModelMetadata", request)
        request.model_spec.name = "half_plus_two"
        self.fails("INVALID_ARGUMENT", "GetModelMetadataRequest must specify at least one metadata_field",
                   self.server.call, "GetModelMetadata", request)
        request.metadata_field.append("signature_def")
        got = self.server.call("GetModelMetadata", request)
        self.assertEqual((got.model_spec.name, got.model_spec.version.value, got.model_spec.signature_name),
                         ("half_plus_two", 1, ""))
        signatures = get_model_metadata_pb2.SignatureDefMap()
        self.assertTrue(got.metadata["signature_def"].Unpack(signatures))
        default = signatures.signature_def["serving_default"]
        self.assertEqual((default.method_name, default.inputs["x"].name, default.outputs["y"].name),
                         ("tensorflow/serving/predict", "x:0", "y:0"))
        self.assertEqual(default.inputs["x"].dtype, 1)
        request.metadata_field.append("other")
        self.fails("INVALID_ARGUMENT", "Metadata field other is not supported", self.server.call, "GetModelMetadata", request)

    def test_status(self):
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = "half_plus_two"
        got = self.server.call("GetModelStatus", request)
        self.assertEqual([(v.version, v.state, v.status.error_code, v.status.error_message)
                          for v in got.model_version_status], [(1, 30, 0, "")])
        request.model_spec.version.value = 3
        self.fails("NOT_FOUND", "Could not find version 3 of model half_plus_two", self.server.call, "GetModelStatus", request)
        request.model_spec.Clear()
        request.model_spec.name = "q"
        self.fails("NOT_FOUND", "Could not find any versions of model q", self.server.call, "GetModelStatus", request)

    def test_cancelled_calls(self):
        request = predict_request("half_plus_two", {"x": float_tensor([1.0] * 100000)})
        stub = grpc.insecure_channel("127.0.0.1:%d" % self.server.port).unary_unary(
            "/tensorflow.serving.PredictionService/Predict", request_serializer=lambda m: m.SerializeToString())
        for _ in range(50):
            stub.future(request).cancel()
        self.test_predict()


class Options(Case):
    def test_tensor_content(self):
        with serve_model("half_plus_two", "--enable_serialization_as_tensor_content=true") as server:
            got = server.call("Predict", predict_request("half_plus_two", {"x": float_tensor([1.0, 2.0])})).outputs["y"]
            self.assertEqual(struct.unpack("<2f", got.tensor_content), (2.5, 3.0))
            self.assertEqual(list(got.float_val), [])
            self.assertEqual(server.rest("POST", "/v1/models/half_plus_two:predict", {"inputs": [1.0]}).json(),
                             {"outputs": [2.5]})

    def test_method_name_check(self):
        with serve_model("half_plus_two", "--enable_signature_method_name_check") as server:
            request = classification_pb2.ClassificationRequest()
            request.model_spec.name = "half_plus_two"
            request.model_spec.signature_name = "regress_x_to_y"
            request.input.example_list.examples.extend([example(x=[1.0])])
            self.fails("INVALID_ARGUMENT", "Expected classification signature method_name to be tensorflow/serving/classify."
                       " Was: tensorflow/serving/regress", server.call, "Classify", request)

    def test_unix_socket(self):
        path = os.path.join(self.temporary(), "grpc.sock")
        with serve_model("half_plus_two", "--grpc_socket_path=" + path):
            channel = grpc.insecure_channel("unix:" + path)
            stub = channel.unary_unary("/tensorflow.serving.PredictionService/Predict",
                                       request_serializer=lambda m: m.SerializeToString(),
                                       response_deserializer=predict_pb2.PredictResponse.FromString)
            got = stub(predict_request("half_plus_two", {"x": float_tensor([1.0])}), timeout=DEADLINE)
            self.assertEqual(list(got.outputs["y"].float_val), [2.5])
            channel.close()


if __name__ == "__main__":
    unittest.main()
