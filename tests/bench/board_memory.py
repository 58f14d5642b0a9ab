"""What of the ESP32-S3's memory the firmware takes, by what it is for, and where it lies: SRAM or PSRAM.

    python -m tests.bench memory

MicroPython's heap on this board is one kind of memory to its programs: it begins with 64 KiB and grows by pieces that
`malloc` gives it, which with PSRAM fitted come from there. No object spans two pieces, and nothing moves: the largest
buffer needs a piece of its own size. Machine code of viper and assembler kernels is copied to memory that can be
executed, which is SRAM. The camera's frame buffers and their DMA lie outside of MicroPython's heap.
Ref: MicroPython, ports/esp32/main.c (`esp_native_code_commit`: MALLOC_CAP_EXEC) and py/gc.c
(MICROPY_GC_SPLIT_HEAP_AUTO); ESP-IDF, External RAM; esp32-camera, driver/cam_hal.c. None of it was seen on a board.
"""

from __future__ import annotations

from pathlib import Path

from dermis.core.burst import FRAME_BYTES
from dermis_hw.boards import board_file

from tests.bench import heap_life
from tests.bench.device_cost import modules_with_kernels
from tests.xtensa.mpy import compile_module

KIB = 1024
SRAM_KIB, PSRAM_KIB = 512, 8192  # of an ESP32-S3-WROOM-1-N16R8
# What ESP-IDF and MicroPython take for themselves of SRAM: code that must lie there, statics, caches, stacks of tasks.
# Typical builds without a radio leave 250 KiB and more; estimated from the safe side.
SYSTEM_SRAM_KIB = 270
MAIN_STACK_KIB = 16
SRAM, PSRAM = "SRAM", "PSRAM"
ASSEMBLER = ("core/kernels_xtensa.py", "tflite/kernels_xtensa.py")  # the ESP32-S3 loads them beside the viper kernels

# Part of the heap -> (what it holds, when it is used, where it would best lie).
PARTS = {
    "frames": ("6 frames and a spare one", "written once, read a few times, in order: the cache does", PSRAM),
    "depth": ("reference, its windows, the search's sums", "the sums are read and written most: 86 KB", "sums: SRAM"),
    "reflectance": ("white target, logarithms, index", "once a burst, over the face's cells", PSRAM),
    "rest of analysis": ("face, shape, cover, maps", "once a burst", PSRAM),
    "model": ("the .tflite file, its arena", "every weight and byte of the arena many times: 7 KB", "arena: SRAM"),
    "tables": ("roots, logarithms", "every pixel of the dots: 8 KB", "SRAM"),
}


def kernel_bytes() -> int:
    """Machine code that the firmware has on an ESP32-S3."""
    firmware = Path(__file__).parents[2] / "firmware" / "dermis"
    paths = [Path(path) for path in modules_with_kernels() if not path.endswith("_wide.py")]
    return sum(
        len(code)
        for path in {*paths, *(firmware / name for name in ASSEMBLER)}
        for code in compile_module(path).kernels.values()
    )


def main() -> bool:
    """Prints; returns whether the peak keeps its goal."""
    life = heap_life.measure()
    kept = heap_life.print_life(life)
    print()
    print(f"{'the heap of an ESP32-S3, KiB':34} {'':7}   estimated")
    for part, (what, when, where) in PARTS.items():
        print(f"{what:46} {life.buffers.get(part, 0) / KIB:6.0f}   {where:10} {when}")
    peak = heap_life.on_32_bits(life.peak, life.at_rest)
    print(f"{'code and objects, at most':46} {(peak - life.at_rest) / KIB:6.0f}   {PSRAM:10} bytecode, names, classes")
    print(f"{'heap at most':46} {peak / KIB:6.0f}   of {PSRAM_KIB} KiB of PSRAM")
    camera = board_file("esp32s3")["buffers"] * FRAME_BYTES
    print(f"{'the camera module, outside of the heap':46} {camera / KIB:6.0f}   {PSRAM:10} DMA writes them in order")
    native = kernel_bytes() / KIB
    taken = native + MAIN_STACK_KIB + SYSTEM_SRAM_KIB
    print(f"{'kernels, machine code':46} {native:6.0f}   {SRAM:10} MALLOC_CAP_EXEC")
    print(f"{'stack':46} {MAIN_STACK_KIB:6}   {SRAM}")
    print(f"{'system (stated)':46} {SYSTEM_SRAM_KIB:6}   {SRAM}")
    print(f"{'SRAM':46} {taken:6.0f}   of {SRAM_KIB} KiB")
    print(
        "MicroPython does not let a program choose: all of the heap lies in PSRAM, behind a cache of 32 to 64 KiB "
        "which the cycles an instruction above allow for. What would gain most in SRAM is marked."
    )
    return kept and taken <= SRAM_KIB


if __name__ == "__main__":
    raise SystemExit(0 if main() else 1)
