"""The server behind a fake link: every message answers as the table says, and nothing from outside stops it."""

import asyncio
import json
import os

import fakes
import synthetic
from dermis.app import module as modules
from dermis.app import rights
from dermis.app.commands import evidence as evidence_command
from dermis.app.fields import is_kind
from dermis.app.handlers import handler_of
from dermis.app.server import CLOSED, PROMPT, Server
from dermis.core import cbor, errors, messages, smp, vocabulary
from dermis.core.errors import BadInput, SensorFault

# Fields by message that make a sound request on a fresh module; the others need none.
SOUND = {
    "echo": {"d": "Hello"},
    "datetime_write": {"datetime": "2026-01-31T12:00:00Z"},
    "watch": {"on": False},
    "burst_part": {"id": 1, "frame": "850"},
    "calibration_write": {"off": 0, "len": 1000, "data": b"1234"},
    "calibration_select": {"slot": "user"},
    "session_open": {"role": "installer"},
    "frames_allow": {"seconds": 60},
    "audit_read": {"off": 0},
    "statistics": {"name": "storage"},
    "setting_read": {"name": "profile"},
    "setting_write": {"name": "name", "val": b"door 7"},
    "setting_delete": {"name": "name"},
    "file_download": {"name": "notes.txt"},
    "file_upload": {"name": "other.txt", "off": 0, "data": b"12", "len": 4},
    "file_status": {"name": "notes.txt"},
    "file_hash": {"name": "notes.txt"},
}
# What these answer is looked at in test_shared_access and test_update_device: they need a proof or an image, or leave
# another module behind.
ASKED_ELSEWHERE = ("session_prove", "provision", "state_change", "image_mark", "image_upload")


def made(**changes):
    drivers = fakes.drivers()
    drivers.clock.seconds = 1769860800
    module = modules.Module(drivers, dict(fakes.BOARD), None)
    for name in changes:
        setattr(module, name, changes[name])
    drivers.link.written = bytearray()
    return module


RECORD = synthetic.file(rights.DEVELOPMENT_KEY, serial=fakes.SERIAL, sensors=fakes.SENSORS)


def calibrated():
    """A module that holds a record, and takes the fake camera's levels for the record's."""
    module = made()
    assert module.calibration.receive(0, len(RECORD), RECORD) == len(RECORD)
    module.calibration.record = fakes.FakeRecord()
    return module


def request(name, fields, version=smp.VERSION_2, sequence=1):
    message = messages.by_name(name)
    return smp.frame(smp.packet(message.op, version, message.group, sequence, message.id, cbor.dumps(fields)))


def served(module, incoming):
    """(how it ended, [(header, map)], [log events]) of serving these chunks."""
    module.link.incoming = list(incoming)
    module.link.written = bytearray()
    ended = asyncio.run(Server(module).run())
    written = bytes(module.link.written)
    answers = []
    for packet in smp.Deframer(65536).feed(written):
        header, body = smp.parse(packet)
        answers.append((header, cbor.loads(body)))
    log = [json.loads(line) for line in written.split(b"\n") if line.startswith(b"{")]
    return ended, answers, log


def asked(module, name, fields=None):
    """The answer's map to one request."""
    if fields is None:
        fields = SOUND.get(name, {})
    _, answers, _ = served(module, [request(name, fields), 20000])
    assert len(answers) == 1, (name, answers)
    header, answer = answers[0]
    message = messages.by_name(name)
    assert (header.group, header.id, header.op) == (message.group, message.id, message.op + 1)
    return answer


def test_every_message_has_a_handler_and_no_handler_is_unknown():
    names = [message.name for message in messages.every()]
    for name in names:
        assert callable(handler_of(name)), name
    folder = modules.__file__[: modules.__file__.rfind("/")] + "/commands"
    files = [name[:-3] for name in os.listdir(folder) if name.endswith(".py") and not name.startswith("_")]
    assert sorted(names) == sorted(files)


