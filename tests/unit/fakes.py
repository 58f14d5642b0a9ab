"""Fakes on the driver contracts, for tests that run under CPython and MicroPython. Time is virtual."""

import asyncio
from collections import namedtuple

from dermis.app.frame_identity import gamma_table
from dermis.core import drift, partitions, vocabulary
from dermis.core.burst import FRAME_BYTES, HEIGHT, WIDTH
from dermis.core.errors import BadInput, SensorFault
from dermis.drivers import inference, lock
from dermis.drivers.storage import EIO, ENOENT, ENOSPC

Drivers = namedtuple(
    "Drivers",
    (
        "clock",
        "camera",
        "emitters",
        "swir",
        "thermometer",
        "storage",
        "link",
        "system",
        "model_class",
        "flash",
        "lock",
        "bus",
    ),
)

BOARD = {
    "format": 1,
    "board": "twin",
    "focal_px_q8": 84480,
    "centre_u_q8": 40832,
    "centre_v_q8": 30592,
    "baseline_um": 40000,
    "z_ref_mm": 450,
    "z_near_mm": 250,
    "z_far_mm": 700,
    "exposure_us": 6000,
    "gain_q8": 256,
    "buffers": 2,
    "row_time_us": 140,
    "frame_period_us": 40000,
    "latency_us": [20000, 90000],
    "level_q8": {"850": 256, "970": 256, "1050": 256, "dots": 256},
    "longest_pulse_us": 200000,
    "monitor_columns": [0, 6],
    "monitor_nominal": {"850": 40632, "970": 26214, "1050": 15728, "dots": 7864},
    "gamma_q8": 563,
    "black_code": 4,
    "swir": True,
    "swir_pairs": 64,
    "swir_centre_um": [-14000, 0],
    "swir_fwhm_urad": 130000,
    "profile": "border",
}
SERIAL = "DM1-0042"
SENSORS = {"imager": "test-00000001", "swir": "test-00000002"}
QUIET_TURNS = 6


class FakeClock:
    """Virtual: when every task sleeps, the earliest sleeper moves it on."""

    def __init__(self):
        self.now = 0
        self._deadlines = []
        self._activity = 0
        self.seconds = 0

    def ticks_us(self):
        return self.now

    async def sleep_ms(self, duration_ms):
        await self.until(self.now + duration_ms * 1000)

    async def until(self, deadline):
        self._deadlines.append(deadline)
        self._activity += 1
        seen, quiet = self._activity, 0
        try:
            while self.now < deadline:
                await asyncio.sleep(0)
                quiet = quiet + 1 if self._activity == seen else 0
                seen = self._activity
                # Whoever is awake comes first, even when it is passed from task to task.
                if quiet >= QUIET_TURNS and min(self._deadlines) == deadline:
                    self.now = max(self.now, deadline)
        finally:
            self._deadlines.remove(deadline)
            self._activity += 1

    def unix_time(self):
        return self.seconds

    def set_unix_time(self, seconds):
        self.seconds = seconds


class FakeEmitters:
    """Keeps what was lit when: `history` holds (us, light), dark included."""

    def __init__(self, clock):
        self._clock = clock
        self.history = [(0, vocabulary.DARK)]
        self.pulses = []
        self.fault = None

    def pulse(self, light, level_q8, longest_us):
        if self.fault:
            raise self.fault
        self.pulses.append((light, level_q8, longest_us))
        self.history.append((self._clock.now, light))

    def dark(self):
        self.history.append((self._clock.now, vocabulary.DARK))

    def lit_at(self, time_us):
        light = vocabulary.DARK
        for since, name in self.history:
            if since <= time_us:
                light = name
        return light


