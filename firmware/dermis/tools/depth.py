"""Depth of one frame from files, by the device's own code: `micropython -X heapsize=64m -m dermis.tools.depth JOB_DIR`.

JOB_DIR/job.json: width, height (pixels), reference, frame (names of raw 8-bit files in JOB_DIR, row by row),
focal_px, baseline_mm, reference_mm (null: at infinity), and, where not the defaults below, min_disparity,
max_disparity, window (0: three steps), step (pixels), projector (1: at +u, -1: at -u) and curve (see `read_job`).

Writes, little-endian, rows * columns each: disparity.bin (int16, 1/16 px, u in the frame minus u in the
reference), confidence.bin (uint8, 0: none), depth.bin (uint32, 1/16 mm, 0: none); and result.json: rows, columns,
step, cell_u0, cell_v0 (centre of the first cell), valid (cells). If it cannot: result.json {"error": sentence}
and exit code 1.
"""

from __future__ import annotations

import json
import sys
from array import array

from dermis.core.depth import DepthMapper, range_of, root_curve
from dermis.core.errors import BadInput

DEFAULTS = {"min_disparity": -64, "max_disparity": 64, "window": 0, "step": 5, "projector": 1, "curve": "root"}
NEEDED = ("width", "height", "reference", "frame", "focal_px", "baseline_mm", "reference_mm")
WORD = 0xFFFFFFFF


def main(folder):
    """Do the job in that folder. Returns the exit code."""
    try:
        result = run(folder)
    except BadInput as error:
        result = {"error": str(error)}
    except MemoryError:
        result = {"error": "the images do not fit in memory; give more with --heap, about 6 bytes a pixel"}
    with open(folder + "/result.json", "w") as file:
        json.dump(result, file)
    return 1 if "error" in result else 0


def run(folder):
    """Read, measure, write. Returns what result.json says. Raises BadInput."""
    job = read_job(folder)
    width, height = job["width"], job["height"]
    mapper = DepthMapper(
        width,
        height,
        step=job["step"],
        window=job["window"],
        min_disparity=job["min_disparity"],
        max_disparity=job["max_disparity"],
        curve=root_curve() if job["curve"] == "root" else None,
    )
    codes = bytearray(width * height)
    read_image(folder, job["reference"], codes)
    mapper.set_reference(codes)
    read_image(folder, job["frame"], codes)
    mapper.measure(codes)
    cells = mapper.rows * mapper.columns
    depth = array("I", [0] * cells)
    focal_px_q8, baseline_um = round(job["focal_px"] * 256), round(job["baseline_mm"] * 1000)
    reference_um = round(job["reference_mm"] * 1000) if job["reference_mm"] is not None else 0
    known = {}
    for at in range(cells):
        if mapper.confidence[at]:
            disparity = mapper.disparity[at]
            if disparity not in known:
                # Lengths a thousand times too large give the depth in 1/16 um.
                depth_um = range_of(disparity * job["projector"], focal_px_q8, baseline_um * 1000, reference_um * 1000)
                known[disparity] = min(WORD, (depth_um + 500) // 1000)
            depth[at] = known[disparity]
    write(folder, "disparity.bin", mapper.disparity)
    write(folder, "confidence.bin", mapper.confidence)
    write(folder, "depth.bin", depth)
    return {
        "rows": mapper.rows,
        "columns": mapper.columns,
        "step": mapper.step,
        "cell_u0": mapper.cell_u(0),
        "cell_v0": mapper.cell_v(0),
        "valid": sum([1 for value in mapper.confidence if value]),
    }


def read_job(folder):
    """The job with its defaults filled in. Raises BadInput where it is not one."""
    try:
        with open(folder + "/job.json") as file:
            given = json.load(file)
    except OSError:
        raise BadInput("there is no job.json in " + folder)
    except ValueError:
        raise BadInput("job.json is not JSON")
    if not isinstance(given, dict):
        raise BadInput("job.json must hold one JSON object")
    job: dict = dict(DEFAULTS)
    for key in given:
        if given[key] is not None or key == "reference_mm":
            job[key] = given[key]
    for key in NEEDED:
        if key not in job:
            raise BadInput("job.json lacks " + key)
    for key in ("width", "height", "min_disparity", "max_disparity", "window", "step", "projector"):
        if not isinstance(job[key], int):
            raise BadInput("%s must be a whole number" % key)
    for key in ("focal_px", "baseline_mm", "reference_mm"):
        value = job[key]
        if key == "reference_mm" and value is None:
            continue
        if not isinstance(value, (int, float)) or not 0.001 <= value <= 1e6:
            raise BadInput("%s must be a number above 0" % key)
    if job["width"] < 1 or job["height"] < 1:
        raise BadInput("width and height must be at least 1 px")
    if job["projector"] not in (1, -1):
        raise BadInput("projector must be 1 (at +u) or -1 (at -u)")
    if job["curve"] not in ("root", "none"):
        raise BadInput('curve must be "root" (linear images) or "none" (images of square roots, as dot_image makes)')
    return job


def read_image(folder, name, codes):
    """Fill `codes` from a raw file. Raises BadInput if it is missing or of another size."""
    try:
        with open(folder + "/" + name, "rb") as file:
            count = file.readinto(codes)
            more = file.read(1)
    except OSError:
        raise BadInput("cannot read %s in %s" % (name, folder))
    if count != len(codes) or more:
        raise BadInput("%s must hold width x height = %d bytes" % (name, len(codes)))


def write(folder, name, values):
    """The bytes of an array as they lie in memory; every machine this runs on is little-endian."""
    with open(folder + "/" + name, "wb") as file:
        file.write(values)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print("usage: micropython -m dermis.tools.depth JOB_DIR", file=sys.stderr)
        sys.exit(2)
    sys.exit(main(sys.argv[1]))
