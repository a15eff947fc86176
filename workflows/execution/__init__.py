"""What runs: requests, their tasks, merges and incidents."""
