"""Who may view, start, manage and audit; versions and grants (rule 14)."""

from collections.abc import Iterable

import pytest
from django.contrib.auth.models import AnonymousUser

from tests.factories import NOW, load_map, make_group, make_user
from tests.workflows import drawn
from tests.workflows.support import again, begin, make_people, person, publish, refused
from workflows.access import permissions as may
from workflows.access.conditions import AUDIT, MANAGE, START, VIEW
from workflows.access.grant_models import TemplateGroupPermission, TemplateUserPermission
from workflows.definitions.models import WorkflowTemplate
from workflows.engine.errors import InvalidInput, NotAllowed, NotFound
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.people.models import User

pytestmark = pytest.mark.django_db


def may_view(user: User, request: WorkflowInstance) -> bool:
    """Whether the person may read this request."""
    return WorkflowInstance.objects.visible_to(user).filter(pk=request.pk).exists()


def viewers(request: WorkflowInstance, names: Iterable[str]) -> set[str]:
    """Who of these may view the request."""
    return {name for name in names if may_view(person(name), request)}


EVERYBODY = ["olga", "dan", "rita", "sid", "ann", "bob", "cat", "mona", "max", "eve"]


def let(user: User, verb: str) -> None:
    """Grant a verb on the only workflow."""
    TemplateUserPermission.objects.create(
        user=user,
        permission=may.permission_named(WorkflowTemplate, verb),
        content_object=WorkflowTemplate.objects.get(),
    )


def test_a_request_is_seen_by_who_asked_who_acts_and_who_answers_for_it() -> None:
    make_user("eve")
    data = drawn.sequential()
    data["steps"]["pay"]["reassign"] = "anyone"
    flow = begin(data)
    crew = {"ann", "bob", "cat", "sid"}
    assert viewers(flow.request, EVERYBODY) == {"rita", "olga", "dan"} | crew
    flow.decide("review", "ok", "ann")
    assert viewers(flow.request, EVERYBODY) == {"rita", "olga", "dan", "ann", "mona", "max"}
    tasks.reassign(
        flow.task("pay").pk, actor=person("olga"), to=person("eve"), reason="x", now=flow.later()
    )
    its_role = {"mona", "max"}
    assert viewers(flow.request, EVERYBODY) == {"rita", "olga", "dan", "ann", "eve"} | its_role


def test_who_voted_may_go_on_seeing_what_they_agreed_to() -> None:
    flow = begin(drawn.quorum(2))
    flow.decide("review", "ok", "ann")
    flow.decide("review", "ok", "bob")
    assert viewers(flow.request, ["ann", "bob", "cat"]) == {"ann", "bob"}


@pytest.mark.parametrize("verb", [VIEW, MANAGE, AUDIT])
def test_a_grant_on_the_workflow_shows_all_its_requests(verb: str) -> None:
    eve = make_user("eve")
    first = begin(drawn.sequential())
    again("sequential")
    assert not WorkflowInstance.objects.visible_to(eve).exists()
    let(eve, verb)
    assert WorkflowInstance.objects.visible_to(eve).count() == 2
    begin(drawn.rules(), urgent=True)
    assert WorkflowInstance.objects.visible_to(eve).count() == 2
    assert may_view(eve, first.request)


def test_a_grant_can_be_given_to_a_group() -> None:
    eve = make_user("eve", groups=["auditors"])
    begin(drawn.sequential())
    TemplateGroupPermission.objects.create(
        group=make_group("auditors"),
        permission=may.permission_named(WorkflowTemplate, AUDIT),
        content_object=WorkflowTemplate.objects.get(),
    )
    assert WorkflowInstance.objects.visible_to(eve).count() == 1
    assert WorkflowTemplate.objects.auditable_by(eve).count() == 1


@pytest.mark.parametrize(
    ("verb", "starts", "manages", "audits"),
    [
        (START, True, False, False),
        (VIEW, False, False, False),
        (MANAGE, False, True, True),
        (AUDIT, False, False, True),
    ],
)
def test_each_verb_lets_one_do_what_it_says(
    verb: str, starts: bool, manages: bool, audits: bool
) -> None:
    make_people()
    eve = make_user("eve")
    template = publish(drawn.sequential()).template
    let(eve, verb)
    held = (may.may_start(eve, template), may.may_manage(eve, template))
    assert (*held, may.may_audit(eve, template)) == (starts, manages, audits)


def test_owner_and_deputy_manage_and_audit_and_do_not_start_by_that() -> None:
    make_people()
    template = publish(drawn.sequential()).template
    for name in ("olga", "dan"):
        who = person(name)
        assert may.may_manage(who, template)
        assert may.may_audit(who, template)
        assert not may.may_start(who, template)


