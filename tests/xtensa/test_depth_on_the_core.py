"""The depth stage's machine code for the ESP32-S3 gives CPython's bytes, at no more instructions than recorded."""

from __future__ import annotations

import pytest
from dermis.core import depth_kernels, depth_reference

from tests.xtensa import depth_calls
from tests.xtensa.analysis_calls import source
from tests.xtensa.counts import differences
from tests.xtensa.machine import MISSING, is_installed
from tests.xtensa.mpy import viper_functions

UNCALLED = {"convert"}  # the module's images are square roots already; the file tool's may not be


@pytest.fixture(scope="module")
def measured() -> dict[str, dict[str, int]]:
    if not is_installed():
        pytest.skip(MISSING)
    return depth_calls.measure()


def test_every_call_is_byte_equal_and_none_costs_more_than_recorded(measured):
    known = depth_calls.known()
    assert measured.keys() == known.keys()
    assert [line for name in known for line in differences(name, measured[name], known[name])] == []


def test_every_kernel_of_the_depth_is_called(measured):
    called = set().union(*measured.values())
    defined = [name for m in (depth_kernels, depth_reference) for name in viper_functions(source(m).read_text())]
    assert set(defined) - called == UNCALLED
    assert {"_sum_products", "_points"} <= called


def test_growth_is_noticed():
    known = {"follow": 1000}
    assert differences("a", {"follow": 1000}, known) == []
    assert "follow takes 1001" in differences("a", {"follow": 1001}, known)[0]
    assert "new takes 5" in differences("a", {"follow": 1000, "new": 5}, known)[0]
