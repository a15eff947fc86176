"""Speed, always beside something it is compared to."""
