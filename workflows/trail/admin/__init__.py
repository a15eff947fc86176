"""The admin's pages of what was recorded."""
