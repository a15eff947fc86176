"""The audit itself: every check in turn, errors first."""

from collections.abc import Callable, Iterator
from typing import Final

from workflows.engine.audit import (
    children,
    duties,
    early,
    fits,
    head,
    loops,
    outside,
    people_there,
    schedules,
    shapes,
    structure,
    taken,
    values,
    work,
    world,
)
from workflows.engine.audit.findings import Finding
from workflows.engine.audit.people import People
from workflows.engine.audit.survey import Survey
from workflows.engine.definition import Definition
from workflows.engine.graph import Graph

Check = Callable[[Survey], Iterator[Finding]]

CHECKS: Final[tuple[Check, ...]] = (
    *head.CHECKS,
    *structure.CHECKS,
    *loops.CHECKS,
    *work.CHECKS,
    *people_there.CHECKS,
    *duties.CHECKS,
    *values.CHECKS,
    *taken.CHECKS,
    *early.CHECKS,
    *shapes.CHECKS,
    *outside.CHECKS,
    *schedules.CHECKS,
    *children.CHECKS,
    *world.CHECKS,
    *fits.CHECKS,
)


def audit(definition: Definition, people: People) -> tuple[Finding, ...]:
    """Everything that is wrong with a map; errors first, then in the order of the checks."""
    survey = Survey(Graph(definition), people)
    findings = [finding for check in CHECKS for finding in check(survey)]
    return tuple(sorted(findings, key=lambda finding: finding.severity))
