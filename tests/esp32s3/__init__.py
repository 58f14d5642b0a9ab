"""The whole firmware on the fake ESP32-S3."""
