"""Settings, statistics, files, the audit log and bound verdicts as a module answers them."""

import asyncio
import hashlib

import fakes
import test_shared_server as server
from audit_reading import entries_of
from dermis.app import files, settings
from dermis.app import module as modules
from dermis.app.fields import taken
from dermis.app.handlers import handler_of
from dermis.app.heap import COUNTED
from dermis.core import audit_chain, binding, cbor, errors, profiles
from dermis.core import messages as tables

made, calibrated = server.made, server.calibrated


def asked(module, name, fields=None):
    """The answer to a request without the server around it, which test_shared_server looks at and which takes time."""

    async def answered():
        try:
            answer = await handler_of(name)(module, taken(tables.by_name(name), fields or {}))
        except errors.WireError as error:
            return {"rc": error.code, "rsn": error.reason}
        return cbor.loads(cbor.dumps(answer))

    return asyncio.run(answered())


def told(module):
    """(event, fields) of each audit entry."""
    return [(entry.event, entry.fields) for entry in entries_of(module.audit, fakes.SERIAL)]


def restarted(module):
    """The same storage under a module that starts anew."""
    drivers = fakes.drivers()
    drivers.storage.files = module.storage.files
    return modules.Module(drivers, dict(fakes.BOARD), None)


# Settings.


def test_every_setting_is_read_changed_kept_and_put_back():
    for name, value in (
        ("profile", "turnstile"),
        ("name", "door 7"),
        ("watch_period_ms", 500),
        ("verdict_expiry_s", 5),
    ):
        module = made()
        default = asked(module, "setting_read", {"name": name})["val"]
        assert asked(module, "setting_write", {"name": name, "val": str(value).encode()}) == {}
        assert asked(module, "setting_read", {"name": name}) == {"val": str(value).encode()}
        after = restarted(module)
        assert after.settings.get(name) == value and not after.settings.fault
        assert asked(after, "setting_delete", {"name": name}) == {}
        assert asked(after, "setting_read", {"name": name}) == {"val": default}
        assert restarted(after).settings.get(name) == settings.Settings(fakes.FakeStorage(), "border", None).get(name)


def test_settings_refuse_what_is_outside_their_table():
    module = made()
    for name, value in (
        ("profile", b"lax"),
        ("profile", b""),
        ("name", b"x" * 33),
        ("name", "tür".encode()),
        ("name", b"a\nb"),
        ("watch_period_ms", b"-1"),
        ("watch_period_ms", b"3600001"),
        ("watch_period_ms", b"1e3"),
        ("watch_period_ms", b"9" * 400),
        ("verdict_expiry_s", b"4"),
        ("verdict_expiry_s", b""),
        ("verdict_expiry_s", b"\xff\xfe"),
    ):
        answer = asked(module, "setting_write", {"name": name, "val": value})
        assert answer["rc"] == errors.RC_INVALID and answer["rsn"], (name, value)
    for name in ("keys", "", "../settings", "profile\0"):
        assert asked(module, "setting_write", {"name": name, "val": b"1"})["rc"] == errors.RC_NO_ENTRY
        assert asked(module, "setting_read", {"name": name})["rc"] == errors.RC_NO_ENTRY
        assert asked(module, "setting_delete", {"name": name})["rc"] == errors.RC_NO_ENTRY
    assert asked(module, "setting_read", {"name": "profile", "max_size": 2})["rc"] == errors.RC_TOO_LONG
    assert "settings" not in module.storage.files and told(module) == []


def test_a_laxer_profile_is_in_the_log_and_in_every_verdict():
    module = made()
    asked(module, "setting_write", {"name": "profile", "val": b"turnstile"})
    asked(module, "setting_write", {"name": "profile", "val": b"turnstile"})  # no change
    asked(module, "setting_delete", {"name": "profile"})
    change = {"name": "profile", "before": "border", "now": "turnstile", "laxer": True}
    back = {"name": "profile", "before": "turnstile", "now": "border", "laxer": False}
    assert told(module) == [("setting_changed", change), ("setting_changed", back)]
    asked(module, "setting_write", {"name": "profile", "val": b"payment"})
    assert (
        asked(module, "verify")["profile"] == "payment" and asked(restarted(module), "verify")["profile"] == "payment"
    )


def test_laxer_is_laxer_in_anything():
    assert profiles.laxer("turnstile", "border") and profiles.laxer("payment", "border")
    assert not profiles.laxer("border", "border")
    assert not profiles.laxer("border", "turnstile") and not profiles.laxer("turnstile", "attendance")


def test_the_profile_stays_while_a_verdict_is_made():
    module = made(busy="verify")
    answer = asked(module, "setting_write", {"name": "profile", "val": b"turnstile"})
    assert answer["rc"] == errors.RC_BUSY and module.profile.name == "border"


