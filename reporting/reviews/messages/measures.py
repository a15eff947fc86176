"""The sentence of each measure, made from its parameters."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from django.utils.functional import lazy
from django.utils.translation import gettext, ngettext

from reporting.reviews.facts.choices import Office, OfficeState
from reporting.reviews.facts.measures import (
    AutomateDetails,
    BottleneckDetails,
    IncidentCountDetails,
    MeasureDetails,
    OwnershipDetails,
    RouteDescription,
    RouteUseDetails,
    SkippedStepDetails,
    StaleDetails,
    StepUseDetails,
    UnautomateDetails,
)
from workflows.engine.format.definition import display_title
from workflows.execution.texts.incident_codes import incident_code_text
from workflows.language.formats import count_text, render_spoken_span, share_text

if TYPE_CHECKING:
    from reporting.reviews.models import Finding

MOST_STEPS = 3
"""So many steps of an incident's code are named, those with the most incidents."""


def describe_measure(details: MeasureDetails) -> str:
    """The sentence, in the active language."""
    match details:
        case OwnershipDetails(office=Office.ROLE):
            return _role_sentence(details)
        case OwnershipDetails():
            return _office_sentence(details)
        case StaleDetails():
            return _stale_sentence(details)
        case BottleneckDetails():
            return _bottleneck_sentence(details)
        case IncidentCountDetails():
            return _incident_sentence(details)
        case StepUseDetails():
            return _step_use_sentence(details)
        case RouteUseDetails():
            return _route_use_sentence(details)
        case SkippedStepDetails():
            return _skipped_step_sentence(details)
        case UnautomateDetails():
            return _unautomate_sentence(details)
        case AutomateDetails():
            return _automate_sentence(details)


def describe_review_finding(finding: "Finding") -> str:
    """The sentence of a finding that was stored."""
    return describe_measure(finding.read_details())


describe_review_finding_lazily: Callable[["Finding"], str] = lazy(describe_review_finding, str)
"""The same, made when it is shown: a part of a refusal."""


# -- who answers for it -----------------------------------------------------------------------


def _office_sentence(details: OwnershipDetails) -> str:
    sentences: Mapping[tuple[Office, OfficeState], str] = {
        (Office.OWNER, OfficeState.FILLED): gettext("The owner is there."),
        (Office.OWNER, OfficeState.EMPTY): gettext(
            "There is no owner. Name one in the next version."
        ),
        (Office.OWNER, OfficeState.LEFT): gettext(
            "The owner, %(person)s, has left: the account is not active any more."
        ),
        (Office.OWNER, OfficeState.IN_NO_GROUP): gettext(
            "The owner, %(person)s, is in no group of the company any more."
        ),
        (Office.DEPUTY, OfficeState.FILLED): gettext("The deputy is there."),
        (Office.DEPUTY, OfficeState.EMPTY): gettext(
            "There is no deputy. Name one in the next version."
        ),
        (Office.DEPUTY, OfficeState.LEFT): gettext(
            "The deputy, %(person)s, has left: the account is not active any more."
        ),
        (Office.DEPUTY, OfficeState.IN_NO_GROUP): gettext(
            "The deputy, %(person)s, is in no group of the company any more."
        ),
    }
    return sentences[details.office, details.state] % {"person": details.holder}


def _role_sentence(details: OwnershipDetails) -> str:
    places = {"role": details.holder, "count": details.people}
    if details.people == 0:
        return gettext("In the role '%(role)s' there is nobody. Add people to its group.") % places
    return (
        ngettext(
            "In the role '%(role)s' there is one person only. Add people to its group.",
            "In the role '%(role)s' there are %(count)s people.",
            details.people,
        )
        % places
    )


def _stale_sentence(details: StaleDetails) -> str:
    places = {"count": count_text(details.successes), "days": details.days}
    if not details.successes:
        return gettext("No request went well in the last %(days)s days of the period.") % places
    return (
        ngettext(
            "%(count)s request went well in the last %(days)s days of the period.",
            "%(count)s requests went well in the last %(days)s days of the period.",
            details.successes,
        )
        % places
    )


# -- where work waits -------------------------------------------------------------------------


