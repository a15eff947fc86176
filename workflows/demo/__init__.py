"""An invented company for a first look: its people, its workflows and four months of work."""
