"""Decision tables of DMN 1.3: out, and in as far as a table of a map can say it."""
