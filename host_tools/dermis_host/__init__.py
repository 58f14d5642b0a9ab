"""The `dermis` command and its Python API."""
