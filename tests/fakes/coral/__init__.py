"""A simulated Linux board with DM1's lights' board on it, for the Coral's drivers: `installed(machine)`.

No Coral was met: what is modelled is what the kernel's documentation and the packages' own say; each file names it.
"""

from tests.fakes.coral.install import installed, run
from tests.fakes.coral.machine import Machine

__all__ = ["Machine", "installed", "run"]
