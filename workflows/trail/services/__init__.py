"""Writing the trail, sealing it, sending its head outside."""
