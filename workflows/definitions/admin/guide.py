"""The guide through a draft: its stages, each with its question, and how far one is.

Each stage is a page of the same draft that shows a part of its form; one can leave at any and come
back, since nothing is kept but the map itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from workflows.admin_site.links import change_url
from workflows.definitions.choices import RouteKind, StepKind
from workflows.definitions.models import Route, Step, TemplateVersion

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    from workflows.definitions.admin.version_page import VersionSheet

PART: Final = "part"
LEAST_EXCEPTIONS: Final = 2
WORKING: Final = (StepKind.APPROVAL, StepKind.TASK)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage: which part of the form it shows, and when it is answered."""

    part: str
    title: "_StrOrPromise"
    question: "_StrOrPromise"
    hint: "_StrOrPromise"
    is_done: Callable[["VersionSheet"], bool]
    fields: Sequence[Any] = ()
    tables: Mapping[str, Sequence[str]] | None = None
    """The tables that it shows, with their columns; all of a table where none are named."""
    kinds: Sequence[str] = ()
    """The kinds of steps that it asks for; all where none are named."""


def _work(sheet: "VersionSheet") -> list[Step]:
    return [step for step in sheet.rows if step.kind in WORKING]


def _exceptions(sheet: "VersionSheet") -> list[Route]:
    return [route for routes in sheet.routes.values() for route in routes if route.exception]


def _has_owners(sheet: "VersionSheet") -> bool:
    work = _work(sheet)
    return bool(work) and all(step.role_id and step.expected for step in work)


def _has_choices(sheet: "VersionSheet") -> bool:
    kinds = {route.kind for routes in sheet.routes.values() for route in routes}
    return bool(kinds & {RouteKind.RULE, RouteKind.BRANCH, RouteKind.ROW})


STAGES: Final = (
    Stage(
        part="start",
        title=gettext_lazy("Start"),
        question=gettext_lazy("What starts it?"),
        hint=gettext_lazy("Who may fill in the form, and what starts it by itself."),
        is_done=lambda sheet: bool(sheet.version.start_role_id and sheet.version.first_step_id),
        fields=(
            ("name", "calendar"),
            "purpose",
            ("owner_name", "deputy_name"),
            ("start_role", "first_step"),
            "start_triggers",
        ),
    ),
    Stage(
        part="steps",
        title=gettext_lazy("Steps"),
        question=gettext_lazy("What is done, in order?"),
        hint=gettext_lazy(
            "Add steps below, one line each; they go behind the last one. To add one anywhere"
            " else, select a step in the picture."
        ),
        is_done=lambda sheet: bool(_work(sheet)),
        tables={"steps": ("position", "name", "ways")},
    ),
    Stage(
        part="owners",
        title=gettext_lazy("Owners"),
        question=gettext_lazy("Who owns each step?"),
        hint=gettext_lazy("One role a step, and how long it should take, its queue included."),
        is_done=_has_owners,
        kinds=(*WORKING, StepKind.AUTOMATION, StepKind.SUBWORKFLOW),
        tables={"steps": ("position", "name", "role", "expected", "due"), "roles": ()},
    ),
    Stage(
        part="fields",
        title=gettext_lazy("Inputs and outputs"),
        question=gettext_lazy("What has to be known, and what comes out of it?"),
        hint=gettext_lazy(
            "The fields of a request, and which of them the start form asks. What each step shows"
            " and fills in is said at the step: select it in the picture."
        ),
        is_done=lambda sheet: bool(sheet.version.start_fields),
        fields=("start_fields",),
        tables={"fields": ()},
    ),
    Stage(
        part="exceptions",
        title=gettext_lazy("Exceptions"),
        question=gettext_lazy("What can go wrong?"),
        hint=gettext_lazy(
            "At least two exceptions, each with where it goes then: rejected, sent back, not to be"
            " had, too late."
        ),
        is_done=lambda sheet: len(_exceptions(sheet)) >= LEAST_EXCEPTIONS,
    ),
    Stage(
        part="rules",
        title=gettext_lazy("Rules and branches"),
        question=gettext_lazy("What depends on what, and what can be done at the same time?"),
        hint=gettext_lazy(
            "Select the step in the picture behind or beside which something depends on a rule, or"
            " goes on at the same time, and add it there. A map may have neither."
        ),
        is_done=_has_choices,
    ),
    Stage(
        part="check",
        title=gettext_lazy("Check"),
        question=gettext_lazy("If this ran a hundred times, what would go wrong?"),
        hint=gettext_lazy("What the audit finds leads to the box where it is mended."),
        is_done=lambda sheet: not sheet.problem and not sheet.errors,
    ),
)
BY_PART: Final = {stage.part: stage for stage in STAGES}


def stage_of(request: HttpRequest) -> Stage | None:
    """The stage that an address asks for; None for the whole form."""
    return BY_PART.get(request.GET.get(PART, ""))


def address_of(version: TemplateVersion, part: str) -> str:
    """The page of a stage."""
    return f"{change_url(version)}?{PART}={part}"


def describe_guide(
    request: HttpRequest, version: TemplateVersion, sheet: "VersionSheet"
) -> dict[str, Any]:
    """The stages with how far one is, for the page."""
    here = stage_of(request)
    following = STAGES[STAGES.index(here) + 1 :] if here else STAGES
    return {
        "stage": here,
        "next_stage_url": address_of(version, following[0].part) if following else "",
        "stages": [
            {
                "title": stage.title,
                "url": address_of(version, stage.part),
                "is_here": stage is here,
                "is_done": stage.is_done(sheet),
            }
            for stage in STAGES
        ],
    }
