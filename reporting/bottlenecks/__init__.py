"""Where work waits: figures, what they say, the report page."""
