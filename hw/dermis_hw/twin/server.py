"""The twin's event loop: port, module, channel, control socket and renderer in one thread that never waits."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dermis.core.twin_wire import RESET_STATUS

from dermis_hw.boards import board_file
from dermis_hw.module_instance import ModuleInstance
from dermis_hw.optics import DM1

from . import synthetic
from .channel import Answer, ChannelServer
from .console import Console
from .control import ControlServer
from .errors import TwinError
from .faults import Faults
from .flash import Flash, PowerCut
from .imager import Imager
from .module_process import BACKLOG_LIMIT, ModuleProcess, find_micropython, released_model
from .peripherals import Killed, Peripherals
from .port import AutoReset, Port, PortClient, PtyPort
from .requests import Requests
from .stage import Stage
from .world import FieldAt, World

PTY_POLL_S = 0.02  # how soon a tool that opens the pseudo-terminal is noticed
POWER_OFF_S = 0.05  # how long the module is without power after a cut
# A firmware that ends with an error within this time would otherwise restart as fast as it can.
SHORT_LIFE_S, PAUSE_S = 1.0, 1.0

# What the module said since the twin started is kept in the state folder, up to this much, for whoever asks why.
CONSOLE_LOG_LIMIT = 1 << 20

RUNNING, HELD, DEAD, WAITING = "running", "held", "dead", "waiting"


class Endpoint(Protocol):
    def fileno(self) -> int: ...
    def wants(self) -> int: ...
    def serve(self, _events: int, /) -> None: ...


@dataclass
class Config:
    """How to run a twin. `interpreter`: "auto", "cpython", or the path of a MicroPython."""

    state_dir: Path
    scene: str | None = None
    port: int = 0
    module: ModuleInstance | None = None
    virtual_time: bool = False
    seed: int = 0
    pty: Path | None = None
    interpreter: str = "auto"
    swir: bool = True
    model: Path | None = None  # the .tflite that the module carries; by default the newest released one
    entry: str = ""  # another program than dermis.main, as folder:module
    parent_pipe: int | None = None  # a descriptor whose end of file means that the parent is gone


class _Reader:
    """A descriptor that is only watched."""

    def __init__(self, descriptor: int, ready: Callable[[], None]):
        self._descriptor = descriptor
        self._ready = ready

    def fileno(self) -> int:
        return self._descriptor

    def wants(self) -> int:
        return select.POLLIN

    def serve(self, _events: int) -> None:
        self._ready()


class Server:
    """One twin. `provider` stands in for the renderer: seconds -> LightField."""

    def __init__(self, config: Config, provider: FieldAt | None = None, log: Callable[[str], None] = lambda _: None):
        """Raises TwinError when the state folder, the port or the interpreter cannot be had."""
        self.config = config
        self._log = log
        self._stopping = False
        self._on_ready: Callable[[], None] | None = None
        self._closers = contextlib.ExitStack()
        try:
            self._open(provider)
        except BaseException:
            self._closers.close()
            raise

    def _open(self, provider: FieldAt | None) -> None:
        config = self.config
        self._prepare_folder(config.state_dir)
        self._circuit = AutoReset(self.act)
        self.port = Port(config.port, self._circuit, self.from_host)
        self._closers.callback(self.port.close)
        self._pty = PtyPort(config.pty, self.from_host) if config.pty else None
        if self._pty:
            self._closers.callback(self._pty.close)
        self.identity = self._load_module(config)
        self.flash = Flash(config.state_dir / "flash.bin")
        self._closers.callback(self.flash.close)
        self.world = World(DM1, virtual=config.virtual_time)
        self.world.show(provider or synthetic.nothing)
        self.imager = Imager(DM1, self.identity, self.world, config.seed)
        self.peripherals = Peripherals(
            self.world,
            self.imager,
            self.flash,
            optics=DM1,
            module=self.identity,
            swir_fitted=config.swir,
            virtual=config.virtual_time,
            seed=config.seed,
            on_console=self._console_taken,
        )
        self.faults = Faults(self.world, self.imager, self.flash, self.peripherals, config.seed)
        self.stage = Stage(self.identity, config.seed)
        self._closers.callback(self.stage.close)
        self.module = self._make_module(config)
        self._closers.callback(self.module.stop)
        self._console = Console(self._to_module)
        self._console_log = open(config.state_dir / "console.log", "wb")
        self._closers.callback(self._console_log.close)
        self._channel: ChannelServer | None = None
        self._control = ControlServer(config.state_dir, Requests(self).handle)
        self._closers.callback(self._control.close)
        self.state, self._restart_at, self._restart_cause = HELD, 0.0, "power_on"
        self._started_at = 0.0
        self.scene: str | None = None
        self._ready = provider is not None or config.scene is None

    def _prepare_folder(self, folder: Path) -> None:
        try:
            (folder / "root").mkdir(parents=True, exist_ok=True)
            self._lock = open(folder / "lock", "w")
        except OSError as problem:
            raise TwinError(
                f"the state folder {folder} cannot be written ({problem.strerror}); name another"
            ) from problem
        self._closers.callback(self._lock.close)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TwinError(f"another twin uses the state folder {folder}; stop it or name another folder") from None

    def _load_module(self, config: Config) -> ModuleInstance:
        """The module that lives in this state folder: its calibration lies in the flash beside it."""
        path = config.state_dir / "module.json"
        if config.module is None and path.exists():
            try:
                return ModuleInstance.from_json(path.read_text())
            except (ValueError, TypeError) as problem:
                raise TwinError(f"{path} is damaged; remove it to start with the nominal module") from problem
        module = config.module or ModuleInstance()
        path.write_text(module.to_json())
        return module

    def _make_module(self, config: Config) -> ModuleProcess:
        if config.interpreter == "auto":
            interpreter = find_micropython()
            if interpreter is None:
                self._log("There is no MicroPython here: the same firmware runs under CPython, without LittleFS.")
        else:
            interpreter = None if config.interpreter == "cpython" else config.interpreter
        board = board_file("twin")
        board["swir"] = config.swir
        path = config.state_dir / "board.json"
        path.write_text(json.dumps(board, indent=1, sort_keys=True) + "\n")
        folder = config.state_dir.resolve()
        model = config.model.resolve() if config.model else released_model()
        return ModuleProcess(interpreter, path.resolve(), folder / "data", folder / "root", model, config.entry)

    # --- the loop

    @property
    def url(self) -> str:
        return self.port.url

    def run(self, on_ready: Callable[[], None] | None = None, *, handle_signals: bool = True) -> None:
        """Run until it is told to stop; `on_ready` is called once the first scene is in force.

        Raises TwinError when that scene cannot be had.
        """
        self._on_ready = on_ready
        try:
            with self._signals() if handle_signals else contextlib.nullcontext():
                self.act("app")
                if not self._ready:
                    assert self.config.scene is not None
                    self.stage.request(self.config.scene, self._first_scene)
                self._say_ready()
                while not self._stopping:
                    self._turn()
        finally:
            self._closers.close()

    def stop(self) -> None:
        """End the loop after this turn."""
        self._stopping = True

    def kill(self) -> None:
        """End the module's process; it stays dead until a reset."""
        self.end_module(DEAD)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, lambda *_: self.stop()) for number in signals}
        wakeup = signal.set_wakeup_fd(writer)  # a signal ends the wait at once
        self._waker = _Reader(reader, lambda: None)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(reader)
            os.close(writer)

    _waker: _Reader | None = None

    def _endpoints(self) -> Iterator[Endpoint]:
        yield self.port
        talkers: list[PortClient | PtyPort] = []
        if self.port.client is not None and not self.port.client.closed:
            talkers.append(self.port.client)
        if self._pty and self._pty.is_open():
            talkers.append(self._pty)
        for talker in talkers:
            talker.paused = len(self.module.backlog) > BACKLOG_LIMIT
            yield talker
        if self.module.running and not any(talker.full for talker in talkers):
            yield _Module(self.module, self._from_module, self._module_ended)
        if self._channel and not self._channel.closed:
            yield self._channel
        yield self._control
        yield from self._control.clients
        yield self.stage
        if self._waker:
            yield self._waker
        if self.config.parent_pipe is not None:
            yield _Reader(self.config.parent_pipe, self.stop)

    def _turn(self) -> None:
        self._circuit.tick()
        self._console.tick()
        if not self.config.state_dir.exists():
            # Its flash and its control socket are gone: nobody could reach it any more.
            self._log("the state folder is gone: the twin ends")
            self.stop()
        if self.state == WAITING and time.monotonic() >= self._restart_at:
            self._start_module(self._restart_cause)
        waiting = select.poll()
        endpoints = {}
        for endpoint in self._endpoints():
            endpoints[endpoint.fileno()] = endpoint
            waiting.register(endpoint.fileno(), endpoint.wants())
        for descriptor, events in waiting.poll(self._patience_ms()):
            endpoint = endpoints[descriptor]
            if endpoint.fileno() != descriptor:
                continue  # it was closed by one served before it
            try:
                endpoint.serve(events)
            except PowerCut:
                self._log("the power was cut")
                self.world.dark(self.world.now_us())
                self.end_module(WAITING, "power_on", POWER_OFF_S)
            except Killed:
                self._log("the module was killed")
                self.end_module(DEAD)

    def _patience_ms(self) -> int:
        times = [1.0]
        times += [
            deadline - time.monotonic()
            for deadline in (self._circuit.deadline, self._console.deadline)
            if deadline is not None
        ]
        if self.state == WAITING:
            times.append(self._restart_at - time.monotonic())
        if self._pty and not self._pty.is_open():
            times.append(PTY_POLL_S)
        return max(0, int(min(times) * 1000) + 1)

    # --- the module

    def act(self, what: str) -> None:
        """What the reset circuit says: hold, app or loader."""
        self._log({"hold": "reset: held", "app": "reset: the firmware starts", "loader": "reset: ROM loader"}[what])
        if what == "app":
            self._start_module("hard_reset" if self.peripherals.boots else "power_on")
        else:
            # The ROM loader comes with flashing; until then the chip waits in it and says nothing.
            self.end_module(HELD)

    def _start_module(self, cause: str, *, main: bool = True) -> None:
        self.end_module(HELD)
        self.peripherals.started(cause)
        connection = self.module.start(main=main)
        self._channel = ChannelServer(connection, self._answer, self._log)
        self.state, self._started_at = RUNNING, time.monotonic()
        self._console.restart(main=main)
        if not main:
            self.module.send(b"\r\x01")  # back to the raw prompt that it came from

    def end_module(self, state: str, cause: str = "", pause_s: float = 0.0) -> None:
        if self.module.running:
            self.module.stop()
            self.world.module_ended()
        if self._channel:
            self._channel.close()
        self.state, self._restart_cause = state, cause
        self._restart_at = time.monotonic() + pause_s

    def _module_ended(self) -> None:
        """The process is over by itself: a reset that it asked for, a soft reset at the prompt, or a crash."""
        lived_s = time.monotonic() - self._started_at
        self.end_module(HELD)
        status = self.module.status
        if status == RESET_STATUS:
            self._log("the firmware asked for a reset")
            self._start_module("software")
        elif status == 0:
            self._to_host(b"soft reboot\r\n")
            self._start_module("soft_reset", main=not self._console.raw_prompt)
        else:
            self._log(f"the firmware's process ended with status {status}")
            self.end_module(WAITING, "crash", PAUSE_S if lived_s < SHORT_LIFE_S else 0.0)

    def _answer(self, op: int, module_us: int, payload: bytes) -> Answer:
        return self.peripherals.answer(op, module_us, payload)

    def _console_taken(self, by_firmware: bool) -> None:
        self._console.taken(by_firmware)
        self.module.firmware_reads_console(by_firmware)

    def from_host(self, data: bytes) -> None:
        data = self.faults.spoil_to_module(data)
        if not self.module.running:
            return
        self._console.from_host(data)

    def _to_module(self, data: bytes) -> None:
        self.module.send(data)
        self.module.flush()

    def _from_module(self, data: bytes) -> None:
        if self._console_log.tell() < CONSOLE_LOG_LIMIT:
            self._console_log.write(data)
            self._console_log.flush()
        self._console.from_module(data)
        self._to_host(self.faults.spoil_to_host(data))

    def _to_host(self, data: bytes) -> None:
        self.port.send(data)
        if self._pty:
            self._pty.send(data)

    # --- the scene

    def _first_scene(self, field_at: FieldAt | None, error: str | None) -> None:
        if field_at is None:
            raise TwinError(error or "the scene cannot be had")
        self.show(self.config.scene, field_at)
        self._ready = True
        self._say_ready()

    def show(self, scene: str | None, field_at: FieldAt) -> None:
        self.scene = scene
        self.world.show(field_at)
        self._log(f"scene in force: {scene}")

    def _say_ready(self) -> None:
        if self._ready and self._on_ready:
            ready, self._on_ready = self._on_ready, None
            ready()


class _Module:
    """The module's terminal in the loop."""

    def __init__(self, process: ModuleProcess, received: Callable[[bytes], None], ended: Callable[[], None]):
        self._process = process
        self._received = received
        self._ended = ended

    def fileno(self) -> int:
        return self._process.fileno()

    def wants(self) -> int:
        return self._process.wants()

    def serve(self, events: int) -> None:
        if events & select.POLLOUT:
            self._process.flush()
        if events & (select.POLLIN | select.POLLHUP | select.POLLERR):
            data = self._process.receive()
            if data:
                self._received(data)
            elif data is not None:
                self._ended()
