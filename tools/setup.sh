#!/bin/sh
# Installs the compiler, tools and libraries that `make $1` needs, and says nothing when all are there.
# Debian and Ubuntu: by apt, as root or by sudo. Elsewhere: names the packages and stops.
set -eu

build="build-essential cmake ninja-build pkg-config git ca-certificates
  protobuf-c-compiler libprotobuf-c-dev protobuf-compiler libevent-dev libnghttp2-dev zlib1g-dev
  libsnappy-dev libdnnl-dev libpcre2-dev libjpeg-dev libpng-dev libgif-dev"
tests="libcmocka-dev curl python3 python3-grpcio python3-protobuf python3-requests python3-h2"
interop="python3-venv"

case "${1:-}" in
  demo) wanted="$build curl python3 python3-grpcio python3-protobuf" ;;
  test | asan | tsan) wanted="$build $tests" ;;
  fuzz) wanted="$build clang libclang-rt-14-dev libomp-14-dev" ;;
  interop) wanted="$build $tests $interop" ;;
  *) wanted="$build" ;;
esac

if ! command -v dpkg-query >/dev/null 2>&1; then
  for tool in make cmake ninja cc pkg-config protoc-c; do
    command -v $tool >/dev/null 2>&1 && continue
    echo "setup: this is not Debian or Ubuntu, and '$tool' is missing. Install what these packages hold:" >&2
    echo $wanted >&2
    exit 1
  done
  exit 0
fi

missing=""
for package in $wanted; do
  status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [ "$status" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=""
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    echo "setup: run this as root (there is no sudo): apt-get install$missing" >&2
    exit 1
  fi
  as_root=sudo
fi
echo "setup: installing$missing"
$as_root apt-get update -q >/dev/null
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $missing >/dev/null
