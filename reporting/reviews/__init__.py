"""The periodic review of a workflow: its facts, what they point at, and what is decided on it."""
