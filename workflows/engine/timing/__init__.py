"""Days, working time, due dates."""
