"""`dermis flash`: puts a runtime, the first stage and an image on ESP32-S3 modules through esptool, several at once."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.markup import escape

from dermis_host.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, UsageError
from dermis_host.flashing import esptool, flasher, plan, runtime
from dermis_host.flashing.known_runtimes import GIVEN_UP, KNOWN
from dermis_host.flashing.stand_in import WORD, stand_in
from dermis_host.output import Output, table

LEAST_BAUD, MOST_BAUD = 9600, 4_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-p",
        "--port",
        action="append",
        help="a serial port or rfc2217://HOST:PORT; may be given several times (default: DERMIS_PORT)",
    )
    what = parser.add_argument_group("what to flash")
    what.add_argument(
        "--runtime", metavar="FILE", help=f"MicroPython's image for the ESP32-S3; {WORD}: none, for the twin"
    )
    what.add_argument("--keep-runtime", action="store_true", help="leave the runtime that the module has")
    what.add_argument("--folder", metavar="DIR", type=Path, help="a folder that `dermis build` made")
    what.add_argument("--image", metavar="FILE", type=Path, help="instead of --folder: the image")
    what.add_argument("--boot", metavar="FILE", type=Path, help="instead of --folder: the first stage")
    what.add_argument(
        "--allow-unknown", action="store_true", help="take a runtime that nobody of this project has seen"
    )
    what.add_argument("--runtime-sha256", metavar="HEX", help="take the runtime with this SHA-256 and no other")
    what.add_argument("--erase-data", action="store_true", help=f"also erase the data partition: {plan.KEPT} are lost")
    parser.add_argument("--list-runtimes", action="store_true", help="list the runtimes that are meant, and end")
    parser.add_argument(
        "--dry-run", action="store_true", help="check the files and say what would be written; open nothing"
    )
    parser.add_argument("--chip", choices=esptool.CHIPS, default=esptool.CHIP, help="(default: %(default)s)")
    parser.add_argument("--baud", type=int, default=esptool.BAUD, help="of a USB-to-UART bridge (default: %(default)s)")
    parser.add_argument("-v", "--verbose", action="store_true", help="show what esptool says on stderr")
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout and nothing else there")


def run(arguments: argparse.Namespace, output: Output) -> int:
    if arguments.list_runtimes:
        return _list_runtimes(output)
    ports = [] if arguments.dry_run else _ports(arguments)
    made = _plan(arguments, output)
    rows = table(
        "partition", "offset", "bytes", "what", title="dry run: nothing is opened" if arguments.dry_run else None
    )
    for row in made.rows():
        rows.add_row(row["partition"], f"{row['offset']:#08x}", str(row["bytes"]), escape(row["what"]))
    output.say(rows)
    if arguments.dry_run:
        output.result({"dry_run": True, "plan": made.rows(), "modules": []})
        return EXIT_OK
    outcomes = _flash(ports, made, arguments, output)
    for one in outcomes:
        if one.outcome == flasher.FLASHED:
            output.say(f"[green]flashed[/] {one.port} in {one.seconds:.1f} s: {escape(one.sentence)}")
        else:
            output.error(one.sentence)
    output.result({"dry_run": False, "plan": made.rows(), "modules": [one.told() for one in outcomes]})
    if any(one.outcome == flasher.STOPPED for one in outcomes):
        return EXIT_INTERRUPTED
    return EXIT_OK if all(one.outcome == flasher.FLASHED for one in outcomes) else EXIT_FAILED


def _flash(ports: list[str], made: plan.Plan, arguments: argparse.Namespace, output: Output) -> list[flasher.Outcome]:
    with output.progress() as bars:
        tasks = {port: bars.add_task(port, total=made.total) for port in ports}

        def step(port: str, what: str) -> None:
            bars.update(tasks[port], description=f"{port}: {what}")
            if not output.err.is_terminal:
                output.say(f"{port}: {what}")

        watcher = flasher.Watcher(
            on_step=step,
            on_bytes=lambda port, count: bars.update(tasks[port], completed=count),
            on_line=lambda port, line: output.log(f"{port}: {line}"),
        )
        return flasher.flash_all(ports, made, watcher, chip=arguments.chip, baud=arguments.baud)


def _ports(arguments: argparse.Namespace) -> list[str]:
    default = os.environ.get("DERMIS_PORT")
    ports = arguments.port or ([default] if default else [])
    if not ports:
        raise UsageError("Name a port with -p, or in DERMIS_PORT; `dermis devices` lists the ports.")
    real = [port if "://" in port else os.path.realpath(port) for port in ports]
    if len(set(real)) != len(real):
        raise UsageError("A port is named twice: name each module once.")
    if any(port.startswith("socket://") for port in ports):
        raise UsageError("A socket:// port has no reset lines: name a serial port or an rfc2217:// one.")
    if not LEAST_BAUD <= arguments.baud <= MOST_BAUD:
        raise UsageError(f"--baud {arguments.baud} is out of reach: give {LEAST_BAUD} to {MOST_BAUD}.")
    return ports


def _plan(arguments: argparse.Namespace, output: Output) -> plan.Plan:
    if arguments.folder and (arguments.image or arguments.boot):
        raise UsageError("Name either --folder, or --image with --boot.")
    if not arguments.folder and not (arguments.image and arguments.boot):
        raise UsageError("Name a folder that `dermis build` made with --folder, or the files with --image and --boot.")
    if bool(arguments.runtime) == arguments.keep_runtime:
        raise UsageError(
            "Name the runtime with --runtime FILE (--list-runtimes tells which are meant), or leave the module's with "
            "--keep-runtime."
        )
    image, boot = plan.files_of(arguments.folder) if arguments.folder else (arguments.image, arguments.boot)
    return plan.make(image, boot, _runtime(arguments, output), arguments.erase_data)


def _runtime(arguments: argparse.Namespace, output: Output) -> runtime.Runtime | None:
    if arguments.keep_runtime:
        return None
    if arguments.runtime == WORD:
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"{WORD}.bin"
            path.write_bytes(stand_in())
            return runtime.load(path)
    given = runtime.load(Path(arguments.runtime))
    trusted = (arguments.runtime_sha256 or "").lower()
    if trusted and trusted != given.sha256:
        raise UsageError(
            f"{given.path} has the SHA-256 {given.sha256}, and {trusted} was named: take the file that is meant."
        )
    if not given.known and not trusted:
        if not arguments.allow_unknown:
            raise UsageError(
                f"{given.path} ({given.text}) is none of the runtimes that are known by their hash: vet it and name "
                f"its hash (--runtime-sha256 {given.sha256}), or take it unseen with --allow-unknown."
            )
        output.note(f"{given.path} is taken unseen. {GIVEN_UP}")
    return given


def _list_runtimes(output: Output) -> int:
    rows = table("runtime", "MicroPython from", "camera", "where", "SHA-256")
    for build in KNOWN:
        rows.add_row(
            build.name, build.lowest, "yes" if build.camera else "no", build.where, build.sha256 or "not known"
        )
    output.say(rows)
    output.result({"runtimes": [build._asdict() for build in KNOWN]})
    return EXIT_OK
