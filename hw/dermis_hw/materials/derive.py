"""Make the derived tables under `data/` from the published spectra.

    python -m dermis_hw.materials.derive --data ../shared/data

The published files stay where they are; what is written here are averages, principal components and subsampled
figures with their source named in each header. The rule that parts development from held-out is fixed: of the
columns in file order, positions 0, 2, 4, ... are development, positions 1, 3, 5, ... are held out.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

import numpy as np

from dermis_hw.materials.grid import GRID_NM, SPECULAR_IN_NIST

COMMAND = "python -m dermis_hw.materials.derive --data ../shared/data"
COMPONENTS = 8  # leave less than NIST's own repeatability (about .005) unexplained
_HERE = Path(__file__).parent / "data"

NIST = (
    "Cooksey, Allen, Tsai, Reference data set and variability study for human skin reflectance,"
    " J. Res. NIST 122.026 (2017), doi:10.18434/M38597. Data by the National Institute of Standards and Technology,"
    " United States Department of Commerce; US Government open data, attribution asked for. No endorsement by NIST."
)
USGS = (
    "Kokaly et al., USGS Spectral Library Version 7, U.S. Geological Survey Data Series 1035 (2017),"
    " doi:10.5066/F7RR1WDJ. Data by the U.S. Geological Survey; US public domain. No endorsement by the USGS."
)
REFRACTIVE = (
    "refractiveindex.info database (CC0). Water: Kedenburg et al. 2012, doi:10.1364/OME.2.001588, to 1600 nm and"
    " Segelstein 1981 beyond. PDMS 10:1, PMMA, polycarbonate, PET: Zhang et al. 2020, doi:10.1364/AO.383831."
)


def read_columns(path: Path) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Wavelengths (n,), column names, values (n, columns) of a published table; empty cells are NaN."""
    with open(path, newline="") as file:
        rows = list(csv.reader(file))
    values = np.array([[float(cell) if cell else np.nan for cell in row] for row in rows[1:]])
    return values[:, 0], rows[0][1:], values[:, 1:]


