"""`dermis calibrate`: one word, one module of the same name with `add_arguments(parser)` and `run(...) -> int`."""

from __future__ import annotations

import argparse
import importlib

from dermis_host.output import Output

WORDS = {
    "plan": "What a calibration will ask for: targets, distances, minutes.",
    "run": "Measure, correct, measure again, judge; writes a folder, nothing on the module.",
    "show": "A record, or those that the module holds.",
    "diff": "What changed between two records, in plain words.",
    "commit": "Write a record that passed to the module, and read it back.",
    "rollback": "Put the record before the last commit in force again.",
    "factory": "Put the factory's record in force; the others are kept.",
    "export": "Save a record of the module as a file.",
    "import": "Write a record file of this module to it.",
    "verify": "Check a calibrated module against a grey card, in under a minute.",
}
# Modules of other names: `import` is Python's own word, and a module `run` would take the place of the function here.
OTHERWISE = {"import": "import_record", "run": "measure"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    words = parser.add_subparsers(dest="word", metavar="WORD", required=True)
    for word, summary in WORDS.items():
        sub = words.add_parser(word, help=summary, description=summary)
        module = importlib.import_module(f"{__name__}.{OTHERWISE.get(word, word)}")
        module.add_arguments(sub)
        sub.set_defaults(run_word=module.run)


def run(arguments: argparse.Namespace, output: Output) -> int:
    return arguments.run_word(arguments, output)
