"""What `serial.serial_for_url` opens for rfc2217:// in esptool's process: our client, which negotiates only changes."""

from dermis_host.rfc2217_port import Rfc2217Port as Serial

__all__ = ["Serial"]
