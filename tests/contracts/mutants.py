"""Drivers that are wrong in one thing, and whether the checks of a contract see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from tests.contracts.benches import bench


def caught(peripheral: str, board: str, mutant: Callable[[Any], None], checks: Iterable[Callable[[Any], None]]) -> str:
    """Name of the first check that fails before that driver; "" when none does. mutant: spoils a driver.

    An exception that a check does not expect (a wrong driver may well raise one) is a failure as in any test. One that
    says that the driver is no longer what the mutant spoils is the test's own failure: it proves nothing.
    """
    for check in checks:
        with bench(peripheral, board) as spoilt:
            mutant(spoilt.driver)
            try:
                check(spoilt)
            except (AttributeError, NameError, ImportError):
                raise
            except (Exception, pytest.fail.Exception):  # noqa: BLE001 - whatever a wrong driver raises
                return check.__name__
    return ""
