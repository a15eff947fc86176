"""What is still to be done outside a decision's transaction, and who does it."""
