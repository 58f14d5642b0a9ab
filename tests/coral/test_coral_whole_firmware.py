"""The whole firmware on a simulated Coral, in the board's own environment: from the console to the verdict.

Drivers, tflite-runtime, gpiod and smbus2 with numpy below 2, by the host's own client. What the imager and the
photodiode see is recorded from the twin's rendered optics; nothing of it is a real board's.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from dermis_host import Module
from dermis_host.recording import load

from tests.coral import environment
from tests.coral.process import FAULTS, RECORDINGS, SERIAL
from tests.fakes.esp32s3.recorded import record_for

pytestmark = pytest.mark.tflite_runtime
DARKEST = 10  # codes at and below black are all the same light
# What of a fault the evidence names.
NAMED = {
    "i2c": "/dev/i2c",
    "adc": "swir adc",
    "thermometer": "thermometer",
    "imager": "imager",
    "frames": "no frame",
    "whole_frames": "not whole",
    "current": "current",
}


class Running:
    """The process; `host` is the client at its port."""

    def __init__(self, folder, python):
        self._process = subprocess.Popen(
            [str(python), "-m", "tests.coral.process", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=environment.ROOT,
            env=environment.whole_variables(),
        )
        assert self._process.stdout
        self.logged: list[str] = []
        first = self._process.stdout.readline()
        assert first, "it did not start"
        self.host = Module(f"socket://127.0.0.1:{int(first)}", on_log=self.logged.append)

    def show(self, name: str) -> None:
        self._tell(f"show {name}")

    def break_(self, name: str) -> None:
        self._tell(f"break {name}")

    def mend(self, name: str) -> None:
        self._tell(f"mend {name}")

    def _tell(self, line: str) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n"

    def end(self) -> None:
        self.host.close()
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[Running]:
    try:
        python = environment.coral_python()
    except environment.Unavailable as reason:
        pytest.skip(str(reason))
    running = Running(tmp_path_factory.mktemp("coral"), python)
    yield running
    running.end()


def test_from_its_start_to_its_verdicts(running):
    host = running.host
    identity = host.identity()
    assert (identity.board, identity.serial) == ("coral", SERIAL)
    assert host.verify(time_limit_ms=2000).verdict == "no_decision"  # not calibrated

    record = record_for(load(RECORDINGS / "bona_fide_light.npz"), SERIAL, identity.imager, identity.swir_head)
    for off in range(0, len(record), 2048):
        host.calibration_write(off, len(record), record[off : off + 2048])
    calibration = host.calibration_state()
    assert calibration.calibrated
    checks = host.selftest().checks
    assert all(check["ok"] for check in checks), [check for check in checks if not check["ok"]]

    verdict = host.verify(nonce=b"turnstile 7")
    assert verdict.verdict == "bona_fide" and verdict.calibration == calibration.hash, verdict
    running.show("silicone_mask_3mm")  # the others' verdicts are compared in test_tflite_runtime.py
    verdict = host.verify()
    truth = load(RECORDINGS / "silicone_mask_3mm.npz").truth
    assert truth and verdict.verdict == "attack" and set(verdict.reasons) & set(truth["reasons"]), verdict


def test_a_burst_comes_as_the_imager_gave_it(running):
    running.show("bona_fide_light")
    recorded = running.host.capture(frames=("dots",))
    seen = load(RECORDINGS / "bona_fide_light.npz").frames["dots"].astype(int)
    lit = seen > DARKEST
    assert lit.mean() > 0.5 and abs(recorded.frames["dots"] - seen)[lit].max() <= 2


def test_with_a_broken_part_it_answers_and_decides_nothing_until_it_is_mended(running):
    running.show("bona_fide_light")
    for fault in FAULTS:
        running.break_(fault)
        verdict = running.host.verify(time_limit_ms=1500)
        assert (verdict.verdict, verdict.reasons) == ("no_decision", ["sensor_fault"]), fault
        assert NAMED[fault] in str(verdict.evidence).lower(), (fault, verdict.evidence)
        running.mend(fault)
    assert running.host.verify().verdict == "bona_fide"


def test_it_ran_on_tflite_runtime(running):
    (boot,) = [event for event in running.logged if '"boot"' in str(event) or getattr(event, "event", "") == "boot"]
    assert "tflite_runtime 2.14.0, reference kernels" in str(boot)
