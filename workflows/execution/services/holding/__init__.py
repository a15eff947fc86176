"""What a request holds of resources: settled with each command, and given back by their owners."""
