"""The rows of the trail that somebody may audit, on a page and as CSV."""
