"""The module's log fetched, and joined with what was exported before."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Protocol

from dermis.core import audit_chain
from dermis.core.errors import BadInput

from dermis_host.answers import AuditEntries, AuditHead
from dermis_host.auditing.export import Break, Export, Fetched, Gap, Line, LogsDiffer
from dermis_host.errors import LinkError

NONCE_BYTES = 32
MOST_TRIES = 3  # fetches during which the ring may turn


def _nobody_hears(_: int) -> None:
    """The default of `on_entries` and `on_lost`."""


class Source(Protocol):
    """What is needed of a module."""

    def audit_head(self, nonce: bytes = b"") -> AuditHead: ...

    def audit_read(self, off: int) -> AuditEntries: ...


def fetch(
    module: Source,
    serial: str,
    earlier: Export | None = None,
    on_entries: Callable[[int], None] = _nobody_hears,
    on_lost: Callable[[int], None] = _nobody_hears,
) -> Export:
    """The module's log; with `earlier` that one, continued. `on_entries` hears how many entries each answer brought,
    `on_lost` how many the module's storage did not take since its start, if any.

    What the module cannot give any more becomes a gap. Raises LogsDiffer when the module's log is not the one of
    before, naming the first entry that differs; LinkError when its answers do not fit together.
    """
    for _ in range(MOST_TRIES):
        nonce = secrets.token_bytes(NONCE_BYTES)
        answer = module.audit_head(nonce)
        if answer.lost:
            on_lost(answer.lost)
        head = audit_chain.Head(answer.first, answer.next, answer.before, answer.hash, answer.time)
        fetched = Fetched(head, nonce, answer.mac, datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"))
        export = _begun(serial, head, earlier)
        if earlier is not None:
            _same(module, earlier, head)
        if _continue(module, export, head, on_entries):
            export.lines.append(fetched)
            return export
    raise LinkError("The module's audit log turns over faster than it can be fetched: try again when it is quiet.")


def _begun(serial: str, head: audit_chain.Head, earlier: Export | None) -> Export:
    if earlier is None:
        return Export(serial, head.first, head.before)
    if earlier.serial != serial:
        raise LogsDiffer(f"The file has the log of {earlier.serial}, and this module is {serial}: name another file.")
    return Export(serial, earlier.first, earlier.before, list(earlier.lines))


def _same(module: Source, earlier: Export, head: audit_chain.Head) -> None:
    """That the module's log holds the last entry of before. Raises LogsDiffer."""
    reached = earlier.next()
    if head.next < reached:
        raise LogsDiffer(
            f"The module's log ends before entry {head.next}, but the file goes up to {reached - 1}: it was begun "
            "anew or cut. Keep the file, and export to another one."
        )
    if head.first > reached or reached == earlier.first:
        return  # the module has nothing that the file has
    before = head.hash if reached == head.next else module.audit_read(reached).before
    if reached == head.first:
        before = head.before
    if before in (b"", earlier.hash()):
        return
    raise LogsDiffer(
        f"The module's log differs from the file's{_first_difference(module, earlier, head)}: one of them was edited. "
        "Keep the file, and export to another one."
    )


def _first_difference(module: Source, earlier: Export, head: audit_chain.Head) -> str:
    ours = {line.seq: line.packed() for line in earlier.entries()}
    off = max(head.first, earlier.first)
    while off < earlier.next():
        answer = module.audit_read(off)
        for entry in _entries(answer.entries):
            seq = audit_chain.decode(entry).seq
            if ours.get(seq, entry) != entry:
                return f" at entry {seq}"
        if answer.next <= off:
            break
        off = answer.next
    return f" before entry {off}"


def _continue(module: Source, export: Export, head: audit_chain.Head, on_entries: Callable[[int], None]) -> bool:
    """Everything up to the head; False when the ring turned meanwhile, and what is there does not reach back."""
    oldest = head.first
    if oldest > export.next():
        export.lines.append(Gap(export.next(), oldest - 1, head.before))
    while export.next() < head.next:
        off = export.next()
        answer = module.audit_read(off)
        if answer.next <= off:
            raise LinkError(f"The module gives no entry after {off - 1}, and its head says that there are: try again.")
        entries = _entries(answer.entries)
        if not entries:
            if module.audit_head().first > oldest:
                return False
            export.lines.append(_gap(module, off, answer.next, head))
            continue
        if answer.before != export.hash():
            export.lines.append(Break(off, answer.before))
        _append(export, entries[: head.next - off])  # what came after the head belongs to the next one
        on_entries(len(entries))
    return True


def _gap(module: Source, first: int, following: int, head: audit_chain.Head) -> Gap:
    """Entries that the module's flash should have and has not, and where it goes on."""
    while following < head.next:
        answer = module.audit_read(following)
        if answer.entries:
            return Gap(first, following - 1, answer.before)
        following = max(answer.next, following + 1)
    return Gap(first, head.next - 1, head.hash)


def _append(export: Export, entries: list[bytes]) -> None:
    for packed in entries:
        try:
            entry = audit_chain.decode(packed)
        except BadInput as error:
            raise LinkError(f"The module's audit log holds what is no entry ({error}): update these tools.") from None
        if entry.seq != export.next():
            raise LinkError(f"The module gave entry {entry.seq} where {export.next()} belongs: try again.")
        after = audit_chain.link(export.hash(), packed)
        export.lines.append(Line(entry.seq, entry.time, entry.uptime_ms, entry.event, entry.fields, after))


def _entries(data: bytes) -> list[bytes]:
    found, end = [], 0
    for entry, at in audit_chain.split(data):
        found.append(entry)
        end = at
    if end != len(data):
        raise LinkError("The module's entries came cut short: try again.")
    return found
