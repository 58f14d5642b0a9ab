"""What all tables of this room share: the wavelengths they stand at, the specular part of NIST's figures, reading."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np

# 700 nm tells a skin's tone; the 1550 nm LED's spectrum ends below 1700 nm.
GRID_NM = np.arange(700.0, 1751.0, 6.0)

# NIST measured with the specular part included; that of skin (n = 1.4) is about .026.
SPECULAR_IN_NIST = 0.026

DATA = Path(__file__).parent / "data"


@cache
def read_table(name: str) -> tuple[list[str], np.ndarray]:
    """Columns and values (rows, columns) of a table under `data/`; lines that start with # are its heading."""
    with open(DATA / name, newline="") as file:
        rows = list(csv.reader(line for line in file if not line.startswith("#")))
    values = np.array(rows[1:], dtype=float)
    values.flags.writeable = False
    return rows[0], values


def column(table: str, name: str) -> np.ndarray:
    """One column of a table that stands on `GRID_NM`, by name."""
    names, values = read_table(table)
    return values[:, names.index(name)]
