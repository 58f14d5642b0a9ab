"""The block diagram of a board: what drives what, with the pins and parts of the board data."""

from __future__ import annotations

from collections.abc import Sequence

from dermis_hw.boards.wiring import Wiring
from dermis_hw.drawings.svg import BUS, CONTROLLER, EMITTER, FAINT, LIGHT, OUTSIDE, PART, SENSOR, WIRE, Sheet
from dermis_hw.environment import SUPPLY_V
from dermis_hw.power import LIGHTS_V

LEFT, RIGHT = 40, 230  # of the controller
COLUMNS = ((420, 600), (680, 870), (950, 1150), (1230, 1400))
A, B, C, D = range(4)
ROW = 58  # height of a part


def where(board: Wiring, *names: str) -> str:
    """The pins as a reader finds them on the board."""
    pins = [board.pins[name] for name in names if name in board.pins]
    if not pins:
        return ""
    kind = "gpio" if pins[0].gpio is not None else "header"
    return f"{kind} " + ", ".join(str(pin.header if pin.gpio is None else pin.gpio) for pin in pins)


def block_diagram(board: Wiring) -> Sheet:
    """The sheet of a board."""
    sheet = Sheet(
        1440,
        1190,
        f"DM1 on {board.controller}: block diagram",
        "Drawn from hw/dermis_hw/boards. No such board has been built. Orange: what can end in light.",
    )
    drawing = _Blocks(sheet, board)
    drawing.controller()
    drawing.imager(90)
    drawing.lights(190)
    drawing.swir(400)
    drawing.i2c(510)
    drawing.lock(790)
    drawing.console(992)
    drawing.power(1090)
    return sheet


