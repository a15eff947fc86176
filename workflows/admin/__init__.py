"""The Django admin for ops staff: declarations, and actions that call one service."""

from workflows.admin import people, records, requests, steps, tasks, tokens, versions, workflows

__all__ = ["people", "records", "requests", "steps", "tasks", "tokens", "versions", "workflows"]
