"""Where DM1 may stand: the limits that eye safety, power and the documentation share (design; nothing measured)."""

from __future__ import annotations

COLDEST_C, HOTTEST_C = 0.0, 50.0  # of the air around the housing
SUPPLY_V = (10.8, 13.2)  # 12 V of a terminal
