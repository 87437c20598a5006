#!/bin/sh
# `make interop`: both directions with TensorFlow 2.15.1, installed from PyPI into build/venv.
#  - TensorFlow loads and runs what we write, we load and run what it writes (tests/interop/*.py);
#  - a full-size Tacotron that TensorFlow exports is served by us, its spectrogram compared (tests/models/tacotron.py);
#  - the C API tests and libsavedmodel, built in build/interop, also pass on Google's libtensorflow.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
venv=$root/build/venv
if [ ! -f "$venv/.done" ] || [ tests/interop/requirements.txt -nt "$venv/.done" ]; then
  python3 -m venv "$venv"
  echo "interop: installing $(tr '\n' ' ' <tests/interop/requirements.txt)"
  "$venv/bin/pip" install -q --disable-pip-version-check -r tests/interop/requirements.txt
  "$venv/bin/pip" install -q --disable-pip-version-check --no-deps -r tests/interop/requirements-nodeps.txt
  touch "$venv/.done"
fi
tensorflow=$(echo "$venv"/lib/python3*/site-packages/tensorflow)
libs="$tensorflow/libtensorflow_cc.so.2;$tensorflow/libtensorflow_framework.so.2"
export TF_CPP_MIN_LOG_LEVEL=2 TF_ENABLE_ONEDNN_OPTS=0 CUDA_VISIBLE_DEVICES=""

failed=0
echo "interop: the C API tests and libsavedmodel on Google's libtensorflow"
cmake -S . -B build/interop -G Ninja -DCMAKE_BUILD_TYPE=Release -DSM_TENSORFLOW_LIB="$libs" >/dev/null
cmake --build build/interop --target foreign_tests
(cd build/interop && ctest --output-on-failure -L foreign) || failed=1

for script in tests/interop/*_interop.py; do
  echo "interop: $script"
  "$venv/bin/python" "$script" "$root/build" "$root/build/interop" || failed=1
done
echo "interop: Tacotron at full size, exported by TensorFlow, served by us"
"$venv/bin/python" tests/models/tacotron.py "$root/build/bin/tensorflow_model_server" || failed=1
[ $failed = 0 ] && echo "interop: all well"
exit $failed
