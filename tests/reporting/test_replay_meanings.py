"""Replay: who acts for a log, what its data sets, and what a mapping says."""

import pytest
from django.contrib.auth.models import Group
from django.utils.translation import override

from tests.factories import make_user, publish_map
from tests.reporting.replaying import SMALL, Replay, day, reason_of, whole_case
from workflows.engine.errors import InvalidInput
from workflows.execution.models import WorkflowInstance, WorkItem
from workflows.people.models import User
from workflows.people.services.log_accounts import LOG_PEOPLE_GROUP
from workflows.trail.messages import describe_recorded_facts

pytestmark = pytest.mark.django_db


# -- people -----------------------------------------------------------------------------------


def test_a_logs_person_gets_the_steps_role_and_cannot_sign_in(replay: Replay) -> None:
    replay(*whole_case())

    berta = User.objects.get(username="berta")
    assert set(berta.groups.values_list("name", flat=True)) == {"bosses", LOG_PEOPLE_GROUP}
    assert not berta.has_usable_password()
    assert not berta.is_superuser
    assert set(User.objects.get(username="fred").groups.values_list("name", flat=True)) == {
        LOG_PEOPLE_GROUP
    }


def test_a_log_gives_no_right_to_somebody_who_was_there_before(replay: Replay) -> None:
    make_user("berta")

    reason = reason_of(replay(*whole_case()))
    assert "you are not in its role" in reason
    assert not User.objects.get(username="berta").groups.exists()


def test_who_was_there_before_and_is_in_the_role_decides(replay: Replay) -> None:
    make_user("berta", groups=["bosses"])

    assert replay(*whole_case()).refused == []


def test_a_role_that_a_field_finds_is_filled_from_the_log(replay: Replay) -> None:
    replay(*whole_case())

    request = WorkflowInstance.objects.get()
    assert request.data["lead"] == "lea"
    assert WorkItem.objects.get(step__key="look").assignee == User.objects.get(username="lea")


def test_a_person_whom_the_data_names_is_made(replay: Replay) -> None:
    outcome = replay(
        f"c1,ask/send,sam,lena,{day(2)}", header="case_id,activity,resource,data.lead,end"
    )

    assert outcome.refused == []
    assert WorkflowInstance.objects.get().data == {"lead": "lena"}


def test_the_file_is_published_and_its_people_are_made(replay: Replay) -> None:
    replay(*whole_case())

    template = WorkflowInstance.objects.get().template
    assert (template.key, str(template.owner), str(template.deputy)) == ("leave", "olivia", "omar")
    assert Group.objects.filter(name="staff").exists()


def test_a_file_that_is_published_already_is_not_published_again(replay: Replay) -> None:
    replay(*whole_case("c1"))
    replay(*whole_case("c2"))

    assert WorkflowInstance.objects.values_list("version__number", flat=True).distinct().get() == 1


def test_a_log_is_replayed_on_a_published_workflow_by_its_key(replay: Replay) -> None:
    make_user("bo", groups=["bosses"])
    publish_map(SMALL)

    assert replay(*whole_case(), source="leave").ended == {"granted": 1}


# -- data -------------------------------------------------------------------------------------


def test_data_columns_set_fields_from_their_row_on(replay: Replay) -> None:
    replay(
        f"c1,ask/send,sam,3,,{day(2)}",
        f"c1,check/agree,berta,5,fine,{day(3)}",
        f"c1,look,lea,5,fine,{day(4)}",
        header="case_id,activity,resource,data.days,data.note,end",
    )

    request = WorkflowInstance.objects.get()
    assert request.data == {"lead": "lea", "days": 5, "note": "fine"}
    commands = request.trail.values_list("command", flat=True)
    assert " ".join(commands) == "start decide set_values decide decide"
    decided = request.trail.get(step="check")
    assert decided.changes["given"] == {"note": "fine"}


def test_what_a_log_shows_needs_no_comment_and_the_trail_keeps_why_as_a_code(
    replay: Replay,
) -> None:
    replay(f"c1,ask/send,sam,{day(2)}", f"c1,check/refuse,berta,{day(3)}")

    assert WorkItem.objects.get(step__key="check").comment == ""
    decided = WorkflowInstance.objects.get().trail.get(step="check")
    assert (decided.comment, decided.changes["cause"]) == ("", {"code": "shown_by_log"})
    assert describe_recorded_facts(decided.changes) == ["Shown by the log."]
    with override("de"):
        assert describe_recorded_facts(decided.changes) == ["Vom Ereignisprotokoll gezeigt."]


# -- mapping ----------------------------------------------------------------------------------

MAPPING = """
Opened: start
Noise: ignore
Sent: {step: ask, outcome: send}
Dealt with:
  - {step: check, outcome: agree}
  - {step: look}
Gone:
  step: ask
  outcome: send
  last: {step: ask, outcome: drop}
Forced: {step: file, outcome: filed, as: fred}
Sent for him: {step: ask, outcome: send, as: requester}
"""


MAPPED = (
    f"c1,Opened,sam,{day(2)}",
    f"c1,Noise,robot,{day(2, 10)}",
    f"c1,Sent for him,secretary,{day(2, 11)}",
    f"c1,Dealt with,berta,{day(3)}",
    f"c1,Dealt with,berta,{day(4)}",
    f"c1,Forced,system,{day(5)}",
)


def test_a_mapping_says_what_activities_mean(replay: Replay) -> None:
    outcome = replay(*MAPPED, mapping=MAPPING)

    assert outcome.refused == []
    done = WorkflowInstance.objects.get().work_items
    assert list(done.values_list("step__key", "performer_name")) == [
        ("ask", "sam"),
        ("check", "berta"),
        ("look", "berta"),
        ("file", "fred"),
    ]


def test_an_activity_may_mean_something_else_as_the_last_row(replay: Replay) -> None:
    replay(
        f"c1,Gone,sam,{day(2)}",
        f"c2,Gone,sam,{day(2)}",
        f"c2,Dealt with,berta,{day(3)}",
        mapping=MAPPING,
    )

    by_case = dict(WorkflowInstance.objects.values_list("case_ref", "result"))
    assert by_case == {"c1": "dropped", "c2": ""}


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("Sent: {step: asks, outcome: send}", "no step 'asks'"),
        ("Sent: {step: granted}", "no step 'granted'"),
        ("Sent: {step: ask, outcome: go}", "no outcome 'go'; it has send, drop"),
        ("Sent: {step: ask}", "no outcome 'None'"),
        ("Sent: begin", "write `start`, `ignore`"),
        ("Sent: {step: ask, outcome: send, by: sam}", "write `start`, `ignore`"),
        ("Sent: []", "the list is empty"),
        ("- start", "one line an activity"),
        ("Sent: [", "mapping.yaml, line 2"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused_before_anything_is_written(
    replay: Replay, mapping: str, said: str
) -> None:
    with pytest.raises(InvalidInput, match=said.replace("[", r"\[")):
        replay(*whole_case(), mapping=mapping)
    assert not User.objects.exists()
