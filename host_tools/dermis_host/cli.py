"""The `dermis` command: finds the command, runs it, turns what went wrong into one sentence and an exit code."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.metadata
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

# Nothing heavy here: a Ctrl-C during these imports would be a traceback, later it is a sentence.
from dermis.core.errors import DermisError

from dermis_host.commands import COMMANDS
from dermis_host.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, HostError, UsageError

EXIT_TERMINATED = 128 + signal.SIGTERM


class _Parser(argparse.ArgumentParser):
    """argparse, with one sentence where it would print the usage as well."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; `{self.prog} --help` shows how to write it.")


def make_parser(chosen: str | None) -> argparse.ArgumentParser:
    """The parser; only the command that was chosen is imported and asked for its arguments."""
    parser = _Parser(prog="dermis", description="Open multispectral presentation-attack detection for face terminals.")
    parser.add_argument("--version", action="version", version=f"dermis {importlib.metadata.version('dermis')}")
    commands = parser.add_subparsers(metavar="COMMAND", dest="command", required=True)
    for name, summary in COMMANDS.items():
        sub = commands.add_parser(name, help=summary, description=summary)
        if name == chosen:
            module = importlib.import_module(f"dermis_host.commands.{name}")
            module.add_arguments(sub)
            sub.set_defaults(run=module.run)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code (DESIGN.md, section 6)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    previous = signal.getsignal(signal.SIGTERM)
    try:
        try:
            code = _run(words)
            sys.stdout.flush()
            return code
        except BrokenPipeError:
            return EXIT_FAILED  # nothing more to say to who left
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else EXIT_OK if end.code is None else EXIT_FAILED
        except BaseException as problem:  # noqa: BLE001 - whatever it is, the user gets a sentence
            from dermis_host.output import Output

            sentence, code = _told(problem)
            with contextlib.suppress(OSError):  # nobody to tell: the exit code must say it
                Output(_asks_for_json(words)).failure(sentence, code)
            return code
    except KeyboardInterrupt:  # a second one, while the first was being told
        return EXIT_INTERRUPTED
    finally:
        _flush_or_drop()
        if previous is not None:
            signal.signal(signal.SIGTERM, previous)


def _run(words: list[str]) -> int:
    from dermis_host.output import Output

    parsed = make_parser(_chosen(words)).parse_args(words)
    signal.signal(signal.SIGTERM, _terminate)  # so that contexts close and no child is left behind
    return parsed.run(parsed, Output(getattr(parsed, "json", False), getattr(parsed, "verbose", False)))


def _chosen(words: Sequence[str]) -> str | None:
    return next((word for word in words if not word.startswith("-")), None)


def _asks_for_json(words: Sequence[str]) -> bool:
    """Whether stdout is to hold one JSON object, also of words that no parser takes. `report` and `station lot` write
    it to the file that they are given, - for stdout."""
    chosen = _chosen(words)
    takes_file = chosen == "report" or (chosen == "station" and "lot" in words)
    asked = False
    for word, value in zip(words, [*words, "-"][1:], strict=True):
        if word == "--json":
            asked = not takes_file or value.startswith("-")
        elif word.startswith("--json="):
            asked = word == "--json=-"
    return asked


def _flush_or_drop() -> None:
    """What stdout cannot take would otherwise be a trace when Python flushes it at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _told(problem: BaseException) -> tuple[str, int]:
    """One sentence, and the exit code."""
    if isinstance(problem, KeyboardInterrupt):
        return "interrupted.", EXIT_INTERRUPTED
    if isinstance(problem, HostError):
        return str(problem), problem.exit_code
    if isinstance(problem, DermisError):
        return str(problem), EXIT_FAILED
    if isinstance(problem, OSError):
        where = f"{problem.filename}: " if problem.filename else ""
        return f"{where}{problem.strerror or problem}.", EXIT_FAILED
    if isinstance(problem, MemoryError):
        return "this computer has not the memory for it: give it less at once.", EXIT_FAILED
    if os.environ.get("DERMIS_DEBUG"):
        traceback.print_exception(problem)
    kind = type(problem).__name__
    return f"a fault of these tools ({kind}: {problem}): please report it with what DERMIS_DEBUG=1 prints.", EXIT_FAILED


def _terminate(*_: object) -> NoReturn:
    sys.exit(EXIT_TERMINATED)


if __name__ == "__main__":
    sys.exit(main())
