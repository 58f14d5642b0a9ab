"""The audit log on the host: fetched, checked, joined with what was fetched before; and bound verdicts."""
