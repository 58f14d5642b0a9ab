"""A NOR flash chip in memory whose power can go in the middle of a write: a block device for MicroPython's LittleFS."""

from __future__ import annotations

from dermis.core import partitions

BLOCKS = 160
ERASED = memoryview(b"\xff" * partitions.BLOCK_SIZE)


class PowerCut(Exception):
    """The power went in the middle of a write."""


class Chip:
    """NOR flash as a block device: an erase sets bits, a program only clears them."""

    def __init__(self, image=None):
        self.image = bytearray(image) if image else bytearray(b"\xff" * (BLOCKS * partitions.BLOCK_SIZE))
        self.operations = 0
        self.cut_at = 0
        self.torn = 0  # part of the operation that is still done, 1/256
        self.dead = False  # from the cut on: what is still asked of it does nothing

    def readblocks(self, block, buf, offset=0):
        if self.dead:
            return
        at = block * partitions.BLOCK_SIZE + offset
        buf[:] = memoryview(self.image)[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        if self.dead:
            return
        at = block * partitions.BLOCK_SIZE + offset
        done = self._done(len(buf))
        if memoryview(self.image)[at : at + done] == ERASED[:done]:
            self.image[at : at + done] = memoryview(buf)[:done]
        else:
            for i in range(done):
                self.image[at + i] &= buf[i]
        self._end()

    def ioctl(self, op, arg):
        if op == 4:
            return BLOCKS
        if op == 5:
            return partitions.BLOCK_SIZE
        if op == 6 and self.dead:
            return 0
        if op == 6:
            at = arg * partitions.BLOCK_SIZE
            done = self._done(partitions.BLOCK_SIZE)
            self.image[at : at + done] = b"\xff" * done
            self._end()
            return 0
        return None

    def _done(self, length):
        self.operations += 1
        return length * self.torn >> 8 if self.operations == self.cut_at else length

    def _end(self):
        if self.operations == self.cut_at:
            self.dead = True
            raise PowerCut
