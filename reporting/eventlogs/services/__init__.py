"""Bringing logs in, and taking them out again."""
