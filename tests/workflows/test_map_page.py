"""One page a map: the picture, the selected step, and steps put in and taken out where it shows."""

import copy
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.browser_form import browser_form
from tests.engine.audit_cases import SOUND
from tests.factories import NOW, load_map, make_staff, make_user, map_data, publish_map
from tests.workflows.admin_site import MODELS
from tests.workflows.support import nothing_changed
from tests.workflows.test_admin_maps import make_staff_of, page_of, saved
from workflows.definitions.models import Role, Step, TemplateVersion
from workflows.definitions.queries.definition_rows import definition_of
from workflows.definitions.services.map_edits import edit_map
from workflows.engine.editing.adding import AtStart, Behind, Beside, OnWay, add_step
from workflows.engine.editing.new_steps import NewStep
from workflows.engine.editing.removing import remove_step
from workflows.engine.editing.sequences import Line, StepSequence, write_sequence
from workflows.engine.errors import InvalidInput, NotAllowed, WrongState
from workflows.trail.models import TrailEvent

MOST_STATEMENTS = 32

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]


@pytest.fixture
def owner(client: Client, db: None) -> Client:
    from tests.factories import purchase_people

    purchase_people()
    client.force_login(make_staff_of("olivia"))
    return client


def said_by(version: TemplateVersion) -> dict[str, Any]:
    return definition_of(TemplateVersion.objects.get(pk=version.pk)).dump()


def post(client: Client, command: str, step: Step, **said: str) -> Any:
    values = {f"new-{name}": value for name, value in said.items()}
    return client.post(reverse(f"admin:{command}", args=[step.pk]), values, follow=True)


def told(answer: Any) -> str:
    return " ".join(str(message) for message in answer.context["messages"])


# -- the service ------------------------------------------------------------------------------

EDITS = {
    "behind": lambda form: add_step(form, Behind(step="lead_look"), NEW).form,
    "start": lambda form: add_step(form, AtStart(), NEW).form,
    "beside": lambda form: add_step(form, Beside(step="lead_look"), NEW).form,
    "branch": lambda form: add_step(form, Beside(step="legal"), NEW).form,
    "on a way": lambda form: add_step(form, OnWay(step="size", kind="rule", name="1"), NEW).form,
    "one step less": lambda form: remove_step(form, "tech").form,
    "no block": lambda form: remove_step(form, "checks").form,
    "no step between": lambda form: remove_step(form, "revise").form,
}
NEW = NewStep(kind="approval", name="Second look", role="board")


@pytest.mark.parametrize("name", EDITS)
def test_the_rows_say_what_the_pure_edit_says(name: str) -> None:
    make_user("dan")
    olga = make_user("olga")
    draft = load_map(copy.deepcopy(SOUND))
    untouched = {step.key: step.pk for step in draft.steps.all()}
    before = said_by(draft)
    edit_map(draft.pk, EDITS[name], actor=olga, now=NOW)
    after = EDITS[name](before)
    assert said_by(draft) == type(definition_of(draft)).model_validate(after).dump()
    kept = {step.key: step.pk for step in draft.steps.filter(key__in=untouched)}
    assert kept.items() <= untouched.items(), "a step that stays is the same row"
    assert TrailEvent.objects.filter(command="edit_draft").count() == 1


def test_an_edit_that_is_refused_writes_nothing() -> None:
    make_user("dan")
    olga = make_user("olga")
    draft = load_map(copy.deepcopy(SOUND))
    with nothing_changed(), pytest.raises(InvalidInput):
        edit_map(
            draft.pk,
            lambda form: remove_step(form, "refused").form,
            actor=olga,
            now=NOW,
        )


def test_who_does_not_manage_the_workflow_edits_no_map_and_nobody_a_published_one() -> None:
    make_user("dan")
    olga, sam = make_user("olga"), make_user("sam")
    draft = load_map(copy.deepcopy(SOUND))
    with nothing_changed(), pytest.raises(NotAllowed):
        edit_map(draft.pk, EDITS["start"], actor=sam, now=NOW)
    TemplateVersion.objects.filter(pk=draft.pk).update(state="published")
    with nothing_changed(), pytest.raises(WrongState):
        edit_map(draft.pk, EDITS["start"], actor=olga, now=NOW)


