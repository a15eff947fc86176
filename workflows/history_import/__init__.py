"""What came in as event logs."""
