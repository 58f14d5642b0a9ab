"""Sheets of the worst recordings, for the page: one of each species that failed, the hardest species first."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dermis_host import recording, replaying, sheet
from dermis_host.access import sealed
from dermis_host.errors import HostError
from dermis_host.evaluation.page import failures_in_order

MOST = 6  # sheets in a page: 600 KB
QUALITY = 80


def sheets(result: dict[str, Any], folder: Path, model: Path, tell: Callable[[str], None]) -> list[dict[str, str]]:
    """Up to `MOST` of {title, uri}. What cannot be shown is told and left out: the figures stand without it."""
    found = []
    for species, rows in failures_in_order(result):
        row = next((row for row in rows if row.get("recording")), None)
        if row is None or len(found) == MOST:
            continue
        try:
            if sealed.file_is_sealed(folder / row["recording"]):
                tell(f"The worst recording of {species or 'bona fide'} is sealed, so that it is not shown in the page.")
                continue
            burst = recording.load(folder / row["recording"])
            (seen,) = replaying.replay([burst], model, cells=True, tell=tell)
        except (HostError, OSError) as problem:
            tell(f"The worst recording of {species or 'bona fide'} is not shown: {problem}")
            continue
        picture = io.BytesIO()
        sheet.draw(burst, seen, row["recording"]).save(picture, "WEBP", quality=QUALITY)
        uri = "data:image/webp;base64," + base64.b64encode(picture.getvalue()).decode()
        what = f"{species}, accepted" if species else "bona fide, refused"
        found.append({"title": f"{what}: {row['attempt']}, its first burst", "uri": uri})
    return found
