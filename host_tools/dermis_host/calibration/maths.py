"""Calibration maths on recorded bursts: arrays in, values out, no module needed.

Linear counts: 0-65535 of full scale, black level taken off.
"""

from __future__ import annotations

import functools
import math
from array import array
from collections.abc import Sequence

import numpy as np
from dermis.core import burst, reflectance, vocabulary
from dermis.core.calibration import FLAT_COLUMNS, FLAT_ROWS, FLAT_STEP, MONITOR_LIGHTS

FULL_SCALE = 65535
CODES = 256
# The dark frame's lower part: read noise below zero is clipped to the black level, so its floor is the level itself.
BLACK_QUANTILE = 0.05
FLAT_BLOCK = 10  # px; blocks of 100 pixels average shot noise to a tenth before the fit
FLAT_ORDER = 4  # of the polynomial: LEDs, cosines and vignetting are smooth, dust and noise are not
TAB_MARGIN = 4  # px beside the monitor tab that its blur may reach
FAINTEST_CODES = 20  # above black: below, read noise clipped at black lifts the mean
NODE_ROUNDS = 3  # of moving nodes; each leaves a tenth of what was left
Frames = dict[str, np.ndarray]


def black_code(dark: np.ndarray) -> int:
    """The code that the imager gives without light, from a dark frame, uint8 (rows, columns)."""
    return int(np.quantile(dark, BLACK_QUANTILE, method="nearest"))


def linear_table(gamma: float, black: int) -> np.ndarray:
    """Code to linear counts, uint16 (256,): the inverse of code = black + (255 - black) counts^(1 / gamma).

    Raises ValueError for a gamma or a black level that cannot be.
    """
    if not 0.5 <= gamma <= 4 or not 0 <= black < CODES // 2:
        raise ValueError(f"a gamma of {gamma} with a black level of {black} is no imager")
    part = np.clip(np.arange(CODES) - black, 0, None) / (CODES - 1 - black)
    return np.round(FULL_SCALE * part**gamma).astype(np.uint16)


def balanced(table: np.ndarray, dark: np.ndarray, black: int) -> np.ndarray:
    """The table with an even offset, its lowest entries set so that a dark frame averages to just that offset.

    An imager clips read noise below black: a dark frame averages to more than nothing, a lit one does not, and the
    difference of the two, which is all that anyone uses, would lack some 40 counts. uint16 (256,), still rising.
    """
    counts = table.astype(np.float64)
    above = dark > black
    if above.all() or not above.any():
        return table
    # What the clipped half must stand for; noise is as much below black as above it.
    below = counts[dark[above]].sum() / (~above).sum()
    offset = math.ceil(below)
    out = np.minimum(counts + offset, FULL_SCALE)
    out[: black + 1] = offset - below
    return np.round(out).astype(np.uint16)


def fit_gamma(levels: Sequence[tuple[np.ndarray, np.ndarray]], black: int) -> tuple[float, np.ndarray]:
    """(gamma, residuals) from series of (exposures, mean codes) of spots that nothing but the exposure changes.

    code - black = (255 - black) (k t)^(1 / gamma): in logarithms straight lines of one slope, each spot with its own
    height. Residuals: what the fit misses each level by, as a part of it, in light. Codes that are saturated or
    hardly above black are left out. Raises ValueError when too few levels are left.
    """
    x, y, spot = [], [], []
    for number, (exposures, codes) in enumerate(levels):
        good = (codes < reflectance.SATURATED_CODE - 5) & (codes - black > FAINTEST_CODES)
        if good.sum() < 2:
            continue
        x += list(np.log(exposures[good]))
        y += list(np.log(codes[good] - black))
        spot += [number] * int(good.sum())
    if len(x) < 4:
        raise ValueError("too few levels lie between black and saturation")
    spots = np.unique(spot, return_inverse=True)[1]
    lines = np.eye(spots.max() + 1)[spots]
    basis = np.column_stack([np.array(x), lines])
    weights, *_ = np.linalg.lstsq(basis, np.array(y), rcond=None)
    if not weights[0] > 0:
        raise ValueError("the image does not follow the exposure")
    gamma = 1.0 / float(weights[0])
    return gamma, (np.array(y) - basis @ weights) * gamma


def lit(frames: Frames, name: str, table: np.ndarray) -> np.ndarray:
    """Linear counts of a frame, ambient taken off: float64 (240, 320)."""
    return table[frames[name]].astype(np.float64) - table[frames["dark"]]


def monitor_levels(bursts: Sequence[Frames], table: np.ndarray, columns: tuple[int, int]) -> dict[str, int]:
    """Light -> level of the monitor tab, linear counts, ambient taken off, mean over the bursts."""
    tab = slice(*columns)
    return {
        light: round(float(np.mean([lit(frames, light, table)[:, tab].mean() for frames in bursts])))
        for light in MONITOR_LIGHTS
    }


