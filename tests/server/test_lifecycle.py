"""Versions that come and go while requests run, config files, the start and the end."""
import os
import shutil
import signal
import threading
import unittest

from harness import *  # noqa: F403


def publish(source, base, version):
    """A version appears at once, as it should: copied under another name, then renamed."""
    staging = os.path.join(base, "copying")
    shutil.copytree(source, staging)
    os.rename(staging, os.path.join(base, str(version)))


class Swap(Case):
    def status(self, server, model):
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = model
        return {v.version: v.state for v in server.call("GetModelStatus", request).model_version_status}

    def test_hot_swap_under_load(self):
        """Clients run all the time while versions 1, 2 and 10 follow each other: nothing fails."""
        base, source = self.temporary(), os.path.join(MODELS, "seed_versions")
        publish(os.path.join(source, "1"), base, 1)
        request = next(r for k, r, _, _ in golden_cases("seed_versions") if k == "predict_log")
        request.model_spec.name = "m"
        request.model_spec.ClearField("version")
        stop, seen, errors = threading.Event(), [[] for _ in range(6)], []
        with Server("--model_name=m", "--model_base_path=" + base, "--file_system_poll_wait_seconds=1") as server:
            def client(versions):
                channel = grpc.insecure_channel("127.0.0.1:%d" % server.port, options=[("grpc.use_local_subchannel_pool", 1)])
                stub = channel.unary_unary("/tensorflow.serving.PredictionService/Predict",
                                           request_serializer=lambda m: m.SerializeToString(),
                                           response_deserializer=predict_pb2.PredictResponse.FromString)
                try:
                    while not stop.is_set():
                        versions.append(stub(request, timeout=DEADLINE).model_spec.version.value)
                except grpc.RpcError as error:
                    errors.append(error)
                channel.close()

            threads = [threading.Thread(target=client, args=(versions,)) for versions in seen]
            for thread in threads:
                thread.start()
            try:
                for version in (2, 10):
                    publish(os.path.join(source, str(version)), base, version)
                    wait_until("version %d serves" % version,
                               lambda: errors or all(v and v[-1] == version for v in seen))
                wait_until("old versions are gone", lambda: self.status(server, "m") == {10: 30, 2: 50, 1: 50})
                shutil.rmtree(os.path.join(base, "10"))
                wait_until("version 2 is back", lambda: errors or all(v[-1] == 2 for v in seen))
            finally:
                stop.set()
                for thread in threads:
                    thread.join()
            self.assertEqual(errors, [])
            for versions in seen:
                self.assertEqual([v for i, v in enumerate(versions) if i == 0 or versions[i - 1] != v], [1, 2, 10, 2])

    def test_broken_version_keeps_the_old_one(self):
        base = self.temporary()
        publish(os.path.join(MODELS, "half_plus_two/1"), base, 1)
        with Server("--model_name=m", "--model_base_path=" + base, "--max_num_load_retries=1",
                    "--load_retry_interval_micros=1000") as server:
            os.mkdir(os.path.join(base, "3"))
            wait_until("version 3 has failed", lambda: self.status(server, "m") == {3: 50, 1: 30})
            request = get_model_status_pb2.GetModelStatusRequest()
            request.model_spec.name = "m"
            failed = server.call("GetModelStatus", request).model_version_status[0]
            self.assertEqual(failed.status.error_code, 5)
            self.assertIn("Could not find SavedModel .pb or .pbtxt at supplied export directory path", failed.status.error_message)
            got = server.call("Predict", predict_request("m", {"x": float_tensor([1.0])}))
            self.assertEqual(got.model_spec.version.value, 1)
            self.assertIn("retry: 1", server.log_text())


