"""`dermis audit`: fetch the module's audit log and check it, continue an export, or check one without the module.

Exit 0 when the log holds, 1 when it does not or entries are lost.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.markup import escape

from dermis_host import files
from dermis_host.arguments import add_port, keyring_of, open_module
from dermis_host.auditing import export as exports
from dermis_host.auditing.export import DEVELOPMENT, KEYRING, UNCHECKED, WRONG, Checked, Export
from dermis_host.auditing.fetching import fetch
from dermis_host.auditing.words import detail, moment
from dermis_host.errors import EXIT_FAILED, EXIT_OK, UsageError
from dermis_host.output import Output, table

SHOWN = 20  # entries, unless --last says otherwise

SIGNED = {
    KEYRING: "the head is signed with the keyring's key",
    DEVELOPMENT: "the head is signed with the development key, which everybody knows",
    UNCHECKED: "whether the module signed the head was not checked: name its --keyring",
    WRONG: "the head is not signed with the keyring's key",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_port(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="export as JSON lines; an export that is there is continued"
    )
    what.add_argument("--verify", metavar="FILE", type=Path, help="check an export, without the module")
    parser.add_argument("--last", metavar="N", type=int, default=SHOWN, help="entries to show (default: %(default)s)")


def run(arguments: argparse.Namespace, output: Output) -> int:
    if arguments.last < 0:
        raise UsageError("--last must not be negative.")
    if arguments.output:
        files.check_place(arguments.output, force=True)
    keyring = keyring_of(arguments)
    export = exports.read(arguments.verify) if arguments.verify else _fetched(arguments, output)
    checked = exports.check(export, keyring)
    if arguments.output:
        exports.write(export, arguments.output)
    _tell(export, checked, arguments, output)
    return EXIT_OK if checked.holds else EXIT_FAILED


def _fetched(arguments: argparse.Namespace, output: Output) -> Export:
    earlier = None
    if arguments.output and arguments.output.exists():
        earlier = exports.read(arguments.output)
        if problems := exports.check(earlier).problems:
            raise UsageError(f"{arguments.output} cannot be continued: {problems[0]} Keep it, and name another file.")
    with open_module(arguments, output) as module:
        serial = module.identity().serial
        got = 0

        def heard(count: int) -> None:
            nonlocal got
            got += count
            output.tick(f"{got} entries")

        return fetch(
            module,
            serial,
            earlier,
            heard,
            lambda lost: output.note(f"the module's storage did not take {lost} entries since its start: self-test it"),
        )


def _tell(export: Export, checked: Checked, arguments: argparse.Namespace, output: Output) -> None:
    entries = export.entries()
    rows = table("entry", "time (UTC)", "event", "what", title=f"Audit log of {export.serial}")
    for line in entries[len(entries) - min(len(entries), arguments.last) :]:
        rows.add_row(str(line.seq), moment(line), escape(line.event), escape(detail(line.fields)))
    output.say(rows)
    where = f", {arguments.output}" if arguments.output else ""
    output.say(f"{len(entries)} entries, {export.first} to {export.next() - 1}{where}; {SIGNED[checked.signed]}")
    for first, last in checked.gaps:
        output.error(f"entries {first} to {last} are lost: the module kept none of them when it was asked.")
    for problem in checked.problems:
        output.error(problem[:1].lower() + problem[1:])
    output.result(
        {
            "serial": export.serial,
            "first": export.first,
            "next": export.next(),
            "holds": checked.holds,
            "signed": checked.signed,
            "gaps": checked.gaps,
            "problems": checked.problems,
            "entries": [exports.plain(line) for line in entries],
        }
    )
