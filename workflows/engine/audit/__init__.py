"""The map audit: what would go wrong when a workflow runs a hundred times, said beforehand.

It is the gate to publication: a map with an error is not published. What it passes never
deadlocks in the engine: every request ends, or waits on a named person or an incident.
"""

from workflows.engine.audit.environment import WORLD
from workflows.engine.audit.findings import CODES, AuditFinding
from workflows.engine.audit.people import AnyPeople, People
from workflows.engine.audit.run_audit import audit_definition

__all__ = ["CODES", "WORLD", "AnyPeople", "AuditFinding", "People", "audit_definition"]
