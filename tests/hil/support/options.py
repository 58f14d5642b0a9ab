"""The suite's options, and the rigs that they name."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from dermis_host import Module
from dermis_host.errors import HostError
from dermis_host.rig import RigDescription, load, of_port, of_twin

RIGS = pytest.StashKey[list[RigDescription]]()


def add(parser: pytest.Parser) -> None:
    """What the suite takes beside pytest-embedded's own --port."""
    group = parser.getgroup("dermis rigs", "which module, and what may be done to it")
    group.addoption(
        "--rig",
        metavar="RIG.toml",
        action="append",
        default=[],
        help="the rig to run on (with --port, its module there); given twice or more, the whole suite runs on each, at "
        "the same time with -n",
    )
    group.addoption(
        "--allow-flash", action="store_true", help="the module may be flashed and updated (rig.toml: flash = true)"
    )
    group.addoption(
        "--allow-records",
        action="store_true",
        help="calibration records may be written: the one in force comes back, the one before it is lost",
    )
    group.addoption(
        "--allow-keys",
        action="store_true",
        help="keys may be given and the state changed: only erasing the flash takes that back",
    )
    group.addoption("--firmware", metavar="DIR", help="what `dermis build` made for this board, to be flashed")
    group.addoption("--runtime", metavar="FILE", help="MicroPython for this board, to be flashed")
    group.addoption("--updates-key", metavar="PEM", help="the key that --firmware was signed with")
    group.addoption(
        "--scene",
        metavar="FILE.toml",
        action="append",
        default=[],
        help="a scene of your own with an [expect], to be shown instead of those that ship",
    )
    group.addoption(
        "--bursts", action="store_true", help="keep a burst of what stood before the module when a test failed"
    )


def rigs_of(config: pytest.Config) -> list[RigDescription]:
    """The rigs that the command line names; the twin when it names none. Raises UsageError (pytest's)."""
    port, files = config.getoption("port"), config.getoption("rig") or []
    if config.getoption("count") != 1 or "|" in (port or ""):
        raise pytest.UsageError("A test of this suite drives one module: name each by a --rig of its own.")
    if port and len(files) > 1:
        raise pytest.UsageError("A port has one module: name one --rig beside --port.")
    try:
        if port:
            rigs = [load(Path(files[0])).on(port) if files else of_port(port)]
        elif files:
            rigs = [load(Path(file)) for file in files]
        else:
            rigs = [of_twin()]
    except HostError as problem:
        raise pytest.UsageError(str(problem)) from None
    _told_apart(rigs)
    if config.getoption("allow_flash"):
        rigs = [dataclasses.replace(rig, flash=True) for rig in rigs]
    return rigs


def _told_apart(rigs: list[RigDescription]) -> None:
    """Names stand in the tests' names; a port has one module."""
    for what in ("name", "port"):
        values = [value for rig in rigs if (value := getattr(rig, what))]
        if twice := {value for value in values if values.count(value) > 1}:
            raise pytest.UsageError(f"Two rigs have the {what} {twice.pop()!r}: give each its own.")


def distribute(config: pytest.Config, rigs: list[RigDescription]) -> None:
    """With -n and one twin: a file of tests stays with one process, for its tests share what they set up.

    Raises UsageError where a module would have several processes at its port.
    """
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None) or len(rigs) > 1:
        return
    if rigs[0].port:
        raise pytest.UsageError("One module has one port: leave -n out, or name another --rig for each process.")
    config.option.dist = "loadfile"


def heard_first(config: pytest.Config) -> None:
    """One sentence now is better than one a test: the module on --port must answer, unless it is to be flashed first.

    Raises UsageError (pytest's).
    """
    port = None if config.getoption("rig") else config.getoption("port")  # a rig may have to give it power
    if not port or hasattr(config, "workerinput") or config.getoption("firmware") or config.option.collectonly:
        return
    try:
        Module(port).close()
    except HostError as problem:
        raise pytest.UsageError(str(problem)) from None


def scheduling(config: pytest.Config, log: Any) -> Any:
    """With -n and several rigs, a rig stays with one process; else None.

    pytest-xdist's own groups (`--dist loadgroup`) have no effect in version 3.8 under pytest 9.2.
    """
    from xdist.scheduler import LoadScopeScheduling

    names = sorted((rig.name for rig in config.stash[RIGS]), key=len, reverse=True)
    if len(names) < 2:
        return None

    class RigScheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return next((name for name in names if f"[{name}]" in nodeid or f"[{name}-" in nodeid), nodeid)

    return RigScheduling(config, log)
