"""The kernels' machine code for the ESP32-S3, run on QEMU's model of an Xtensa core."""
