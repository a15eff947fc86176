"""Links that work without signing in: to see where a request is, and to decide one task."""
