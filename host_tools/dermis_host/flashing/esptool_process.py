"""Runs esptool, unmodified, with our RFC 2217 client in place of pyserial's: `python -m` this, then esptool's words.

esptool is GPL and therefore only ever a process; nothing else of Dermis imports it.
"""

from __future__ import annotations

import runpy
import sys

import serial

HANDLERS = "dermis_host.flashing.url_handlers"


def main() -> None:
    serial.protocol_handler_packages.insert(0, HANDLERS)
    sys.argv[0] = "esptool"
    runpy.run_module("esptool", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
