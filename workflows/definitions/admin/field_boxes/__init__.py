"""Boxes for what the map editor asks of a field beside its columns, and of a table by its cells."""