def test_settings_that_storage_loses_are_the_strict_ones_and_said():
    module = made()
    asked(module, "setting_write", {"name": "profile", "val": b"turnstile"})
    for harm in (b"", b"\x00", b"\xa1\x67profile\x63lax", b"\xff" * 600):
        module.storage.files["settings"] = harm
        after = restarted(module)
        assert after.profile.name == "border" and "defaults" in after.settings.fault, harm
        assert asked(after, "setting_write", {"name": "name", "val": b"x"}) == {} and not after.settings.fault
        assert restarted(after).settings.get("name") == "x"


def test_a_setting_that_storage_does_not_take_is_not_in_force():
    module = made()
    for flag, code in (("broken", errors.RC_UNKNOWN), ("full", errors.RC_NO_MEMORY)):
        setattr(module.storage, flag, True)
        answer = asked(module, "setting_write", {"name": "profile", "val": b"turnstile"})
        assert answer["rc"] == code and "stays border" in answer["rsn"]
        assert module.profile.name == "border" and module.settings.get("profile") == "border"
        setattr(module.storage, flag, False)


def test_a_watch_pauses_as_its_setting_says():
    async def looks(module):
        handle = handler_of("watch")
        await handle(module, taken(tables.by_name("watch"), {"on": True}))
        await module.clock.sleep_ms(10_400)
        await handle(module, taken(tables.by_name("watch"), {"on": False}))
        return module.statistics.fields("verdicts", module)["no_decision"]

    module = made()
    assert asyncio.run(looks(module)) == 53  # every 200 ms
    asked(module, "setting_write", {"name": "watch_period_ms", "val": b"1000"})
    assert asyncio.run(looks(module)) == 53 + 11


def test_the_name_is_the_node_of_os_info():
    module = made()
    assert asked(module, "os_info", {"format": "n"}) == {"output": fakes.SERIAL}
    asked(module, "setting_write", {"name": "name", "val": b"door-7"})
    assert asked(module, "os_info", {"format": "n"}) == {"output": "door-7"}


def test_what_a_setting_may_be_fits_its_file():
    module = made()
    for setting in settings.SETTINGS:
        value = {"profile": "attendance", "text": "x" * setting.high, "int": str(setting.high)}[setting.kind]
        asked(module, "setting_write", {"name": setting.name, "val": value.encode()})
    assert len(module.storage.files["settings"]) <= settings.LARGEST_FILE and not restarted(module).settings.fault


# Statistics.


def test_counters_count():
    module = made()
    assert server.asked(module, "statistics_list") == {"stat_list": ["link", "verdicts", "storage", "update", "heap"]}
    server.asked(module, "verify")
    server.asked(module, "setting_read", {"name": "nothing"})
    assert server.asked(module, "statistics", {"name": "verdicts"})["fields"] == {
        "bona_fide": 0,
        "attack": 0,
        "no_decision": 1,
    }
    link = server.asked(module, "statistics", {"name": "link"})["fields"]
    assert link["answered"] == 3 and link["refused"] == 1
    storage = server.asked(module, "statistics", {"name": "storage"})["fields"]
    assert storage["free_bytes"] > 0 and storage["audit_lost"] == 0 and storage["files"] == 0
    heap = server.asked(module, "statistics", {"name": "heap"})["fields"]
    assert set(heap) == {"size", "free", "largest"} and heap["size"] >= heap["free"] >= heap["largest"] >= 0
    assert not COUNTED or heap["largest"] > 0
    assert server.asked(module, "statistics", {"name": "nothing"})["rc"] == errors.RC_NO_ENTRY
    module.storage.broken = True
    assert server.asked(module, "statistics", {"name": "storage"})["rc"] == errors.RC_UNKNOWN


# Files.


def put(module, name, data, piece=1500, total=None):
    answer, off = {}, 0
    while True:
        answer = asked(
            module,
            "file_upload",
            {"name": name, "off": off, "data": data[off : off + piece], "len": len(data) if total is None else total},
        )
        if "rc" in answer or answer["off"] >= len(data):
            return answer
        off = answer["off"]


