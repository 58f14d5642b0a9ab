"""Counters since the start, by group, as the statistics group gives them."""

from __future__ import annotations

LINK, VERDICTS, STORAGE, UPDATE = GROUPS = ("link", "verdicts", "storage", "update")

# What is counted where it happens; the counters of `storage` are asked of it.
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
        """The counters of a group. Raises KeyError, OSError (storage)."""
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
