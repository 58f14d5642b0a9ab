"""Ports, resets, kills, power cuts, noise: what a twin goes through and what it leaves behind."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time

import pytest
import serial
from dermis_hw.twin import Twin, TwinError, request
from dermis_hw.twin.module_process import BACKLOG_LIMIT
from dermis_hw.twin.server import Config, Server

from tests.twin.conftest import FACE, wait_for
from tests.twin.probe import ENTRY, Probe

CUTS = 20


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _command(folder, *more: str) -> list[str]:
    return [sys.executable, "-m", "dermis_hw.twin", "--state", str(folder), "--provider", FACE, *more]


def test_a_second_client_is_refused_at_once_and_the_first_is_not_disturbed(make_twin):
    twin = make_twin(entry=ENTRY)
    with Probe(twin) as first:
        first.greet()
        began = time.monotonic()
        second = socket.create_connection(("127.0.0.1", int(twin.url.rpartition(":")[2])))
        second.settimeout(5)
        heard = b""
        while piece := second.recv(1024):
            heard += piece
        second.close()
        assert b"has a client already" in heard
        assert time.monotonic() - began < 1
        assert "free" in first.ask("free")
    for _ in range(5):  # closed and opened again at once
        with Probe(twin) as next_one:
            next_one.greet()


def test_the_reset_line_restarts_the_process_and_opening_the_port_does_not(make_twin):
    twin = make_twin(entry=ENTRY)
    before = twin.status()
    port = serial.serial_for_url(twin.url, timeout=0.2)
    assert twin.status()["module_pid"] == before["module_pid"]
    port.dtr = False
    port.rts = True
    wait_for(lambda: twin.status()["state"] == "held", "the module to be held")
    port.rts = False
    after = wait_for(lambda: (s := twin.status())["state"] == "running" and s, "the module to run")
    assert after["module_pid"] != before["module_pid"] and after["boots"] == before["boots"] + 1
    assert not _alive(before["module_pid"])
    port.close()


def test_the_firmware_can_ask_for_its_reset(make_twin):
    twin = make_twin(entry=ENTRY)
    with Probe(twin) as probe:
        probe.greet()
        probe.send("reset")
        assert probe.answer()["up"]
    assert twin.status()["boots"] == 2


@pytest.mark.parametrize("virtual", [True, False])
def test_a_module_that_dies_in_a_pulse_leaves_no_light_on(make_twin, virtual):
    longest_us = 150_000
    twin = make_twin(entry=ENTRY, virtual_time=virtual)
    with Probe(twin) as probe:
        probe.greet()
        twin.fault("kill_in_pulse", light="850")
        probe.send("pulse", light="850", longest_us=longest_us)
        wait_for(lambda: twin.status()["state"] == "dead", "the module to die")
        if not virtual:
            assert twin.lights()["lights"]["850"]["dark_us"] is not None
        lights = wait_for(lambda: not (now := twin.lights())["any_on"] and now, "the light to go dark", 2)
    pulse = lights["lights"]["850"]
    assert pulse["dark_us"] - pulse["lit_us"] == longest_us
    assert lights["last_dark_us"] == pulse["dark_us"] <= lights["now_us"]
    twin.reset()
    with Probe(twin) as probe:
        probe.greet()


def test_killed_from_outside_the_light_burns_on_until_its_one_shot(make_twin):
    twin = make_twin(entry=ENTRY, virtual_time=False)
    with Probe(twin) as probe:
        probe.greet()
        probe.ask("pulse", light="dots", longest_us=200_000)
        at_death = twin.kill_module()
        assert at_death["lights"]["dots"]["on"]
        assert not wait_for(lambda: not (now := twin.lights())["any_on"] and now, "dark", 2)["any_on"]


def test_power_cuts_leave_the_old_file_or_the_new_one(make_twin):
    twin = make_twin(entry=ENTRY)
    draw = random.Random(5)
    held, kept, lost = 0, 0, 0
    with Probe(twin) as probe:
        probe.greet()
        operations = twin.status()["flash_operations"]
        probe.ask("write", name="cal", generation=0, size=5000)
        span = twin.status()["flash_operations"] - operations
        for _ in range(CUTS):
            twin.fault("power_cut", after=draw.randint(1, span), torn=draw.randint(0, 4096))
            probe.send("write", name="cal", generation=held + 1, size=5000)
            answer = probe.answer()
            assert "up" in answer or answer == {"written": held + 1}, answer
            twin.fault("clear")
            found = probe.ask("read", name="cal")
            assert found["whole"] and found["generation"] in (held, held + 1), found
            kept += found["generation"] == held
            lost += "up" in answer
            held = found["generation"]
    assert kept and lost > CUTS // 2, "the cuts must have hit something"


def test_a_hundred_thousand_random_bytes_do_no_harm(make_twin):
    """To the whole firmware, Ctrl-C among them, and to the port's own negotiation."""
    twin = make_twin()
    noise = random.Random(11).randbytes(100_000)
    host, port = "127.0.0.1", int(twin.url.rpartition(":")[2])
    raw = socket.create_connection((host, port))
    raw.sendall(noise)  # unescaped: nonsense to telnet as well
    raw.close()
    wait_for(lambda: not twin.status()["client"], "the port to be free")
    twin.fault("serial_garbage", count=20_000)
    status = twin.status()
    assert status["state"] == "running" and status["boots"] == 1
    tool = serial.serial_for_url(twin.url, timeout=0.5)
    tool.write(b"\n")
    tool.close()
    assert twin.status()["module_pid"] == status["module_pid"]


