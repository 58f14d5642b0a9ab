"""`dermis depth`: depth from a frame and a reference image of the same dots, by the device's own code."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from dermis_host.arguments import add_heap, add_output
from dermis_host.depth_map import PROJECTOR, Geometry, Search, measure
from dermis_host.output import Output
from dermis_host.pictures import enlarge, ramp, read_grey, save_png, usual_range


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reference", metavar="PNG", type=Path, required=True, help="the dots on the reference plane")
    parser.add_argument("--frame", metavar="PNG", type=Path, required=True, help="the dots on what is measured")
    parser.add_argument("--focal-px", metavar="PX", type=float, required=True, help="focal length of the imager")
    parser.add_argument("--baseline-mm", metavar="MM", type=float, required=True, help="from imager to projector")
    parser.add_argument(
        "--reference-mm", metavar="MM", type=float, required=True, help="of the reference plane, or inf"
    )
    parser.add_argument("-o", "--output", metavar="NPZ", type=Path, help="the .npz to write")
    parser.add_argument("--preview", metavar="PNG", type=Path, help="a PNG of the depth to write")
    parser.add_argument("--min-disparity", metavar="PX", type=int, help="smallest disparity looked for, px")
    parser.add_argument("--max-disparity", metavar="PX", type=int, help="largest disparity looked for, px")
    parser.add_argument("--window", metavar="PX", type=int, help="side of the window compared, px")
    parser.add_argument("--step", metavar="PX", type=int, help="distance from one cell to the next, px")
    parser.add_argument(
        "--curve",
        choices=("root", "none"),
        help="of brightness, applied first: root for linear images (default), none for images with a gamma",
    )
    parser.add_argument(
        "--projector",
        choices=tuple(PROJECTOR),
        default="plus",
        help="stands at +u of the imager (default), or at -u",
    )
    add_heap(parser)
    add_output(parser)


def run(arguments: argparse.Namespace, output: Output) -> int:
    geometry = Geometry(arguments.focal_px, arguments.baseline_mm, arguments.reference_mm, arguments.projector)
    geometry.check()
    search = Search(arguments.min_disparity, arguments.max_disparity, arguments.window, arguments.step, arguments.curve)
    reference, frame = read_grey(arguments.reference), read_grey(arguments.frame)
    depth = measure(reference, frame, geometry, search, heap=arguments.heap, tell=output.note)
    if arguments.output:
        depth.save(arguments.output)
    if arguments.preview:
        save_png(enlarge(ramp(depth.depth_mm, *usual_range(depth.depth_mm)), depth.step), arguments.preview)
    part = float(depth.valid.mean()) if depth.valid.size else 0.0
    middle = float(np.median(depth.depth_mm[depth.valid])) if depth.valid.any() else None
    rows, columns = depth.valid.shape
    output.say(
        f"{rows} x {columns} cells, {part:.1%} valid"
        + ("" if middle is None else f", median depth {middle:.1f} mm")
        + f" ({depth.interpreter})"
    )
    output.result(
        {
            "rows": rows,
            "columns": columns,
            "step": depth.step,
            "valid_fraction": part,
            "median_depth_mm": middle,
            "interpreter": depth.interpreter,
            "output": arguments.output,
        }
    )
    return 0
