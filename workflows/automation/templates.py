"""Filling in what an automation is told; the rules are the engine's, for the audit reads them."""

from workflows.engine.templates import PlaceholderProblem, fill, fill_address, placeholders

__all__ = ["PlaceholderProblem", "fill", "fill_address", "placeholders"]