def _basis(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """All products u^i v^j with i + j <= FLAT_ORDER, u and v scaled to about -1..1."""
    u, v = u / (burst.WIDTH / 2) - 1, v / (burst.HEIGHT / 2) - 1
    return np.stack([u**i * v**j for i in range(FLAT_ORDER + 1) for j in range(FLAT_ORDER + 1 - i)], axis=-1)


def blocks(image: np.ndarray, size: int = FLAT_BLOCK) -> np.ndarray:
    """Means over size x size pixels: (240 / size, 320 / size)."""
    rows, columns = image.shape[0] // size, image.shape[1] // size
    return image[: rows * size, : columns * size].reshape(rows, size, columns, size).mean(axis=(1, 3))


def block_centres(first_u: int, size: int = FLAT_BLOCK) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """u, v (px) of the blocks' centres, and which blocks lie wholly right of `first_u`."""
    v, u = np.meshgrid(
        np.arange(burst.HEIGHT // size) * size + (size - 1) / 2,
        np.arange(burst.WIDTH // size) * size + (size - 1) / 2,
        indexing="ij",
    )
    return u, v, u - size / 2 >= first_u


def flat_nodes(bursts: Sequence[Frames], name: str, table: np.ndarray, columns: tuple[int, int]) -> np.ndarray:
    """The white target at the 13 x 17 nodes, uint16: a low-order fit to the logarithm of block means.

    Raises ValueError when the target is black somewhere.
    """
    mean = blocks(np.mean([lit(frames, name, table) for frames in bursts], axis=0))
    u, v, used = block_centres(columns[1] + TAB_MARGIN)
    if mean[used].min() <= 0:
        raise ValueError(f"the white target is black in places under {name}")
    weights, *_ = np.linalg.lstsq(_basis(u[used], v[used]), np.log(mean[used]), rcond=None)
    node_v, node_u = np.meshgrid(np.arange(FLAT_ROWS) * FLAT_STEP, np.arange(FLAT_COLUMNS) * FLAT_STEP, indexing="ij")
    nodes = np.exp(_basis(node_u.astype(float), node_v.astype(float)) @ weights)
    pixel_v, pixel_u = np.indices((burst.HEIGHT, burst.WIDTH), dtype=float)
    return np.clip(np.round(_fitted(nodes, np.exp(_basis(pixel_u, pixel_v) @ weights))), 1, FULL_SCALE).astype(
        np.uint16
    )


def _fitted(nodes: np.ndarray, smooth: np.ndarray) -> np.ndarray:
    """The nodes moved so that straight lines between them miss the smooth surface evenly: a white bulges, so that lines
    between points on it would lie .3 % too low in the middle."""
    along_v, along_u = _hats()
    weight = along_v.T @ np.ones_like(smooth) @ along_u
    for _ in range(NODE_ROUNDS):
        nodes = nodes * (along_v.T @ (smooth / flat_image(nodes)) @ along_u) / weight
    return nodes


@functools.lru_cache(maxsize=1)
def _hats() -> tuple[np.ndarray, np.ndarray]:
    """What each node counts at each pixel along v and u: (240, 13) and (320, 17); rows sum to 1."""
    return tuple(
        np.maximum(0.0, 1.0 - np.abs(np.arange(pixels)[:, None] / FLAT_STEP - np.arange(nodes)[None, :]))
        for pixels, nodes in ((burst.HEIGHT, FLAT_ROWS), (burst.WIDTH, FLAT_COLUMNS))
    )  # type: ignore[return-value]


def flat_image(nodes: np.ndarray) -> np.ndarray:
    """The nodes interpolated to every pixel: float64 (240, 320)."""
    along_v, along_u = _hats()
    return along_v @ nodes.astype(float) @ along_u.T


def unevenness(image: np.ndarray, columns: tuple[int, int]) -> float:
    """RMS of the block means about their mean, as a part of it, beside the monitor tab."""
    means = blocks(image)
    *_, used = block_centres(columns[1] + TAB_MARGIN)
    return float(means[used].std() / means[used].mean())


def dot_pattern(bursts: Sequence[Frames], table: np.ndarray) -> np.ndarray:
    """The dots as the device sees them (`core.reflectance.dot_image`), mean over the bursts: uint8 (240, 320)."""
    linear = array("H", [int(value) for value in table])
    total = np.zeros(burst.FRAME_BYTES)
    for frames in bursts:
        out = bytearray(burst.FRAME_BYTES)
        reflectance.dot_image(frames["dots"].tobytes(), frames["dark"].tobytes(), linear, out)
        total += np.frombuffer(out, np.uint8)
    return np.round(total / len(bursts)).astype(np.uint8).reshape(burst.HEIGHT, burst.WIDTH)


def local_residual(image: np.ndarray, columns: tuple[int, int]) -> np.ndarray:
    """How far blocks of 5 x 5 px lie off a smooth fit, as parts of it: (48, 64), NaN beside the monitor tab.

    image: linear counts. The fit is that of `flat_nodes`, made twice, strays left out the second time, so that a
    scratch does not bend it.
    """
    size = 5
    mean = blocks(image, size)
    u, v, used = block_centres(columns[1] + TAB_MARGIN, size)
    good = used & (mean > 0)
    left = np.full(mean.shape, np.nan)
    if good.sum() < 100:
        return left
    ln = np.log(np.where(good, mean, 1.0))
    kept = good
    for _ in range(3):
        weights, *_ = np.linalg.lstsq(_basis(u[kept], v[kept]), ln[kept], rcond=None)
        off = ln - _basis(u, v) @ weights
        kept = good & (np.abs(off) < 3 * 1.4826 * np.median(np.abs(off[kept])) + 1e-4)
    left[good] = off[good]
    return left


def swir_levels(readings: Sequence[Sequence[Sequence[int]]]) -> list[int]:
    """(on - off) a pair in 1/16 count for each band, mean over the bursts' readings (five rows of on, off, pairs);
    empty when one of them has none."""
    if not readings or not all(readings):
        return []
    levels = np.array([[(on - off) / pairs for on, off, pairs in rows] for rows in readings])
    return [round(float(level) * 16) for level in levels.mean(axis=0)]


def saturated_part(frames: Frames) -> float:
    """Part of the pixels of the imaged bands that are saturated."""
    return float(np.mean([frames[band] >= reflectance.SATURATED_CODE for band in vocabulary.NIR_BANDS]))
