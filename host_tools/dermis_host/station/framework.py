"""OpenHTF, tamed: the one place that knows its habits, and the first that imports it.

Importing it takes over Ctrl-C and reads this process's command line, as making a `Test` does again, and its end prints
a banner; none of that may reach a command of ours. Measurements are declared when they are taken, because what a
calibration measures depends on the board and the fixture: OpenHTF wants them on the phase before it begins, so
`declare` adds them to the phase that runs.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

from dermis_host.station.unit_record import Measured


@contextlib.contextmanager
def own_arguments() -> Iterator[None]:
    """Our words on the command line are not OpenHTF's."""
    kept = sys.argv
    sys.argv = kept[:1]
    try:
        yield
    finally:
        sys.argv = kept


_before = signal.getsignal(signal.SIGINT)
with own_arguments():
    import openhtf as htf
    from openhtf.plugs.user_input import UserInput
    from openhtf.util import configuration, console_output, units
signal.signal(signal.SIGINT, _before)
console_output.CLI_QUIET = True

__all__ = ["UserInput", "declare", "htf", "name_station", "own_arguments", "phase", "quiet"]

A_DAY_S = 86_400.0  # a phase waits for people; what waits for a module has its own, shorter limits


def name_station(identifier: str) -> None:
    """What the page and the test records call this station."""
    configuration.CONF.load(station_id=identifier)


def quiet() -> None:
    """What OpenHTF says of itself is not for the operator. To be called when there is a `Test`, which turns it up."""
    logging.getLogger("openhtf").setLevel(logging.INFO)


def phase(name: str, body: Callable[..., Any], plug: type | None = None) -> htf.PhaseDescriptor:
    """A phase of that name; `body` takes the test's API and, as `prompts`, the plug."""
    options: Any = htf.PhaseOptions  # attrs classes: checkers cannot see their arguments
    made = options(name=name, timeout_s=A_DAY_S)(body)
    return htf.plugs.plug(prompts=plug)(made) if plug else made


def declare(test: htf.TestApi, measured: Measured) -> None:
    """Adds a measurement with its unit and limits to the running phase, and sets it: OpenHTF judges it too."""
    kind: Any = htf.Measurement
    made = kind(measured.name)
    if measured.expected is not None:
        made.equals(measured.expected)
    elif measured.low is not None or measured.high is not None:
        made.in_range(
            measured.low,
            measured.high,
            marginal_minimum=measured.marginal_low,
            marginal_maximum=measured.marginal_high,
        )
    if measured.unit:
        unit: Any = units.UnitDescriptor
        made.with_units(unit(measured.unit, measured.unit, measured.unit))
    # Not part of OpenHTF's public face; tests/unit/host/test_station.py notices when it changes.
    state = test._running_phase_state
    made.set_notification_callback(functools.partial(state._notify, made.name))
    state.measurements[made.name] = made
    state._cached["measurements"][made.name] = made.as_base_types()
    test.measurements[measured.name] = measured.value
