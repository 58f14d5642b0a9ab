"""The data partition, mounted; every write is whole or not at all."""

# By which an OSError says why; MicroPython's `errno` has not all of them.
ENOENT, EIO, EINVAL, ENOSPC = 2, 5, 22, 28


class Storage:
    def read(self, name: str) -> bytes:
        """A file's bytes. Raises OSError (ENOENT) when there is none."""
        raise NotImplementedError

    def read_into(self, name: str, buffer) -> int:
        """The same into a buffer, as much as fits; returns the number of bytes."""
        raise NotImplementedError

    def read_at(self, name: str, offset: int, buffer) -> int:
        """The same from a place in the file on."""
        raise NotImplementedError

    def write(self, name: str, data: bytes) -> None:
        """Replace a file: after a cut of power there is the old one or the new one, never a part. Raises OSError."""
        self.stage(name, 0, data)
        self.replace(name)

    def append(self, name: str, data: bytes) -> None:
        """Add to the end of a file: after a cut of power there is the file as it was or the longer one. Makes the
        file when there is none; then there may be an empty one. Raises OSError."""
        raise NotImplementedError

    def size(self, name: str) -> int:
        """A file's length in bytes. Raises OSError (ENOENT) when there is none."""
        raise NotImplementedError

    def names(self) -> list:
        """Names of all files, in no order. Raises OSError."""
        raise NotImplementedError

    def stage(self, name: str, offset: int, data: bytes) -> None:
        """Put a piece of a file's successor where it belongs; one at 0 begins anew. The file stays as it is, and a
        restart forgets the successor. Raises OSError."""
        raise NotImplementedError

    def read_staged(self, name: str, buffer) -> int:
        """What `read_into` is, of the successor."""
        raise NotImplementedError

    def replace(self, name: str) -> None:
        """Let the successor take the file's place: after a cut of power it has done so or not. Raises OSError."""
        raise NotImplementedError

    def unstage(self, name: str) -> None:
        """Forget the successor; nothing happens when there is none."""
        raise NotImplementedError

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens when there is none."""
        raise NotImplementedError

    def free_bytes(self) -> int:
        """Room left."""
        raise NotImplementedError
