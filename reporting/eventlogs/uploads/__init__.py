"""Logs that are sent by a page."""
