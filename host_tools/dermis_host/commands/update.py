"""`dermis update`: brings a signed image onto a module that runs: uploads it, tries it, keeps it or goes back."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.markup import escape

from dermis_host.arguments import add_port, open_module
from dermis_host.errors import EXIT_OK, UsageError
from dermis_host.output import Output, table
from dermis_host.updating import updater
from dermis_host.updating.updater import Standing, Updater, Watcher

KIB = 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_port(parser)
    parser.add_argument("image", metavar="IMAGE", nargs="?", type=Path, help="an image that `dermis build` made")
    doing = parser.add_mutually_exclusive_group()
    doing.add_argument("--status", action="store_true", help="what lies in the slots, and how the last update stands")
    doing.add_argument("--confirm", action="store_true", help="keep the image that is being tried")
    doing.add_argument("--revert", action="store_true", help="go back to the image in the other slot")
    doing.add_argument("--erase", action="store_true", help="take the image out of the slot that is not in use")
    doing.add_argument(
        "--no-confirm", action="store_true", help="try the image and leave it to somebody else to keep it"
    )


def run(arguments: argparse.Namespace, output: Output) -> int:
    without_image = arguments.status or arguments.confirm or arguments.revert or arguments.erase
    if bool(arguments.image) == without_image:
        raise UsageError("Name an image, or one of --status, --confirm, --revert, --erase.")
    with output.progress() as bars:
        task = bars.add_task("upload", total=1, visible=False)

        def held(count: int, size: int) -> None:
            bars.update(task, completed=count, total=size, visible=True)

        def step(what: str) -> None:
            bars.update(task, description=what)
            if not output.err.is_terminal:
                output.say(what)

        with Updater(lambda: open_module(arguments, output), Watcher(step, held)) as control:
            if arguments.image:
                done = control.update(arguments.image, confirm=not arguments.no_confirm)
            elif arguments.revert:
                done = control.revert()
            else:
                return _rest(control, arguments, output)
    _say(done, output)
    output.result(done.told())
    return EXIT_OK


def _rest(control: Updater, arguments: argparse.Namespace, output: Output) -> int:
    if arguments.confirm:
        control.confirm()
    elif arguments.erase:
        control.erase()
    standing = control.standing()
    _say_standing(standing, output)
    output.result(updater.told(standing))
    return EXIT_OK


def _say(done: updater.Result, output: Output) -> None:
    was, now = done.before.identity, done.after.identity
    if done.before.in_use().get("hash") == done.after.in_use().get("hash") and not done.before.state.testing:
        output.say(f"{now.serial} runs this image already: {now.firmware}. Nothing was sent.")
        return
    rows = table("", "before", "after", title=f"Module {now.serial}")
    for name in ("firmware", "runtime", "model", "model_hash", "profile", "calibration", "state"):
        rows.add_row(name, *(escape(str(getattr(identity, name))) or "-" for identity in (was, now)))
    output.say(rows)
    if done.sent:
        rate = done.sent / KIB / max(done.seconds, 1e-3)
        breaks = f", the link was lost {done.breaks} times" if done.breaks else ""
        output.say(f"{done.sent} bytes sent in {done.seconds:.1f} s ({rate:.0f} KiB/s){breaks}")
    if done.confirmed:
        output.say(f"[green]{now.firmware} is in use and kept.[/]")
    else:
        output.say(
            f"[yellow]{now.firmware} is being tried[/] and goes back in {done.after.state.back_s} s, or at a restart, "
            "unless `dermis update --confirm` keeps it."
        )


def _say_standing(standing: Standing, output: Output) -> None:
    state = standing.state
    rows = table("slot", "version", "hash", "what", title=f"Module {standing.identity.serial}")
    words = ("active", "confirmed", "pending", "permanent")
    for image in standing.images:
        what = [word for word in words if image[word]] + ([] if image["bootable"] else ["refused: older than may be"])
        rows.add_row(
            str(image["slot"]), image["version"], image["hash"].hex()[:16], ", ".join(what) or "kept to go back to"
        )
    output.say(rows if standing.images else f"{standing.identity.serial} was not started from its flash: no slots.")
    if state.testing:
        output.say(f"{standing.identity.firmware} is being tried, for {state.back_s} s more.")
    if state.pending:
        output.say(f"{state.version} will be tried at the next start.")
    if state.why:
        what = f"The last test ({state.version}) was given up" if state.version else "The other slot came into use"
        output.say(f"{what}: {escape(state.reason)}.")
    if state.size:
        output.say(f"An upload is under way: {state.held} of {state.size} bytes.")
    if state.refused:
        output.say(f"The image uploaded last was refused: {escape(state.refused)}.")
    output.say(f"Last start: {state.cause}. Images below the security counter {state.counter} are refused.")
