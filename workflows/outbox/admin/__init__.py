"""The admin's pages of messages and attempts."""
