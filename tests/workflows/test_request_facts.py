"""Rules that ask who asked and what was decided: frozen, in the trail, seen by few, renamed."""

from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from guardian.shortcuts import assign_perm

from tests.automation.driving import work_off
from tests.engine.driving import approval, decision, task
from tests.factories import NOW, load_map, make_user
from tests.workflows.drawn import NO, drawn
from tests.workflows.moves import move, publish_target
from tests.workflows.support import Flow, again, make_people, person, publish
from tests.workflows.test_admin_maps import as_filled_in, make_staff_of, page_of
from tests.workflows.test_statements import statements
from workflows.access.conditions import AUDIT
from workflows.definitions.choices import RouteKind
from workflows.definitions.models import Route, Step
from workflows.definitions.queries.definition_rows import definition_of
from workflows.definitions.services.draft_edits import edit_draft
from workflows.engine.format.definition import Definition
from workflows.engine.routing.marking import Marking
from workflows.execution.queries.sight.field_sight import (
    MASKED,
    hidden_facts,
    mask_changes,
    masked_fields,
)
from workflows.execution.services import instances
from workflows.monitoring.queries.trail_rebuild import rebuild_from_trail
from workflows.people.models import User
from workflows.persistence.row_edits import RowEdits

pytestmark = pytest.mark.django_db

RULE = "requester.department == 'IT' and 'crew' in requester.groups and requester.manager == 'ann'"


def facts_map(rule: str = RULE, **more: Any) -> dict[str, Any]:
    """A review, then a way by a rule."""
    return drawn(
        "facts",
        {
            "review": approval(ok="which", again={"to": "mend", "exception": True}, no=NO),
            "mend": task(ok="review", stop={"to": "stopped", "exception": True}),
            "which": decision("plain", special=rule),
            "special": task(ok="done"),
            "plain": task(ok="done"),
        },
        **more,
    )


def know(**said: Any) -> None:
    """What the directory says of Rita."""
    rita = person("rita")
    for name, value in said.items():
        setattr(rita, name, value)
    rita.save()


def started(rule: str = RULE) -> Flow:
    make_people()
    know(department="IT", place="Oslo", manager=person("ann"))
    person("rita").groups.add(Group.objects.get(name="crew"))
    publish(facts_map(rule))
    return again("facts")


def agrees(flow: Flow) -> bool:
    request = flow.refresh()
    return rebuild_from_trail(request) == (Marking.from_json(request.marking), request.data)


KNOWN = {
    "requester.department": "IT",
    "requester.manager": "ann",
    "requester.groups": ["crew", "staff"],
}


def test_a_map_that_asks_facts_is_kept_in_rows_and_comes_back() -> None:
    make_people()
    data = facts_map("requester.department == 'IT' or count_of.review.again > 1")
    assert definition_of(publish(data)) == Definition.model_validate(data)


def test_who_asked_is_what_the_directory_said_at_the_start() -> None:
    flow = started()
    assert flow.refresh().read_marking().facts == KNOWN
    know(department="HR", manager=None)
    person("rita").groups.clear()
    flow.decide("review", "ok")
    assert flow.where == "special"
    assert agrees(flow)


def test_the_trail_says_which_facts_were_used() -> None:
    flow = started()
    assert flow.last().changes["known"] == KNOWN
    User.objects.filter(username="rita").update(department="gone", manager=None)
    assert agrees(flow)


def test_what_no_rule_asks_is_not_kept() -> None:
    flow = started("amount > 5")
    assert flow.refresh().marking.get("facts") is None
    assert "known" not in flow.last().changes


def test_decisions_are_counted_and_the_trail_alone_counts_the_same() -> None:
    flow = started("count_of.review.again > 1 and outcome_of.mend == 'ok'")
    for _ in range(2):
        flow.decide("review", "again")
        flow.decide("mend", "ok", by="bob")
    assert agrees(flow)
    flow.decide("review", "ok")
    assert flow.where == "special"
    assert agrees(flow)


def test_a_request_in_nobodys_name_has_no_requester() -> None:
    make_people()
    version = publish(facts_map("requester.department != 'IT' and requester.manager == null"))
    data = {"amount": "1.00"}
    request = instances.start_on_version(version, actor=None, now=NOW, data=data)
    flow = Flow(request)
    flow.decide("review", "ok")
    assert flow.where == "special"
    assert agrees(flow)


def test_a_start_costs_a_statement_for_a_manager_and_one_for_groups() -> None:
    make_people()
    know(department="IT", manager=person("ann"))
    publish(facts_map("amount > 5"))
    publish(facts_map() | {"key": "asks"})
    for key in ("facts", "asks"):
        again(key)
    plain = _statements_of("facts")
    assert _statements_of("asks") - plain == 2


def _statements_of(key: str) -> int:
    rita = person("rita")
    data = {"amount": "1.00"}
    return len(statements(lambda: instances.start(key, actor=rita, now=NOW, data=data)))


