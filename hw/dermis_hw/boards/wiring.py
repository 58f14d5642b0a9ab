"""The wiring of a board, read from its TOML file and from `dm1.toml`, and checked before anybody builds on it.

Facts of the chip: ESP32-S3 Series Datasheet (pin overview, strapping pins, power-up glitches) and ESP32-S3-WROOM-1
Datasheet (what the module keeps to itself).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeGuard

from dermis.core.errors import BadInput

from dermis_hw import toml
from dermis_hw.optics import DM1, Optics

HERE = Path(__file__).parent
FORMAT = 1
COMMON = "dm1"  # what stands behind every controller
WIRED = ("esp32s3", "coral")

# The ESP32-S3 on a WROOM-1 module with octal PSRAM.
S3_GPIOS = frozenset([*range(22), *range(26, 49)])
S3_MEMORY = frozenset(range(26, 38))  # flash and PSRAM
S3_USB = frozenset((19, 20))
# Read at reset: the level that must stand there for the chip to start from its flash at 3.3 V; None: either will do.
S3_STRAPPING: dict[int, int | None] = {0: 1, 3: None, 45: 0, 46: 0}
# At power-up these are pulled to a level for some 60 us: a wire whose other level means "nothing happens" must not
# hang there.
S3_GLITCH_LOW = frozenset(range(1, 19))
S3_GLITCH_HIGH = frozenset((18, 19, 20))
RMT_TRANSMITTERS = range(4)

I2C_ADDRESSES = range(0x08, 0x78)  # the others are reserved by the I2C specification
EXPANDER_OUTPUTS, EXPANDER_INPUTS = range(8), range(8, 16)
LIGHT_OUTPUTS, SWIR_OUTPUTS = range(4), range(8)
DIRECTIONS = ("in", "out", "open_drain", "usb")
LEVELS = (0, 1)
KINDS = {"str": str, "int": int, "bool": bool}
FULL_DUTY = 65_535

CLOCKS = ("cpu_hz", "camera_xclk_hz", "i2c_hz", "current_pwm_hz", "pulse_resolution_hz", "uart_baud")
DEVICES = ("camera", "i2c", "bus", "current_pwm", "watchdog")
COMMON_KEYS = (
    "nominal_duty_u16",
    "i2c",
    "expander",
    "light_select",
    "swir_select",
    "one_shots",
    "wiegand",
    "currents_ma",
    "parts",
    "wires",
)
BOARD_KEYS = ("format", "board", "revision", "controller", "link", "clocks", "pins", "rmt_channels", "devices")
NO_TABLES = ("format", "board", "revision", "controller", "link", "nominal_duty_u16")
ONE_SHOTS = ("light_us", "swir_us", "dots_guard_us")
WIEGAND = ("pulse_us", "period_us")


class BoardError(BadInput):
    """A board's file cannot be so; one sentence that says what to mend."""


@dataclass(frozen=True)
class Pin:
    """One line of the controller.

    direction: of the controller, one of `DIRECTIONS`. to: what hangs on it. gpio: its number on the ESP32-S3. chip,
    line, header: GPIO device, its line, and the pin of the 40-pin header on the Coral. idle: the level at which
    nothing happens. emits: a light burns at the other level.
    """

    name: str
    direction: str
    to: str
    gpio: int | None = None
    chip: str | None = None
    line: int | None = None
    header: int | None = None
    idle: int | None = None
    emits: bool = False

    @property
    def place(self) -> Any:
        """As the firmware names it: the gpio, or [chip, line]."""
        return [self.chip, self.line] if self.gpio is None else self.gpio


@dataclass(frozen=True)
class Device:
    """A device on the I2C bus: its address, its part, and its width where it converts."""

    name: str
    address: int
    part: str
    bits: int | None = None


@dataclass(frozen=True)
class Bit:
    """A line of the expander. to: what hangs on it. idle: of an output, the level at which nothing happens. active: of
    an input, the level at which what its name says is so."""

    name: str
    bit: int
    direction: str
    to: str = ""
    idle: int | None = None
    active: int | None = None

    @property
    def level(self) -> int:
        """Idle level of an output, active level of an input."""
        level = self.idle if self.direction == "out" else self.active
        assert level is not None  # `_bits` saw to it
        return level


