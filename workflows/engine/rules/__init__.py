"""The rule language: validated, compiled, compared, explained."""
