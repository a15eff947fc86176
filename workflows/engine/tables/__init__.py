"""Decision tables: their cells, how a request's row is found, and what their rows leave out."""
