"""A definition becomes rows and comes back equal; loading, publishing, drafting."""

import copy
import os
from typing import Any

import pytest
import yaml
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from pydantic import ValidationError

from tests.factories import NOW, load_map, map_data
from tests.workflows import drawn, made
from tests.workflows.support import make_people, nothing_changed, person, publish, refused
from workflows.definitions.queries.definition_rows import definition_data_of, definition_of
from workflows.definitions.services import publishing as definitions
from workflows.engine.errors import DefinitionProblem, NotAllowed, NotFound, WrongState
from workflows.engine.format.definition import Definition
from workflows.engine.format.files import read_definition, write_definition
from workflows.people.models import User
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db

EXAMPLES = int(os.environ.get("HANDOFF_MAPS", "100")) // 2

WHOLE = """
format: 1
key: purchase-approval
name: Purchase approval
purpose: Spend company money with the right people agreeing.
owner: olivia
deputy: omar
review_every_days: 90
baseline: {minutes_per_request: 95, error_rate: 0.12}
rehearse:
  requests_per_week: 40
  people: {finance: 3}
  steps: {manager_review: {minutes: 20, outcomes: {approve: 8, return: 1, reject: 1}}}
roles:
  staff:     {groups: [staff]}
  manager:   {field: manager}
  finance:   {groups: [finance]}
  legal:     {groups: [legal], users: [lena]}
  requester: {requester: true}
fields:
  amount:    {type: money, currency: EUR, required: true, label: Amount}
  region:    {type: choice, choices: [EU, US, APAC], required: true}
  needed_by: {type: date}
  manager:   {type: user, required: true}
  quote:     {type: document, required: true}
  po_number: {type: text}
start:
  role: staff
  fields: [amount, region, needed_by, manager, quote]
  triggers:
    - {kind: webhook}
    - {kind: schedule, cron: "0 9 1 * *", data: {region: EU}}
  first: manager_review
steps:
  manager_review:
    kind: approval
    name: Manager review
    role: manager
    expected: 4h
    due: 2d
    inputs: [amount, region, quote]
    not_by: [requester]
    outcomes:
      approve: size_check
      return:  {to: revise, comment: required}
      reject:  {to: rejected, comment: required, exception: true}
    on_overdue: {remind_every: 1d, escalate_to: finance, after: 3d}
  revise: {kind: task, role: requester, outputs: [amount, quote], outcomes: {resubmit: manager_review, withdraw: {to: withdrawn, exception: true}}}
  size_check:
    kind: decision
    rules:
      - {when: "amount > 10000 or region == 'APAC'", to: finance_review}
    otherwise: checks
  finance_review: {kind: approval, role: finance, quorum: 2, expected: 1d, outcomes: {approve: checks, reject: {to: rejected, exception: true}}}
  checks:
    kind: parallel
    branches:
      - {to: legal_review, when: "amount > 5000"}
      - {to: security_review}
    join: checks_done
  legal_review:    {kind: approval, role: legal, outcomes: {approve: checks_done, reject: {to: rejected, exception: true}}}
  security_review: {kind: approval, role: finance, outcomes: {approve: checks_done, reject: {to: rejected, exception: true}}}
  checks_done: {kind: join, wait_for: all, to: order}
  order:
    kind: automation
    action: http
    with: {method: POST, connection: erp, path: /orders, json: {amount: "{{ amount }}"}}
    outputs: {po_number: "$.number"}
    retry: {attempts: 5, first_delay: 10s, factor: 2}
    on_error: {to: fix_order, exception: true}
    to: approved
  fix_order: {kind: task, role: finance, outcomes: {done: order, give_up: {to: rejected, exception: true}}}
  approved:  {kind: end, result: approved}
  rejected:  {kind: end, result: rejected, reopen: manager_review}
  withdrawn: {kind: end, result: withdrawn}
"""  # noqa: E501


def test_a_definition_with_all_that_the_format_has_comes_back_equal() -> None:
    data = yaml.safe_load(WHOLE)
    version = load_map(data)
    assert definition_of(version).dump() == data
    assert read_definition(write_definition(definition_of(version)), name="x").dump() == data


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(made.definitions())
def test_any_definition_comes_back_equal_from_its_rows(data: dict[str, Any]) -> None:
    try:
        definition = Definition.model_validate(copy.deepcopy(data))
    except ValidationError:
        return
    with transaction.atomic():
        version, new = definitions.load_definition(definition, actor=None, now=NOW)
        assert new
        assert definition_of(version).dump() == definition.dump()
        assert definitions.load_definition(definition, actor=None, now=NOW) == (version, False)
        transaction.set_rollback(True)


