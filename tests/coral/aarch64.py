"""tflite-runtime as a Coral's processor runs it: `python -m tests.coral.aarch64`, on Debian 12.

The wheel for aarch64 and Debian's Python for arm64, unpacked into build/aarch64, under qemu-user's Cortex-A53: the
same machine code, NEON included, though at no speed that means anything. Needs the package qemu-user-static; fetches
some 25 MB once, by apt-get and pip as they are configured here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from dermis_host.inference import infer
from dermis_host.released import released_model

from tests.bench.coral import print_head, print_steps
from tests.coral import environment, runner, tensors

FOLDER = environment.ROOT / "build" / "aarch64"
ROOT, SITE = FOLDER / "root", FOLDER / "site"
QEMU = "qemu-aarch64-static"
PROCESSOR = "cortex-a53"  # a Coral Dev Board's
# Debian 12's Python, and the libraries that it and the wheels load.
DEBIAN = (
    *("python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib", "libc6", "libstdc++6", "libgcc-s1"),
    *("zlib1g", "libexpat1", "libssl3", "libffi8", "libbz2-1.0", "liblzma5", "libuuid1", "libcrypt1"),
)
TAGS = [f"manylinux_2_{minor}_aarch64" for minor in (17, 34)]  # of numpy's and of tflite-runtime's wheel


def unpack_debian() -> None:
    """With an apt that knows arm64 only and keeps its state here: nothing of this system changes."""
    apt = FOLDER / "apt"
    for name in ("state/lists/partial", "cache/archives/partial", "packages"):
        (apt / name).mkdir(parents=True, exist_ok=True)
    (apt / "status").touch()
    (apt / "apt.conf").write_text(
        'APT::Architecture "arm64"; APT::Architectures {"arm64";}; APT::Sandbox::User "root";\n'
        f'Dir::State "{apt}/state"; Dir::State::status "{apt}/status"; Dir::Cache "{apt}/cache";\n'
    )
    variables = {**os.environ, "APT_CONFIG": str(apt / "apt.conf")}
    subprocess.run(["apt-get", "update", "-qq"], env=variables, check=True)
    subprocess.run(["apt-get", "download", "-qq", *DEBIAN], env=variables, cwd=apt / "packages", check=True)
    for package in sorted((apt / "packages").glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", str(package), str(ROOT)], check=True)


def install_wheels() -> None:
    platforms = [part for tag in TAGS for part in ("--platform", tag)]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        + ["--only-binary=:all:", "--python-version", "3.11", *platforms, "--target", str(SITE)]
        + list(environment.INFERENCE),
        check=True,
    )


def main() -> int:
    if shutil.which(QEMU) is None:
        print(f"{QEMU} is missing: apt-get install qemu-user-static", file=sys.stderr)
        return 1
    if not SITE.is_dir():
        shutil.rmtree(FOLDER, ignore_errors=True)
        try:
            unpack_debian()
            install_wheels()
        except (subprocess.CalledProcessError, FileNotFoundError) as error:
            shutil.rmtree(FOLDER)
            print(f"Debian 12's packages for arm64 cannot be had here: {error}", file=sys.stderr)
            return 1
    arrays, _ = tensors.thousand()
    ours = infer(released_model(), arrays)
    print(f"on qemu-user's {PROCESSOR}, no Coral;", end=" ")
    print_head(ours.interpreter, ours.outputs[0].ravel())
    command = [QEMU, "-cpu", PROCESSOR, "-L", str(ROOT), "-E", f"PYTHONHOME={ROOT / 'usr'}"]
    variables = environment.environment_variables()
    answers = environment.run(
        released_model(),
        arrays,
        tuple(runner.KERNELS),
        [*command, str(ROOT / "usr" / "bin" / "python3.11")],
        {**variables, "PYTHONPATH": f"{variables['PYTHONPATH']}:{SITE}"},
    )
    for kernels, (backend, theirs, _) in answers.items():
        print_steps(backend, kernels, theirs, ours.outputs[0].ravel())
    return 0


if __name__ == "__main__":
    sys.exit(main())
