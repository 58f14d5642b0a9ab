"""Putting a runtime and an image on a board through esptool, which runs as a process of its own."""
