"""Counters since the start, by group, as the statistics group gives them."""

from __future__ import annotations

LINK, VERDICTS, STORAGE, UPDATE, HEAP = GROUPS = ("link", "verdicts", "storage", "update", "heap")

# What is counted where it happens; the counters of `storage` are asked of it, those of the heap of `app.heap_figures`.
COUNTED = {
    LINK: ("answered", "refused", "bad_packets"),
    VERDICTS: ("bona_fide", "attack", "no_decision"),
    UPDATE: ("uploads", "images_refused", "tests", "confirmed", "reverted"),
}


class Statistics:
    def __init__(self):
        self._counts = {group: dict.fromkeys(COUNTED[group], 0) for group in COUNTED}

    def count(self, group: str, name: str) -> None:
        """One more. Raises KeyError for a counter that there is not."""
        self._counts[group][name] += 1

    def fields(self, group: str, module) -> dict:
        """The counters of a group, but the heap's. Raises KeyError, OSError (storage)."""
        if group != STORAGE:
            return dict(self._counts[group])
        from dermis.app import files  # rarely asked, and tables take room

        audit = module.audit
        return {
            "free_bytes": module.storage.free_bytes(),
            "files": len(files.sizes(module.storage)),
            "audit_next": audit.next,
            "audit_written": audit.written,
            "audit_lost": audit.lost,
        }
