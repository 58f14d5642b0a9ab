"""Twins for tests: a folder each, the synthetic face instead of a rendered scene."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import serial
from dermis_hw.twin import Twin

from tests.twin.flashed import write_built, write_parts

FACE = "dermis_hw.twin.synthetic:face"


def _twins(folder: Path) -> Iterator[Callable[..., Twin]]:
    running: list[Twin] = []

    def make(name: str = "twin", **options) -> Twin:
        options.setdefault("provider", FACE)
        options.setdefault("virtual_time", True)
        twin = Twin(folder / name, **options)
        running.append(twin)
        return twin

    yield make
    for twin in running:
        twin.stop()


@pytest.fixture
def make_twin(tmp_path) -> Iterator[Callable[..., Twin]]:
    """`make_twin(**options)`: a running twin in virtual time, ended after the test."""
    yield from _twins(tmp_path)


@pytest.fixture(scope="module")
def make_shared_twin(tmp_path_factory) -> Iterator[Callable[..., Twin]]:
    """The same, ended after the file's tests."""
    yield from _twins(tmp_path_factory.mktemp("shared"))


@pytest.fixture
def make_flashed_twin(tmp_path, make_twin, built) -> Callable[..., Twin]:
    """`make_flashed_twin(**options)`: the same, with the tests' build in its flash; `parts` (name of a partition ->
    bytes) lie there besides it, or instead."""

    def make(name: str = "flashed", parts: Mapping[str, bytes] | None = None, **options) -> Twin:
        write_built(tmp_path / name, built)
        write_parts(tmp_path / name, parts or {})
        return make_twin(name, **options)

    return make


def wait_for(condition: Callable[[], Any], what: str, limit_s: float = 15.0) -> Any:
    """The first true value of `condition`; fails with `what` when none comes in time."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {limit_s} s in vain for {what}")


def console(twin: Twin) -> serial.Serial:
    """The twin's port as pyserial opens it."""
    return serial.serial_for_url(twin.url, timeout=0.2)
