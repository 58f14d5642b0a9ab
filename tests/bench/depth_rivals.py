"""What others make of the same dot images: a dense float ZNCC, and OpenCV's block matchers."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from timeit import default_timer
from typing import Any

import numpy as np
from dermis_hw.optics import DM1
from scipy.ndimage import gaussian_filter, uniform_filter

WINDOW = 11
LEAST_CORRELATION = 0.6
DISPARITIES = range(-13, 28)
# OpenCV takes multiples of 16 from a lowest one.
CV_LOWEST, CV_COUNT = -16, 48


@dataclass(frozen=True)
class Answer:
    """disparity_px: float (240, 320), u in the frame minus u in the reference. valid: bool. seconds: that it took."""

    disparity_px: np.ndarray
    valid: np.ndarray
    seconds: float


def zncc(reference: np.ndarray, frame: np.ndarray) -> Answer:
    """Dense correlation in floats: the reference blurred by 1 px (skin blurs dots), parabola through the peak."""
    began = default_timer()
    images = [gaussian_filter(reference.astype(np.float32), 1.0), frame.astype(np.float32)]
    images = [image - uniform_filter(image, WINDOW) for image in images]
    energies = [uniform_filter(image * image, WINDOW) + 1e-3 for image in images]
    scores = np.stack(
        [
            uniform_filter(np.roll(images[0], d, 1) * images[1], WINDOW)
            / np.sqrt(np.roll(energies[0], d, 1) * energies[1])
            for d in DISPARITIES
        ]
    )
    best = np.clip(scores.argmax(0), 1, len(DISPARITIES) - 2)
    before, at, after = (np.take_along_axis(scores, (best + k)[None], 0)[0] for k in (-1, 0, 1))
    disparity = best + DISPARITIES[0] + 0.5 * (before - after) / (before - 2 * at + after - 1e-9)
    return Answer(disparity, at > LEAST_CORRELATION, default_timer() - began)


def zncc_operations() -> tuple[int, int]:
    """(arithmetic operations of `zncc` a frame with every window summed anew, with running sums).

    A pixel and disparity takes a product and a sum for each pixel of the window, or a product, four additions of two
    running sums; and either a product, a root, a division and a comparison to normalise and choose.
    """
    pairs = DM1.width * DM1.height * len(DISPARITIES)
    return pairs * (2 * WINDOW * WINDOW + 4), pairs * (1 + 4 + 4)


def opencv(reference: np.ndarray, frame: np.ndarray) -> dict[str, Answer]:
    """StereoBM and StereoSGBM on the pair, rectified by construction; empty where OpenCV is not installed."""
    try:
        cv2: Any = importlib.import_module("cv2")
    except ImportError:
        return {}
    settings: dict[str, Any] = {"numDisparities": CV_COUNT, "blockSize": WINDOW}
    block = cv2.StereoBM_create(**settings)
    block.setMinDisparity(CV_LOWEST)
    block.setTextureThreshold(0)
    # The usual smoothness, 8 and 32 times the window's area for one channel.
    area = WINDOW * WINDOW
    semi_global = cv2.StereoSGBM_create(minDisparity=CV_LOWEST, P1=8 * area, P2=32 * area, **settings)
    cv2.setNumThreads(1)
    answers = {}
    for name, matcher in (("OpenCV StereoBM", block), ("OpenCV StereoSGBM", semi_global)):
        began = default_timer()
        found = matcher.compute(frame, reference)
        spent = default_timer() - began
        disparity = found.astype(np.float32) / 16
        answers[name] = Answer(disparity, disparity > CV_LOWEST - 1 + 0.5, spent)
    return answers