def onto_grid(wavelength_nm: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Columns at `GRID_NM`, averaged over one grid step, gaps bridged by a straight line.

    The average keeps noise between the grid's points from being taken for a spectrum.
    """
    step = float(GRID_NM[1] - GRID_NM[0])
    offsets = np.array([-0.5, -0.25, 0.0, 0.25, 0.5]) * step
    weights = np.array([1.0, 2.0, 2.0, 2.0, 1.0]) / 8.0
    out = np.empty((len(GRID_NM), values.shape[1]))
    for column in range(values.shape[1]):
        there = ~np.isnan(values[:, column])
        out[:, column] = sum(
            weight * np.interp(GRID_NM + offset, wavelength_nm[there], values[there, column])
            for offset, weight in zip(offsets, weights, strict=True)
        )
    return out


def absorption_per_cm(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Wavelength in nm and absorption coefficient 4 pi k / wavelength in 1/cm of a refractiveindex.info file."""
    rows = []
    kind = ""
    for line in path.read_text().splitlines():
        if "type:" in line:
            kind = line.split("type:")[1].strip()
        cells = line.split()
        if kind not in ("tabulated k", "tabulated nk") or len(cells) not in (2, 3):
            continue
        try:
            rows.append((float(cells[0]) * 1000.0, float(cells[-1])))
        except ValueError:
            continue  # a key of the YAML, not a row of its table
    table = np.array(rows)
    return table[:, 0], 4.0 * np.pi * table[:, 1] / (table[:, 0] * 1e-7)


def skin_tables(source: Path) -> dict[str, tuple[list[str], list[str], np.ndarray]]:
    wavelength, names, values = read_columns(source)
    diffuse = onto_grid(wavelength, values) - SPECULAR_IN_NIST
    development, held_out = diffuse[:, 0::2], diffuse[:, 1::2]
    logs = np.log(development)
    mean = logs.mean(axis=1)
    left, singular, right = np.linalg.svd(logs - mean[:, None], full_matrices=False)
    # A component is scaled to one standard deviation of the subjects, its sign fixed by its largest element.
    scale = singular[:COMPONENTS] / np.sqrt(logs.shape[1] - 1)
    signs = np.sign(left[np.abs(left[:, :COMPONENTS]).argmax(axis=0), np.arange(COMPONENTS)])
    components = left[:, :COMPONENTS] * scale * signs
    scores = (right[:COMPONENTS] * np.sqrt(logs.shape[1] - 1) * signs[:, None]).T
    heading = [f"Source: {NIST}", f"Specular {SPECULAR_IN_NIST} taken off: diffuse reflectance factor."]
    pcs = [f"pc{n + 1}" for n in range(COMPONENTS)]
    numbers = np.array([[float(name.split("_")[1])] for name in names[0::2]])
    return {
        "skin.csv": (
            [*heading, "Development half: mean and principal components of ln(reflectance), 1 sd each."],
            ["wavelength_nm", "mean", *pcs],
            np.column_stack([GRID_NM, mean, components]),
        ),
        "skin_scores.csv": (
            [*heading, "Development half: each subject's scores on the components of skin.csv."],
            ["subject", *pcs],
            np.column_stack([numbers, scores]),
        ),
        "held_out/skin.csv": (
            [*heading, "HELD-OUT half: for tests only, never for training."],
            ["wavelength_nm", *names[1::2]],
            np.column_stack([GRID_NM, held_out]),
        ),
    }


def manmade_tables(source: Path) -> dict[str, tuple[list[str], list[str], np.ndarray]]:
    wavelength, names, values = read_columns(source)
    grid = np.clip(onto_grid(wavelength, values), 0.0, 1.0)
    heading = [f"Source: {USGS}", "Channels that the library deleted are bridged by a straight line."]
    out = {}
    for first, file, text in (
        (0, "manmade.csv", "Development half."),
        (1, "held_out/manmade.csv", "HELD-OUT half: for tests only, never for training."),
    ):
        columns = ["wavelength_nm", *names[first::2]]
        out[file] = ([*heading, text], columns, np.column_stack([GRID_NM, grid[:, first::2]]))
    return out


def absorption_table(folder: Path) -> tuple[list[str], list[str], np.ndarray]:
    def at_grid(name: str) -> np.ndarray:
        wavelength, alpha = absorption_per_cm(folder / name)
        return np.interp(GRID_NM, wavelength, alpha)

    water = np.where(GRID_NM <= 1600.0, at_grid("H2O__Kedenburg.yml"), at_grid("H2O__Segelstein.yml"))
    columns = {
        "water": water,
        "pdms": at_grid("polydimethylsiloxane__Zhang-10-1.yml"),
        "pmma": at_grid("poly_methyl_methacrylate___Zhang-Mitsubishi.yml"),
        "polycarbonate": at_grid("polycarbonate__Zhang.yml"),
        "pet": at_grid("polyethylene_terephthalate__Zhang.yml"),
    }
    heading = [f"Source: {REFRACTIVE}", "Absorption coefficient, 1/cm."]
    return heading, ["wavelength_nm", *columns], np.column_stack([GRID_NM, *columns.values()])


def tables(data: Path) -> dict[str, tuple[list[str], list[str], np.ndarray]]:
    """File name under `data/` -> (heading, columns, values), from the folder of published files.

    Raises FileNotFoundError when one of them is missing.
    """
    return {
        **skin_tables(data / "skin_nist.csv"),
        **manmade_tables(data / "materials_usgs.csv"),
        "absorption.csv": absorption_table(data / "optics"),
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__ or "")
    parser.add_argument("--data", type=Path, required=True, help="folder of the published files")
    parser.add_argument("--out", type=Path, default=_HERE, help="where to write (default: this package's data/)")
    chosen = parser.parse_args(arguments)
    try:
        made = tables(chosen.data)
    except FileNotFoundError as error:
        print(f"{error.filename} is missing: give --data the folder that holds the published spectra", file=sys.stderr)
        return 1
    for name, (heading, columns, values) in made.items():
        path = chosen.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "w", newline="\n") as file:
            file.writelines(f"# {line}\n" for line in [*heading, f"Made by: {COMMAND}"])
            file.write(",".join(columns) + "\n")
            file.writelines(f"{row[0]:g}," + ",".join(f"{cell:.4g}" for cell in row[1:]) + "\n" for row in values)
        print(f"{path.name}: {values.shape[0]} rows of {values.shape[1] - 1}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
