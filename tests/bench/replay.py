"""How many recordings a minute the device's code replays on this computer: committed bursts, over and over."""

from __future__ import annotations

import time
from pathlib import Path

from dermis_host import device_code
from dermis_host.recording import load
from dermis_host.released import released_model
from dermis_host.replaying import replay

RECORDINGS = Path(__file__).parents[1] / "recordings"
TIMES = 30  # each recording, under MicroPython
TIMES_SLOW = 1  # under CPython, where the kernels are plain Python


def rate(times: int) -> tuple[int, float]:
    """How many, and how many a minute, files read included."""
    paths = sorted(RECORDINGS.glob("*.npz")) * times
    started = time.monotonic()
    results = replay([load(path) for path in paths], released_model())
    assert all("verdict" in result for result in results)
    return len(paths), 60 * len(paths) / (time.monotonic() - started)


def main() -> None:
    find = device_code.find_micropython
    print(f"{'interpreter':12} {'recordings':>10} {'a minute':>9}")
    try:
        for name, times in (("micropython", TIMES), ("cpython", TIMES_SLOW)):
            if name == "cpython":
                device_code.find_micropython = lambda: None
            count, a_minute = rate(times)
            print(f"{device_code.Interpreter().name:12} {count:10} {a_minute:9.0f}")
    finally:
        device_code.find_micropython = find


if __name__ == "__main__":
    main()
