"""What a notice says, in the language of whoever gets it."""
