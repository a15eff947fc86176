"""The audit itself: every check in turn, errors first."""

from collections.abc import Callable, Iterator
from typing import Final

from workflows.engine.audit import asked_facts as known
from workflows.engine.audit import automations as outside
from workflows.engine.audit import chains, loops, schedules, structure, tables, values
from workflows.engine.audit import dead_routes as taken
from workflows.engine.audit import degenerate_shapes as shapes
from workflows.engine.audit import divisions as divided
from workflows.engine.audit import each as rows
from workflows.engine.audit import environment as world
from workflows.engine.audit import field_capacity as fits
from workflows.engine.audit import field_constraints as asked
from workflows.engine.audit import field_sight as sight
from workflows.engine.audit import human_steps as work
from workflows.engine.audit import ownership as head
from workflows.engine.audit import public_form as strangers
from workflows.engine.audit import resource_uses as resources
from workflows.engine.audit import separation_of_duties as duties
from workflows.engine.audit import staffing as people_there
from workflows.engine.audit import subworkflows as children
from workflows.engine.audit import unset_fields as early
from workflows.engine.audit import worked_out_fields as worked
from workflows.engine.audit.findings import AuditFinding
from workflows.engine.audit.map_facts import Survey
from workflows.engine.audit.people import People
from workflows.engine.format.definition import Definition
from workflows.engine.routing.graph import Graph

AuditCheck = Callable[[Survey], Iterator[AuditFinding]]

CHECKS: Final[tuple[AuditCheck, ...]] = (
    *head.CHECKS,
    *structure.CHECKS,
    *rows.CHECKS,
    *chains.CHECKS,
    *loops.CHECKS,
    *work.CHECKS,
    *people_there.CHECKS,
    *duties.CHECKS,
    *values.CHECKS,
    *taken.CHECKS,
    *tables.CHECKS,
    *early.CHECKS,
    *known.CHECKS,
    *shapes.CHECKS,
    *outside.CHECKS,
    *schedules.CHECKS,
    *children.CHECKS,
    *world.CHECKS,
    *fits.CHECKS,
    *asked.CHECKS,
    *worked.CHECKS,
    *divided.CHECKS,
    *resources.CHECKS,
    *sight.CHECKS,
    *strangers.CHECKS,
)


def audit_definition(definition: Definition, people: People) -> tuple[AuditFinding, ...]:
    """Everything that is wrong with a map; errors first, then in the order of the checks."""
    survey = Survey(Graph(definition), people)
    findings = [finding for check in CHECKS for finding in check(survey)]
    return tuple(sorted(findings, key=lambda finding: finding.severity))
