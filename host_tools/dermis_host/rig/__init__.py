"""Rigs: a module and what stands round it, from a rig.toml (docs/rig.md).

with open_rig(load(Path("rig.toml")), Path("build/rig")) as rig:
    rig.power_cycle()
"""

from dermis_host.rig.contract import (
    Faults,
    Instrument,
    LightSource,
    LockObserver,
    Opener,
    PowerSwitch,
    RigError,
    Targets,
)
from dermis_host.rig.description import RigDescription, load, of_port, of_twin
from dermis_host.rig.keys import Keys
from dermis_host.rig.rig import CAPABILITIES, Rig, open_rig

__all__ = [
    "CAPABILITIES",
    "Faults",
    "Instrument",
    "Keys",
    "LightSource",
    "LockObserver",
    "Opener",
    "PowerSwitch",
    "Rig",
    "RigDescription",
    "RigError",
    "Targets",
    "load",
    "of_port",
    "of_twin",
    "open_rig",
]
