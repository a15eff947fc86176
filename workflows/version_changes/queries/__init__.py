"""What would become of running requests, and what became of them."""