class FakeCamera:
    """Free-running and rolling: each row is exposed in its own time, frames come 20 to 90 ms late.

    levels: light -> linear level of the tab as the imager sees it, ambient not included. drop, repeat: numbers of
    frames (counted from the start of the camera) that are lost or delivered again. silent: no frames at all.
    """

    width, height = WIDTH, HEIGHT

    def __init__(self, clock, emitters, latencies=(30000, 85000, 20000, 60000, 90000)):
        self._clock = clock
        self._emitters = emitters
        self._latencies = latencies
        self.levels = dict(BOARD["monitor_nominal"])
        self.levels[vocabulary.DARK] = 0
        self.ambient = 600
        self.ambient_at = None  # us -> linear, when the ambient changes
        self.scene = 30
        self.drop = ()
        self.repeat = ()
        self.silent = False
        self.started = None
        self.starts = 0
        self.taken = 0
        self._count = 0
        self._last_arrival = 0
        table = gamma_table(BOARD["black_code"], BOARD["gamma_q8"])
        self._table = [table[code] for code in range(256)]
        self._codes = {}

    def identity(self):
        return SENSORS["imager"]

    async def start(self, exposure_us, gain_q8, buffers=2):
        self.started = self._clock.now + 7000  # at no round time
        self.starts += 1
        self._count = 0
        self._exposure = exposure_us

    async def stop(self):
        self.started = None

    async def read(self, pixels):
        if self.silent:
            await self._clock.sleep_ms(500)
            raise SensorFault("the imager sent no frame for half a second; check its cable, then reset")
        while self._count in self.drop:
            self._count += 1
        begin = self.started + self._count * BOARD["frame_period_us"]
        if self._count not in self.repeat:
            self._count += 1
        else:
            self.repeat = tuple([each for each in self.repeat if each != self._count])
        end = begin + HEIGHT * BOARD["row_time_us"] + self._exposure
        arrival = end + self._latencies[self.taken % len(self._latencies)]
        arrival = max(arrival, self._last_arrival + 1)
        self._last_arrival = arrival
        self.taken += 1
        await self._clock.until(arrival)
        self._expose(pixels, begin)
        return arrival

    def _expose(self, pixels, begin):
        for row in range(0, HEIGHT, 2):
            middle = begin + row * BOARD["row_time_us"] + self._exposure // 2
            level = self.levels[self._emitters.lit_at(middle)] * self._exposure // BOARD["exposure_us"]
            ambient = self.ambient_at(middle) if self.ambient_at else self.ambient
            code = self._code(level + ambient)
            line = bytes([code] * 6) + bytes([min(255, self.scene + code // 4)] * (WIDTH - 6))
            pixels[row * WIDTH : (row + 1) * WIDTH] = line
            pixels[(row + 1) * WIDTH : (row + 2) * WIDTH] = line
        # Noise, so that two frames never are the same but for a repeated one.
        at = begin // BOARD["frame_period_us"] * 13 % HEIGHT * WIDTH
        pixels[at] = min(255, pixels[at] + 1)

    def _code(self, linear):
        if linear not in self._codes:
            differences = [abs(value - linear) for value in self._table]
            self._codes[linear] = differences.index(min(differences))
        return self._codes[linear]


class FakeSwir:
    fitted = True

    def __init__(self, clock):
        self._clock = clock
        self.fault = None

    def identity(self):
        return SENSORS["swir"] if self.fitted else ""

    async def read(self, band_nm, pairs):
        if self.fault:
            raise self.fault
        await self._clock.sleep_ms(13)
        return (1700 + band_nm) * pairs, 700 * pairs


class FakeThermometer:
    def __init__(self):
        self.fault = None

    def centi_celsius(self):
        if self.fault:
            raise self.fault
        return 2512


class FakeStorage:
    """broken: every call fails. unrenamed: `replace` does. full: there is no room left."""

    def __init__(self):
        self.files = {}
        self.staged = {}
        self.broken = False
        self.unrenamed = False
        self.full = False

    def read(self, name):
        return self._found(self.files, name)

    def read_into(self, name, buffer):
        return self._copied(self.files, name, buffer)

    def read_at(self, name, offset, buffer):
        data = self._found(self.files, name)[offset : offset + len(buffer)]
        memoryview(buffer)[: len(data)] = data
        return len(data)

    def unstage(self, name):
        self.staged.pop(name, None)

    def write(self, name, data):
        self.stage(name, 0, data)
        self.replace(name)

    def append(self, name, data):
        if self.broken or self.full:
            raise OSError(EIO if self.broken else ENOSPC, name)
        self.files[name] = bytes(self.files.get(name, b"")) + bytes(data)

    def size(self, name):
        return len(self._found(self.files, name))

    def names(self):
        if self.broken:
            raise OSError(EIO, "names")
        return list(self.files)

    def stage(self, name, offset, data):
        before = bytes(self._found(self.staged, name)) if offset else b""
        if self.broken or self.full:
            raise OSError(EIO if self.broken else ENOSPC, name)
        self.staged[name] = before[:offset] + bytes(data) + before[offset + len(data) :]

    def read_staged(self, name, buffer):
        return self._copied(self.staged, name, buffer)

    def replace(self, name):
        self._found(self.staged, name)
        if self.unrenamed:
            raise OSError(EIO, name)
        self.files[name] = self.staged.pop(name)

    def _found(self, files, name):
        if self.broken or name not in files:
            raise OSError(EIO if self.broken else ENOENT, name)  # alone, CPython keeps no number
        return files[name]

    def _copied(self, files, name, buffer):
        data = self._found(files, name)[: len(buffer)]
        memoryview(buffer)[: len(data)] = data
        return len(data)

    def remove(self, name):
        self.files.pop(name, None)

    def free_bytes(self):
        return 0 if self.full else 5000000


class FakeFlash:
    """blocks: (partition, number) -> bytearray, of those that are not erased. writes: how many there were. mounted:
    point -> (partition, offset, size)."""

    without_slots = ""

    def __init__(self):
        self.blocks = {}
        self.writes = 0
        self.mounted = {}

    def read_at(self, partition, offset, buffer):
        self._check(partition, offset, len(buffer))
        view = memoryview(buffer)
        done = 0
        while done < len(buffer):
            number, at = divmod(offset + done, partitions.BLOCK_SIZE)
            count = min(len(buffer) - done, partitions.BLOCK_SIZE - at)
            block = self.blocks.get((partition, number))
            view[done : done + count] = block[at : at + count] if block else b"\xff" * count
            done += count

    def erase(self, partition, offset, length):
        self._check(partition, offset, length)
        assert offset % partitions.BLOCK_SIZE == 0 and length % partitions.BLOCK_SIZE == 0
        self.writes += 1
        for number in range(offset // partitions.BLOCK_SIZE, (offset + length) // partitions.BLOCK_SIZE):
            self.blocks.pop((partition, number), None)

    def write(self, partition, offset, data):
        self._check(partition, offset, len(data))
        self.writes += 1
        done = 0
        while done < len(data):
            number, at = divmod(offset + done, partitions.BLOCK_SIZE)
            count = min(len(data) - done, partitions.BLOCK_SIZE - at)
            block = self.blocks.setdefault((partition, number), bytearray(b"\xff" * partitions.BLOCK_SIZE))
            piece = data[done : done + count]
            if block[at : at + count] == b"\xff" * count:
                block[at : at + count] = piece
            else:
                for index in range(count):
                    block[at + index] &= piece[index]
            done += count

    def mount(self, partition, offset, size, point):
        self.mounted[point] = (partition, offset, size)

    def content(self, partition, length):
        data = bytearray(length)
        self.read_at(partition, 0, data)
        return bytes(data)

    def _check(self, partition, offset, length):
        if offset < 0 or offset + length > partitions.partition(partition).size:
            raise BadInput(f"{length} bytes at {offset} lie outside of {partition}")


class FakeLink:
    """`incoming`: chunks still to be read, each bytes or a number of ms of silence; then it ends."""

    def __init__(self, clock):
        self._clock = clock
        self.incoming = []
        self.written = bytearray()
        self.released = False
        self.patience = 2000  # turns of the loop before the end, so that answers under way are written

    async def read(self, buffer):
        while self.incoming:
            chunk = self.incoming[0]
            if isinstance(chunk, int):
                self.incoming.pop(0)
                await self._clock.sleep_ms(chunk)
                continue
            piece = chunk[: len(buffer)]
            if len(chunk) > len(piece):
                self.incoming[0] = chunk[len(piece) :]
            else:
                self.incoming.pop(0)
            buffer[: len(piece)] = piece
            await asyncio.sleep(0)
            return len(piece)
        for _ in range(self.patience):
            await asyncio.sleep(0)
        raise EOFError

    def write(self, data):
        self.written.extend(data)

    def release(self):
        self.released = True


class FakeSystem:
    board = "twin"

    def __init__(self, seed=1):
        self._state = seed
        self.resets = 0
        self.cause = "power_on"
        self.watchdog_ms = 0
        self.fed = 0

    def reset_cause(self):
        return self.cause

    def start_watchdog(self, limit_ms):
        self.watchdog_ms = limit_ms

    def feed(self):
        self.fed += 1

    def serial(self):
        return SERIAL

    def reset(self):
        self.resets += 1

    def random(self, count):
        out = bytearray(count)
        for index in range(count):
            self._state = (self._state * 1103515245 + 12345) & 0x7FFFFFFF
            out[index] = (self._state >> 16) & 0xFF
        return bytes(out)


class FakeLock:
    """history: (us, output, value) of every change, Wiegand frames among them. now: the inputs. fault: what every
    call but `safe` raises. faults: what one output's raises, by its name."""

    def __init__(self, clock):
        self._clock = clock
        self.history = []
        self.now = lock.Inputs(False, False, True)
        self.fault = None
        self.faults = {}
        self.safes = 0

    def relay(self, closed):
        self._put("relay", closed)

    async def wiegand(self, bits):
        self._put("wiegand", bits)
        await self._clock.sleep_ms(2 * len(bits))

    def led(self, colour):
        assert colour in lock.COLOURS
        self._put("led", colour)

    def buzzer(self, on):
        self._put("buzzer", on)

    def inputs(self):
        if self.fault:
            raise self.fault
        return self.now

    def safe(self):
        self.safes += 1
        for output, value in (("relay", False), ("led", lock.OFF), ("buzzer", False)):
            if self.last(output) not in (None, value):
                self.history.append((self._clock.now, output, value))

    def last(self, output):
        """What it stands at; None where it never changed."""
        values = [value for _, name, value in self.history if name == output]
        return values[-1] if values else None

    def _put(self, output, value):
        fault = self.fault or self.faults.get(output)
        if fault:
            raise fault
        self.history.append((self._clock.now, output, value))


class FakeBus:
    """`incoming`: pieces still to be read. written: what was sent. baud: 0 while it is closed."""

    def __init__(self):
        self.incoming = []
        self.written = []
        self.baud = 0
        self.fault = None

    def open(self, baud):
        if self.fault:
            raise self.fault
        self.baud = baud

    async def read(self, buffer):
        while not self.incoming:
            if self.fault:
                raise self.fault
            await asyncio.sleep(0)
        piece = self.incoming.pop(0)
        buffer[: len(piece)] = piece
        return len(piece)

    def write(self, data):
        self.written.append(bytes(data))

    def close(self):
        self.baud = 0


def drivers(seed=1):
    clock = FakeClock()
    emitters = FakeEmitters(clock)
    return Drivers(
        clock,
        FakeCamera(clock, emitters),
        emitters,
        FakeSwir(clock),
        FakeThermometer(),
        FakeStorage(),
        FakeLink(clock),
        FakeSystem(seed),
        inference.model_class(inference.choice_of(BOARD)),
        FakeFlash(),
        FakeLock(clock),
        FakeBus(),
    )


class FakeRecord:
    """What the burst taker and the verification need of a calibration record."""

    serial = SERIAL
    created = "2026-01-31T12:00:00"
    hash = "0123456789abcdef"
    exposure_us = BOARD["exposure_us"]
    temperature_cc = 2512
    monitor_drift = drift.MONITOR
    swir_dark = (6400, 6400, 6400, 6400, 6400)

    def __init__(self, factor_percent=100):
        self.linear = gamma_table(BOARD["black_code"], BOARD["gamma_q8"])
        self.monitor = {light: level * factor_percent // 100 for light, level in BOARD["monitor_nominal"].items()}


assert FRAME_BYTES == WIDTH * HEIGHT
