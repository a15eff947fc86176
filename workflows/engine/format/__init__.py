"""The definition file: its values, how it is read, and what is said where it cannot be."""
