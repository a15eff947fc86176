"""A site on which everything that can hold a value holds some that only few people may see."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import product
from typing import Any, Final

from django.apps import apps
from django.contrib.auth.models import Permission
from django.core.files.base import ContentFile
from django.db import models

from tests.automation.driving import work_off
from tests.factories import NOW, let, make_user, open_task, publish_map
from tests.rights.addresses import Address
from tests.rights.test_matrix import _MODEL_PAGE as MODEL_PAGE
from workflows.access.conditions import AUDIT, MANAGE, VIEW
from workflows.connections.models import Connection
from workflows.conversation.services.comments import write_comment
from workflows.execution.models import WorkflowInstance
from workflows.execution.services import corrections
from workflows.execution.services import instances as requests
from workflows.execution.services import work_items as tasks
from workflows.execution.services.messages.incoming import send_message
from workflows.execution.services.questions import ask_opinions
from workflows.outbox.models import Attempt
from workflows.people.models import User

WORD: Final = "Quarzspinne"
AMOUNT: Final = "98765.43"
PLANTED: Final = re.compile(r"Quarzspinne|98[.,'\u00a0\u202f\u2009 ]?765", re.IGNORECASE)
"""The text and the amount that are planted, as any page writes them."""

PAYROLL_ONLY: Final = {"visible_to": ["payroll"]}
STOP: Final = {"to": "stopped", "exception": True}


def hiring() -> dict[str, Any]:
    """A map with hidden fields of many types, and a step of most kinds that reads or writes one."""
    money = {"type": "money", "currency": "EUR"}
    work = {"expected": "1h", "due": "1d"}
    columns = {"item": {"type": "text"}, "net": money}
    return {
        "format": 1,
        "key": "hire",
        "name": "Hire",
        "owner": "olivia",
        "deputy": "omar",
        "mentions_give_sight": True,
        "roles": {
            "staff": {"groups": ["staff"]},
            "payroll": {"groups": ["payroll"]},
            "it": {"groups": ["it"]},
        },
        "fields": {
            "name": {"type": "text", "required": True},
            "memo": {"type": "long_text", **PAYROLL_ONLY},
            "salary": {**money, **PAYROLL_ONLY},
            "double": {**money, **PAYROLL_ONLY, "value": "salary + salary"},
            "offer": {"type": "document", **PAYROLL_ONLY},
            "parts": {"type": "list", "columns": columns, "max_rows": 5, **PAYROLL_ONLY},
            "verdict": {"type": "text", **PAYROLL_ONLY},
            "laptop": {"type": "text"},
        },
        "start": {
            "role": "staff",
            "fields": ["name", "memo", "salary", "offer", "parts", "laptop"],
            "first": "equip",
        },
        "steps": {
            "equip": {
                "kind": "approval", "role": "it", **work,
                "inputs": ["name", "memo", "salary", "offer", "parts"],
                "outcomes": {"done": "judge", "rows": "split_rows", "wait": "arrival",
                             "send": "announce", "call": "call_bank", "write": "write_to",
                             "stop": STOP, "drop": STOP},
            },
            "judge": {
                "kind": "parallel",
                "branches": [{"to": "judge_one"}, {"to": "judge_two"}],
                "join": "judged",
            },
            "judge_one": {"kind": "task", "role": "payroll", **work, "outputs": ["verdict"],
                          "outcomes": {"done": "judged"}},
            "judge_two": {"kind": "task", "role": "payroll", **work, "outputs": ["verdict"],
                          "outcomes": {"done": "judged"}},
            "judged": {"kind": "join", "wait_for": "all", "to": "look"},
            "split_rows": {
                "kind": "parallel",
                "branches": [{"to": "one_part", "each": "parts", "as": "part_row"}],
                "join": "parts_done",
            },
            "one_part": {"kind": "approval", "role": "it", **work,
                         "outcomes": {"ok": "parts_done", "stop": STOP, "drop": STOP}},
            "parts_done": {"kind": "join", "wait_for": "all", "to": "look"},
            "arrival": {"kind": "wait", "message": "papers", "outputs": ["verdict"], "to": "look"},
            "announce": {"kind": "automation", "action": "email",
                         "with": {"to": "payroll@example.com", "subject": "About {{ memo }}",
                                  "text": "It is {{ salary }}: {{ memo }}."},
                         "to": "look"},
            "call_bank": {"kind": "automation", "action": "http",
                          "with": {"method": "POST", "connection": "bank",
                                   "path": "/pay/{{ memo }}", "json": {"sum": "{{ salary }}"}},
                          "outputs": {"verdict": "$.verdict"}, "retry": {"attempts": 1},
                          "to": "look"},
            "write_to": {"kind": "automation", "action": "email",
                         "with": {"to": "{{ memo }}", "subject": "Hello", "text": "Hello."},
                         "to": "look"},
            "look": {"kind": "task", "role": "it", **work, "inputs": ["verdict", "memo"],
                     "outputs": ["laptop"], "outcomes": {"fine": "ended"}},
            "ended": {"kind": "end", "result": "ended", "reopen": "look"},
            "stopped": {"kind": "end", "result": "stopped"},
        },
    }  # fmt: skip


PEOPLE: Final = {
    "sam": ["staff"], "ida": ["it"], "ivo": ["it"], "iris": ["it"], "pat": ["payroll"],
    "pia": ["payroll"], "olivia": [], "omar": [], "max": [], "asked": [], "otto": [], "ann": [],
}  # fmt: skip
MAY_NOT_SEE: Final = ("ida", "olivia", "max", "asked", "otto")
"""A colleague in the work; the owner and a manager, who look at the admin's tables too; who was
asked and mentioned; and ops who were let see the requests and all tables."""
PLACES: Final = {
    "new": "", "early": "", "judged": "done", "rows": "rows", "wait": "wait", "send": "send",
    "call": "call", "write": "write",
}  # fmt: skip
"""Where requests stand, and by which outcome they come there."""


def make_people() -> dict[str, User]:
    """All of them, with what they may."""
    people = {
        name: make_user(name, groups=groups, email=f"{name}@example.com")
        for name, groups in PEOPLE.items()
    }
    Connection.objects.create(
        key="bank", name="Bank", base_url="https://bank.demo.invalid", owner=people["olivia"]
    )
    template = publish_map(hiring()).template
    for name, verb in (("max", MANAGE), ("otto", VIEW), ("ann", AUDIT)):
        let(people[name], verb, template)
    for name in ("otto", "olivia", "max", "ann"):
        person = people[name]
        person.is_staff = True
        person.save()
        person.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
    return people


def start() -> WorkflowInstance:
    """A request with something in each hidden field that the start form asks for."""
    data = {
        "name": "Nora",
        "memo": f"A {WORD} at home.",
        "salary": AMOUNT,
        "parts": [{"item": WORD, "net": AMOUNT}],
    }
    paper = ContentFile(f"{WORD}\n".encode(), name=f"{WORD}.txt")
    sam = User.objects.get(username="sam")
    return requests.start("hire", actor=sam, now=NOW, data=data, files={"offer": paper})


def make_requests(people: dict[str, User]) -> dict[str, WorkflowInstance]:
    """One request at each place where a value may come to light."""
    made = {name: start() for name in PLACES}
    later = NOW + timedelta(hours=2)
    for name, outcome in PLACES.items():
        if outcome:
            task = open_task(made[name], "equip")
            tasks.decide(task.pk, actor=people["ida"], outcome=outcome, now=later)
    for step, person in (("judge_one", "pat"), ("judge_two", "pia")):
        task = open_task(made["judged"], step)
        said = {"verdict": f"{WORD} {person}"}
        tasks.decide(task.pk, actor=people[person], outcome="done", now=later, data=said)
    for name in ("wait", "early"):
        said = {"verdict": f"{WORD} came"}
        send_message(made[name].reference, "papers", actor=people["olivia"], now=later, data=said)
    for hours in range(3, 12):
        work_off(NOW + timedelta(hours=hours))
    _make_answers(made["call"])
    _talk_about(made["new"], people, later)
    return made


def _make_answers(request: WorkflowInstance) -> None:
    """What the other side said when it was called, in time and too late."""
    item = request.work_items.get(step__key="call_bank")
    plain = {"request": request, "step": item.step, "activation": item.activation}
    moments = {"started_at": NOW, "finished_at": NOW}
    words = {"action": "http", "idempotency_key": "k"}
    Attempt.objects.create(
        **plain, **moments, **words, number=8, state=Attempt.SUCCEEDED, answer=f"It is {WORD}."
    )
    Attempt.objects.create(
        **plain,
        **moments,
        **words,
        number=9,
        state=Attempt.FAILED,
        code="answered_late",
        parameters={"readings": {"verdict": WORD}},
        answer=f"It was {WORD}.",
    )


def _talk_about(request: WorkflowInstance, people: dict[str, User], now: datetime) -> None:
    """A value is put right, somebody is mentioned, and somebody is asked."""
    corrections.set_values(
        request.pk, actor=people["olivia"], data={"salary": "98765.00"}, now=now, reason="A typo."
    )
    write_comment(request.pk, actor=people["sam"], text="Look, @asked.", now=now, gives_sight=True)
    task, asked = open_task(request, "equip"), [people["asked"]]
    ask_opinions(task.pk, actor=people["ida"], people=asked, question="Fair?", now=now)


# -- where to look ----------------------------------------------------------------------------

ANSWERED_ELSEWHERE: Final = {"reporting:people"}
"""Each look is recorded; it shows figures by person."""


def paths(address: Address) -> Iterator[str]:
    """An address, filled in with every row that there is."""
    if address.name in ANSWERED_ELSEWHERE:
        return
    found = MODEL_PAGE.fullmatch(address.name)
    if found is not None:
        yield from _admin_paths(
            address, apps.get_model(found["app"], found["model"]), found["page"]
        )
        return
    choices = [VALUES[hole]() for hole in address.holes if hole in VALUES]
    if len(choices) == len(address.holes):
        for values in product(*choices):
            yield address.at(**dict(zip(address.holes, values, strict=True)))


def _admin_paths(address: Address, model: type[models.Model], page: str) -> Iterator[str]:
    if page in ("changelist", "add"):
        yield address.at()
        return
    for row in model._default_manager.all() if _is_of_requests(model) else ():
        if page != "simple_history":
            yield address.at(**dict.fromkeys(address.holes, row.pk))
            continue
        for past in model.history.filter(id=row.pk):
            yield address.at(row=row.pk, object_id=row.pk, version=past.history_id)


def _is_of_requests(model: type[models.Model]) -> bool:
    """Whether rows of a table are about requests; what is about maps alone holds no values."""
    if model is WorkflowInstance:
        return True
    return any(field.related_model is WorkflowInstance for field in model._meta.concrete_fields)


def _keys(model: str, column: str = "pk") -> Any:
    table = apps.get_model("workflows", model)
    return lambda: list(table._default_manager.values_list(column, flat=True))


VALUES: Final = {
    "reference": lambda: [one.reference for one in WorkflowInstance.objects.all()],
    "task_id": _keys("WorkItem"),
    "incident_id": _keys("Incident"),
    "merge_id": _keys("MergeRecord"),
    "document_id": _keys("Document"),
    "other_id": lambda: _keys("Document")()[:1],
    "question_id": _keys("TaskQuestion"),
    "comment_id": _keys("Comment"),
    "key": lambda: ["hire"],
    "workflow": lambda: ["hire"],
    "kind": lambda: ["csv", "xes", "ocel"],
    "table": lambda: ["steps", "handoffs", "rework", "people", "queue"],
    "name": lambda: ["findings", "numbers"],
    "number": lambda: [1],
    "connection": _keys("Connection"),
    "pk": lambda: {*_keys("TemplateVersion")(), *_keys("Step")(), *_keys("Connection")()},
}
