"""The lock's side: what a verdict drives, and the OSDP panel. Loaded where the settings switch it on, not before."""
