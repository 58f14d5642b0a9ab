"""What it costs a module to verify an image: timed here, counted, and estimated for the ESP32-S3.

MicroPython's big integers are schoolbook arithmetic on digits of 16 bits (`py/mpz.c`), so that their work can be
counted: a product of n and m digits takes n m steps, a remainder (n - m + 1) m. No board has been timed: the factors
below lead from counts to an estimate, and whoever doubts one can put in another.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any, ClassVar

from dermis.core import p256
from dermis_host.building import build, signing
from dermis_host.device_code import Interpreter

from tests.bench.device_cost import CLOCK_MHZ, CYCLES_A_BYTECODE, Counting
from tests.unit import altered_images
from tests.unit.crypto import signature_vectors

ROUNDS = 30
HEAP = "2m"
DIGIT_BITS = 16
# Load, multiply, add, carry and store of one digit in C, on a core without a vector unit and with its data cached.
CYCLES_A_STEP = 12
# To allocate a number, to find its length and to drop its leading zeros.
CYCLES_A_NUMBER = 400
# Mark and sweep of 2 MiB in PSRAM; MicroPython's users report some 30 to 60 ms.
COLLECTION_MS = 45
SPARE_BYTES = 48 * 1024  # what a module that runs has free between collections
CYCLES_A_HASHED_BYTE = 30  # SHA-256 in software; the S3 has a unit for it, which is several times faster
FLASH_BYTES_A_SECOND = 10_000_000  # quad flash at 80 MHz through the driver, with room


class Counted(int):
    """An integer that counts the digit steps of what is done with it."""

    work: ClassVar[Counter] = Counter()

    def _made(self, value: int, steps: int) -> Counted:
        Counted.work["steps"] += steps
        Counted.work["numbers"] += 1
        return Counted(value)

    def __mul__(self, other: int) -> Counted:
        return self._made(int(self) * int(other), _digits(self) * _digits(other))

    __rmul__ = __mul__

    def __mod__(self, other: int) -> Counted:
        return self._made(int(self) % int(other), _division_steps(self, other))

    def __rmod__(self, other: int) -> Counted:
        return self._made(int(other) % int(self), _division_steps(other, self))

    def __add__(self, other: int) -> Counted:
        return self._made(int(self) + int(other), max(_digits(self), _digits(other)))

    __radd__ = __add__

    def __sub__(self, other: int) -> Counted:
        return self._made(int(self) - int(other), max(_digits(self), _digits(other)))

    def __rsub__(self, other: int) -> Counted:
        return self._made(int(other) - int(self), max(_digits(self), _digits(other)))


def _digits(value: int) -> int:
    return max(1, -(-abs(value).bit_length() // DIGIT_BITS))


def _division_steps(number: int, by: int) -> int:
    return max(0, _digits(number) - _digits(by) + 1) * _digits(by)


def counted_power(base: int, exponent: int, modulus: int) -> Counted:
    """As `mpz_pow3_inpl` does it: a square a bit, a product a bit that is set, a remainder after each."""
    result, square = Counted(1), Counted(base) % modulus
    while exponent:
        if exponent & 1:
            result = result * square % modulus
        exponent >>= 1
        if exponent:
            square = square * square % modulus
    return result


def count(case: tuple[bytes, bytes, bytes]) -> Counter:
    """Digit steps, numbers made and bytecodes of one verification."""
    constants = {name: getattr(p256, name) for name in ("P", "N", "B", "GX", "GY")}
    module: Any = p256
    Counted.work = Counter()
    try:
        for name, value in constants.items():
            setattr(module, name, Counted(value))
        module.pow = lambda base, exponent, modulus: counted_power(base, int(exponent), int(modulus))
        if not p256.verify(*case):
            raise SystemExit("The counted arithmetic refuses a good signature: see tests/bench/signature.py.")
    finally:
        for name, value in constants.items():
            setattr(module, name, value)
        del module.pow
    work = Counted.work
    counting = Counting()
    with counting.stage("verify"):
        p256.verify(*case)
    work["bytecodes"] = counting.costs["verify"].bytecodes
    return work


def timed(interpreter: list[str], environment: dict[str, str], job: Path) -> dict[str, Any]:
    script = Path(__file__).with_name("time_signature.py")
    command = [*interpreter, str(script), str(job), str(ROUNDS)]
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(finished.stdout)


def main() -> None:
    interpreter = Interpreter(HEAP)
    with tempfile.TemporaryDirectory() as folder:
        made = build("twin", None, Path(folder))
        data = made.image.read_bytes()
        image = signing.file_image(data)
        signature = image._read(*image._signature_at)  # type: ignore[misc]
        case = (made.key.public, image.hash, signature)
        job = Path(folder, "job.json")
        job.write_text(json.dumps({"case": [part.hex() for part in case], "image": str(made.image)}))
        here = timed(interpreter.command, interpreter.environment, job)
        cpython = timed([sys.executable], interpreter.environment | {"PYTHONPATH": _firmware(interpreter)}, job)
    work = count(case)
    kib = image.length / 1024
    print(f"One signature (ECDSA P-256, big integers), median of {ROUNDS} on this computer:")
    print(f"  {interpreter.name:12} {median(here['signature_us']) / 1000:8.2f} ms")
    print(f"  {'cpython':12} {median(cpython['signature_us']) / 1000:8.2f} ms")
    print(f"SHA-256 of an image of {kib:.0f} KiB, read from a file:")
    print(f"  {interpreter.name:12} {median(here['hash_us']) / 1000:8.2f} ms")
    print("Counted for one signature (exact for this one; others differ by some per cent):")
    print(f"  {work['steps']:9} steps of {DIGIT_BITS}-bit digits in {work['numbers']} numbers")
    print(f"  {work['bytecodes']:9} bytecodes (CPython's, which are about as many)")
    print(f"  {here['left_behind']:9} bytes left to the collector")
    _estimate(work, here["left_behind"], image.length)
    _refusals(interpreter)


def _refusals(interpreter: Interpreter) -> None:
    """Published vectors and altered images, as the device judges them."""
    vectors = {"NIST FIPS 186-3": signature_vectors.nist(), "Wycheproof": signature_vectors.wycheproof()}
    print(f"Verdicts as published, under {interpreter.name}:")
    for name, cases in vectors.items():
        told = _run(
            interpreter,
            Path(signature_vectors.__file__).with_name("verify_vectors.py"),
            "cases.json",
            [[part.hex() for part in (case.public, case.digest, case.signature)] for case in cases],
        )
        right = sum(answer == case.valid for answer, case in zip(told, cases, strict=True))
        print(f"  {name}: {right} of {len(cases)}, {sum(not case.valid for case in cases)} of them invalid")
    cases = altered_images.altered()
    job = {
        "keys": {name.hex(): key.hex() for name, key in altered_images.KEYS.items()},
        "images": [[f"{number}.img", list(case.facts)] for number, case in enumerate(cases)],
    }
    files = {f"{number}.img": case.data for number, case in enumerate(cases)}
    told = _run(interpreter, Path(altered_images.__file__).with_name("judge_images.py"), "images.json", job, files)
    right = sum(why in case.reasons for why, case in zip(told, cases, strict=True))
    print(
        f"Altered images: {sum(bool(why) for why in told)} of {len(cases)} refused, {right} for what was done to them, "
        f"by {len(set(told))} different reasons"
    )


def _run(
    interpreter: Interpreter, script: Path, name: str, job: Any, files: Mapping[str, bytes] | None = None
) -> list[Any]:
    """What a script prints that takes a JSON file, or with `files` the folder that it and they lie in."""
    with tempfile.TemporaryDirectory() as folder:
        for path, data in (files or {}).items():
            Path(folder, path).write_bytes(data)
        Path(folder, name).write_text(json.dumps(job))
        argument = folder if files else str(Path(folder, name))
        command = [*interpreter.command, str(script), argument]
        finished = subprocess.run(command, env=interpreter.environment, capture_output=True, text=True, check=True)
        return json.loads(finished.stdout)


def _firmware(interpreter: Interpreter) -> str:
    return interpreter.environment.get("PYTHONPATH") or interpreter.environment["MICROPYPATH"].partition(":")[0]


def _estimate(work: Counter, left_behind: int, length: int) -> None:
    def ms(cycles: float) -> float:
        return cycles / (CLOCK_MHZ * 1000)

    collections = -(-left_behind // SPARE_BYTES)
    parts: list[tuple[str, float]] = [
        (f"digit steps x {CYCLES_A_STEP} cycles", ms(work["steps"] * CYCLES_A_STEP)),
        (f"numbers x {CYCLES_A_NUMBER} cycles", ms(work["numbers"] * CYCLES_A_NUMBER)),
        (f"bytecodes x {CYCLES_A_BYTECODE} cycles", ms(work["bytecodes"] * CYCLES_A_BYTECODE)),
        (f"{collections} collections x {COLLECTION_MS} ms ({SPARE_BYTES >> 10} KiB free)", collections * COLLECTION_MS),
    ]
    print(f"ESP32-S3 at {CLOCK_MHZ} MHz, estimated; no board has been timed:")
    for name, value in parts:
        print(f"  {value:8.0f} ms  {name}")
    print(f"  {sum(value for _, value in parts):8.0f} ms  one signature")
    hashing = ms(length * CYCLES_A_HASHED_BYTE)
    reading = 1000 * length / FLASH_BYTES_A_SECOND
    print(
        f"  {hashing:8.0f} ms  hash x {CYCLES_A_HASHED_BYTE} cycles a byte (software; at every start and every update)"
    )
    print(f"  {reading:8.0f} ms  flash x {FLASH_BYTES_A_SECOND // 1_000_000} MB/s")


if __name__ == "__main__":
    main()
