#!/bin/sh
# Starts the server as the first process of a container, so that it gets the signals itself.
exec tensorflow_model_server --port=8500 --rest_api_port=8501 --model_name="${MODEL_NAME:-model}" \
  --model_base_path="${MODEL_BASE_PATH:-/models}/${MODEL_NAME:-model}" "$@"
