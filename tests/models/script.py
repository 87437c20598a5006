"""How the scripts here are called: SCRIPT PROGRAM [NAME...], SCRIPT --list, and SCRIPT --COMMAND ..., by
which they call themselves where a process of its own does a part."""
import sys


def start(doc, main, names=None, **commands):
    """Calls main(program, names given), or commands[COMMAND] with the rest. `names`: what --list prints."""
    if len(sys.argv) < 2:
        sys.exit(doc)
    first, rest = sys.argv[1], sys.argv[2:]
    if first == "--list" and names is not None:
        print("\n".join(names))
    elif first.startswith("--"):
        sys.exit(commands[first[2:]](*rest))
    else:
        sys.exit(main(first, rest))
