"""The suite's fixtures: the rig, its module by our client or by pytest-embedded, the command, and what reports hold."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dermis_host import Module
from dermis_host.errors import HostError
from dermis_host.recording import TWIN_BOARD
from dermis_host.rig import Rig, RigDescription, open_rig
from pytest_embedded.plugin import multi_dut_argument, multi_dut_fixture
from pytest_embedded.utils import ClassCliOptions

from tests.hil.support import calibrating, options, ports, reporting
from tests.hil.support.command import Dermis

HERE = Path(__file__).parent
BUILD = HERE.parents[1] / "build" / "hil"

# What is done to a board only where rig.toml or the command line allows it. That is looked at before anything else of a
# test, before what its file shares as well: the module need not be asked, and one that is to be flashed is blank.
LOSING = ("flash", "records", "keys")
# Of them, what the command line alone allows -> the option, and what it means.
PERMISSIONS = {
    "records": ("allow_records", "--allow-records: the calibration record before the one in force is lost"),
    "keys": ("allow_keys", "--allow-keys: only erasing the flash takes them back"),
}

HEARD = pytest.StashKey[reporting.Heard]()
FAILED = pytest.StashKey[bool]()
EXTRAS = pytest.StashKey[list[dict[str, Any]]]()

BENCH_STATE = "bench"
PERMITTED = "permitted"  # the fixture

collect_ignore_glob: list[str] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    options.add(parser)


def pytest_configure(config: pytest.Config) -> None:
    if config.inipath != HERE / "pytest.ini":
        # The root's run: pytest-embedded is off there, and this suite is a run of its own.
        if config.getoption("rig", None):
            raise pytest.UsageError("--rig is the suite's for rigs: pytest -c tests/hil/pytest.ini tests/hil --rig ...")
        collect_ignore_glob.append("*")
        return
    from tests import conftest as everybodys

    config.pluginmanager.register(everybodys, "dermis_everybodys_conftest")
    config.stash[options.RIGS] = rigs = options.rigs_of(config)
    options.distribute(config, rigs)
    options.heard_first(config)
    config.option.root_logdir = config.option.root_logdir or str(BUILD)
    config.option.cache_dir = config.option.cache_dir or str(BUILD)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return options.scheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The whole suite once a rig, whose name stands first in the brackets of a test's name."""
    rigs = metafunc.config.stash[options.RIGS]
    if len(rigs) > 1 and "rig" in metafunc.fixturenames:
        metafunc.parametrize("rig", rigs, ids=[rig.name for rig in rigs], indirect=True, scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`permitted` first: pytest sets up what a file or a run shares before a test's own fixtures."""
    for item in items:
        names = getattr(item, "fixturenames", [])
        names.sort(key=lambda name: name != PERMITTED)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    outcome: Any = yield
    report: pytest.TestReport = outcome.get_result()
    if report.failed and HEARD in item.stash:
        item.stash[FAILED] = True
        reporting.add_log(report, item.stash[HEARD], item)
    if report.when == "teardown" and EXTRAS in item.stash:
        report.extras = [*getattr(report, "extras", []), *item.stash[EXTRAS]]  # pyright: ignore


def pytest_html_report_title(report: Any) -> None:
    report.title = "Dermis: modules on rigs"


# The rig.


@pytest.fixture(scope="session")
def rig(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """The rig, open for the whole run. An instrument that its rig.toml declares and that does not answer fails every
    test: a skip would hide a bench that is broken."""
    description: RigDescription = getattr(request, "param", None) or request.config.stash[options.RIGS][0]
    try:
        opened = open_rig(description, tmp_path_factory.mktemp("rig"), **_hurried(description))
    except HostError as problem:
        pytest.fail(f"The rig {description.name} cannot be used: {problem}", pytrace=False)
    with opened:
        yield opened


def _hurried(description: RigDescription) -> dict[str, Any]:
    """A twin's time passes only while its module sleeps, unless its rig.toml says otherwise."""
    return {} if description.twin is None or "virtual_time" in description.twin else {"virtual_time": True}


@pytest.fixture(scope="session")
def capabilities(rig: Rig, request: pytest.FixtureRequest) -> dict[str, str]:
    """Capability -> "" or why not; what may be done to the module, and its state, among them. A module that does not
    answer has no capabilities, and that is no reason to skip: raises what was heard of it."""
    state = rig.module_identity().state
    found = rig.capabilities()
    found |= {name: _not_allowed(name, rig, request.config) for name in PERMISSIONS}
    found[BENCH_STATE] = "" if state == BENCH_STATE else f"The module is in the {state} state."
    return found


def _not_allowed(name: str, rig: Rig, config: pytest.Config) -> str:
    if name not in PERMISSIONS:
        return rig.why_not(name)
    option, meaning = PERMISSIONS[name]
    return "" if rig.virtual or config.getoption(option) else f"Nobody allowed it ({meaning})."


@pytest.fixture(autouse=True)
def permitted(request: pytest.FixtureRequest) -> None:
    """Skips a test that would take from the module what nobody allowed to be taken."""
    for name in _needed(request.node):
        if name in LOSING and (reason := _not_allowed(name, request.getfixturevalue("rig"), request.config)):
            pytest.skip(f"needs {name}: {reason}")


def _needed(item: pytest.Item) -> list[str]:
    """What its `needs` markers name."""
    return [name for marker in item.iter_markers("needs") for name in marker.args]


@pytest.fixture(scope="session")
def origin(rig: Rig) -> str:
    """What the reports call the results of that rig; on a port a twin may answer as well."""
    try:
        return "simulated" if rig.module_identity().board == TWIN_BOARD else "measured"
    except HostError:
        return "unknown"


@pytest.fixture(autouse=True)
def heard(request: pytest.FixtureRequest) -> Iterator[reporting.Heard | None]:
    """What the module says during the test. Before it: skips a test that needs what the rig has not."""
    needed = _needed(request.node)
    if not needed and "rig" not in request.fixturenames:
        yield None  # a test without a rig's module
        return
    rig: Rig = request.getfixturevalue("rig")
    process = os.environ.get("PYTEST_XDIST_WORKER", "")
    told = {"rig": rig.name, "results": request.getfixturevalue("origin"), "process": process}
    request.node.user_properties.extend(told.items())
    for name in needed:
        reason = request.getfixturevalue("capabilities").get(name, f"There is no capability {name!r}.")
        if reason:
            pytest.skip(f"needs {name}: {reason}")
    request.node.stash[HEARD] = heard = reporting.Heard(rig)
    yield heard
    logs = Path(request.config.option.root_logdir)
    try:
        if request.node.stash.get(FAILED, False) and request.config.getoption("bursts"):
            request.node.stash[EXTRAS] = reporting.burst(rig, logs / "bursts", request.node.name)
    finally:
        if needed:
            rig.rest()


# The module.


@pytest.fixture
def module(request: pytest.FixtureRequest, rig: Rig, heard: reporting.Heard) -> Iterator[Module]:
    """The module by our client, which has the port until the test ends."""
    if "calibrated" in request.fixturenames:
        request.getfixturevalue("calibrated")  # the first time it takes the port itself
    with rig.module(on_log=heard.line) as module:
        yield module


@pytest.fixture
def dermis(rig: Rig) -> Dermis:
    """`dermis("info")`: the command as a process, on the rig's port; what its --json told."""
    return Dermis(rig)


@pytest.fixture(scope="session")
def calibrated_once(rig: Rig, capabilities: dict[str, str]) -> Rig:
    """For `calibrated`, and for fixtures that outlive a test. A twin is calibrated by the command."""
    with rig.module() as module:
        if module.calibration_state().calibrated:
            return rig
    if rig.twin is None or rig.targets is None:
        why = capabilities["scene"] or "Its targets are no calibration fixture."
        pytest.skip(f"The module is not calibrated: `dermis calibrate run` and `commit` do that. {why}")
    calibrating.calibrate(rig)
    return rig


@pytest.fixture
def calibrated(request: pytest.FixtureRequest, rig: Rig, heard: reporting.Heard) -> Rig:
    """The rig with a module that has a record. First it is seen whether the rig has what the test needs."""
    return request.getfixturevalue("calibrated_once")


# pytest-embedded: its fixtures, on the rig's port.


@pytest.fixture
@multi_dut_argument
def port(request: pytest.FixtureRequest) -> str | None:
    """pytest-embedded's: the rig's port, for a test that has pytest-embedded open it."""
    return request.getfixturevalue("rig").port if "serial" in request.fixturenames else None


@pytest.fixture
def app_path() -> str:
    """pytest-embedded's: there is no app to flash. Its own would write this computer's paths into JUnit's file."""
    return str(HERE)


@pytest.fixture
@multi_dut_fixture
def _fixture_classes_and_options(_fixture_classes_and_options: ClassCliOptions) -> ClassCliOptions:
    """pytest-embedded's: with our two classes."""
    _fixture_classes_and_options.classes["serial"] = ports.ModuleSerial
    _fixture_classes_and_options.classes["dut"] = ports.ModuleDut
    return _fixture_classes_and_options


@pytest.fixture
def dut(rig: Rig, heard: reporting.Heard, dut: ports.ModuleDut) -> ports.ModuleDut:
    """pytest-embedded's device under test; `dut.module()` hands the port to our client."""
    dut.attach(rig, heard.line)
    return dut
