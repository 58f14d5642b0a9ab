"""The platform by name: PlatformIO wants a class, and there is nothing to add to its own."""

from platformio.public import PlatformBase


class DermisPlatform(PlatformBase):
    pass
