"""`python -m tests.fuzz [TARGET...] [--executions N | --seconds S]`: see docs/fuzzing.md."""

from __future__ import annotations

import argparse
import importlib.util
import sys
import traceback
from pathlib import Path

from tests.fuzz import campaign, keeping, targets

MISSING = (
    "There is no atheris for this Python ({version}) or system: it has wheels for CPython 3.10 to 3.14 on Linux with "
    "x86-64. Try `make PYTHON=python3.11 fuzz`; `pytest tests/fuzz` needs none of it."
)

INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    known = targets.TARGETS
    parser.add_argument("target", nargs="*", help=f"of {', '.join(known)}; all without one")
    parser.add_argument("--executions", type=int, help="inputs, of all targets together")
    parser.add_argument("--seconds", type=float, help="time, of all targets together (60 without either)")
    parser.add_argument("--seed", type=int, default=1, help="of libFuzzer's choices")
    parser.add_argument("--work", type=Path, default=Path("build/fuzz"), help="folder of what a run finds")
    parser.add_argument("--repeat", type=Path, metavar="FILE", help="give one kept input to its target, and no more")
    parser.add_argument("--keep", action="store_true", help="put what a run found worth keeping into the corpus")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.target if name not in known]:
        parser.error(f"there is no target {unknown[0]}; there are: {', '.join(known)}")
    limits = [limit for limit in (options.executions, options.seconds) if limit is not None]
    if len(limits) > 1 or any(limit <= 0 for limit in limits):
        parser.error("give --executions or --seconds, more than 0")
    chosen = [known[name] for name in options.target] or list(known.values())
    if options.repeat:
        return _repeat(options.repeat, options.target)
    if options.keep:
        for target in chosen:
            print(keeping.keep(target, options.work))
        return 0
    if importlib.util.find_spec("atheris") is None:
        print(MISSING.format(version=".".join(map(str, sys.version_info[:2]))), file=sys.stderr)
        return 2
    try:
        return campaign.run(chosen, options)
    except KeyboardInterrupt:
        print(f"Interrupted; the next run goes on from {options.work}.", file=sys.stderr)
        return INTERRUPTED


def _repeat(path: Path, named: list[str]) -> int:
    name = named[0] if named else targets.of_file(path)
    if not name:
        print(f"{path} names no target: `python -m tests.fuzz TARGET --repeat {path}`.", file=sys.stderr)
        return 2
    try:
        data = path.read_bytes()
    except OSError as problem:
        print(f"{path} cannot be read: {problem.strerror}.", file=sys.stderr)
        return 2
    try:
        check = targets.Check(targets.TARGETS[name])
        with targets.bounded():
            taken = check(data, traced=True)
    except Exception:  # noqa: BLE001 - whatever it is, is what was asked for
        traceback.print_exc()
        print(f"{name} fails on {path}.")
        return 1
    print(f"{name} {'accepts' if taken else 'refuses'} {path}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
