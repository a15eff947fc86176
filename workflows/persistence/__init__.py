"""How rows are written in bulk, and their history with them."""
