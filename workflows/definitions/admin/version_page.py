"""What stands beside a map on its page: the audit's findings, the picture, the table of steps."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Any, Final

from django.http import HttpRequest

from workflows.access.permissions import may_audit, may_manage
from workflows.admin_site.links import change_url, list_url
from workflows.admin_site.site_links import rehearsal_page_url, report_page_url
from workflows.definitions.admin.finding_places import find_box
from workflows.definitions.admin.guide import describe_guide
from workflows.definitions.admin.map_inlines import SHOWN_STEPS_KEY
from workflows.definitions.diagrams.labels import (
    quorum_words,
    route_is_exception,
    route_label,
    route_names,
    step_note,
)
from workflows.definitions.diagrams.parts import DiagramArrow, DiagramNode, MapDiagram
from workflows.definitions.diagrams.svg import draw_diagram
from workflows.definitions.models import Route, Step, TemplateVersion
from workflows.definitions.services.publishing import audit_version
from workflows.engine.audit import AuditFinding
from workflows.engine.diagram.excerpt import WHOLE_STEPS
from workflows.engine.errors import DefinitionProblem
from workflows.engine.format.quorums import read_quorum
from workflows.execution.models import WorkflowInstance

STEPS_PER_PAGE: Final = 50
"""So many steps of a large map are shown, and edited, at a time."""


@dataclass(frozen=True, kw_only=True)
class LinkedFinding:
    """A finding with a link to the step that it names."""

    severity: str
    step: str
    key: str
    href: str
    box: str
    message: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class StepTableRow:
    """A line of the table of steps."""

    title: str
    href: str
    kind: str
    holds: str
    role: str
    expected: str
    ways: Sequence[tuple[str, str, bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPage:
    """Which steps of a large map its page shows; one page of all of a map that is not large."""

    number: int
    pages: int
    steps: int

    @classmethod
    def of(cls, version: TemplateVersion, page_parameter: str) -> "StepPage":
        """The page that the address asks for; the first where it asks for none that is there."""
        steps = version.steps.count()
        pages = 1 if steps <= WHOLE_STEPS else ceil(steps / STEPS_PER_PAGE)
        number = (
            int(page_parameter)
            if page_parameter.isascii() and page_parameter.isdigit() and len(page_parameter) < 6
            else 1
        )
        return cls(number=number if 1 <= number <= pages else 1, pages=pages, steps=steps)

    @property
    def places(self) -> slice:
        """The places of its steps in their order."""
        return (
            slice((self.number - 1) * STEPS_PER_PAGE, self.last) if self.pages > 1 else slice(None)
        )

    @property
    def first(self) -> int:
        """The first step's number, from 1."""
        return (self.number - 1) * STEPS_PER_PAGE + 1

    @property
    def last(self) -> int:
        """The last step's number."""
        return min(self.number * STEPS_PER_PAGE, self.steps)

    @property
    def before(self) -> int | None:
        """The page before."""
        return self.number - 1 or None

    @property
    def after(self) -> int | None:
        """The page behind."""
        return self.number + 1 if self.number < self.pages else None


def _box_address(page: str, finding: AuditFinding) -> str:
    box = find_box(finding.code, finding.step)
    return f"{page}#id_{box}" if box else page


