"""Programs that run the device's code on files: `micropython -m dermis.tools.NAME JOB_DIR`."""
