"""Languages: sentences put into the language of whoever reads."""
