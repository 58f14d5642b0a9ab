"""The whole firmware on the fake ESP32-S3, from the console's bytes to the verdict, by the host's own client.

What the imager and the photodiode see is recorded from the twin's rendered optics; nothing of it is a real board's.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from dermis_host import Module

from tests.esp32s3.process import scene
from tests.fakes.esp32s3.recorded import record_for

DARKEST = 10  # codes at and below black are all the same light
SERIAL = "DM1-7CDFA1000001"


class Running:
    """The process; `host` is the client at its port."""

    def __init__(self, folder):
        command = [sys.executable, "-m", "tests.esp32s3.process", str(folder)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        self.logged: list[str] = []
        self.host = Module(f"socket://127.0.0.1:{int(self._process.stdout.readline())}", on_log=self.logged.append)

    def show(self, name: str) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f"show {name}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "shown\n"

    def end(self) -> None:
        self.host.close()
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("esp32s3"))
    yield running
    running.end()


def calibrate(host: Module) -> str:
    """The recording's calibration, handed over piece by piece as any other; its hash."""
    told = host.identity()
    record = record_for(scene("bona_fide_light"), SERIAL, told.imager, told.swir_head)
    for off in range(0, len(record), 2048):
        host.calibration_write(off, len(record), record[off : off + 2048])
    state = host.calibration_state()
    assert state.calibrated, state
    return state.hash


def test_a_module_on_the_chip_from_its_start_to_its_verdicts(running):
    host = running.host
    identity = host.identity()
    assert (identity.board, identity.serial) == ("esp32s3", SERIAL)
    assert host.verify(time_limit_ms=2000).verdict == "no_decision"

    calibration = calibrate(host)
    checks = host.selftest().checks
    assert all(check["ok"] for check in checks), [check for check in checks if not check["ok"]]
    assert {"imager", "light_850", "light_dots", "swir_1450", "thermometer", "storage", "model"} <= {
        check["name"] for check in checks
    }

    verdict = host.verify(nonce=b"turnstile 7")
    assert verdict.verdict == "bona_fide" and verdict.calibration == calibration, verdict
    running.show("silicone_mask_3mm")
    verdict = host.verify()
    truth = scene("silicone_mask_3mm").truth
    assert truth and verdict.verdict == "attack" and set(verdict.reasons) & set(truth["reasons"]), verdict


def test_a_burst_comes_over_the_console_as_the_imager_gave_it(running):
    running.show("bona_fide_light")
    recorded = running.host.capture(frames=("dots",))
    seen = scene("bona_fide_light").frames["dots"].astype(int)
    lit = seen > DARKEST
    assert lit.mean() > 0.5 and abs(recorded.frames["dots"] - seen)[lit].max() <= 2
