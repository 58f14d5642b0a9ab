"""The card's section about the frozen test generator: training leaves its place, `dermis_evaluation.card` fills it."""

from __future__ import annotations

HEADING = "## On the frozen test generator"
NONE = f"{HEADING}\nNot evaluated yet: `make evaluate`.\n"
_NEXT = "\n## "


def kept(text: str, sha256: str) -> str:
    """The section of a card, where the card is of the model with that SHA-256; else that there is none yet."""
    if f"`{sha256}`" not in text or HEADING not in text:
        return NONE
    start, end = _place(text)
    return text[start:end]


def replaced(text: str, sha256: str, section: str) -> str:
    """The card with another section. Raises ValueError when it is of another model, or has no such section."""
    if f"`{sha256}`" not in text:
        raise ValueError(f"the card is of another model than {sha256[:16]}: evaluate the released one.")
    if HEADING not in text:
        raise ValueError("the card has no section about the test generator: `make train` prints one.")
    start, end = _place(text)
    return text[:start] + section + text[end:]


def _place(text: str) -> tuple[int, int]:
    start = text.index(HEADING)
    end = text.find(_NEXT, start)
    return start, len(text) if end < 0 else end
