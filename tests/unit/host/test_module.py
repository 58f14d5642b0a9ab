"""The client against a fake module: typed answers, refusals, restarts, silence, garbage, other devices."""

from __future__ import annotations

import dataclasses
import socket
import threading
import time
from contextlib import closing, contextmanager

import pytest
from dermis.core import messages, vocabulary
from dermis_host import LinkError, Module, ModuleReset, NotDermis, RequestFailed, RequestTimeout
from dermis_host import client as client_module
from dermis_host import module as module_module
from dermis_host.answers import BY_MESSAGE
from dermis_host.errors import UsageError
from fake_module import META, FakeModule, Refused, frame, piece

VERDICT = {
    "verdict": "attack",
    "reasons": ["flat"],
    "score": 12,
    "bursts": 1,
    "evidence": {"relief_mm": 1},
    "stages_us": {"capture": 500000},
    "profile": "border",
    "nonce": b"\x01\x02",
    "firmware": "0.1.0",
    "model_hash": "x",
    "calibration": "y",
    "bound": {"mac": b""},
}


@contextmanager
def tcp_server(reply: bytes):
    """Something that is not a module: says `reply` to whatever it hears."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        try:
            client, _ = listener.accept()
            with client:
                while client.recv(1000):
                    client.sendall(reply)
        except OSError:
            return

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


@pytest.mark.parametrize("name", sorted(BY_MESSAGE))
def test_typed_answers_are_those_of_the_table(name):
    kinds = {"int": "int", "bool": "bool", "str": "str", "bytes": "bytes"}
    table = {row.name: kinds.get(row.kind, row.kind) for row in messages.by_name(name).response}
    ours = {field.name: str(field.type).replace("dict", "map") for field in dataclasses.fields(BY_MESSAGE[name])}
    assert list(ours) == list(table)
    for field, kind in table.items():
        assert ours[field].startswith(str(kind)), field


def test_every_message_has_a_method():
    for message in messages.every():
        assert callable(getattr(Module, message.name)), message.name


def test_answers_are_typed_and_only_what_was_set_is_sent():
    sent = []
    with FakeModule(verify=lambda fields: sent.append(fields) or VERDICT) as fake, Module(fake.url) as module:
        assert module.identity().serial == "DM1-0007"
        assert module.echo("hello") == "hello"
        assert module.datetime_read() == "2026-01-02T03:04:05"
        verdict = module.verify(nonce=b"\x01\x02")
        assert (verdict.verdict, verdict.reasons, verdict.nonce) == ("attack", ["flat"], b"\x01\x02")
        module.verify(time_limit_ms=500)
    assert sent == [{"nonce": b"\x01\x02"}, {"time_limit_ms": 500}]


def test_log_lines_between_and_inside_frames_are_handed_on():
    lines = []
    with FakeModule() as fake:
        fake.handlers["echo"] = lambda fields: fake.say(b'{"event": "x"}\nno newline yet') or {"r": fields["d"]}
        with Module(fake.url, on_log=lines.append) as module:
            assert module.echo("a") == "a"
            assert module.echo("b") == "b"
    assert lines == ['{"event": "x"}', "no newline yet"] * 2


def test_a_refusal_carries_code_name_and_sentence():
    def refuse(_):
        raise Refused(11, "log in first")

    with FakeModule(burst=refuse) as fake, Module(fake.url) as module:
        with pytest.raises(RequestFailed) as caught:
            module.burst()
        assert (caught.value.code, caught.value.name, caught.value.sentence) == (11, "access_denied", "log in first")
        with pytest.raises(RequestFailed, match="not_supported"):
            module.selftest()


def test_second_form_of_an_error_is_understood():
    fake = FakeModule(selftest=lambda _: {"err": {"group": 64, "rc": 6}})
    with fake, Module(fake.url) as client, pytest.raises(RequestFailed, match="bad_state"):
        client.selftest()


def test_an_answer_that_does_not_fit_the_table_names_the_field():
    fake = FakeModule(selftest=lambda _: {"ok": "yes", "checks": []})
    with fake, Module(fake.url) as client, pytest.raises(NotDermis, match="field ok"):
        client.selftest()


def test_fields_of_a_newer_firmware_are_passed_over():
    with FakeModule(selftest=lambda _: {"ok": True, "checks": [], "more": 1}) as fake, Module(fake.url) as module:
        assert module.selftest().ok


def test_late_answers_to_earlier_requests_are_passed_over(monkeypatch):
    held = []
    with FakeModule() as fake, Module(fake.url) as client:
        fake.handlers["echo"] = lambda fields: held.append(fields)
        monkeypatch.setattr(client_module, "ANSWER_S", 0.2)
        with pytest.raises(RequestTimeout, match="alive"):
            client._ask("echo", 0.2, d="first")
        fake.handlers["echo"] = lambda fields: {"r": fields["d"]}
        assert client.echo("second") == "second"


def test_a_restart_in_a_write_is_said_and_the_write_not_repeated():
    with FakeModule() as fake, Module(fake.url) as client:
        fake.handlers["verify"] = lambda _: fake.restart()
        with pytest.raises(ModuleReset, match="in the middle of verify"):
            client.verify()
        assert fake.asked.count("verify") == 1


def test_a_restart_in_a_read_is_survived_once():
    with FakeModule() as fake, Module(fake.url) as client:
        answers = iter([fake.restart])

        def state(_):
            for misbehave in answers:
                return misbehave()
            return {"calibrated": False, "hash": "", "created": "", "in_force": "", "records": [], "fault": ""}

        fake.handlers["calibration_state"] = state
        assert not client.calibration_state().calibrated
        assert fake.asked.count("calibration_state") == 2


def test_a_restart_without_a_word_shows_in_the_uptime():
    with FakeModule() as fake, Module(fake.url) as client:

        def vanish(_):
            fake.uptime_ms = 1

        fake.handlers["verify"] = vanish
        with pytest.raises(ModuleReset):
            client._ask("verify", 0.2)


def test_what_came_before_a_request_is_no_sign_of_its_fate():
    lines = []
    with FakeModule() as fake, Module(fake.url, on_log=lines.append) as client:
        fake.restart()
        time.sleep(0.1)
        assert client.echo("x") == "x"
    assert len(lines) == 1 and "boot" in lines[0]


def test_reset_waits_for_the_module_to_come_back():
    def reset(_):
        threading.Timer(0.2, fake.restart).start()
        return {}

    with FakeModule(reset=reset) as fake, Module(fake.url) as client:
        client.reset()
        assert fake.uptime_ms < 100 and fake.asked[-1] == "identity"


def test_a_module_that_does_not_come_back_from_a_reset_is_told(monkeypatch):
    monkeypatch.setattr(module_module, "RESTART_S", 0.05)
    monkeypatch.setattr(module_module, "RESTARTED_S", 0.3)
    with FakeModule(reset=lambda _: {}) as fake, Module(fake.url) as client:
        fake.handlers["identity"] = lambda _: None
        with pytest.raises(NotDermis, match=r"within 0\.3 s"):
            client.reset()


def test_a_piece_that_was_lost_is_asked_for_once_more(monkeypatch):
    monkeypatch.setattr(client_module.Client._ask, "__defaults__", (1.0,))
    lost = {2, 30, 31}

    def part(fields):
        number = fake.asked.count("burst_part")
        return None if number in lost else piece(frame(fields["frame"]), fields.get("off", 0))

    with FakeModule(burst_part=part) as fake, Module(fake.url) as client:
        assert client.frame(client.burst(), "850") == frame("850")
        with pytest.raises(RequestTimeout, match="alive but gave no answer to burst_part"):
            client.frame(client.burst(), "850")


def test_a_long_wait_for_a_dead_module_is_cut_short(monkeypatch):
    monkeypatch.setattr(client_module, "ALIVE_S", 0.1)
    monkeypatch.setattr(client_module, "SILENT_S", 0.35)
    monkeypatch.setattr(client_module, "PROBE_S", 0.1)
    with FakeModule(verify=lambda _: None) as fake, Module(fake.url) as client:
        fake.handlers["identity"] = lambda _: None
        started = time.monotonic()
        with pytest.raises(LinkError, match="fell silent"):
            client.verify()
        assert time.monotonic() - started < 3


def test_a_busy_module_is_not_taken_for_a_dead_one(monkeypatch):
    monkeypatch.setattr(client_module, "ALIVE_S", 0.1)
    monkeypatch.setattr(client_module, "SILENT_S", 0.35)
    with FakeModule() as fake, Module(fake.url) as client:
        sequence = []

        def verify(_):
            sequence.append("asked")

        fake.handlers["verify"] = verify
        with pytest.raises(RequestTimeout, match="alive"):
            client._ask("verify", 1.0)
        assert sequence == ["asked"]


def test_silence_is_a_link_error(monkeypatch):
    monkeypatch.setattr(client_module, "PROBE_S", 0.2)
    with FakeModule() as fake, Module(fake.url) as client:
        fake.handlers["identity"] = lambda _: None
        fake.handlers["echo"] = lambda _: None
        with pytest.raises(LinkError, match="fell silent"):
            client._ask("echo", 0.2, d="x")


def test_a_port_that_goes_away_is_a_link_error():
    with FakeModule() as fake, Module(fake.url) as client:
        fake.handlers["echo"] = lambda _: fake._client.close()  # type: ignore[union-attr]
        with pytest.raises(LinkError, match="broke"):
            client.echo("x")


def test_garbage_before_the_answer_does_no_harm():
    import random

    noise = random.Random(3).randbytes(100_000)
    with FakeModule() as fake, Module(fake.url) as client:
        fake.handlers["echo"] = lambda fields: fake.say(noise + b"\n") or {"r": fields["d"]}
        assert client.echo("x") == "x"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (b"login: \r\nPassword: \r\n" * 20, "another device"),
        (b"", "Nothing on"),
        (b"\x06\x09AAAA\n\x04\x14????\n", "another device"),
    ],
)
def test_another_device_is_named_as_such(reply, said):
    with tcp_server(reply) as port, pytest.raises(NotDermis, match=said):
        Module(f"socket://127.0.0.1:{port}", greeting_s=0.4)


def test_a_module_left_at_its_prompt_is_told_apart():
    reply = b'>>> AAsAAIAB\r\nTraceback (most recent call last):\r\n  File "<stdin>", line 1\r\n'
    started = time.monotonic()
    with tcp_server(reply) as port, pytest.raises(NotDermis, match=r"mpremote connect .* reset"):
        Module(f"socket://127.0.0.1:{port}", greeting_s=10)
    assert time.monotonic() - started < 5


def test_an_smp_device_that_is_no_dermis():
    fake = FakeModule()
    del fake.handlers["identity"]
    with fake, pytest.raises(NotDermis, match="no Dermis module"):
        Module(fake.url, greeting_s=1)


@pytest.mark.parametrize(
    ("port", "said"),
    [
        ("/dev/no-such-port", "cannot be opened"),
        ("socket://127.0.0.1:1", "refused"),
        ("rfc2217://127.0.0.1:1", "refused"),
        ("/dev/null", r"cannot be opened \(Inappropriate ioctl for device\)"),
        ("socket://no-such-host.invalid:1", "cannot be opened"),
    ],
)
def test_wrong_ports(port, said):
    with pytest.raises(LinkError, match=said):
        Module(port)


@pytest.mark.parametrize(
    ("port", "said"),
    [
        ("gopher://x", "no port that pyserial knows"),
        ("socket://nowhere", "socket://HOST:PORT"),
        ("rfc2217://127.0.0.1", "rfc2217://HOST:PORT"),
        ("rfc2217://127.0.0.1:99999", "rfc2217://HOST:PORT"),
        ("rfc2217://127.0.0.1:x", "rfc2217://HOST:PORT"),
    ],
)
def test_what_is_no_port_is_wrong_usage(port, said):
    with pytest.raises(UsageError, match=said):
        Module(port)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # pyserial's own
def test_a_server_that_speaks_no_rfc2217():
    with tcp_server(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port, pytest.raises(NotDermis, match="RFC 2217"):
        Module(f"rfc2217://127.0.0.1:{port}?timeout=0.3")


def test_capture_fetches_every_pixel():
    heard = []
    with FakeModule() as fake, Module(fake.url) as client:
        recording = client.capture(on_size=heard.append, on_bytes=heard.append)
        part = client.capture(frames=("dark", "dots"))
    assert set(recording.frames) == set(vocabulary.FRAMES)
    for name, pixels in recording.frames.items():
        assert pixels.tobytes() == frame(name)
    assert heard[0] == sum(heard[1:]) == 6 * 76800
    assert sorted(part.frames) == ["dark", "dots"] and part.meta["frames"] == ["dark", "dots"]
    assert recording.meta == META
    part.check()


def test_pieces_that_do_not_fit_are_refused():
    fake = FakeModule(burst_part=lambda _: {"off": 5, "len": 9, "data": b""})
    with fake, Module(fake.url) as client, pytest.raises(LinkError, match="do not fit"):
        client.capture()


def test_a_record_is_stored_in_pieces_and_read_back():
    record = bytes(range(256)) * 40
    with FakeModule() as fake, Module(fake.url) as client:
        client.store_calibration(record)
        assert fake.calibration == record and fake.asked.count("calibration_write") == 3
        fake.handlers["calibration_read"] = lambda fields: {
            "off": fields["off"],
            "len": 3,
            "data": b"abc"[fields["off"] :],
        }
        with pytest.raises(LinkError, match="another calibration record"):
            client.store_calibration(record)


def test_watch_gives_verdicts_and_stops_in_order():
    switched = []

    def watch(fields):
        switched.append(fields["on"])
        if fields["on"]:
            fake.say(b'{"event": "log only"}\n')
        return {"on": fields["on"]}

    with FakeModule(watch=watch) as fake, Module(fake.url) as client:
        with closing(client.watch(period_ms=50)) as events:
            fake_events = (b'{"event": "verdict", "verdict": "attack", "score": %d}\n' % score for score in (1, 2))
            threading.Timer(0.2, lambda: [fake.say(event) for event in fake_events]).start()
            assert [next(events)["score"], next(events)["score"]] == [1, 2]
        assert client.echo("still there") == "still there"
    assert switched == [True, False]
