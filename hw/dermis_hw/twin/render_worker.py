"""A process beside the twin that loads and renders scenes, so that rendering never holds up the module.

Reads pickled jobs from standard input and writes pickled results to standard output, until the input ends.
Both ends are ours; nothing else can write to these pipes.
"""

from __future__ import annotations

import dataclasses
import os
import pickle
import sys

from .render_job import MOTION_SPAN_S, MOTION_STEP_S, Job, Result


def render_job(job: Job) -> Result:
    """Load and render. Whatever is wrong with the scene becomes the result's sentence."""
    from dermis_hw import materials, render, scenes
    from dermis_hw.geometry.meshfile import MeshError

    try:
        scene = scenes.load(job.path)
        if job.klux:
            # All that counts of a lamp is its near infrared, which is told in klux of sunlight.
            both = dataclasses.replace(scene.ambient, lamp="sun", klux=scene.ambient.klux_sun + job.klux)
            scene = dataclasses.replace(scene, ambient=both)
        steps = round(MOTION_SPAN_S / MOTION_STEP_S) + 1 if scene.is_moving else 1
        fields = tuple(
            render.render(
                scene, job.module, seed=job.seed, time_s=step * MOTION_STEP_S, temperature_c=job.temperature_c
            )
            for step in range(steps)
        )
    except (scenes.SceneError, materials.MaterialError, MeshError, render.RenderError) as problem:
        return Result(job.number, error=str(problem))
    except Exception as problem:  # noqa: BLE001 - the twin must go on with the scene that it has
        text = f"the scene {job.path} cannot be rendered ({type(problem).__name__}: {problem}); report this"
        return Result(job.number, error=text)
    return Result(job.number, fields)


def main() -> None:
    # A library that prints must not write into the results.
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while True:
        try:
            job = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(render_job(job), results, protocol=pickle.HIGHEST_PROTOCOL)
        results.flush()


if __name__ == "__main__":
    main()
