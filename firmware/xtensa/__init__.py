"""The source of the ESP32-S3's assembler kernels. It runs on a host; nothing here reaches a device."""
