"""The twin's side of rendering: hands scenes to the worker process and gets light fields back."""

from __future__ import annotations

import importlib
import os
import pickle
import queue
import select
import subprocess
import sys
import threading
from collections.abc import Callable

from dermis_hw.lightfield import LightField
from dermis_hw.module_instance import ModuleInstance

from .errors import TwinError
from .render_job import MOTION_SPAN_S, MOTION_STEP_S, Job, Result
from .world import FieldAt

Done = Callable[[FieldAt | None, str | None], None]  # the light field by time, or a sentence


def field_by_time(fields: tuple[LightField, ...]) -> FieldAt:
    """Nearest step of a motion that goes forth and comes back."""

    def field_at(time_s: float) -> LightField:
        phase = time_s % (2 * MOTION_SPAN_S)
        place = phase if phase <= MOTION_SPAN_S else 2 * MOTION_SPAN_S - phase
        return fields[min(round(place / MOTION_STEP_S), len(fields) - 1)]

    return field_at if len(fields) > 1 else lambda _time_s: next(iter(fields))


def load_provider(name: str) -> FieldAt:
    """What stands in for the renderer, by `module:function`. Raises TwinError where there is none."""
    module_name, _, function = name.partition(":")
    try:
        return getattr(importlib.import_module(module_name), function)
    except (ImportError, AttributeError, ValueError) as problem:
        raise TwinError(f"there is no provider {name}; name one as module:function") from problem


class Stage:
    """Renders one scene after another; `Done` is called from `serve`, in the twin's own loop."""

    def __init__(self, module: ModuleInstance, seed: int):
        self._module = module
        self._seed = seed
        self._worker: subprocess.Popen | None = None
        self._waiting: dict[int, Done] = {}
        self._results: queue.SimpleQueue[Result] = queue.SimpleQueue()
        self._wake_reader, self._wake_writer = os.pipe()
        self._jobs = 0
        self.klux = 0.0  # of the lamp that stands beside every scene

    @property
    def busy(self) -> bool:
        return bool(self._waiting)

    def request(self, path: str, done: Done, temperature_c: float | None = None) -> None:
        """Load and render the scene file at `path`, with the module at that temperature, or at the scene's; the lamp
        beside it burns as `klux` has it now."""
        if self._worker is None or self._worker.poll() is not None:
            self._worker = subprocess.Popen(
                [sys.executable, "-m", "dermis_hw.twin.render_worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for the twin, which then ends the worker
            )
            threading.Thread(target=self._collect, args=(self._worker,), daemon=True).start()
        self._jobs += 1
        self._waiting[self._jobs] = done
        assert self._worker.stdin
        try:
            pickle.dump(Job(self._jobs, path, self._module, self._seed, temperature_c, self.klux), self._worker.stdin)
            self._worker.stdin.flush()
        except BrokenPipeError:
            return  # it has just died: the thread that reads from it says so

    def fileno(self) -> int:
        return self._wake_reader

    def wants(self) -> int:
        return select.POLLIN

    def serve(self, _events: int) -> None:
        os.read(self._wake_reader, 1)
        result = self._results.get()
        if result.number:
            done = self._waiting.pop(result.number, None)
            if done:
                done(None if result.error else field_by_time(result.fields), result.error)
            return
        waiting, self._waiting = self._waiting, {}
        for done in waiting.values():
            done(None, result.error)

    def close(self) -> None:
        if self._worker is not None:
            self._worker.kill()
            self._worker.wait()

    def _collect(self, worker: subprocess.Popen) -> None:
        while True:
            try:
                result = pickle.load(worker.stdout)  # type: ignore[arg-type]
            except (EOFError, OSError, ValueError, pickle.UnpicklingError):
                result = Result(0, error="the renderer ended unexpectedly; ask for the scene again")
            self._results.put(result)
            os.write(self._wake_writer, b"\0")
            if not result.number:
                return
