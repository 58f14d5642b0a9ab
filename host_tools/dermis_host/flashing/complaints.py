"""What esptool complains of, as one sentence that says what to do.

esptool is made for people who know the chip; its words change from version to version. What is not recognised here is
handed on as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from dermis.core import partitions

from dermis_host import port_holders
from dermis_host.errors import HostError, LinkError, sentence

INSTALL = "esptool is not installed: pip install 'dermis[flash]'."
CONNECT, ERASE, WRITE = "connect", "erase", "write"
# What a broken link leaves behind, by stage. The loader is in the chip's ROM: whatever was written, it starts.
LEFT_BEHIND = {
    CONNECT: "nothing was written",
    ERASE: "the data partition is erased in part",
    WRITE: "the module does not start until it is flashed whole, and its loader cannot be damaged",
}
LOADER_BY_HAND = "hold its BOOT button, press and let go RESET, let go BOOT"
FATAL = re.compile(r"A (?:fatal|serial exception) error occurred: (.*)")
ERROR_LINE = re.compile(r"^(?:Error: |╭─ Error|│ )?(.*(?:[Ii]nvalid|[Ee]rror).*?)\s*│?$", re.MULTILINE)


class FlashFailed(HostError):
    """esptool, or what it talks to, failed."""


class WrongModule(FlashFailed):
    """What the loader tells of is no module for Dermis; nothing was written."""


def complaint(said: str, port: str, stage: str) -> HostError:
    """The error that stands for what esptool said last.

    said: its output. stage: `CONNECT`, `ERASE` or `WRITE`.
    """
    for pattern, told in _TABLE:
        if found := re.search(pattern, said, re.IGNORECASE | re.DOTALL):
            return told(found, port, stage)
    if found := FATAL.search(said):
        return FlashFailed(f"esptool failed on {port}: {sentence(found[1])} See docs/flash.md.")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = lines[-1] if lines else "it said nothing"
    return FlashFailed(f"esptool failed on {port}: {sentence(last)}")


def silent(port: str, stage: str, seconds: float) -> HostError:
    """esptool itself hangs."""
    return LinkError(
        f"{port} took no more data for {seconds:g} s ({LEFT_BEHIND[stage]}): unplug the module, plug it in again and "
        "run the same command."
    )


def too_small(port: str, found: str, needed_mib: int) -> HostError:
    return WrongModule(
        f"The module on {port} has {found} of flash, and Dermis needs {needed_mib} MB: nothing was written; take a "
        "module with more."
    )


Told = Callable[["re.Match[str]", str, str], HostError]


def _boot_mode(found: re.Match[str], port: str, stage: str) -> HostError:
    return FlashFailed(
        f"The module on {port} did not enter its loader (boot mode {found[1]}): {LOADER_BY_HAND}, and run the same "
        "command again."
    )


def _no_answer(_: re.Match[str], port: str, stage: str) -> HostError:
    return LinkError(
        f"No loader answers on {port}: is it an ESP32-S3, and is the cable one with data wires? If so, "
        f"{LOADER_BY_HAND}, and run the same command again."
    )


def _one_way(_: re.Match[str], port: str, stage: str) -> HostError:
    return LinkError(
        f"The loader on {port} speaks but hears nothing: its RX wire is broken, or TX and RX are not crossed; mend "
        "that and run the same command again."
    )


def _wrong_chip(found: re.Match[str], port: str, stage: str) -> HostError:
    return WrongModule(
        f"The chip on {port} is an {found[1]}, and Dermis runs on an {found[2]}: nothing was written; name another "
        "port (`dermis devices` lists them)."
    )


def _no_fit(found: re.Match[str], port: str, stage: str) -> HostError:
    return too_small(port, f"{int(found[1]) >> 20} MB", partitions.FLASH_SIZE >> 20)


def _busy(_: re.Match[str], port: str, stage: str) -> HostError:
    return LinkError(port_holders.busy(port))


def _not_allowed(_: re.Match[str], port: str, stage: str) -> HostError:
    return LinkError(
        f"You may not open {port}: join the group that owns it (often dialout: `sudo usermod -aG dialout $USER`, then "
        "log in again)."
    )


def _no_port(_: re.Match[str], port: str, stage: str) -> HostError:
    return LinkError(
        f"There is no {port}: is the module plugged in, or the twin running? `dermis devices` lists the ports."
    )


def _no_rfc2217(_: re.Match[str], port: str, stage: str) -> HostError:
    return LinkError(
        f"Whatever listens at {port} does not speak RFC 2217, or another program holds the module: close it, or name "
        "another port."
    )


def _not_installed(_: re.Match[str], port: str, stage: str) -> HostError:
    return HostError(INSTALL)


def _locked(_: re.Match[str], port: str, stage: str) -> HostError:
    return FlashFailed(
        f"The chip on {port} has secure boot, flash encryption or secure download mode burned in, and takes only what "
        "its owner's keys allow: see docs/secure-boot.md."
    )


def _worn(_: re.Match[str], port: str, stage: str) -> HostError:
    return FlashFailed(
        f"What {port} holds is not what was written: its flash or its supply is bad; run the same command again, and "
        "take the module out when it fails again."
    )


def _broken(_: re.Match[str], port: str, stage: str) -> HostError:
    return LinkError(
        f"The link to {port} broke ({LEFT_BEHIND[stage]}): plug the module in, or start the twin, and run the same "
        "command again."
    )


# The first that fits counts.
_TABLE: tuple[tuple[str, Told], ...] = (
    (r"No module named '?esptool", _not_installed),
    (r"Could not open.*(?:Permission denied|Errno 13)", _not_allowed),
    (r"Could not open.*(?:Errno 2\b|No such file|Connection refused|FileNotFound|Name or service)", _no_port),
    (r"Could not open.*(?:RFC ?2217)", _no_rfc2217),
    (r"Could not open", _busy),
    (r"Wrong boot mode detected \((0x[0-9a-f]+)\)", _boot_mode),
    (r"getting no sync reply", _one_way),
    (r"This chip is (\S+), not (\S+?)\.", _wrong_chip),
    (r"(?:Failed to connect|No serial data received)", _no_answer),
    (r"will not fit in (\d+) bytes of flash", _no_fit),
    (r"Secure Boot detected|secure download mode|Detected flash encryption|security features", _locked),
    (r"MD5 of file does not match|Verification failed", _worn),
    (
        r"serial exception|stopped responding|No more data to read|content transfer stopped|Timed out waiting"
        r"|returned no data|Input/output error|other end closed|Connection reset|Broken pipe|Write timeout"
        r"|No such device|Failed to write|Guru Meditation|Port is closed|Only on open ports|StopIteration",
        _broken,
    ),
)
