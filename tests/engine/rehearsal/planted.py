"""A sound map, and the same with one fault planted, for each kind of what a rehearsal can find."""

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from workflows.engine.format.definition import Definition
from workflows.engine.rehearsal.rehearsing import Rehearsal, rehearse
from workflows.engine.rehearsal.supposing import Site, suppose_scenario
from workflows.engine.routing.graph import Graph
from workflows.engine.timing.working_time import calendar_named

MONDAY = datetime(2026, 1, 5, 8, tzinfo=UTC)


def approval(role: str, to: str, **more: Any) -> dict[str, Any]:
    """An approval that leads on or is refused."""
    outcomes = {"approve": to, "reject": {"to": "rejected", "exception": True}}
    return {
        "kind": "approval",
        "role": role,
        "expected": "4h",
        "due": "2d",
        "outcomes": outcomes,
    } | more


SOUND: dict[str, Any] = {
    "format": 1,
    "key": "sound",
    "name": "A sound map",
    "owner": "olga",
    "deputy": "dan",
    "roles": {
        "staff": {"groups": ["staff"]},
        "lead": {"field": "lead"},
        "finance": {"groups": ["finance"]},
        "legal": {"groups": ["legal"]},
        "requester": {"requester": True},
    },
    "fields": {
        "amount": {"type": "money", "currency": "EUR", "required": True},
        "region": {"type": "choice", "choices": ["EU", "US", "APAC"], "required": True},
        "lead": {"type": "user", "required": True},
        "wanted_on": {"type": "date"},
        "legal_note": {"type": "text"},
        "safety_note": {"type": "text"},
        "tries": {"type": "integer"},
        "number": {"type": "text"},
    },
    "start": {
        "role": "staff",
        "fields": ["amount", "region", "lead", "wanted_on"],
        "first": "look",
    },
    "steps": {
        "look": {
            "kind": "approval",
            "role": "lead",
            "expected": "4h",
            "due": "2d",
            "outcomes": {
                "approve": "size",
                "return": {"to": "revise", "exception": True},
                "reject": {"to": "rejected", "exception": True},
            },
        },
        "revise": {
            "kind": "task",
            "role": "requester",
            "expected": "4h",
            "due": "2d",
            "outputs": ["amount"],
            "outcomes": {
                "resubmit": "look",
                "withdraw": {"to": "withdrawn", "exception": True},
            },
        },
        "size": {
            "kind": "decision",
            "rules": [{"when": "amount > 10000 or region == 'APAC'", "to": "money"}],
            "otherwise": "checks",
        },
        "money": approval("finance", "checks", quorum=2),
        "checks": {
            "kind": "parallel",
            "branches": [{"to": "law", "when": "amount > 5000"}, {"to": "safety"}],
            "join": "checked",
        },
        "law": approval("legal", "checked", outputs=["legal_note"]),
        "safety": approval("finance", "checked", outputs=["safety_note"]),
        "checked": {"kind": "join", "to": "order"},
        "order": {
            "kind": "automation",
            "action": "http",
            "with": {"url": "https://erp.example/orders", "method": "POST"},
            "outputs": {"number": "$.number"},
            "on_error": {"to": "by_hand", "exception": True},
            "to": "approved",
        },
        "by_hand": {
            "kind": "task",
            "role": "finance",
            "expected": "4h",
            "due": "2d",
            "outcomes": {
                "done": "approved",
                "give_up": {"to": "rejected", "exception": True},
            },
        },
        "approved": {"kind": "end", "result": "approved"},
        "rejected": {"kind": "end", "result": "rejected", "reopen": "look"},
        "withdrawn": {"kind": "end", "result": "withdrawn"},
    },
}


def changed(**parts: Any) -> dict[str, Any]:
    """The sound map with parts of it written anew: `steps__size__rules=…`; None takes one out."""
    written = deepcopy(SOUND)
    for path, value in parts.items():
        *way, last = path.split("__")
        place = written
        for name in way:
            place = place.setdefault(name, {})
        if value is None:
            place.pop(last)
        else:
            place[last] = value
    return written


