"""Accuracy of the device's depth on rendered scenes, beside a dense float ZNCC on the same images.

    python tests/bench/depth_accuracy.py [--klux 10] [--seeds 2]

Truth is the renderer's depth; the imager is the twin's sensor model at the nominal exposure. A cell counts as
face where the surface lies within 60 mm behind its nearest point and three cells inside the outline.
"""

from __future__ import annotations

import argparse
import dataclasses
from timeit import default_timer

import numpy as np
from dermis.core.depth import DepthMapper
from dermis_hw import scenes
from dermis_hw.module_instance import ModuleInstance
from dermis_hw.optics import DM1
from dermis_hw.render import render
from dermis_hw.twin.sensor import ImagerSensor
from scipy.ndimage import binary_erosion, gaussian_filter, uniform_filter

STEP, WINDOW = 5, 11
FACE_DEPTH_MM, MARGIN_PX = 60.0, 12
WRONG = 0.05  # an error beyond this part of the distance is a wrong depth, not noise
FACES = ("bona_fide_dark", "bona_fide_light", "bona_fide_wet", "bona_fide_child", "bona_fide_beard")
PLACES = (
    ("250 mm", 255.0, 0.0),
    ("350 mm", 350.0, 0.0),
    ("450 mm", 450.0, 0.0),
    ("450 mm, 20 deg", 450.0, 20.0),
    ("450 mm, 40 deg", 450.0, 40.0),
    ("550 mm", 550.0, 0.0),
    ("600 mm", 600.0, 0.0),
    ("700 mm", 690.0, 0.0),
)


class Camera:
    """Codes of the twin's imager, linearised, ambient taken off, as `reflectance.dot_image` does."""

    def __init__(self, seed: int):
        self.sensor = ImagerSensor(DM1, ModuleInstance())
        self.rng = np.random.default_rng(seed)
        code = np.clip(np.arange(256) - DM1.black_code, 0, None) / (255 - DM1.black_code)
        self.linear = np.round(65535 * code**DM1.gamma)

    def dot_image(self, field, klux: float) -> np.ndarray:
        field = dataclasses.replace(field, ambient=field.ambient + klux * (field.depth_mm < np.inf) * 0.5)
        frames = []
        for burned_us in (DM1.exposure_us, 0):
            lit = {"dots": np.full(DM1.height, burned_us, np.float32)}
            electrons = self.sensor.electrons(field, lit, DM1.exposure_us, 25.0)
            frames.append(self.linear[self.sensor.codes(electrons, 1.0, self.rng)])
        return np.floor(np.sqrt(np.clip(frames[0] - frames[1], 0, 65535))).astype(np.uint8)


def dense_zncc(reference: np.ndarray, frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Disparity (px) and correlation a pixel: float, the reference blurred by 1 px, parabola through the peak."""
    images = [gaussian_filter(reference.astype(float), 1.0), frame.astype(float)]
    images = [image - uniform_filter(image, WINDOW) for image in images]
    energies = [uniform_filter(image * image, WINDOW) + 1e-3 for image in images]
    span = range(-13, 28)
    scores = np.stack(
        [
            uniform_filter(np.roll(images[0], d, 1) * images[1], WINDOW)
            / np.sqrt(np.roll(energies[0], d, 1) * energies[1])
            for d in span
        ]
    )
    best = np.clip(scores.argmax(0), 1, len(span) - 2)
    before, at, after = (np.take_along_axis(scores, (best + k)[None], 0)[0] for k in (-1, 0, 1))
    return best + span[0] + 0.5 * (before - after) / (before - 2 * at + after - 1e-9), at


def figures(depth: np.ndarray, valid: np.ndarray, truth: np.ndarray, face: np.ndarray) -> list[float]:
    """Valid part, bias, MAD and 90th percentile of the error (mm), part of wrong depths."""
    chosen = face & valid
    error = (depth - truth)[chosen]
    if not len(error):
        return [0.0, np.nan, np.nan, np.nan, 0.0]
    middle = float(np.median(error))
    return [
        float(chosen.sum() / max(1, face.sum())),
        middle,
        float(np.median(np.abs(error - middle))),
        float(np.percentile(np.abs(error), 90)),
        float((np.abs(error) > WRONG * truth[chosen]).mean()),
    ]


def range_mm(disparity_px: np.ndarray) -> np.ndarray:
    return 1 / (1 / DM1.z_ref_mm + disparity_px / (DM1.focal_px * DM1.baseline_mm))


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--klux", type=float, default=0.0, help="sunlight on the face")
    parser.add_argument("--seeds", type=int, default=1, help="small turns of the head drawn for each place")
    arguments = parser.parse_args(argv)
    camera = Camera(7)
    reference = camera.dot_image(render(scenes.load(scenes.builtin("target_plane_450"))), 0.0)
    mapper = DepthMapper(DM1.width, DM1.height, STEP, WINDOW)
    mapper.set_reference(reference.tobytes())
    cells = np.ix_(
        [mapper.cell_v(row) for row in range(mapper.rows)], [mapper.cell_u(c) for c in range(mapper.columns)]
    )
    turns = np.random.default_rng(11)
    spent = 0.0
    print(
        f"{'':16}{'device: valid  bias   MAD   p90  wrong':>42}{'dense float ZNCC: valid  bias   MAD   p90  wrong':>54}"
    )
    for label, distance, yaw in PLACES:
        ours, theirs = [], []
        for name in FACES:
            for seed in range(arguments.seeds):
                scene = scenes.load(scenes.builtin(name))
                pose = dataclasses.replace(
                    scene.pose,
                    distance_mm=distance,
                    yaw_deg=yaw + turns.uniform(-5, 5),
                    pitch_deg=turns.uniform(-8, 8),
                )
                field = render(dataclasses.replace(scene, pose=pose), seed=seed)
                frame = camera.dot_image(field, arguments.klux)
                solid = field.depth_mm < field.depth_mm.min() + FACE_DEPTH_MM
                face = binary_erosion(solid, iterations=MARGIN_PX)[cells]
                truth = np.where(solid, field.depth_mm, 0)[cells]
                began = default_timer()
                mapper.measure(frame.tobytes())
                spent += default_timer() - began
                disparity = np.array(mapper.disparity).reshape(mapper.rows, mapper.columns) / 16
                confident = np.frombuffer(mapper.confidence, np.uint8).reshape(disparity.shape) > 0
                ours.append(figures(range_mm(disparity), confident, truth, face))
                disparity, correlation = (image[cells] for image in dense_zncc(reference, frame))
                theirs.append(figures(range_mm(disparity), correlation > 0.6, truth, face))
        rows = [np.nanmean(values, axis=0) for values in (ours, theirs)]
        texts = ["{:12.3f} {:+5.2f} {:5.2f} {:5.2f} {:6.4f}".format(*row) for row in rows]
        print(f"{label:16}{texts[0]:>42}{texts[1]:>54}")
    print(f"{spent / (len(PLACES) * len(FACES) * arguments.seeds) * 1000:.0f} ms a frame under CPython")


if __name__ == "__main__":
    main()
