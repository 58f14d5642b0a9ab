"""Data generation, training and export of the spoof model."""
