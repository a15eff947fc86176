"""The admin's pages of calendars."""
