"""Where Django finds the admin of the reports; each part lies with its subject."""

from reporting.costs import admin as rates

__all__ = ["rates"]