class Config(Case):
    def config(self, text):
        path = os.path.join(self.temporary(), "models.config")
        with open(path, "w") as file:
            file.write(text)
        return "--model_config_file=" + path

    def test_policies(self):
        base = os.path.join(MODELS, "seed_versions")
        config = self.config("""model_config_list {
          config { name: 'latest' base_path: '%s' model_platform: 'tensorflow' }
          config { name: 'two', base_path: '%s', model_platform: "tensorflow" model_version_policy { latest { num_versions: 2 } } }
          config { name: 'all' base_path: '%s' model_platform: 'tensorflow' model_version_policy: { all: {} } }
          config { name: 'some' base_path: '%s' model_type: TENSORFLOW
                   model_version_policy { specific { versions: 1 versions: 2 versions: 77 } }
                   version_labels { key: 'stable' value: 1 } version_labels { key: 'canary' value: 2 } }
        }""" % (base, base, base, base))
        with Server(config) as server:
            for model, versions in (("latest", [10]), ("two", [10, 2]), ("all", [10, 2, 1]), ("some", [2, 1])):
                request = get_model_status_pb2.GetModelStatusRequest()
                request.model_spec.name = model

                def states():
                    return [(v.version, v.state) for v in server.call("GetModelStatus", request).model_version_status]
                wait_until(model, lambda: states() == [(v, 30) for v in versions])
            for label, version in (("stable", 1), ("canary", 2)):
                for _, request, _, _ in golden_cases("seed_versions"):
                    request.model_spec.name = "some"
                    request.model_spec.version_label = label
                    got = server.call("Predict", request)
                    self.assertEqual((got.model_spec.version.value, got.model_spec.version_label), (version, ""))
                    break

    def test_missing_base_path_does_not_hold_up_others(self):
        """The server waits for the second model, but meanwhile follows the first one's versions."""
        here, there = self.temporary(), os.path.join(self.temporary(), "not_yet")
        publish(os.path.join(MODELS, "seed_versions/1"), here, 1)
        config = self.config("model_config_list { config { name: 'b' base_path: '%s' model_platform: 'tensorflow' } "
                             "config { name: 'a' base_path: '%s' model_platform: 'tensorflow' } }" % (there, here))
        with Server(config, ready=False) as server:
            wait_until("it says what is missing", lambda: "Could not find base path %s for servable b" % there in server.log_text())
            wait_until("a:1", lambda: "Successfully loaded servable version {name: a version: 1}" in server.log_text())
            publish(os.path.join(MODELS, "seed_versions/2"), here, 2)
            wait_until("a:2", lambda: "Successfully loaded servable version {name: a version: 2}" in server.log_text())
            with self.assertRaises(OSError):
                socket.create_connection(("127.0.0.1", server.port), 5)
            os.mkdir(there)
            publish(os.path.join(MODELS, "half_plus_two/1"), there, 5)
            wait_until("the server is up", server.is_up)
            got = server.call("Predict", predict_request("b", {"x": float_tensor([1.0])}))
            self.assertEqual(got.model_spec.version.value, 5)


