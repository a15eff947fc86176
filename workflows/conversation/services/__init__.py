"""Writes comments and their mentions, and what people follow."""
