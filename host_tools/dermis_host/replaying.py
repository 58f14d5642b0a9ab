"""Recordings given to the device's code (`dermis.tools.replay`)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dermis_host import device_code
from dermis_host.errors import DeviceCodeError
from dermis_host.recording import Recording

BATCH = 64  # recordings a process: 30 MB of frames beside it, and its start a few ms of each
ONE_FAILED = 1  # the tool's exit code when a burst failed; its line says why
MODEL, DESCRIPTION = "model.tflite", "model.json"  # the device looks for the description beside the model


def replay(
    recordings: Sequence[Recording],
    model: Path | None,
    *,
    features_only: bool = False,
    cells: bool = False,
    heap: str = device_code.DEFAULT_HEAP,
    tell: Callable[[str], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """One result a recording, in order: verdict, reasons and score of that burst alone, evidence, findings, stages_us;
    or {"error": sentence}; with `cells` also what was measured a cell (`cell_maps.CellMaps.of`). A recording's truth is
    never handed over.

    Recordings of several boards are run one board after the other, `BATCH` to a process. Raises DeviceCodeError.
    """
    results: list[dict[str, Any]] = [{} for _ in recordings]
    boards: dict[str, list[int]] = {}
    for index, recording in enumerate(recordings):
        boards.setdefault(json.dumps(recording.board, sort_keys=True), []).append(index)
    options = {"features_only": features_only, "cells": cells}
    for board, members in boards.items():
        for first in range(0, len(members), BATCH):
            batch = members[first : first + BATCH]
            found = _one_process([recordings[index] for index in batch], board, model, options, heap, tell)
            for index, result in zip(batch, found, strict=True):
                results[index] = result
    return results


def _one_process(recordings, board: str, model: Path | None, options: dict, heap: str, tell) -> list[dict]:
    with device_code.job_folder() as folder:
        (folder / "board.json").write_text(board)
        if model is not None:
            (folder / MODEL).write_bytes(model.read_bytes())
            card = model.with_suffix(".json")
            if card.is_file():
                (folder / DESCRIPTION).write_bytes(card.read_bytes())
        calibrations: dict[bytes, str] = {}
        entries = []
        for index, recording in enumerate(recordings):
            frames = {}
            for name, pixels in recording.frames.items():
                frames[name] = f"{index}_{name}.bin"
                (folder / frames[name]).write_bytes(pixels.tobytes())
            if recording.calibration not in calibrations:
                file = f"calibration_{len(calibrations)}.bin"
                calibrations[recording.calibration] = file if recording.calibration else ""
                (folder / file).write_bytes(recording.calibration)
            entries.append(
                {"meta": recording.meta, "frames": frames, "calibration": calibrations[recording.calibration] or None}
            )
        job = {
            "bursts": entries,
            "board": "board.json",
            "model": MODEL if model is not None else None,
            **options,
        }
        device_code.run("replay", folder, job, heap=heap, tell=tell, accepted=(0, ONE_FAILED))
        try:
            lines = (folder / "results.jsonl").read_text().splitlines()
        except OSError:
            raise DeviceCodeError("The device's code left no results: report it with the recording.") from None
    if len(lines) != len(recordings):
        raise DeviceCodeError(
            f"The device's code answered {len(lines)} of {len(recordings)} recordings: give it more with --heap."
        )
    return [json.loads(line) for line in lines]
