"""What people without an account are written, in words."""
