"""The hours in which a company works."""
