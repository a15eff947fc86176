"""The admin's pages of grants and tokens."""
