"""`boot.py` of the boot partition: every emitter dark, before anything else."""

from dermis.boot import darken
from dermis.first_stage.start import hardware_file

darken(hardware_file())
