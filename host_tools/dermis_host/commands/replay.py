"""`dermis replay`: recordings through the device's code; exit 10 if any is an attack, else 11 if any is undecided."""

from __future__ import annotations

import argparse
import dataclasses
import time
from pathlib import Path
from typing import Any

from rich.markup import escape

from dermis_host import device_code, files, recording, relief_view, sheet
from dermis_host.access.sealed import Secrets
from dermis_host.arguments import add_heap, add_keyring, add_output, add_passphrase, secrets_of
from dermis_host.errors import EXIT_FAILED, EXIT_USAGE, RecordingError, UsageError
from dermis_host.evaluation import presented
from dermis_host.output import Output, table, verdict_text
from dermis_host.recording import Recording
from dermis_host.released import released_model
from dermis_host.replaying import BATCH, replay
from dermis_host.verdicts import worst

MOST_IN_A_VIEW = 50  # reliefs in one page: 8 MB


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="+", type=Path, help="recordings (.npz) made by `dermis capture`")
    parser.add_argument("--model", type=Path, help="a .tflite to use (default: the one that ships)")
    parser.add_argument(
        "--presentation",
        action="store_true",
        help="each recording stands for its presentation (NAME-0.npz, NAME-1.npz, ...), which gets one verdict",
    )
    parser.add_argument("--sheet", metavar="DIR", type=Path, help="a folder for a PNG sheet of each recording")
    parser.add_argument("--view", metavar="HTML", type=Path, help="a page with the reliefs to turn with the mouse")
    parser.add_argument("--force", action="store_true", help="replace sheets and views that are there")
    add_keyring(parser)
    add_passphrase(parser)
    add_heap(parser)
    add_output(parser)


def run(arguments: argparse.Namespace, output: Output) -> int:
    model = arguments.model or released_model()
    if not model.is_file():
        raise UsageError(f"There is no model {model}: name one with --model.")
    under = secrets_of(arguments)
    groups: list[tuple[Path, ...]] = []
    if arguments.presentation:
        groups = list(dict.fromkeys(tuple(presented.bursts_of(path)) for path in arguments.file))
        arguments.file = [path for group in groups for path in group]
    sheets = _places(arguments)
    pictured = bool(sheets) or arguments.view is not None
    started, named, reliefs = time.monotonic(), [], []
    for first in range(0, len(arguments.file), BATCH):
        paths = arguments.file[first : first + BATCH]
        loaded = [_load(path, under, alone=len(arguments.file) == 1) for path in paths]
        whole = [burst for burst in loaded if isinstance(burst, Recording)]
        results = iter(replay(whole, model, cells=pictured, heap=arguments.heap, tell=output.note))
        for path, burst in zip(paths, loaded, strict=True):
            if isinstance(burst, RecordingError):
                named.append({"path": str(path), "error": str(burst), "exit_code": burst.exit_code})
                continue
            result = next(results)
            if path in sheets:
                sheet.save(sheet.draw(burst, result, path.name), sheets[path])
            if arguments.view is not None and "error" not in result:
                reliefs.append(relief_view.relief(burst, result, path.name))
            named.append({"path": str(path), **{key: value for key, value in result.items() if key != "cells"}})
    verdicts, refused = [], []
    for group in groups:
        try:
            verdicts.append(presented.judged(group, model, under, arguments.heap, output.note))
        except RecordingError as problem:
            if len(groups) == 1:
                raise
            refused.append(str(problem))
    seconds = time.monotonic() - started
    if reliefs and arguments.view is not None:
        relief_view.write(reliefs, arguments.view)
    return _report(named, verdicts, refused, seconds, device_code.Interpreter(arguments.heap).name, output)


def _load(path: Path, under: Secrets, alone: bool) -> Recording | RecordingError:
    """A recording, or why it is none: the others go on. Raises RecordingError when it is `alone`."""
    try:
        return recording.load(path, under)
    except RecordingError as problem:
        if alone:
            raise
        return problem


def _places(arguments: argparse.Namespace) -> dict[Path, Path]:
    """Recording -> its sheet. Raises UsageError, HostError before anything is run when something cannot be written."""
    if arguments.view is not None:
        if len(arguments.file) > MOST_IN_A_VIEW:
            raise UsageError(f"--view shows at most {MOST_IN_A_VIEW} recordings: name fewer.")
        files.check_place(arguments.view, arguments.force)
    if arguments.sheet is None:
        return {}
    if arguments.sheet.exists() and not arguments.sheet.is_dir():
        raise UsageError(f"--sheet {arguments.sheet} is no folder: name one.")
    arguments.sheet.mkdir(parents=True, exist_ok=True)
    places = {path: arguments.sheet / f"{path.stem}.png" for path in arguments.file}
    if len(set(places.values())) < len(arguments.file):
        raise UsageError("Two recordings have one name, so their sheets would too: replay them one after the other.")
    for place in places.values():
        files.check_place(place, arguments.force)
    return places


def _report(
    named: list[dict[str, Any]],
    verdicts: list[presented.Judged],
    refused: list[str],
    seconds: float,
    interpreter: str,
    output: Output,
) -> int:
    rows = table("recording", "verdict", "score", "reasons")
    for entry in named:
        if "error" in entry:
            rows.add_row(escape(entry["path"]), "[red]failed[/]", "", escape(entry["error"]))
        else:
            reasons = ", ".join(entry["reasons"])
            rows.add_row(escape(entry["path"]), verdict_text(entry["verdict"]), str(entry["score"]), reasons)
    output.say(rows)
    for each in verdicts:
        reasons = ", ".join(each.reasons)
        said = escape(f"; the module said {each.said}") if each.said else ""
        output.say(
            f"{escape(each.name)}: {verdict_text(each.verdict)} {reasons}".rstrip()
            + f", {each.bursts} burst(s), profile {each.profile}{said}"
        )
        if each.differs and each.firmware:
            output.say(escape(f"  under another firmware ({each.firmware}): {each.differs}"))
    a_minute = round(60 * len(named) / max(seconds, 1e-3))
    output.say(f"{len(named)} in {seconds:.1f} s, {a_minute} a minute ({interpreter})")
    result = {"results": named, "seconds": round(seconds, 3), "a_minute": a_minute, "interpreter": interpreter}
    output.result(result | ({"presentations": [dataclasses.asdict(each) for each in verdicts]} if verdicts else {}))
    failed = [entry for entry in named if "error" in entry]
    told = [entry["error"] if "exit_code" in entry else f"{entry['path']}: {entry['error']}" for entry in failed]
    for sentence in dict.fromkeys([*told, *refused]):  # a file that is none is the reason of its presentation, too
        output.error(sentence)
    wrong = [each for each in verdicts if each.differs and not each.firmware]
    for each in wrong:
        output.error(
            f"{each.name}: the bursts that the module judged replay to something else under the same firmware and "
            f"model ({each.differs}): report it with the recordings."
        )
    if refused or any(entry.get("exit_code") == EXIT_USAGE for entry in failed):
        return EXIT_USAGE
    if failed or wrong:
        return EXIT_FAILED
    return worst(each.verdict for each in verdicts) if verdicts else worst(entry["verdict"] for entry in named)
