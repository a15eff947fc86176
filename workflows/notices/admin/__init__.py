"""Notices to look at, and the addresses of teams and of chat to set up."""
