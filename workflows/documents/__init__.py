"""Files that belong to a request."""
