"""Simulated boards that real drivers run on under CPython."""
