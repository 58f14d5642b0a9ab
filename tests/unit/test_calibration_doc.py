"""docs/formats/calibration.md says what the table of a record's fields says, and the table what a record holds."""

import importlib.util
from pathlib import Path

import synthetic
from dermis.core import calibration, cbor
from dermis.core.calibration_table import FIELDS

DOCS = Path(__file__).resolve().parents[2] / "docs"


def generator():
    spec = importlib.util.spec_from_file_location("generate_calibration", DOCS / "generate_calibration.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_the_table():
    told = "print it again: python docs/generate_calibration.py > docs/formats/calibration.md"
    assert (DOCS / "formats" / "calibration.md").read_text() == generator().page(), told


def test_a_record_holds_what_the_table_names():
    body = cbor.loads(synthetic.file()[calibration.HEADER_BYTES :])
    assert set(body) == {field.name for field in FIELDS}
    for field in FIELDS:
        kinds = {"int": int, "str": str, "bytes": bytes, "map": dict, "list": list}
        assert isinstance(body[field.name], kinds[field.kind]), field.name
