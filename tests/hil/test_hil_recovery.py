"""What befalls a module on a desk: resets in the middle, noise, hosts that die. It comes back by itself."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time

import pytest
from dermis_host import LinkError, ModuleReset
from dermis_host.errors import NotDermis
from dermis_host.wire import frame_lines, request

from tests.hil.support.ports import START_S, ModuleDut

SEED = 20261123
NOISE_BYTES = 4000
LONG_S = 60.0  # for whatever a module does by itself
PROBE_S = 2.0
IN_THE_MIDDLE_S = 0.2
OFF_S = 0.5


def works(dut: ModuleDut) -> None:
    """It answers and takes bursts."""
    with dut.module() as module:
        assert module.echo("there") == "there"
        assert module.burst().frames


def test_a_reset_in_the_middle_of_a_burst(dut):
    dut.write(frame_lines(request("burst").BYTES))
    time.sleep(IN_THE_MIDDLE_S)
    dut.press_reset()
    dut.expect_boot()
    works(dut)


@pytest.mark.needs("power")
def test_a_supply_that_fails_while_watching(rig, heard):
    """Our client ends with the reason, and waits for nothing that never comes."""
    with rig.module(on_log=heard.line) as module:
        events = module.watch(0)
        next(events)
        rig.power.off()
        supply = threading.Timer(OFF_S, rig.power.on)
        supply.start()
        with pytest.raises((ModuleReset, LinkError)):
            for _ in events:
                pass
        supply.join()
    rig.wait_for_module()


def test_garbage_on_the_port(dut):
    """Noise without Ctrl-C, which on the bench opens the prompt, in pieces as a bad cable gives it."""
    noise = random.Random(SEED)
    for _ in range(8):
        dut.write(bytes(noise.choice(range(4, 256)) for _ in range(NOISE_BYTES // 8)))
        time.sleep(0.02)
    dut.write(b"\n")
    works(dut)


def test_half_a_frame_and_then_a_whole_one(dut):
    whole = frame_lines(request("echo", d="whole").BYTES)
    dut.write(whole[: len(whole) // 2])
    with dut.module() as module:
        assert module.echo("after") == "after"


DIES_IN_A_FRAME = """
import sys, time
import serial
from dermis_host.link import BAUD
from dermis_host.wire import frame_lines, request
port = serial.serial_for_url(sys.argv[1], baudrate=BAUD)
frame = frame_lines(request("echo", d="x" * 300).BYTES)
port.write(frame[: len(frame) // 2])
print("sent", flush=True)
time.sleep(600)
"""


def test_a_host_killed_in_the_middle_of_a_frame(rig):
    host = subprocess.Popen([sys.executable, "-c", DIES_IN_A_FRAME, rig.port], stdout=subprocess.PIPE, text=True)
    assert host.stdout
    assert host.stdout.readline() == "sent\n"
    host.send_signal(signal.SIGKILL)
    host.wait(LONG_S)
    host.stdout.close()
    with rig.module() as module:
        assert module.echo("next host") == "next host"
        assert module.burst(lights=("850",)).frames


def test_a_host_killed_while_watching(rig, dermis):
    """The module goes on watching, as it was told; the next host stops it."""
    host = subprocess.Popen(dermis.line("watch", "--period-ms", 0), stdout=subprocess.PIPE, text=True)
    assert host.stdout
    assert "verdict" in json.loads(host.stdout.readline())
    host.send_signal(signal.SIGKILL)
    host.wait(LONG_S)
    host.stdout.close()
    with rig.module() as module:
        module.exchange("watch", on=False)
        assert module.burst(lights=("850",)).frames


def test_the_chip_s_loader_and_back(dut):
    dut.press_reset(boot_button=True)
    dut.expect_exact("waiting for download", timeout=START_S)
    with pytest.raises(NotDermis), dut.module(greeting_s=PROBE_S):
        pass
    dut.press_reset()
    dut.expect_boot()
    works(dut)
