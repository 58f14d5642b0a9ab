"""Faults that can be asked for, by name. `clear` takes them all back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from dermis.core import partitions, vocabulary

from . import ballast
from .cable import Noise, Wire
from .chip import CHIPS, Board
from .errors import TwinError
from .flash import Flash
from .imager import Imager
from .lamps import Flasher, Flicker, Follower
from .peripherals import PARTS, Peripherals
from .world import Dying, World

TEMPERATURE_C = (-55.0, 125.0)  # beyond it no part of the module works
SWIR_LIGHTS = tuple(f"swir{band}" for band in vocabulary.SWIR_BANDS)
MOST_GARBAGE = 1 << 20
LATEST_MS = 1000
FARTHEST_SHIFT_PX = 100
MOST_NOISE = 1000
LONGEST_STALL_S = 60.0
LONGEST_JUMP_S = 100 * 365 * 86400.0
DIRECTIONS = ("to_module", "to_host")
FLASH_MEGABYTES = (1, 2, 4, 8, 16)


def _count(value: int) -> int:
    """Raises ValueError for what is no count from 0 on."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("counts are whole numbers from 0 on")
    return value


class Faults:
    """`apply(name, args)`: each method below that starts with `fault_` is a fault; its arguments are its own.

    restart: takes the module's power away, does that work, and gives it back.
    """

    def __init__(self, world: World, imager: Imager, flash: Flash, peripherals: Peripherals, board: Board, seed: int):
        self._world = world
        self._imager = imager
        self._flash = flash
        self._peripherals = peripherals
        self._board = board
        self._rng = np.random.default_rng([seed, 0xFA])
        self.to_module, self.to_host = Wire(self._rng), Wire(self._rng)
        self.restart: Callable[[Callable[[], None]], None] = lambda work: work()
        self._ballast = False
        self.garbage = bytearray()  # bytes that the cable makes up on the way to the module
        self.active: dict[str, dict] = {}

    def apply(self, name: str, args: dict) -> None:
        """Raises TwinError for a fault there is not, or arguments that it does not take."""
        method = getattr(self, f"fault_{name}", None)
        if method is None:
            names = ", ".join(sorted(key[6:] for key in dir(self) if key.startswith("fault_")))
            raise TwinError(f"there is no fault {name!r}; there are: {names}")
        try:
            method(**args)
        except (TypeError, ValueError) as problem:
            raise TwinError(f"the fault {name} cannot be had like this: {problem}") from problem
        if name != "clear":
            self.active[name] = args

    def spoil_to_module(self, data: bytes) -> bytes:
        made_up = bytes(self.garbage)
        self.garbage.clear()
        return self.to_module.carry(made_up + data)

    def spoil_to_host(self, data: bytes) -> bytes:
        return self.to_host.carry(data)

    def waiting(self) -> list[str]:
        """Names of the faults that were asked for a time that has not come."""
        waits = {
            "power_cut": self._flash.waits_for_cut,
            "bad_block": self._flash.waits_for_wear,
            "sudden_reset": self._peripherals.requests_until_reset > 0,
            "clock_jump": self._peripherals.clock_leap_us > 0,
            "serial_stall": self._waits_to_stall(),
        }
        return [name for name, waiting in waits.items() if waiting]

    def _waits_to_stall(self) -> bool:
        """Whether a direction is to stall and none has."""
        both = self.to_module, self.to_host
        return any(wire.waits for wire in both) and not any(wire.stalled for wire in both)

    @property
    def deadlines(self) -> list[float]:
        """When a stalled cable goes on, as `time.monotonic` counts."""
        return [at for at in (self.to_module.deadline, self.to_host.deadline) if at is not None]

    def cut_cable(self, data: bytes) -> tuple[bytes, bool]:
        """What of these bytes comes through before the cable is out, and whether it stays in."""
        if self._board.cable_bytes is None:
            return data, True
        through, self._board.cable_bytes = data[: self._board.cable_bytes], self._board.cable_bytes - len(data)
        if self._board.cable_bytes > 0:
            return through, True
        self._board.cable_bytes = None
        self.active.pop("cable_pulled", None)
        return through, False

    def fault_dead_light(self, light: str, after: int = 0, burns_us: int = 0) -> None:
        """This light stays dark although its driver reports nothing; `after` that many more pulses, the next of which
        goes out after `burns_us`. A LED of the SWIR head (`swir1450`) is dead at once."""
        self._check_light(light)
        if after < 0 or burns_us < 0:
            raise ValueError("`after` and `burns_us` must not be negative")
        if (after or burns_us) and light not in SWIR_LIGHTS:
            self._world.dying_lights[light] = Dying(after, burns_us)
        else:
            self._world.dead_lights.add(light)

    def fault_dim_light(self, light: str, left: float = 0.5) -> None:
        """This light gives that part of its output, whatever its driver asks for. A LED of the SWIR head, too."""
        self._check_light(light)
        if not 0 <= left <= 1:
            raise ValueError("`left` lies between 0 and 1")
        self._world.dim_lights[light] = left

    def fault_swapped_lights(self, first: str, second: str) -> None:
        """Their cables were put on the wrong way round: each burns when the other one is asked for."""
        self._check_light(first)
        self._check_light(second)
        if first == second or (first in SWIR_LIGHTS) != (second in SWIR_LIGHTS):
            raise ValueError("two lights of the imager are swapped, or two of the SWIR head")
        self._world.swapped_lights |= {first: second, second: first}

    def fault_shifted_projector(self, du: float = 0.0, dv: float = 0.0) -> None:
        """Its pattern lies so many pixels off along the baseline and across it, as after a knock."""
        if max(abs(du), abs(dv)) > FARTHEST_SHIFT_PX:
            raise ValueError(f"`du` and `dv` are at most {FARTHEST_SHIFT_PX} px either way")
        self._world.knock_projector(float(du), float(dv))

    def fault_saturated_imager(self) -> None:
        """Every pixel is white."""
        self._imager.saturated = True

    def fault_silent_imager(self, after: int = 0) -> None:
        """No frame comes any more, once `after` more were read."""
        self._imager.sound_frames = _count(after)
        self._imager.silent = True

    def fault_frozen_imager(self, after: int = 0) -> None:
        """The same frame comes again and again, once `after` more were read."""
        self._imager.sound_frames = _count(after)
        self._imager.frozen = True

    def fault_short_frames(self, missing: int = 1000, after: int = 0) -> None:
        """So many bytes are missing at the end of each frame, once `after` more were read."""
        if not 1 <= missing <= self._imager.frame_bytes:
            raise ValueError(f"a frame has {self._imager.frame_bytes} bytes")
        self._imager.sound_frames = _count(after)
        self._imager.short_bytes = missing

    def fault_old_frames(self, count: int = 1) -> None:
        """The first frames after each start of the imager are the last one of before."""
        self._imager.old_frames = _count(count)

    def fault_bad_frames(self, drop: float = 0.0, repeat: float = 0.0, late: float = 0.0, late_ms: int = 100) -> None:
        """Chances a frame: that it is lost, that the one before comes again, that it comes up to `late_ms` later."""
        if not all(0 <= chance < 1 for chance in (drop, repeat, late)) or not 0 <= late_ms <= LATEST_MS:
            raise ValueError(f"chances lie between 0 and 1, 1 excluded; frames come at most {LATEST_MS} ms later")
        self._imager.drop_probability, self._imager.repeat_probability = drop, repeat
        self._imager.late_probability, self._imager.late_us = late, late_ms * 1000

    def fault_lamp_flicker(self, hz: float = 100.0, depth: float = 0.5) -> None:
        """The room's light goes up and down by that part of its mean, so often a second."""
        if not (1 <= hz <= 1e6 and 0 <= depth <= 1):
            raise ValueError("`hz` lies between 1 and 1,000,000, `depth` between 0 and 1")
        self._world.flicker = Flicker(hz, depth)

    def fault_flashing_light(
        self, period_ms: float = 40.0, duty: float = 0.5, scene: float = 1.0, tab: float = 0.1
    ) -> None:
        """Somebody's lamp flashes: `scene` as a part of what our 850 nm LEDs give, `tab` as a part of full well."""
        if not (period_ms > 0 and 0 <= duty <= 1 and scene >= 0 and tab >= 0):
            raise ValueError("`period_ms` is positive, `duty` lies between 0 and 1, `scene` and `tab` from 0 on")
        self._world.lamps.append(Flasher(period_ms * 1000, duty, scene, tab))

    def fault_following_light(
        self, light: str = "", scene: float = 1.0, tab: float = 0.1, delay_ms: float = 0.0
    ) -> None:
        """Somebody's lamp burns with that light of ours (any where none is named), so much later."""
        lights = vocabulary.LIGHTS[1:]
        if light and light not in lights:
            raise ValueError(f"the lights are {', '.join(lights)}")
        if scene < 0 or tab < 0 or delay_ms < 0:
            raise ValueError("`scene`, `tab` and `delay_ms` must not be negative")
        answers: dict[str, tuple[float, float]] = dict.fromkeys((light,) if light else lights, (scene, tab))
        self._world.lamps.append(Follower(answers, round(delay_ms * 1000)))

    def fault_stuck_adc(self, value: int = 700) -> None:
        """Every sample of the photodiode is the same."""
        if not 0 <= value <= 65535:
            raise ValueError("a sample has 16 bits")
        self._peripherals.stuck_adc = value

    def fault_noisy_swir(self, times: float = 30.0) -> None:
        """Each sample of the photodiode has that many times the noise of a sound one."""
        if not 1 <= times <= MOST_NOISE:
            raise ValueError(f"`times` lies between 1 and {MOST_NOISE}")
        self._peripherals.swir_noise = float(times)

    def fault_dead_part(self, part: str, after: int = 0) -> None:
        """This part answers no request any more, once it answered `after` more. `i2c`: the bus is held low, and with
        it all that hangs on it."""
        if part not in PARTS:
            raise ValueError(f"the parts are {', '.join(PARTS)}")
        self._peripherals.dead_parts[part] = _count(after)

    def fault_hot_module(self, temperature_c: float = 60.0) -> None:
        """The module is that warm, whatever the scene says."""
        low, high = TEMPERATURE_C
        if not low <= temperature_c <= high:
            raise ValueError(f"the temperature lies between {low:g} and {high:g} degrees Celsius")
        self._world.forced_temperature_c = float(temperature_c)

    def fault_interlock_open(self) -> None:
        """The diffuser is missing: the projector goes dark at once and stays so."""
        self._world.interlock_closed = False

    def fault_power_cut(self, after: int = 1, torn: int = 0) -> None:
        """The power goes in the `after`-th program or erase of the flash from now, after `torn` bytes of it."""
        if after < 1 or torn < 0:
            raise ValueError("`after` counts from 1 and `torn` from 0")
        self._flash.cut_power_after(after, torn)

    def fault_bad_block(self, partition: str = "data", after: int = 1) -> None:
        """The block of the `after`-th erase from now in that partition is worn out: what it holds stays, no program and
        no erase of it sticks any more, and the chip says nothing of it."""
        names = [entry.name for entry in partitions.PARTITIONS]
        if partition not in names or after < 1:
            raise ValueError(f"the partitions are {', '.join(names)}, and `after` counts from 1")
        self._flash.wear_out_after(after, partition)

    def fault_full_flash(self, free: int = 0) -> None:
        """Somebody's file fills the data partition but for that many bytes; the module is switched off and on for it,
        and so it is when `clear` takes the file away."""
        free = _count(free)
        self.restart(lambda: ballast.load(self._flash, free))
        self._ballast = True

    def fault_sudden_reset(self, after: int = 1) -> None:
        """The reset line is pulled as the module asks its hardware for something the `after`-th time from now."""
        if after < 1:
            raise ValueError("`after` counts from 1")
        self._peripherals.requests_until_reset = after

    def fault_clock_jump(self, seconds: float = 5.0) -> None:
        """The module's clock leaps forward by that, and its date-time with it. Back (less than 0) goes the date-time
        alone, at the module's next start, as with a battery that was empty: a counter has no way back."""
        if not abs(seconds) <= LONGEST_JUMP_S:
            raise ValueError(f"a jump is one of {LONGEST_JUMP_S:g} s at most")
        if seconds < 0:
            self._peripherals.date_off_s = round(seconds)
        else:
            self._peripherals.clock_leap_us = round(seconds * 1e6)

    def fault_kill_in_pulse(self, light: str = "") -> None:
        """The module's process dies as the next pulse begins (of that light, where one is named)."""
        self._peripherals.kill_in_pulse = light or "any"

    def fault_brown_out(self, light: str = "") -> None:
        """The supply breaks down as the next pulse begins (of that light, where one is named), and comes back."""
        self._peripherals.brown_out_in_pulse = light or "any"

    def fault_serial_noise(
        self,
        drop: float = 0.0,
        flip: float = 0.0,
        double: float = 0.0,
        repeat: float = 0.0,
        direction: str = "both",
    ) -> None:
        """The cable loses bytes, flips a bit in them, brings them twice: chances a byte; or brings all twice that comes
        in one go: the chance of that. direction: to_module, to_host or both."""
        if not all(0 <= chance <= 1 for chance in (drop, flip, double, repeat)):
            raise ValueError("chances lie between 0 and 1")
        for wire in self._wires(direction):
            wire.noise = Noise(drop, flip, double, repeat)

    def fault_serial_stall(self, seconds: float = 2.0, after: int = 0, direction: str = "both") -> None:
        """Once `after` more bytes have passed the cable keeps back what comes for so long, then brings all of it."""
        if not 0 < seconds <= LONGEST_STALL_S:
            raise ValueError(f"a stall lasts up to {LONGEST_STALL_S:g} s")
        for wire in self._wires(direction):
            wire.stall(seconds, _count(after))

    def fault_serial_garbage(self, count: int = 256) -> None:
        """That many random bytes reach the module before the next ones of the host."""
        if not 0 <= count <= MOST_GARBAGE:
            raise ValueError(f"`count` lies between 0 and {MOST_GARBAGE}")
        self.garbage += self._rng.bytes(count)

    def fault_cable_pulled(self, after: int = 1) -> None:
        """The cable is pulled when so many more bytes of the host have passed: the connection ends and the power goes;
        somebody puts it back at once."""
        if after < 1:
            raise ValueError("`after` counts bytes from 1")
        self._board.cable_bytes = after

    def fault_wrong_chip(self, chip: str = "esp32c3") -> None:
        """The loader is another chip's, from the next reset on."""
        if chip not in CHIPS:
            raise ValueError(f"the chips are {', '.join(CHIPS)}")
        self._board.chip = CHIPS[chip]

    def fault_small_flash(self, megabytes: int = 4) -> None:
        """The flash chip says that it has so many bytes, and has no more for the loader."""
        if megabytes not in FLASH_MEGABYTES:
            raise ValueError(f"flash chips have {', '.join(map(str, FLASH_MEGABYTES))} MB")
        self._board.flash_size = megabytes << 20

    def fault_no_loader(self) -> None:
        """The line that chooses the loader at a reset is broken: the firmware starts instead."""
        self._board.enters_loader = False

    def fault_clear(self) -> None:
        """All faults gone."""
        self._world.dead_lights.clear()
        self._world.dying_lights.clear()
        self._world.dim_lights.clear()
        self._world.swapped_lights.clear()
        self._world.knock_projector(0.0, 0.0)
        self._world.forced_temperature_c = None
        self._world.interlock_closed = True
        self._world.flicker = None
        self._world.lamps.clear()
        self._imager.clear_faults()
        self._peripherals.stuck_adc = None
        self._peripherals.swir_noise = 1.0
        self._peripherals.requests_until_reset = 0
        self._peripherals.clock_leap_us = self._peripherals.date_off_s = 0
        self._peripherals.kill_in_pulse = self._peripherals.brown_out_in_pulse = ""
        self._peripherals.dead_parts.clear()
        self._flash.cut_power_after(0)
        self._flash.renew()
        self._board.mend()
        self.to_module.clear()
        self.to_host.clear()
        if self._ballast:
            self._ballast = False
            self.restart(lambda: ballast.unload(self._flash))
        self.garbage.clear()
        self.active.clear()

    def _wires(self, direction: str) -> list[Wire]:
        """Raises ValueError for a direction there is not."""
        if direction not in (*DIRECTIONS, "both"):
            raise ValueError(f"the direction is {', '.join(DIRECTIONS)} or both")
        both = {"to_module": self.to_module, "to_host": self.to_host}
        return [wire for name, wire in both.items() if direction in (name, "both")]

    def _check_light(self, light: str) -> None:
        """Raises ValueError for a light there is not."""
        lights = (*vocabulary.LIGHTS[1:], *SWIR_LIGHTS)
        if light not in lights:
            raise ValueError(f"the lights are {', '.join(lights)}")
