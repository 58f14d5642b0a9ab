"""One contract a peripheral, its implementations beside it: `esp32s3`, `coral`, `twin`."""
