"""The page beside the interpreter says what the interpreter takes."""

from pathlib import Path

import dermis.tflite
from dermis.tflite import op_names
from dermis.tflite.ops import BUILDERS

PAGE = Path(dermis.tflite.__file__).parent / "README.md"


def test_every_operator_is_in_the_table_and_no_other():
    table = PAGE.read_text().split("## Operators")[1].split("## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("|")][2:]
    named = {name.strip() for row in rows for name in row.split(",")}
    assert named == {op_names.name(code) for code in BUILDERS}


def test_names_of_operators():
    assert op_names.name(0) == "ADD" and op_names.name(3) == "CONV_2D" and op_names.name(114) == "QUANTIZE"
    assert op_names.name(5000) == "builtin operator 5000" and op_names.name(-1) == "builtin operator -1"
