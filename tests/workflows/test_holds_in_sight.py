"""What is held is told as far as the fields that say it may be seen: trail, incidents, refusals."""

from typing import Any

import pytest

from tests.factories import NOW, make_user
from tests.workflows.resource_scenes import (
    desk_step,
    make_budget,
    publish_room_map,
    room_map,
    start_event,
)
from tests.workflows.test_holds import SPENDS, decide, refused
from workflows.definitions.models import TemplateVersion
from workflows.execution.models import Incident
from workflows.execution.queries.sight.field_sight import mask_changes
from workflows.execution.services import incidents
from workflows.trail.models import TrailEvent

pytestmark = pytest.mark.django_db

ASKED = {"cost_centre": "4711", "total": "60.00"}
MASKED = {"masked": True}


def secret_total(steps: dict[str, Any]) -> TemplateVersion:
    """A map whose amount Rosa alone may see."""
    make_budget(amount="100.00")
    data = room_map(steps)
    data["fields"]["total"] = {**data["fields"]["total"], "visible_to": ["asks"]}
    return publish_room_map(data)


def test_the_trail_masks_what_hidden_fields_say_is_held() -> None:
    seen = desk_step(inputs=["room"], spends=SPENDS)
    start_event(secret_total({"take": seen}), **ASKED)
    changes = TrailEvent.objects.get(command="start").changes
    (held,) = changes["held"]
    assert (held["amount"], held["fields"]) == ("60.00", ["cost_centre", "total"])
    assert mask_changes(changes, frozenset({"room"}))["held"] == [held]
    (masked,) = mask_changes(changes, frozenset({"total"}))["held"]
    hidden = dict.fromkeys(("resource", "amount", "currency"), MASKED)
    assert masked == held | hidden


def test_an_incident_tells_no_amount_that_is_only_for_some() -> None:
    wait = {"kind": "wait", "for": "1h", "to": "over", "expected": "1h", "spends": SPENDS}
    version = secret_total({"ask": desk_step(to="stay", inputs=["room"]), "stay": wait})
    for request in (start_event(version, **ASKED), start_event(version, **ASKED)):
        decide(request, "ask")
    incident = Incident.objects.get()
    told = [str(incident.message), str(TrailEvent.objects.latest("pk").changes)]
    olga = make_user("olga")
    retry = {"actor": olga, "reason": "Again.", "now": NOW}
    told.append(refused(lambda: incidents.retry(incident.pk, **retry)))
    for sentence in told:
        assert "Total" in sentence
        assert "60" not in sentence
        assert "40" not in sentence


def test_a_refusal_tells_amounts_to_who_may_see_them_alone() -> None:
    version = secret_total({"take": desk_step(inputs=["room"], spends=SPENDS)})
    start_event(version, **ASKED)
    assert "40.00" in refused(lambda: start_event(version, **ASKED))
    later = start_event(version, cost_centre="4711")
    later.data["total"] = "60.00"
    later.save(update_fields=["data"])
    sentence = refused(lambda: decide(later, "take"))
    assert "Ask somebody who may see them" in sentence
    assert "40.00" not in sentence
