"""The Coral's console on a real tty: the contract of the link, and a host that comes and goes."""

from __future__ import annotations

import asyncio
import os

import pytest
from dermis.core.errors import SensorFault
from dermis.drivers.coral_port import Port
from dermis.drivers.link import coral
from dermis.drivers.link.coral import CoralLink

from tests.contracts import test_link_contract as contract
from tests.contracts.benches.machine_coral import bench
from tests.contracts.benches.ptys import OtherSide

# But for the prompt's interrupt: CPython has no prompt for the console.
CHECKS = [check for check in contract.CHECKS if check is not contract.gives_the_prompt_its_interrupt]


@pytest.mark.parametrize("check", CHECKS)
def test_the_console_keeps_its_contract(check):
    with bench("tty_link") as link:
        check(link)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(coral, "AGAIN_MS", 10)


class SeenPort(Port):
    def path_is(self, path: str) -> bool:
        """Whether it is that tty that is open."""
        return self._serial is not None and os.ttyname(self._serial.fileno()) == path


def test_a_host_that_comes_back_is_heard(tmp_path, quick):
    """The tty is not there at first, goes in the middle, and comes again under the same name."""
    path = tmp_path / "ttyGS0"

    class Clock:
        sleeps = 0

        async def sleep_ms(self, duration_ms):
            self.sleeps += 1
            await asyncio.sleep(duration_ms / 1000)

    async def both():
        port = SeenPort(str(path), 115_200)
        link = CoralLink(port, Clock())
        link.write(b"nobody hears this")
        for word in (b"first", b"second"):
            side = OtherSide()
            buffer = bytearray(32)
            reading = asyncio.create_task(link.read(buffer))
            await asyncio.sleep(0.05)
            path.unlink(missing_ok=True)
            path.symlink_to(side.path)
            while not (port.is_open() and port.path_is(side.path)):
                await asyncio.sleep(0.01)
            side.send(word)
            assert bytes(buffer[: await asyncio.wait_for(reading, 5)]) == word
            link.write(b"answer to " + word)
            assert side.got() == b"answer to " + word
            side.leave()

    asyncio.run(both())


def test_a_tty_is_nobody_elses(tmp_path):
    side = OtherSide()
    try:
        port = Port(side.path, 9600)
        with pytest.raises(SensorFault, match="not open"):
            port.take(1)
        port.open()
        with pytest.raises(SensorFault, match="cannot be opened"):
            Port(side.path, 9600).open()
        port.close()
        with pytest.raises(SensorFault, match="cannot be opened"):
            Port(str(tmp_path / "none"), 9600).open()
    finally:
        side.leave()


def test_a_tty_that_is_gone_is_said_once_and_can_be_opened_again():
    side = OtherSide()
    port = Port(side.path, 9600)
    port.open()
    side.leave()
    with pytest.raises(SensorFault, match="check its cable"):
        port.take(1)
    assert not port.is_open()
    assert not os.path.exists(side.path)
    port.drain()