PLANTED: dict[str, list[tuple[str | None, dict[str, Any]]]] = {
    "never_ends": [
        (
            "look",
            changed(
                steps__look__outcomes={"return": "revise"},
                steps__revise__outcomes={"resubmit": "look"},
            ),
        ),
        (
            "revise",
            changed(
                steps__size__rules=[{"when": "amount > 300", "to": "revise"}],
                steps__revise__outputs=[],
                steps__revise__outcomes={"resubmit": "size"},
            ),
        ),
        (
            "round",
            changed(
                steps__size__otherwise="count",
                steps__count={
                    "kind": "decision",
                    "rules": [{"when": "region == 'US'", "to": "round"}],
                    "otherwise": "checks",
                },
                steps__round={
                    "kind": "decision",
                    "rules": [{"when": "region == 'EU'", "to": "checks"}],
                    "otherwise": "count",
                },
            ),
        ),
    ],
    "too_many_rounds": [
        (
            "look",
            changed(
                rehearse={"steps": {"look": {"outcomes": {"return": 9, "approve": 1}}}},
                steps__revise__outcomes={"resubmit": "look"},
            ),
        ),
        (
            "count",
            changed(
                fields__tries={"type": "integer", "required": True},
                steps__look__outcomes__approve="zero",
                steps__zero={
                    "kind": "automation",
                    "action": "set_fields",
                    "with": {"tries": "0"},
                    "on_error": "rejected",
                    "to": "count",
                },
                steps__count={
                    "kind": "automation",
                    "action": "set_fields",
                    "with": {"tries": "tries + 1"},
                    "on_error": "rejected",
                    "to": "often",
                },
                steps__often={
                    "kind": "decision",
                    "rules": [{"when": "tries < 20", "to": "count"}],
                    "otherwise": "size",
                },
            ),
        ),
    ],
    "rule_never": [
        (
            "size",
            changed(
                steps__size__rules=[
                    {"when": "amount > 1000", "to": "money"},
                    {"when": "amount > 5000", "to": "law_alone"},
                ],
                steps__law_alone=approval("legal", "order"),
            ),
        ),
        (
            "checks",
            changed(
                steps__checks__branches=[
                    {"to": "law", "when": "amount > 5000 and amount < 4000"},
                    {"to": "safety"},
                ]
            ),
        ),
        (
            "size",
            changed(
                steps__size__rules=[
                    {"when": "amount > 10000", "to": "money"},
                    {"when": "amount < 0", "to": "law_alone"},
                ],
                steps__law_alone=approval("legal", "order"),
            ),
        ),
        (
            "second",
            changed(
                steps__size__otherwise="second",
                steps__second={
                    "kind": "decision",
                    "rules": [{"when": "amount > 20000", "to": "law_alone"}],
                    "otherwise": "checks",
                },
                steps__law_alone=approval("legal", "order"),
            ),
        ),
    ],
    "rule_always": [
        ("size", changed(steps__size__rules=[{"when": "amount >= 0", "to": "money"}])),
        (
            "size",
            changed(steps__size__rules=[{"when": "region in ['EU', 'US', 'APAC']", "to": "money"}]),
        ),
        (
            "checks",
            changed(
                steps__checks__branches=[
                    {"to": "law", "when": "amount > 100 or amount <= 100"},
                    {"to": "safety"},
                ]
            ),
        ),
    ],
    "dead_step": [
        ("lost", changed(steps__lost=approval("legal", "order"))),
    ],
    "merge_conflict": [
        ("checked", changed(steps__safety__outputs=["legal_note"])),
        (
            "checked",
            changed(
                fields__grade={"type": "choice", "choices": ["low", "high"], "required": True},
                steps__law__outputs=["grade"],
                steps__safety__outputs=["grade"],
            ),
        ),
        ("checked", changed(steps__safety__outputs=["amount"], steps__law__outputs=["amount"])),
    ],
    "quorum_unreachable": [
        ("money", changed(roles__finance={"users": ["ann", "bob"]}, steps__money__quorum=3)),
        ("look", changed(steps__look__quorum=2)),
    ],
    "nobody": [
        ("look", changed(fields__lead={"type": "user"})),
        ("law", changed(roles__legal={"users": []})),
        ("law", changed(roles__legal={})),
    ],
    "barred": [
        (
            "money",
            changed(
                roles__finance={"users": ["ann"]},
                steps__money__quorum=1,
                steps__look__role="finance",
                steps__money__not_by=["look"],
            ),
        ),
        ("look", changed(steps__look__role="requester")),
        ("law", changed(roles__staff={"users": ["ann"]}, roles__legal={"users": ["ann"]})),
    ],
    "role_overloaded": [
        (
            "look",
            changed(
                rehearse={
                    "requests_per_week": 400,
                    "people": {"finance": 50, "legal": 50, "staff": 50, "look": 2},
                },
                roles__look={"groups": ["look"]},
                steps__look__role="look",
            ),
        ),
        (
            "law",
            changed(
                rehearse={"requests_per_week": 200, "people": {"finance": 90, "staff": 90}},
                roles__legal={"users": ["lena"]},
                steps__checks__branches=[{"to": "law"}, {"to": "safety"}],
            ),
        ),
        (
            "look",
            changed(
                start__triggers=[
                    {
                        "kind": "schedule",
                        "cron": "*/5 9-16 * * 1-5",
                        "data": {"amount": 100, "region": "EU", "lead": "ann"},
                    }
                ],
                roles__look={"groups": ["look"]},
                steps__look__role="look",
                steps__revise__role="finance",
            ),
        ),
        (
            "look",
            changed(
                start__triggers=[
                    {
                        "kind": "schedule",
                        "cron": "*/5 * * * *",
                        "data": {"amount": 100, "region": "EU", "lead": "ann"},
                    }
                ],
                roles__look={"groups": ["look"]},
                steps__look__role="look",
                steps__revise__role="finance",
            ),
        ),
    ],
    "overdue": [
        ("law", changed(steps__law__due="30m", steps__law__expected="2d")),
        ("money", changed(steps__money__due="1h")),
    ],
    "single_person": [
        ("law", changed(roles__legal={"users": ["lena"]})),
        (
            "money",
            changed(
                rehearse={"people": {"finance": 1}},
                steps__money__quorum=1,
                steps__safety__role="legal",
                steps__by_hand__role="legal",
            ),
        ),
    ],
    "automation_fails": [
        ("order", changed(steps__order__on_error=None)),
    ],
    "incident": [
        (
            "soon",
            changed(
                steps__size__otherwise="soon",
                steps__soon={"kind": "wait", "until": "wanted_on", "to": "checks"},
            ),
        ),
        (
            "size",
            changed(
                fields__amount={"type": "money", "currency": "EUR"},
                steps__checks__branches=[{"to": "law"}, {"to": "safety"}],
            ),
        ),
    ],
}


def rehearse_map(written: dict[str, Any], *, runs: int = 100, seed: int = 1) -> Rehearsal:
    """A rehearsal of a map without a site."""
    definition = Definition.model_validate(written)
    calendar = calendar_named(definition.calendar, UTC)
    scenario = suppose_scenario(
        definition, Site(calendar=calendar), starts_at=MONDAY, seed=seed, runs=runs
    )
    return rehearse(Graph(definition, UTC), scenario, calendar=calendar, runs=runs)
