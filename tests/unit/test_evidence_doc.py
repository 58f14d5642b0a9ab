"""docs/formats/evidence.md names every key of the evidence and every gate, and nothing else."""

import re
from pathlib import Path

import synthetic
from dermis.core import analysis, gates

PAGE = (Path(__file__).parents[2] / "docs/formats/evidence.md").read_text()
KEY = re.compile(r"^\| `([a-z0-9_]+)` \| ([^|]+) \|(.*)$", re.M)


def rows(after: str) -> list[tuple[str, str, str]]:
    """Rows of the first table after a line that starts so."""
    part = PAGE[PAGE.index(after) :]
    end = part.find("\n\n", part.index("|---|"))
    return [match.groups() for match in KEY.finditer(part[:end])]  # type: ignore[misc]


def test_every_key_is_documented():
    seen = analysis.Analyser(synthetic.BOARD).analyse(synthetic.make(), synthetic.record())
    documented = [key for key, _, _ in rows("| key | meaning |")]
    assert len(documented) == len(set(documented))
    assert set(documented) == set(seen.evidence)


def test_evidence_holds_what_can_cross_the_wire():
    seen = analysis.Analyser(synthetic.BOARD).analyse(synthetic.make(), synthetic.record())
    for key, value in seen.evidence.items():
        for item in value if isinstance(value, list) else [value]:
            assert isinstance(item, (int, str)), key


def test_every_gate_is_documented():
    documented = [(name, field.strip(" `"), rest.strip(" |")) for name, field, rest in rows("| gate | field |")]
    assert documented == [(gate.name, gate.field, f"{gate.verdict}, {gate.reason}") for gate in gates.GATES]


def test_every_error_that_a_gate_asks_for_is_documented():
    documented = [
        (name, cell.strip(), rest.strip(" |")) for name, cell, rest in rows("| gate | largest standard error |")
    ]
    assert documented == [(name, f"`{key}` {largest}", reason) for name, (key, largest, reason) in gates.ERRORS.items()]
