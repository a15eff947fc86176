"""Every figure of the report page against an independent computation from the raw rows."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client, TestCase

from reporting.bottlenecks.findings import LostTime, Remedy
from reporting.bottlenecks.page import build_report_page
from reporting.bottlenecks.queries import Bottlenecks, Span, Totals, collect_bottlenecks
from reporting.bottlenecks.trends import ENOUGH, FIRST, collect_trends
from reporting.eventlogs.services.importing import import_log
from reporting.metrics.figures import compute_figures
from reporting.metrics.native_rows import RequestPeriod, read_task_rows, report_step_titles
from reporting.rollups.services import rebuild_roll_ups
from reporting.rollups.step_context import expected_microseconds
from tests.factories import NOW, make_user
from tests.reporting.raw_days import Raw, at, grouped, open_at_ends, taken, total, weekly_medians
from tests.shared import logs, shared
from workflows.definitions.models import Step, WorkflowTemplate
from workflows.definitions.queries.compiled_versions import forget_maps
from workflows.demo.load import load_demo
from workflows.execution.models import WorkflowInstance, WorkItem

DEMO_NOW = datetime(2026, 6, 17, 14, 20, tzinfo=UTC)
SPANS = (
    Span(),
    Span(since=date(2026, 4, 1)),
    Span(since=date(2026, 4, 2), until=date(2026, 5, 30)),
    Span(since=date(2026, 5, 19), until=date(2026, 5, 22)),
    Span(until=date(2026, 5, 31)),
)
MEASURES = {
    "waiting": lambda item: item.waiting_seconds,
    "working": lambda item: item.working_seconds,
    "waiting_business": lambda item: item.waiting_business_seconds,
    "working_business": lambda item: item.working_business_seconds,
    "taken_business": taken,
}


def near(one: float | None, other: float | None) -> bool:
    """Equal to the microsecond."""
    if one is None or other is None:
        return one is other
    return abs(one - other) < 1e-5


def expected_of(item: WorkItem) -> float:
    """What the map expects of a task's step, in business seconds."""
    return expected_microseconds(item.step.expected, item.step.version.calendar) / 1e6


def differences(name: str, got: Totals, items: list[WorkItem], raw: Raw) -> Iterator[str]:
    """Which figures of some tasks are not what the raw rows say."""
    wanted: dict[str, float] = {
        "completed": len(items),
        "overdue": sum(
            bool(i.due_at and i.completed_at and i.completed_at > i.due_at) for i in items
        ),
        "reworked": sum(item.round > 1 for item in items),
        "exceptions": sum(
            (i.step_id, i.outcome) in raw.exceptions or i.outcome == "error" for i in items
        ),
        "waiting": total(item.waiting_seconds for item in items),
        "working": total(item.working_seconds for item in items),
        "waiting_business": total(item.waiting_business_seconds for item in items),
        "working_business": total(item.working_business_seconds for item in items),
        "excess": sum(
            max((taken(item) or 0) - expected_of(item), 0) for item in items if expected_of(item)
        ),
    }
    for key, value in wanted.items():
        mine = getattr(got, key)
        if not near(
            mine / 1e6 if ("i" in key and key not in COUNTS) or key == "excess" else mine, value
        ):
            yield f"{name} {key}: {mine} is not {value}"
    for measure, value_of in MEASURES.items():
        for share, mine in zip((0.5, 0.9), got.at(measure), strict=True):
            if not near(mine, at([value_of(item) for item in items], share)):
                yield f"{name} {measure} {share}: {mine}"


def by_title(items: list[WorkItem], titles: dict[int, str]) -> dict[str, list[WorkItem]]:
    """Tasks by the name of their step."""
    return grouped(items, lambda item: titles[item.step_id])


COUNTS = ("completed", "overdue", "reworked", "exceptions")


