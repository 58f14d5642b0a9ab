"""Dermis: the device package. Its pure parts (`core`, `tflite`) are imported by the host, never copied."""
