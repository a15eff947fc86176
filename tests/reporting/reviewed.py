"""A small claims office for the tests of reviews: its map, its people, and a quarter of work."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from reporting.reviews.facts.choices import FindingKind, MeasureUnit
from reporting.reviews.facts.measures import StaleDetails, details_to_json
from reporting.reviews.models import Finding, Review
from reporting.reviews.services.decisions import close_review, decide_finding
from reporting.reviews.services.opening import process_due_reviews
from tests.factories import NOW, load_map, make_user, open_task
from workflows.definitions.models import TemplateVersion
from workflows.definitions.services import publishing as definitions
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.people.models import User

KEY = "claims"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
QUARTER = 90 * DAY
REJECT = {"to": "rejected", "comment": "required", "exception": True}

CLAIMS: Mapping[str, Any] = {
    "format": 1,
    "key": KEY,
    "name": "Claims",
    "purpose": "Pay what is owed.",
    "owner": "olga",
    "deputy": "dan",
    "calendar": "24/7",
    "review_every_days": 90,
    "baseline": {"minutes_per_request": 95, "error_rate": 0.12},
    "roles": {
        "staff": {"groups": ["staff"]},
        "crew": {"groups": ["crew"]},
        "bosses": {"groups": ["bosses"]},
    },
    "fields": {"amount": {"type": "money", "currency": "EUR", "required": True}},
    "start": {"role": "staff", "fields": ["amount"], "first": "check"},
    "steps": {
        "check": {
            "kind": "approval",
            "role": "crew",
            "expected": "4h",
            "due": "2d",
            "outcomes": {"approve": "size", "reject": REJECT},
        },
        "size": {
            "kind": "decision",
            "rules": [{"when": "amount > 100000", "to": "board"}],
            "otherwise": "pay",
        },
        "board": {
            "kind": "approval",
            "role": "bosses",
            "expected": "1d",
            "due": "3d",
            "outcomes": {"approve": "pay", "reject": REJECT},
        },
        "pay": {
            "kind": "task",
            "role": "crew",
            "expected": "4h",
            "due": "2d",
            "outcomes": {"paid": "done", "give_up": REJECT},
        },
        "done": {"kind": "end", "result": "done"},
        "rejected": {"kind": "end", "result": "rejected", "reopen": "check"},
    },
}


def claims(**head: Any) -> dict[str, Any]:
    """The map, with some of its head changed."""
    return {**CLAIMS, **head}


def without_board() -> dict[str, Any]:
    """The map after the dead route was taken out of it."""
    steps = {key: step for key, step in CLAIMS["steps"].items() if key not in ("size", "board")}
    check = CLAIMS["steps"]["check"]
    steps["check"] = {**check, "outcomes": {**check["outcomes"], "approve": "pay"}}
    roles = {key: role for key, role in CLAIMS["roles"].items() if key != "bosses"}
    return claims(steps=steps, roles=roles)


def office() -> TemplateVersion:
    """The people and the published map."""
    people = {
        "olga": ["ops"],
        "dan": ["ops"],
        "nina": ["ops"],
        "rita": ["staff"],
        "sid": ["staff"],
        "ann": ["crew"],
        "bob": ["crew"],
        "mona": ["bosses"],
        "max": ["bosses"],
    }
    for name, groups in people.items():
        make_user(name, groups=groups, email=f"{name}@example.com")
    return publish(claims())


def publish(data: Mapping[str, Any], now: datetime = NOW) -> TemplateVersion:
    """A published version of this map."""
    return definitions.publish(load_map(data).pk, actor=None, now=now)


def user(name: str) -> User:
    """Somebody as they are now."""
    return User.objects.get(username=name)


def one(
    begin: datetime, *, outcome: str = "approve", wait: timedelta = HOUR, amount: str = "100.00"
) -> WorkflowInstance:
    """One claim: the check waits an hour and takes half an hour; paying waits `wait` and takes
    twenty minutes."""
    request = requests.start(KEY, actor=user("rita"), now=begin, data={"amount": amount})
    opened = begin + HOUR
    checked = opened + HOUR / 2
    comment = "No." if outcome == "reject" else ""
    decide(request, "check", "ann", outcome, opened, checked, comment)
    if outcome == "approve":
        opened = checked + wait
        decide(request, "pay", "bob", "paid", opened, opened + HOUR / 3)
    return request


def decide(
    request: WorkflowInstance,
    step: str,
    who: str,
    outcome: str,
    opened: datetime,
    now: datetime,
    comment: str = "",
) -> None:
    """One decision, opened at one moment and made at another."""
    tasks.decide(
        open_task(request, step).pk,
        actor=user(who),
        outcome=outcome,
        now=now,
        opened_at=opened,
        comment=comment,
    )


def quarter(
    number: int, *, count: int = 20, wait: timedelta = HOUR, days: int = 80
) -> list[WorkflowInstance]:
    """A quarter's claims, spread over so many days; each tenth is rejected."""
    begin = NOW + (number - 1) * QUARTER + HOUR
    step = timedelta(days=days) / count
    return [
        one(begin + n * step, outcome="reject" if n % 10 == 9 else "approve", wait=wait)
        for n in range(count)
    ]


def review_at(number: int) -> Review:
    """The review that falls due at the end of this quarter, opened by the clock."""
    (review,) = process_due_reviews(now=NOW + number * QUARTER)
    return review


def found(review: Review) -> set[str]:
    """The keys of its findings."""
    return set(review.findings.values_list("key", flat=True))


def finding(review: Review, key: str) -> Finding:
    """One of its findings."""
    return review.findings.get(key=key)


def settle(review: Review, now: datetime, **verdicts: str) -> None:
    """Decide on everything (keep, unless another verdict is given) and close."""
    for row in review.findings.order_by("pk"):
        verdict = verdicts.get(row.kind, "keep")
        decide_finding(
            row.pk,
            verdict=verdict,
            reason="As agreed.",
            actor=user("dan"),
            now=now,
            until=(now + 30 * DAY).date() if verdict == "fix" else None,
        )
    close_review(review.pk, actor=user("dan"), now=now)


def some_finding(review: Review) -> Finding:
    """What the review found first; else that its workflow is stale."""
    return Finding.objects.filter(review=review).first() or Finding.objects.create(
        review=review,
        kind=FindingKind.STALE,
        key="stale",
        figure=0.0,
        unit=MeasureUnit.RUNS,
        details=details_to_json(StaleDetails(successes=0, days=30)),
    )
