"""Where the words of the kernels' parameter blocks stand, in bytes from the block's start.

`dermis.tflite.ops.assembled` fills these blocks, in this order. Kernels that are not here take the blocks of the viper
kernels of the same names (see their docstrings in `kernels_moves` and `kernels_simple`).
"""

from __future__ import annotations


def offsets(*names: str) -> dict[str, int]:
    return {name: 4 * place for place, name in enumerate(names)}


CONV = offsets(
    *("images", "rows", "columns", "channels"),  # of the output
    *("image_step", "row_step", "pixel_step"),  # in the padded image, in bytes
    *("runs", "gaps"),  # a patch is runs of bytes that lie together; where the words of the gaps behind each stand
    *("fours", "rest"),  # a run's length: so many times four bytes, and so many more
    *("quads", "shift"),  # of four products a channel; the right shift of all channels
    *("row_x", "row_left", "image_x", "image_left"),  # scratch
    "patch",  # int16, up to the next multiple of four and one word more
)
DIRECT = offsets(
    *("pixels", "channels", "quads", "shift", "mask"),  # mask: 0x00FF00FF
    "patch",
)
DEPTHWISE = offsets(
    *("images", "rows", "columns", "depth", "multiplier"),
    *("image_step", "row_step", "pixel_step"),
    *("lines", "line_step", "taps", "tap_step"),
    "shift",
    *("row_x", "row_left", "image_x", "image_left", "column_left", "pixel_x", "line", "depth_left", "index_left"),
)
PAD = offsets(
    *("groups", "rows", "columns"),  # of four channels; what of the image is copied
    *("row_step", "pixel_step"),  # in bytes; a pixel's step is also the number of channels
    *("above", "between", "below", "fill"),  # words of filling before, between and after the rows; four times the byte
)
DEPTHWISE3 = offsets(
    *("groups", "rows", "columns", "channels", "shift"),
    *("pitch", "plane"),  # bytes from a row of the padded image to the next, and from a group of channels
    *("x_back", "y_step", "y_back"),  # from the end of a column to the start of the next, as are added
    *("pairs", "odd"),  # rows of the output, by two
    *("group_x", "channel_x", "channel_y", "weights", "group_left", "byte_left", "column_left"),
)
PAIRS = {
    name: 4 * place
    for name, place in (
        *(("counts", 0), ("steps_a", 4), ("steps_b", 8)),  # four axes from the outermost in
        *(("factor", 12), ("addend", 13), ("shift", 14)),
        *(("of_a", 15), ("of_b", 16)),  # where a table of 256 words stands; or the raised zero point
        *(("left", 17), ("a", 20), ("b", 23)),  # scratch for three axes
    )
}
