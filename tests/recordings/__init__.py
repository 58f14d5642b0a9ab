"""Committed bursts, and the command that makes them."""
