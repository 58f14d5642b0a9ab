"""`dermis capture`: take a burst and save it as a recording, with a sheet of it beside.

Both show a face: keep them only where that is allowed. Of a module that has left its bench state only the recording is
kept, and sealed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from dermis_host import files, relief_view, sheet
from dermis_host.arguments import add_heap, add_passphrase, add_port, open_module, secrets_of
from dermis_host.capture import capture
from dermis_host.errors import HostError, UsageError
from dermis_host.output import Output, verdict_text
from dermis_host.recording import Recording
from dermis_host.released import released_model
from dermis_host.replaying import replay

BENCH_STATE = "bench"  # the module's state in which whoever holds the port may do everything


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_port(parser)
    parser.add_argument("-o", "--output", type=Path, required=True, help="the recording to write (.npz)")
    sheets = parser.add_mutually_exclusive_group()
    sheets.add_argument("--sheet", metavar="PNG", type=Path, help="the sheet (default: beside it, ending in .png)")
    sheets.add_argument("--no-sheet", action="store_true", help="draw none")
    parser.add_argument("--view", metavar="HTML", type=Path, help="also a page with the relief to turn with the mouse")
    parser.add_argument("--seal", action="store_true", help="seal it in the bench state, too; no sheet then")
    add_passphrase(parser)
    parser.add_argument("--force", action="store_true", help="replace files that are there")
    add_heap(parser)


def run(arguments: argparse.Namespace, output: Output) -> int:
    _check_places(arguments, arguments.sheet)
    under = secrets_of(arguments)
    with open_module(arguments, output) as module:
        identity = module.identity()
        sealed = arguments.seal or identity.state != BENCH_STATE
        if sealed:
            _check_plain(arguments)
            under.check(identity.serial)
        drawn = None if sealed or arguments.no_sheet else arguments.sheet or arguments.output.with_suffix(".png")
        _check_places(arguments, drawn)  # the sheet beside it, too
        recording = capture(module, output)
    recording.save(arguments.output, under if sealed else None)
    size = arguments.output.stat().st_size
    kind = ", sealed" if sealed else ""
    output.say(f"{arguments.output}: {', '.join(recording.frames)} ({size / 1000:.0f} kB{kind})")
    result = {
        "path": arguments.output,
        "bytes": size,
        "sealed": sealed,
        "meta": recording.meta,
        "sheet": drawn,
        "view": arguments.view,
    }
    if drawn is not None or arguments.view is not None:
        result["burst"] = _draw(recording, drawn, arguments, output)
    output.result(result)
    return 0


def _check_plain(arguments: argparse.Namespace) -> None:
    """Raises UsageError for what would keep a face open beside its sealed recording."""
    if arguments.sheet or arguments.view:
        raise UsageError(
            "Frames of this module are kept sealed, and a sheet or a view would show them: leave --sheet and --view "
            "out; `dermis replay` draws them from the sealed file."
        )


def _check_places(arguments: argparse.Namespace, drawn: Path | None) -> None:
    """Before the burst is taken. Raises UsageError, HostError."""
    places = [path for path in (arguments.output, drawn, arguments.view) if path is not None]
    if len({path.absolute() for path in places}) < len(places):
        raise UsageError("Recording, sheet and view are files of their own: give each another name.")
    for path in places:
        files.check_place(path, arguments.force)


def _draw(recording: Recording, drawn: Path | None, arguments: argparse.Namespace, output: Output) -> dict:
    """Sheet and view of the burst; returns what the device's code made of it. Raises what `replay` raises."""
    (found,) = replay([recording], released_model(), cells=True, heap=arguments.heap, tell=output.note)
    if "error" in found:
        raise HostError(f"{arguments.output} is saved, but cannot be drawn: {found['error']}.")
    name = arguments.output.name
    if drawn is not None:
        sheet.save(sheet.draw(recording, found, name), drawn)
        output.say(f"{drawn}: sheet")
    if arguments.view is not None:
        relief_view.write([relief_view.relief(recording, found, name)], arguments.view)
        output.say(f"{arguments.view}: relief to turn")
    del found["cells"]
    output.say("this burst alone: " + verdict_text(found["verdict"]) + " " + ", ".join(found["reasons"]))
    return found
