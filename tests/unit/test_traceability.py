"""docs/traceability.md has no blank cell and no dangling link, and names every attack scene there is."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "traceability.md"
LINK = re.compile(r"\]\(([^)#]+)")


def rows() -> list[list[str]]:
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if not set("".join(row)) <= set("-")]


def test_no_cell_is_blank():
    widths = {len(row) for row in rows()}
    assert widths == {4, 5}
    for row in rows():
        assert all(row), row


def test_no_link_dangles():
    targets = LINK.findall(PAGE.read_text())
    assert targets
    missing = sorted({target for target in targets if not (PAGE.parent / target).exists()})
    assert not missing


def test_every_attack_scene_is_traced():
    scenes = (ROOT / "hw" / "dermis_hw" / "scenes" / "builtin").glob("*.toml")
    attacks = [path.name for path in scenes if 'kind = "attack"' in path.read_text()]
    assert attacks
    page = PAGE.read_text()
    assert not [name for name in attacks if name not in page]
