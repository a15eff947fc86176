"""Reads comments, whom one may mention, and who follows what."""
