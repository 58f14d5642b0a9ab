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

from dermis_hw.boards import board_file
from dermis_hw.module_instance import ModuleInstance
from dermis_hw.optics import DM1

from . import synthetic
from .chip import Board, mac_of
from .control import ControlServer
from .errors import TwinError
from .faults import Faults
from .flash import Flash, PowerCut
from .imager import Imager
from .life import Life
from .lockside import BusPort, BusPty
from .module_process import BACKLOG_LIMIT, ModuleProcess, find_micropython, released_model
from .peripherals import Killed, Peripherals, SuddenReset
from .port import AutoReset, Port, PortClient, PtyPort
from .requests import Requests
from .stage import Stage
from .world import FieldAt, World

PTY_POLL_S = 0.02  # how soon a tool that opens the pseudo-terminal is noticed

# What the module said since the twin started is kept in the state folder, up to this much, for whoever asks why.
CONSOLE_LOG_LIMIT = 1 << 20


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
    blank: bool = False  # erase the flash first, and run nothing but what is flashed
    bus_port: int | None = None  # TCP port of RS-485, 0: a free one
    bus_pty: Path | None = None  # RS-485 as a pseudo-terminal linked there
    ticks_us: int = 0  # what the module's clock says at each start
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
        self._circuit = AutoReset(lambda what: self.life.act(what))
        self.port = Port(config.port, self._circuit, self.from_host)
        self._closers.callback(self.port.close)
        self._pty = PtyPort(config.pty, self.from_host) if config.pty else None
        if self._pty:
            self._closers.callback(self._pty.close)
        self.identity = self._load_module(config)
        self.flash = Flash(config.state_dir / "flash.bin")
        self._closers.callback(self.flash.close)
        if config.blank:
            self.flash.erase(0, self.flash.size)
        self.world = World(DM1, virtual=config.virtual_time, ticks_us=config.ticks_us)
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
            on_console=lambda by_firmware: self.life.console_taken(by_firmware),
            on_watchdog=lambda limit_s: self.life.feed_watchdog(limit_s),
            to_panel=self._to_panel,
        )
        self.bus = BusPort(config.bus_port, self.peripherals.lock.hear) if config.bus_port is not None else None
        if self.bus:
            self._closers.callback(self.bus.close)
        self._bus_pty = BusPty(config.bus_pty, self.peripherals.lock.hear) if config.bus_pty else None
        if self._bus_pty:
            self._closers.callback(self._bus_pty.close)
        self.board = Board(mac_of(self.identity.serial))
        self.faults = Faults(self.world, self.imager, self.flash, self.peripherals, self.board, config.seed)
        self.stage = Stage(self.identity, config.seed)
        self._closers.callback(self.stage.close)
        self.module = self._make_module(config)
        self._closers.callback(self.module.stop)
        self.life = Life(
            board=self.board,
            flash=self.flash,
            module=self.module,
            peripherals=self.peripherals,
            world=self.world,
            sources=not config.blank,
            to_host=self._to_host,
            log=self._log,
        )
        self.faults.restart = self.life.without_power
        self._console_log = open(config.state_dir / "console.log", "wb")
        self._closers.callback(self._console_log.close)
        self._control = ControlServer(config.state_dir, Requests(self).handle)
        self._closers.callback(self._control.close)
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
                self.life.act("app")
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
            yield _Module(self.module, self._from_module, self.life.program_ended)
        yield from (channel for channel in self.life.channels if not channel.closed)
        if self.bus:
            yield from self.bus.endpoints()
        if self._bus_pty:
            yield self._bus_pty
        yield self._control
        yield from self._control.clients
        yield self.stage
        if self._waker:
            yield self._waker
        if self.config.parent_pipe is not None:
            yield _Reader(self.config.parent_pipe, self.stop)

    def _turn(self) -> None:
        self._circuit.tick()
        self.life.tick()
        self._release_stalled()
        if not self.config.state_dir.exists():
            # Its flash and its control socket are gone: nobody could reach it any more.
            self._log("the state folder is gone: the twin ends")
            self.stop()
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
                self.life.lose_power()
            except SuddenReset:
                self.life.act("app")
            except Killed:
                self._log("the module was killed")
                self.life.kill()

    def _patience_ms(self) -> int:
        now = time.monotonic()
        times = [1.0, *(deadline - now for deadline in (*self.life.deadlines, *self.faults.deadlines))]
        if self._circuit.deadline is not None:
            times.append(self._circuit.deadline - now)
        if self._pty and not self._pty.is_open():
            times.append(PTY_POLL_S)
        return max(0, int(min(times) * 1000) + 1)

    # --- bytes

    def from_host(self, data: bytes) -> None:
        data, whole = self.faults.cut_cable(self.faults.spoil_to_module(data))
        self.life.from_host(data)
        if not whole:
            self._log("the cable is out")
            if self.port.client is not None:
                self.port.client.close()
            if self._pty:
                self._pty.replug()
            self.life.lose_power()  # it comes by the same cable

    def _release_stalled(self) -> None:
        """Bytes that the cable kept back go on when their time has come."""
        if data := self.faults.to_module.released():
            self.life.from_host(data)
        if data := self.faults.to_host.released():
            self._to_host(data)

    def _from_module(self, data: bytes) -> None:
        if self._console_log.tell() < CONSOLE_LOG_LIMIT:
            self._console_log.write(data)
            self._console_log.flush()
        self.life.console.from_module(data)
        self._to_host(self.faults.spoil_to_host(data))

    def _to_host(self, data: bytes) -> None:
        self.port.send(data)
        if self._pty:
            self._pty.send(data)

    def _to_panel(self, data: bytes) -> None:
        if self.bus:
            self.bus.send(data)
        if self._bus_pty:
            self._bus_pty.send(data)

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
