"""Under a real MicroPython, before modules that stand for the chip's: what the ESP32-S3's drivers do there.

Run with `noise\\x03print(1)` on standard input; prints JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys


class Module:
    def __init__(self, **names):
        for name in names:
            setattr(self, name, names[name])


class Anything:
    """A class of the chip's that takes whatever it is given."""

    IN, OUT, OPEN_DRAIN, PULL_UP, PULL_MAX = 1, 3, 7, 2, 32767

    def __init__(self, *arguments, **named):
        self.arguments, self.named = arguments, named
        self.made.append(self)  # type: ignore[attr-defined]

    def value(self, *_):
        return 1

    def init(self, *_, **__):
        return None

    def write(self, data):
        return len(data)

    def memory(self, data=None):
        if data is not None:
            kept["memory"] = data
        return kept["memory"]

    def feed(self):
        kept["fed"] += 1


kept = {"memory": b"", "fed": 0, "key": 3, "cause": 2}
chips: dict = {}  # partition -> block -> bytes, of those that are not erased
BLOCK = 4096


def kind(name):
    return type(name, (Anything,), {"made": []})


class Partition:
    """Sparse, with the addresses of `core.partitions`."""

    TYPE_DATA = 1

    def __init__(self, entry):
        self.entry = entry
        self.blocks = chips.setdefault(entry.name, {})

    @staticmethod
    def find(kind, subtype=0xFF, label=None):
        from dermis.core import partitions

        name = "boot" if label == "vfs" else label
        return [Partition(entry) for entry in partitions.PARTITIONS if entry.name == name]

    def info(self):
        return (1, 6, self.entry.offset, self.entry.size, self.entry.name, False)

    def readblocks(self, block, buffer, offset=0):
        done = 0
        while done < len(buffer):
            count = min(len(buffer) - done, BLOCK - offset)
            held = self.blocks.get(block)
            buffer[done : done + count] = held[offset : offset + count] if held else b"\xff" * count
            done, block, offset = done + count, block + 1, 0

    def writeblocks(self, block, data, offset):
        for byte in data:
            if offset == BLOCK:
                block, offset = block + 1, 0
            held = self.blocks.setdefault(block, bytearray(b"\xff" * BLOCK))
            held[offset] &= byte
            offset += 1

    def ioctl(self, op, argument):
        if op == 6:
            self.blocks.pop(argument, None)
        return {4: self.entry.size // BLOCK, 5: BLOCK}.get(op, 0)


def use(**modules):
    for name in modules:
        sys.modules[name] = modules[name]  # type: ignore[assignment]


use(
    machine=Module(
        Pin=kind("Pin"),
        I2C=kind("I2C"),
        PWM=kind("PWM"),
        UART=kind("UART"),
        WDT=kind("WDT"),
        RTC=kind("RTC"),
        PWRON_RESET=1,
        HARD_RESET=2,
        WDT_RESET=3,
        DEEPSLEEP_RESET=4,
        SOFT_RESET=5,
        reset_cause=lambda: kept["cause"],
        unique_id=lambda: b"\x7c\xdf\xa1\x00\x00\x01",
        reset=lambda: None,
    ),
    esp32=Module(Partition=Partition, RMT=kind("RMT")),
    camera=Module(),
    micropython=Module(kbd_intr=lambda key: kept.update({"key": key})),
)


class Wrapping:
    """Time as the chip counts it, in 30 bits."""

    now = 0

    def ticks_us(self):
        return self.now & 0x3FFFFFFF

    def ticks_diff(self, later, earlier):
        return ((later - earlier + 0x20000000) & 0x3FFFFFFF) - 0x20000000


def main():
    said = {}
    with open(sys.argv[1]) as file:
        board = json.load(file)
    from dermis.drivers.esp32s3_board import drivers

    parts = drivers(board)
    said["parts"] = [name for name in ("clock", "camera", "link", "lock", "bus") if getattr(parts, name)]
    said["serial"], said["causes"] = parts.system.serial(), [parts.system.reset_cause()]
    parts.system.reset()
    from dermis.drivers.system.esp32s3 import S3System

    said["causes"].append(S3System(parts.clock).reset_cause())
    parts.system.start_watchdog(60000)
    parts.system.feed()
    said["fed"], said["key"], said["random"] = kept["fed"], kept["key"], len(parts.system.random(33))

    from dermis.drivers.clock import esp32s3 as clocks

    real, clocks.time = clocks.time, Wrapping()  # type: ignore[assignment]
    clock = clocks.S3Clock()
    for _ in range(300):
        Wrapping.now += 10_000_000
        clock.ticks_us()
    said["after_3000_s"] = clock.ticks_us() // 1_000_000
    clocks.time = real

    parts.storage.write("cal", bytes(range(256)) * 40)
    parts.storage.append("cal", b"more")
    said["stored"] = parts.storage.read("cal") == bytes(range(256)) * 40 + b"more"
    said["names"], said["free"] = parts.storage.names(), parts.storage.free_bytes()
    import vfs  # type: ignore[import-not-found]

    vfs.umount("/data")
    from dermis.drivers.flash.esp32s3 import S3Flash
    from dermis.drivers.storage.esp32s3 import open_storage

    said["kept"] = open_storage(S3Flash()).read("cal")[-4:].decode()
    parts.flash.write("slot0", BLOCK - 1, b"\x12\x34")
    buffer = bytearray(4)
    parts.flash.read_at("slot0", BLOCK - 2, buffer)
    said["flash"] = list(buffer)

    async def console():
        pieces = []
        buffer = bytearray(64)
        try:
            while True:
                count = await parts.link.read(buffer)
                pieces.append(list(buffer[:count]))
        except EOFError:
            return pieces

    said["console"] = asyncio.run(console())
    parts.link.release()
    said["released"] = kept["key"]

    from dermis.drivers.esp32s3_first import parts as first

    said["first"] = first().storage_point
    parts.link.write(json.dumps(said).encode() + b"\n")


main()
