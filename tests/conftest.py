"""What every test shares: the strictness of CI."""

import os

import pytest

STRICT = os.environ.get("DERMIS_STRICT") == "1"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Under DERMIS_STRICT=1 a skipped test is a failed one: CI must install what its tests need."""
    outcome = yield
    report = outcome.get_result()
    if STRICT and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and DERMIS_STRICT=1 allows no skip: {report.longrepr}"