def test_every_answer_has_the_fields_of_the_table():
    module = calibrated()
    module.storage.files["file.notes.txt"] = b"hello"
    size = module.calibration.size
    asked(module, "burst", {"lights": ["850"]})
    for offset in (-1, size, 1 << 62):
        assert asked(module, "calibration_read", {"off": offset})["rc"] == errors.RC_INVALID
    for message in messages.every():
        if message.name == "burst" or message.name in ASKED_ELSEWHERE:
            continue
        if message.name == "burst_part":
            module.burst_id, module.burst = 1, asyncio.run(module.taker.take(None, ("850",), False))
        answer = asked(module, message.name)
        assert sorted(answer) == sorted([field.name for field in message.response]), (message.name, answer)
        for field in message.response:
            assert is_kind(answer[field.name], field.kind), (message.name, field.name, answer[field.name])


def test_both_versions_of_smp_are_answered_in_kind():
    for version in (smp.VERSION_1, smp.VERSION_2):
        _, answers, _ = served(made(), [request("echo", {"d": "x"}, version, 200)])
        header, answer = answers[0]
        assert header.version == version and header.sequence == 200 and answer == {"r": "x"}
    _, answers, _ = served(made(), [request("echo", {"d": "x"}, 3)])
    assert answers[0][1]["rc"] == errors.RC_NOT_SUPPORTED


def test_unknown_addresses_are_not_supported():
    for group, identifier, op in ((0, 99, 0), (99, 0, 2), (64, 0, 2), (0, 2, 0)):
        packet = smp.frame(smp.packet(op, smp.VERSION_2, group, 1, identifier, b"\xa0"))
        ended, answers, _ = served(made(), [packet])
        assert ended == CLOSED and answers[0][1]["rc"] == errors.RC_NOT_SUPPORTED and answers[0][1]["rsn"]


def test_fields_are_checked():
    module = made()
    for name, fields in (
        ("watch", {}),
        ("watch", {"on": 1}),
        ("burst_part", {"id": 1}),
        ("verify", {"time_limit_ms": True}),
        ("verify", {"time_limit_ms": "5"}),
        ("verify", {"time_limit_ms": -1}),
        ("verify", {"nonce": bytes(33)}),
        ("burst", {"lights": ["green"]}),
        ("burst", {"lights": "850"}),
        ("os_info", {"format": "sx"}),
        ("datetime_write", {"datetime": "yesterday"}),
        ("calibration_write", {"off": 0, "len": 1 << 40, "data": b""}),
        ("calibration_write", {"off": 5, "len": 10, "data": b"12345"}),
        ("echo", {"d": b"bytes"}),
    ):
        answer = asked(module, name, fields)
        assert answer["rc"] == errors.RC_INVALID and len(answer["rsn"]) > 10, (name, fields, answer)
    assert asked(module, "echo", {"d": "x", "more": 1}) == {"r": "x"}
    assert asked(module, "echo", {}) == {"r": ""}


def test_bodies_that_are_no_map():
    message = messages.by_name("echo")
    for body in (b"\x80", b"\xa1", b"\xff", b"\x00"):
        packet = smp.frame(smp.packet(message.op, smp.VERSION_1, message.group, 1, message.id, body))
        _, answers, _ = served(made(), [packet])
        assert answers[0][1]["rc"] == errors.RC_INVALID, body
    _, answers, _ = served(made(), [smp.frame(smp.packet(message.op, 1, message.group, 1, message.id, b""))])
    assert answers[0][1] == {"r": ""}


def test_the_field_state_closes_what_the_bench_state_opens():
    module = made(state=rights.FIELD_STATE)
    for message in messages.every():
        answer = asked(module, message.name) if message.right != messages.NONE else None
        if answer is not None:
            assert answer["rc"] == errors.RC_ACCESS_DENIED, message.name
    assert asked(module, "echo", {"d": "x"}) == {"r": "x"} and module.system.resets == 0
    ended, _, _ = served(module, [200, b"\r\x03"])
    assert ended == CLOSED
    assert not rights.granted("lost", messages.NONE) and not rights.granted("lost", messages.SETUP, "service")


