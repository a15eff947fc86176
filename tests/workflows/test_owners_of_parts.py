"""A step and a trigger may have an owner and a deputy of their own; who owns them now is kept
apart from the map, which never changes."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.factories import NOW, let, load_map
from tests.telling import told_of, work_out_notices
from tests.workflows import drawn
from tests.workflows.staffing import CREW, leave
from tests.workflows.support import again, begin, make_people, person, publish
from workflows.access.conditions import MANAGE
from workflows.connections.models import Connection
from workflows.connections.services.credentials import make_webhook_key, may_change_connection
from workflows.definitions.models import PartOwner
from workflows.definitions.queries.definition_rows import definition_of
from workflows.definitions.services import publishing as definitions
from workflows.engine.format.definition import Definition
from workflows.execution.services.staffing_watch import watch_queues
from workflows.notices.choices import NoticeEvent
from workflows.people.lifecycle.ownership import Leaving, hand_over
from workflows.people.models import User
from workflows.people.queries.owners import owners_of
from workflows.people.services.absences import AbsencePlan, set_absence

pytestmark = pytest.mark.django_db


def owned() -> dict[str, Any]:
    """A map whose review is Mona's, and whose schedule is Max's."""
    data = drawn.sequential()
    data["steps"]["review"] |= {"owner": "mona", "deputy": "max"}
    data["start"]["triggers"] = [{"kind": "schedule", "cron": "0 9 * * 1", "owner": "max"}]
    return data


def test_a_file_with_owners_of_parts_comes_back_as_it_was() -> None:
    make_people()
    version = load_map(owned())
    assert definition_of(version).dump() == Definition.model_validate(owned()).dump()


def test_publishing_writes_down_whom_the_names_mean() -> None:
    begin(owned())
    rows = {(row.step.key if row.step else row.trigger): row for row in PartOwner.objects.all()}
    assert (rows["review"].owner, rows["review"].deputy) == (person("mona"), person("max"))
    assert (rows[0].owner, rows[0].deputy) == (person("max"), None)
    assert PartOwner.history.count() == 2


def test_what_a_part_leaves_out_is_the_workflows() -> None:
    flow = begin(owned())
    row = PartOwner.objects.get(trigger=0)
    owners = owners_of(row, flow.request.template)
    assert (owners.owner, owners.deputy) == (person("max"), person("dan"))


def test_an_incident_at_a_step_is_in_its_owners_name_where_they_may_put_it_right() -> None:
    flow = begin(owned())
    let(person("mona"), MANAGE, flow.request.template)
    leave(*CREW)
    watch_queues(now=flow.later())
    assert flow.incident().owner == person("mona")
    leave("mona")
    watch_queues(now=flow.later())
    assert flow.incident().owner == person("olga")


def test_to_be_named_as_a_steps_owner_gives_no_power_but_is_told() -> None:
    flow = begin(owned())
    leave(*CREW)
    watch_queues(now=flow.later())
    assert flow.incident().owner == person("olga")
    work_out_notices(flow.now)
    assert set(told_of(NoticeEvent.INCIDENT_OPENED)) == {"olga", "dan", "mona", "max"}


def test_while_the_owner_is_away_an_incident_is_in_the_deputys_name() -> None:
    flow = begin(drawn.sequential())
    flow.now = now = timezone.now()
    today = timezone.localdate()
    plan = AbsencePlan(deputy=person("mona"), first_day=today, last_day=today + timedelta(days=5))
    set_absence(person("olga"), plan, by=person("olga"), now=now)
    leave(*CREW)
    watch_queues(now=flow.later())
    assert flow.incident().owner == person("dan")
    watch_queues(now=flow.later())
    assert flow.incident().owner == person("dan")


def test_a_new_draft_names_those_who_own_the_parts_now() -> None:
    flow = begin(owned())
    for row in PartOwner.objects.all():
        leaving = Leaving(person=person("max"), by=person("olga"), now=NOW)
        hand_over(row, person("cat"), leaving)
    draft = definitions.new_draft(flow.request.template, actor=None, now=NOW)
    written = definition_of(draft).dump()
    assert written["steps"]["review"]["deputy"] == "cat"
    assert written["start"]["triggers"][0]["owner"] == "cat"
    assert definition_of(flow.request.version).dump()["steps"]["review"]["deputy"] == "max"


def test_a_connections_deputy_may_do_what_its_owner_may() -> None:
    make_people()
    row = Connection.objects.create(
        key="erp",
        name="ERP",
        base_url="https://x.example",
        owner=person("olga"),
        deputy=person("dan"),
    )
    assert may_change_connection(person("dan"), row)
    assert not may_change_connection(person("mona"), row)
    User.objects.filter(username="dan").update(is_active=False)
    assert not may_change_connection(person("dan"), row)


def test_whoever_makes_a_webhook_key_owns_it() -> None:
    make_people()
    template = publish(drawn.sequential()).template
    key, _ = make_webhook_key(
        template=template, name="shop", acts_as=person("olga"), by=person("olga"), now=NOW
    )
    assert (key.owner, key.deputy) == (person("olga"), None)
    again("sequential")
