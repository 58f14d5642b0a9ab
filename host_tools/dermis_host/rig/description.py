"""rig.toml: which module, and which instruments stand round it. docs/rig.md has the table of keys."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dermis_hw import toml

from dermis_host.errors import UsageError
from dermis_host.rig import kinds
from dermis_host.rig.contract import ROLES, Opener
from dermis_host.rig.keys import Keys

FORMAT, HIGHEST_FORMAT = 1, 1_000_000
HIGHEST_SEED = (1 << 31) - 1
NO_MODEM_LINES = "socket://"  # bytes and nothing else: no line that resets a chip into its loader
NO_FLASH = "cannot be true on {}: nothing resets a chip over it; use rfc2217:// or a tty"


@dataclass(frozen=True)
class RigDescription:
    """What a rig.toml says; nothing of it has been opened.

    source: the file, for sentences; "" of a port without one. port: "" where a twin is to be started, with `twin` as
    the options of `dermis_hw.twin.Twin`. openers: role -> what opens its instrument. simulated: the roles that the twin
    plays itself.
    """

    source: str
    name: str
    port: str = ""
    keyring: Path | None = None
    flash: bool = False
    twin: Mapping[str, Any] | None = None
    openers: Mapping[str, Opener] = field(default_factory=dict)
    simulated: tuple[str, ...] = ()

    def lacks(self, key: str) -> str:
        """The sentence that the file does not say that."""
        return f"{self.source} has no {key}." if self.source else f"A port alone has no {key}: a rig.toml can have it."

    def on(self, port: str) -> RigDescription:
        """The same rig, its module on another port, which a computer may name anew each time.

        Raises UsageError for a twin, which has its own, and for one that is to be flashed where nothing resets it.
        """
        if self.twin is not None:
            raise UsageError(f"{self.source} starts a twin, which has a port of its own: name no other.")
        if self.flash and port.startswith(NO_MODEM_LINES):
            raise UsageError(f"{self.source}: [module] flash {NO_FLASH.format(port)}.")
        return dataclasses.replace(self, port=port)


def of_port(port: str, keyring: Path | None = None) -> RigDescription:
    """A module on a port and nothing round it."""
    return RigDescription(source="", name=port, port=port, keyring=keyring)


def of_twin() -> RigDescription:
    """The twin: a rig with everything."""
    return RigDescription(source="the twin", name="twin", flash=True, twin={}, simulated=tuple(ROLES))


def load(path: Path) -> RigDescription:
    """The rig of that file; paths in it count from its folder. Raises UsageError with file and key of a mistake."""
    keys = Keys(_values(path), path)
    if (given := keys.whole("format", 0, HIGHEST_FORMAT, 0)) != FORMAT:
        raise keys.wrong("format", f"is {given or 'missing'}; these tools read format = {FORMAT}")
    name = keys.text("name", path.stem)
    module = keys.table("module")
    assert module is not None
    kind = module.choice("kind", ("port", kinds.TWIN), "port")
    keyring = module.path("keyring", "")
    if keyring is not None and not keyring.is_dir():
        raise module.wrong("keyring", f"names no folder ({keyring})")
    twin = _twin(module) if kind == kinds.TWIN else None
    port = "" if twin is not None else module.port()
    flash = twin is not None or module.flag("flash", False)
    if flash and port.startswith(NO_MODEM_LINES):
        raise module.wrong("flash", NO_FLASH.format(port))
    module.end()
    openers: dict[str, Opener] = {}
    simulated: list[str] = []
    for role in ROLES:
        table = keys.table(role, needed=False)
        if table is None:
            continue
        kind = table.text("kind")
        if kind != kinds.TWIN:
            openers[role] = kinds.read(role, kind, table)
        elif twin is None:
            raise table.wrong("kind", 'can be "twin" only where [module] has kind = "twin" as well')
        else:
            table.end()
            simulated.append(role)
    keys.end()
    return RigDescription(str(path), name, port, keyring, flash, twin, openers, tuple(simulated))


def _values(path: Path) -> dict[str, Any]:
    try:
        return toml.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"There is no {path}: docs/rig.md says how to write one.") from None
    except OSError as problem:
        raise UsageError(f"{path} cannot be read: {problem.strerror or problem}.") from None
    except (toml.TomlError, UnicodeDecodeError) as problem:
        raise UsageError(f"{path} is no TOML ({problem}): correct it.") from None


def _twin(module: Keys) -> dict[str, Any]:
    """The options of the twin that are to be other than its own."""
    from dermis_hw.module_instance import from_text

    from dermis_host.twin_access import scene_file

    options: dict[str, Any] = {}
    if scene := module.text("scene", ""):
        beside = module.folder / scene
        try:
            options["scene"] = scene_file(str(beside) if beside.suffix == ".toml" else scene)
        except UsageError as problem:
            raise module.wrong("scene", f"is none ({str(problem).rstrip('.')})") from None
    if drawn := module.text("module", ""):
        try:
            options["module"] = from_text(drawn)
        except ValueError as problem:
            raise module.wrong("module", f"is no module of the twin ({problem})") from None
    if not module.flag("swir", True):
        options["swir"] = False
    options["seed"] = module.whole("seed", 0, HIGHEST_SEED, 0)
    options["virtual_time"] = module.flag("virtual_time", False)
    return options
