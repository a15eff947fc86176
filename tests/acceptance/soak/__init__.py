"""The soak: `make run` under load for an hour, its children killed, and what it used by the end."""
