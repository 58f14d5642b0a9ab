"""`esp32.RMT`, the transmitters that go on without Python.

Ref: MicroPython 1.29, docs/library/esp32.rst (class RMT), pull request 16293 (the IDF's new driver: channels are given
out, `num_symbols`, `active`) and ports/esp32/esp32_rmt.c (`active` counts trains that were begun and not ended, and a
train that is stopped stays counted); ESP-IDF, RMT: the S3 has four transmitters of 48 symbols of memory each, a symbol
holds two durations of 15 bits, and what does not fit into that memory is filled in by an interrupt; rmt_tx.c: a new
transmitter drives its pin low until its first train has begun, whatever its idle level.
"""

from __future__ import annotations

from typing import Any

from tests.fakes.esp32s3.chip import CALL_US, RMT_TX_CHANNELS, Chip
from tests.fakes.esp32s3.pins import check_pin

SOURCE_HZ, MOST_DIVIDED = 80_000_000, 256
PULSE_MAX, SYMBOLS = 32767, 48


def members(chip: Chip) -> dict[str, dict[str, Any]]:
    class RMT:
        PULSE_MAX = PULSE_MAX

        def __init__(
            self,
            id=-1,
            *,
            pin,
            resolution_hz=None,
            clock_div=None,
            idle_level=False,
            tx_carrier=None,
            num_symbols=SYMBOLS,
        ):
            if not hasattr(pin, "number"):
                raise TypeError("expecting a pin")
            number = check_pin(chip, pin)
            if resolution_hz is not None and clock_div is not None:
                raise ValueError("resolution_hz and clock_div are mutually exclusive")
            hz = resolution_hz or SOURCE_HZ // (clock_div or 8)
            if not SOURCE_HZ // MOST_DIVIDED <= hz <= SOURCE_HZ:
                raise ValueError("resolution_hz out of range")
            if num_symbols < SYMBOLS or num_symbols % 2:
                raise ValueError("num_symbols must be even and at least 48")
            if len(chip.rmt) >= RMT_TX_CHANNELS:
                raise OSError(261, "ESP_ERR_NOT_FOUND")
            if any(other._number == number for other in chip.rmt):  # type: ignore[attr-defined]
                raise AssertionError(f"GPIO {number} has a transmitter already")
            self._number, self._hz, self._idle, self._symbols = number, hz, int(idle_level), num_symbols
            self._sending = 0  # number of the transmission; 0: none
            self._sent = 0
            self._counted = 0  # trains that did not end by themselves
            self._enabled = False
            self._until_us = 0
            self._alive = True
            chip.rmt.append(self)
            chip.pin(number).mode = "out"
            if chip.level(number):
                chip.pulled_low.append((chip.now_us, number))
            chip.drive(number, "rmt", 0)

        def _check(self):
            chip.run(CALL_US)
            if not self._alive:
                raise OSError("RMT is deinitialized")

        def write_pulses(self, duration, data=True):
            self._check()
            durations, levels = _sequence(duration, data)
            if self._sending:
                # Ref: the documentation: it waits for the end of what is under way.
                chip.waited_for_rmt_us += self._until_us - chip.now_us
                chip.run(self._until_us - chip.now_us)
            self._sent += 1
            self._counted += 1
            self._enabled = True
            self._sending = sent = self._sent
            at = chip.now_us
            for length, level in zip(durations, levels, strict=True):
                chip.at(at, lambda level=level: self._put(sent, level))
                at += length * 1_000_000 // self._hz
            self._until_us = at
            chip.at(at, lambda: self._end(sent))
            chip.run(0)

        def _put(self, sent, level):
            pin = chip.pin(self._number)
            if self._sending == sent and pin.driver == "rmt":
                chip.drive(self._number, "rmt", level)

        def _end(self, sent):
            self._put(sent, self._idle)
            if self._sending == sent and sent:
                self._sending = 0
                self._counted -= 1

        def active(self, value=None):
            self._check()
            if value:
                raise ValueError("activate by calling write_pulses()")
            if value is not None:
                self._put(self._sending, self._idle)
                self._sending, self._enabled = 0, False
            return self._enabled and self._counted > 0

        def wait_done(self, *, timeout=0):
            self._check()
            if not self._enabled:
                return True
            if timeout == 0 and self._counted:
                return False
            if self._sending:
                left = self._until_us - chip.now_us
                chip.run(left if timeout < 0 else min(left, timeout * 1000))
            return not self._sending

        def loop_count(self, count):
            raise AssertionError("a pulse that is repeated would outlive the program that asked for it")

        loop = loop_count

        @classmethod
        def source_freq(cls):
            return SOURCE_HZ

        def deinit(self):
            if self._alive:
                self._end(self._sending)
                self._alive = False
                chip.rmt.remove(self)
                pin = chip.pin(self._number)
                if pin.driver == "rmt":
                    pin.latch = 0
                    chip.drive(self._number, "", 0)

    return {"esp32": {"RMT": RMT}}


def _sequence(duration, data):
    """Durations and levels of the three forms that `write_pulses` takes."""
    if isinstance(duration, int):
        levels = list(data)
        durations = [duration] * len(levels)
    else:
        durations = list(duration)
        if isinstance(data, (list, tuple)):
            levels = list(data)
        else:
            first = 1 if data else 0
            levels = [(first + index) % 2 for index in range(len(durations))]
    if not durations:
        raise ValueError("No pulses")
    if len(durations) != len(levels):
        raise ValueError("duration and data must have same length")
    if any(not 1 <= length <= PULSE_MAX for length in durations):
        raise ValueError(f"duration must be from 1 to {PULSE_MAX}")
    return durations, [1 if level else 0 for level in levels]
