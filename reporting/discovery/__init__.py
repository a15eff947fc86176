"""From the log to the map: what a log shows, and a draft of it."""
