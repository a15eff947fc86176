"""Writing, leasing and closing messages; signs of life."""
