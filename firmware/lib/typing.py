"""The device's whole `typing`: annotations are for the type checker, on the host."""

TYPE_CHECKING = False
