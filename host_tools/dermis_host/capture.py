"""A burst from a module as a recording."""

from __future__ import annotations

from dermis_host.module import Module
from dermis_host.output import Output
from dermis_host.recording import Recording


def capture(module: Module, output: Output, what: str = "capturing") -> Recording:
    """`Module.capture` with a progress bar on a terminal."""
    with output.progress() as progress:
        task = progress.add_task(what, total=None)
        return module.capture(
            on_size=lambda size: progress.update(task, total=size / 1000),
            on_bytes=lambda count: progress.advance(task, count / 1000),
        )
