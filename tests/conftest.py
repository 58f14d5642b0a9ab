"""What every test shares: the strictness of CI."""

import gc
import os
from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
STRICT = os.environ.get("DERMIS_STRICT") == "1"


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "shared_data: reads measured data beside the repository, which no clone brings and CI cannot install"
    )
    config.addinivalue_line("markers", "tflite_runtime: needs a Python that tflite-runtime has wheels for")


def pytest_collection_finish(session):
    """What the tests imported stays for good: the firmware collects garbage twice at each start, and CPython would walk
    through all of it each time."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Under DERMIS_STRICT=1 a skipped test is a failed one: CI must install what its tests need.

    Data that nothing installs may be missing as a whole; where it lies, its tests must run. So may a Python that is
    old enough for tflite-runtime, and nothing else of its environment."""
    outcome = yield
    report = outcome.get_result()
    if STRICT and not _excused(item) and report.skipped and not hasattr(report, "wasxfail"):
        _fail(report)


def _excused(item):
    if item.get_closest_marker("tflite_runtime"):
        from tests.coral.environment import base_python

        return base_python() is None
    return item.get_closest_marker("shared_data") and not SHARED_DATA.is_dir()


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(collector):
    """A whole file that skips itself while it is collected (`importorskip`) is no test's report: see it too."""
    outcome = yield
    report = outcome.get_result()
    if STRICT and report.skipped:
        _fail(report)


def _fail(report):
    report.outcome = "failed"
    report.longrepr = f"skipped, and DERMIS_STRICT=1 allows no skip: {report.longrepr}"


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """One build for the twin by the development key (`dermis_host.building.Built`), for all tests of a run."""
    from dermis_host.building import build

    return build("twin", None, tmp_path_factory.mktemp("built"))
