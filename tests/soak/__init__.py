"""Days of a door in virtual time: `python -m tests.soak`. See docs/soak.md."""