def test_a_file_goes_there_and_back():
    module, data = made(), bytes(range(256)) * 40
    assert put(module, "route.bin", data) == {"off": len(data)}
    assert asked(module, "file_status", {"name": "route.bin"}) == {"len": len(data)}
    whole = b""
    while len(whole) < len(data):
        piece = asked(module, "file_download", {"name": "route.bin", "off": len(whole)})
        assert piece["off"] == len(whole) and piece["len"] == len(data) and piece["data"]
        whole += piece["data"]
    assert whole == data
    assert asked(module, "file_download", {"name": "route.bin", "off": len(data)})["data"] == b""
    hashed = asked(module, "file_hash", {"name": "route.bin"})
    assert hashed["output"] == hashlib.sha256(data).digest() and hashed["len"] == len(data)
    part = asked(module, "file_hash", {"name": "route.bin", "off": 100, "len": 5000})
    assert part["output"] == hashlib.sha256(data[100:5100]).digest() and part["len"] == 5000
    assert told(module) == [("file_stored", {"name": "route.bin", "size": len(data)})]
    assert put(module, "route.bin", b"short") == {"off": 5}
    assert asked(module, "file_download", {"name": "route.bin"})["data"] == b"short"
    assert put(module, "route.bin", b"") == {"off": 0}
    assert asked(module, "file_status", {"name": "route.bin"})["rc"] == errors.RC_NO_ENTRY
    assert told(module)[-1] == ("file_removed", {"name": "route.bin", "size": 0})


def test_no_name_leaves_the_folder():
    module = made()
    module.storage.files["keys"] = b"secret"
    for name in (
        "",
        ".",
        "..",
        "../keys",
        "a/b",
        "/keys",
        "a\\b",
        ".hidden",
        "x" * 33,
        "a\0b",
        "a b",
        "ü",
        "٣",
        "x.new",
        "..%2fkeys",
    ):
        for message in ("file_download", "file_status", "file_hash"):
            answer = asked(module, message, {"name": name})
            assert answer["rc"] == errors.RC_INVALID, (message, name)
        assert put(module, name, b"x")["rc"] == errors.RC_INVALID, name
    for name in ("keys", "settings", "audit.0", "calibration.a"):  # plain names, and of no file but ours
        assert asked(module, "file_status", {"name": name})["rc"] == errors.RC_NO_ENTRY
    assert put(module, "keys", b"mine") == {"off": 4} and module.storage.files["keys"] == b"secret"


def test_files_have_their_bounds():
    module = made()
    assert put(module, "big", b"x", total=files.LARGEST_FILE + 1)["rc"] == errors.RC_TOO_LONG
    assert put(module, "big", b"x", total=-1)["rc"] == errors.RC_TOO_LONG
    for number in range(64):
        assert put(module, f"f{number}", b"x") == {"off": 1}  # each fills a block
    answer = put(module, "one-more", b"x")
    assert answer["rc"] == errors.RC_NO_MEMORY and "262144" in answer["rsn"]
    assert put(module, "f7", b"y") == {"off": 1}  # in its own place
    assert put(module, "f7", b"") == {"off": 0} and put(module, "one-more", b"x") == {"off": 1}


def test_a_lying_uploader_is_refused_and_the_file_stays():
    module = made()
    put(module, "a", b"old")
    upload = {"name": "a", "off": 0, "data": b"12", "len": 4}
    assert asked(module, "file_upload", upload) == {"off": 2}
    for wrong in ({"off": 3}, {"off": -1}, {"off": 2, "data": b"345"}, {"off": 2, "name": "b"}, {"off": 1 << 40}):
        request = dict(upload)
        request.update(wrong)
        assert asked(module, "file_upload", request)["rc"] == errors.RC_INVALID, wrong
    assert asked(module, "file_upload", upload) == {"off": 2}  # asked again
    other = {"name": "b", "off": 0, "data": b"x", "len": 2}
    assert asked(module, "file_upload", other) == {"off": 1}  # another begins; the first is forgotten
    upload["off"] = 2
    assert asked(module, "file_upload", upload)["rc"] == errors.RC_INVALID
    assert asked(module, "file_close") == {} and module.storage.staged == {}
    assert asked(module, "file_download", {"name": "a"})["data"] == b"old"
    upload.update({"off": 0, "data": b"12345"})
    assert asked(module, "file_upload", upload)["rc"] == errors.RC_INVALID  # more than it said


def test_storage_that_fails_under_a_file_is_said():
    module = made()
    put(module, "a", b"old")
    for flag, code in (("broken", errors.RC_UNKNOWN), ("full", errors.RC_NO_MEMORY)):
        setattr(module.storage, flag, True)
        assert put(module, "a", b"new")["rc"] == code
        setattr(module.storage, flag, False)
    assert asked(module, "file_download", {"name": "a"})["data"] == b"old"
    assert asked(module, "file_hash", {"name": "a", "type": "crc32"})["rc"] == errors.RC_NOT_SUPPORTED
    assert asked(module, "file_hash", {"name": "a", "off": 9})["rc"] == errors.RC_INVALID
    assert asked(module, "file_download", {"name": "a", "off": 4})["rc"] == errors.RC_INVALID


