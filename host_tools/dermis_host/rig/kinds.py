"""From the word `kind` of a rig.toml to the class that it names: one of ours, or somebody else's."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import pkgutil
from typing import Any

from dermis_host.rig import instruments
from dermis_host.rig.contract import ROLES
from dermis_host.rig.keys import Keys

TWIN = "twin"  # of every role: the simulated one, of the twin that [module] starts


def names() -> list[str]:
    """The kinds that ship, by their files; `twin` is among them."""
    return sorted(found.name for found in pkgutil.iter_modules(instruments.__path__))


def read(role: str, kind: str, keys: Keys) -> Any:
    """What opens the instrument of that kind, made of its keys.

    Raises UsageError when there is no such kind, when it is none for this role, or when a key is wrong.
    """
    found = _class(kind, keys)
    lacking = [name for name in _methods(ROLES[role]) if not callable(getattr(found, name, None))]
    if lacking:
        raise keys.wrong("kind", f"{kind} is none for [{role}]: it lacks {', '.join(lacking)}")
    if not callable(getattr(found, "read", None)):
        raise keys.wrong("kind", f"{kind} lacks the class method read(keys): docs/rig.md has an example")
    opener = found.read(keys)
    keys.end()
    return opener


def _class(kind: str, keys: Keys) -> Any:
    if ":" in kind:
        package, _, name = kind.partition(":")
    else:
        if kind not in names():
            near = difflib.get_close_matches(kind, names(), n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names())}"
            raise keys.wrong("kind", f"{kind!r} is none that ships ({hint}), and no package.module:Class")
        package, name = f"{instruments.__name__}.{kind}", _class_name(kind)
    try:
        return getattr(importlib.import_module(package), name)
    except (Exception, SystemExit) as problem:  # noqa: BLE001 - somebody else's file may raise or end what it likes
        raise keys.wrong("kind", f"{kind} cannot be imported ({problem}): is it installed, is it spelt so?") from None


def _class_name(kind: str) -> str:
    """scpi_power -> ScpiPower."""
    return "".join(part.capitalize() for part in kind.split("_"))


def _methods(contract: type) -> list[str]:
    """What a contract asks for, its bases' included."""
    return [name for name in dir(contract) if not name.startswith("_") and callable(getattr(contract, name))]
