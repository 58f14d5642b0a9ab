"""The OSDP panel's view of the module: status, outputs, and the passage's verdict with its card.

Both come in one manufacturer reply; a bona fide's card follows as a card read, for panels that know nothing else. What
was not fetched within `FRESH_MS`, or belongs to a channel that ended, is never told: a verdict does not wait for a
cable. docs/lock.md has the bytes.
"""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING

from dermis.app import rights
from dermis.app.lock import key as base_keys
from dermis.app.lock import settings as lock_settings
from dermis.app.lock.service import PANEL
from dermis.app.log import INFO, WARNING
from dermis.core import osdp, release, vocabulary, wiegand
from dermis.core.errors import BadInput, DermisError
from dermis.core.osdp import Refused
from dermis.core.osdp_device import Device, Host
from dermis.drivers import cipher
from dermis.drivers.lock import AMBER, GREEN, LONGEST_WIEGAND, OFF, RED

if TYPE_CHECKING:
    from typing import Any

READ_SIZE = 256
RETRY_S = 1
# Nobody has assigned us one: the second-lowest bit of the first byte says that it is locally administered, as an OUI's.
VENDOR = b"\x02DM"
MODEL, VERSION = 1, 1
# Function, compliance, number: inputs 1, outputs 1 with time, card data as bits, LED of red, green and amber with time,
# buzzer with time, CRC, AES-128 (without the default key in the field: see `Host.secure_only`), sizes, readers, OSDP 2.
CAPABILITIES = bytes(
    (1, 1, 1, 2, 2, 1, 3, 1, 0, 4, 4, 1, 5, 2, 1, 8, 1, 0, 9, 1, 1)
    + (10, osdp.LARGEST & 0xFF, osdp.LARGEST >> 8, 11, osdp.LARGEST & 0xFF, osdp.LARGEST >> 8, 13, 0, 1, 16, 2, 0)
)
FRESH_MS = 5000
MOST_EVENTS = 8
TICK_MS = 100  # OSDP's unit of time
COLOURS = (OFF, RED, GREEN, AMBER)  # by OSDP's numbers; the others this LED has not
TRANSACTION_BYTES = 4

# First byte of manufacturer data: the panel asks ...
BEGIN, CANCEL, LAST = 0x01, 0x02, 0x03
# ... and the module tells.
OUTCOME = 0x81
VERDICTS = (vocabulary.NO_DECISION, vocabulary.BONA_FIDE, vocabulary.ATTACK)
ASKERS = (PANEL, lock_settings.TRIGGER, lock_settings.WATCH, lock_settings.HOST)
OUTCOME_HEAD = "<B4sBBHB"  # OUTCOME, transaction, verdict, asker, score, bits of the card; then the card, then words


