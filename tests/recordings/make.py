"""Makes committed recordings anew: `python -m tests.recordings.make [SCENE ...]`, all without a name. Needs the extra
`[sim]`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from dermis_host import Module
from dermis_host.calibration import at_once
from dermis_host.calibration.operators import TwinOperator
from dermis_hw import scenes
from dermis_hw.module_instance import draw
from dermis_hw.twin import Twin

HERE = Path(__file__).parent
SEED = 31
SCENES = (
    "bona_fide_light",
    "bona_fide_very_dark",
    "bona_fide_medium_spectacles",
    "photo_bent",
    "silicone_mask_3mm",
    "resin_mask",
    "empty",
    "hand_before_face",
    "moving",
)


def main(names: list[str]) -> int:
    if unknown := sorted(set(names) - set(SCENES)):
        print(f"There is no recording of {', '.join(unknown)}; there are: {', '.join(SCENES)}.", file=sys.stderr)
        return 2
    with (
        tempfile.TemporaryDirectory() as folder,
        Twin(folder, scenes.builtin("target_cap"), module=draw(SEED), virtual_time=True, seed=SEED) as twin,
        Module(twin.url) as module,
    ):
        at_once.calibrate(module, TwinOperator(twin.set_scene))
        for name in names or SCENES:
            scene = scenes.load(scenes.builtin(name))
            twin.set_scene(scene)
            recording = module.capture()
            expect = scene.expect
            assert expect is not None
            recording.truth = {
                "scene": name,
                "kind": scene.kind,
                "species": scene.species,
                "verdict": expect.verdict,
                "reasons": list(expect.reasons),
            }
            recording.save(HERE / f"{name}.npz")
            print(f"{name}: {(HERE / f'{name}.npz').stat().st_size / 1024:.0f} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