# -- the page ---------------------------------------------------------------------------------


def test_the_page_of_a_step_shows_the_map_with_it_selected(owner: Client) -> None:
    draft = load_map()
    text = owner.get(page_of(draft.steps.get(key="order"))).content.decode()
    assert text.count("<svg class=") == 1
    assert 'aria-current="true"' in text
    for step in draft.steps.all():
        assert page_of(step) in text


def test_a_step_is_added_behind_the_selected_one_with_a_role_made_of_a_group(owner: Client) -> None:
    draft = load_map()
    step = draft.steps.get(key="manager_review")
    said = {"place": "behind", "kind": "task", "name": "Look twice", "owner": "new:group:legal"}
    before = said_by(draft)
    answer = post(owner, "add_step", step, **said)
    assert "“Look twice” is on the map." in told(answer)
    new = draft.steps.get(key="look_twice")
    assert answer.redirect_chain[-1][0] == page_of(new)
    after = said_by(draft)
    assert after["steps"]["manager_review"]["outcomes"]["approve"] == "look_twice"
    assert after["steps"]["look_twice"]["outcomes"]["done"] == "size_check"
    assert new.role.settings == {"groups": ["legal"]}
    assert len(after["roles"]) - len(before["roles"]) in (0, 1)


def test_an_added_decision_has_its_rule_from_boxes(owner: Client) -> None:
    draft = load_map()
    step = draft.steps.get(key="manager_review")
    said = {
        "place": "way:outcome:approve",
        "kind": "decision",
        "name": "Is it dear",
        "rule-0-field": "amount",
        "rule-0-comparison": ">",
        "rule-0-value": "500",
        "rule_to": "finance_review",
    }
    post(owner, "add_step", step, **said)
    assert said_by(draft)["steps"]["is_it_dear"] == {
        "kind": "decision",
        "name": "Is it dear",
        "rules": [{"when": "amount > 500", "to": "finance_review"}],
        "otherwise": "size_check",
    }


def test_a_step_beside_another_makes_a_block(owner: Client) -> None:
    draft = load_map()
    step = draft.steps.get(key="finance_review")
    post(owner, "add_step", step, place="beside", kind="task", name="Weigh it")
    after = said_by(draft)["steps"]
    assert {branch["to"] for branch in after["finance_review_and_more"]["branches"]} == {
        "finance_review",
        "weigh_it",
    }


def test_what_is_refused_is_said_and_what_was_typed_is_there_again(owner: Client) -> None:
    draft = load_map()
    step = draft.steps.get(key="manager_review")
    with nothing_changed():
        answer = post(owner, "add_step", step, place="behind", kind="end", name="Over <b>")
    assert "An end stands on one of several ways" in told(answer)
    assert 'value="Over &lt;b&gt;"' in answer.content.decode()
    with nothing_changed():
        answer = post(owner, "add_step", step, place="behind", kind="task", name="")
    assert "Give the step a name." in told(answer)


def test_a_step_is_taken_out_and_what_led_to_it_is_said(owner: Client) -> None:
    draft = load_map()
    step = draft.steps.get(key="finance_review")
    target = str(draft.steps.get(key="checks"))
    answer = owner.post(reverse("admin:remove_step", args=[step.pk]), follow=True)
    assert f"what led to it leads to “{target}”" in told(answer)
    assert not draft.steps.filter(key="finance_review").exists()


def test_a_form_that_is_sent_twice_adds_one_step(owner: Client) -> None:
    draft = load_map()
    step = draft.steps.get(key="order")
    page = owner.get(page_of(step))
    sent = browser_form(page, "add_form") | {"new-name": "Once", "new-kind": "task"}
    token = page.content.decode().split('id="add_form"')[1].split('value="')[1].split('"')[0]
    for _ in range(2):
        owner.post(reverse("admin:add_step", args=[step.pk]), sent | {"csrfmiddlewaretoken": token})
    assert draft.steps.filter(name="Once").count() == 1


