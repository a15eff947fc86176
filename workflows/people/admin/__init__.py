"""The admin's pages of users and groups."""
