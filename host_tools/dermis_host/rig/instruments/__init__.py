"""Instruments: one file a kind. `kind = "scpi_power"` is the class `ScpiPower` of scpi_power.py."""
