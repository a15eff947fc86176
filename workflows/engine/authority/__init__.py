"""Who may decide, and who still can: pure questions."""
