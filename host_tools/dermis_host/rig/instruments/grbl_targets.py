"""A target changer that a GRBL 1.1 controller moves: a turntable, a slide, both. Each target is a place of its axes.

Every place is in machine coordinates, so the machine needs switches to home to, and is homed when it is opened: before
that nobody knows where it stands. `ok` says that a line was understood, not that anything has moved: it is at rest when
a status report says Idle at the place asked for. Nothing of it has met a real machine.
Ref: gnea/grbl, doc/markdown/interface.md and commands.md (1.1).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from dermis_host.rig.contract import RigError, Targets
from dermis_host.rig.keys import Keys
from dermis_host.rig.serial_line import SerialLine

BAUD = 115200
AXES = ("x", "y", "z", "a")
FARTHEST = 10_000.0  # mm, or degrees of an axis that turns
SOFT_RESET, FEED_HOLD, STATUS = b"\x18", b"!", b"?"
BANNER = re.compile(r"Grbl 1\.[1-9]\S*")
REPORT = re.compile(r"<([A-Za-z]+)(?::\d+)?\|([WM]Pos):([-0-9.,]+)[|>].*")
SETTING = re.compile(r"\$(\d+)=([-0-9.]+)")
# Settings without which reports or homing are not what we take them for: number -> (bit, value, what to do).
NEEDED = {
    10: (1, 1, "machine positions: $10=1"),
    13: (1, 0, "millimetres: $13=0"),
    22: (1, 1, "homing: $22=1"),
}
ANSWER_S = 2.0
BANNER_S = 5.0  # an Arduino waits in its loader first
START_S = 1.0  # from `ok` to the first step: it is Idle until then
POLL_S = 0.1
MOST_S = 600.0
MOST_LINES = 200  # of settings, messages and stale reports before an answer


class GrblTargets(Targets):
    """Keys: port, baud, feed (mm or degrees a minute; 0: as fast as it can), move_s and home_s (limits of time),
    tolerance (mm or degrees), settle_s (until what hangs on it is still), places (name -> x, y, z, a)."""

    def __init__(
        self,
        port: str,
        baud: int,
        places: dict[str, dict[str, float]],
        *,
        feed: float,
        limits_s: tuple[float, float],
        tolerance: float,
        settle_s: float,
    ):
        self._places, self._feed, self._tolerance, self._settle_s = places, feed, tolerance, settle_s
        self._move_s, self._home_s = limits_s
        self._homed = False
        self._line = SerialLine("The target changer", port, baud)
        try:
            self._banner = self._reset()
            self._check_settings()
            self._home()
        except BaseException:
            self._line.close()
            raise

    @classmethod
    def read(cls, keys: Keys) -> Callable[[], GrblTargets]:
        port, baud = keys.port(), keys.baud(BAUD)
        table = keys.table("places")
        assert table is not None
        places = {name: _place(table, name) for name in table.left()}
        if not places:
            raise keys.wrong("places", "names no target: write NAME = { x = 0.0 }")
        feed, tolerance = keys.number("feed", 0.0, FARTHEST * 60, 0.0), keys.number("tolerance", 0.001, 10.0, 0.5)
        limits_s = keys.number("move_s", 1.0, MOST_S, 60.0), keys.number("home_s", 1.0, MOST_S, 120.0)
        settle_s = keys.number("settle_s", 0.0, 60.0, 0.5)
        return lambda: cls(port, baud, places, feed=feed, limits_s=limits_s, tolerance=tolerance, settle_s=settle_s)

    def identity(self) -> str:
        return f"{self._banner}, {len(self._places)} places"

    def names(self) -> Sequence[str]:
        return list(self._places)

    def show(self, target: str | Path) -> None:
        place = self._places.get(str(target))
        if place is None:
            raise RigError(f"The target changer has no place {target}: there are {', '.join(self._places)}.")
        if not self._homed:
            self._reset()
            self._home()
        words = " ".join(f"{axis.upper()}{value:.3f}" for axis, value in place.items())
        motion = f"G1 F{self._feed:g}" if self._feed else "G0"
        self._homed = False  # until it stands there
        try:
            self._do(f"G90 G21 G53 {motion} {words}", ANSWER_S)
            self._arrive(place, str(target))
        except BaseException:
            self._halt()
            raise
        self._homed = True
        time.sleep(self._settle_s)

    def close(self) -> None:
        self._line.close()

    # --- the machine

    def _reset(self) -> str:
        """Stops whatever it does; what it calls itself. Where it stands is then not known any more."""
        self._homed = False
        self._line.drop_input()
        self._line.write(SOFT_RESET)
        until = time.monotonic() + BANNER_S
        while True:
            line = self._line.line("a reset", max(POLL_S, until - time.monotonic()))
            if found := BANNER.match(line):
                return found[0]
            if time.monotonic() >= until:
                raise self._line.nonsense("a reset", line)

    def _check_settings(self) -> None:
        found = {int(number): float(value) for number, value in self._do("$$", ANSWER_S)}
        for number, (bit, value, what) in NEEDED.items():
            if number not in found or int(found[number]) & bit != value:
                raise RigError(f"The target changer on {self._line.port} must be set to {what}; ${number} is not.")

    def _home(self) -> None:
        self._do("$H", self._home_s)
        self._homed = True

    def _do(self, line: str, limit_s: float) -> list[tuple[str, ...]]:
        """Sends a line and waits for its `ok`; the settings that came before it."""
        settings = []
        self._line.send(line)
        for _ in range(MOST_LINES):
            answer = self._line.line(line, limit_s)
            if answer == "ok":
                return settings
            if found := SETTING.fullmatch(answer):
                settings.append(found.groups())
            elif answer.startswith("error:"):
                raise RigError(f"The target changer on {self._line.port} refused {line} ({answer}).")
            else:
                self._check_push(answer, line)
        raise self._line.nonsense(line, "lines without an end")

    def _check_push(self, answer: str, awaited: str) -> None:
        """What comes unasked: messages and reports are none of our business, an alarm and a restart are."""
        if answer.startswith("ALARM:") or BANNER.match(answer):
            self._homed = False
            raise RigError(
                f"The target changer on {self._line.port} stopped at {awaited} ({answer}): free it; it is homed again "
                "at the next target."
            )
        if answer and answer[0] not in "<[>$":
            raise self._line.nonsense(awaited, answer)

    def _arrive(self, place: dict[str, float], target: str) -> None:
        sent = time.monotonic()
        until = sent + self._move_s
        while True:
            state, position = self._report()
            if state == "Idle":
                off = max(abs(position.get(axis, value + FARTHEST) - value) for axis, value in place.items())
                if off <= self._tolerance:
                    return
                if time.monotonic() - sent > START_S:
                    raise RigError(f"The target changer stands {off:g} off {target}: is that axis there, and free?")
            elif state != "Run":
                raise RigError(f"The target changer is in state {state} on its way to {target}: look at it.")
            if time.monotonic() >= until:
                raise RigError(
                    f"The target changer was not at {target} within move_s = {self._move_s:g} s: is it free?"
                )
            time.sleep(POLL_S)

    def _report(self) -> tuple[str, dict[str, float]]:
        """State and machine position of a fresh status report."""
        self._line.write(STATUS)
        for _ in range(MOST_LINES):
            line = self._line.line("?", ANSWER_S)
            if not line.startswith("<"):
                self._check_push(line, "its way")
                continue
            found = REPORT.fullmatch(line)
            try:
                if found is None or found[2] != "MPos":
                    raise ValueError
                return found[1], dict(zip(AXES, map(float, found[3].split(",")), strict=False))
            except ValueError:
                raise self._line.nonsense("?", line) from None
        raise self._line.nonsense("?", "lines without an end")

    def _halt(self) -> None:
        """Whoever interrupts a motion finds the machine at rest."""
        try:
            self._line.write(FEED_HOLD)
        except RigError:
            return  # it is gone: why, is being said already


def _place(table: Keys, name: str) -> dict[str, float]:
    keys = table.table(name)
    assert keys is not None
    place = {axis: keys.number(axis, -FARTHEST, FARTHEST) for axis in AXES if axis in keys.left()}
    keys.end()
    if not place:
        raise table.wrong(name, "names no axis: write { x = 0.0 }")
    return place
