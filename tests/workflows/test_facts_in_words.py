"""Every fact that can be kept is read back as it was, and has a sentence."""

from dataclasses import fields
from typing import Any

import pytest

from workflows.engine.routing import cancel_reasons as reasons
from workflows.engine.routing.step_troubles import NoDate, RuleFailed, StepFailed
from workflows.engine.texts import plural_text, text
from workflows.engine.values.records import Fact, RecordUnreadable
from workflows.execution import facts
from workflows.execution.choices import ClosingCode, IncidentCode, ResolutionCode, StaffingGap
from workflows.execution.messages import (
    describe_closing,
    describe_command_reason,
    describe_incident,
    describe_resolution,
)
from workflows.execution.texts.incident_codes import incident_code_text
from workflows.outbox import delivery_problems as problems
from workflows.outbox.choices import MessageKind
from workflows.outbox.messages import describe_attempt, describe_kept_problem
from workflows.outbox.payloads import PAYLOADS, MailPayload

REFUSED = text("'%(field)s' is %(problem)s.", field="Amount", problem=text("no number"))
LATE = problems.AnsweredLate({"number": "PO-7"})
CANCELS: list[Fact] = [
    reasons.BlockLeftFor("Fix"),
    reasons.EnoughArrived("Checks done"),
    reasons.InstanceEnded("approved"),
    reasons.InstanceCancelled("No need."),
    reasons.InstanceCancelled("Old.", reasons.WorkflowWasRetired()),
    reasons.InstanceCancelled("", reasons.ParentGaveUp(reasons.BlockLeftFor("Fix"))),
    reasons.SentElsewhere("Fix"),
    reasons.AwaitsApproval("Review"),
    reasons.ApprovalRestored(),
    reasons.ApprovalRefused("Review"),
    reasons.TriedAgain(),
]
TROUBLES: list[Fact] = [
    *(facts.NobodyCanFinish("Pay", gap, "ada", "boss", 3, 1) for gap in StaffingGap),
    RuleFailed("The rule cannot be worked out."),
    NoDate("Wait", "day"),
    NoDate("Wait", "day", "soon"),
    StepFailed("http_500", REFUSED, 2),
    facts.BranchesDisagree("Checks done", ["amount"]),
    facts.NotDelivered(problems.CommandRefused(REFUSED)),
    facts.ChildCancelled("PA-7"),
    facts.ActionUnknown("sap"),
]
ENDS: list[Fact] = [
    facts.Reassigned("cat"),
    facts.StepDone(),
    facts.NotNeeded(reasons.TriedAgain()),
    facts.StepRetried(),
    facts.BranchChosen(),
    facts.TaskStaffed(),
]
UNDELIVERED: list[Fact] = [
    problems.CommandRefused(REFUSED),
    problems.ActionRefused("no_address", "The person has left."),
    problems.ErrorRaised("KeyError: 'x'"),
    problems.KindUnknown(),
    problems.NoObject(),
    problems.UnsoundPart("to"),
    problems.NoRequest(),
    problems.NoStep(),
    problems.GivenUp("opal", "Old.", {"code": "error", "error": "KeyError"}),
]
TRIED: list[Fact] = [
    problems.AttemptFailed("http_500", "It answered 500."),
    problems.WorkerLost(),
    LATE,
    problems.RequestSuspended({"code": LATE.code, **LATE.parameters}),
]
KEPT = [
    (describe_closing, facts.parse_closing, [*CANCELS, *TROUBLES]),
    (describe_incident, facts.INCIDENT_FACTS.parse, TROUBLES),
    (describe_resolution, facts.RESOLUTIONS.parse, ENDS),
    (describe_kept_problem, problems.DELIVERY_PROBLEMS.parse, UNDELIVERED),
    (describe_attempt, problems.ATTEMPT_NOTES.parse, TRIED),
]


@pytest.mark.parametrize(
    ("describe", "parse", "fact"),
    [(describe, parse, fact) for describe, parse, kept in KEPT for fact in kept],
    ids=lambda value: value.code if isinstance(value, Fact) else "",
)
def test_a_fact_is_read_back_as_it_was_and_has_a_sentence(
    describe: Any, parse: Any, fact: Fact
) -> None:
    assert parse(fact.code, fact.parameters) == fact
    sentence = describe(fact.code, fact.parameters)
    assert sentence
    assert sentence != fact.code
    assert "%(" not in sentence
    texts = [getattr(fact, field.name) for field in fields(fact)]
    named = [
        value for value in texts if isinstance(value, str) and value in ("Fix", "PA-7", "opal")
    ]
    assert all(name in sentence for name in named)


def test_every_code_has_its_fact() -> None:
    assert set(ClosingCode.values) == set(reasons.CANCEL_REASONS.types)
    assert set(IncidentCode.values) == set(facts.INCIDENT_FACTS.types)
    assert set(ResolutionCode.values) == set(facts.RESOLUTIONS.types)
    assert set(MessageKind.values) == set(PAYLOADS)


def test_a_sentence_in_a_fact_stays_in_its_parts() -> None:
    failed = StepFailed("output_unfit", plural_text("%(count)s row.", "%(count)s rows.", 1200))
    assert "rows" not in str(failed.parameters["text"].get("parameters"))
    (read,) = [facts.INCIDENT_FACTS.parse(failed.code, failed.parameters)]
    assert isinstance(read, StepFailed)
    assert str(read.text) == "1,200 rows."


def test_what_led_to_a_command_is_said_with_the_persons_words() -> None:
    paused = describe_command_reason("Stocktaking.", reasons.WorkflowWasPaused())
    assert str(paused) == "The workflow was paused: Stocktaking."
    assert describe_command_reason("Stocktaking.", None) == "Stocktaking."


@pytest.mark.parametrize("data", [[], "to: all", {}, {"to": "all", "subject": "x", "text": "y"}])
def test_a_payload_that_lacks_something_is_not_read(data: object) -> None:
    with pytest.raises(RecordUnreadable):
        MailPayload.from_json(data)


def test_a_fact_that_cannot_be_read_is_shown_by_its_code() -> None:
    assert describe_incident("nobody", {"step": 1}) == "nobody"
    assert describe_closing("block_left", {}) == "block_left"
    assert describe_kept_problem("of_another_version", {}) == "of_another_version"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("merge_conflict", "branches disagree"),
        ("name_not_found", "the host's name cannot be looked up"),
        ("status_404", "the answer had the status 404"),
        ("status_unknown", "status_unknown"),
        ("acme_ledger_closed", "acme_ledger_closed"),
    ],
)
def test_a_table_says_why_a_step_cannot_go_on_in_words(code: str, words: str) -> None:
    assert incident_code_text(code) == words
