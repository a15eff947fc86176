"""The kill test: a running Handoff whose processes die at random, and what must hold at the end."""
