"""Links by the text in their address, and their addresses."""
