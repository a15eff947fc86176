"""The trail for auditors: a page and CSV."""
