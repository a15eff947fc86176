"""Figures of a process from its rows, by one set of definitions."""
