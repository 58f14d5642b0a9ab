"""A module that may be flashed, updated and given keys: another twin, or the rig's own board where that is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from dermis.core import manifest
from dermis_host.building import signed, signing
from dermis_host.flashing.stand_in import WORD
from dermis_host.rig import Rig, of_twin, open_rig

FACE = "dermis_hw.twin.synthetic:face"
LATER = "0.9.0"


@dataclass(frozen=True)
class Spare:
    """rig: whose module it is. folder: what `dermis build` made for it. runtime: MicroPython for it.
    key: what the build was signed with, or None where nobody named it."""

    rig: Rig
    folder: Path
    runtime: str
    key: signing.SigningKey | None

    def image(self) -> Path:
        """The signed image of the build."""
        (image,) = self.folder.glob("*.img")
        return image

    def later(self, folder: Path, version: str = LATER) -> Path:
        """The same body under a later version, signed: as an update it is another image."""
        if self.key is None:
            pytest.skip("Name the key that the build was signed with: --updates-key.")
        data = self.image().read_bytes()
        read = signing.file_image(data)
        stated = dict(zip(manifest.FIELDS, read.manifest, strict=True))
        body = data[read.body_offset : read.body_offset + read.body_size]
        fields = manifest.encode({**stated, "version": version})
        path = folder / "later.img"
        path.write_bytes(signed(body, fields, read.security_counter, version, self.key))
        return path


def spare(rig: Rig, config: pytest.Config, built_folder: Path, folder: Path) -> Iterator[Spare]:
    """For the fixture."""
    if rig.virtual:
        with open_rig(of_twin(), folder, provider=FACE, blank=True) as twin:
            yield Spare(twin, built_folder, WORD, signing.development_key())
        return
    firmware, runtime, key = (config.getoption(name) for name in ("firmware", "runtime", "updates_key"))
    if not (firmware and runtime):
        pytest.skip("Name what to flash: --firmware DIR (of `dermis build`) and --runtime FILE (MicroPython's).")
    yield Spare(rig, Path(firmware), runtime, signing.load_key(Path(key)) if key else None)
