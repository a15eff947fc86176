"""What pages, services and commands ask about reviews."""
