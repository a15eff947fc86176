"""What becomes of uploaded files."""
