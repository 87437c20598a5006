#!/bin/sh
# Generates Python message classes from proto/ into DIR (default build/py), for clients and tests.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
out=${1:-$root/build/py}
[ -f "$out/.done" ] && [ -z "$(find "$root/proto" -newer "$out/.done" -name '*.proto')" ] && exit 0
mkdir -p "$out"
cd "$root/proto"
# google/protobuf's own messages come with the protobuf package.
protoc -I . --python_out="$out" $(find tensorflow tensorflow_serving tsl grpc_health -name '*.proto')
touch "$out/.done"
