"""Clients that book and spend at once and are killed at random: never two, never over."""
