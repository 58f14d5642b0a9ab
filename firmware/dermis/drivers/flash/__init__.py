"""The flash chip by partition (`dermis.core.partitions`), for what is no file: firmware images.

A byte is erased to 0xFF a block at a time and then written; a second write to the same byte can only clear bits.
"""


class Flash:
    # Where the firmware does not come as images: one sentence that says how it is updated instead.
    without_slots = ""

    def read_at(self, partition: str, offset: int, buffer) -> None:
        """Fill the buffer from that offset of the partition on. Raises BadInput beyond its end, SensorFault."""
        raise NotImplementedError

    def erase(self, partition: str, offset: int, length: int) -> None:
        """Both multiples of partitions.BLOCK_SIZE. Raises BadInput, SensorFault."""
        raise NotImplementedError

    def write(self, partition: str, offset: int, data) -> None:
        """Clear bits. Raises BadInput, SensorFault."""
        raise NotImplementedError

    def mount(self, partition: str, offset: int, size: int, point: str) -> None:
        """Mount the LittleFS that lies there, read-only. Raises BadInput when there is none."""
        raise NotImplementedError
