"""What the interop scripts share: checks, our programs, random values, comparison."""
import os
import subprocess
import sys

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np

BUILD = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else os.path.abspath("build")
VERBOSE = "-v" in sys.argv
failures = passed = 0


def check(name, ok, detail=""):
    global failures, passed
    failures += not ok
    passed += bool(ok)
    if not ok or VERBOSE:
        print("%-4s %s%s" % ("ok" if ok else "FAIL", name, "" if ok else "\n     " + str(detail)[:1500]), flush=True)
    return ok


def finish(what):
    print("%s: %d checks, %d failed" % (what, passed + failures, failures))
    sys.exit(failures != 0)


def ours(*args, code=0, cwd=None):
    """Runs build/bin/savedmodel and returns what it printed."""
    done = subprocess.run([os.path.join(BUILD, "bin/savedmodel"), *args], cwd=cwd, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    if done.returncode != code:
        check("savedmodel " + " ".join(args), False, "exit %d: %s" % (done.returncode, done.stderr.decode()[-600:]))
    return done.stdout.decode()


def same(got, want):
    """Equal in type, shape and bits (of NaNs too); strings as bytes."""
    got, want = np.asarray(got), np.asarray(want)
    if want.dtype.kind in "SUO":
        text = lambda a: [x.encode() if isinstance(x, str) else bytes(x) for x in a.reshape(-1)]
        return got.shape == want.shape and text(got) == text(want)
    return got.dtype == want.dtype and got.shape == want.shape and got.tobytes() == want.tobytes()


def close(got, want, rtol=1e-5, atol=1e-6):
    """Equal, floating point values within the tolerance; NaNs equal NaNs."""
    got, want = np.asarray(got), np.asarray(want)
    if want.dtype.kind not in "fc":
        return same(got, want)
    return got.dtype == want.dtype and got.shape == want.shape and np.allclose(got, want, rtol, atol, equal_nan=True)


def differences(a, b, path=""):
    """Where two trees of dicts, lists and plain values differ."""
    if isinstance(a, dict) and isinstance(b, dict):
        out = []
        for key in list(a) + [k for k in b if k not in a]:
            if key not in a or key not in b:
                out.append("%s.%s: only in %s" % (path, key, "the first" if key in a else "the second"))
            else:
                out += differences(a[key], b[key], "%s.%s" % (path, key))
        return out
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)) and len(a) == len(b):
        return [d for i, (x, y) in enumerate(zip(a, b)) for d in differences(x, y, "%s[%d]" % (path, i))]
    return [] if a == b else ["%s: %r, %r" % (path, a, b)]
