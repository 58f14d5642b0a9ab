"""Images for modules: sources to .mpy, LittleFS, MCUboot's envelope, and what says what they are (docs/build.md)."""

from dermis_host.building.built import Built, build
from dermis_host.building.signing import SigningKey, development_key, file_image, load_key, new_key, signed

__all__ = ("Built", "SigningKey", "build", "development_key", "file_image", "load_key", "new_key", "signed")
