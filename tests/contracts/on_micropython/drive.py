"""Runs the ESP32-S3's drivers under MicroPython: `micropython drive.py BOARD_FILE`; prints what heap they cost."""

import asyncio
import gc
import json
import sys

with open(sys.argv[1]) as file:
    board = json.load(file)
gc.collect()
mem_alloc = gc.mem_alloc  # type: ignore[attr-defined]
before = mem_alloc()

from dermis.core.errors import SensorFault  # noqa: E402
from dermis.drivers.camera.esp32s3 import S3Camera  # noqa: E402
from dermis.drivers.clock.esp32s3 import S3Clock  # noqa: E402
from dermis.drivers.dm1_i2c import Expander  # noqa: E402
from dermis.drivers.emitters.esp32s3 import S3Emitters  # noqa: E402
from dermis.drivers.esp32s3_i2c import S3I2c  # noqa: E402
from dermis.drivers.swir.esp32s3 import S3SwirHead  # noqa: E402
from dermis.drivers.thermometer.dm1 import Dm1Thermometer  # noqa: E402

clock = S3Clock()
bus = S3I2c(board, clock)
expander = Expander(bus, board["i2c"]["expander"], board["expander"])
emitters = S3Emitters(board, expander, clock)
swir = S3SwirHead(board, expander, bus, clock)
thermometer = Dm1Thermometer(bus, board["i2c"]["thermometer"])
imager = S3Camera(board, clock, thermometer.number)
gc.collect()
print("heap", mem_alloc() - before)

import esp32  # noqa: E402
import machine  # noqa: E402


def refused(work, *arguments):
    try:
        work(*arguments)
    except SensorFault as fault:
        return str(fault)
    raise AssertionError("no fault")


async def main():
    assert thermometer.centi_celsius() == 2500
    assert imager.identity() == "OV2640-012301230123" and swir.identity().endswith("7cdfa1000001")
    for light in ("850", "970", "1050", "dots"):
        emitters.pulse(light, 256, 200000)
        assert esp32.RMT.sent_us == 200000
        emitters.dark()
    swir._latest_us = 1000000  # a desktop has more to do
    on, off = await swir.read(1450, 64)
    assert (on, off) == (64 * 1200 * 16, 64 * 900 * 16), (on, off)
    machine.I2C.gone = 0x20
    assert "expander" in refused(emitters.pulse, "850", 256, 1000)
    machine.I2C.gone = 0
    emitters.pulse("850", 128, 1000)
    emitters.dark()
    frame = bytearray(320 * 240)
    for _ in range(2):
        await imager.start(6000, 256)
        before = mem_alloc()
        for view in (frame, memoryview(frame)):
            assert await imager.read(view) <= clock.ticks_us()
        assert mem_alloc() - before < 4096  # nothing of a frame's size
        assert frame == b"\xf0" * len(frame)
        await imager.stop()
    print("done")


asyncio.run(main())
