"""A rig made of fakes: a module behind a socket that hangs up, resets and falls silent on request, and instruments."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dermis.core import errors, smp
from dermis_host import rig
from dermis_host.rig import RigError
from fake_module import META, FakeModule, Refused, frame, piece

BONA_FIDE, ATTACK = "bona_fide", "attack"
ATTACKS = ("photo", "mask", "screen")  # what the rig can show, beside people
PEOPLE = ("ada", "bo")
MODEL_FILE = b"\x1c\x00\x00\x00TFL3"  # as little of a .tflite as passes for one
MODEL = "368044902ecf8fef"  # its sha256, as an identity has it


ROOT = Path(__file__).parents[3]
TARGETS = """
[[rig.target]]
show = "ada"
kind = "bona_fide"
tone = 0.31
[[rig.target]]
show = "bo"
kind = "bona_fide"
condition = "spectacles"
[[rig.target]]
show = "photo"
species = "photo_matte"
[[rig.target]]
show = "mask"
species = "silicone_glued_1_5"
"""

ALL = 4  # targets


def toml(tmp_path, text="[rig]\nrepeats = 3\n" + TARGETS, top=""):
    (tmp_path / "model.tflite").write_bytes(MODEL_FILE)
    (tmp_path / "model.json").write_text('{"threshold": {"border": 8603}}')
    path = tmp_path / "plan.toml"
    path.write_text(f'format = 1\nsource = "rig"\nmodel = "model.tflite"\nkeep = "none"\n{top}\n{text}')
    return path


class RigModule(FakeModule):
    """What it says depends on what stands there. It takes one client after the other while it has power.

    answers: target -> (verdict, reasons, score). at: number of a verify -> what happens in its place (a method's name).
    bursts: target -> how many it takes, else two. at_burst, at_part: number of a burst, or of a piece of a frame, since
    the start -> the same. judged: the number of each burst, by attempt. Every frame of a burst begins with its number.
    """

    def __init__(self, serial: str = "DM1-0007"):
        super().__init__(verify=self._verify, verify_step=self._step, burst_part=self._part)
        self.board = "esp32s3"
        self.serial, self.firmware, self.model_hash, self.profile = serial, "0.9.0", MODEL, "border"
        self.in_force, self.slots = "user", {"user": b"DRMCAL1\nnot a record"}
        self.standing, self.klux = "", 0.0
        self.answers = {
            **dict.fromkeys(PEOPLE, (BONA_FIDE, [], 9100)),
            **dict.fromkeys(ATTACKS, (ATTACK, ["flat"], 40)),
        }
        self.at: dict[int, str] = {}
        self.bursts: dict[str, int] = {}
        self.at_burst: dict[int, str] = {}
        self.at_part: dict[int, str] = {}
        self.judged: list[list[int]] = []
        self.taken = self.parts = 0
        self._verdict: dict = {}
        self.asked_verdicts: list[str] = []
        self.powered, self.deaf = True, False
        self.during: Callable[[], None] = lambda: None

    def __enter__(self) -> RigModule:
        super().__enter__()
        return self

    def identity(self) -> dict:
        answer = super().identity()
        answer.update(
            board=self.board,
            serial=self.serial,
            firmware=self.firmware,
            model_hash=self.model_hash,
            profile=self.profile,
        )
        answer.update(calibration="aabbccddeeff0011" if self.in_force else "")
        return answer

    def _verify(self, fields: dict) -> dict | None:
        self.during()
        self.asked_verdicts.append(self.standing)
        fate = self.at.pop(len(self.asked_verdicts), "")
        if fate:
            return getattr(self, fate)()
        verdict, reasons, score = self.answers[self.standing]
        return {
            "verdict": verdict,
            "reasons": reasons,
            "score": score,
            "bursts": self.bursts.get(self.standing, 2),
            "evidence": {},
            "stages_us": {"capture": 1_200_000, "model": 300_500},
            "profile": self.profile,
            "nonce": fields.get("nonce", b""),
            "firmware": self.firmware,
            "model_hash": self.model_hash,
            "calibration": "aabbccddeeff0011",
            "bound": {},
        }

    def _step(self, fields: dict) -> dict | None:
        if not fields.get("after"):
            answer = self._verify(fields)
            if answer is None:
                return None
            self._verdict = {name: value for name, value in answer.items() if name != "bound"}
            self.judged.append([])
        elif fields["after"] != self.taken or not self._verdict:
            raise Refused(errors.RC_NO_ENTRY, "no verification goes on after that burst")
        self.taken += 1
        fate = self.at_burst.pop(self.taken, "")
        if fate:
            return getattr(self, fate)()
        self.judged[-1].append(self.taken)
        done = len(self.judged[-1]) == self._verdict["bursts"]
        verdict, self._verdict = (self._verdict, {}) if done else ({}, self._verdict)
        meta = {**META, "temperature_cc": 2500 + self.taken}
        return {"id": self.taken, "frames": list(META["frames"]), "meta": meta, "done": done, "verdict": verdict}

    def _part(self, fields: dict) -> dict | None:
        self.parts += 1
        fate = self.at_part.pop(self.parts, "")
        if fate:
            return getattr(self, fate)()
        pixels = frame(fields["frame"])
        return piece(bytes([self.taken]) + pixels[1:], fields.get("off", 0))

    # Fates

    def loses(self) -> None:
        """The verification under way: the sensors were used by somebody else."""
        raise Refused(errors.RC_NO_ENTRY, "no verification goes on after that burst")

    def fails(self) -> dict:
        """A sensor's fault in place of the burst."""
        verdict = {**self._verdict, "verdict": "no_decision", "reasons": ["sensor_fault"], "score": 0}
        verdict.update(bursts=len(self.judged[-1]), evidence={"fault": "the imager is silent; check its cable"})
        return {"id": 0, "frames": [], "meta": {}, "done": True, "verdict": verdict}

    def stuck(self) -> None:
        """No verdict, but it says that it is there."""

    def resets(self) -> None:
        self.restart()

    def hangs_up(self) -> None:
        """The cable, for a moment."""
        assert self._client
        self._client.shutdown(socket.SHUT_RDWR)

    def hangs(self) -> None:
        """Neither a verdict nor a sign of life, until its power goes."""
        self.deaf = True

    def burns(self) -> None:
        """Nothing brings it back."""
        self.powered = False
        self.hangs_up()

    # The port

    def power(self, on: bool) -> None:
        self.powered, self.deaf = on, self.deaf and on
        if not on and self._client:
            self._client.close()

    def _answer(self, packet: bytes) -> None:
        header, _ = smp.parse(packet)
        if not self.deaf or header is None:
            super()._answer(packet)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # the test has ended
            if not self.powered:
                client.close()
                continue
            self._client = client
            deframer = smp.Deframer()
            try:
                while data := client.recv(4096):
                    for packet in deframer.feed(data):
                        self._answer(packet)
            except OSError:
                continue


class _Instrument:
    def identity(self) -> str:
        return "fake"

    def close(self) -> None:
        """Nothing to give back."""


class FakeTargets(_Instrument):
    def __init__(self, module: RigModule, names: tuple[str, ...] = (*PEOPLE, *ATTACKS)):
        self._module, self._names = module, names
        self.shown: list[str] = []
        self.jammed: set[str] = set()

    def names(self) -> tuple[str, ...]:
        return self._names

    def show(self, target: str | Path) -> None:
        if target in self.jammed:
            raise RigError(f"The carousel jams before {target}.")
        self.shown.append(str(target))
        self._module.standing = str(target)


class FakePower(_Instrument):
    def __init__(self, module: RigModule):
        self._module, self.cycles = module, 0

    def on(self) -> None:
        self._module.power(True)

    def off(self) -> None:
        self.cycles += 1
        self._module.power(False)


class FakeLight(_Instrument):
    def __init__(self, module: RigModule):
        self._module = module
        self.steps: list[float] = []

    def set(self, klux: float) -> None:
        self.steps.append(klux)
        self._module.klux = klux


class Bench:
    """A rig's description with its fakes in the open; `module` must be entered first."""

    def __init__(self, module: RigModule, name: str = "bench", power: bool = False, **targets: Any):
        self.module = module
        self.targets, self.power, self.light = FakeTargets(module, **targets), FakePower(module), FakeLight(module)
        self.openers: dict[str, rig.Opener] = {"targets": lambda: self.targets, "light": lambda: self.light}
        if power:
            self.openers["power"] = lambda: self.power
        self.description = rig.RigDescription(source=f"{name}.toml", name=name, port=module.url, openers=self.openers)