def _bottleneck_sentence(details: BottleneckDetails) -> str:
    day = details.working_day_s
    return gettext(
        "%(step)s: %(expected)s expected, %(median)s at the median of %(count)s (working time,"
        " waiting and working together)."
    ) % {
        "step": details.step,
        "expected": render_spoken_span(details.expected_s, day),
        "median": render_spoken_span(details.median_s, day),
        "count": count_text(details.n),
    }


def _incident_sentence(details: IncidentCountDetails) -> str:
    places = {
        "code": incident_code_text(details.code),
        "steps": render_step_counts(details.steps, most=MOST_STEPS),
        "open": count_text(details.open),
        "count": count_text(details.count),
    }
    return (
        ngettext(
            "'%(code)s' came once, at %(steps)s; %(open)s still open.",
            "'%(code)s' came %(count)s times, at %(steps)s; %(open)s still open.",
            details.count,
        )
        % places
    )


def render_step_counts(steps: Mapping[str, int], most: int | None = None) -> str:
    """Steps with how often each: 'Check (3), Pay (1)'."""
    counts = sorted(steps.items(), key=lambda pair: -pair[1]) if most else steps.items()
    return ", ".join(f"{step} ({count})" for step, count in [*counts][:most])


# -- what nobody needs ------------------------------------------------------------------------


def _step_use_sentence(details: StepUseDetails) -> str:
    places = {
        "step": details.step,
        "count": count_text(details.count),
        "requests": count_text(details.requests),
    }
    if not details.count:
        return (
            ngettext(
                "%(step)s was never used in %(requests)s request.",
                "%(step)s was never used in %(requests)s requests.",
                details.requests,
            )
            % places
        )
    return (
        ngettext(
            "%(step)s was used once in %(requests)s requests.",
            "%(step)s was used %(count)s times in %(requests)s requests.",
            details.count,
        )
        % places
    )


def _route_use_sentence(details: RouteUseDetails) -> str:
    places = {
        "route": describe_route_ends(details.route),
        "count": count_text(details.count),
        "passes": count_text(details.passes),
    }
    if not details.count:
        return (
            ngettext(
                "%(route)s: never in %(passes)s pass.",
                "%(route)s: never in %(passes)s passes.",
                details.passes,
            )
            % places
        )
    return (
        ngettext(
            "%(route)s: once in %(passes)s passes.",
            "%(route)s: %(count)s times in %(passes)s passes.",
            details.count,
        )
        % places
    )


def describe_route_ends(route: RouteDescription) -> str:
    """A route as people read it: 'Size → Board, when amount > 100000', 'Check → Pay (Approve)'."""
    places = {"source": route.source, "target": route.target}
    if route.condition:
        return gettext("%(source)s → %(target)s, when %(condition)s") % {
            **places,
            "condition": route.condition,
        }
    label = gettext("Otherwise") if route.is_otherwise else route.label
    if label:
        return f"{route.source} → {route.target} ({label})"
    return f"{route.source} → {route.target}"


def _skipped_step_sentence(details: SkippedStepDetails) -> str:
    return ngettext(
        "%(step)s was skipped, sent elsewhere or called off in %(count)s of %(cases)s case.",
        "%(step)s was skipped, sent elsewhere or called off in %(count)s of %(cases)s cases.",
        details.cases,
    ) % {
        "step": details.step,
        "count": count_text(details.count),
        "cases": count_text(details.cases),
    }


# -- what a machine should or should not do ---------------------------------------------------


def _unautomate_sentence(details: UnautomateDetails) -> str:
    return ngettext(
        "%(step)s runs by itself and needed a person, or went its error way, in %(count)s of"
        " %(cases)s case (%(share)s).",
        "%(step)s runs by itself and needed a person, or went its error way, in %(count)s of"
        " %(cases)s cases (%(share)s).",
        details.cases,
    ) % {
        "step": details.step,
        "count": count_text(details.count),
        "cases": count_text(details.cases),
        "share": share_text(details.count / details.cases),
    }


def _automate_sentence(details: AutomateDetails) -> str:
    return gettext(
        "%(step)s: %(count)s of %(cases)s (%(share)s) went '%(outcome)s'. A rule over the"
        " request's fields could decide the usual case and leave the rest to people."
    ) % {
        "step": details.step,
        "count": count_text(details.count),
        "cases": count_text(details.cases),
        "share": share_text(details.count / details.cases),
        "outcome": display_title(details.outcome, None),
    }