def test_garbage_and_then_a_request():
    module = made()
    noise = module.system.random(20000)
    ended, answers, _ = served(module, [noise, b"\n", request("echo", {"d": "still here"})])
    assert ended == CLOSED and answers[-1][1] == {"r": "still here"}


def test_answers_that_come_back_are_not_answered():
    _, answers, _ = served(made(), [smp.frame(smp.packet(3, 1, 0, 1, 0, b"\xa0"))])
    assert answers == []


def test_an_exception_in_a_handler_is_logged_and_answered_and_the_module_goes_on():
    async def broken(_module, _request):
        raise KeyError("lost")

    async def hungry(_module, _request):
        raise MemoryError

    async def faulty(_module, _request):
        raise SensorFault("the imager is silent; check its cable")

    kept = evidence_command.handle
    try:
        for handler, code, words in (
            (broken, errors.RC_UNKNOWN, "KeyError"),
            (hungry, errors.RC_NO_MEMORY, "memory"),
            (faulty, errors.RC_UNKNOWN, "imager"),
        ):
            evidence_command.handle = handler
            _, answers, log = served(made(), [request("evidence", {}), request("echo", {"d": "on"})])
            assert answers[0][1]["rc"] == code and words in answers[0][1]["rsn"]
            assert answers[1][1] == {"r": "on"}
            if handler is not faulty:
                assert [event["event"] for event in log] == ["handler_failed"] and log[0]["message"] == "evidence"
    finally:
        evidence_command.handle = kept


def test_sensors_that_fail_are_answered_and_given_back():
    for fault, code in (
        (errors.InterlockOpen("the diffuser is open"), errors.RC_BAD_STATE),
        (SensorFault("the LED driver reports a fault"), errors.RC_UNKNOWN),
    ):
        for name in ("burst", "monitor_baseline"):
            module = made()
            module.emitters.fault = fault
            assert asked(module, name) == {"rc": code, "rsn": str(fault)}
            assert module.busy == "" and module.burst is None
            assert module.emitters.lit_at(module.clock.now) == vocabulary.DARK


def test_an_answer_that_cannot_be_encoded_is_still_an_answer():
    module = made(evidence={"ratio": 0.5})
    _, answers, log = served(module, [request("evidence", {}), request("echo", {"d": "on"})])
    assert answers[0][1]["rc"] == errors.RC_UNKNOWN and "float" in answers[0][1]["rsn"]
    assert [event["event"] for event in log] == ["answer_failed"] and answers[1][1] == {"r": "on"}


def test_an_answer_too_long_for_a_packet_says_so():
    assert asked(made(), "echo", {"d": "x" * 4060}) == {"r": "x" * 4060}
    assert asked(made(evidence={"long": "x" * 5000}), "evidence")["rc"] == errors.RC_TOO_LONG


def test_where_memory_ends_while_an_answer_is_sent_one_is_still_sent():
    for after in (0, 3):
        module = made()
        count = [0]
        write = module.link.write

        def failing(data, count=count, write=write, after=after):
            count[0] += 1
            if count[0] == after + 1:
                raise MemoryError
            write(data)

        module.link.write = failing
        _, answers, log = served(module, [request("echo", {"d": "x" * 2000}), request("echo", {"d": "on"})])
        assert [answer.get("rc", answer.get("r")) for _, answer in answers] == [errors.RC_NO_MEMORY, "on"], after
        assert [event["event"] for event in log] == ["answer_failed"], log


