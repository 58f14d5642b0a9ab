"""List the scenes that ship: name, kind, what the module must say, and what each shows."""

from __future__ import annotations

import argparse
import os
import sys

from dermis_hw.scenes import load, shipped


def main(arguments: list[str] | None = None) -> int:
    argparse.ArgumentParser(prog="python -m dermis_hw.scenes", description=__doc__).parse_args(arguments)
    scenes = {name: load(path) for name, path in shipped().items()}
    lines = (
        f"{name:30}{scene.kind:11}{scene.expect.verdict if scene.expect else '-':13}{scene.name}"
        for name, scene in scenes.items()
    )
    try:
        print("\n".join(lines), flush=True)
    except BrokenPipeError:  # as of `head`: Python would tell of it once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
