"""Where words go: results for people or one JSON object on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.control import Control
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.segment import ControlType
from rich.table import Table
from rich.text import Text

FILE_WIDTH = 150  # of a table that goes to a file or a pipe, where nobody wraps it
VERDICT_STYLE = {"bona_fide": "green", "attack": "red", "no_decision": "yellow"}


class Output:
    """A command's voice. `as_json`: stdout holds one JSON object and nothing else."""

    def __init__(self, as_json: bool = False, verbose: bool = False):
        self.as_json = as_json
        self.verbose = verbose
        self.out = Console(file=sys.stdout, highlight=False)
        self.err = Console(file=sys.stderr, highlight=False)
        if not self.out.is_terminal:
            self.out.width = FILE_WIDTH
        self._said: set[str] = set()
        self._ticking = False
        self._answered = False

    def say(self, text: Any = "") -> None:
        """For people, on stdout; silent under --json."""
        self.clear_tick()
        if not self.as_json:
            self.out.print(text)

    def note(self, text: str) -> None:
        """A remark on stderr, once each."""
        if text not in self._said:
            self._said.add(text)
            self.clear_tick()
            self.err.print(text, style="dim", markup=False, soft_wrap=True)

    def step(self, text: str) -> None:
        """What is being done now: on stderr, only on a terminal."""
        if self.err.is_terminal:
            self.err.print(f"  {text}", style="dim", markup=False)

    def tick(self, text: str) -> None:
        """What is seen or done at this moment: one line on stderr that the next one overwrites, only on a terminal."""
        if self.err.is_terminal:
            self.clear_tick()
            self.err.print(f"  {text}", style="dim", markup=False, end="", no_wrap=True, overflow="ellipsis")
            self._ticking = True

    def clear_tick(self) -> None:
        """Take that line away."""
        if self._ticking:
            self.err.control(Control((ControlType.ERASE_IN_LINE, 2), ControlType.CARRIAGE_RETURN))
            self._ticking = False

    def error(self, sentence: str) -> None:
        """Why the command ends, on stderr."""
        self.clear_tick()
        self.err.print(f"dermis: {sentence}", markup=False, soft_wrap=True)

    def failure(self, sentence: str, exit_code: int) -> None:
        """Why the command ends: a sentence on stderr and, under --json, the one JSON object, unless that is out."""
        self.error(sentence)
        if not self._answered:
            self.result({"error": sentence, "exit_code": exit_code})

    def result(self, value: Any) -> None:
        """The one JSON object; nothing without --json."""
        if self.as_json:
            print(json.dumps(value, default=plain, allow_nan=False), flush=True)
            self._answered = True

    def log(self, line: str) -> None:
        """A line that the module sent between answers: on stderr with --verbose."""
        if self.verbose:
            self.err.print(f"[module] {line}", style="dim", markup=False, soft_wrap=True)

    @contextmanager
    def progress(self, remaining: bool = False) -> Iterator[Progress]:
        """Bars on stderr, only on a terminal; with `remaining` also how long it may still take."""
        columns = [TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f}/{task.total:.0f}")]
        columns += [TimeElapsedColumn(), *([TextColumn("left"), TimeRemainingColumn()] if remaining else [])]
        with Progress(*columns, console=self.err, disable=not self.err.is_terminal) as progress:
            yield progress


def table(*headings: str, title: str | None = None) -> Table:
    """A plain table of ours."""
    made = Table(title=title, title_justify="left", header_style="bold")
    for index, heading in enumerate(headings):
        made.add_column(Text(heading), no_wrap=index == 0)  # whatever brackets are in it
    return made


def verdict_text(verdict: str) -> str:
    """A verdict as rich markup: the word carries the meaning, the colour only helps."""
    return f"[{VERDICT_STYLE.get(verdict, 'default')}]{verdict.replace('_', ' ')}[/]"


def plain(value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "__fspath__"):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
