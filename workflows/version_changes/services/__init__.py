"""The commands: move a request to another version, put it back."""
