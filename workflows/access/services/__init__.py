"""Commands on tokens and rights, and what is done once a key."""
