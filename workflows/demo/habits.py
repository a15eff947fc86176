"""How the company's people work: how long each step waits and takes, and how it goes out.

Minutes are working time of the workflow's calendar. The figures are made up so that the reports
have something to find: legal reviews are slow, and one of two people who pay is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

HOUR = 60
DAY = 8 * HOUR


@dataclass(frozen=True, slots=True)
class Habit:
    """A step's usual course: median minutes of waiting and of work, and outcomes by weight."""

    waits: int
    takes: int
    outcome_weights: Mapping[str, int] = field(default_factory=dict)


USUAL = Habit(3 * HOUR, 25)

HABITS: Mapping[tuple[str, str], Habit] = {
    ("equipment-request", "manager_approval"): Habit(
        5 * HOUR, 10, {"approve": 86, "return": 8, "reject": 6}
    ),
    ("equipment-request", "revise"): Habit(DAY, 20, {"resubmit": 80, "withdraw": 20}),
    ("equipment-request", "order"): Habit(4 * HOUR, 30, {"ordered": 93, "unavailable": 7}),
    ("equipment-request", "hand_over"): Habit(3 * DAY, 90, {"handed_over": 95, "broken": 5}),
    ("equipment-request", "confirm"): Habit(6 * HOUR, 5, {"works": 94, "faulty": 6}),
    ("purchase-approval", "manager_review"): Habit(
        5 * HOUR, 12, {"approve": 83, "return": 11, "reject": 6}
    ),
    ("purchase-approval", "revise"): Habit(DAY, 40, {"resubmit": 85, "withdraw": 15}),
    ("purchase-approval", "finance_review"): Habit(DAY, 30, {"approve": 91, "reject": 9}),
    ("purchase-approval", "two_of_finance"): Habit(DAY, 45, {"approve": 94, "reject": 6}),
    ("purchase-approval", "order"): Habit(5 * HOUR, 35, {"ordered": 96, "unavailable": 4}),
    ("contract-review", "intake"): Habit(4 * HOUR, 25, {"complete": 88, "incomplete": 12}),
    ("contract-review", "negotiate"): Habit(2 * DAY, 3 * HOUR, {"resubmit": 88, "withdraw": 12}),
    ("contract-review", "legal_review"): Habit(
        5 * DAY, 3 * HOUR, {"agree": 80, "renegotiate": 15, "reject": 5}
    ),
    ("contract-review", "finance_review"): Habit(DAY, 50, {"agree": 92, "renegotiate": 8}),
    ("contract-review", "security_review"): Habit(DAY, 2 * HOUR, {"agree": 88, "renegotiate": 12}),
    ("contract-review", "signature"): Habit(DAY, 15, {"sign": 96, "refuse": 4}),
    ("contract-review", "filing"): Habit(DAY, 10, {"filed": 1}),
    ("it-incident", "new"): Habit(
        HOUR, 10, {"take": 68, "ask": 20, "escalate": 100, "not_ours": 5}
    ),
    ("it-incident", "in_work"): Habit(90, 70, {"solved": 76, "ask": 12, "escalate": 12}),
    ("it-incident", "with_specialist"): Habit(DAY, 3 * HOUR, {"solved": 70, "hand_back": 30}),
    ("it-incident", "waiting_for_user"): Habit(DAY, 5, {"answer": 94, "withdraw": 6}),
    ("it-incident", "solved"): Habit(
        DAY, 3, {"confirm": 78, "not_solved": 9, "close_unconfirmed": 13}
    ),
    ("travel-declaration", "draft"): Habit(2 * HOUR, 15, {"submit": 97, "withdraw": 3}),
    ("travel-declaration", "first_check"): Habit(
        5 * HOUR, 12, {"checked": 70, "pre_approve": 8, "approve": 12, "return": 10}
    ),
    ("travel-declaration", "approval"): Habit(
        DAY, 8, {"budget_agreed": 40, "approve": 55, "return": 5}
    ),
    ("travel-declaration", "final_approval"): Habit(DAY, 6, {"approve": 95, "return": 5}),
    ("travel-declaration", "returned"): Habit(
        DAY, 20, {"resubmit": 70, "take_back": 15, "withdraw": 15}
    ),
    ("travel-declaration", "payment_request"): Habit(DAY, 8, {"request": 98, "refuse": 2}),
    ("travel-declaration", "payment"): Habit(2 * DAY, 5, {"pay": 1}),
    ("employee-onboarding", "agree"): Habit(5 * HOUR, 15, {"agree": 92, "change": 8}),
    ("employee-onboarding", "account_by_hand"): Habit(6 * HOUR, 20, {"made": 1}),
    ("employee-onboarding", "check_in"): Habit(DAY, 45, {"settled": 88, "trouble": 12}),
    ("employee-onboarding", "help"): Habit(DAY, 2 * HOUR, {"mended": 1}),
    ("access-review", "list"): Habit(2 * DAY, 2 * HOUR, {"listed": 1}),
    ("access-review", "check"): Habit(2 * DAY, HOUR, {"close_some": 85, "keep_all": 15}),
    ("access-review", "close"): Habit(DAY, 40, {"closed": 1}),
    ("customer-workshop", "budget_agrees"): Habit(4 * HOUR, 10, {"agree": 95, "refuse": 5}),
    ("customer-workshop", "reserve"): Habit(3 * HOUR, 10, {"reserved": 96, "not_possible": 4}),
    ("customer-workshop", "prepare_part"): Habit(DAY, 45, {"ready": 95, "cannot": 5}),
    ("customer-workshop", "bring_kit"): Habit(DAY, 15, {"set_aside": 1}),
}

SLOW_PEOPLE = {"david": 1.4, "lukas": 2.5, "tomas": 1.3}
"""By how much longer work waits for some."""

REQUESTS = {
    "it-incident": 100,
    "purchase-approval": 70,
    "travel-declaration": 70,
    "equipment-request": 60,
    "contract-review": 40,
    "employee-onboarding": 12,
    "customer-workshop": 12,
}
"""How many requests each workflow gets in the four months. Access reviews start by schedule."""

STARTERS = {
    "employee-onboarding": ("anja", "ben"),
    "customer-workshop": ("ruth", "omar", "clara", "eva"),
}
"""Who starts the requests of a workflow that not everybody starts."""


def draw_minutes(rng: Random, median: float) -> int:
    """A duration around this median, with the long tail that waiting has."""
    return max(1, round(rng.lognormvariate(0, 0.7) * median))
