"""Small parts: telnet sorting, framing, evidence for people, pictures, the report's template, replay."""

from __future__ import annotations

import base64
import errno
import io
import queue
import random
import threading
from pathlib import Path

import numpy as np
import pytest
from dermis.core import vocabulary
from dermis_host import errors, evidence, files, pictures, rfc2217_port, verdicts, wire
from dermis_host.output import Output
from dermis_host.recording import Recording
from dermis_host.replaying import replay
from dermis_host.rfc2217_port import Rfc2217Port
from dermis_host.twin_access import twin_log
from dermis_hw.boards import board_file
from fake_module import META
from PIL import Image
from serial import SerialException
from serial.rfc2217 import DO, IAC, SB, SE


class Heard(Rfc2217Port):
    """A port that writes down what it sorts."""

    def __init__(self):
        super().__init__()
        self.plain, self.commands = bytearray(), []
        self._read_buffer = self  # type: ignore[assignment]

    def put(self, data):
        self.plain += data

    def _telnet_process_subnegotiation(self, suboption):
        self.commands.append(("sub", suboption))

    def _telnet_negotiate_option(self, command, option):
        self.commands.append((command, option))

    def _telnet_process_command(self, command):
        self.commands.append(("command", command))


def test_telnet_is_sorted_the_same_however_it_is_cut():
    suboption = b"\x2c\x65" + IAC + IAC + b"\x01"
    stream = (
        b"ab" + IAC + IAC + b"c" + IAC + DO + b"\x2c" + b"d" + IAC + SB + suboption + IAC + SE + b"e" + IAC + b"\xf1f"
    )
    expected = [(DO, b"\x2c"), ("sub", b"\x2c\x65" + IAC + b"\x01"), ("command", b"\xf1")]
    rng = random.Random(1)
    for _ in range(200):
        port, left, at = Heard(), b"", 0
        while at < len(stream):
            size = rng.randint(1, 9)
            left = port._sort(left + stream[at : at + size])
            at += size
        assert (bytes(port.plain), port.commands, left) == (b"ab" + IAC + b"cdef", expected, b"")


class Flood:
    """A socket that never runs dry."""

    def __init__(self, data: bytes):
        self.data = data

    def recv(self, size: int) -> bytes:
        return self.data[:size]


def listening_to(data: bytes) -> tuple[Rfc2217Port, threading.Thread]:
    port = Rfc2217Port()
    port._read_buffer, port._socket = queue.Queue(), Flood(data)  # type: ignore[assignment]
    port.is_open = True
    reader = threading.Thread(target=port._telnet_read_loop, daemon=True)
    reader.start()
    return port, reader


def test_a_flood_is_kept_waiting():
    port, reader = listening_to(b"x" * 100)
    reader.join(0.3)
    assert reader.is_alive() and port._read_buffer.qsize() == rfc2217_port.MOST_CHUNKS
    port.is_open = False
    reader.join(2)
    assert not reader.is_alive()


def test_a_telnet_command_without_end_ends_the_link():
    port, reader = listening_to(IAC + SB + b"x" * 100)
    reader.join(2)
    assert not reader.is_alive()
    with pytest.raises(SerialException):
        port.read()


def test_a_damaged_frame_is_counted_and_the_next_one_read():
    packet = wire.request("echo", d="".join(map(str, range(120)))).BYTES
    lines = wire.frame_lines(packet).splitlines(keepends=True)
    deframer = wire.Deframer()
    assert len(lines) > 2
    exchanged = [lines[0], lines[2], lines[1], *lines[3:]]
    assert not any(deframer.feed(line) for line in exchanged)
    assert deframer.damaged == 1
    assert [deframer.feed(line) for line in lines][-1] == packet


def test_unknown_names_and_fields_are_refused():
    with pytest.raises(KeyError):
        wire.request("no_such_message")
    with pytest.raises(ValueError, match="no field nonsense"):
        wire.request("verify", nonsense=1)
    with pytest.raises(ValueError):
        wire.request("verify", time_limit_ms="soon")


