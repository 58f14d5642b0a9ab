"""The console: bytes as they come, 0x03 among them, and no host that can hold the module up."""

from __future__ import annotations

from typing import Any

import pytest
from dermis.core import smp

from tests.contracts.benches import machine_esp32s3
from tests.contracts.machine_benches import bench, replaced

# The twin's is a process's standard input and output: tests/twin/test_hostile.py and test_access_on_the_twin.py.
LINKS = ("usb_link", "uart_link")
LONGEST_HELD_MS = 1000
ANSWER = bytes(range(256)) * 20


def hands_over_what_came(link):
    link.come(b"\x06\x09abc\n")
    assert link.read() == b"\x06\x09abc\n"
    link.come(bytes(range(4, 256)))
    assert link.read(100) + link.read(100) + link.read(100) == bytes(range(4, 256))


def ends_a_piece_with_a_ctrl_c(link):
    assert not link.interrupts(), "0x03 within a frame would interrupt the firmware"
    link.come(b"noise\x03\x03print(1)\r")
    assert link.read() == b"noise\x03"
    assert link.read() == b"\x03"
    assert link.read(3) == b"pri"


def gives_the_prompt_its_interrupt(link):
    link.driver.release()
    assert link.interrupts()


def sends_all(link):
    for line in smp.lines(ANSWER, b""):
        link.driver.write(line)
    link.driver.write(memoryview(b"log\n"))
    assert link.got() == smp.frame(ANSWER) + b"log\n"


def is_held_up_by_nobody(link):
    """A host that has the port open and does not read, for as many lines as a burst has."""
    link.host(reads=False)
    line = b"x" * 127

    def burst():
        for _ in range(1000):
            link.driver.write(line)

    assert link.took_ms(burst) < 1000 * 3 + LONGEST_HELD_MS, "a deaf host stops the module"
    link.host(reads=True)
    link.come(b"?")  # it asks again
    link.read()
    link.got()
    link.driver.write(b"answer\n")
    assert link.got() == b"answer\n", "who asks again gets no answer"


def tries_again(link):
    """A host that only listens is heard of by trying."""
    link.host(reads=False)
    for _ in range(20):
        link.driver.write(b"x" * 127)
    link.host(reads=True)
    link.chip.run(11_000_000)
    link.got()
    link.driver.write(b"event\n")
    assert link.got() == b"event\n"


def needs_no_host(link):
    link.host(reads=False, opened=False)
    assert link.took_ms(lambda: [link.driver.write(b"x" * 127) for _ in range(100)] and None) < LONGEST_HELD_MS


CHECKS = (
    hands_over_what_came,
    ends_a_piece_with_a_ctrl_c,
    gives_the_prompt_its_interrupt,
    sends_all,
    is_held_up_by_nobody,
    tries_again,
    needs_no_host,
)


@pytest.mark.parametrize("kind", LINKS)
@pytest.mark.parametrize("check", CHECKS)
def test_the_console_keeps_its_contract(kind, check):
    with bench("esp32s3", kind) as link:
        check(link)


def loses_nothing_while_python_is_busy(link):
    """The largest packet, at full speed, while a kernel runs."""
    frame = smp.frame(bytes(smp.LARGEST_PACKET))
    link.wire.come(frame)
    link.chip.run(100_000)
    assert link.wire.overrun == 0, "bytes of a packet were lost"
    got = b""
    while len(got) < len(frame):
        got += link.read()
    assert got == frame


def test_a_packet_at_full_speed_waits_for_the_firmware():
    with bench("esp32s3", "uart_link") as link:
        assert link.wire.baud == 921_600 and link.wire.pins == (43, 44)
        loses_nothing_while_python_is_busy(link)


def test_usb_is_not_held_down_by_the_prompts_uart():
    with bench("esp32s3", "usb_link") as link:
        assert link.took_ms(lambda: link.driver.write(b"x" * 100_000)) < 1500  # at 115200 it takes 8.7 s


def test_a_build_that_keeps_the_prompts_uart_to_itself_is_slow_and_answers():
    from tests.fakes.esp32s3 import Chip, installed

    def refused(*_arguments, **_named):
        raise ValueError("UART(0) is disabled (dedicated to REPL)")

    chip = Chip()
    with installed(chip):
        import machine  # type: ignore[import-not-found] # the fake chip's

        machine.UART = refused  # type: ignore[attr-defined]
        link: Any = machine_esp32s3._Link(chip, "usb")
        assert link.driver.slow
        sends_all(link)


def test_wrong_consoles_are_caught():
    with bench("esp32s3", "usb_link") as link:
        from dermis.drivers.link import esp32s3

        stream = esp32s3.StreamLink

        def patient(self, data):
            self._sink.write(data)

        def never_again(self, data):
            if not self._deaf_until:
                before = self._clock.ticks_us()
                self._sink.write(data)
                self._deaf_until = int(self._clock.ticks_us() - before > 400_000)

        async def greedy(self, buffer):
            data = self._source.read(len(buffer))
            buffer[: len(data)] = data
            return len(data)

        wrong = [
            (is_held_up_by_nobody, esp32s3.UsbLink, {"write": patient}),
            (is_held_up_by_nobody, esp32s3.UsbLink, {"heard": lambda self: None}),
            (tries_again, esp32s3.UsbLink, {"write": never_again}),
            (ends_a_piece_with_a_ctrl_c, stream, {"read": greedy}),
            (gives_the_prompt_its_interrupt, esp32s3.UsbLink, {"release": lambda self: None}),
        ]
        for check, thing, names in wrong:
            link.driver._deaf_until = 0
            link.wire._fifo = 0
            link.wire.waiting.clear()
            link.host(reads=True)
            with replaced(thing, **names), pytest.raises(AssertionError):
                check(link)


def test_a_uart_with_its_usual_buffer_is_caught():
    with bench("esp32s3", "uart_link") as link:
        link.wire.room = 256
        with pytest.raises(AssertionError, match="lost"):
            loses_nothing_while_python_is_busy(link)
