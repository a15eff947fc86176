"""What stands beside a map on its page: the audit's findings, the picture, the table of steps."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Final

from workflows.admin.base import change_url
from workflows.admin.picture import Arrow, Node, Picture, draw
from workflows.engine.audit import Finding
from workflows.engine.definition import title
from workflows.engine.errors import DefinitionProblem
from workflows.engine.excerpt import WHOLE_STEPS
from workflows.models import Route, Step, TemplateVersion
from workflows.services.definitions import audit_version

A_PAGE: Final = 50
"""So many steps of a large map are shown, and edited, at a time."""
WAY_WORDS = {"otherwise": "otherwise", "on_error": "on error", "to": "", "reopen": "reopened at"}


@dataclass(frozen=True, kw_only=True)
class ShownFinding:
    """A finding with a link to the step that it names."""

    severity: str
    step: str
    href: str
    message: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class ShownStep:
    """A line of the table of steps."""

    title: str
    href: str
    kind: str
    role: str
    expected: str
    ways: Sequence[tuple[str, str, bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Which steps of a large map its page shows; one page of all of a map that is not large."""

    number: int
    pages: int
    steps: int

    @classmethod
    def of(cls, version: TemplateVersion, asked: str) -> "Part":
        """The page that the address asks for; the first where it asks for none that is there."""
        steps = version.steps.count()
        pages = 1 if steps <= WHOLE_STEPS else ceil(steps / A_PAGE)
        number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1
        return cls(number=number if 1 <= number <= pages else 1, pages=pages, steps=steps)

    @property
    def places(self) -> slice:
        """The places of its steps in their order."""
        return slice((self.number - 1) * A_PAGE, self.last) if self.pages > 1 else slice(None)

    @property
    def first(self) -> int:
        """The first step's number, from 1."""
        return (self.number - 1) * A_PAGE + 1

    @property
    def last(self) -> int:
        """The last step's number."""
        return min(self.number * A_PAGE, self.steps)

    @property
    def before(self) -> int | None:
        """The page before."""
        return self.number - 1 or None

    @property
    def after(self) -> int | None:
        """The page behind."""
        return self.number + 1 if self.number < self.pages else None


class Sheet:
    """A version's map as its page shows it; recomputed on every view."""

    def __init__(self, version: TemplateVersion, part: Part) -> None:
        self.version = version
        self.part = part

    @cached_property
    def rows(self) -> list[Step]:
        """The steps in their order."""
        return list(self.version.steps.select_related("role").order_by("position", "id"))

    @cached_property
    def routes(self) -> Mapping[int, list[Route]]:
        """The ways by the step that they leave."""
        routes: dict[int, list[Route]] = {step.pk: [] for step in self.rows}
        found = Route.objects.filter(step__version=self.version).select_related("to_step")
        for route in found.order_by("position", "id"):
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
    def findings(self) -> Sequence[ShownFinding]:
        """What the audit found, errors first."""
        hrefs = {step.key: change_url(step) for step in self.rows}
        names = {step.key: str(step) for step in self.rows}
        ordered = sorted(self._audit[1], key=lambda finding: finding.severity != "error")
        return [
            ShownFinding(
                severity=finding.severity,
                step=names.get(finding.step or "", finding.step or ""),
                href=hrefs.get(finding.step or "", ""),
                message=finding.message,
                remedy=finding.remedy,
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
    def _audit(self) -> tuple[str, Iterable[Finding]]:
        try:
            return "", audit_version(self.version)
        except DefinitionProblem as problem:
            return str(problem), ()

    @cached_property
    def picture(self) -> Picture:
        """The map, drawn."""
        nodes = [
            Node(
                key=step.key,
                title=str(step),
                kind=step.kind,
                note=str(step.role) if step.role else "",
                href=change_url(step),
                is_first=step.pk == self.version.first_step_id,
            )
            for step in self.rows
        ]
        arrows = [
            Arrow(
                source=step.key,
                target=route.to_step.key,
                label=way_label(route),
                is_exception=bool(route.exception),
                used=route.used,
            )
            for step in self.rows
            for route in self.routes[step.pk]
            if route.kind != "reopen"
        ]
        return draw(nodes, arrows)

    @cached_property
    def steps(self) -> Sequence[ShownStep]:
        """The map in words: its text alternative; of a large one, the part that is shown."""
        return [
            ShownStep(
                title=str(step),
                href=change_url(step),
                kind=step.kind,
                role=str(step.role) if step.role else "",
                expected=step.expected or "",
                ways=[
                    (way_label(route), str(route.to_step), bool(route.exception))
                    for route in self.routes[step.pk]
                ],
            )
            for step in self.rows[self.part.places]
        ]


def way_label(route: Route) -> str:
    """What a way is called: its outcome, its rule, or what kind it is."""
    if route.kind == "outcome":
        return route.label or title(route.name, None).lower()
    return WAY_WORDS.get(route.kind, route.when or "")
