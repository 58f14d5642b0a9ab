"""The functional suite for a module on a rig: a twin, a port, or what a rig.toml describes (docs/hil.md)."""
