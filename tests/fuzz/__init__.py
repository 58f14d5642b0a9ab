"""Fuzzing of every parser of the device and of the host; docs/fuzzing.md."""
