"""What a review's codes are called, in the reader's language."""