def all_differences(found: Bottlenecks, raw: Raw) -> Iterator[str]:
    """Of every step, hand-off, role and version of a period."""
    span = found.span
    done = raw.done(span.since, span.until)
    titles = report_step_titles(found.template)
    steps = Step.objects.filter(version__template=found.template)
    names = {(step.version_id, step.key): titles[step.pk] for step in steps}

    def before(item: WorkItem) -> str:
        if not item.came_from:
            return "Start"
        return names[item.step.version_id, item.came_from]

    kinds: list[tuple[dict[Any, Totals], Any]] = [
        (found.by_step(), lambda item: titles[item.step_id]),
        (found.by_role(), lambda item: item.step.role.key if item.step.role else ""),
        (found.by_version(), lambda item: (titles[item.step_id], item.step.version.number)),
        (found.by(lambda step, came: (step, came)), lambda item: (item.step_id, item.came_from)),
    ]
    for got, key in kinds:
        by = grouped(done, key)
        yield from (f"{name} is missing" for name in by if name not in got)
        for name, totals in got.items():
            yield from differences(str(name), totals, by.get(name, []), raw)
    handed = grouped(done, lambda item: (before(item), titles[item.step_id]))
    for pair, totals in found.by_handoff().items():
        if not near(totals.waiting / 1e6, total(i.waiting_seconds for i in handed.get(pair, []))):
            yield f"{pair}: {totals.waiting}"


class TestTheDemo(TestCase):
    """A small demo, rolled up once; each test only looks at it."""

    @classmethod
    def setUpTestData(cls) -> None:
        """The company, its past, and the roll-ups."""
        forget_maps()
        load_demo(now=DEMO_NOW, seed=7, volume=0.15)
        rebuild_roll_ups(now=DEMO_NOW)

    def test_every_figure_of_steps_handoffs_roles_and_versions_is_the_raw_rows(self) -> None:
        compared = 0
        for template in WorkflowTemplate.objects.all():
            raw = Raw(template)
            for span in SPANS:
                found = collect_bottlenecks(template, span)
                assert list(all_differences(found, raw)) == [], (template, span)
                compared += sum(totals.completed for totals in found.by_step().values())
        assert compared > 300

    def test_arrivals_and_queues_are_the_raw_rows(self) -> None:
        for template in WorkflowTemplate.objects.all():
            raw, found = Raw(template), collect_bottlenecks(template, Span())
            assert found.weeks.open_at_end() == open_at_ends(raw)
            titles = report_step_titles(template)
            still = Counter(titles[item.step_id] for item in raw.items if item.is_open)
            assert found.open_now() == still
            for span in SPANS:
                came = sum(
                    t.arrived for t in collect_bottlenecks(template, span).by_step().values()
                )
                assert came == len(raw.came(span.since, span.until))

    def test_weekly_medians_and_the_first_month_are_the_raw_rows(self) -> None:
        seen = 0
        for template in WorkflowTemplate.objects.all():
            raw, titles = Raw(template), report_step_titles(template)
            by_step = by_title(raw.done(), titles)
            for trend in collect_trends(collect_bottlenecks(template, Span())):
                if not trend.in_business_time:
                    continue
                wanted = weekly_medians(by_step[trend.step], ENOUGH)
                assert [day for day, _, _ in trend.weeks] == list(wanted)
                assert all(near(median, wanted[day]) for day, median, _ in trend.weeks)
                begin = trend.weeks[0][0]
                first = [
                    taken(item)
                    for item in by_step[trend.step]
                    if item.completed_at
                    and begin <= item.completed_at.date() < begin + timedelta(weeks=FIRST)
                ]
                assert near(trend.usual, at(first, 0.5))
                seen += len(trend.weeks)
        assert seen

    def test_the_tiles_are_the_raw_rows(self) -> None:
        for template in WorkflowTemplate.objects.all():
            found = collect_bottlenecks(template, Span())
            ended = [
                request
                for request in WorkflowInstance.objects.filter(template=template)
                if request.state == "completed"
            ]
            took = [(r.completed_at - r.started_at).total_seconds() for r in ended]  # type: ignore[operator]
            again = {item.request_id for item in Raw(template).done() if item.round > 1} & {
                request.pk for request in ended
            }
            assert found.requests["finished"] == len(ended)
            assert found.requests["repeated"] == len(again)
            assert near(found.requests["quantiles"][0], at(took, 0.5))
            assert near(found.requests["quantiles"][1], at(took, 0.9))

    def test_the_planted_bottleneck_is_named_first_with_what_to_do(self) -> None:
        template = WorkflowTemplate.objects.get(key="contract-review")
        page = build_report_page(collect_bottlenecks(template, Span()))
        lost = page.findings[0]
        assert isinstance(lost, LostTime)
        assert (lost.step, lost.is_first, lost.remedy) == ("Legal review", True, Remedy.ADD_PEOPLE)
        assert page.advice[0].text.startswith("Legal review loses most: its ")
        assert "waiting to be taken up: add people to Legal, or" in page.advice[0].do
        assert page.tables[0].lines[0][0].text == "Legal review"

    def test_one_role_and_one_version_can_be_looked_at_alone(self) -> None:
        template = WorkflowTemplate.objects.get(key="contract-review")
        legal = collect_bottlenecks(template, Span(), role="legal")
        assert set(legal.by_role()) == {"legal"}
        done = [i for i in Raw(template).done() if i.step.role and i.step.role.key == "legal"]
        assert sum(totals.completed for totals in legal.by_step().values()) == len(done)
        assert not collect_bottlenecks(template, Span(), version=9).pairs

    def test_every_table_is_a_csv_of_the_same_rows(self) -> None:
        client = Client()
        client.force_login(make_user("root", is_superuser=True))
        page = client.get("/reports/workflow/contract-review/").content.decode()
        tables = re.findall(r'href="/reports/workflow/contract-review/([a-z]+)\.csv"', page)
        assert {"steps", "times", "wrong", "handoffs", "roles", "queue"} <= set(tables)
        template = WorkflowTemplate.objects.get(key="contract-review")
        shown = {t.key: t for t in build_report_page(collect_bottlenecks(template, Span())).tables}
        for key in tables:
            answer = client.get(f"/reports/workflow/contract-review/{key}.csv")
            rows = list(csv.reader(io.StringIO(answer.content.decode())))
            assert len(rows) == len(shown[key].rows) + 1
            assert rows[0] == shown[key].csv_header
        assert client.get("/reports/workflow/contract-review/nothing.csv").status_code == 404

    def test_the_map_is_coloured_by_what_is_lost_and_has_no_styles_or_scripts(self) -> None:
        client = Client()
        client.force_login(make_user("root", is_superuser=True))
        page = client.get("/reports/workflow/contract-review/").content.decode()
        assert re.search(r'class="step kind-approval heat-4"[^>]*><title>Legal review', page)
        assert "style=" not in page
        assert "<script" not in page

    def test_a_page_has_the_same_statements_whatever_the_period(self) -> None:
        template = WorkflowTemplate.objects.get(key="contract-review")
        for span in SPANS:
            with self.assertNumQueries(9):
                build_report_page(collect_bottlenecks(template, span))


