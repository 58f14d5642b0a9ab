"""`dermis twin`: a virtual module, in the foreground or behind; `twin scene|status|fault|lock|loader|stop` talk to the
one that runs."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from dermis_hw.module_instance import ModuleInstance, from_text

from dermis_host.device_code import find_micropython
from dermis_host.errors import EXIT_OK, HostError, UsageError, sentence
from dermis_host.output import Output, table
from dermis_host.twin_access import (
    DEFAULT_STATE,
    TwinControl,
    require_simulation,
    scene_file,
    simulation,
    twin_errors,
    twin_log,
)

DEFAULT_SCENE = "bona_fide_light"
HIGHEST_PORT = 65535
LOG = "twin.log"  # in the state folder: what a twin behind says
LOCK_INPUTS, LEVELS, PULSE = ("trigger", "tamper", "power"), ("on", "off"), "pulse"
PULSE_S = 0.3  # of an input: longer than the module's look at it twice
STOP_S = 10.0  # for one that is not to be, to end in order


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--state", type=Path, default=DEFAULT_STATE, help="folder of its flash (default: %(default)s)")
    parser.add_argument("--scene", default=DEFAULT_SCENE, help="a scene file or a built-in (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="TCP port on the loopback (default: a free one)")
    parser.add_argument(
        "--module", metavar="N|N:DEFECT|FILE", help="the N-th module drawn from the tolerances, or a JSON file's"
    )
    parser.add_argument("--seed", type=int, default=0, help="of noise and of all that is random (default: 0)")
    parser.add_argument("--virtual-time", action="store_true", help="time passes only while the firmware sleeps")
    parser.add_argument(
        "--blank", action="store_true", help="erase its flash first; it then runs what is flashed and nothing else"
    )
    parser.add_argument("--pty", type=Path, metavar="LINK", help="also offer the console on a pseudo-terminal")
    parser.add_argument("--bus-port", type=int, metavar="PORT", help="RS-485 on that TCP port, 0: a free one")
    parser.add_argument("--bus-pty", type=Path, metavar="LINK", help="RS-485 on a pseudo-terminal")
    parser.add_argument("--background", action="store_true", help="return when it is ready; `dermis twin stop` ends it")
    parser.add_argument("-v", "--verbose", action="store_true", help="show what the twin says on stderr")
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout and nothing else there")
    doing = parser.add_subparsers(dest="doing", metavar="[DOING ...]", title="to the twin that runs")
    scene = _sub(doing, "scene", "change what stands before it")
    scene.add_argument("scene_file", metavar="SCENE", help="a scene file or a built-in")
    _sub(doing, "status", "how it is")
    fault = _sub(doing, "fault", "ask for a fault; `clear` takes all back")
    fault.add_argument("name")
    fault.add_argument("argument", nargs="*", metavar="KEY=VALUE", help="such as light=970, count=100000")
    lock = _sub(doing, "lock", "set an input of its lock's side")
    lock.add_argument(
        "input", choices=LOCK_INPUTS, help="trigger: somebody asks; tamper: the housing is open; power: good"
    )
    lock.add_argument(
        "level", choices=(*LEVELS, PULSE), nargs="?", default=PULSE, help="default: %(default)s, on and off"
    )
    _sub(doing, "loader", "reset it with the BOOT button held: its ROM loader waits for a flasher")
    _sub(doing, "stop", "end it")


def run(arguments: argparse.Namespace, output: Output) -> int:
    if arguments.doing:
        answer = _talk(TwinControl(arguments.state), arguments)
        rows = table("what", "value")
        for name, value in answer.items():
            parts = value if isinstance(value, dict) and value else {"": value}
            for part, told in parts.items():
                rows.add_row(f"{name} {part}".strip(), str(told))
        if answer:
            output.say(rows)
        output.result(answer)
        return EXIT_OK
    for name, port in (("port", arguments.port), ("bus-port", arguments.bus_port)):
        if port is not None and not 0 <= port <= HIGHEST_PORT:
            raise UsageError(f"--{name} {port} is no TCP port: give one from 1 to {HIGHEST_PORT}, or 0.")
    require_simulation()
    find_micropython()  # raises at once, and as wrong usage, when it is named and not there
    path = scene_file(arguments.scene)
    module = _module(arguments.module)
    if arguments.background:
        return _behind(path, arguments, output)

    def ready(url: str) -> None:
        output.say(f"{url}  (Ctrl-C ends it)")
        output.result({"url": url, "state": arguments.state})

    with twin_errors():
        simulation("dermis_hw.twin").run_foreground(
            arguments.state,
            scene=path,
            port=arguments.port,
            module=module,
            virtual_time=arguments.virtual_time,
            seed=arguments.seed,
            pty=arguments.pty,
            blank=arguments.blank,
            bus_port=arguments.bus_port,
            bus_pty=arguments.bus_pty,
            log=twin_log(output),
            on_ready=ready,
        )
    return EXIT_OK


def _module(text: str | None) -> ModuleInstance | None:
    """Raises UsageError for what names no module."""
    try:
        return None if text is None else from_text(text)
    except ValueError as problem:
        raise UsageError(f"--module: {sentence(problem)}") from None


def _behind(scene: Path, arguments: argparse.Namespace, output: Output) -> int:
    """The same twin in a process of its own that outlives this one."""
    words = ["--state", str(arguments.state), "--scene", str(scene), "--port", str(arguments.port)]
    words += ["--seed", str(arguments.seed), "--json"]
    words += [] if arguments.module is None else ["--module", str(arguments.module)]
    words += ["--virtual-time"] if arguments.virtual_time else []
    words += ["--blank"] if arguments.blank else []
    words += ["--pty", str(arguments.pty)] if arguments.pty else []
    words += ["--bus-port", str(arguments.bus_port)] if arguments.bus_port is not None else []
    words += ["--bus-pty", str(arguments.bus_pty)] if arguments.bus_pty else []
    words += ["--verbose"] if arguments.verbose else []
    arguments.state.mkdir(parents=True, exist_ok=True)
    log = arguments.state / LOG
    with open(log, "ab") as said:
        heard = said.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", "dermis_host.cli", "twin", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            start_new_session=True,
        )
    assert process.stdout
    try:
        with process.stdout as lines:
            answer = _answer(lines.readline())
    except BaseException:
        process.terminate()
        process.wait(STOP_S)
        raise
    if "url" not in answer:
        code = process.wait(STOP_S)
        kind = UsageError if code == UsageError.exit_code else HostError
        raise kind(answer.get("error", f"The twin ended with {code} before it was ready: see {log}."))
    with open(log, errors="replace") as file:
        file.seek(heard)
        for line in file.read().splitlines():
            output.note(line)
    output.say(f"{answer['url']}  (`dermis twin stop --state {arguments.state}` ends it)")
    output.result(answer)
    return EXIT_OK


def _answer(line: bytes) -> dict[str, Any]:
    return json.loads(line) if line.strip() else {}


def _talk(twin: TwinControl, arguments: argparse.Namespace) -> dict[str, Any]:
    if arguments.doing == "scene":
        path = scene_file(arguments.scene_file)
        twin.set_scene(path)
        return {"scene": str(path)}
    if arguments.doing == "fault":
        return twin.fault(arguments.name, dict(map(_key_and_value, arguments.argument)))
    if arguments.doing == "lock":
        return _lock(twin, arguments.input, arguments.level)
    if arguments.doing == "loader":
        twin.enter_loader()
        return {}
    if arguments.doing == "stop":
        twin.stop()
        return {}
    return twin.status()


def _lock(twin: TwinControl, name: str, level: str) -> dict[str, Any]:
    if level in LEVELS:
        return twin.lock(name, level == LEVELS[0])
    resting = bool(twin.status()["lock"]["inputs"][name])
    twin.lock(name, not resting)
    time.sleep(PULSE_S)
    return twin.lock(name, resting)


def _sub(doing: Any, name: str, summary: str) -> argparse.ArgumentParser:
    """--state and --json may stand after the word too; there they must not undo what stood before it."""
    sub = doing.add_parser(name, help=summary, description=summary)
    sub.add_argument("--state", type=Path, default=argparse.SUPPRESS, help="folder of the twin")
    sub.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object on stdout")
    return sub


def _key_and_value(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise UsageError(f"{text!r} is no KEY=VALUE, such as light=970.")
    try:
        number = json.loads(value)
    except ValueError:
        return key, value
    # A light is named by its wavelength; only other keys take numbers.
    return key, value if key == "light" or not isinstance(number, int | float) else number