def test_evidence_reads_with_units():
    given = {
        "relief_mm16": 552,
        "water_index_q14": -1638,
        "swir_1450_1300_q14": -32768,
        "temperature_cc": 2550,
        "swir": True,
        "gates": ["plane"],
        "gate_margins": [-7],
        "fault": "none",
    }
    rows = dict(evidence.readable(given))
    assert rows["relief"] == "34.5 mm" and rows["temperature"] == "25.5 degC" and rows["swir"] == "yes"
    assert rows["gate plane"] == "failed by 0.4 mm"
    assert evidence.highlights(given) == "water -0.100, relief 34.5 mm, 1450/1300 0.135"
    assert evidence.highlights({"fault": "no lamp"}) == "no lamp"
    assert dict(evidence.readable({"gates": ["plane"], "gate_margins": []}))["gates"] == "plane"


def test_ramp_keeps_nan_off_the_ramp():
    colours = pictures.ramp(np.array([[0.0, 1.0, np.nan]]))
    assert tuple(colours[0, 2]) == pictures.NO_VALUE and colours[0, 0].sum() < colours[0, 1].sum()
    assert (pictures.ramp(np.full((2, 2), np.nan)) == pictures.NO_VALUE).all()
    assert pictures.usual_range(np.array([np.nan])) == (None, None)


def test_upright_puts_plus_u_on_top():
    frame = np.zeros((240, 320), np.uint8)
    frame[0, 319] = 255
    shown = pictures.upright(frame)
    assert shown.shape == (320, 240) and shown[0, 0] == 255


def test_data_uri_is_a_picture():
    uri = pictures.data_uri(np.zeros((8, 6, 3), np.uint8))
    with Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) as image:
        assert image.size == (6, 8)


def test_sixteen_bit_and_colour_images_become_grey(tmp_path):
    Image.fromarray(np.full((4, 4), 0x8000, np.uint16)).save(tmp_path / "deep.png")
    Image.fromarray(np.full((4, 4, 3), 128, np.uint8)).save(tmp_path / "colour.png")
    for name in ("deep.png", "colour.png"):
        assert pictures.read_grey(tmp_path / name)[0, 0] == 128


def test_report_is_self_contained_and_escapes(tmp_path):
    from dermis_host.demo import report

    scene = {
        "name": "x",
        "title": "<script>alert(1)</script>",
        "note": "",
        "kind": "attack",
        "species": "",
        "expected": "attack",
        "expected_reasons": [],
        "verdict": "attack",
        "reasons": ["flat"],
        "score": 5,
        "bursts": 1,
        "ok": True,
        "stages_us": {"capture": 1500},
        "evidence_rows": [("relief", "1.0 mm")],
        "explained": [("flat", "as flat as a photo")],
        "highlights": "relief 1.0 mm",
        "figures": [{"title": "850 nm", "uri": "data:image/webp;base64,AA", "alt": "a"}],
    }
    context = {
        "seed": 1,
        "passed": 1,
        "scenes": [scene],
        "identity": dict.fromkeys(("serial", "runtime", "firmware", "model", "model_hash", "profile"), "x"),
        "calibration_hash": "c",
        "created": "now",
        "seconds": 1.0,
        "measurements": [
            {"name": "flat", "before": "3.0", "value": "0.2", "unit": "%", "limits": "1 %", "passed": True}
        ],
    }
    path = tmp_path / "report.html"
    report.write(path, context)
    text = path.read_text()
    assert "<script>" not in text and "http" not in text and text.count("data:image") == 1
    assert "1 of 1 scenes as expected" in text


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "out.npz"
    path.write_bytes(b"before")
    with pytest.raises(errors.HostError, match=r"out\.npz cannot be written: No space"), files.whole(path) as file:
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert path.read_bytes() == b"before" and list(tmp_path.iterdir()) == [path]
    with files.whole(path) as file:
        file.write(b"after")
    assert path.read_bytes() == b"after" and list(tmp_path.iterdir()) == [path]
    with pytest.raises(errors.HostError), files.whole(tmp_path / "no" / "out.npz"):
        pass
    with files.whole("/dev/null") as file:
        file.write(b"gone")
    assert not Path("/dev/null").is_file()


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("no twin runs here", "No twin runs here."),
        ("scene.toml: there is no mesh", "scene.toml: there is no mesh."),
        ("there is no 'a'; did you mean 'b'?", "There is no 'a'; did you mean 'b'?"),
    ],
)
def test_complaints_of_other_rooms_become_sentences(said, sentence):
    assert errors.sentence(said) == sentence


def test_what_stands_in_is_said_once_without_verbose(capsys):
    log = twin_log(Output())
    for line in ("no LLVM here: rendering is slower", "a client came", "no LLVM here: rendering is slower"):
        log(line)
    assert capsys.readouterr().err == "no LLVM here: rendering is slower\n"


