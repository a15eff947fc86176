"""Rooms, equipment, people and budgets that requests book and draw on, with an owner each."""
