"""The twin: the module's real firmware in front of simulated hardware, as a process of its own.

    with Twin("build/twin", scene="face.toml", virtual_time=True) as twin:
        talk_to(twin.url)

`dermis twin` runs the same in the foreground (`run_foreground`). See docs/twin.md.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .control import request
from .errors import TwinError

if TYPE_CHECKING:
    from dermis_hw.module_instance import ModuleInstance

__all__ = ["Twin", "TwinError", "main", "request", "run_foreground"]

READY_LIMIT_S = 300.0  # a first scene on a machine without LLVM
STOP_LIMIT_S = 5.0


def scene_path(scene: Any) -> str:
    """The absolute path of a scene: a path, or a `Scene` that knows where it was read from."""
    path = getattr(scene, "path", scene)
    if not isinstance(path, str | os.PathLike):
        raise TwinError("a scene is the path of a TOML file, or a scene that was read from one")
    return str(Path(path).resolve())


class Twin:
    """A twin in a process of its own, which ends with this one.

    state_dir: its folder (flash, module, control socket); made when missing. scene: what stands before the
    module. provider: instead of a scene, `module:function`, seconds -> LightField. module: which module off the
    line; by default the one that lives in the folder, or the nominal one. virtual_time: time passes only while
    the firmware sleeps. pty: also offer the console on a pseudo-terminal linked there. interpreter: "auto",
    "cpython" or the path of a MicroPython. model: the .tflite that the module carries; by default the newest released
    one. entry: another program than `dermis.main`, as folder:module, for tests of drivers. blank: erase its flash
    first; it runs what is flashed and nothing else. bus_port: TCP port of RS-485, 0 for a free one (`status` has its
    URL). bus_pty: the same on a pseudo-terminal linked there. ticks_us: what the module's clock says at each start, for
    what happens after weeks without one. log: takes the lines that the twin says.

    The constructor returns when the port answers and the scene is in force; it raises TwinError with what the
    twin said when it could not start.
    """

    def __init__(
        self,
        state_dir: str | os.PathLike,
        scene: Any = None,
        *,
        provider: str | None = None,
        port: int = 0,
        module: ModuleInstance | None = None,
        virtual_time: bool = False,
        seed: int = 0,
        pty: str | os.PathLike | None = None,
        interpreter: str = "auto",
        swir: bool = True,
        model: str | os.PathLike | None = None,
        entry: str = "",
        blank: bool = False,
        bus_port: int | None = None,
        bus_pty: str | os.PathLike | None = None,
        ticks_us: int = 0,
        log: Callable[[str], None] | None = None,
    ):
        self.state_dir = Path(state_dir)
        arguments = ["--state", str(self.state_dir), "--port", str(port), "--seed", str(seed)]
        arguments += ["--interpreter", interpreter, "--announce", "--parent-pipe", "0"]
        arguments += ["--scene", scene_path(scene)] if scene is not None else []
        arguments += ["--provider", provider] if provider else []
        arguments += ["--virtual-time"] if virtual_time else []
        arguments += ["--pty", str(pty)] if pty else []
        arguments += [] if swir else ["--no-swir"]
        arguments += ["--model", str(model)] if model else []
        arguments += ["--entry", entry] if entry else []
        arguments += ["--blank"] if blank else []
        arguments += ["--bus-port", str(bus_port)] if bus_port is not None else []
        arguments += ["--bus-pty", str(bus_pty)] if bus_pty else []
        arguments += ["--ticks-us", str(ticks_us)] if ticks_us else []
        self.log_lines: list[str] = []
        with contextlib.ExitStack() as stack:
            if module is not None:
                arguments += ["--module", stack.enter_context(_module_file(module))]
            self._errors = stack.enter_context(tempfile.TemporaryFile())
            # Standard input is the pipe whose end tells the child that we are gone.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "dermis_hw.twin", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                start_new_session=True,
            )
            try:
                self.url: str = self._wait_until_ready()["url"]
            except BaseException:
                self._end()
                raise
            self._files = stack.pop_all()
        self._log = log
        self._pass_on_log()

    def __enter__(self) -> Twin:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def set_scene(self, scene: Any, timeout_s: float = READY_LIMIT_S) -> None:
        """Change what stands before the module; returns when it is in force. Raises TwinError with what is wrong
        with the scene; the old one stays."""
        self.request({"do": "scene", "path": scene_path(scene)}, timeout_s)

    def set_provider(self, name: str) -> None:
        """What `module:function` gives stands before the module from now on, without rendering."""
        self.request({"do": "provider", "name": name})

    def status(self) -> dict:
        """URL, state of the module, interpreter, scene, times, faults."""
        return self.request({"do": "status"})

    def lights(self) -> dict:
        """Every light now, and when the last one went dark (`last_dark_us`), in us of world time."""
        return self.request({"do": "lights"})

    def frames(self) -> list[dict]:
        """What lit the frames delivered last: the truth that the firmware has to find out by itself."""
        return self.request({"do": "frames"})["frames"]

    def fault(self, name: str, **args: Any) -> None:
        """Ask for a fault (docs/twin.md lists them); `clear` takes them all back."""
        self.request({"do": "fault", "name": name, "args": args})

    def lock(self, name: str, on: bool) -> None:
        """Set an input of the lock's side: trigger, tamper, power."""
        self.request({"do": "lock", "name": name, "on": on})

    def power(self, on: bool) -> None:
        """Switch the module's supply. Off, it stays dark and silent until it is on again."""
        self.request({"do": "power", "on": on})

    def light(self, klux: float, timeout_s: float = READY_LIMIT_S) -> None:
        """Light a lamp like the sun beside the scene; returns when it is in force. 0 is out."""
        self.request({"do": "light", "klux": klux}, timeout_s)

    def kill_module(self) -> dict:
        """End the module's process without warning; the lights as they are then. It stays dead until a reset."""
        return self.request({"do": "kill"})

    def reset(self) -> None:
        """A hard reset of the module, as by its button."""
        self.request({"do": "reset"})

    def enter_loader(self) -> None:
        """A reset with the BOOT button held: the ROM waits for a flasher."""
        self.request({"do": "loader"})

    def request(self, message: dict, timeout_s: float = 60.0) -> dict:
        """One request of the control socket."""
        answer = request(self.state_dir, message, timeout_s)
        self._pass_on_log()
        return answer

    def stop(self) -> None:
        """End the twin and everything that it started. May be called more than once."""
        if self._process.poll() is None:
            self._end()
        self._pass_on_log()
        self._files.close()

    def _end(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _wait_until_ready(self) -> dict:
        assert self._process.stdout
        line, until = b"", time.monotonic() + READY_LIMIT_S
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self._process.stdout], [], [], max(0.0, until - time.monotonic()))
            piece = os.read(self._process.stdout.fileno(), 4096) if ready else b""
            if not piece:
                break
            line += piece
        if not line.endswith(b"\n"):
            self._end()
            self._errors.seek(0)
            said = self._errors.read().decode(errors="replace").strip()
            raise TwinError(said.splitlines()[-1] if said else "the twin did not start in time; try again")
        return json.loads(line)

    def _pass_on_log(self) -> None:
        if self._errors.closed:
            return
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").splitlines()
        fresh, self.log_lines = lines[len(self.log_lines) :], lines
        if self._log:
            for line in fresh:
                self._log(line)