# -- logs -------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("log", logs())
def test_roll_ups_of_a_log_are_the_figures_of_its_rows(log: str) -> None:
    imported = import_log(
        f"log-{log.replace('_', '-')}", shared("logs", f"{log}.csv.gz"), actor=None, now=NOW
    )
    template = WorkflowTemplate.objects.get(key=f"log-{log.replace('_', '-')}")
    assert imported
    rebuild_roll_ups(now=NOW)
    raw = compute_figures(read_task_rows(template, RequestPeriod()), now=NOW)
    found = collect_bottlenecks(template, Span())
    kind = "waiting" if "waiting_all" in raw else "lead_in"
    for step, totals in found.by_step().items():
        detail = raw["activities_detail"][step]
        assert totals.completed == detail["count"]
        agrees(totals, kind, detail[kind])
        agrees(totals, "working", detail.get("working"))
    pairs = found.by_handoff()
    for handoff in raw["handoffs"]:
        totals = pairs[handoff["from"], handoff["to"]]
        assert abs(getattr(totals, kind) / 1e6 - handoff["total_s"]) < 0.01
        assert within(totals, kind, totals.at(kind)[0], handoff["median_s"])
    again = raw["rework"]["cases_with_repeat"]
    assert found.requests["repeated"] == again
    assert found.requests["finished"] == raw["cases"]
    median, p90 = found.requests["quantiles"]
    assert abs(median - raw["case_duration"]["median_s"]) <= 0.01 * median + 1
    assert abs(p90 - raw["case_duration"]["p90_s"]) <= 0.01 * p90 + 1


def agrees(totals: Totals, name: str, wanted: dict[str, Any] | None) -> None:
    """Count and sum exactly; quantiles exactly, or within the stated 1% where sketched."""
    if wanted is None:
        assert not len(totals.spread(name))
        return
    assert len(totals.spread(name)) == wanted["n"]
    assert abs(getattr(totals, name) / 1e6 - wanted["total_s"]) < 0.01
    median, p90 = totals.at(name)
    assert within(totals, name, median, wanted["median_s"])
    assert within(totals, name, p90, wanted["p90_s"])


def within(totals: Totals, name: str, got: float | None, wanted: float) -> bool:
    """Exactly, where it is said to be exact."""
    assert got is not None
    allowed = 0.002 if totals.spread(name).is_exact else 0.01 * wanted + 1.002
    return abs(got - wanted) <= allowed
