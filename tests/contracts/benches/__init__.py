"""A peripheral before the tests of its contract: its driver, and what a test may see of the hardware and break of it.

`<peripheral>.py` says what a bench of that peripheral can do; `<peripheral>_<board>.py` has `bench()`, a context
manager that gives one. `boards(peripheral)` finds them, so that a board is added by adding its file.
"""

from __future__ import annotations

import importlib
import importlib.util
from contextlib import AbstractContextManager
from typing import Any

BOARDS = ("esp32s3", "coral", "twin")


def boards(peripheral: str) -> list[str]:
    """Those that have a bench of that peripheral."""
    return [board for board in BOARDS if importlib.util.find_spec(f"{__name__}.{peripheral}_{board}")]


def bench(peripheral: str, board: str, **options: Any) -> AbstractContextManager[Any]:
    """That board's bench. options: as the bench of that peripheral takes."""
    return importlib.import_module(f"{__name__}.{peripheral}_{board}").bench(**options)
