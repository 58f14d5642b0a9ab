"""A firmware for tests: one JSON request a line on the console, one JSON answer a line, straight from the drivers.

It runs on MicroPython and on CPython, in place of `dermis.main`.
"""

import asyncio
import json
import os
import sys

from dermis.core.errors import DermisError
from dermis.drivers.twin_board import drivers

FRAME = bytearray(320 * 240)
CHECKSUM_STEP = 97
PIECE = 1999  # a file is handed over in pieces that fill no block


def main():
    with open(os.getenv("DERMIS_BOARD") or "board.json") as file:
        board = json.load(file)
    asyncio.run(Probe(drivers(board)).run())


def content(generation, size):
    return bytes([(generation * 7 + index) & 255 for index in range(size)])


class Probe:
    def __init__(self, parts):
        self._parts = parts

    async def run(self):
        self._say({"up": True, "python": sys.implementation.name})
        buffer, line = bytearray(256), b""
        while True:
            count = await self._parts.link.read(buffer)
            line += bytes(buffer[:count])
            while b"\n" in line:
                request, _, line = line.partition(b"\n")
                await self._answer(json.loads(request))

    async def _answer(self, request):
        try:
            self._say(await getattr(self, "do_" + request.pop("do"))(**request))
        except DermisError as error:
            self._say({"error": type(error).__name__, "text": str(error)})
        except OSError as error:
            self._say({"error": "OSError", "errno": error.errno})

    def _say(self, answer):
        self._parts.link.write(json.dumps(answer).encode() + b"\n")

    async def do_write(self, name, generation, size):
        data = content(generation, size)
        for offset in range(0, size, PIECE):
            self._parts.storage.stage(name, offset, data[offset : offset + PIECE])
        self._parts.storage.replace(name)
        return {"written": generation}

    async def do_read(self, name):
        data = self._parts.storage.read(name)
        generation = data[0] * 183 & 255  # 183 * 7 = 1 (mod 256)
        return {"size": len(data), "generation": generation, "whole": data == content(generation, len(data))}

    async def do_remove(self, name):
        self._parts.storage.remove(name)
        return {}

    async def do_free(self):
        return {"free": self._parts.storage.free_bytes()}

    async def do_pulse(self, light, level_q8=256, longest_us=100000):
        self._parts.emitters.pulse(light, level_q8, longest_us)
        return {"at_us": self._parts.clock.ticks_us()}

    async def do_sleep(self, ms):
        before = self._parts.clock.ticks_us()
        await self._parts.clock.sleep_ms(ms)
        return {"slept_us": self._parts.clock.ticks_us() - before}

    async def do_race(self):
        """Three sleepers and a worker that only yields: the order in which they finish, and when."""
        clock, order = self._parts.clock, []
        started = clock.ticks_us()

        async def sleeper(name, ms):
            await clock.sleep_ms(ms)
            order.append([name, (clock.ticks_us() - started) // 1000])

        async def worker():
            for _ in range(50):
                await clock.sleep_ms(0)
            order.append(["worker", (clock.ticks_us() - started) // 1000])

        await asyncio.gather(sleeper("long", 300), sleeper("short", 100), sleeper("middle", 200), worker())
        return {"order": order}

    async def do_camera(self, frames, exposure_us=6000, buffers=2):
        await self._parts.camera.start(exposure_us, 256, buffers)
        times, sums = [], []
        for _ in range(frames):
            times.append(await self._parts.camera.read(FRAME))
            sums.append(sum([FRAME[index] for index in range(0, len(FRAME), CHECKSUM_STEP)]))
        await self._parts.camera.stop()
        return {"times": times, "sums": sums, "now_us": self._parts.clock.ticks_us()}

    async def do_swir(self, band_nm, pairs):
        before = self._parts.clock.ticks_us()
        on, off = await self._parts.swir.read(band_nm, pairs)
        return {"on": on, "off": off, "took_us": self._parts.clock.ticks_us() - before}

    async def do_temperature(self):
        return {"centi_celsius": self._parts.thermometer.centi_celsius()}

    async def do_random(self, count):
        return {"bytes": list(self._parts.system.random(count))}

    async def do_serial(self):
        return {"serial": self._parts.system.serial(), "unix_time": self._parts.clock.unix_time()}

    async def do_environment(self):
        names = ("DERMIS_BOARD", "DERMIS_STORAGE", "DERMIS_SCENE", "SECRET_SCENE")
        return {name: os.getenv(name) for name in names}

    async def do_reset(self):
        self._parts.system.reset()
