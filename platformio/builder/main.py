"""Gives each target its command out of platformio.ini. What the commands do is the host tools' business."""

from __future__ import annotations

import os

from SCons.Script import ARGUMENTS, COMMAND_LINE_TARGETS, AlwaysBuild, Default, DefaultEnvironment

env = DefaultEnvironment()
words = env.subst("$PROGRAM_ARGS")  # pio run -a WORD
# The tools that `make setup` installs, before others of the same name.
env.PrependENVPath("PATH", os.path.join(env.subst("$PROJECT_DIR"), ".venv", "bin"))
if port := env.subst("$UPLOAD_PORT"):
    env["ENV"]["DERMIS_PORT"] = port


# PlatformIO puts pipes between a command and the terminal; who talks with a person needs the terminal itself.
TERMINAL = "</dev/tty >/dev/tty 2>&1" if int(ARGUMENTS.get("ISATTY", 0)) and os.path.exists("/dev/tty") else ""


def command(target: str, *more: str) -> str:
    """The command line of a target."""
    return " ".join((env.GetProjectOption(f"custom_{target}"), *more)).strip()


image = env.Alias("image", None, command("build"))
AlwaysBuild(image)
Default(image)
AlwaysBuild(env.Alias("nobuild"))
built = [] if "nobuild" in COMMAND_LINE_TARGETS else image
upload = env.Alias("upload", built, command("upload", words))
AlwaysBuild(upload)
env.AddCustomTarget("selftest", None, command("selftest", words), "Self-test", "The module checks itself")
env.AddCustomTarget("calibrate", None, command("calibrate", words, TERMINAL), "Calibrate", "Calibrate the module")
