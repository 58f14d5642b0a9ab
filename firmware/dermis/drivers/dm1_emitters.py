"""The order in which DM1's lights are switched, and when they are refused. The boards share it and bring two methods.

One pulse pin goes through a one-shot and a decoder to the four lights, so that only one can burn. The decoder is moved
in the dark alone; before each pulse the expander must show that it stands where it was put.
"""

from dermis.core import vocabulary
from dermis.core.errors import InterlockOpen, SensorFault
from dermis.drivers.dm1_duty import DutyLimiter
from dermis.drivers.emitters import Emitters

NOMINAL_Q8 = 256
SELECT = "light_select_"


class Dm1Emitters(Emitters):
    """board: the board file's values. expander: `dm1_i2c.Expander`, begun. clock: `drivers.clock.Clock`.

    A board says how the current is set, and how a pulse begins and ends (`_current`, `_begin`, `_end`).
    """

    def __init__(self, board, expander, clock):
        self._expander = expander
        expander.before_begin = self.dark
        self._clock = clock
        self._select = board["light_select"]
        self._nominal_u16 = board["nominal_duty_u16"]
        self._longest_us = board["longest_pulse_us"]
        window_us = board["duty_window_us"]
        limit_us = window_us * board["duty_limit_q8"] >> 8
        self._limiters = {light: DutyLimiter(window_us, limit_us) for light in self._select}
        self._burning = ""
        self._percent, self._window_s = board["duty_limit_q8"] * 100 >> 8, window_us // 1_000_000

    def _current(self, duty_u16: int) -> None:
        """PWM duty of the current set. Raises SensorFault."""
        raise NotImplementedError

    def _begin(self, length_us: int) -> None:
        """Raise the pulse pin; it falls after `length_us` at the latest. Raises SensorFault."""
        raise NotImplementedError

    def _end(self) -> None:
        """The pulse pin low."""
        raise NotImplementedError

    def _most_us(self, length_us: int) -> int:
        """What hardware lets a pulse of that length last, should this program hang."""
        return length_us

    def pulse(self, light: str, level_q8: int, longest_us: int) -> None:
        if light not in self._select or not 0 < level_q8 <= NOMINAL_Q8 or longest_us <= 0:
            raise SensorFault(
                "there is no light %r at %d/256 of its nominal current for %d us; restart the module"
                % (light, level_q8, longest_us)
            )
        self.dark()
        expander, limiter = self._expander, self._limiters[light]
        left_us = limiter.left_us(self._clock.ticks_us())
        if left_us <= 0:
            raise SensorFault(
                "light %s has burned for %d %% of %d s; let it rest" % (light, self._percent, self._window_s)
            )
        expander.select(SELECT, self._select[light])
        expander.check()
        if light == vocabulary.DOTS and not expander.active("interlock"):
            raise InterlockOpen("the projector's diffuser is not in place; have the module serviced")
        if expander.active("light_fault"):
            raise SensorFault("the lights' driver reports a fault; check the lights' board and its supply, then reset")
        self._current(self._nominal_u16 * level_q8 // NOMINAL_Q8)
        self._burning = light
        length_us = min(longest_us, self._longest_us, left_us)
        limiter.begin(self._clock.ticks_us(), self._most_us(length_us))
        self._begin(length_us)

    def dark(self) -> None:
        self._end()
        if self._burning:
            self._limiters[self._burning].end(self._clock.ticks_us())
            self._burning = ""
