"""Where the model that ships lies."""

from __future__ import annotations

from pathlib import Path

import dermis_models

from dermis_host.errors import HostError

FOLDER = Path(dermis_models.__file__).parents[1] / "released"


def released_model() -> Path:
    """The newest released .tflite: the last by name, as the twin has it (`dermis_hw.twin.module_process`).

    Raises HostError when there is none."""
    found = sorted(FOLDER.glob("*.tflite"))
    if not found:
        raise HostError(f"There is no released model in {FOLDER}: name one with --model.")
    return found[-1]
