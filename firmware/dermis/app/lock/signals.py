"""Status LED and buzzer: what is shown at a time, of what the module has to say and what the panel asked for."""

from __future__ import annotations

from collections import namedtuple

from dermis.drivers.lock import AMBER, GREEN, OFF, RED

# value for on_ms, then other for off_ms, again and again, until `until_us` of the clock (0: without end).
Pattern = namedtuple("Pattern", ("value", "on_ms", "other", "off_ms", "since_us", "until_us"))

LOOKING, LET_THROUGH, NOT_LET_THROUGH = AMBER, GREEN, RED
SHOWN_MS = 2000  # a verdict, to the person before the module
BEEP_MS = 120  # and as long a pause
BEEPS_YES, BEEPS_NO = 1, 2


class Signals:
    """lock: `drivers.lock.Lock`. Nothing is driven but in `tick`, and only what changed."""

    def __init__(self, lock, clock):
        self._lock = lock
        self._clock = clock
        self._own: dict = {"led": None, "buzzer": None}  # of a passage: they come first
        self._temporary = dict(self._own)  # the panel's, for a time
        self._permanent = dict(self._own)  # the panel's, until it says otherwise
        self._driven: dict = {"led": OFF, "buzzer": False}

    def looking(self) -> None:
        """A passage has begun."""
        self._own["led"] = self._pattern(LOOKING, 0, OFF, 0, 0)

    def verdict(self, let_through: bool) -> None:
        """The person before the module is told yes or no, and not why: an attacker learns nothing from it."""
        beeps = BEEPS_YES if let_through else BEEPS_NO
        self._own["led"] = self._pattern(LET_THROUGH if let_through else NOT_LET_THROUGH, 0, OFF, 0, SHOWN_MS)
        self._own["buzzer"] = self._pattern(True, BEEP_MS, False, BEEP_MS, 2 * beeps * BEEP_MS)

    def none(self) -> None:
        """Nothing of a passage any more."""
        self._own = {"led": None, "buzzer": None}

    def panel(self, what: str, permanent: bool, value, on_ms: int, other, off_ms: int, for_ms: int) -> None:
        """What the panel asks of "led" or "buzzer"; for_ms 0: without end."""
        layer = self._permanent if permanent else self._temporary
        layer[what] = self._pattern(value, on_ms, other, off_ms, for_ms)

    def panel_cancels(self, what: str) -> None:
        """The panel takes back what was for a time."""
        self._temporary[what] = None

    def tick(self) -> None:
        """Drive what is to be seen and heard now. Raises SensorFault."""
        now = self._clock.ticks_us()
        for what in ("led", "buzzer"):
            wanted = OFF if what == "led" else False
            for layer in (self._permanent, self._temporary, self._own):
                pattern = layer[what]
                if pattern is not None and pattern.until_us and now >= pattern.until_us:
                    layer[what] = pattern = None
                if pattern is not None:
                    wanted = _value(pattern, now)
            if wanted != self._driven[what]:
                if what == "led":
                    self._lock.led(wanted)
                else:
                    self._lock.buzzer(wanted)
                self._driven[what] = wanted

    def forget(self) -> None:
        """The outputs were made safe behind our back: drive them anew."""
        self._driven = {"led": None, "buzzer": None}

    def _pattern(self, value, on_ms, other, off_ms, for_ms):
        now = self._clock.ticks_us()
        return Pattern(value, on_ms, other, off_ms, now, now + 1000 * for_ms if for_ms else 0)


def _value(pattern, now_us):
    period_ms = pattern.on_ms + pattern.off_ms
    if not pattern.off_ms or not period_ms:
        return pattern.value
    return pattern.value if (now_us - pattern.since_us) // 1000 % period_ms < pattern.on_ms else pattern.other