class Panel(Host):
    """side: `app.lock.service.LockSide`. bus: `drivers.bus.Bus`."""

    def __init__(self, side: Any, module: Any, bus: Any):
        self._side = side
        self._module = module
        self._bus = bus
        digits = "".join([char for char in module.system.serial().split("-")[-1] if char in "0123456789"])
        parts = [int(part) for part in release.VERSION.split(".")[:3]]
        identity = VENDOR + struct.pack("<BBI", MODEL, VERSION, int(digits or "0") & 0x7FFFFFFF) + bytes(parts)
        self.device = Device(self._setting(lock_settings.ADDRESS), identity, CAPABILITIES, self, cipher)
        self._framer = osdp.Framer()
        self._events: list = []  # (when, reply code, data)
        self._last: Any = None  # of them, the last passage's answer
        self._set_baud = 0  # by the panel, once its reply has left

    def _setting(self, name):
        return self._module.settings.get(name)

    # The bus.

    async def run(self) -> None:
        """Answers the panel until it is cancelled."""
        buffer = bytearray(READ_SIZE)
        view = memoryview(buffer)
        fault = ""
        try:
            while True:
                try:
                    self._bus.open(int(self._setting(lock_settings.BAUD)))
                    fault = ""
                    while True:
                        count = await self._bus.read(buffer)
                        self._take(view[:count])
                except DermisError as error:
                    if str(error) != fault:
                        fault = str(error)
                        self._module.log.event("bus_fault", WARNING, reason=fault)
                await asyncio.sleep(RETRY_S)
        finally:
            self._bus.close()

    def _take(self, data):
        """Of packets that came together only the last is answered, if it is ours: the panel has given up waiting for
        the others, and an answer that comes too late would meet somebody else's."""
        reply = None
        for packet in self._framer.feed(data, self._module.clock.ticks_us() // 1000):
            reply = self.device.answer(packet)
        if reply:
            self._bus.write(reply)
        if self._set_baud:
            baud, self._set_baud = self._set_baud, 0
            self._bus.open(baud)

    # `osdp_device.Host`.

    def secure_only(self) -> bool:
        return self._module.state != rights.BENCH_STATE

    def key(self) -> bytes:
        return base_keys.base_key(self._module.storage, self._module.system.serial(), self._module.keys)

    def set_key(self, key: bytes) -> None:
        try:
            base_keys.keep(self._module.storage, self._module.system.serial(), key)
        except OSError:
            raise Refused(osdp.CANNOT)
        self._module.note("osdp_key_set")

    def random(self, count: int) -> bytes:
        return self._module.random(count)

    def channel_changed(self, up: bool) -> None:
        self._events, self._last = [], None  # of another channel, or of none
        self._module.log.event("osdp_channel", INFO, up=up)

    def event(self):
        while self._events:
            event = self._events.pop(0)
            if self._fresh(event):
                return event[1:]
        return None

    def _fresh(self, event):
        return self._module.clock.ticks_us() - event[0] <= 1000 * FRESH_MS

    def command(self, code: int, data: bytes) -> tuple:
        side = self._side
        if code == osdp.LSTAT:
            return osdp.LSTATR, self._local()
        if code == osdp.ISTAT:
            return osdp.ISTATR, bytes((side.inputs.trigger,))
        if code == osdp.OSTAT:
            return osdp.OSTATR, bytes((side.relay_closed,))
        if code == osdp.RSTAT:
            return osdp.RSTATR, bytes((2 if side.inputs.tampered else 0,))
        if code == osdp.ABORT:
            self._cancel()
            return osdp.ACK, b""
        if code == osdp.COMSET:
            return self._comset(data)
        if code == osdp.MFG:
            return self._manufacturer(data)
        if code not in (osdp.OUT, osdp.LED, osdp.BUZ):
            raise Refused(osdp.UNKNOWN_COMMAND)
        if side.signals is None:
            raise Refused(osdp.CANNOT)
        if code == osdp.OUT:
            self._output(data)
        elif code == osdp.LED:
            self._led(data)
        else:
            self._buzzer(data)
        return osdp.ACK, b""

    # Status.

    def _local(self):
        return bytes((self._side.inputs.tampered, not self._side.inputs.power_good))

    def inputs_changed(self, before, now) -> None:
        """For the next poll."""
        if now.tampered != before.tampered or now.power_good != before.power_good:
            self._tell(osdp.LSTATR, self._local())
        if now.trigger != before.trigger:
            self._tell(osdp.ISTATR, bytes((now.trigger,)))

    def passed(self, passage, outcome: dict, let_through: bool) -> None:
        """A passage has its verdict: tell both in one reply, and the card of a bona fide."""
        transaction = passage.transaction or struct.pack("<I", passage.number)
        words = ",".join([self._module.profile.name] + outcome["reasons"]).encode()
        card = wiegand.packed(passage.card)
        head = struct.pack(
            OUTCOME_HEAD,
            OUTCOME,
            transaction,
            VERDICTS.index(outcome["verdict"]),
            ASKERS.index(passage.asked_by),
            outcome["score"],
            len(passage.card),
        )
        self._last = self._tell(osdp.MFGREP, VENDOR + head + card + words)
        if let_through and passage.card:
            # Reader 0, a Wiegand frame as it is, so many bits.
            self._tell(osdp.RAW, struct.pack("<BBH", 0, 1, len(passage.card)) + card)

    def _tell(self, code, data):
        """The event, or None: kept only for a panel that listens, as nobody is told later what happened while the line
        was cut."""
        if self.secure_only() and not self.device.secured:
            return None
        event = (self._module.clock.ticks_us(), code, data)
        self._events = self._events[-MOST_EVENTS + 1 :] + [event]
        return event

    # Commands.

    def _manufacturer(self, data):
        if data[: len(VENDOR)] != VENDOR or len(data) == len(VENDOR):
            raise Refused(osdp.UNKNOWN_COMMAND)
        code, data = data[len(VENDOR)], data[len(VENDOR) + 1 :]
        if code == BEGIN:
            self._begin(data)
        elif code == CANCEL:
            self._cancel()
        elif code == LAST:
            if self._last is None or not self._fresh(self._last):
                raise Refused(osdp.CANNOT)
            return self._last[1:]
        else:
            raise Refused(osdp.UNKNOWN_COMMAND)
        return osdp.ACK, b""

    def _cancel(self):
        """Nothing of the passage under way is told, nor of one that has just ended."""
        self._side.cancel()
        self._last = None
        self._events = [event for event in self._events if event[1] not in (osdp.MFGREP, osdp.RAW)]

    def _begin(self, data):
        if len(data) <= TRANSACTION_BYTES:
            raise Refused(osdp.BAD_LENGTH)
        bits, card = data[TRANSACTION_BYTES], data[TRANSACTION_BYTES + 1 :]
        if bits > LONGEST_WIEGAND or len(card) != (bits + 7) // 8:
            raise Refused(osdp.BAD_LENGTH)
        try:
            begun = self._side.ask(PANEL, data[:TRANSACTION_BYTES], wiegand.unpacked(card, bits))
        except BadInput:
            raise Refused(osdp.CANNOT)
        if not begun:
            raise Refused(osdp.CANNOT)

    def _output(self, data):
        _whole(data, 4)
        for at in range(0, len(data), 4):
            number, control, ticks = struct.unpack("<BBH", data[at : at + 4])
            if number or control not in (0, 1, 3, 5):
                raise Refused(osdp.CANNOT)  # a relay that is closed without end would not be after a restart
            if control == 5:
                duration_ms = ticks * TICK_MS
                if not 0 < duration_ms <= lock_settings.LONGEST_RELAY_MS:
                    raise Refused(osdp.CANNOT)
                self._side.close_relay(duration_ms)
            elif control == 1:
                self._side.open_relay()

    def _led(self, data):
        _whole(data, 14)
        for at in range(0, len(data), 14):
            fields = struct.unpack("<BBBBBBBHBBBBB", data[at : at + 14])
            reader, led, control, on, off, colour, other, ticks = fields[:8]
            permanent = fields[8:]
            used = ([colour, other] if control == 2 else []) + (list(permanent[3:]) if permanent[0] == 1 else [])
            if reader or led or control > 2 or permanent[0] > 1 or [each for each in used if each >= len(COLOURS)]:
                raise Refused(osdp.CANNOT)
            signals = self._side.signals
            if permanent[0] == 1:
                _, on_ticks, off_ticks, first, second = permanent
                signals.panel("led", True, COLOURS[first], on_ticks * TICK_MS, COLOURS[second], off_ticks * TICK_MS, 0)
            if control == 2:
                signals.panel(
                    "led", False, COLOURS[colour], on * TICK_MS, COLOURS[other], off * TICK_MS, ticks * TICK_MS
                )
            elif control == 1:
                signals.panel_cancels("led")

    def _buzzer(self, data):
        if len(data) != 5:
            raise Refused(osdp.BAD_LENGTH)
        reader, tone, on, off, count = data
        if reader or tone > 2:
            raise Refused(osdp.CANNOT)
        if tone < 2 or not on:
            self._side.signals.panel_cancels("buzzer")
            return
        # count 0: until the panel says otherwise
        self._side.signals.panel(
            "buzzer", False, True, on * TICK_MS, False, off * TICK_MS, count * (on + off) * TICK_MS
        )

    def _comset(self, data):
        if len(data) != 5:
            raise Refused(osdp.BAD_LENGTH)
        address, baud = struct.unpack("<BI", data)
        if address > lock_settings.HIGHEST_ADDRESS or str(baud) not in lock_settings.BAUDS.split():
            raise Refused(osdp.CANNOT)
        from dermis.app import setting_change, settings  # a panel sets this once in a module's life
        from dermis.core.errors import WireError

        try:
            for name, value in ((lock_settings.ADDRESS, address), (lock_settings.BAUD, str(baud))):
                setting_change.change(self._module, settings.by_name(name), value)
        except WireError:
            raise Refused(osdp.CANNOT)
        self.device.address = address
        self._set_baud = baud
        return osdp.COM, data


def _whole(data, length):
    if not data or len(data) % length:
        raise Refused(osdp.BAD_LENGTH)
