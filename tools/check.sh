#!/bin/sh
# Checks that need no tests: public headers compile alone as C and as C++, every internal header as C, folders
# use only the layers that they may (cmake: layer()), man pages and docs name every command.
set -eu
cd "$(dirname "$0")/.."
cc=${CC:-cc}
failed=0

for header in include/tensorflow/c/*.h include/savedmodel/*.h; do
  name=${header#include/}
  printf '#include "%s"\nint x;\n' "$name" | $cc -std=c17 -Wall -Wextra -pedantic -Werror -fsyntax-only -Iinclude -x c - || failed=1
  if command -v c++ >/dev/null 2>&1; then
    printf '#include "%s"\nint x;\n' "$name" | c++ -std=c++17 -Wall -Wextra -Werror -fsyntax-only -Iinclude -x c++ - || failed=1
  fi
done

for header in src/*/*.h; do
  case $header in src/simd/* | *_body.h) continue ;; esac # templates: a file includes them with its own macros
  printf '#include "%s"\n' "${header#src/}" |
    $cc -std=c17 -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only -Isrc -Iinclude -Ibuild/proto -x c - || failed=1
done

# A layer includes only itself and the layers that its layer() line names, directly or through these.
python3 - <<'PY' || failed=1
import collections, glob, os, re, sys
text = "".join(open(p).read() for p in ["CMakeLists.txt"] + glob.glob("cmake/*.cmake"))
deps = collections.defaultdict(set)
for name, rest in re.findall(r"^layer\((\w+)([^)]*)\)", text, re.M):
    words = rest.split()
    if "DEPS" in words:
        at = words.index("DEPS") + 1
        deps[name] = set(words[at:words.index("LIBS") if "LIBS" in words else None])
def closure(name, seen):
    for dep in deps[name]:
        if dep not in seen:
            seen.add(dep)
            closure(dep, seen)
    return seen
bad = 0
for path in sorted(glob.glob("src/*/*.[ch]")):
    layer = path.split("/")[1]
    if layer not in deps or path.endswith("_test.c"):
        continue
    allowed = closure(layer, {layer, "base"})
    for include in re.findall(r'^#include "(\w+)/', open(path).read(), re.M):
        if os.path.isdir("src/" + include) and include not in allowed:
            print("%s includes %s/, which %s may not use" % (path, include, layer))
            bad = 1
sys.exit(bad)
PY

for command in $(sed -n 's/^CLI_COMMAND("\([a-z]*\)".*/\1/p' src/cli/commands.inc); do
  grep -q "^\.SS $command" docs/man/savedmodel.1 || { echo "docs/man/savedmodel.1 does not name $command"; failed=1; }
done
[ $failed = 0 ] && echo "check: all well"
exit $failed
