"""What the module's program finds at the other end of the channel: one method a message of `twin_wire`."""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from dermis.core import twin_wire as wire
from dermis.core import vocabulary

from dermis_hw.module_instance import ModuleInstance
from dermis_hw.optics import Optics

from .channel import Answer
from .flash import Flash, PowerCut
from .imager import Imager
from .lockside import LockSide
from .sensor import swir_sums
from .world import DutyReached, World

LONGEST_FLASH_READ = 65536
THERMOMETER_STEP_CC = 6.25  # 1/16 degree Celsius, as sensors of this class give
MOST_PAIRS = 4096  # their sums stay small integers (31 bits) on the device

# What fails together, and the requests by which the module would notice it.
PARTS = {
    "imager": ("the imager does not answer", (wire.CAMERA_START, wire.CAMERA_READ)),
    "lights": ("the expander of the lights does not answer", (wire.EMIT, wire.INTERLOCK)),
    "swir_adc": ("the ADC of the SWIR head does not answer", (wire.SWIR_READ,)),
    "thermometer": ("the thermometer does not answer", (wire.TEMPERATURE,)),
    "flash": ("the flash chip does not answer", (wire.FLASH_READ, wire.FLASH_WRITE, wire.FLASH_ERASE)),
    "i2c": (
        "the I2C bus is held low: nothing on it answers",
        (wire.EMIT, wire.INTERLOCK, wire.SWIR_READ, wire.TEMPERATURE),
    ),
}

Methods = dict[int, Callable[[int, bytes], bytes]]  # op -> world time in us, payload -> answer


class Refusal(Exception):
    """A request that the hardware answers with a fault; the message goes to the firmware."""

    def __init__(self, status: int, sentence: str):
        super().__init__(sentence)
        self.status = status


class SuddenReset(Exception):
    """The reset line is pulled here and now, as was asked for."""


class Killed(Exception):
    """The module's process is to die here and now, as was asked for."""