class VersionSheet:
    """A version's map as its page shows it; recomputed on every view."""

    def __init__(
        self, version: TemplateVersion, part: StepPage, selected: Step | None = None
    ) -> None:
        self.version: TemplateVersion = version
        self.part = part
        self.selected = selected

    @cached_property
    def rows(self) -> list[Step]:
        """The steps in their order."""
        return list(self.version.steps.select_related("role").order_by("position", "id"))

    @cached_property
    def routes(self) -> Mapping[int, list[Route]]:
        """The ways by the step that they leave."""
        routes: dict[int, list[Route]] = {step.pk: [] for step in self.rows}
        queryset = Route.objects.filter(step__version=self.version).select_related("to_step")
        for route in queryset.order_by("position", "id"):
            routes[route.step_id].append(route)
        return routes

    @property
    def is_audited(self) -> bool:
        """Old and observed maps are history; nobody needs to mend them."""
        return self.version.state in (TemplateVersion.DRAFT, TemplateVersion.PUBLISHED)

    @cached_property
    def problem(self) -> str:
        """Why a draft does not hang together; empty when it does."""
        return self._audit[0]

    @cached_property
    def findings(self) -> Sequence[LinkedFinding]:
        """What the audit found, errors first."""
        hrefs = {step.key: change_url(step) for step in self.rows}
        here = change_url(self.version)
        names = {step.key: str(step) for step in self.rows}
        ordered = sorted(self._audit[1], key=lambda finding: finding.severity != "error")
        return [
            LinkedFinding(
                severity=finding.severity,
                step=names.get(finding.step or "", finding.step or ""),
                key=finding.step or "",
                href=_box_address(hrefs.get(finding.step or "", here), finding),
                box=find_box(finding.code, finding.step),
                message=str(finding.message),
                remedy=str(finding.remedy),
            )
            for finding in ordered
        ]

    @property
    def errors(self) -> int:
        """How many findings keep it from being published."""
        return sum(finding.severity == "error" for finding in self.findings)

    @property
    def says_something(self) -> bool:
        """Whether there is anything to show beside the picture."""
        return bool(self.problem or self.findings)

    @cached_property
    def _audit(self) -> tuple[str, Iterable[AuditFinding]]:
        try:
            return "", audit_version(self.version)
        except DefinitionProblem as problem:
            return str(problem), ()

    @cached_property
    def findings_here(self) -> Sequence[LinkedFinding]:
        """What the audit found at the selected step."""
        key = self.selected.key if self.selected else None
        return [finding for finding in self.findings if finding.key == key]

    def _mark_of(self, step: Step) -> str:
        severities = {finding.severity for finding in self.findings if finding.key == step.key}
        return "has-error" if "error" in severities else "has-warning" if severities else ""

    @cached_property
    def picture(self) -> MapDiagram:
        """The map, drawn."""
        keys: dict[int | None, str] = {step.pk: step.key for step in self.rows}
        nodes = [
            DiagramNode(
                key=step.key,
                title=str(step),
                kind=step.kind,
                note=step_note(str(step.role) if step.role else "", step.config or {}),
                href=change_url(step),
                is_first=step.pk == self.version.first_step_id,
                join=keys.get(step.join_id, ""),
                mark=self._mark_of(step),
                is_selected=self.selected is not None and step.pk == self.selected.pk,
            )
            for step in self.rows
        ]
        arrows = [
            DiagramArrow(
                source=step.key,
                target=route.to_step.key,
                name=name,
                label=route_label(route),
                is_exception=route_is_exception(route),
                used=route.used,
            )
            for step in self.rows
            for name, route in zip(
                route_names(self.routes[step.pk]), self.routes[step.pk], strict=True
            )
            if route.kind != "reopen"
        ]
        return draw_diagram(nodes, arrows)

    @cached_property
    def steps(self) -> Sequence[StepTableRow]:
        """The map in words: its text alternative; of a large one, the part that is shown."""
        return [
            StepTableRow(
                title=str(step),
                href=change_url(step),
                kind=step.kind,
                holds=_words_of(step),
                role=str(step.role) if step.role else "",
                expected=step.expected or "",
                ways=[
                    (route_label(route), str(route.to_step), bool(route.exception))
                    for route in self.routes[step.pk]
                ],
            )
            for step in self.rows[self.part.places]
        ]


def _rehearsal_url(request: HttpRequest, version: TemplateVersion) -> str:
    """Where the version is rehearsed, for those who manage its workflow; an observed one says
    nothing of how work should go."""
    template = version.template
    may = may_audit(request.user, template) and may_manage(request.user, template)
    is_drawn = version.state != TemplateVersion.OBSERVED
    return rehearsal_page_url(template.key, version.number) if may and is_drawn else ""


def build_sheet_context(
    request: HttpRequest, version: TemplateVersion, selected: Step | None = None
) -> dict[str, Any]:
    """What stands beside a map; of a large one the request keeps which steps are shown."""
    part = StepPage.of(version, request.GET.get("steps", ""))
    sheet = VersionSheet(version, part, selected)
    if sheet.part.pages > 1:
        shown_steps = sheet.rows[sheet.part.places]
        request.__dict__[SHOWN_STEPS_KEY] = [step.pk for step in shown_steps]
    template = version.template
    return {
        "sheet": sheet,
        **describe_guide(request, version, sheet),
        "report_url": report_page_url(template.key) if may_audit(request.user, template) else "",
        "rehearsal_url": _rehearsal_url(request, version),
        "requests_url": list_url(WorkflowInstance, template__id__exact=template.pk),
        "show_save_and_add_another": False,
    }


def _words_of(step: Step) -> str:
    """What stands behind a step's kind in words: what it does with resources, how many agree."""
    words = (step_note("", step.config or {}), quorum_words(read_quorum(step.quorum)))
    return " · ".join(word for word in words if word)
