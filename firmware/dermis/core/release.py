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