class Ends(Case):
    """What ends the process, with which status and text."""

    def run_to_end(self, *flags):
        return subprocess.run([SERVER, *flags], capture_output=True, timeout=DEADLINE, text=True)

    def fails_to_start(self, error, *flags):
        got = self.run_to_end(*flags)
        self.assertEqual((got.returncode, got.stdout), (255, "Failed to start server. Error: %s\n" % error))
        return got

    def config(self, text):
        return Config.config(self, text)

    def test_version(self):
        got = self.run_to_end("--version")
        self.assertEqual(got.returncode, 0)
        self.assertRegex(got.stdout, r"^TensorFlow ModelServer: \S+\nTensorFlow Library: \S+\n$")

    def test_help(self):
        got = self.run_to_end("--help")
        self.assertEqual(got.returncode, 255)
        lines = got.stdout.split("\n")
        self.assertTrue(lines[0].startswith("usage: /"), lines[0])
        self.assertEqual(lines[1], "Flags:")
        self.assertTrue(lines[2].startswith("\t--port=8500" + " " * 22 + "\tint32\t"), lines[2])
        self.assertIn('\t--model_name="default"', got.stdout)
        self.assertEqual(sum(line.startswith("\t--") for line in lines), 48)

    def test_bad_values(self):
        for flag, said in (("--port=abc", "abc"), ("--port=1x", "1x"), ("--enable_batching=yes", "=yes"), ("--port", "")):
            got = self.run_to_end(flag)
            self.assertEqual(got.returncode, 255)
            self.assertIn("Couldn't interpret value %s for flag %s." % (said, flag[2:].split("=")[0]), got.stderr)
            self.assertTrue(got.stdout.startswith("usage: "), got.stdout[:80])

    def test_mistakes(self):
        here = self.temporary()
        self.fails_to_start("INVALID_ARGUMENT: Both server_options.model_base_path and server_options.model_config_file are empty!")
        self.fails_to_start("INVALID_ARGUMENT: At least one of server_options.grpc_port or server_options.grpc_socket_path must be set.",
                            "--port=0", "--model_base_path=/x")
        self.fails_to_start("INVALID_ARGUMENT: Expected model default to have an absolute path or URI; got base_path()=x",
                            "--model_base_path=x")
        self.fails_to_start("NOT_FOUND: %s/c; No such file or directory" % here, "--model_config_file=%s/c" % here)
        self.fails_to_start("INVALID_ARGUMENT: server_options.batching_parameters_file is set without setting "
                            "server_options.enable_batching to true.", "--model_base_path=/x", "--batching_parameters_file=b")

    def test_wrong_configs(self):
        model = "config { name: 'm' base_path: '/x' %s }"
        for text, error in [
            (model % "", "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
             "ModelServerConfig::model_platform, model name is m"),
            (model % "model_platform: 'tensorflow' model_type: TENSORFLOW", "Illegal setting both ModelServerConfig::model_type "
             "(deprecated) and ModelServerConfig::model_platform, model name is m"),
            (model % "model_platform: 'caffe'", "Model m requests unsupported platform caffe"),
            (model % "model_type: OTHER", "ModelServerConfig::model_type choice 2 not supported."),
            (2 * (model % "model_platform: 'tensorflow'"), "Illegal to list model m multiple times in config list"),
        ]:
            self.fails_to_start("INVALID_ARGUMENT: " + error, self.config("model_config_list { %s }" % text))
        flag = self.config("model_config_list {\n  config { nam: 'm' }\n}")
        got = self.fails_to_start("INVALID_ARGUMENT: Invalid protobuf file: '%s'" % flag.split("=")[1], flag)
        self.assertIn("Error parsing text-format tensorflow.serving.ModelServerConfig: 2:", got.stderr)

    def test_model_that_does_not_load(self):
        base = self.temporary()
        os.mkdir(os.path.join(base, "1"))
        got = self.run_to_end("--port=%d" % free_port(), "--model_base_path=" + base, "--max_num_load_retries=0")
        self.assertEqual(got.returncode, 255)
        self.assertTrue(got.stdout.startswith(
            "Failed to start server. Error: UNKNOWN: 1 servable(s) did not become available: {{{name: default version: 1} "
            "due to error: NOT_FOUND: Could not find SavedModel .pb or .pbtxt"), got.stdout)
        self.assertTrue(got.stdout.endswith("}, }\n"), got.stdout)

    def test_wrong_tags(self):
        got = self.run_to_end("--port=%d" % free_port(), "--model_base_path=%s/half_plus_two" % MODELS,
                              "--saved_model_tags=serve,tpu", "--max_num_load_retries=0")
        self.assertEqual(got.returncode, 255)
        self.assertIn("Could not find meta graph def matching supplied tags", got.stdout)

    def test_port_in_use(self):
        with socket.socket() as s:
            s.bind(("", 0))
            s.listen()
            self.fails_to_start("INVALID_ARGUMENT: Failed to BuildAndStart gRPC server", "--port=%d" % s.getsockname()[1],
                                "--model_base_path=%s/half_plus_two" % MODELS)

    def test_unknown_and_separate_flags(self):
        """An unknown flag is named and does no harm; values may stand apart."""
        with Server("--model_name", "half_plus_two", "--model_base_path", os.path.join(MODELS, "half_plus_two"),
                    "--use_saved_model=true", "--enable_batching") as server:
            self.assertEqual(server.rest("POST", "/v1/models/half_plus_two:predict", {"inputs": 1.0}).json(), {"outputs": 2.5})
            self.assertIn("--enable_batching has no effect", server.log_text())
            self.assertEqual(server.stop(), 0)
            self.assertTrue(server.process.stdout.read().startswith(b"unknown argument: --use_saved_model=true\nusage: "))

    def test_stop_while_waiting_for_a_model(self):
        with Server("--model_base_path=" + self.temporary(), ready=False) as server:
            wait_until("it looks for versions", lambda: "No versions of servable default found" in server.log_text())
            self.assertEqual(server.stop(), 0)

    def test_drain(self):
        """SIGTERM under load: every call ends well or is refused as UNAVAILABLE before it ran; the status is 0."""
        for number in (signal.SIGTERM, signal.SIGINT):
            with serve_model("half_plus_two") as server:
                request = predict_request("half_plus_two", {"x": float_tensor([1.0] * 1000)})
                good, bad, started = [0], [], threading.Event()

                def client():
                    channel = grpc.insecure_channel("127.0.0.1:%d" % server.port,
                                                    options=[("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)])
                    stub = channel.unary_unary("/tensorflow.serving.PredictionService/Predict",
                                               request_serializer=lambda m: m.SerializeToString())
                    while True:
                        try:
                            stub(request, timeout=DEADLINE)
                        except grpc.RpcError as error:
                            if error.code() != grpc.StatusCode.UNAVAILABLE:
                                bad.append(error)
                            break
                        good[0] += 1
                        started.set()
                    channel.close()

                threads = [threading.Thread(target=client) for _ in range(8)]
                for thread in threads:
                    thread.start()
                started.wait(DEADLINE)
                status = server.stop(number)
                for thread in threads:
                    thread.join()
                self.assertEqual((status, bad), (0, []))
                self.assertGreater(good[0], 0)

    def test_drain_with_idle_connections(self):
        with serve_model("half_plus_two") as server:
            server.call("Predict", predict_request("half_plus_two", {"x": float_tensor([1.0])}))
            session = requests.Session()
            session.get("http://127.0.0.1:%d/v1/models/half_plus_two" % server.rest_port)
            with socket.create_connection(("127.0.0.1", server.port)), socket.create_connection(("127.0.0.1", server.rest_port)):
                self.assertEqual(server.stop(timeout=20), 0)
            session.close()


if __name__ == "__main__":
    unittest.main()