def test_one_at_a_time_at_the_sensors_and_echo_in_between():
    module = made()
    _, answers, _ = served(
        module,
        [
            request("burst", {}, sequence=1),
            request("burst", {}, sequence=2),
            request("verify", {}, sequence=3),
            request("echo", {"d": "quick"}, sequence=4),
            5000,
        ],
    )
    by_sequence = {header.sequence: answer for header, answer in answers}
    assert [header.sequence for header, _ in answers] == [2, 3, 4, 1]
    assert by_sequence[2]["rc"] == by_sequence[3]["rc"] == errors.RC_BUSY and "burst" in by_sequence[2]["rsn"]
    assert by_sequence[4] == {"r": "quick"} and by_sequence[1]["id"] == 1 and module.busy == ""


def test_more_requests_than_it_holds():
    _, answers, _ = served(made(), [request("burst", {})] + [request("echo", {"d": "x"})] * 3 + [3000])
    assert len(answers) == 4
    many = b"".join([request("burst", {}, sequence=index) for index in range(8)])
    _, answers, _ = served(made(), [many, 3000])
    assert len(answers) == 8 and len([each for _, each in answers if each.get("rc") == errors.RC_BUSY]) == 7


def test_a_burst_is_fetched_in_pieces_and_given_up():
    module = made()
    taken = asked(module, "burst", {})
    assert taken["frames"] == list(vocabulary.FRAMES) and taken["meta"]["order"][0] == "dark"
    got = b""
    while len(got) < 76800:
        part = asked(module, "burst_part", {"id": taken["id"], "frame": "1050", "off": len(got)})
        assert part["off"] == len(got) and part["len"] == 76800
        got += part["data"]
    assert got == bytes(module.burst.frames["1050"])
    for fields in ({"id": 7, "frame": "850"}, {"id": 1, "frame": "green"}):
        assert asked(module, "burst_part", fields)["rc"] == errors.RC_NO_ENTRY
    for offset in (-1, 76800):
        assert asked(module, "burst_part", {"id": 1, "frame": "850", "off": offset})["rc"] == errors.RC_INVALID
    asked(module, "monitor_baseline")
    assert asked(module, "burst_part", {"id": 1, "frame": "850"})["rc"] == errors.RC_NO_ENTRY


def test_the_clock_is_read_and_set():
    module = made()
    assert asked(module, "datetime_read") == {"datetime": "2026-01-31T12:00:00"}
    assert asked(module, "datetime_write", {"datetime": "2028-02-29T23:59:58.123+00:00"}) == {}
    assert asked(module, "datetime_read") == {"datetime": "2028-02-29T23:59:58"}
    module.clock.seconds = 0
    assert asked(module, "datetime_read")["rc"] == errors.RC_BAD_STATE


def test_os_info_and_parameters():
    module = made()
    assert asked(module, "os_info", {"format": "on"}) == {"output": fakes.SERIAL + " Dermis"}
    assert asked(module, "os_info", {"format": "a"})["output"].endswith(" Dermis")
    assert asked(module, "parameters")["buf_size"] == smp.BUFFER_SIZE


def test_reset_is_answered_first():
    module = made()
    assert asked(module, "reset", {"force": 1}) == {}
    assert module.system.resets == 1


def test_ctrl_c_alone_gives_the_prompt_and_in_noise_does_not():
    for chunks in ([300, b"\r\x03"], [300, b"\r", b"\x03"], [300, b"\x03\r\x01"], [300, b"\x03"]):
        assert served(made(), chunks)[0] == PROMPT, chunks
    for chunks in ([300, b"a\x03"], [300, b"abc", b"\x03"], [b"\x06\x09AA\x03"], [300, b"\r\n"]):
        assert served(made(), chunks)[0] == CLOSED, chunks


def test_a_record_that_is_none_changes_nothing():
    module = made()
    module.storage.files["calibration.a"] = b"before"
    answer = asked(module, "calibration_write", {"off": 0, "len": 4, "data": b"none"})
    assert answer["rc"] == errors.RC_INVALID and module.storage.files == {"calibration.a": b"before"}
    state = asked(module, "calibration_state")
    assert "DRMCAL2" in state.pop("fault")
    assert state == {"calibrated": False, "hash": "", "created": "", "in_force": "", "records": []}
    assert asked(module, "calibration_read")["rc"] == errors.RC_NO_ENTRY
    assert asked(module, "calibration_read", {"slot": "factory"})["rc"] == errors.RC_NO_ENTRY