HOSTILE = ["<script>alert(1)</script>", "'; DROP TABLE", "\u202eevil", "審査"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_names(owner: Client, name: str) -> None:
    draft = load_map()
    step = draft.steps.get(key="order")
    answer = post(owner, "add_step", step, place="behind", kind="task", name=name)
    assert "<script>alert" not in answer.content.decode()
    assert draft.steps.filter(name=name).count() == 1


@pytest.mark.parametrize("command", ["add_step", "remove_step"])
def test_only_who_may_edit_the_draft_changes_it(client: Client, command: str) -> None:
    draft = load_map(map_data() | {"owner": "olga", "deputy": "dan"})
    step = draft.steps.get(key="order")
    address = reverse(f"admin:{command}", args=[step.pk])
    said = {"new-place": "behind", "new-kind": "task", "new-name": "Mine"}
    names = [f"{verb}_{m._meta.model_name}" for m in MODELS for verb in ("view", "change")]
    client.force_login(make_staff("stranger", *names))
    with nothing_changed():
        there = client.post(address, said)
        nowhere = client.post(reverse(f"admin:{command}", args=[10**6]), said)
    assert there.status_code == nowhere.status_code == 302
    assert there["Location"] == nowhere["Location"], "a stranger learns nothing"


def test_a_published_map_has_no_forms_and_takes_no_commands(owner: Client) -> None:
    step = publish_map().steps.get(key="order")
    text = owner.get(page_of(step)).content.decode()
    assert 'id="add_form"' not in text
    assert 'name="_save"' not in text
    with nothing_changed():
        answer = owner.post(reverse("admin:remove_step", args=[step.pk]))
    assert answer.status_code == 403


def test_a_map_of_sixty_steps_costs_as_many_statements_as_a_small_one(owner: Client) -> None:
    counts = []
    for steps in (4, 60):
        lines = [
            Line(step=NewStep(kind="task", name=f"Step {n}", role="crew")) for n in range(steps)
        ]
        parts = write_sequence(
            StepSequence(steps=lines, roles={"crew": {"groups": ["legal"]}}, fields={})
        )
        head = {"format": 1, "key": f"long-{steps}", "name": "Long"}
        draft = load_map(head | {"owner": "olivia", "deputy": "omar"} | parts)
        page = page_of(draft.steps.get(key="step_2"))
        owner.get(page)
        with CaptureQueriesContext(connection) as queries:
            assert owner.get(page).status_code == 200
        counts.append(len(queries))
    assert counts[1] - counts[0] <= 2, counts
    assert counts[1] < MOST_STATEMENTS


# -- boxes instead of the file's words ----------------------------------------------------------


def test_reminders_retries_and_headers_are_filled_in_in_boxes(owner: Client) -> None:
    draft = load_map(copy.deepcopy(SOUND) | {"owner": "olivia", "deputy": "omar"})
    review, order = (draft.steps.get(key=key) for key in ("review", "pay"))
    saved(owner, page_of(review), setting_on_overdue_remind_every="4h", setting_reassign="anyone")
    saved(owner, page_of(review), setting_sign="responsibility")
    saved(
        owner,
        page_of(order),
        **{
            "setting_retry_attempts": "3",
            "setting_retry_first_delay": "30s",
            "setting_with_headers-0-name": "X-Source",
            "setting_with_headers-0-value": "handoff",
            "setting_with_method": "PUT",
        },
    )
    steps = said_by(draft)["steps"]
    assert steps["review"]["on_overdue"]["remind_every"] == "4h"
    assert steps["review"]["reassign"] == "anyone"
    assert steps["review"]["sign"] == "responsibility"
    assert steps["pay"]["retry"]["attempts"] == 3
    assert steps["pay"]["retry"]["first_delay"] == "30s"
    assert steps["pay"]["with"]["headers"] == {"X-Source": "handoff"}
    assert steps["pay"]["with"]["method"] == "PUT"


def test_a_rule_is_changed_in_boxes_and_its_text_stays_where_they_are_not_touched(
    owner: Client,
) -> None:
    draft = load_map()
    step = draft.steps.get(key="size_check")
    before = said_by(draft)["steps"]["size_check"]["rules"][0]["when"]
    saved(owner, page_of(step), name="How much")
    assert said_by(draft)["steps"]["size_check"]["rules"][0]["when"] == before
    lines = {"when-0-field": "amount", "when-0-comparison": ">=", "when-0-value": "7"}
    sent = browser_form(owner.get(page_of(step)), "step_form")
    for name in sent:
        if name.startswith("routes-0-when-") and name.endswith(("-field", "-value")):
            sent[name] = ""
    changed = sent | {f"routes-0-{name}": value for name, value in lines.items()}
    assert owner.post(page_of(step), changed).status_code == 302
    assert said_by(draft)["steps"]["size_check"]["rules"][0]["when"] == "amount >= 7"


def test_a_rule_that_does_not_fit_the_fields_is_refused_at_its_box(owner: Client) -> None:
    draft = load_map()
    step = draft.steps.get(key="size_check")
    answer = saved(owner, page_of(step), **{"routes-0-when": "amuont > 3"})
    assert answer.status_code == 200
    assert "amuont" in answer.content.decode()
    assert 'class="handoff-field has-errors" id="box_routes-0-when"' in answer.content.decode()


def test_a_schedule_is_chosen_in_words_and_its_next_runs_are_shown(owner: Client) -> None:
    draft = load_map()
    sent = browser_form(owner.get(page_of(draft)), "templateversion_form")
    row = next(
        name.removesuffix("kind")
        for name, value in sent.items()
        if name.startswith("start_triggers-") and name.endswith("-kind") and not value
    )
    said = {f"{row}kind": "schedule", f"{row}pattern": "week-1", f"{row}time": "09:30"}
    assert owner.post(page_of(draft), sent | said).status_code == 302
    triggers = said_by(draft)["start"]["triggers"]
    assert triggers[-1] == {"kind": "schedule", "cron": "30 9 * * 1"}
    assert triggers[:-1] == map_data()["start"].get("triggers", [])
    text = owner.get(page_of(draft)).content.decode()
    assert text.split("Next: ")[1].split(".</td>")[0].count("09:30") == 5


def test_findings_lead_to_the_box_that_they_are_about(owner: Client) -> None:
    draft = load_map()
    step = draft.steps.get(key="finance_review")
    Step.objects.filter(pk=step.pk).update(expected=None)
    assert f"{page_of(step)}#id_expected" in owner.get(page_of(draft)).content.decode()
    assert 'href="#id_expected"' in owner.get(page_of(step)).content.decode()


def test_a_new_owner_is_chosen_on_the_page_of_the_step(owner: Client) -> None:
    draft = load_map()
    step = draft.steps.get(key="order")
    assert saved(owner, page_of(step), role="new:user:omar").status_code == 302
    step.refresh_from_db()
    assert Role.objects.get(pk=step.role_id).settings == {"users": ["omar"]}
    assert saved(owner, page_of(step), role="new:user:nobody-here").status_code == 200


def test_who_has_a_step_open_is_told_that_another_put_one_behind_it(owner: Client) -> None:
    draft = load_map()
    step = draft.steps.get(key="manager_review")
    mine = browser_form(owner.get(page_of(step)), "step_form")
    other = Client()
    other.force_login(make_staff_of("omar"))
    post(other, "add_step", step, place="behind", kind="task", name="Look twice")
    before = said_by(draft)
    answer = owner.post(page_of(step), mine | {"instructions": "Read it all."})
    assert answer.status_code == 409
    (change,) = answer.context["meanwhile"]
    assert (change.after, change.who) == ("Look twice", "omar")
    assert said_by(draft) == before
    shown = browser_form(answer, "step_form")
    assert shown["instructions"] == "Read it all."
    assert owner.post(page_of(step), shown).status_code == 302
    after = said_by(draft)["steps"]["manager_review"]
    assert after["instructions"] == "Read it all."
    assert after["outcomes"] == before["steps"]["manager_review"]["outcomes"]