@dataclass(frozen=True)
class Wiring:
    """One board. The dicts have the names of the TOML tables; units stand in the names.

    parts: function -> part. wires: what is joined between the parts, for the drawings.
    """

    board: str
    revision: int
    controller: str
    link: str
    nominal_duty_u16: int
    clocks: dict[str, int]
    pins: dict[str, Pin]
    i2c: dict[str, Device]
    expander: dict[str, Bit]
    light_select: dict[str, int]
    swir_select: dict[str, int]
    one_shots: dict[str, int]
    wiegand: dict[str, int]
    currents_ma: dict[str, int]
    parts: dict[str, str]
    wires: dict[str, str]
    rmt_channels: dict[str, int]
    devices: dict[str, str]

    @property
    def emitter_pins(self) -> dict[str, int]:
        """gpio -> dark level of every pin that lights something; only on a board whose pins are numbers."""
        return {str(pin.gpio): int(pin.idle or 0) for pin in self.pins.values() if pin.emits and pin.gpio is not None}


@cache
def wired(board: str) -> Wiring:
    """The wiring of one of `WIRED`. Raises BoardError for a file that cannot be so."""
    return checked(board, _toml(board), _toml(COMMON))


def checked(board: str, own: dict[str, Any], common: dict[str, Any], optics: Optics = DM1) -> Wiring:
    """The wiring of a board from the contents of its file and of `dm1.toml`. Raises BoardError."""
    _known(own, BOARD_KEYS, f"{board}.toml")
    _known(common, COMMON_KEYS, f"{COMMON}.toml")
    for key, value in (*own.items(), *common.items()):
        if key not in NO_TABLES and not isinstance(value, dict):
            raise BoardError(f"{key} is {value!r}: give a table")
    if not isinstance(own.get("link", "usb"), str):
        raise BoardError(f"link is {own['link']!r}: give a text")
    if own.get("format") != FORMAT or own.get("board") != board:
        raise BoardError(f'{board}.toml must begin with `format = {FORMAT}` and `board = "{board}"`')
    revision, controller = own.get("revision"), own.get("controller")
    if not _counts(revision) or not isinstance(controller, str):
        raise BoardError(f"{board}.toml lacks a `revision` from 1 on or the `controller`'s name: give both")
    duty = common.get("nominal_duty_u16")
    if not isinstance(duty, int) or not 0 < duty <= FULL_DUTY:
        raise BoardError(f"nominal_duty_u16 is {duty!r}: give the duty of the nominal current, 1 to {FULL_DUTY}")
    pins = _pins(own.get("pins", {}))
    if board == "esp32s3":
        _check_s3(pins)
    else:
        _check_lines(pins)
    result = Wiring(
        board=board,
        revision=revision,
        controller=controller,
        link=own.get("link", "usb"),
        nominal_duty_u16=duty,
        clocks=_numbers(own.get("clocks", {}), CLOCKS, "clocks"),
        pins=pins,
        i2c=_devices(common.get("i2c", {})),
        expander=_bits(common.get("expander", {})),
        light_select=_selects(common.get("light_select", {}), LIGHT_OUTPUTS, "light_select"),
        swir_select=_selects(common.get("swir_select", {}), SWIR_OUTPUTS, "swir_select"),
        one_shots=_numbers(common.get("one_shots", {}), ONE_SHOTS, "one_shots", every=True),
        wiegand=_numbers(common.get("wiegand", {}), WIEGAND, "wiegand", every=True),
        currents_ma=_numbers(
            common.get("currents_ma", {}), (*common.get("light_select", {}), "swir"), "currents_ma", every=True
        ),
        parts=common.get("parts", {}),
        wires=common.get("wires", {}),
        rmt_channels=_selects(own.get("rmt_channels", {}), RMT_TRANSMITTERS, "rmt_channels"),
        devices=own.get("devices", {}),
    )
    _known(result.devices, DEVICES, "devices")
    for name in result.rmt_channels:
        if name not in pins:
            raise BoardError(f"rmt_channels names {name}, which is no pin: take it out, or give the pin")
    _check_one_shots(result.one_shots, optics)
    return result