def test_records_are_written_read_and_chosen_over_the_wire():
    module = made()
    records = [
        synthetic.file(rights.DEVELOPMENT_KEY, serial=fakes.SERIAL, sensors=fakes.SENSORS, operator=name)
        for name in ("factory", "first", "second")
    ]
    for record, slot in zip(records, ("factory", "user", "user")):  # noqa: B905 - MicroPython's takes no keyword
        for at in range(0, len(record), 40000):
            fields = {"off": at, "len": len(record), "data": record[at : at + 40000], "slot": slot}
            store = module.calibration
            assert store.receive(fields["off"], fields["len"], fields["data"], slot) == min(at + 40000, len(record))
    again = {"off": 0, "len": 9, "data": b"", "slot": "factory"}
    assert "once" in asked(module, "calibration_write", again)["rsn"]
    assert "nobody" in asked(module, "calibration_write", dict(again, slot="nobody"))["rsn"]
    state = asked(module, "calibration_state")
    assert state["in_force"] == "user" and state["fault"] == ""
    assert [(entry["slot"], entry["operator"]) for entry in state["records"]] == [
        ("user", "second"),
        ("previous", "first"),
        ("factory", "factory"),
    ]
    for slot, record in (("", records[2]), ("previous", records[1]), ("factory", records[0])):
        part = asked(module, "calibration_read", {"off": 77000, "slot": slot})
        assert part["len"] == len(record) and part["data"] == record[77000 : 77000 + len(part["data"])]
    assert asked(module, "calibration_select", {"slot": "factory"})["in_force"] == "factory"
    assert asked(module, "identity")["calibration"] == synthetic.calibration.name_of(records[0])
    answer = asked(module, "calibration_select", {"slot": "previous"})
    assert answer["in_force"] == "user" and answer["records"][0]["operator"] == "first"
    assert "green" in asked(module, "calibration_select", {"slot": "green"})["rsn"]
    module.busy = "verify"
    assert asked(module, "calibration_select", {"slot": "user"})["rc"] == errors.RC_BUSY
    module.busy = ""
    module.storage.full = True
    answer = asked(module, "calibration_write", {"off": 0, "len": 5, "data": b"12345"})
    assert answer["rc"] == errors.RC_NO_MEMORY and "user record is in force" in answer["rsn"], answer


def test_a_burst_at_another_exposure():
    module = made()
    for exposure_us in (199, 20001, -1):
        assert asked(module, "burst", {"exposure_us": exposure_us})["rc"] == errors.RC_INVALID
    assert asked(module, "burst", {"exposure_us": 3000})["meta"]["exposure_us"] == 3000


def test_pieces_of_a_record_are_held_together():
    module = made()
    store = module.calibration
    assert store.receive(0, 10, b"abc") == 3
    assert store.receive(3, 10, b"def") == 6
    assert store.receive(3, 10, b"def") == 6  # a repeated request
    for offset, total, data in ((7, 10, b"x"), (6, 11, b"x"), (6, 10, b"12345"), (-1, 10, b"x")):
        try:
            store.receive(offset, total, data)
        except BadInput:
            continue
        raise AssertionError((offset, total, data))
    assert store.receive(0, 5, b"ab") == 2  # anew


def test_without_record_or_model_there_is_no_decision():
    module = made()
    answer = asked(module, "verify", {"nonce": b"n"})
    assert (answer["verdict"], answer["reasons"]) == ("no_decision", ["not_calibrated"]) and answer["nonce"] == b"n"
    module.calibration.record = fakes.FakeRecord()
    answer = asked(module, "verify")
    assert (answer["verdict"], answer["reasons"]) == ("no_decision", ["sensor_fault"])
    assert "model" in answer["evidence"]["fault"] and answer["bursts"] == 0
    assert asked(module, "evidence")["evidence"] == answer["evidence"]


