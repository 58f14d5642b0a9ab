"""The `dermis` command as a process of its own, as a person or a script runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dermis_host.rig import Rig

ROOT = Path(__file__).parents[3]
LIMIT_S = 280.0  # below the limit of a test
# The rig says which module and which keys; nothing of the caller's environment may.
NOT_HANDED_ON = ("DERMIS_PORT", "DERMIS_KEYRING")


@dataclass(frozen=True)
class Done:
    """What came of a command: exit code, what --json told (of `watch` a list), stderr."""

    words: tuple[str, ...]
    code: int
    told: Any
    err: str


@dataclass(frozen=True)
class Dermis:
    """`dermis("info")`: runs it, checks exit code and form, and returns what it told.

    rig: whose module it talks to.
    """

    rig: Rig

    def __call__(self, *words: object, code: int = 0, port: bool = True, limit_s: float = LIMIT_S) -> Any:
        """What --json printed. port: name the rig's module, and its keyring."""
        done = self.run(*words, port=port, limit_s=limit_s)
        assert done.code == code, done
        assert done.told is not None, done
        return done.told

    def run(self, *words: object, port: bool = True, limit_s: float = LIMIT_S) -> Done:
        """The same, whatever the exit code."""
        environment = {name: value for name, value in os.environ.items() if name not in NOT_HANDED_ON}
        command = self.line(*words, port=port)
        ended = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, env=environment, cwd=ROOT)
        for fault in ("Traceback", "a fault of these tools"):
            assert fault not in ended.stderr, ended.stderr
        objects = [json.loads(line) for line in ended.stdout.splitlines() if line]
        told = objects if words[0] == "watch" else objects[0] if len(objects) == 1 else None
        return Done(tuple(command[3:]), ended.returncode, told, ended.stderr)

    def twin_words(self) -> tuple[str, ...]:
        """Where a command must know that it talks to a twin."""
        return ("--twin", str(self.rig.folder)) if self.rig.twin else ()

    def line(self, *words: object, port: bool = True) -> list[str]:
        """The process's arguments."""
        given = [str(word) for word in words]
        if port:
            given += ["-p", self.rig.port]
            if self.rig.keyring and "--keyring" not in given:
                given += ["--keyring", str(self.rig.keyring)]
        return [sys.executable, "-m", "dermis_host.cli", *given, "--json"]
