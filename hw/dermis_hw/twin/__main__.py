"""`python -m dermis_hw.twin`: a twin in the foreground, with plain arguments. `dermis twin` is for people."""

from __future__ import annotations

import argparse
import json
import sys

from dermis_hw.module_instance import ModuleInstance, from_text

from . import TwinError, run_foreground


def _module(text: str) -> ModuleInstance:
    try:
        return from_text(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m dermis_hw.twin", description=__doc__)
    parser.add_argument("--state", required=True, help="folder of flash, module and control socket")
    parser.add_argument("--scene", help="scene file")
    parser.add_argument("--provider", help="module:function, seconds -> LightField, instead of a scene")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--module", type=_module, help="seed, SEED:DEFECT or JSON file; default: the folder's module")
    parser.add_argument("--seed", type=int, default=0, help="of noise and of all that is random")
    parser.add_argument("--virtual-time", action="store_true", help="time passes only while the firmware sleeps")
    parser.add_argument("--pty", help="also offer the console on a pseudo-terminal linked here")
    parser.add_argument("--interpreter", default="auto", help="auto, cpython, or a MicroPython")
    parser.add_argument("--no-swir", action="store_true", help="a module without the SWIR head")
    parser.add_argument("--model", help="the .tflite that the module carries; default: the newest released one")
    parser.add_argument("--entry", default="", help="another program than dermis.main, as folder:module")
    parser.add_argument("--blank", action="store_true", help="erase the flash first, and run only what is flashed")
    parser.add_argument("--bus-port", type=int, help="TCP port of RS-485; 0 takes a free one")
    parser.add_argument("--bus-pty", help="RS-485 on a pseudo-terminal linked here")
    parser.add_argument("--ticks-us", type=int, default=0, help="what the module's clock says at each start")
    parser.add_argument("--announce", action="store_true", help="print {'url': ...} when ready")
    parser.add_argument("--parent-pipe", type=int, help="descriptor whose end of file ends the twin")
    arguments = parser.parse_args(argv)

    def ready(url: str) -> None:
        text = json.dumps({"url": url}) if arguments.announce else f"{url}  (Ctrl-C ends it)"
        print(text, flush=True)

    try:
        run_foreground(
            arguments.state,
            scene=arguments.scene,
            provider=arguments.provider,
            port=arguments.port,
            module=arguments.module,
            virtual_time=arguments.virtual_time,
            seed=arguments.seed,
            pty=arguments.pty,
            interpreter=arguments.interpreter,
            swir=not arguments.no_swir,
            model=arguments.model,
            entry=arguments.entry,
            blank=arguments.blank,
            bus_port=arguments.bus_port,
            bus_pty=arguments.bus_pty,
            ticks_us=arguments.ticks_us,
            parent_pipe=arguments.parent_pipe,
            on_ready=ready,
        )
    except TwinError as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # before the loop was there to take it
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
