"""Time of each stage and the smallest heap, on the desktop's MicroPython: a twin in real time, verifying one face."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from dermis_host import Module
from dermis_host.errors import DeviceCodeError
from dermis_host.recording import load
from dermis_host.released import released_model
from dermis_host.replaying import replay

RECORDINGS = Path(__file__).parents[1] / "recordings"
RECORDING = "bona_fide_light.npz"
VERIFICATIONS = 5
HEAP_STEP_K = 32
SMALLEST_K, LARGEST_K = 512, 4096


def smallest_heap_k() -> int:
    """KiB of heap with which the whole analysis and the model still give the verdict, by bisection."""
    recording, model = load(RECORDINGS / RECORDING), released_model()
    wanted = replay([recording], model)[0]["verdict"]

    def enough(size_k: int) -> bool:
        try:
            return replay([recording], model, heap=f"{size_k}k")[0].get("verdict") == wanted
        except DeviceCodeError:
            return False

    low, high = SMALLEST_K, LARGEST_K
    while high - low > HEAP_STEP_K:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def stage_times() -> dict[str, list[int]]:
    """Stage -> us a burst, over several verifications on a calibrated twin in real time."""
    from dermis_host.calibration import at_once
    from dermis_host.calibration.operators import TwinOperator
    from dermis_hw import scenes
    from dermis_hw.twin import Twin

    times: dict[str, list[int]] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        Twin(folder, scene=scenes.builtin("target_white")) as twin,
        Module(twin.url) as module,
    ):
        at_once.calibrate(module, TwinOperator(twin.set_scene))
        twin.set_scene(scenes.builtin("bona_fide_light"))
        for _ in range(VERIFICATIONS):
            verdict = module.verify()
            for stage, us in verdict.stages_us.items():
                times.setdefault(stage, []).append(us // verdict.bursts)
    return times


def main() -> None:
    print(f"{'stage':12} {'ms a burst':>10}   (median of {VERIFICATIONS} verifications, real time)")
    for stage, values in stage_times().items():
        print(f"{stage:12} {statistics.median(values) / 1000:10.1f}")
    print(f"smallest heap that gives the verdict of a recorded burst: {smallest_heap_k()} KiB (steps of {HEAP_STEP_K})")


if __name__ == "__main__":
    main()
