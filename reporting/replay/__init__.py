"""Event logs driven through the real services."""
