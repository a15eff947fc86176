"""Ownership that has rotted: whose owner is gone, which role is empty, what nobody keeps up."""
