"""What this release is: the one place that the firmware, the build and the host tools read it from.

`dermis build` writes these values into an image's manifest and may override them for a trial image.
"""

VERSION = "0.1.0"
# The day of the release, UTC. No clock can be right that says an earlier one.
RELEASED = "2026-11-22"
# Raised when an older image must never run again (a hole was closed); a module refuses images below its highest.
SECURITY_COUNTER = 1
# Lowest and highest revision of the hardware that this firmware drives.
HARDWARE = (1, 1)
# Of each kind of data: the oldest schema that this firmware reads, and its own.
SCHEMAS = {"messages": (1, 1), "model": (1, 1), "calibration": (2, 2), "data": (1, 1)}
# The interpreter that its .mpy files were made for, and the lowest version of it that runs them.
RUNTIME = ("micropython", "1.29.0")
# Public half (x, y) of the key that `dermis build` signs with when it is given none. Its private half is known to
# everybody (`dermis_host.building.signing`): it protects nothing, and a module that takes it says so.
DEVELOPMENT_PUBLIC_KEY = (
    b"\xa0\x9e\x90\xb3\xab\xb5\x70\xcf\x3b\xcb\xc9\x83\x01\xad\x1f\xfe"
    b"\xf4\xd9\x90\xcd\xe0\x5f\x3b\x6e\x5b\xc2\x03\x22\x08\x6d\xaa\xb4"
    b"\xdf\xf5\xd7\x10\xb5\xa7\x40\xc8\x38\x21\x2e\xb2\x7a\xb8\x71\xd4"
    b"\x3c\xa7\x61\x73\xb2\x15\xb3\x03\xf5\xe1\xf1\xde\x4e\x76\x29\xcd"
)
