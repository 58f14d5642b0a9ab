"""`main.py` of the boot partition."""

from dermis.first_stage import start

start.main()