def test_a_superuser_sees_and_manages_and_does_not_act() -> None:
    flow = begin(drawn.sequential())
    root = make_user("root", is_superuser=True)
    assert may_view(root, flow.request)
    assert may.may_manage(root, flow.request.template)
    assert may.step_ids_performable_by(root) == []
    with refused(NotAllowed, "not in its role"):
        flow.decide("review", "ok", "root")


@pytest.mark.parametrize("name", ["inactive owner", "nobody"])
def test_who_is_not_signed_in_or_not_active_may_nothing(name: str) -> None:
    flow = begin(drawn.sequential())
    User.objects.filter(username="olga").update(is_active=False)
    who = person("olga") if name == "inactive owner" else AnonymousUser()
    assert not WorkflowInstance.objects.visible_to(who).exists()
    assert not WorkflowTemplate.objects.with_verbs(who, MANAGE, START).exists()
    assert not may.may_manage(who, flow.request.template)


def test_the_steps_of_a_person_are_those_of_their_groups_and_their_own() -> None:
    data = drawn.sequential()
    data["roles"]["bosses"]["users"] = ["ann"]
    make_people()
    version = publish(data)
    steps = dict(version.steps.values_list("key", "pk"))
    assert may.step_ids_performable_by(person("ann")) == sorted([steps["review"], steps["pay"]])
    bosses = version.roles.get(key="bosses")
    assert set(may.active_role_members([bosses.pk])) == {
        person("ann"),
        person("mona"),
        person("max"),
    }
    assert may.step_ids_performable_by(person("rita")) == []


# -- starting ---------------------------------------------------------------------------------


def test_only_who_is_in_the_starting_role_may_start() -> None:
    begin(drawn.sequential())
    with refused(NotAllowed, "not in the role that starts it"):
        again("sequential", by="mona")
    assert [t.key for t in WorkflowTemplate.objects.startable_by(person("rita"))] == ["sequential"]
    assert not WorkflowTemplate.objects.startable_by(person("mona"))


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"amount": None}, "Fill in Amount"),
        ({"amount": "much"}, "amount"),
        ({"note": "x"}, "does not ask for note"),
        ({"x": 1}, "no field 'x'"),
        ({"helper": "nobody"}, "no active person 'nobody'"),
        ({"helper": "gone"}, "no active person 'gone'"),
        ({"paper": "x"}, "upload a file"),
    ],
)
def test_a_start_form_that_is_wrong_is_refused_and_nothing_is_started(
    values: dict[str, object], word: str
) -> None:
    begin(drawn.sequential())
    make_user("gone", is_active=False)
    with refused(InvalidInput, word):
        again("sequential", **values)


def test_a_workflow_that_is_not_there_or_not_published_cannot_be_started() -> None:
    make_people()
    load_map(drawn.rules())
    with refused(NotFound, "no workflow 'nonsense'"):
        again("nonsense")
    with refused(NotFound, "no published version"):
        again("rules")


@pytest.mark.parametrize("title", ["x" * 201, "a\x00b", "\udfff"])
def test_a_title_that_cannot_be_kept_is_refused(title: str) -> None:
    begin(drawn.sequential())
    with refused(InvalidInput, "title"):
        requests.start("sequential", actor=person("rita"), now=NOW, data={"amount": 1}, title=title)


# -- versions (14) ----------------------------------------------------------------------------


def test_a_running_request_stays_on_the_version_that_it_started_on() -> None:
    old = begin(drawn.sequential())
    data = drawn.sequential()
    data["steps"]["review"]["outcomes"] |= {"ok": "done", "far": "pay"}
    publish(data)
    new = again("sequential")
    assert (old.request.version.number, new.request.version.number) == (1, 2)
    assert (old.refresh().version.state, new.request.version.state) == ("superseded", "published")
    old.decide("review", "ok")
    new.decide("review", "ok")
    assert (old.where, new.where) == ("pay", "= done")
    assert old.last().version == 1


def test_who_may_start_follows_the_newest_version() -> None:
    make_people()
    template = publish(drawn.sequential()).template
    data = drawn.sequential()
    data["start"]["role"] = "bosses"
    load_map(data)
    assert may.may_start(person("rita"), template), "a draft grants nothing"
    publish(data)
    assert not may.may_start(person("rita"), template)
    assert may.may_start(person("mona"), template)


def test_who_may_act_stays_with_the_version_and_follows_the_groups() -> None:
    flow = begin(drawn.sequential())
    data = drawn.sequential()
    data["steps"]["review"]["role"] = "bosses"
    publish(data)
    with refused(NotAllowed, "not in its role"):
        flow.decide("review", "ok", "mona")
    make_user("new", groups=["crew"])
    flow.decide("review", "ok", "new")
