"""`dermis build`: the sources as a signed image, with everything that `dermis flash` and `dermis update` take."""

from __future__ import annotations

import argparse
from pathlib import Path

from dermis_host import building
from dermis_host.arguments import add_output
from dermis_host.building.signing import DEVELOPMENT_FILE
from dermis_host.building.targets import TARGETS
from dermis_host.errors import UsageError
from dermis_host.output import Output

DEFAULT_BOARD = "twin"
DEFAULT_FOLDER = Path("build/image")
DEVELOPMENT_WARNING = (
    "Signed with the development key, which anybody could have (it is in {path}): for the bench only; "
    "make your own with `dermis build --new-key FILE`."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--board", default=DEFAULT_BOARD, help=f"one of {', '.join(TARGETS)} (default: %(default)s)")
    parser.add_argument("--key", metavar="KEY.pem", type=Path, help="the private key that signs (ECDSA P-256)")
    parser.add_argument("--new-key", metavar="FILE", type=Path, help="make such a key, and nothing else")
    parser.add_argument(
        "-o", "--output", metavar="DIR", type=Path, default=DEFAULT_FOLDER, help="where to (default: %(default)s)"
    )
    parser.add_argument("--version", metavar="X.Y.Z", help="another version than that of the sources, for a trial")
    parser.add_argument("--security-counter", metavar="N", type=int, help="another one than that of the sources")
    parser.add_argument("--hardware-revision", metavar="N", type=int, help="of the board that the boot part is for")
    parser.add_argument("--model", metavar="FILE.tflite", type=Path, help="another model than the released one")
    add_output(parser)


def run(arguments: argparse.Namespace, output: Output) -> int:
    if arguments.new_key:
        return _new_key(arguments, output)
    if arguments.hardware_revision is not None and arguments.hardware_revision < 1:
        raise UsageError(f"--hardware-revision {arguments.hardware_revision} is none: revisions begin at 1.")
    key = building.load_key(arguments.key) if arguments.key else building.development_key(arguments.output.parent)
    made = building.build(
        arguments.board,
        key,
        arguments.output,
        version=arguments.version,
        security_counter=arguments.security_counter,
        revision=arguments.hardware_revision,
        model=arguments.model,
        tell=output.step,
    )
    if key.is_development:
        output.note(DEVELOPMENT_WARNING.format(path=arguments.output.parent / DEVELOPMENT_FILE))
    output.say(f"dermis {made.version} for the board {made.board}:")
    for path, meaning in (
        (made.image, "the signed image: dermis update, or dermis flash"),
        (made.boot, "the boot partition, which only dermis flash writes"),
        (made.flash_map, "what goes where"),
        (made.manifest, "what the image says of itself, and a hash of every file in it"),
        (made.sbom, "bill of materials (CycloneDX)"),
    ):
        output.say(f"  {path}  {path.stat().st_size} bytes, {meaning}")
    output.say(f"hash of all that is signed: {made.image_hash.hex()}")
    output.say(f"signed by the key {made.key.hash.hex()}")
    output.result(
        {
            "board": made.board,
            "version": made.version,
            "image": made.image,
            "boot": made.boot,
            "flash_map": made.flash_map,
            "manifest": made.manifest,
            "sbom": made.sbom,
            "image_hash": made.image_hash,
            "key_hash": made.key.hash,
            "public_key": made.key.public,
            "development_key": key.is_development,
        }
    )
    return 0


def _new_key(arguments: argparse.Namespace, output: Output) -> int:
    key = building.new_key(arguments.new_key)
    output.say(f"{arguments.new_key}: a private key that only you can read; modules are given its public half:")
    output.say(f"  {key.public.hex()}")
    output.say("Keep a copy where no fire reaches: modules that know no other key take no other image.")
    output.result({"key": arguments.new_key, "public_key": key.public, "key_hash": key.hash})
    return 0
