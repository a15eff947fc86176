"""Edits of a map as a whole: steps put in and taken out so that it still hangs together."""