def test_the_order_of_steps_outcomes_and_fields_is_the_files() -> None:
    version = load_map(map_data())
    form = definition_data_of(version)
    for part in ("roles", "fields", "steps"):
        assert list(form[part]) == list(map_data()[part])
    outcomes = form["steps"]["manager_review"]["outcomes"]
    assert list(outcomes) == ["approve", "return", "reject"]


def test_what_is_written_as_nothing_is_left_out() -> None:
    data = drawn.sequential()
    data["purpose"] = None
    data["steps"]["review"]["name"] = None
    definition = Definition.model_validate(data)
    assert "purpose" not in definition.dump()
    assert "name" not in definition.dump()["steps"]["review"]


def test_a_text_emptied_in_a_form_is_left_out_of_the_file() -> None:
    version = load_map(drawn.sequential())
    version.purpose = ""
    version.save()
    step = version.steps.get(key="review")
    step.instructions = step.name = ""
    step.save()
    form = definition_data_of(version)
    assert "purpose" not in form
    assert "instructions" not in form["steps"]["review"]


def test_a_loaded_draft_is_one_row_of_the_trail_and_so_is_its_publication() -> None:
    make_people()
    version = publish(drawn.sequential())
    rows = TrailEvent.objects.values_list("command", "workflow", "version", "to_state")
    assert list(rows) == [
        ("load_definition", "sequential", 1, "draft"),
        ("publish", "sequential", 1, "published"),
    ]
    assert version.template.owner == person("olga")
    assert version.template.deputy == person("dan")


def test_only_the_owner_the_deputy_or_a_manager_loads_publishes_and_drafts() -> None:
    make_people()
    template = publish(drawn.sequential()).template
    changed = drawn.sequential() | {"purpose": "Changed."}
    definition = Definition.model_validate(changed)
    ann = person("ann")
    with refused(NotAllowed, "Only the owner or deputy"):
        definitions.load_definition(definition, actor=ann, now=NOW)
    with refused(NotAllowed, "Only the owner or deputy"):
        definitions.new_draft(template, actor=ann, now=NOW)
    version, _ = definitions.load_definition(definition, actor=person("dan"), now=NOW)
    with refused(NotAllowed, "Only the owner or deputy"):
        definitions.publish(version.pk, actor=ann, now=NOW)
    definitions.publish(version.pk, actor=person("olga"), now=NOW)


def test_the_owner_whom_a_new_map_names_may_publish_it() -> None:
    make_people()
    version = load_map(drawn.sequential())
    definitions.publish(version.pk, actor=person("olga"), now=NOW)


def test_a_map_with_errors_is_not_published_and_the_errors_are_named() -> None:
    make_people()
    data = drawn.sequential()
    del data["steps"]["pay"]["expected"]
    version = load_map(data)
    with refused(DefinitionProblem, "1 error", "pay:"):
        definitions.publish(version.pk, actor=None, now=NOW)
    User.objects.filter(username="dan").update(is_active=False)
    sound = load_map(drawn.sequential())
    with refused(DefinitionProblem, "dan"):
        definitions.publish(sound.pk, actor=None, now=NOW)


def test_only_a_draft_that_is_there_is_published() -> None:
    make_people()
    version = publish(drawn.sequential())
    with refused(WrongState, "is published; only a draft"):
        definitions.publish(version.pk, actor=None, now=NOW)
    with refused(NotFound, "no such version"):
        definitions.publish(10**9, actor=None, now=NOW)


def test_a_new_draft_is_equal_to_what_is_published_and_leaves_it_as_it_is() -> None:
    make_people()
    version = publish(drawn.branches())
    draft = definitions.new_draft(version.template, actor=person("olga"), now=NOW)
    assert (draft.number, draft.state, draft.created_by) == (2, "draft", person("olga"))
    assert definition_of(draft).dump() == definition_of(version).dump()
    version.refresh_from_db()
    assert version.state == "published"
    fresh = load_map(drawn.rules()).template
    with refused(WrongState, "no published version"):
        definitions.new_draft(fresh, actor=None, now=NOW)


def test_a_map_that_is_loaded_again_unchanged_changes_nothing() -> None:
    make_people()
    publish(drawn.sequential())
    with nothing_changed():
        load_map(drawn.sequential())


def test_publishing_supersedes_the_version_before() -> None:
    make_people()
    first = publish(drawn.sequential())
    second = publish(drawn.sequential() | {"purpose": "Changed."})
    first.refresh_from_db()
    assert (first.state, second.state, second.number) == ("superseded", "published", 2)
    assert (first.superseded_at, second.published_at) == (NOW, NOW)
    assert second.template.purpose == "Changed."


def test_a_draft_that_does_not_hang_together_says_so() -> None:
    make_people()
    version = load_map(drawn.sequential())
    version.steps.get(key="review").routes.all().delete()
    with nothing_changed(), pytest.raises(DefinitionProblem, match="`outcomes` is missing"):
        definitions.publish(version.pk, actor=None, now=NOW)
