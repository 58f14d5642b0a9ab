"""Who holds a serial port, as far as the system tells (Linux: /proc), and how to free it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

# Services that open every new serial port to see whether a modem, or a braille display, answers.
MEDDLERS = {
    "ModemManager": "sudo systemctl stop ModemManager",
    "brltty": "sudo systemctl stop brltty-udev brltty",
}
PROC = Path("/proc")
NAME_LONGEST = 15  # the kernel cuts a process's name there


class Holder(NamedTuple):
    """A process that has the port open."""

    pid: int
    name: str


def holders(port: str, proc: Path = PROC) -> list[Holder]:
    """Processes that have this device open; only those of the same user can be seen, unless we are root. Empty for
    what is no device, and where there is no /proc."""
    if "://" in port or not proc.is_dir():
        return []
    device = os.path.realpath(port)
    found = []
    for entry in _processes(proc):
        try:
            links = list((entry / "fd").iterdir())
        except OSError:
            continue  # of another user, or gone
        for link in links:
            try:
                target = os.readlink(link)
            except OSError:
                continue
            if target == device:
                found.append(Holder(int(entry.name), _name(entry)))
                break
    return [holder for holder in found if holder.pid != os.getpid()]


def meddlers(proc: Path = PROC) -> list[str]:
    """Which of `MEDDLERS` run."""
    cut = {name[:NAME_LONGEST]: name for name in MEDDLERS}
    running = {_name(entry) for entry in _processes(proc)} if proc.is_dir() else set()
    return [name for short, name in cut.items() if short in running]


def busy(port: str, proc: Path = PROC) -> str:
    """One sentence: who has the port, or may have it, and how to free it."""
    seen = holders(port, proc)
    if seen:
        told = ", ".join(f"{holder.name} (process {holder.pid})" for holder in seen)
        remedies = [MEDDLERS[holder.name] for holder in seen if holder.name in MEDDLERS]
        how = f"`{remedies[0]}`" if remedies else "end it"
        return f"{told} has {port} open: {how}, then try again."
    running = meddlers(proc)
    if running and "://" not in port:
        return (
            f"Another program has {port} open; {running[0]} runs here and opens every new port for some seconds: wait "
            f"and try again, or stop it with `{MEDDLERS[running[0]]}`."
        )
    return f"Another program holds {port}: close it (a serial monitor, an editor, another dermis) and try again."


def _processes(proc: Path) -> list[Path]:
    return [entry for entry in proc.iterdir() if entry.name.isdigit()]


def _name(entry: Path) -> str:
    try:
        return (entry / "comm").read_text().strip()
    except OSError:
        return ""