def _toml(name: str) -> dict[str, Any]:
    try:
        return toml.loads((HERE / f"{name}.toml").read_text(encoding="utf-8"))
    except ValueError as problem:
        raise BoardError(f"{name}.toml is no TOML in UTF-8: {problem}") from problem


def _counts(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _known(table: Any, names: tuple[str, ...], where: str) -> None:
    if not isinstance(table, dict):
        raise BoardError(f"{where} is {table!r}: give a table")
    unknown = sorted(set(table) - set(names))
    if unknown:
        raise BoardError(f"{where} holds {', '.join(unknown)}, which nobody reads: it may hold {', '.join(names)}")


def _kinds(values: dict[str, Any], made: type, where: str) -> None:
    """That values are of the kinds that the fields of a dataclass are annotated with."""
    kinds = {each.name: KINDS[str(each.type).removesuffix(" | None")] for each in fields(made)}
    for key, value in values.items():
        if value is None:  # as if it were left out
            continue
        if not isinstance(value, kinds[key]) or (isinstance(value, bool) and kinds[key] is not bool):
            raise BoardError(f"{where}: {key} is {value!r}, which is no {kinds[key].__name__}: correct it")


def _numbers(table: dict[str, Any], names: tuple[str, ...], where: str, every: bool = False) -> dict[str, int]:
    _known(table, names, where)
    missing = sorted(set(names) - set(table))
    if every and missing:
        raise BoardError(f"{where} lacks {', '.join(missing)}: give it")
    for name, value in table.items():
        if not _counts(value):
            raise BoardError(f"{where}.{name} is {value!r}: give a whole number above 0")
    return dict(table)


def _pins(table: dict[str, Any]) -> dict[str, Pin]:
    known = tuple(field.name for field in fields(Pin) if field.name != "name")
    result = {}
    for name, values in table.items():
        _known(values, known, f"pin {name}")
        _kinds(values, Pin, f"pin {name}")
        if values.get("direction") not in DIRECTIONS or not isinstance(values.get("to"), str):
            raise BoardError(f"pin {name} needs a `direction` ({', '.join(DIRECTIONS)}) and says `to` what it leads")
        pin = Pin(name=name, **values)
        if pin.idle is not None and pin.idle not in LEVELS:
            raise BoardError(f"pin {name} idles at {pin.idle!r}: give 0 or 1")
        if pin.emits and (pin.direction != "out" or pin.idle is None):
            raise BoardError(f"pin {name} lights something: it must be an output and give the `idle` level of darkness")
        result[name] = pin
    return result


def _check_s3(pins: dict[str, Pin]) -> None:
    taken: dict[int, str] = {}
    for name, pin in pins.items():
        gpio = pin.gpio
        if gpio is None or pin.chip is not None or gpio not in S3_GPIOS:
            raise BoardError(f"pin {name} needs a `gpio` that the ESP32-S3 has: 0 to 21 or 26 to 48, not {gpio}")
        if gpio in taken:
            raise BoardError(f"gpio {gpio} is given to {taken[gpio]} and to {name}: give one of them another")
        taken[gpio] = name
        if gpio in S3_MEMORY:
            raise BoardError(f"gpio {gpio} of pin {name} belongs to flash and PSRAM: give it one below 26 or above 37")
        if (gpio in S3_USB) != (pin.direction == "usb"):
            raise BoardError(f"pin {name} on gpio {gpio}: 19 and 20 belong to USB, and USB to them; give it another")
        _check_start(name, pin, gpio)


def _check_start(name: str, pin: Pin, gpio: int) -> None:
    """That nothing happens on the pin while the chip starts, and that it starts."""
    wanted = S3_STRAPPING.get(gpio)
    if pin.direction == "out" and wanted is not None and pin.idle != wanted:
        raise BoardError(f"pin {name} idles at {pin.idle}, but gpio {gpio} must be {wanted} at reset: give it another")
    if pin.idle == 1 and gpio in S3_GLITCH_LOW:
        raise BoardError(f"pin {name} idles at 1, but gpio {gpio} is low for a moment at power-up: give it another")
    if pin.idle == 0 and gpio in S3_GLITCH_HIGH:
        raise BoardError(f"pin {name} idles at 0, but gpio {gpio} is high for a moment at power-up: give it another")


def _check_lines(pins: dict[str, Pin]) -> None:
    taken: dict[Any, str] = {}
    for name, pin in pins.items():
        if pin.chip is None or pin.line is None or pin.header is None or pin.gpio is not None:
            raise BoardError(f"pin {name} needs `chip`, `line` and `header` of the Coral, and no `gpio`")
        for place, said in (
            ((pin.chip, pin.line), f"line {pin.line} of {pin.chip}"),
            (pin.header, f"header pin {pin.header}"),
        ):
            if place in taken:
                raise BoardError(f"{said} is given to {taken[place]} and to {name}: give one of them another")
            taken[place] = name


def _devices(table: dict[str, Any]) -> dict[str, Device]:
    result, taken = {}, {}
    for name, values in table.items():
        _known(values, ("address", "part", "bits"), f"i2c.{name}")
        _kinds(values, Device, f"i2c.{name}")
        device = Device(name=name, address=values.get("address", -1), part=values.get("part", ""))
        if device.address not in I2C_ADDRESSES or not device.part:
            raise BoardError(f"i2c.{name} needs an `address` from 0x08 to 0x77 and the `part` that has it")
        if device.address in taken:
            raise BoardError(f"address {device.address:#04x} is given to {taken[device.address]} and to {name}")
        taken[device.address] = name
        result[name] = Device(name, device.address, device.part, values.get("bits"))
    return result


def _bits(table: dict[str, Any]) -> dict[str, Bit]:
    result, taken = {}, {}
    for name, values in table.items():
        _known(values, tuple(field.name for field in fields(Bit) if field.name != "name"), f"expander.{name}")
        _kinds(values, Bit, f"expander.{name}")
        bit = Bit(name=name, **{"bit": -1, "direction": "", **values})
        rows, level = {"out": (EXPANDER_OUTPUTS, bit.idle), "in": (EXPANDER_INPUTS, bit.active)}.get(
            bit.direction, ((), None)
        )
        if bit.bit not in rows or level not in LEVELS:
            raise BoardError(
                f"expander.{name}: an output needs a `bit` from 0 to 7 and its `idle` level, an input one from 8 to 15 "
                f"and its `active` level"
            )
        if bit.bit in taken:
            raise BoardError(f"bit {bit.bit} of the expander is given to {taken[bit.bit]} and to {name}")
        taken[bit.bit] = name
        result[name] = bit
    return result


def _selects(table: dict[str, Any], outputs: range, where: str) -> dict[str, int]:
    taken: dict[int, str] = {}
    for name, output in table.items():
        if not isinstance(output, int) or output not in outputs or isinstance(output, bool):
            raise BoardError(f"{where}.{name} is {output!r}: give a number from 0 to {outputs[-1]}")
        if output in taken:
            raise BoardError(f"{where} gives {output} to {taken[output]} and to {name}: each needs its own")
        taken[output] = name
    return dict(table)


def _check_one_shots(one_shots: dict[str, int], optics: Optics) -> None:
    if one_shots["light_us"] < optics.longest_pulse_us:
        raise BoardError(f"one_shots.light_us ends the longest pulse too soon: {optics.longest_pulse_us} us at least")
    if one_shots["swir_us"] < optics.swir_sample_us:
        raise BoardError(f"one_shots.swir_us ends before the sample is taken: {optics.swir_sample_us} us at least")
    if one_shots["dots_guard_us"] < one_shots["light_us"]:
        raise BoardError(f"one_shots.dots_guard_us would cut a single pulse: {one_shots['light_us']} us at least")
