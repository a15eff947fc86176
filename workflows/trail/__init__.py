"""The trail: one row a command, sealed in a chain of hashes."""