def test_every_reason_is_explained():
    assert set(verdicts.REASONS) == {*vocabulary.ATTACK_REASONS, *vocabulary.NO_DECISION_REASONS}
    assert "do not know" in verdicts.explained("of_a_later_firmware")


def test_margins_have_the_unit_of_their_gate():
    rows = dict(evidence.readable({"gates": ["plane", "index", "later"], "gate_margins": [40, -1638, 3]}))
    assert rows == {"gate plane": "passed by 2.5 mm", "gate index": "failed by 0.100", "gate later": "passed by 3"}


def test_replay_of_what_cannot_be_judged_fails_closed():
    rng = np.random.default_rng(1)
    frames = {name: rng.integers(0, 60, (240, 320), dtype=np.uint8) for name in META["frames"]}
    whole = Recording(META, frames, b"", board_file("twin"), {"verdict": "bona_fide"})
    part = Recording({**META, "frames": ["dark"]}, {"dark": frames["dark"]}, b"", board_file("twin"))
    results = replay([whole, part], None)
    assert len(results) == 2
    for result in results:
        assert result.get("verdict") == "no_decision" or "error" in result


def test_the_description_beside_the_model_goes_with_it(recording, tmp_path, monkeypatch):
    given = {}

    def device(_module, folder, job, **_):
        given.update({path.name: path.read_bytes() for path in folder.iterdir()}, job=job)
        (folder / "results.jsonl").write_text("{}\n")

    monkeypatch.setattr("dermis_host.device_code.run", device)
    (tmp_path / "spoof.tflite").write_bytes(b"model")
    (tmp_path / "spoof.json").write_bytes(b"description")
    assert replay([recording], tmp_path / "spoof.tflite") == [{}]
    assert (given["model.tflite"], given["model.json"], given["job"]["model"]) == (
        b"model",
        b"description",
        "model.tflite",
    )
    # What is known of a recording's truth must never be within the device code's reach.
    assert not any(b"attack" in content for name, content in given.items() if name != "job")


class FakeTwin:
    """Stands for the twin in the demo: no process, a module that answers at once."""

    def __init__(self, *_, **__):
        self.url = "none"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return

    def set_scene(self, path):
        self.scene = path


def test_the_demo_shows_every_frame_and_relief_of_every_scene(recording, tmp_path, monkeypatch):
    pytest.importorskip("mitsuba", reason="the scene files are read with the extra [sim]")
    from dermis_host.answers import Verdict
    from dermis_host.calibration import at_once, maths
    from dermis_host.calibration.outcome import Outcome
    from dermis_host.demo import runner
    from test_calibration import burst
    from test_module import VERDICT

    table = maths.linear_table(2.2, 5)
    fields = {
        "linear": table.astype("<u2").tobytes(),
        "reference": maths.dot_pattern([burst().frames], table).tobytes(),
        "baseline_um": 40000,
        "z_ref_um": 450_000,
    }

    class FakeModule(FakeTwin):
        def verify(self):
            return Verdict(**VERDICT)

        def capture(self, frames):
            seen = burst(500.0)
            return Recording(
                {**seen.meta, "frames": list(frames)}, {name: seen.frames[name] for name in frames}, b"", seen.board
            )

        def identity(self):
            from dermis_host.answers import Identity

            return Identity("s", "twin", "f", "r", 1, "m", "h", "border", True, "c", "bench", True, "i", "h", 1)

    monkeypatch.setattr("dermis_hw.twin.Twin", FakeTwin)
    monkeypatch.setattr(runner, "Module", FakeModule)
    monkeypatch.setattr(at_once, "calibrate", lambda *_, **__: (Outcome(fields=fields), "hash"))
    advanced = []
    names = ["photo_matte", "bona_fide_light"]
    ignored = dict.fromkeys(("told", "on_log", "twin_log"), lambda _: None)
    result = runner.run(names, 1, advance=advanced.append, **ignored)
    assert [scene.ok for scene in result.scenes] == [True, False] and result.passed == 1
    assert advanced[0] is None and [scene.name for scene in advanced[1:]] == names
    runner.write_report(result, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    assert text.count("data:image/webp") == len(names) * (len(runner.SHOWN_FRAMES) + 1)
    assert result.summary()["ok"] is False
