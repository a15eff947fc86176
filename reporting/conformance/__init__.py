"""How far logs and our own history fit a map, and where they leave it."""
