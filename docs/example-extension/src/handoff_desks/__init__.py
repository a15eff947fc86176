"""Desks of an office, reserved by maps."""

HANDOFF_API = 1
"""The version of Handoff's extension API that this is made for."""
