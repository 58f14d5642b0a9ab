"""How the tests of the machine's contracts come by their benches."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from typing import Any

from tests.contracts.benches import boards


def machines(*, without: tuple[str, ...] = ()) -> list[str]:
    """The boards whose machine has a bench."""
    return [board for board in boards("machine") if board not in without]


def bench(board: str, part: str) -> contextlib.AbstractContextManager[Any]:
    return importlib.import_module(f"tests.contracts.benches.machine_{board}").bench(part)


@contextlib.contextmanager
def replaced(thing: Any, **names: Any) -> Iterator[None]:
    """A driver that is wrong in these for as long as this is open."""
    before = {name: getattr(thing, name) for name in names}
    try:
        for name, value in names.items():
            setattr(thing, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(thing, name, value)
