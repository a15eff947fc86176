"""Whether a case of a log fits a map, and where it leaves it."""
