"""The pages of two versions: what is different, and moving running requests."""
