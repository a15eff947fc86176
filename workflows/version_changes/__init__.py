"""Running requests moved to another version of their workflow, and back."""
