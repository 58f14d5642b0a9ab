"""The label of a unit that passed: data for the line's own software, ZPL for a label printer, an SVG for people."""

from __future__ import annotations

import json
from pathlib import Path

from dermis_host import files
from dermis_host.station.lot_report import environment
from dermis_host.station.unit_record import UnitRecord

FORMAT, VERSION = "dermis-label", 1
DATA, ZPL, PICTURE = "label.json", "label.zpl", "label.svg"
FILES = {DATA: "label data", ZPL: "label for a ZPL printer, 50 x 30 mm at 8 dots/mm", PICTURE: "label for people"}
PRODUCT = "Dermis DM1"


def data(record: UnitRecord) -> dict[str, str | int]:
    """What stands on the label."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "product": PRODUCT,
        "serial": record.serial,
        "tested": record.started[:10],
        "station": record.station.id,
        "firmware": record.module.firmware,
        "model": record.module.model_hash,
        "calibration": record.calibration.hash,
        "fixture": record.fixture.id,
        "note": "SIMULATED" if record.module.simulated else "",
    }


def write(folder: Path, record: UnitRecord) -> dict[str, str]:
    """The three files into the folder; returns file -> what it is. Raises HostError when one cannot be written."""
    told = data(record)
    texts = {
        DATA: json.dumps(told, indent=1) + "\n",
        ZPL: zpl(told),
        PICTURE: environment().get_template("label.svg.j2").render(label=told),
    }
    for name, text in texts.items():
        with files.whole(folder / name) as file:
            file.write(text.encode())
    return FILES


def zpl(told: dict[str, str | int]) -> str:
    """The printer draws the QR code and the bar code itself; nothing here can end a field early."""
    field = {name: "".join(each for each in str(value) if each not in "^~\\") for name, value in told.items()}
    lines = [
        f"{field['product']} {field['note']}".strip(),
        f"SN {field['serial']}",
        f"{field['tested']} {field['station']}",
        f"FW {field['firmware']} ML {field['model']}",
        f"CAL {field['calibration']}",
    ]
    rows = [f"^FO150,{14 + 30 * row}^A0N,24,20^FD{line}^FS" for row, line in enumerate(lines)]
    codes = [f"^FO14,20^BQN,2,5^FDMA,{field['serial']}^FS", f"^FO20,172^BY2^BCN,44,N,N,N^FD{field['serial']}^FS"]
    return "\n".join(["^XA^CI28^PW400^LL240", *rows, *codes, "^XZ", ""])
