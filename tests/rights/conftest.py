"""A site with something of everything, for tests that walk over all its addresses."""
