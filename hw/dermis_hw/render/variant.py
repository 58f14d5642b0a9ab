"""Which Mitsuba variant runs here: LLVM where it can be proved to work, else scalar.

Mitsuba's LLVM back end ends the whole process when the library is too old for the CPU (seen: 15 and 16 on AVX-512),
so it is tried in a subprocess first, and the answer is kept in the user's cache folder.
"""

from __future__ import annotations

import ctypes.util
import glob
import hashlib
import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import uuid
from pathlib import Path
from types import ModuleType

LLVM_VARIANT, SCALAR_VARIANT = "llvm_ad_mono", "scalar_rgb"
OLDEST_LLVM = 17  # 15 and 16 lack intrinsics that Dr.Jit 1.5 emits for AVX-512
NEWEST_LLVM = 40  # where to stop looking for numbered library names
PROBE_SECONDS = 60
LIBRARY_VARIABLE = "DRJIT_LIBLLVM_PATH"
FORCE_VARIABLE = "DERMIS_MITSUBA_VARIANT"

_PROBE = """
import mitsuba as mi
mi.set_variant("llvm_ad_mono")
scene = mi.load_dict({"type": "scene", "i": {"type": "direct"}, "s": {"type": "sphere"}, "e": {"type": "constant"},
    "c": {"type": "perspective", "film": {"type": "hdrfilm", "width": 16, "height": 16}}})
import numpy
numpy.array(mi.render(scene, spp=4))
print("works")
"""

_chosen: ModuleType | None = None


class RenderError(RuntimeError):
    """Nothing can be rendered here; the message is one sentence that says what to do."""


def _candidates() -> list[str]:
    """Paths of LLVM libraries worth trying, newest first; the user's own choice alone if there is one."""
    given = os.environ.get(LIBRARY_VARIABLE)
    if given:
        return [given]
    found = []
    folders = ("/usr/lib/*", "/usr/lib", "/usr/lib/llvm-*/lib", "/usr/local/lib", "/opt/homebrew/opt/llvm/lib")
    for version in range(NEWEST_LLVM, OLDEST_LLVM - 1, -1):
        for folder in folders:
            for name in (f"libLLVM.so.{version}*", f"libLLVM-{version}.so*"):
                found += sorted(glob.glob(f"{folder}/{name}"))
    found += [path for folder in folders for path in glob.glob(f"{folder}/libLLVM.dylib")]
    named = ctypes.util.find_library("LLVM")
    return found + ([named] if named and not found else [])


def _works(library: str) -> bool:
    environment = {**os.environ, LIBRARY_VARIABLE: library}
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROBE], env=environment, capture_output=True, text=True, timeout=PROBE_SECONDS
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0 and "works" in done.stdout


def _cache_file() -> Path:
    import mitsuba

    # A home may be shared by machines, and what works depends on the CPU.
    machine = [sysconfig.get_platform(), str(uuid.getnode()), str(mitsuba.__version__), sys.executable]
    what = "|".join([*machine, *_candidates()])
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(home) / "dermis" / f"mitsuba-{hashlib.sha256(what.encode()).hexdigest()[:16]}.json"


def _library() -> str | None:
    """The proved LLVM library, or None; from the cache if it was asked before."""
    cache = _cache_file()
    try:
        known = json.loads(cache.read_text())["library"]
        if known is None or os.path.exists(known):
            return known
    except (OSError, ValueError, KeyError):
        pass  # never asked, or the answer is unreadable: ask again
    library = next((path for path in _candidates() if _works(path)), None)
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=cache.parent, delete=False) as handle:
            json.dump({"library": library}, handle)
        os.replace(handle.name, cache)
    except OSError:
        pass  # a home that cannot be written only costs the next process the same question
    return library


def mitsuba() -> ModuleType:
    """The mitsuba module with its variant set, chosen once per process.

    `DERMIS_MITSUBA_VARIANT` forces a variant. Falls back to the scalar one and says so once on stderr.
    Raises RenderError where Mitsuba is not installed or has no such variant.
    """
    global _chosen
    if _chosen is not None:
        return _chosen
    try:
        import mitsuba as mi
    except ImportError as error:
        raise RenderError("Mitsuba renders the scenes and is not installed: pip install 'dermis[sim]'") from error

    forced = os.environ.get(FORCE_VARIABLE)
    library = None if forced and not forced.startswith("llvm") else _library()
    if forced:
        variant = forced
    elif library:
        variant = LLVM_VARIANT
    else:
        variant = SCALAR_VARIANT
        print(
            f"dermis: no LLVM {OLDEST_LLVM} or newer works with Mitsuba here, so scenes are rendered by the slower "
            f"scalar variant; install libllvm19 or set {LIBRARY_VARIABLE}.",
            file=sys.stderr,
        )
    if variant not in mi.variants():
        raise RenderError(f"Mitsuba has no variant '{variant}': unset {FORCE_VARIABLE} or give {SCALAR_VARIANT}")
    if library:
        os.environ[LIBRARY_VARIABLE] = library
    mi.set_variant(variant)
    mi.set_log_level(mi.LogLevel.Error)
    _chosen = mi
    return mi
