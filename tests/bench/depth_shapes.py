"""Does depth noise limit the shape gates? Residuals of measured depths beside those of the true surface.

    python -m tests.bench.depth_shapes

Built-in scenes by one calibrated module; the true surface is fitted on the same cells, where it lies within 40 mm of
the measured one.
"""

from __future__ import annotations

import dataclasses
from array import array

import numpy as np
from dermis.core import burst, calibration
from dermis.core.analysis import Analyser
from dermis.core.shape import ShapeFitter
from dermis_hw import render, scenes
from dermis_models import modules

from tests.bench import depth_scenes

CASES = (
    ("bona_fide_light", 0.0),
    ("bona_fide_light", 35.0),
    ("bona_fide_child", 35.0),
    ("photo_bent", 0.0),
    ("photo_eyes_cut_out", 0.0),
)
STRAY_MM = 40.0
SUBMM = 16


def main() -> None:
    module, record = depth_scenes.calibrated(depth_scenes.FIRST_SEED)
    print(
        f"{'scene':22}{'yaw':>4}   {'cylinder':>10}{'true':>6}   {'plane':>6}{'true':>6}   {'error, RMS':>10}   1/16 mm"
    )
    for name, yaw in CASES:
        scene = scenes.load(scenes.builtin(name))
        scene = dataclasses.replace(scene, pose=dataclasses.replace(scene.pose, yaw_deg=yaw))
        field = render.geometry(scene).compose(scenes.place(scene)[1], module, seed=1)
        recording = modules.take(field, module, np.random.default_rng(1), record)
        analyser = Analyser(recording.board)
        taken = burst.from_header(recording.meta)
        taken.frames = {frame: pixels.tobytes() for frame, pixels in recording.frames.items()}
        fitted = []
        measure = analyser._shape.measure

        def watched(depth, mask, *lens, measure=measure, fitted=fitted):
            fitted.append((np.array(depth), np.frombuffer(bytes(mask), np.uint8) > 0, lens))
            return measure(depth, mask, *lens)

        setattr(analyser._shape, "measure", watched)  # noqa: B010
        evidence = analyser.analyse(taken, calibration.decode(record)).evidence
        depth, mask, lens = fitted[0]
        step = lens[0]
        truth = field.depth_mm[step // 2 :: step, step // 2 :: step].ravel() * SUBMM
        mask &= np.abs(depth - truth) < STRAY_MM * SUBMM
        fitter = ShapeFitter(analyser.mapper.rows, analyser.mapper.columns)
        true_depth = array("H", np.where(mask, np.round(truth), 0).astype(int).tolist())
        fitter.measure(true_depth, bytearray(mask.astype(np.uint8)), *lens)
        error = (depth - truth)[mask]
        print(
            f"{name:22}{yaw:4.0f}   {evidence['cylinder_residual_mm16']:10}{fitter.cylinder_residual:6}   "
            f"{evidence['plane_residual_mm16']:6}{fitter.plane_residual:6}   {np.std(error):10.1f}"
        )


if __name__ == "__main__":
    main()
