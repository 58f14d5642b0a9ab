"""How long a light may burn: no more than a part of any window of time, whatever the firmware asks for.

Pure; the boards share it. The hardware's own limits (one-shots, the projector's guard) hold without it.
"""


class DutyLimiter:
    """Of one light. limit_us: of any `window_us`."""

    def __init__(self, window_us, limit_us):
        self._window_us = window_us
        self._limit_us = limit_us
        self._spans = []  # (on, off) of pulses that ended, oldest first
        self._on_us = -1  # of the one that burns; -1: none does
        self._latest_us = 0  # when hardware ends it, should nobody else

    def left_us(self, now_us):
        """How long it may burn from now on; 0 or less: not at all."""
        since = now_us - self._window_us
        while self._spans and self._spans[0][1] <= since:
            self._spans.pop(0)
        used = sum([off - max(on, since) for on, off in self._spans])
        if self._on_us >= 0:
            used += max(0, min(now_us, self._latest_us) - max(self._on_us, since))
        return self._limit_us - used

    def begin(self, now_us, most_us):
        """It burns from now on. most_us: what hardware lets the pulse last when nobody ends it."""
        self.end(now_us)
        self._on_us, self._latest_us = now_us, now_us + most_us

    def end(self, now_us):
        """It is dark from now on at the latest. A pulse that nobody ended was ended by its one-shot."""
        if self._on_us >= 0:
            off = min(now_us, self._latest_us)
            if off > self._on_us:
                self._spans.append((self._on_us, off))
            self._on_us = -1