def test_the_self_test_names_what_fails():
    module = made()
    answer = asked(module, "selftest")
    bad = sorted([check["name"] for check in answer["checks"] if not check["ok"]])
    assert bad == ["calibration", "model"] and not answer["ok"], answer
    module.swir.fault = SensorFault("the ADC does not answer")
    module.thermometer.fault = None
    module.storage.broken = True
    answer = asked(module, "selftest")
    bad = [check["name"] for check in answer["checks"] if not check["ok"]]
    assert "swir_1450" in bad and "storage" in bad and "light_850" not in bad
    for check in answer["checks"]:
        assert check["ok"] or check["todo"], check


def test_the_self_test_lists_the_drift_of_each_light():
    module = calibrated()
    module.calibration.record = fakes.FakeRecord(90)  # every light gives 10/9 of what it did
    module.calibration.record.monitor["970"] = module.calibration.record.monitor["970"] * 90 // 100
    answer = asked(module, "selftest")
    drifts = {check["name"]: check for check in answer["checks"] if check["name"].startswith("drift_")}
    assert sorted(drifts) == ["drift_1050", "drift_850", "drift_970", "drift_between", "drift_dots"]
    for name, ok in (("drift_850", True), ("drift_970", False), ("drift_between", False)):
        assert drifts[name]["ok"] == ok, drifts[name]
    assert 95 <= drifts["drift_850"]["value"] <= 127 and drifts["drift_850"]["high"] == 200
    lowest = [check["low"] for check in answer["checks"] if check["name"].startswith("swir_")]
    assert lowest == [320] * 5  # an LED that gives less than tab and window send back is dim, or dead
    assert drifts["drift_970"]["value"] > 200 and "calibrate again" in drifts["drift_970"]["todo"]


def test_the_self_test_says_that_the_accelerator_is_gone():
    class Gone:
        name, hash = "gone", "00"

        def sound(self):
            raise SensorFault("the Edge TPU does not answer; plug it in")

    answer = asked(made(model=Gone()), "selftest")
    [check] = [check for check in answer["checks"] if check["name"] == "model"]
    assert not check["ok"] and "plug it in" in check["todo"]


def test_watch_writes_verdicts_until_it_is_stopped():
    module = made()
    ended, answers, log = served(
        module,
        [
            request("watch", {"on": True, "period_ms": 100}, sequence=1),
            1000,
            request("verify", {}, sequence=2),
            50,
            request("watch", {"on": False}, sequence=3),
            50,
            request("verify", {}, sequence=4),
            1000,
        ],
    )
    by_sequence = {header.sequence: answer for header, answer in answers}
    verdicts = [event for event in log if event["event"] == "verdict"]
    assert ended == CLOSED and len(verdicts) >= 5
    assert verdicts[0]["verdict"] == "no_decision" and verdicts[0]["reasons"] == ["not_calibrated"]
    assert by_sequence[1] == {"on": True} and by_sequence[3] == {"on": False}
    assert by_sequence[2]["rc"] == errors.RC_BUSY and "watch" in by_sequence[2]["rsn"]
    assert by_sequence[4]["verdict"] == "no_decision" and module.watch is None and module.busy == ""


def test_a_watch_that_fails_says_so_and_gives_the_sensors_back():
    def lost(*_):
        raise KeyError("lost")

    module = made(model=object(), threshold=lost)
    module.calibration.record = fakes.FakeRecord()
    _, answers, log = served(
        module, [request("watch", {"on": True}), 1000, request("burst", {"lights": ["850"]}, sequence=2), 3000]
    )
    assert answers[0][1] == {"on": True} and answers[1][1]["frames"] == ["dark", "850"]
    assert [event["event"] for event in log] == ["watch_failed"] and "KeyError" in log[0]["trace"]
    assert module.watch is None and module.busy == ""
