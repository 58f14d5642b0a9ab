"""The `dermis` command: finds the command, runs it, turns what went wrong into one sentence and an exit code."""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from dermis.core.errors import DermisError

from dermis_host.commands import COMMANDS
from dermis_host.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE, HostError
from dermis_host.output import Output

EXIT_TERMINATED = 128 + signal.SIGTERM


class _Parser(argparse.ArgumentParser):
    """argparse, with one sentence where it would print the usage as well."""

    def error(self, message: str) -> NoReturn:
        print(f"dermis: {message}; `{self.prog} --help` shows how to write it.", file=sys.stderr)
        sys.exit(EXIT_USAGE)


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
    chosen = next((word for word in words if not word.startswith("-")), None)
    output = Output()
    previous = signal.getsignal(signal.SIGTERM)
    try:
        parsed = make_parser(chosen).parse_args(words)
        output = Output(getattr(parsed, "json", False), getattr(parsed, "verbose", False))
        signal.signal(signal.SIGTERM, _terminate)  # so that contexts close and no child is left behind
        return parsed.run(parsed, output)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else EXIT_OK if end.code is None else EXIT_FAILED
    except KeyboardInterrupt:
        output.error("interrupted.")
        return EXIT_INTERRUPTED
    except HostError as problem:
        output.error(str(problem))
        return problem.exit_code
    except DermisError as problem:
        output.error(str(problem))
        return EXIT_FAILED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing more to say to who left
        return EXIT_FAILED
    except OSError as problem:
        where = f" ({problem.filename})" if problem.filename else ""
        output.error(f"{problem.strerror or problem}{where}.")
        return EXIT_FAILED
    except Exception as problem:  # noqa: BLE001 - a fault of ours; the user gets a sentence, the trace on request
        if os.environ.get("DERMIS_DEBUG"):
            traceback.print_exc()
        output.error(
            f"a fault of these tools ({type(problem).__name__}: {problem}): please report it with what "
            "DERMIS_DEBUG=1 prints."
        )
        return EXIT_FAILED
    finally:
        if previous is not None:
            signal.signal(signal.SIGTERM, previous)


def _terminate(*_: object) -> NoReturn:
    sys.exit(EXIT_TERMINATED)


if __name__ == "__main__":
    sys.exit(main())