@contextlib.contextmanager
def _module_file(module: ModuleInstance):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(module.to_json())
        file.flush()
        yield file.name


def run_foreground(
    state_dir: str | os.PathLike,
    *,
    scene: Any = None,
    provider: str | None = None,
    port: int = 0,
    module: ModuleInstance | None = None,
    virtual_time: bool = False,
    seed: int = 0,
    pty: str | os.PathLike | None = None,
    interpreter: str = "auto",
    swir: bool = True,
    model: str | os.PathLike | None = None,
    entry: str = "",
    blank: bool = False,
    bus_port: int | None = None,
    bus_pty: str | os.PathLike | None = None,
    ticks_us: int = 0,
    parent_pipe: int | None = None,
    log: Callable[[str], None] | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Run a twin in this process until Ctrl-C, SIGTERM or `stop` on its control socket.

    `log` takes one line at a time (standard error by default), `on_ready` the port's URL once the scene is in
    force. Raises TwinError with one sentence when the port is taken or anything else stands in the way.
    """
    from .server import Config, Server
    from .stage import load_provider

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    config = Config(
        state_dir=Path(state_dir),
        scene=scene_path(scene) if scene is not None else None,
        port=port,
        module=module,
        virtual_time=virtual_time,
        seed=seed,
        pty=Path(pty) if pty else None,
        interpreter=interpreter,
        swir=swir,
        model=Path(model) if model else None,
        entry=entry,
        blank=blank,
        bus_port=bus_port,
        bus_pty=Path(bus_pty) if bus_pty else None,
        ticks_us=ticks_us,
        parent_pipe=parent_pipe,
    )
    server = Server(config, load_provider(provider) if provider else None, log or say)
    server.run(lambda: on_ready(server.url) if on_ready else None)


def main(argv: list[str] | None = None) -> int:
    """`python -m dermis_hw.twin`: the exit code, 1 with one sentence on standard error when it cannot run."""
    from .__main__ import main as command

    return command(argv)
