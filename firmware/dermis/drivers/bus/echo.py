"""What a transceiver hears of itself."""


class Echo:
    """Leaves out what was sent where it comes back. A transceiver that is deaf while it sends gives no echo: then what
    came is somebody else's from its first byte on, though it may begin as ours did."""

    def __init__(self):
        self.forget()

    def forget(self) -> None:
        """Nothing of ours is under way."""
        self._sent = self._heard = b""

    def sent(self, data) -> None:
        """That goes out now."""
        self._sent, self._heard = bytes(data), b""

    def without(self, data) -> bytes:
        """What of that is somebody else's."""
        if not self._sent:
            return data
        heard, sent = self._heard + data, self._sent
        if heard[: len(sent)] == sent[: len(heard)]:
            if len(heard) < len(sent):
                self._heard = heard
                return b""
            heard = heard[len(sent) :]
        self.forget()
        return heard
