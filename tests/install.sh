#!/bin/sh
# Installs BUILD_DIR under a temporary prefix; a program compiled there by pkg-config alone links and runs, with the
# shared libraries and with libsavedmodel.a; programs and man pages are in place.
set -eu
build=$(cd "$1" && pwd)
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/prefix" >/dev/null
cd "$work"

libdir=$(dirname "$(find prefix -name savedmodel.pc)")
PKG_CONFIG_PATH=$work/$libdir
LD_LIBRARY_PATH=$(dirname "$PKG_CONFIG_PATH")
export PKG_CONFIG_PATH LD_LIBRARY_PATH
cc=${CC:-cc}

cat >version.c <<'C'
#include <stdio.h>
#include <tensorflow/c/c_api.h>
int main(void) { return puts(TF_Version()) < 0; }
C
$cc version.c -o version $(pkg-config --cflags --libs tensorflow)
[ "$(./version)" = 2.15.1 ]

$cc "$root/examples/seed_saver.c" -o shared $(pkg-config --cflags --libs savedmodel)
./shared | grep -q '^v1 \[1\. 1\. 1\.\]$'

if [ -f "$LD_LIBRARY_PATH/libsavedmodel.a" ]; then
  rm "$LD_LIBRARY_PATH"/libsavedmodel.so*
  $cc "$root/examples/seed_saver.c" -o static $(pkg-config --cflags --libs --static savedmodel)
  ./static | grep -q '^v1 \[1\. 1\. 1\.\]$'
fi

prefix/bin/savedmodel --version >/dev/null
prefix/bin/tensorflow_model_server --version | grep -q '^TensorFlow Library: 2\.15\.1$'
for page in savedmodel tensorflow_model_server; do
  [ -s "prefix/share/man/man1/$page.1" ]
done
