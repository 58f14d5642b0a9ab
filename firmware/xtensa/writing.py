"""What the two writers share: the head of a file of kernels, and the command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from .assembly import Kernel

PACKAGE = Path(__file__).resolve().parents[1] / "dermis"
SETTINGS = """# ruff: noqa
# pyright: basic, reportUndefinedVariable=false, reportUnusedExpression=false

import micropython
"""


def module(what: str, writer: str, kernels: Iterable[Kernel]) -> str:
    """The text of a module of `kernels`. what: a sentence on them. writer: the file that says what they do."""
    head = f'"""{what}\n\nWritten by firmware/xtensa/{writer}, which says what they do; do not edit.\n"""\n\n'
    return "\n\n".join([head + SETTINGS, *(kernel.text() + "\n" for kernel in kernels)])


def command(description: str | None, target: Path, text: str) -> int:
    """Writes `text` to `target`, or with --print to the terminal."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--print", action="store_true")
    if parser.parse_args().print:
        sys.stdout.write(text)
    else:
        target.write_text(text)
    return 0
