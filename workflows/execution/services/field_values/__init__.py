"""What values fields take, and what they open with."""
