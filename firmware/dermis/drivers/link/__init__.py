"""The console: bytes from and to the host."""


class Link:
    async def read(self, buffer) -> int:
        """Wait for bytes; put what is there into `buffer` and return how many (at least 1). Raises EOFError
        when the other side is gone for good. A piece ends with 0x03 where there is one, so that what follows is
        left to the prompt which that may ask for."""
        raise NotImplementedError

    def write(self, data) -> None:
        """Send all of `data`. A host that takes nothing loses it: no more than a second is waited for such a one."""
        raise NotImplementedError

    def release(self) -> None:
        """Give the console back to the interpreter's prompt: from now on 0x03 interrupts what runs there.

        Until then 0x03 is a byte like any other. Call it before leaving for a development REPL.
        """
        raise NotImplementedError
