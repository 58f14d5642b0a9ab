"""The wiring of a board, wire by wire: pins of the controller on the left, what hangs on the expander on the right."""

from __future__ import annotations

from dermis_hw.boards.wiring import Pin, Wiring
from dermis_hw.drawings.svg import CONTROLLER, FAINT, INK, LIGHT, PART, WIRE, Sheet

TOP, PITCH = 120, 27
HEAD_ROOM, FOOT = 26, 70
ROW, HEAD_GAP, TABLE_GAP = 20, 54, 22  # of the tables
CONTROLLER_X, TO_X = (40, 270), 400
EXPANDER_X, SIGNAL_X, END_X = (800, 960), 1060, 1200
SAID = {"in": "in", "out": "out", "open_drain": "open drain", "usb": "USB"}


def wiring_diagram(board: Wiring) -> Sheet:
    """The sheet of a board."""
    left = HEAD_ROOM + PITCH * (len(board.pins) + len(board.devices))
    right = HEAD_ROOM + PITCH * len(board.expander) + _under(board)
    sheet = Sheet(
        1450,
        TOP + max(left, right) + FOOT,
        f"DM1 on {board.controller}: wiring",
        "Drawn from hw/dermis_hw/boards. No such board has been built. Orange: lights something at the other level.",
    )
    _pins(sheet, board)
    _expander(sheet, board)
    return sheet


def _under(board: Wiring) -> int:
    """Height of the tables under the expander."""
    decoders = max(len(board.light_select), len(board.swir_select))
    middle = ROW * (max(len(board.i2c), len(board.one_shots)) + 1)
    return HEAD_GAP + ROW * (decoders + 1) + 2 * TABLE_GAP + middle + ROW * len(board.wires)


def _pins(sheet: Sheet, board: Wiring) -> None:
    pins = sorted(board.pins.values(), key=_order)
    bottom = TOP + HEAD_ROOM + PITCH * (len(pins) + len(board.devices)) + 8
    sheet.rectangle(CONTROLLER_X[0], TOP, CONTROLLER_X[1], bottom, fill=CONTROLLER)
    sheet.text(CONTROLLER_X[0] + 12, TOP + 19, board.controller, size=12, bold=True)
    y = TOP + HEAD_ROOM + 18
    for pin in pins:
        place = f"{pin.gpio}" if pin.gpio is not None else f"{pin.header}"
        sheet.text(CONTROLLER_X[0] + 12, y, pin.name, size=12)
        sheet.text(CONTROLLER_X[1] - 10, y, place, size=12, anchor="end", bold=True)
        level = "" if pin.idle is None else f", idle {pin.idle}"
        sheet.text(CONTROLLER_X[1] + 10, y - 6, SAID[pin.direction] + level, size=10, colour=FAINT)
        sheet.line(
            [(CONTROLLER_X[1], y - 1), (TO_X, y - 1)],
            colour=LIGHT if pin.emits else WIRE,
            arrow=pin.direction in ("out", "open_drain", "usb"),
            arrow_back=pin.direction in ("in", "open_drain", "usb"),
        )
        words = pin.to if pin.gpio is not None else f"{pin.to} ({pin.chip} {pin.line})"
        sheet.text(TO_X + 12, y + 3, words, size=12)
        y += PITCH
    for name, path in board.devices.items():
        sheet.text(CONTROLLER_X[0] + 12, y, name, size=12)
        sheet.line([(CONTROLLER_X[1], y - 1), (TO_X, y - 1)], arrow=True, arrow_back=True)
        sheet.text(TO_X + 12, y + 3, path, size=12)
        y += PITCH
    kind = "gpio" if pins[0].gpio is not None else "pin of the 40-pin header"
    sheet.text(
        CONTROLLER_X[0], bottom + 24, f"Bold: {kind}. Levels of rest are held by a resistor.", size=11, colour=FAINT
    )


def _order(pin: Pin) -> tuple[str, str]:
    """Pins of one thing beside each other."""
    return pin.name.partition("_")[0], pin.name


def _expander(sheet: Sheet, board: Wiring) -> None:
    bits = sorted(board.expander.values(), key=lambda bit: bit.bit)
    device = board.i2c["expander"]
    bottom = TOP + HEAD_ROOM + PITCH * len(bits) + 8
    sheet.rectangle(EXPANDER_X[0], TOP, EXPANDER_X[1], bottom, fill=PART)
    sheet.text(EXPANDER_X[0] + 12, TOP + 19, f"{device.part}, {device.address:#04x}", size=12, bold=True)
    y = TOP + HEAD_ROOM + 18
    for bit in bits:
        port, number = divmod(bit.bit, 8)
        sheet.text(EXPANDER_X[0] + 12, y, f"P{port}{number}", size=12)
        sheet.text(EXPANDER_X[1] - 10, y, f"bit {bit.bit}", size=12, anchor="end", bold=True)
        out = bit.direction == "out"
        sheet.line([(EXPANDER_X[1], y - 1), (SIGNAL_X, y - 1)], arrow=out, arrow_back=not out)
        level = f"idle {bit.idle}" if out else f"true at {bit.active}"
        sheet.text(EXPANDER_X[1] + 14, y - 6, level, size=10, colour=FAINT)
        sheet.text(SIGNAL_X + 12, y + 3, bit.name, size=12)
        sheet.text(END_X, y + 3, bit.to, size=12, colour=FAINT)
        y += PITCH
    y = bottom + HEAD_GAP - 8
    left, right = EXPANDER_X[0], SIGNAL_X
    sheet.text(left, y, f"Decoder of the lights, {board.parts['light_decoder']}", size=12, bold=True)
    sheet.text(right + 12, y, f"Decoder of the SWIR LEDs, {board.parts['swir_decoder']}", size=12, bold=True)
    for x, select in ((left, board.light_select), (right + 12, board.swir_select)):
        for row, (name, output) in enumerate(select.items(), start=1):
            sheet.text(x, y + row * ROW, f"Y{output}", size=12, colour=LIGHT)
            sheet.text(x + 40, y + row * ROW, name if name == "dots" else f"{name} nm", size=12)
    y += ROW * (max(len(board.light_select), len(board.swir_select)) + 1) + TABLE_GAP
    sheet.text(left, y, "On the I2C bus", size=12, bold=True)
    sheet.text(right + 12, y, "One-shots and guard", size=12, bold=True)
    for row, device in enumerate(board.i2c.values(), start=1):
        sheet.text(left, y + row * ROW, f"{device.address:#04x}", size=12, colour=INK)
        sheet.text(left + 50, y + row * ROW, f"{device.name.replace('_', ' ')}, {device.part}", size=12)
    for row, (name, length_us) in enumerate(board.one_shots.items(), start=1):
        sheet.text(right + 12, y + row * ROW, name.removesuffix("_us").replace("_", " "), size=12)
        sheet.text(
            right + 140, y + row * ROW, f"{length_us // 1000} ms" if length_us >= 1000 else f"{length_us} us", size=12
        )
    y += ROW * (max(len(board.i2c), len(board.one_shots)) + 1) + TABLE_GAP
    sheet.text(left, y, "Between the parts", size=12, bold=True)
    for row, (one, other) in enumerate(board.wires.items(), start=1):
        sheet.text(left, y + row * ROW, one, size=12)
        sheet.text(right + 12, y + row * ROW, other, size=12)
