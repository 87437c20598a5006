#!/usr/bin/env python3
"""Asks a running model server over gRPC, with nothing but grpcio and protobuf.

  tools/pyproto.sh && PYTHONPATH=build/py python3 examples/client.py localhost:9000 seed prediction '[[1, 2]]'
"""
import json
import sys

import grpc
from tensorflow_serving.apis import predict_pb2


def fill(proto, values):
    """Fills a float TensorProto from nested lists."""
    proto.dtype = 1  # DT_FLOAT
    level = values
    while isinstance(level, list):
        proto.tensor_shape.dim.add(size=len(level))
        level = level[0] if level else None

    def walk(value):
        if isinstance(value, list):
            for inner in value:
                walk(inner)
        else:
            proto.float_val.append(value)
    walk(values)


def main(address, model, signature, values, name="input"):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    fill(request.inputs[name], json.loads(values))
    call = grpc.insecure_channel(address).unary_unary(
        "/tensorflow.serving.PredictionService/Predict",
        request_serializer=predict_pb2.PredictRequest.SerializeToString,
        response_deserializer=predict_pb2.PredictResponse.FromString)
    response = call(request, timeout=10)
    print("version", response.model_spec.version.value)
    for key, value in sorted(response.outputs.items()):
        print(key, [d.size for d in value.tensor_shape.dim], [round(v, 6) for v in value.float_val])


if __name__ == "__main__":
    main(*sys.argv[1:])
