#!/bin/sh
# Builds the libFuzzer targets with clang in build-fuzz/ and runs each for FUZZ_SECONDS, one after the other.
set -eu
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-60}
CC=clang cmake -S . -B build-fuzz -G Ninja -DSM_FUZZ=ON -DSM_TESTS=OFF -DCMAKE_BUILD_TYPE=Debug \
  -DCMAKE_C_FLAGS_DEBUG="-O1 -g1" -DSM_SANITIZE=address,undefined,float-cast-overflow >/dev/null
cmake --build build-fuzz --target $(ls fuzz/fuzz_*.c | sed 's|.*/||; s|\.c$||')
# The op cases as further seeds of fuzz_ops, where Python has numpy.
python3 fuzz/ops_seeds.py build-fuzz/seeds/ops 2>/dev/null || echo "fuzz_ops: no numpy, so the op cases are no seeds"
for source in fuzz/fuzz_*.c; do
  name=$(basename "$source" .c)
  found=build-fuzz/found/${name#fuzz_}
  seeds=build-fuzz/seeds/${name#fuzz_}
  mkdir -p "$found" "$seeds" "fuzz/corpus/${name#fuzz_}"
  echo "$name: $seconds s"
  "build-fuzz/bin/$name" -max_total_time="$seconds" -rss_limit_mb=4096 -timeout=10 -print_final_stats=0 \
    -artifact_prefix="$found/crash-" "$found" "fuzz/corpus/${name#fuzz_}" "$seeds"
done