def test_a_sum_of_an_automation_may_ask_facts() -> None:
    make_people()
    know(approval_limit="250.00")
    data = facts_map("amount > 999")
    told = {"amount": "requester.approval_limit * (1 + count_of.review.again)"}
    data["steps"]["sum"] = {
        "kind": "automation",
        "action": "set_fields",
        "with": told,
        "to": "plain",
    }
    data["steps"]["which"]["otherwise"] = "sum"
    data["steps"]["review"]["on_change"] = "keep"
    publish(data)
    flow = again("facts")
    flow.decide("review", "again")
    flow.decide("mend", "ok", by="bob")
    flow.decide("review", "ok")
    work_off(flow.later())
    assert flow.data["amount"] == "500.00"
    assert flow.where == "plain"
    assert agrees(flow)


# -- who may see it -----------------------------------------------------------------------------


def test_only_the_requester_and_auditors_by_grant_are_told_what_was_known() -> None:
    flow = started()
    request, auditor = flow.refresh(), make_user("audra")
    assign_perm(AUDIT, auditor, request.template)
    for name in ("olga", "ann"):
        hidden = hidden_facts(person(name), request)
        told = mask_changes(flow.last().changes, hidden)
        assert told["known"] == {key: dict(MASKED) for key in KNOWN}
        assert masked_fields(person(name), [request.template_id])[request.template_id] >= {*KNOWN}
    assert not hidden_facts(person("rita"), request)
    assert not hidden_facts(auditor, request)
    assert masked_fields(auditor, [request.template_id]) == {}


# -- another version ------------------------------------------------------------------------------


def test_a_request_that_is_moved_takes_along_what_is_known_and_learns_what_is_asked_now() -> None:
    flow = started("requester.department == 'IT' and count_of.review.again > 0")
    know(department="HR")
    flow.decide("review", "again")
    rule = (
        "requester.department == 'IT' and requester.place == 'Oslo'"
        " and count_of.review.again > 0 and outcome_of.review == 'again'"
    )
    move(flow, publish_target(facts_map(rule)))
    assert flow.refresh().read_marking().facts == {
        "requester.department": "IT",
        "requester.place": "Oslo",
        "count_of.review.again": 1,
        "outcome_of.review": "again",
    }
    assert agrees(flow)


# -- the map editor -------------------------------------------------------------------------------


def test_rules_follow_a_step_and_an_outcome_that_are_called_otherwise() -> None:
    make_people()
    rule = "outcome_of.mend == 'ok' and count_of.review.again > 1 and note == 'mend'"
    draft = load_map(facts_map(rule))
    step = Step.objects.get(version=draft, key="review")
    way = Route.objects.get(step__version=draft, step__key="mend", name="ok")
    step.key, way.name = "first-look", "mended"
    edits: Any = RowEdits(changed=[step, way])
    edit_draft(draft.pk, edits, actor=person("olga"), now=NOW)
    written = Route.objects.get(step__version=draft, kind=RouteKind.RULE).when
    assert written == (
        "outcome_of.mend == 'mended' and count_of.first-look.again > 1 and note == 'mend'"
    )


def test_tables_and_sums_follow_too() -> None:
    make_people()
    data = facts_map("urgent")
    data["steps"]["which"] = {
        "kind": "table",
        "inputs": ["outcome_of.review", "count_of.review.again"],
        "rows": [{"when": {"outcome_of.review": "ok, no"}, "to": "special"}],
        "otherwise": "plain",
    }
    draft = load_map(data)
    step = Step.objects.get(version=draft, key="review")
    way = Route.objects.get(step=step, name="ok")
    step.key, way.name = "look", "yes"
    edits: Any = RowEdits(changed=[step, way])
    edit_draft(draft.pk, edits, actor=person("olga"), now=NOW)
    table = Step.objects.get(version=draft, key="which")
    assert table.inputs == ["outcome_of.look", "count_of.look.again"]
    assert table.config["rows"][0]["when"] == {"outcome_of.look": "yes, no"}


@pytest.mark.usefixtures("lenient_templates")
def test_the_page_of_a_step_takes_a_rule_that_asks_facts_and_says_what_is_wrong(
    client: Client,
) -> None:
    make_people()
    client.force_login(make_staff_of("olivia"))
    draft = load_map(facts_map("urgent", owner="olivia"))
    page = page_of(draft.steps.get(key="which"))
    values = as_filled_in(client.get(page))
    (name,) = [key for key, said in values.items() if key.endswith("-when") and said == "urgent"]
    answer = client.post(page, values | {name: "outcome_of.review == 'nothing'"})
    assert "is not one of its choices; write one of ok, again, no" in unescape(
        answer.content.decode()
    )
    rule = "requester.place == 'Oslo' or count_of.review.again > 2"
    assert client.post(page, values | {name: rule}).status_code == 302
    assert draft.steps.get(key="which").routes.get(kind=RouteKind.RULE).when == rule
