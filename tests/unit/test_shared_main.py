"""The composition root when things go wrong: dark, said, and never left at the prompt."""

import json

import fakes
from audit_reading import entries_of
from dermis import main as entry
from dermis.app.module import Module
from dermis.app.server import Server
from dermis.core import vocabulary
from dermis.core.errors import BadInput


def ran(module):
    """(exception that ended `main`, log events)."""
    kept, entry.compose = entry.compose, lambda: module
    module.link.written = bytearray()
    ended = None
    try:
        entry.main()
    except (MemoryError, SystemExit) as error:
        ended = error
    finally:
        entry.compose = kept
    lines = bytes(module.link.written).split(b"\n")
    return ended, [json.loads(line)["event"] for line in lines if line.startswith(b"{")]


def lit_module():
    module = Module(fakes.drivers(), dict(fakes.BOARD), None)
    module.emitters.pulse("dots", 256, 200000)
    return module


def dark(module):
    return module.emitters.lit_at(module.clock.now) == vocabulary.DARK


def test_a_link_that_closes_ends_it_in_the_dark():
    module = lit_module()
    ended, events = ran(module)
    assert isinstance(ended, SystemExit) and ended.args[0] == 0 and events == ["boot"] and dark(module)
    assert not module.link.released and module.system.resets == 0


def test_the_prompt_is_left_in_the_dark():
    module = lit_module()
    module.link.incoming = [300, b"\x03"]
    ended, events = ran(module)
    assert ended is None and events == ["boot", "prompt"] and module.link.released and dark(module)


def test_a_server_that_fails_is_logged_and_restarted():
    module = lit_module()

    async def fails(_buffer):
        raise MemoryError

    module.link.read = fails
    ended, events = ran(module)
    assert isinstance(ended, MemoryError) and events == ["boot", "server_failed"]
    assert module.system.resets == 1 and dark(module) and not module.link.released


def test_bytes_that_may_ask_for_the_prompt_are_not_kept():
    """Endless carriage returns without a pause must not fill the memory."""
    server = Server(lit_module())
    server._module.clock.now = 1000000
    for _ in range(50):
        assert not server._prompt_asked(b"\r\x01\x02\x04" * 128)
        server._module.clock.now += 1000
    assert not [name for name in dir(server) if isinstance(getattr(server, name), (bytes, bytearray))]
    assert server._prompt_asked(b"\x03")


def test_a_board_file_that_lacks_something_is_named():
    board = dict(fakes.BOARD)
    del board["focal_px_q8"]
    kept = entry.read_board, entry.drivers_of
    entry.read_board, entry.drivers_of = lambda _path: board, lambda _board: fakes.drivers()
    try:
        entry.compose()
    except BadInput as error:
        assert "focal_px_q8" in str(error) and "flasher" in str(error)
    else:
        raise AssertionError("a board file without a focal length was taken")
    finally:
        entry.read_board, entry.drivers_of = kept


def test_too_little_memory_to_start_is_said_and_never_ends_at_the_prompt():
    kept = entry.compose

    def does_not_fit():
        raise MemoryError("memory allocation failed, allocating 76800 bytes")

    entry.compose = does_not_fit
    try:
        entry.main()
    except SystemExit as error:
        assert error.args[0] == entry.FAILED
    else:
        raise AssertionError("it went on without a module")
    finally:
        entry.compose = kept


def test_whatever_a_start_meets_it_never_ends_at_the_prompt():
    """Where the module is composed, and where it says that it is."""
    kept = entry.compose

    def fails():
        raise OSError(5, "no flash")

    entry.compose = fails
    try:
        entry.main()
    except SystemExit as error:
        assert error.args[0] == entry.FAILED
    else:
        raise AssertionError("it went on without a module")
    finally:
        entry.compose = kept
    module = lit_module()

    def does_not_fit():
        raise MemoryError

    module.system.reset_cause = does_not_fit
    ended, events = ran(module)
    assert isinstance(ended, MemoryError) and events == ["boot", "server_failed"]
    assert module.system.resets == 1 and dark(module) and not module.link.released


def restarted(module):
    drivers = fakes.drivers()
    drivers.storage.files = module.storage.files
    return Module(drivers, dict(fakes.BOARD), None)


def test_a_start_is_noted_with_what_was_given_up_for_it():
    module = lit_module()
    given_up = ["0.2.0", "watchdog"]
    entry.note_boot(module, {})
    module.audit.note("update_tested", version="0.2.0")
    entry.note_boot(module, {"testing": True})
    module = restarted(module)
    entry.note_boot(module, {"testing": False, "given_up": given_up})
    entry.note_boot(module, {"testing": False, "given_up": given_up})  # told once
    told = entries_of(module.audit, fakes.SERIAL)
    assert [each.event for each in told] == ["boot", "update_tested", "boot", "update_reverted", "boot", "boot"]
    assert told[2].fields["testing"] and not told[4].fields["testing"]
    assert told[3].fields == {"version": "0.2.0", "why": "watchdog"}
    assert told[0].fields["profile"] == "border" and told[0].fields["cause"]


def test_an_update_that_was_confirmed_is_not_given_up():
    module = lit_module()
    for event in ("update_tested", "update_confirmed"):
        module.audit.note(event, version="0.2.0")
    module = restarted(module)
    entry.note_boot(module, {"given_up": ["0.1.5", "crash"]})
    assert [each.event for each in entries_of(module.audit, fakes.SERIAL)][-1] == "boot"


def test_the_watchdog_is_fed_while_it_serves_and_far_away_at_the_prompt():
    module = lit_module()
    ran(module)
    assert module.system.watchdog_ms == entry.WATCHDOG_MS and module.system.fed == 1
    module = lit_module()
    module.link.incoming = [300, b"\x03"]
    ran(module)
    assert module.system.watchdog_ms == entry.PROMPT_WATCHDOG_MS
