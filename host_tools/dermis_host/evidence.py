"""Evidence for people. On the wire it is integers whose names end with their unit (docs/formats/evidence.md)."""

from __future__ import annotations

import math
from typing import Any

from dermis.core.gates import GATES as LIMITS

# ending of a name: (what one unit is worth, unit, decimals)
UNITS = {
    "_q14": (1 / 16384, "", 3),
    "_mm16": (1 / 16, "mm", 1),
    "_px16": (1 / 16, "px", 1),
    "_e4": (1e-4, "", 3),
    "_permille": (0.1, "%", 1),
    "_cc": (0.01, "degC", 1),
    "_mm": (1, "mm", 0),
    "_us": (1, "us", 0),
    "_cm2": (1, "cm2", 0),
}
GATES, MARGINS = "gates", "gate_margins"
GATE_FIELD = {gate.name: gate.field for gate in LIMITS}  # a margin has the unit of its gate's field
# name on the wire -> (label, whether it is a logarithm of a ratio)
HIGHLIGHTS = {
    "water_index_q14": ("water", False),
    "relief_mm16": ("relief", False),
    "plane_residual_mm16": ("plane", False),
    "cylinder_residual_mm16": ("cylinder", False),
    "swir_1450_1300_q14": ("1450/1300", True),
}


def readable(evidence: dict[str, Any]) -> list[tuple[str, str]]:
    """(name, value with its unit), by name; each gate with what it was passed or failed by."""
    rows = [_row(name, value) for name, value in sorted(evidence.items()) if name not in (GATES, MARGINS)]
    gates, margins = evidence.get(GATES, ()), evidence.get(MARGINS, ())
    if len(gates) == len(margins):
        rows += [(f"gate {gate}", _margin(gate, margin)) for gate, margin in zip(gates, margins, strict=True)]
    else:
        rows += [_row(name, evidence[name]) for name in (GATES, MARGINS) if name in evidence]
    return rows


def highlight(evidence: dict[str, Any], name: str) -> str:
    """One of `HIGHLIGHTS` with its unit; empty where the evidence lacks it."""
    value = evidence.get(name)
    if not isinstance(value, int):
        return ""
    worth, unit, decimals = _unit(name)
    number = math.exp(value * worth) if HIGHLIGHTS[name][1] else value * worth
    return f"{number:.{decimals}f} {unit}".strip()


def highlights(evidence: dict[str, Any]) -> str:
    """What says most, in one line."""
    shown = [f"{label} {text}" for name, (label, _) in HIGHLIGHTS.items() if (text := highlight(evidence, name))]
    if not shown and "fault" in evidence:
        shown.append(str(evidence["fault"]))
    return ", ".join(shown)


def label(name: str) -> str:
    """A name of the evidence for people: without its unit."""
    ending = next((ending for ending in UNITS if name.endswith(ending)), "")
    return name.removesuffix(ending).replace("_", " ")


def quantity(name: str, value: Any) -> str:
    """A value of that name with its unit."""
    return _text(name, value)


def _row(name: str, value: Any) -> tuple[str, str]:
    return label(name), _text(name, value)


def _margin(gate: str, margin: int) -> str:
    return f"{'passed' if margin >= 0 else 'failed'} by {_text(GATE_FIELD.get(gate, ''), abs(margin))}"


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(_text(name, item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(name, item)}" for key, item in value.items())
    if not isinstance(value, int):
        return str(value)
    worth, unit, decimals = _unit(name)
    return f"{value * worth:.{decimals}f} {unit}".strip()


def _unit(name: str) -> tuple[float, str, int]:
    return next((unit for ending, unit in UNITS.items() if name.endswith(ending)), (1, "", 0))
