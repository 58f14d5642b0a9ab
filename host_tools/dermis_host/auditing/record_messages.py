"""What a module keeps, as methods of `Module`: the audit log, counters, settings, an integrator's files."""

from __future__ import annotations

from typing import Any

from dermis_host.answers import AuditEntries, AuditHead, FileHash, FilePiece, StatisticsGroup
from dermis_host.client import Client
from dermis_host.errors import LinkError

FILE_BYTES = 2048  # of a file in one request: with its name it fits a packet
STORE_S = 20.0


class RecordMessages(Client):
    """One method a message, and files as wholes."""

    def audit_head(self, nonce: bytes = b"") -> AuditHead:
        """Where the module's log begins and ends, under a MAC over `nonce` (at most 32 bytes)."""
        return self._ask("audit_head", STORE_S, **({"nonce": nonce} if nonce else {}))

    def audit_read(self, off: int) -> AuditEntries:
        """Entries of the log from that number on, as many as fit."""
        return self._ask("audit_read", off=off)

    def statistics(self, name: str) -> dict[str, int]:
        """The counters of a group."""
        group: StatisticsGroup = self._ask("statistics", name=name)
        return group.fields

    def statistics_list(self) -> list[str]:
        """The groups of counters."""
        return self._ask("statistics_list")

    def setting_read(self, name: str) -> bytes:
        """A setting's value, UTF-8; numbers in decimal digits."""
        return self._ask("setting_read", name=name)

    def setting_write(self, name: str, val: bytes) -> None:
        """Changes a setting: in force at once, and kept."""
        self._ask("setting_write", STORE_S, name=name, val=val)

    def setting_delete(self, name: str) -> None:
        """Puts a setting back to its default."""
        self._ask("setting_delete", STORE_S, name=name)

    def settings_commit(self) -> None:
        """Nothing: what was written is in force already."""
        self._ask("settings_commit")

    def settings_load(self) -> None:
        """Nothing: what is in force is what is kept."""
        self._ask("settings_load")

    def settings_save(self) -> None:
        """Nothing: what was written is kept already."""
        self._ask("settings_save")

    def file_download(self, name: str, off: int = 0) -> FilePiece:
        """A piece of a file."""
        return self._ask("file_download", name=name, off=off)

    def file_upload(self, name: str, off: int, data: bytes, len: int = 0) -> int:
        """Hands over a piece of a file; returns how many bytes the module holds. len: of the whole, needed at 0."""
        return self._ask("file_upload", STORE_S, name=name, off=off, data=data, len=len)

    def file_status(self, name: str) -> int:
        """A file's length. Raises RequestFailed when there is none."""
        return self._ask("file_status", name=name)

    def file_hash(self, name: str, type: str = "sha256", off: int = 0, len: int = 0) -> FileHash:
        """The hash of a file, or of a part of it."""
        return self._ask("file_hash", STORE_S, name=name, type=type, off=off, len=len)

    def file_hash_types(self) -> dict[str, Any]:
        """The hashes there are: type -> format and size."""
        return self._ask("file_hash_types")

    def file_close(self) -> None:
        """Forgets a file that is being handed over."""
        self._ask("file_close", STORE_S)

    def read_file(self, name: str) -> bytes:
        """A whole file. Raises RequestFailed when there is none, LinkError when its pieces do not fit together."""
        whole = b""
        while True:
            piece = self.file_download(name, len(whole))
            whole += piece.data
            if len(whole) == piece.len:
                return whole
            if not piece.data or len(whole) > piece.len:
                raise LinkError(f"The file {name} changed while it was read: try again.")

    def write_file(self, name: str, data: bytes) -> None:
        """Stores a file, whole or not at all; one of 0 bytes removes it. Raises RequestFailed, LinkError."""
        held = 0
        while True:
            now = self.file_upload(name, held, data[held : held + FILE_BYTES], len(data))
            if now >= len(data):
                return
            if now <= held:
                raise LinkError(f"The module took no more of the file {name}: try again.")
            held = now
