"""The module's state in storage: bench, field or service. What cannot be read is the field, never the bench.

The file `state` holds one of three notes. There is none on a module that was never provisioned; that one is in the
bench state because it has no keys either. The note is written before the keys are, so that a cut of power in a
provisioning leaves a module in the bench state without keys, or with all of them.
"""

from __future__ import annotations

from dermis.app import rights
from dermis.drivers.storage import EIO, ENOENT

FILE = "state"
NOTES = {b"bench\n": rights.BENCH_STATE, b"field\n": rights.FIELD_STATE, b"service\n": rights.SERVICE_STATE}
LONGEST_NOTE = 16  # more is none

LOST = "the note of the module's state is lost or damaged, so it is in the field; a service session sets it again"
KEYLESS = "the module was in the field and has lost its keys; erase the data partition with the flasher, provision anew"


def loaded(storage, keys):
    """(state, fault): what the module starts in, and what is wrong with its note, or "".

    keys: `Keys`; in the field without any, the development keys are withdrawn from it.
    """
    known = keys.provisioned or keys.fault
    try:
        note = bytearray(LONGEST_NOTE)
        state = NOTES.get(bytes(note[: storage.read_into(FILE, note)]))
    except OSError as error:
        if error.errno == ENOENT and not known:
            return rights.BENCH_STATE, ""
        state = None
    if not keys.provisioned and not keys.fault and state != rights.BENCH_STATE:
        keys.refuse(KEYLESS)
    if state is None:
        return rights.FIELD_STATE, LOST
    if keys.fault:
        return (rights.FIELD_STATE if state == rights.BENCH_STATE else state), ""
    return state, ""


def store(storage, state):
    """Note the state. Raises OSError; the note is then the old one or the new one."""
    for note in NOTES:
        if NOTES[note] == state:
            storage.write(FILE, note)
            back = bytearray(LONGEST_NOTE)
            if bytes(back[: storage.read_into(FILE, back)]) != note:
                raise OSError(EIO, FILE)
