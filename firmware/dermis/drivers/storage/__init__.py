"""The data partition, mounted; every write is whole or not at all."""


class Storage:
    def read(self, name: str) -> bytes:
        """A file's bytes. Raises OSError (ENOENT) when there is none."""
        raise NotImplementedError

    def write(self, name: str, data: bytes) -> None:
        """Replace a file: after a cut of power there is the old one or the new one, never a part. Raises OSError."""
        raise NotImplementedError

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens when there is none."""
        raise NotImplementedError

    def free_bytes(self) -> int:
        """Room left."""
        raise NotImplementedError
