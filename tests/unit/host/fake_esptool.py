"""Stands in for esptool: says what esptool 5.6 says, writes the files into a file that stands for the flash, or fails
on request. Run as a process; the story comes in FAKE_ESPTOOL as JSON, what it was asked goes to a file beside.

A story: say {command: text instead of success}, code {command: exit code}, hang [commands], dies_after [command, lines
said before], flash (size as esptool names it), chip, log (file), unverified (count of parts that are not verified).
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

CONNECTED = """esptool v5.6.0
Serial port {port}:
Connecting....
Connected to {chip} on {port}:
Chip type:          {chip} (QFN56) (revision v0.2)
Features:           Wi-Fi, BT 5 (LE), Dual Core + LP Core, 240MHz, Embedded PSRAM 8MB (AP_3v3)
Crystal frequency:  40MHz
MAC:                7c:df:a1:00:00:01

Uploading stub flasher...
Running stub flasher...
Stub flasher running.
"""
FLASH_ID = """
Flash Memory Information:
=========================
Manufacturer: ef
Device: 4018
Detected flash size: {flash}
Staying in bootloader.
"""
COMMANDS = ("flash-id", "read-mac", "erase-region", "write-flash")


def main() -> int:
    words = sys.argv[1:]
    story = json.loads(os.environ["FAKE_ESPTOOL"])
    command = next(word for word in words if word in COMMANDS)
    port = words[words.index("--port") + 1]
    with open(story["log"], "a") as log:
        log.write(json.dumps(words) + "\n")
    if command in story.get("say", {}):
        print(story["say"][command], flush=True)
        return story.get("code", {}).get(command, 2)
    lines = CONNECTED.format(port=port, chip=story.get("chip", "ESP32-S3")).splitlines()
    if command == "flash-id":
        lines += FLASH_ID.format(flash=story.get("flash", "16MB")).splitlines()
    elif command == "write-flash":
        lines += _write(words, story)
    dies_with, dies_after = story.get("dies_after", ["", 0])
    for count, line in enumerate(lines):
        if dies_with == command and count == dies_after:
            print("\nA serial exception error occurred: device reports readiness to read but returned no data")
            return 1
        print(line, flush=True)
    if command in story.get("hang", []):
        time.sleep(60)
    return 0


def _write(words: list[str], story: dict) -> list[str]:
    files = [
        (int(offset, 16), Path(name)) for offset, name in zip(words[-2::-2], words[:0:-2], strict=False) if _is(offset)
    ]
    lines, verified = [], len(files) - story.get("unverified", 0)
    flash = Path(story["log"]).with_name("flash.bin")
    whole = bytearray(flash.read_bytes() if flash.exists() else b"\xff" * (16 << 20))
    for index, (offset, path) in enumerate(sorted(files)):
        data = path.read_bytes()
        whole[offset : offset + len(data)] = data
        lines.append(f"Flash will be erased from {offset:#010x} to {offset + len(data):#010x}...")
        for part in (0.5, 1.0):
            at = offset + round(part * len(data))
            lines.append(f"Writing at {at:#010x} ━━━━╸   {100 * part:.1f}% {part}kB/1.43MB [0s] ")
        lines.append(f"Wrote {len(data)} bytes at {offset:#010x} in 0.1 seconds (8452.9 kbit/s).")
        lines += ["Verifying written data...", "Hash of data verified." if index < verified else "?"]
    flash.write_bytes(whole)
    return [*lines, "Hard resetting via RTS pin..."]


def _is(word: str) -> bool:
    return word.startswith("0x")


if __name__ == "__main__":
    sys.exit(main())
