"""Provisioning: a module gets its keys once, proves that it has them, and goes into the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dermis.core import access, release
from dermis.core import calibration as record_format
from dermis.core.errors import RC_ACCESS_DENIED

from dermis_host.access.keyring import Keyring
from dermis_host.access.sessions import Sessions
from dermis_host.answers import Posture
from dermis_host.calibration import record_file
from dermis_host.errors import AccessDenied, HostError, UsageError
from dermis_host.module import FACTORY, PREVIOUS, USER, Module

BENCH, FIELD, SERVICE = "bench", "field", "service"  # states of a module
# In this order a module that takes them has the same three slots afterwards: a user record pushes the one before it.
SLOTS = (FACTORY, PREVIOUS, USER)


class ForeignModule(HostError):
    """The module has keys, and they are not of this keyring."""


@dataclass(frozen=True)
class Records:
    """Calibration records of a module, signed anew for the time after its provisioning, by slot; and which was in
    force."""

    by_slot: Mapping[str, bytes]
    in_force: str


def check(keyring: Keyring, allow_development_key: bool = False) -> None:
    """That modules can be provisioned with it. Raises UsageError with what it lacks."""
    missing = [use for use in (*access.ROLES, access.VERDICT, access.STATION, access.OSDP) if not keyring.has(use)]
    if missing:
        raise UsageError(f"The keyring {keyring.path} has no key for {', '.join(missing)}: take the whole one.")
    if not keyring.update_keys:
        raise UsageError(f"The keyring {keyring.path} has no update key (update-1.pem): put the public key there.")
    if not allow_development_key:
        refuse_development_key(keyring.update_keys)


def refuse_development_key(update_keys: Sequence[bytes]) -> None:
    """Raises UsageError when everybody can sign by one of those keys (64 bytes each)."""
    if release.DEVELOPMENT_PUBLIC_KEY in update_keys:
        raise UsageError(
            "An update key is the development key, with which everybody can sign: make one with `dermis build "
            "--new-key FILE` for a new keyring, or add --allow-development-key for trials."
        )


def records_signed_anew(module: Module, keyring: Keyring) -> Records:
    """The module's records, which the development key signed, under the fleet's station key; the fields stay as they
    were. Raises HostError for one whose MAC is not right."""
    state = module.calibration_state()
    key = keyring.station_key(module.identity().serial)
    signed = {}
    for slot in SLOTS:
        if any(row["slot"] == slot for row in state.records):
            parsed = record_file.parse(
                module.calibration_record(slot), record_file.keys_of(), f"the module's {slot} record"
            )
            if not parsed.trusted:
                raise HostError(f"The module's {slot} record cannot be signed anew: its MAC is {parsed.mac}.")
            signed[slot] = record_format.encode(parsed.fields, key)
    return Records(signed, state.in_force)


def store_records(module: Module, records: Records) -> None:
    """Gives a provisioned module its records back and puts the one in force that was. Raises RequestFailed."""
    for slot, record in records.by_slot.items():
        module.store_calibration(record, slot=FACTORY if slot == FACTORY else USER)
    if records.in_force and module.calibration_state().in_force != records.in_force:
        module.calibration_select(records.in_force)


def give_keys(module: Module, keyring: Keyring) -> None:
    """Gives a module in its bench state its keys; both sides then prove every role's, and it restarts.

    Raises RequestFailed when it refuses them, HostError when it is not in its bench state, Impostor when it cannot
    prove what it was given.
    """
    serial, posture = module.identity().serial, module.posture()
    if posture.state != BENCH or posture.faults:
        why = posture.faults[0] if posture.faults else "only a module in its bench state takes them"
        raise HostError(f"The module {serial} cannot be given keys: {why.rstrip('.')}.")
    module.provision(
        installer=keyring.role_key(serial, access.INSTALLER),
        bench=keyring.role_key(serial, access.BENCH),
        service=keyring.role_key(serial, access.SERVICE),
        verdict=keyring.verdict_key(serial),
        station=[keyring.station_key(serial)],
        update=keyring.update_keys,
        osdp=keyring.osdp_key(serial),
        fleet=keyring.fleet,
    )
    prove(module, keyring)
    # What only this needed lies all over its heap, and whoever calibrates it now needs large pieces of that.
    module.reset()


def prove(module: Module, keyring: Keyring) -> None:
    """Opens a session of every role that the keyring has, and closes the last. Raises ForeignModule when the module's
    keys are not this keyring's, AccessDenied, Impostor."""
    sessions = Sessions(module.exchange, keyring)
    for role in access.ROLES:
        if keyring.has(role):
            try:
                sessions.open(role)
            except AccessDenied as refused:
                if refused.code != RC_ACCESS_DENIED:
                    raise
                raise ForeignModule(
                    f"The module has the keys of another keyring than {keyring.path}: name the one of its fleet."
                ) from None
    module.session_close()


def change_state(module: Module, state: str) -> Posture:
    """Brings the module into that state ("field" or "service"), from whichever it is in; returns its posture.

    Raises RequestFailed, AccessDenied.
    """
    before = module.posture().state
    if before == BENCH and state == SERVICE:
        module.state_change(FIELD)  # there is no other way out of the bench state
    if before != state:
        module.state_change(state)
    return module.posture()
