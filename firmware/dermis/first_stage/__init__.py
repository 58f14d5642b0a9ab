"""The immutable first stage: it lies in the `boot` partition, picks the slot whose image starts, and starts it."""
