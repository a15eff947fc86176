"""Tasks that several people share or agree on: to whom they are offered, and their votes."""
