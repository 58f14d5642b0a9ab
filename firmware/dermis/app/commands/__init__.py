"""One message, one handler, one file, one name."""