class Peripherals:
    """Everything the firmware can touch. It outlives the module's process; `started` tells it of a new one."""

    def __init__(
        self,
        world: World,
        imager: Imager,
        flash: Flash,
        *,
        optics: Optics,
        module: ModuleInstance,
        swir_fitted: bool,
        virtual: bool,
        seed: int,
        on_console: Callable[[bool], None],
        on_watchdog: Callable[[float], None] = lambda _seconds: None,
        to_panel: Callable[[bytes], None] = lambda _data: None,
    ):
        self._world = world
        self._imager = imager
        self._flash = flash
        self._optics = optics
        self._module = module
        self._swir_fitted = swir_fitted
        self._virtual = virtual
        self._seed = seed
        self._on_console = on_console
        self._on_watchdog = on_watchdog
        self._boots = 0
        self._reset_cause = "power_on"
        self._swir_reads = 0
        self._born = int(time.time())
        self.stuck_adc: int | None = None
        self.swir_noise = 1.0  # times what a sound head has
        self.requests = 0  # of the module's programs, since the twin started
        self.requests_until_reset = 0  # 0: none
        self.clock_leap_us = 0  # that the module's clock still has to make
        self.date_off_s = 0  # what its date-time is off by, from its next start on
        self.kill_in_pulse = ""  # a light, or "any"
        self.brown_out_in_pulse = ""  # likewise
        self.dead_parts: dict[str, int] = {}  # part -> requests that it still answers
        self.said_hello = False
        self.lock = LockSide(to_panel, world.now_us)
        self._flash_methods: Methods = {
            wire.FLASH_READ: self._flash_read,
            wire.FLASH_WRITE: self._flash_write,
            wire.FLASH_ERASE: self._flash_erase,
        }
        self._methods: Methods = {
            **self._flash_methods,
            wire.HELLO: self._hello,
            wire.CAMERA_START: self._camera_start,
            wire.CAMERA_STOP: self._camera_stop,
            wire.EMIT: self._emit,
            wire.DARKEN: self._darken,
            wire.SWIR_READ: self._swir_read,
            wire.TEMPERATURE: self._temperature,
            wire.RANDOM: self._random,
            wire.INTERLOCK: self._interlock,
            wire.CONSOLE: self._console,
            wire.WATCHDOG: self._watchdog,
            wire.LOCK_SET: self.lock.set,
            wire.LOCK_INPUTS: self.lock.read_inputs,
            wire.WIEGAND: self.lock.wiegand,
            wire.BUS_OPEN: self.lock.open,
            wire.BUS_READ: self.lock.read,
            wire.BUS_WRITE: self.lock.write,
            wire.SKIP: self._skip,
        }

    @property
    def boots(self) -> int:
        return self._boots

    def started(self, cause: str) -> None:
        """The module starts: its peripherals stand as after a reset. The lights' one-shots run on by themselves."""
        self._boots += 1
        self._reset_cause = cause
        self.said_hello = False
        self._imager.stop()
        self.lock.reset()
        self._world.module_started()
        self._draws = np.random.default_rng([self._seed, self._boots, 0xAD])

    def answer(self, op: int, module_us: int, payload: bytes) -> Answer:
        """The answer to one request. Raises PowerCut, Killed or SuddenReset when the module is to end here."""
        status, answer_us, answer = self._answer(self._methods, op, self._world.hear(module_us), module_us, payload)
        if self.clock_leap_us and self.said_hello and op != wire.HELLO:
            # An answer from ahead moves the module's clock on.
            self._world.leap(self.clock_leap_us)
            answer_us, self.clock_leap_us = module_us + self.clock_leap_us, 0
        return status, answer_us, answer

    def answer_flash(self, op: int, module_us: int, payload: bytes) -> Answer:
        """The same on the flash chip's own channel, where no request says what time it is. Raises PowerCut,
        SuddenReset."""
        return self._answer(self._flash_methods, op, self._world.now_us(), module_us, payload)

    def _answer(self, methods: Methods, op: int, now_us: int, module_us: int, payload: bytes) -> Answer:
        self.requests += 1
        if self.requests_until_reset:
            self.requests_until_reset -= 1
            if not self.requests_until_reset:
                raise SuddenReset
        try:
            self._check_parts(op)
            if op == wire.CAMERA_READ and methods is self._methods:
                return self._camera_read(now_us)
            method = methods.get(op)
            if method is None:
                raise Refusal(wire.STATUS_FAULT, f"the twin knows no request {op}; use the same version on both sides")
            return wire.STATUS_OK, module_us, method(now_us, payload)
        except Refusal as refusal:
            return refusal.status, module_us, str(refusal).encode()
        except (struct.error, ValueError) as problem:
            return wire.STATUS_FAULT, module_us, f"the twin refuses request {op}: {problem}".encode()

    def _check_parts(self, op: int) -> None:
        """Raises Refusal for a request that a dead part would have to answer."""
        for part, answers in self.dead_parts.items():
            sentence, requests = PARTS[part]
            if op not in requests:
                continue
            if not answers:
                raise Refusal(wire.STATUS_FAULT, f"{sentence}; have the module serviced")
            self.dead_parts[part] = answers - 1

    def _hello(self, now_us: int, payload: bytes) -> bytes:
        (version,) = struct.unpack(wire.HELLO_REQUEST, payload)
        if version != wire.VERSION:
            sentence = f"the firmware speaks version {version} of the twin's channel, the twin {wire.VERSION}"
            raise Refusal(wire.STATUS_FAULT, sentence + "; use the same version on both sides")
        if not self.said_hello:  # the module's clock starts with its first word, not with its process
            self.said_hello = True
            self._world.module_started()
        date_s = self._born + now_us // 1_000_000 if self._virtual else int(time.time())
        hello = {
            "serial": self._module.serial,
            "imager": self._module.imager_id,
            "swir_head": self._module.swir_id if self._swir_fitted else "",
            "board": "twin",
            "swir": self._swir_fitted,
            "virtual_time": self._virtual,
            "unix_time": max(0, date_s + self.date_off_s),
            "reset_cause": self._reset_cause,
            "flash_size": self._flash.size,
            "ticks_us": self._world.ticks_us,
            "skips": self._virtual and self._world.skips,
        }
        return json.dumps(hello).encode()

    def _skip(self, _now_us: int, payload: bytes) -> bytes:
        (until_us,) = struct.unpack(wire.SKIP_REQUEST, payload)
        return struct.pack(wire.SKIP_RESPONSE, self._world.skipped_to(until_us))

    # --- imager

    def _camera_start(self, now_us: int, payload: bytes) -> bytes:
        exposure_us, gain_q8, buffers = struct.unpack(wire.CAMERA_START_REQUEST, payload)
        self._imager.start(now_us, exposure_us, gain_q8, buffers)
        return b""

    def _camera_read(self, now_us: int) -> Answer:
        again_us, arrived_us, pixels = self._imager.read(now_us)
        again = self._world.module_us(again_us) if again_us else 0
        head = struct.pack(wire.CAMERA_READ_RESPONSE, again)
        return wire.STATUS_OK, self._world.module_us(arrived_us), head + pixels

    def _camera_stop(self, _now_us: int, _payload: bytes) -> bytes:
        self._imager.stop()
        return b""

    # --- lights

    def _emit(self, now_us: int, payload: bytes) -> bytes:
        index, level_q8, longest_us = struct.unpack(wire.EMIT_REQUEST, payload)
        if not 1 <= index < len(vocabulary.LIGHTS) or level_q8 > 256:
            raise ValueError(f"there is no light {index}, or its level of {level_q8}/256 is above nominal")
        light = vocabulary.LIGHTS[index]
        if light == vocabulary.DOTS and not self._world.interlock_closed:
            self._world.dark(now_us)
            raise Refusal(wire.STATUS_INTERLOCK, "the projector's diffuser is not in place; have the module serviced")
        try:
            self._world.pulse(now_us, light, level_q8 / 256, longest_us)
        except DutyReached:
            percent, window_s = round(100 * self._optics.duty_limit), self._optics.duty_window_us // 1_000_000
            sentence = f"light {light} has burned for {percent} % of {window_s} s; let it rest"
            raise Refusal(wire.STATUS_FAULT, sentence) from None
        if self.kill_in_pulse in (light, "any"):
            self.kill_in_pulse = ""
            raise Killed
        if self.brown_out_in_pulse in (light, "any"):
            self.brown_out_in_pulse = ""
            raise PowerCut
        return b""

    def _darken(self, now_us: int, _payload: bytes) -> bytes:
        self._world.dark(now_us)
        return b""

    def _interlock(self, _now_us: int, _payload: bytes) -> bytes:
        return bytes((self._world.interlock_closed,))

    # --- SWIR head, thermometer, random numbers

    def _swir_read(self, now_us: int, payload: bytes) -> bytes:
        index, pairs = struct.unpack(wire.SWIR_READ_REQUEST, payload)
        if not self._swir_fitted:
            raise Refusal(wire.STATUS_FAULT, "no SWIR head is fitted; use a module that has one")
        if index >= len(vocabulary.SWIR_BANDS) or not 1 <= pairs <= MOST_PAIRS:
            raise ValueError(f"there is no band {index}, or {pairs} pairs are not 1 to {MOST_PAIRS}")
        took_us = 2 * pairs * self._optics.swir_sample_us
        if self.stuck_adc is not None:
            return struct.pack(wire.SWIR_READ_RESPONSE, self.stuck_adc * pairs, self.stuck_adc * pairs, took_us)
        levels = dict(self._module.level)
        for led, left in (self._world.dim_lights | dict.fromkeys(self._world.dead_lights, 0.0)).items():
            levels[led] = levels.get(led, 1.0) * left
        order = tuple(self._world.swapped_lights.get(led, led) for led in self._module.swir_order)
        self._swir_reads += 1
        rng = np.random.default_rng([self._seed, self._boots, self._swir_reads, 0x5A])
        on, off = swir_sums(
            replace(self._optics, swir_noise_counts=self._optics.swir_noise_counts * self.swir_noise),
            replace(self._module, level=levels, swir_order=order),
            self._world.field(now_us),
            vocabulary.SWIR_BANDS[index],
            pairs,
            self._world.temperature_c(now_us),
            rng,
        )
        return struct.pack(wire.SWIR_READ_RESPONSE, on, off, took_us)

    def _temperature(self, now_us: int, _payload: bytes) -> bytes:
        steps = round(self._world.temperature_c(now_us) * 100 / THERMOMETER_STEP_CC)
        return struct.pack(wire.TEMPERATURE_RESPONSE, int(steps * THERMOMETER_STEP_CC))

    def _random(self, _now_us: int, payload: bytes) -> bytes:
        (count,) = struct.unpack(wire.RANDOM_REQUEST, payload)
        return self._draws.bytes(count)

    # --- flash, console and watchdog

    def _flash_read(self, _now_us: int, payload: bytes) -> bytes:
        offset, length = struct.unpack(wire.FLASH_READ_REQUEST, payload)
        if length > LONGEST_FLASH_READ:
            raise ValueError(f"at most {LONGEST_FLASH_READ} bytes are read at once")
        return self._flash.read(offset, length)

    def _flash_write(self, _now_us: int, payload: bytes) -> bytes:
        head = struct.calcsize(wire.FLASH_WRITE_REQUEST)
        (offset,) = struct.unpack(wire.FLASH_WRITE_REQUEST, payload[:head])
        self._flash.program(offset, payload[head:])
        return b""

    def _flash_erase(self, _now_us: int, payload: bytes) -> bytes:
        self._flash.erase(*struct.unpack(wire.FLASH_ERASE_REQUEST, payload))
        return b""

    def _console(self, _now_us: int, payload: bytes) -> bytes:
        (ours,) = struct.unpack(wire.CONSOLE_REQUEST, payload)
        self._on_console(bool(ours))
        return b""

    def _watchdog(self, _now_us: int, payload: bytes) -> bytes:
        (limit_ms,) = struct.unpack(wire.WATCHDOG_REQUEST, payload)
        if not limit_ms:
            raise ValueError("a watchdog that was started cannot be stopped; give it a longer time")
        self._on_watchdog(limit_ms / 1000)
        return b""
