"""What a transceiver hears of itself, and what of the rest a reader's buffer had no room for."""

SPEEDS = (9600, 19200, 38400, 57600, 115200, 230400)  # OSDP v2.2


def check_speed(baud):
    """Raises ValueError for what `Bus.open` does not take."""
    if baud not in SPEEDS:
        raise ValueError("RS-485 runs at one of %s baud" % ", ".join([str(speed) for speed in SPEEDS]))


class Echo:
    """Leaves out what was sent where it comes back. A transceiver that is deaf while it sends gives no echo: then what
    came is somebody else's from its first byte on, though it may begin as ours did."""

    def __init__(self):
        self.forget()

    def forget(self) -> None:
        """Nothing of ours is under way, and nothing of others' was left."""
        self._sent = self._heard = self._left = b""

    def sent(self, data) -> None:
        """That goes out now."""
        self._sent, self._heard = bytes(data), b""

    def into(self, buffer, data) -> int:
        """Put what of that, and of what came before, is somebody else's into the buffer; how many bytes that is."""
        data = self._left + self.without(data)
        count = min(len(buffer), len(data))
        buffer[:count], self._left = data[:count], data[count:]
        return count

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
        self._sent = self._heard = b""
        return heard
