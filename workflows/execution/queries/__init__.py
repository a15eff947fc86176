"""What runs, read."""
