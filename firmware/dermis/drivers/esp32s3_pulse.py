"""A pulse that ends without Python: the RMT transmitter of one pin.

Ref: MicroPython 1.29, docs/library/esp32.rst (class RMT): durations of at most `RMT.PULSE_MAX` ticks; a second
`write_pulses` waits for the first. ESP-IDF, RMT: a transmitter of the S3 has memory for 48 symbols of two durations
each, so that the few of a pulse are all there before it begins and no interrupt is needed to end it.
Assumed, and not met on hardware: `active(False)` ends a pulse at once and leaves the pin at its idle level; making the
pin an output again takes it from the transmitter, whatever that does.
"""

from __future__ import annotations

from esp32 import RMT
from machine import Pin

from dermis.core.errors import SensorFault

US_PER_MS = 1000


class OneShot:
    """pin: gpio, low from now on. resolution_hz: ticks a second of the transmitter."""

    def __init__(self, pin, resolution_hz):
        self._ticks_per_ms = resolution_hz // US_PER_MS
        self._resolution_hz = resolution_hz
        self._pin = Pin(pin, Pin.OUT, value=0)
        self._rmt = None
        self._ended = False  # the transmitter is known to rest
        self._length_us = 0
        self._durations = ()
        self._levels = ()

    def fire(self, length_us: int) -> None:
        """High from now on, and low after that time whatever becomes of the program. Raises SensorFault; then it is
        low."""
        try:
            if self._rmt is None:
                self._rmt = RMT(pin=self._pin, resolution_hz=self._resolution_hz)
            if length_us != self._length_us:
                self._plan(length_us)
            if not self._ended:
                self._rmt.active(False)  # or `write_pulses` would wait for the end of the last one
            self._ended = False
            self._rmt.write_pulses(self._durations, self._levels)
        except (OSError, ValueError) as error:
            self._sever()
            raise SensorFault("the transmitter of a light's pulse cannot be set up (%s); reset the module" % error)

    def end(self) -> None:
        """Low now."""
        rmt = self._rmt
        if rmt is not None:
            try:
                rmt.active(False)
                self._ended = not rmt.active()
            except OSError:
                self._ended = False  # then the pin is taken from it
        if not self._ended:
            self._sever()

    def _plan(self, length_us):
        """The pulse in pieces that fit a symbol's half."""
        ticks, longest = length_us * self._ticks_per_ms // US_PER_MS, RMT.PULSE_MAX
        pieces = []
        while ticks > 0:
            pieces.append(min(ticks, longest))
            ticks -= longest
        self._durations = tuple(pieces)
        self._levels = (True,) * len(pieces)
        self._length_us = length_us

    def _sever(self):
        """The output register has the pin, and says low."""
        self._ended = False
        pin = self._pin
        pin.init(pin.OUT, value=0)
        rmt, self._rmt = self._rmt, None
        if rmt is not None:
            try:
                rmt.deinit()
            finally:  # it may have touched the pin
                pin.init(pin.OUT, value=0)
