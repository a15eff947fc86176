"""Who answers for a workflow, and whether it is in use at all."""

from collections.abc import Iterator

from reporting.reviews.facts.choices import MeasureUnit, Office, OfficeState
from reporting.reviews.facts.measures import Measure, OwnershipDetails, StaleDetails
from reporting.reviews.facts.period_rows import LATELY, ResponsiblePerson, ReviewRows

FEWEST_PEOPLE = 2
"""A role that stands on fewer people stands on one."""


def ownership_measures(rows: ReviewRows) -> Iterator[Measure]:
    """Owner, deputy, and the people of each role whose people are listed."""
    for office, person in ((Office.OWNER, rows.owner), (Office.DEPUTY, rows.deputy)):
        state = _office_state(person)
        yield Measure(
            key=office.value,
            figure=float(state == OfficeState.FILLED),
            unit=MeasureUnit.PEOPLE,
            is_finding=state != OfficeState.FILLED,
            details=OwnershipDetails(
                office=office, holder=person.username if person else "", state=state
            ),
        )
    for role, people in rows.roles.items():
        yield Measure(
            key=f"role:{role}",
            figure=people,
            unit=MeasureUnit.PEOPLE,
            is_finding=people < FEWEST_PEOPLE,
            details=OwnershipDetails(
                office=Office.ROLE,
                holder=role,
                state=OfficeState.FILLED if people else OfficeState.EMPTY,
                people=people,
            ),
        )


def _office_state(person: ResponsiblePerson | None) -> OfficeState:
    if person is None:
        return OfficeState.EMPTY
    if not person.is_active:
        return OfficeState.LEFT
    return OfficeState.FILLED if person.groups else OfficeState.IN_NO_GROUP


def stale_measures(rows: ReviewRows) -> Iterator[Measure]:
    """Whether anything went well lately, of a workflow that is in use for longer."""
    is_old_enough = rows.in_use_since <= rows.until - LATELY
    yield Measure(
        key="stale",
        figure=rows.successes_lately,
        unit=MeasureUnit.RUNS,
        is_finding=rows.successes_lately == 0 and is_old_enough,
        details=StaleDetails(successes=rows.successes_lately, days=LATELY.days),
    )
