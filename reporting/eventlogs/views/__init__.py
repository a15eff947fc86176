"""Event logs as downloads."""
