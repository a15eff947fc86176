"""Two versions of one map: what differs, which step is which, what becomes of a request."""
