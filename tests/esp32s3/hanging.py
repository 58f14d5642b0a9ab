"""A burst in which a call into the camera module never comes back: `python -m tests.esp32s3.hanging DATA`.

DATA: a file with the data partition of a calibrated module. Prints JSON of what the chip did. A process of its own,
which ends at the reset as the program on a chip does: nothing of it is cleared up.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from tests.esp32s3.session import Chip
from tests.fakes.esp32s3.reset import ChipReset

HANGS_AFTER_MS = 900  # while a light burns


def main(data: Path) -> None:
    chip = Chip(data=data.read_bytes())
    hardware = chip.dm1.chip

    def hang() -> None:
        def never(*_: object) -> None:
            while True:
                hardware.run(10_000)

        type(hardware.camera).capture = never

    with chip.started() as session:
        asked_us = hardware.now_us
        try:
            session.verify(at={HANGS_AFTER_MS: hang})
            why = "it did not hang"
        except ChipReset as reset:
            why = reset.why
        burns = [(burn.off_us or hardware.now_us) - burn.on_us for burn in chip.dm1.lights.burns]
        said = {
            "why": why,
            "after_ms": (hardware.now_us - asked_us) // 1000,
            "burning": [chip.dm1.lights.burning(), chip.dm1.swir.burning()],
            "longest_pulse_us": max(burns),
            "allowed_us": chip.board["longest_pulse_us"],
        }
        print(json.dumps(said), flush=True)
        os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
