#!/bin/sh
# `make demo`: a model built and trained a step in C, saved as a checkpoint and as a SavedModel, served, and asked
# over gRPC and REST.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
python=/usr/bin/python3
[ -x $python ] || python=python3
PATH=$root/build/bin:$root/build/examples:$PATH

bold='' plain=''
[ ! -t 1 ] || bold=$(printf '\033[1m') plain=$(printf '\033[0m')
say() { printf '\n%s\n' "$bold$*$plain"; }

# Prints a command as one would type it, and runs it.
show() {
  printf '$'
  for word in "$@"; do
    case $word in
      *[!A-Za-z0-9_./:=-]*) printf " '%s'" "$word" ;;
      *) printf ' %s' "$word" ;;
    esac
  done
  echo
  "$@"
}

# The port wanted, or another one if something listens there.
free_port() {
  $python - "$1" <<'PY'
import socket, sys
for port in int(sys.argv[1]), 0:
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("", port))
        except OSError:
            continue
        print(s.getsockname()[1])
        break
PY
}

work=$root/build/demo
rm -rf "$work"
mkdir -p "$work"
cd "$work"

say '1. Variables in C, saved and restored (examples/seed_saver.c)'
show seed_saver
show savedmodel checkpoint list tmp/model.ckpt

say '2. A linear model: exported as version 1, trained a step, exported as version 2 (examples/seed_export.c)'
show seed_export
show savedmodel show --dir exp_model/2 --tag_set serve --signature_def prediction
show savedmodel run --dir exp_model/2 --tag_set serve --signature_def prediction --input_exprs 'input=[[1, 2]]'

say '3. Served as TensorFlow Serving would'
grpc_port=$(free_port "${DEMO_PORT:-9000}")
rest_port=$(free_port "${DEMO_REST_PORT:-8501}")
[ "$grpc_port" = "${DEMO_PORT:-9000}" ] || echo "(port ${DEMO_PORT:-9000} is in use: gRPC on $grpc_port)"
[ "$rest_port" = "${DEMO_REST_PORT:-8501}" ] || echo "(port ${DEMO_REST_PORT:-8501} is in use: REST on $rest_port)"
base=$work/exp_model
echo "\$ tensorflow_model_server --port=$grpc_port --rest_api_port=$rest_port --model_name=seed --model_base_path=\$PWD/exp_model &"
tensorflow_model_server --port="$grpc_port" --rest_api_port="$rest_port" --model_name=seed --model_base_path="$base" 2>server.log &
server=$!
trap 'kill $server 2>/dev/null || true; wait $server 2>/dev/null || true' EXIT INT TERM
tries=0
until curl -fs "http://127.0.0.1:$rest_port/v1/models/seed" >/dev/null 2>&1; do
  tries=$((tries + 1))
  if [ $tries -gt 100 ] || ! kill -0 $server 2>/dev/null; then
    cat server.log >&2
    exit 1
  fi
  sleep 0.05
done
sh "$root/tools/pyproto.sh"
echo "\$ python3 examples/client.py 127.0.0.1:$grpc_port seed prediction '[[1, 2]]'     # gRPC"
PYTHONPATH="$root/build/py" $python "$root/examples/client.py" "127.0.0.1:$grpc_port" seed prediction '[[1, 2]]'
echo "\$ curl -d '{\"signature_name\": \"prediction\", \"instances\": [[1, 2]]}' http://127.0.0.1:$rest_port/v1/models/seed:predict     # REST"
curl -fsS -d '{"signature_name": "prediction", "instances": [[1, 2]]}' "http://127.0.0.1:$rest_port/v1/models/seed:predict"
echo
show curl -fsS "http://127.0.0.1:$rest_port/v1/models/seed"

say 'Done. The checkpoint and the two exported versions are in build/demo; the server stops now.'
