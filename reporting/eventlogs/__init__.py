"""Event logs in and out."""