class _Blocks:
    def __init__(self, sheet: Sheet, board: Wiring):
        self.sheet, self.board, self.parts = sheet, board, board.parts

    def part(self, column: int, top: float, lines: Sequence[str], height: float = ROW, fill: str = PART) -> None:
        left, right = COLUMNS[column]
        self.sheet.box(left, top, right, top + height, lines, fill=fill)

    def wire(self, left: int, right: int, y: float, colour: str = WIRE, back: bool = False) -> None:
        """From column to column; -1 is the controller."""
        begin = RIGHT if left < 0 else COLUMNS[left][1]
        end = COLUMNS[right][0]
        points = [(begin, y), (end, y)]
        self.sheet.line(points[::-1] if back else points, arrow=True, colour=colour)

    def pin(self, y: float, name: str, place: str) -> None:
        """What a wire out of the controller is called, above it, and where it is found, below it."""
        self.sheet.text(RIGHT + 10, y - 7, name, size=12)
        if place:
            self.sheet.text(RIGHT + 10, y + 17, place, size=11, colour=FAINT)

    def controller(self) -> None:
        name, _, rest = self.board.controller.partition("-WROOM")
        lines = [name, *([f"WROOM{rest}"] if rest else []), "MicroPython" if rest else "Linux, CPython"]
        self.sheet.box(LEFT, 90, RIGHT, 1050, lines, fill=CONTROLLER)

    def imager(self, top: float) -> None:
        y = top + ROW / 2
        cable = bool(self.board.devices)
        self.part(A, top, ["imager", "320x240 mono, > 800 nm"], fill=SENSOR)
        gpios = [
            pin.gpio for name, pin in self.board.pins.items() if name.startswith("camera") and pin.gpio is not None
        ]
        place = self.board.devices["camera"] if cable else f"gpio {min(gpios)} to {max(gpios)}"
        self.pin(y, "V4L2" if cable else "8-bit bus, SCCB", place)
        self.wire(-1, A, y, back=True)

    def lights(self, top: float) -> None:
        board, sheet = self.board, self.sheet
        y, current_y, dots_y = top + 18, top + 110 + ROW / 2, top + 110
        shots = board.one_shots
        self.part(A, top - 11, ["one-shot", f"{shots['light_us'] // 1000} ms, {self.parts['light_one_shot']}"])
        self.part(B, top - 11, ["decoder, one of four", f"{self.parts['light_decoder']}, by the expander"])
        self.part(C, top - 11, ["four current sinks", f"{self.parts['light_driver']}, report faults"], height=80)
        lights = [light for light in board.light_select if light != "dots"]
        self.part(D, top - 11, ["LED pairs", ", ".join(lights) + " nm"], fill=EMITTER)
        self.pin(y, "light_pulse", where(board, "light_pulse"))
        for left, right in ((-1, A), (A, B), (B, C), (C, D)):
            self.wire(left, right, y, LIGHT)
        self.part(A, dots_y, ["filter", "duty sets the current"])
        pwm = where(board, "light_current") or "header 32 (PWM)"
        self.pin(current_y, "light_current", pwm)
        self.wire(-1, A, current_y, LIGHT)
        bend, into = COLUMNS[B][1] + 40, top + 55
        sheet.line(
            [(COLUMNS[A][1], current_y), (bend, current_y), (bend, into), (COLUMNS[C][0], into)],
            colour=LIGHT,
            arrow=True,
        )
        middle = sum(COLUMNS[C]) / 2
        self.part(C, dots_y, ["guard and switch", f"{shots['dots_guard_us'] // 1000} ms, {self.parts['dots_switch']}"])
        sheet.line([(middle, top + 69), (middle, dots_y)], colour=LIGHT, arrow=True)
        self.part(D, dots_y, ["dot projector", self.parts["dots"] + ", 940 nm"], fill=EMITTER)
        self.wire(C, D, current_y - 10, LIGHT)
        loop = dots_y + ROW + 22
        right = sum(COLUMNS[D]) / 2
        sheet.line(
            [(right, dots_y + ROW), (right, loop), (middle, loop), (middle, dots_y + ROW)], dashed=True, arrow=True
        )
        sheet.text(
            (middle + right) / 2,
            loop + 16,
            "interlock of the diffuser shorts the diode",
            size=11,
            anchor="middle",
            colour=FAINT,
        )

    def swir(self, top: float) -> None:
        board = self.board
        y = top + ROW / 2
        self.part(A, top, ["one-shot", f"{board.one_shots['swir_us']} us, {self.parts['swir_one_shot']}"])
        self.part(B, top, ["decoder, one of eight", f"{self.parts['swir_decoder']}, by the expander"])
        self.part(C, top, ["five switches", f"{self.parts['swir_driver']} and resistors"])
        bands = list(board.swir_select)
        self.part(D, top, ["SWIR LEDs", f"{bands[0]} to {bands[-1]} nm"], fill=EMITTER)
        self.pin(y, "swir_pulse", where(board, "swir_pulse"))
        for left, right in ((-1, A), (A, B), (B, C), (C, D)):
            self.wire(left, right, y, LIGHT)

    def i2c(self, top: float) -> None:
        board, sheet, parts = self.board, self.sheet, self.parts
        devices = board.i2c
        y, bus = top + ROW / 2, top + ROW + 30

        def of(name: str) -> str:
            return f"{devices[name].part}, {devices[name].address:#04x}"

        self.part(D, top, ["InGaAs photodiode", parts["photodiode"]], fill=SENSOR)
        self.part(C, top, ["amplifier", parts["swir_amplifier"]])
        self.part(B, top, [f"ADC, {devices['swir_adc'].bits} bits", of("swir_adc")])
        self.wire(C, D, y, back=True)
        self.wire(B, C, y, back=True)
        end = sum(COLUMNS[B]) / 2
        sheet.line([(RIGHT, bus), (end, bus)], colour=BUS, width=2.6)
        self.pin(bus, "I2C", where(board, "i2c_sda", "i2c_scl") or board.devices.get("i2c", ""))
        sheet.line([(end, bus), (end, top + ROW)], colour=BUS, width=2.6)
        below = bus + 30
        self.part(A, below, ["thermometer", of("thermometer")], fill=SENSOR)
        start = sum(COLUMNS[A]) / 2
        for x in (start, end):
            sheet.line([(x, bus), (x, below)], colour=BUS, width=2.6)
            sheet.joint(x, bus, BUS)
        selects = [name for name in board.expander if "select" in name]
        self.part(B, below, ["expander", of("expander"), f"{len(selects)} lines to the decoders"], height=128)
        outputs = [b.name for b in board.expander.values() if b.direction == "out" and b.name not in selects]
        inputs = [b.name for b in board.expander.values() if b.direction == "in"]
        spoken = [name.replace("_", " ") for name in outputs]
        self.part(C, below, ["shown and heard", ", ".join(spoken[:2]), *spoken[2:]])
        heard = [name.replace("_", " ") for name in inputs]
        self.part(C, below + 70, ["watched", ", ".join(heard[:3]), ", ".join(heard[3:])])
        self.wire(B, C, below + ROW / 2)
        self.wire(B, C, below + 70 + ROW / 2, back=True)

    def lock(self, top: float) -> None:
        board, parts, sheet = self.board, self.parts, self.sheet
        rows = (
            (
                ["RS-485", parts["bus_transceiver"]],
                "OSDP",
                where(board, "bus_tx", "bus_rx") or board.devices.get("bus", ""),
            ),
            (["open drain", parts["wiegand_driver"]], "Wiegand D0, D1", where(board, "wiegand_d0", "wiegand_d1")),
            (["relay", parts["relay"] + ", open at rest"], "relay", where(board, "relay")),
        )
        for number, (lines, name, place) in enumerate(rows):
            row = top + 66 * number
            self.part(A, row, lines, height=50)
            self.pin(row + 25, name, place)
            both = name == "OSDP"
            for begin, end in ((RIGHT, COLUMNS[A][0]), (COLUMNS[A][1], COLUMNS[B][0])):
                sheet.line([(begin, row + 25), (end, row + 25)], arrow=True, arrow_back=both)
        self.part(B, top, ["turnstile, door", "controller, lock"], height=182, fill=OUTSIDE)
        left, right = COLUMNS[C][0], COLUMNS[D][1]
        sheet.box(
            left,
            top + 60,
            right,
            top + 122,
            ["fail-safe egress", "wired past the module: nothing here can block it"],
            fill=OUTSIDE,
        )
        sheet.line([(left, top + 91), (COLUMNS[B][1], top + 91)], arrow=True)

    def console(self, top: float) -> None:
        board, sheet = self.board, self.sheet
        y = top + 25
        self.pin(y, "console", board.link if board.devices else where(board, "usb_dm", "usb_dp"))
        service = "USB; UART on a header" if not board.devices else "USB gadget"
        sheet.box(
            COLUMNS[A][0], top, COLUMNS[B][1], top + 50, [service, "flashing, calibration, capture"], fill=OUTSIDE
        )
        sheet.line([(RIGHT, y), (COLUMNS[A][0], y)], arrow=True, arrow_back=True)

    def power(self, top: float) -> None:
        board, sheet, parts = self.board, self.sheet, self.parts
        low, high = SUPPLY_V
        sheet.box(LEFT, top, RIGHT, top + ROW, ["supply 12 V", f"{low} to {high} V, fuse"], fill=OUTSIDE)
        self.part(A, top, [f"step-down to {LIGHTS_V} V", f"{parts['buck_lights']}: lights"])
        rails = "5 V, 3.3 V" if not board.devices else "5 V"
        self.part(B, top, [f"step-down to {rails}", f"{parts['buck_logic']}: the rest"])
        y, under = top + ROW / 2, top + ROW + 18
        sheet.line([(RIGHT, y), (COLUMNS[A][0], y)], arrow=True)
        tap = (RIGHT + COLUMNS[A][0]) / 2
        middle = sum(COLUMNS[B]) / 2
        sheet.line([(tap, y), (tap, under), (middle, under), (middle, top + ROW)], arrow=True)
        sheet.joint(tap, y)
