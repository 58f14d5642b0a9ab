"""The lock's side on an ESP32-S3: the relay at a GPIO, Wiegand by two RMT transmitters, the rest at the expander.

Ref: MicroPython 1.29, docs/library/esp32.rst (class RMT: durations of at most `PULSE_MAX` ticks; `idle_level`) and
ports/esp32/esp32_rmt.c (`active()` counts a train that was stopped for ever; `wait_done` with a time-out does not),
machine_pin.c (an output can be read). ESP-IDF, RMT: a transmitter has memory for 48 symbols of two durations; frames of
37 bits need 38 at most, so that one goes out whole whatever Python or the flash do meanwhile; rmt_tx.c: a new one
drives its pin low until its first train.
Assumed, and not met on hardware: `active(False)` leaves the pin at its idle level at once; making the pin an output
again takes it from the transmitter; the expander's outputs are low before it is set up.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from esp32 import RMT
from machine import Pin

from dermis.core.errors import SensorFault
from dermis.drivers.dm1_lock import Dm1Lock, check_bits

if TYPE_CHECKING:
    from dermis.drivers.clock import Clock

OPEN, CLOSED = 0, 1
RESOLUTION_HZ = 1_000_000  # a tick is a microsecond
# Both transmitters begin with so much silence, in which it is seen whether they began together.
LEAD_US = 30_000
# Bits lie 2 ms apart: with less than this between the two, none can overtake another.
LARGEST_SKEW_US = 500
TRIES = 3
SPARE_MS = 5
# The low level of a new transmitter is a bit to a reader's host, which forgets it when none follows for so long.
FORGOTTEN_MS = 250
ENDED_MS = 1  # what `wait_done` may wait; 0 would ask the count that `active` asks


class S3Lock(Dm1Lock):
    """board: the board file's values. Relay open and Wiegand high from now on. Transmitters are made with the first
    frame: a module without Wiegand leaves them to others."""

    def __init__(self, board, expander, clock: Clock):
        super().__init__(expander)
        pins = board["pins"]
        self._clock = clock
        self._relay = Pin(pins["relay"], Pin.OUT, value=OPEN)
        self._lines = (Pin(pins["wiegand_d0"], Pin.OUT, value=1), Pin(pins["wiegand_d1"], Pin.OUT, value=1))
        self._senders: tuple = ()
        self._pulse_us = board["wiegand"]["pulse_us"]
        self._period_us = board["wiegand"]["period_us"]

    def relay(self, closed: bool) -> None:
        level = CLOSED if closed else OPEN
        self._relay.value(level)
        if self._relay.value() != level:
            raise SensorFault("the relay's output does not follow; check the lock's side for a short, then reset")

    async def wiegand(self, bits: str) -> None:
        check_bits(bits)
        trains = tuple([self._train(bits, bit) for bit in "01"])
        try:
            if not self._senders:
                await self._make()
            self._begin(trains)
            await self._clock.sleep_ms((LEAD_US + len(bits) * self._period_us) // 1000 + SPARE_MS)
            if not all(sender.wait_done(timeout=ENDED_MS) for sender in self._senders):
                raise SensorFault("a Wiegand frame does not end; reset the module")
        except (OSError, ValueError) as error:
            self._high()
            raise SensorFault("the transmitters of Wiegand cannot be set up (%s); reset the module" % error)
        except BaseException:  # cancelled, too: half a frame is another card's beginning
            self._high()
            raise

    def safe(self) -> None:
        super().safe()
        self._high()

    def _open_relay(self) -> None:
        self._relay.value(OPEN)

    def _train(self, bits, own):
        """(durations, levels) of one line: low for each of its own bits, high for the others'."""
        durations, levels = [], []
        high_us = LEAD_US
        for bit in bits:
            if bit != own:
                high_us += self._period_us
                continue
            while high_us > 0:
                durations.append(min(high_us, RMT.PULSE_MAX))
                levels.append(True)
                high_us -= RMT.PULSE_MAX
            durations.append(self._pulse_us)
            levels.append(False)
            high_us = self._period_us - self._pulse_us
        # A train ends high, and one without a pulse is not empty.
        return tuple(durations + [self._pulse_us]), tuple(levels + [True])

    async def _make(self):
        """Both transmitters, their lines high."""
        for line in self._lines:
            sender = RMT(pin=line, resolution_hz=RESOLUTION_HZ, idle_level=True)
            self._senders += (sender,)
            sender.write_pulses((LEAD_US,), (True,))
        await self._clock.sleep_ms(FORGOTTEN_MS)

    def _begin(self, trains):
        """Start both within `LARGEST_SKEW_US`: a collection of garbage between them would mix up the bits."""
        first, second = self._senders
        for _ in range(TRIES):
            gc.collect()
            before_us = self._clock.ticks_us()
            first.write_pulses(trains[0][0], trains[0][1])
            second.write_pulses(trains[1][0], trains[1][1])
            if self._clock.ticks_us() - before_us <= LARGEST_SKEW_US:
                return
            first.active(False)
            second.active(False)
        raise SensorFault("the two lines of Wiegand do not start together; reset the module")

    def _high(self):
        """The output registers have both lines, and say high."""
        senders, self._senders = self._senders, ()
        for line in self._lines:
            line.init(Pin.OUT, value=1)
        for sender in senders:
            try:
                sender.deinit()
            except OSError:
                continue  # the line is the register's all the same
        for line in self._lines:  # it may have touched the pin
            line.init(Pin.OUT, value=1)
