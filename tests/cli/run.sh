#!/bin/sh
# Runs the scripts of tests/cli against the real program: run.sh BINARY_DIR [NAME...]
#
# NAME.sh is run by sh in an empty folder, with $BIN (the programs), $ROOT (the checkout) and $DATA (tests/data) set.
# Its standard output must be NAME.stdout, its standard error match the glob NAME.stderr (nothing, if there is no
# such file), its exit code be that in the line `# exit: N` (0 if there is none). Expected outputs of `show` were
# recorded from TensorFlow's saved_model_cli (record_show.py).
set -u
here=$(cd "$(dirname "$0")" && pwd)
BIN=$(cd "$1" && pwd)
ROOT=$(cd "$here/../.." && pwd)
DATA=$ROOT/tests/data
export BIN ROOT DATA
shift
[ $# -gt 0 ] || set -- $(cd "$here" && ls *.sh | sed 's/\.sh$//' | grep -v '^run$')
failed=0
passed=0
for name in "$@"; do
  work=$(mktemp -d)
  want_code=$(sed -n 's/^# exit: //p' "$here/$name.sh")
  (cd "$work" && sh "$here/$name.sh" >"$work.out" 2>"$work.err")
  code=$?
  why=""
  [ $code = "${want_code:-0}" ] || why="exit code $code, not ${want_code:-0}"
  cmp -s "$work.out" "$here/$name.stdout" || why="$why; standard output differs"
  text=$(cat "$work.err")
  pattern=""
  [ ! -f "$here/$name.stderr" ] || pattern=$(cat "$here/$name.stderr")
  case $text in
    $pattern) ;;
    *) why="$why; standard error is: $text" ;;
  esac
  if [ -n "$why" ]; then
    echo "FAILED $name: $why"
    diff "$here/$name.stdout" "$work.out" | head -20
    failed=$((failed + 1))
  else
    passed=$((passed + 1))
  fi
  rm -rf "$work" "$work.out" "$work.err"
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
