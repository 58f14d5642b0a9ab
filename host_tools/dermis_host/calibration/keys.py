"""The key that a station signs calibration records with, and those that records are checked with."""

from __future__ import annotations

from dataclasses import dataclass, field

from dermis.core import calibration as record_format
from dermis.core.access import DEVELOPMENT_KEY, STATION

from dermis_host.access.keyring import Keyring
from dermis_host.errors import UsageError
from dermis_host.module import Module

__all__ = ("DEVELOPMENT_KEY", "StationKeys")


@dataclass(frozen=True)
class StationKeys:
    """given: a key that was named itself (--key), or None. keyring: of the fleet, or None; each module has a key of
    its own then."""

    given: bytes | None = field(default=None, repr=False)
    keyring: Keyring | None = None

    def known(self, serial: str) -> dict[bytes, bytes]:
        """{key id: key} that a record of that module may be signed with; the development key among them."""
        keys = [DEVELOPMENT_KEY]
        if self.given is not None:
            keys.append(self.given)
        if self.keyring is not None and self.keyring.has(STATION):
            keys.append(self.keyring.station_key(serial))
        return {record_format.key_id(key): key for key in keys}

    def signing(self, module: Module) -> bytes:
        """The key for a record that this module is to take: the one given; else its fleet's once it was provisioned,
        and the development key before. Raises UsageError where there is none."""
        if self.given is not None:
            return self.given
        if not module.posture().provisioned:
            return DEVELOPMENT_KEY
        if self.keyring is None:
            raise UsageError(
                "The module was provisioned and takes records of its fleet's stations only: name the keyring with "
                "--keyring, or a station's key with --key."
            )
        return self.keyring.station_key(module.identity().serial)
