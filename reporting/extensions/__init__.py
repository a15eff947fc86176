"""What is installed besides Handoff itself, from which package, and which maps use it."""
