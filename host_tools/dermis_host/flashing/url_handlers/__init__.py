"""Handlers of URLs that pyserial looks for by module name, in esptool's process."""
