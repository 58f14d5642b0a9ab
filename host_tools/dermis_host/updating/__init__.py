"""Updates from the host: an image is looked at, uploaded, tried, and kept or given up (docs/update.md)."""
