"""Whom to tell, and accounts that a log names."""