# The audit log over the wire, and bound verdicts.


def test_the_log_is_fetched_with_a_head_under_a_mac():
    module = made()
    asked(module, "setting_write", {"name": "name", "val": b"x"})
    nonce = b"n" * 32
    head = asked(module, "audit_head", {"nonce": nonce})
    plain = audit_chain.Head(**{name: head[name] for name in audit_chain.HEAD_FIELDS})
    assert audit_chain.head_holds(module.keys.verdict(), fakes.SERIAL, nonce, plain, head["mac"])
    assert not audit_chain.head_holds(module.keys.verdict(), fakes.SERIAL, b"other", plain, head["mac"])
    assert (head["first"], head["next"], head["lost"]) == (0, 1, 0)
    answer = asked(module, "audit_read", {"off": 0})
    entry = next(audit_chain.split(answer["entries"]))[0]
    assert answer["next"] == 1 and audit_chain.link(head["before"], entry) == head["hash"]
    assert asked(module, "audit_head", {"nonce": b"n" * 33})["rc"] == errors.RC_INVALID
    assert asked(module, "audit_read", {"off": -1})["rc"] == errors.RC_INVALID
    module.storage.broken = True
    assert asked(module, "audit_read", {"off": 0})["rc"] == errors.RC_UNKNOWN


def test_asking_for_the_head_without_end_wears_nothing_out():
    module = made()
    for _ in range(40):
        module.audit.verdict("bona_fide", [])
        asked(module, "audit_head")
    assert module.audit.written == audit_chain.EVENTS["verdicts"]


def test_the_clock_and_a_failed_self_test_are_noted():
    module = made()
    asked(module, "datetime_write", {"datetime": "2026-01-31T12:00:00"})
    asked(module, "selftest")
    events = told(module)
    assert events[0] == ("clock_set", {"before": 1769860800})
    assert events[1][0] == "self_test_failed" and "calibration" in events[1][1]["checks"]


def test_records_are_noted():
    module = calibrated()
    asked(module, "calibration_select", {"slot": "user"})
    assert told(module)[-1] == ("calibration_selected", {"slot": "user", "in_force": module.calibration.hash()})


def bound_facts(answer):
    facts = dict(answer)
    facts.update(answer["bound"])
    return facts


def test_a_verdict_is_bound_to_all_that_a_terminal_acts_on():
    module = made()
    nonce, transaction = b"n" * 32, b"passage 4711"
    answer = asked(module, "verify", {"nonce": nonce, "transaction": transaction})
    bound, key = answer["bound"], module.keys.verdict()
    assert (bound["serial"], bound["transaction"], answer["nonce"]) == (fakes.SERIAL, transaction, nonce)
    assert bound["time"] == 1769860800 and bound["expires_s"] == 30 and bound["box"] == []
    assert binding.check(key, bound_facts(answer), bound["mac"])
    assert not binding.check(b"k" * 32, bound_facts(answer), bound["mac"])
    for name in binding.FIELDS:
        facts = bound_facts(answer)
        value = facts[name]
        if isinstance(value, int):
            facts[name] = value + 1
        elif isinstance(value, list):
            facts[name] = value + value + ["x"]
        else:
            facts[name] = value + value[:1] + (b"x" if isinstance(value, bytes) else "x")
        assert not binding.check(key, facts, bound["mac"]), name
    facts = bound_facts(answer)
    del facts["profile"]
    try:
        binding.check(key, facts, bound["mac"])
    except errors.BadInput as error:
        assert "profile" in str(error)
    else:
        raise AssertionError("a verdict without a profile was checked")
    for name in ("nonce", "transaction"):
        assert asked(module, "verify", {name: b"x" * 33})["rc"] == errors.RC_INVALID


def test_the_face_of_the_last_burst_is_bound():
    from dermis.app.bound_verdict import bound

    module = made()
    answer = asked(module, "verify")
    answer["evidence"] = {"face_box_px": [10, 20, 110, 140], "distance_mm": 451}
    found = bound(module, answer, b"")
    assert (found["box"], found["distance_mm"]) == ([10, 20, 110, 140], 451)


def test_without_keys_a_verdict_stands_unbound_and_a_head_unsigned():
    module = made()
    module.keys.refuse("the keys are damaged")
    answer = asked(module, "verify")
    assert answer["verdict"] == "no_decision" and answer["bound"]["mac"] == b""
    assert asked(module, "audit_head")["mac"] == b""


def test_every_right_of_a_setting_is_that_of_the_message():
    right = tables.by_name("setting_write").right
    assert [setting.right for setting in settings.SETTINGS] == [right] * len(settings.SETTINGS)
