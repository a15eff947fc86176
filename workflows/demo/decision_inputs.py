"""What people fill in and upload when they decide."""

from random import Random
from typing import Any

from django.core.files.base import ContentFile

from workflows.demo.performers import DemoTask
from workflows.demo.sample_texts import SOLUTIONS, make_contract
from workflows.execution.models import WorkflowInstance

DecisionInput = tuple[dict[str, Any], dict[str, ContentFile]]


def draw_decision_input(rng: Random, task: DemoTask, outcome: str) -> DecisionInput:
    """The values and files that somebody gives with an outcome."""
    if outcome == "ordered":
        return {"order_no": f"PO-{rng.randrange(20000, 29999)}"}, {}
    if outcome == "handed_over":
        return {"serial": f"HI-{rng.randrange(100000, 999999)}"}, {}
    if outcome == "made":
        return {"account": new_account_of(task.request)}, {}
    if outcome == "listed":
        return {"accounts": rng.randrange(30, 90)}, {}
    if outcome == "close_some":
        return {"to_close": rng.randrange(1, 9)}, {}
    if outcome == "keep_all":
        return {"to_close": 0}, {}
    if (
        task.workflow == "it-incident"
        and outcome == "solved"
        and "solution" in _output_fields(task)
    ):
        return {"solution": rng.choice(SOLUTIONS)}, {}
    if (task.workflow, outcome) == ("contract-review", "resubmit"):
        data = task.request.data
        return {}, {"contract": make_contract(rng, data["partner"], data["value"])}
    if outcome == "agree" and "payment_terms" in _output_fields(task):
        return _draw_payment_terms(rng, task), {}
    if outcome == "resubmit" and "corrected" in _output_fields(task) and rng.random() < 0.5:
        return {"corrected": f"{rng.randrange(40, 1500)}.00"}, {}
    return {}, {}


def new_account_of(instance: WorkflowInstance) -> str:
    """The account name of somebody new: the first letter and the last name."""
    first, _, last = str(instance.data["name"]).lower().partition(" ")
    return f"{first[:1]}.{last}"


def _output_fields(task: DemoTask) -> list[str]:
    return task.step.outputs or []


def _draw_payment_terms(rng: Random, task: DemoTask) -> dict[str, Any]:
    """Payment terms: what was agreed on, and seldom what somebody misread."""
    if rng.random() > 0.4:
        return {}
    agreed = ("30 days", "60 days")[len(task.request.title) % 2]
    return {"payment_terms": "90 days" if rng.random() < 0.15 else agreed}