def test_whoever_floods_the_pty_is_held_back(make_twin, tmp_path):
    """The module is stopped by a full backlog, not the twin by a full memory."""
    link = tmp_path / "module"
    twin = make_twin(entry=ENTRY, pty=link)
    os.kill(twin.status()["module_pid"], signal.SIGSTOP)
    flood = os.open(link, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    taken, until = 0, time.monotonic() + 1.5
    while time.monotonic() < until:
        try:
            taken += os.write(flood, b"x" * 4096)
        except BlockingIOError:
            time.sleep(0.01)
    assert BACKLOG_LIMIT < twin.status()["backlog"] < 2 * BACKLOG_LIMIT
    assert taken < 2 * BACKLOG_LIMIT
    os.close(flood)


def test_noise_on_the_cable_spoils_bytes(make_twin):
    twin = make_twin(entry=ENTRY)
    with Probe(twin) as probe:
        probe.greet()
        twin.fault("serial_noise", drop=1.0, direction="to_host")
        probe.send("free")
        with pytest.raises(AssertionError, match="no answer"):
            probe.answer(0.5)
        twin.fault("clear")
        assert "free" in probe.ask("free")


def test_a_fault_there_is_not_is_one_sentence(make_twin):
    twin = make_twin(entry=ENTRY)
    with pytest.raises(TwinError, match=r"no fault 'gremlins'; there are: .*clear, .*dead_light"):
        twin.fault("gremlins")
    with pytest.raises(TwinError, match="lights are 850"):
        twin.fault("dead_light", light="blue")
    with pytest.raises(TwinError, match="cannot be had like this"):
        twin.fault("hot_module", warmth=3)
    for impossible in (float("inf"), float("nan"), 1e9):
        with pytest.raises(TwinError, match="degrees Celsius"):
            twin.fault("hot_module", temperature_c=impossible)
    with pytest.raises(TwinError, match="count"):
        twin.fault("serial_garbage", count=1 << 40)
    with pytest.raises(TwinError, match="knows no 'dance'"):
        twin.request({"do": "dance"})


def test_a_scene_that_is_not_there_leaves_the_old_one(make_twin, tmp_path):
    twin = make_twin(entry=ENTRY)
    with pytest.raises(TwinError, match=r"nothing\.toml"):
        twin.set_scene(tmp_path / "nothing.toml")
    assert twin.status()["scene"] is None


def test_port_in_use_is_one_sentence_and_exit_1(make_twin, tmp_path):
    taken = make_twin(entry=ENTRY).url.rpartition(":")[2]
    result = subprocess.run(_command(tmp_path / "other", "--port", taken), capture_output=True, text=True, timeout=20)
    assert result.returncode == 1
    assert result.stderr == f"port {taken} is in use; stop what holds it or name another with --port\n"
    with pytest.raises(TwinError, match="is in use"):
        Twin(tmp_path / "third", provider=FACE, port=int(taken))


def test_one_twin_a_state_folder(make_twin, tmp_path):
    twin = make_twin(entry=ENTRY)
    with pytest.raises(TwinError, match="another twin uses the state folder"):
        Twin(twin.state_dir, provider=FACE)
    mode = os.stat(twin.state_dir / "control.sock").st_mode
    assert stat.S_IMODE(mode) == 0o600
    twin.stop()
    assert not (twin.state_dir / "control.sock").exists()
    with pytest.raises(TwinError, match="no twin runs in"):
        request(twin.state_dir, {"do": "status"})


def test_a_twin_whose_folder_is_gone_ends(make_twin):
    twin = make_twin(entry=ENTRY)
    shutil.rmtree(twin.state_dir)
    wait_for(lambda: twin._process.poll() is not None, "the end of a twin without a folder")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_orphan_no_locked_port_no_stale_socket(tmp_path, number):
    """However the twin ends; what SIGKILL leaves lying must not be in the way of the next one."""
    folder = tmp_path / "twin"
    process = subprocess.Popen(_command(folder), stdout=subprocess.PIPE, text=True)
    assert process.stdout
    url = process.stdout.readline().split()[0]
    module = request(folder, {"do": "status"})["module_pid"]
    process.send_signal(number)
    code = process.wait(10)
    process.stdout.close()
    assert code == (-signal.SIGKILL if number == signal.SIGKILL else 0)
    wait_for(lambda: not _alive(module), "the module's process to end")
    with Twin(folder, provider=FACE, port=int(url.rpartition(":")[2])) as again:
        assert again.status()["state"] == "running"


def test_the_twin_ends_with_the_process_that_started_it(tmp_path):
    program = (
        "import os, sys; from dermis_hw.twin import Twin\n"
        f"twin = Twin({str(tmp_path / 'twin')!r}, provider={FACE!r})\n"
        "print(twin._process.pid, twin.status()['module_pid'], flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    pids = [int(text) for text in result.stdout.split()]
    assert len(pids) == 2, result.stderr
    wait_for(lambda: not any(map(_alive, pids)), "twin and module to end")


def test_the_module_in_a_folder_stays_the_same_one(make_twin, tmp_path):
    from dermis_hw.module_instance import draw

    twin = make_twin("same", entry=ENTRY, module=draw(7))
    with Probe(twin) as probe:
        probe.greet()
        probe.ask("write", name="cal", generation=9, size=100)
        assert probe.ask("serial")["serial"] == "DM1-0007"
    twin.stop()
    with Probe(make_twin("same", entry=ENTRY)) as probe:
        probe.greet()
        assert probe.ask("serial")["serial"] == "DM1-0007"
        assert probe.ask("read", name="cal")["generation"] == 9


def test_no_micropython_is_said_once_and_a_wrong_one_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("DERMIS_MICROPYTHON", str(tmp_path / "micropython"))
    with pytest.raises(TwinError, match="DERMIS_MICROPYTHON names"):
        Twin(tmp_path / "wrong", provider=FACE)
    monkeypatch.setenv("DERMIS_MICROPYTHON", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))  # with no MicroPython beside it
    said: list[str] = []
    server = Server(Config(tmp_path / "none"), log=said.append)
    server.stop()
    monkeypatch.undo()
    server.run(handle_signals=False)
    assert [line for line in said if "CPython" in line] == [
        "There is no MicroPython here: the same firmware runs under CPython, without LittleFS."
    ]
