"""A site whose data has no Latin letters but for keys and logins, which begin with `zq`.

What is Latin on its pages is a sentence of ours.
"""

import json
from datetime import date, timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone
from django.utils.translation import get_language

from reporting.costs.models import CallRate, RoleRate
from reporting.reviews.services.opening import begin_review
from tests.factories import let, load_map, make_group, make_user, open_task, parse_map
from tests.reporting.reviewed import some_finding
from workflows.access.conditions import AUDIT, MANAGE, VIEW
from workflows.access.services import tokens
from workflows.access.services.rights_trail import suppress_fact_recording
from workflows.calendars.models import BusinessCalendar, Closure
from workflows.connections.models import Connection
from workflows.connections.services import credentials as connections
from workflows.conversation.models import Comment, Follow
from workflows.definitions.models import Step, TemplateVersion
from workflows.definitions.services import publishing
from workflows.documents.models import Document
from workflows.execution.models import Incident, MergeRecord, WorkflowInstance
from workflows.execution.services import instances, staffing_watch, work_items
from workflows.execution.services.questions import ask_opinions
from workflows.links.queries.addresses import (
    confirm_token,
    decision_link_token,
    status_link_token,
)
from workflows.links.services.decision_links import make_decision_link
from workflows.links.services.public_entries import keep_public_entry
from workflows.links.services.status_links import make_status_link
from workflows.notices.models import Notice, NoticeAddress
from workflows.outbox.models import Attempt, OutboxMessage
from workflows.people.models import Absence, SavedFilter, User
from workflows.resources.models import Hold, Resource
from workflows.trail.seal_models import TrailHead

START = timezone.now().replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=20)
LATER = START + timedelta(hours=1)

MAP = """
format: 1
key: zqworkflow
name: Αίτηση αγοράς
purpose: Για να αγοράζονται τα σωστά.
owner: zqowner
deputy: zqdeputy
review_every_days: 90
baseline: {minutes_per_request: 95, error_rate: 0.12}
roles:
  zqstaff: {groups: [zqgroup]}
  zqboss: {field: zqmanager}
  zqfinance: {groups: [zqmoney]}
  zqlegal: {groups: [zqlaw], users: [zqfay]}
  zqasker: {requester: true}
fields:
  zqamount: {type: money, currency: EUR, required: true, label: Ποσό, help: Όλο το ποσό.}
  zqregion: {type: choice, choices: [Αθήνα, Πάτρα], required: true, label: Πόλη}
  zqday: {type: date, label: Ημέρα}
  zqmoment: {type: datetime, label: Στιγμή}
  zqcount: {type: integer, label: Πλήθος}
  zqrate: {type: number, label: Αριθμός}
  zqurgent: {type: boolean, label: Επείγον}
  zqmanager: {type: user, required: true, label: Υπεύθυνος}
  zqquote: {type: document, label: Έγγραφο}
  zqterms: {type: text, label: Όροι}
  zqremarks: {type: long_text, label: Σχόλια}
start:
  role: zqstaff
  fields: [zqamount, zqregion, zqday, zqmoment, zqcount, zqrate, zqurgent, zqmanager, zqquote]
  triggers:
    - {kind: webhook}
    - {kind: schedule, cron: "0 9 1 * *", data: {zqregion: Αθήνα}}
  first: zqreview
steps:
  zqreview:
    kind: approval
    name: Έλεγχος
    role: zqboss
    instructions: Κοιτάξτε το ποσό.
    expected: 4h
    due: 2d
    inputs: [zqamount, zqregion, zqquote]
    outputs: [zqday, zqurgent]
    outcomes:
      zqagree: {to: zqsize, label: Ναι}
      zqreturn: {to: zqrevise, comment: required, exception: true}
      zqreject: {to: zqrejected, comment: required, exception: true}
    on_overdue: {remind_every: 1d, escalate_to: zqfinance, after: 2d}
  zqrevise:
    kind: task
    role: zqasker
    expected: 4h
    due: 2d
    outputs: [zqamount, zqquote]
    outcomes: {zqresubmit: zqreview, zqwithdraw: {to: zqwithdrawn, exception: true}}
  zqsize:
    kind: decision
    name: Μέγεθος
    rules:
      - {when: "zqamount > 10000 or zqregion == 'Πάτρα'", to: zqbig}
    otherwise: zqchecks
  zqbig: {kind: approval, role: zqfinance, quorum: 2, expected: 1d, due: 3d, outcomes: {zqagree: zqchecks, zqreject: {to: zqrejected, comment: required, exception: true}}}
  zqchecks:
    kind: parallel
    name: Δύο δρόμοι
    branches:
      - {to: zqlawcheck, when: "zqamount > 5000"}
      - {to: zqsafecheck}
    join: zqjoin
  zqlawcheck: {kind: approval, role: zqlegal, expected: 1d, due: 3d, outputs: [zqterms], outcomes: {zqagree: zqjoin, zqreject: {to: zqrejected, comment: required, exception: true}}}
  zqsafecheck: {kind: approval, role: zqfinance, expected: 1d, due: 3d, outputs: [zqterms], outcomes: {zqagree: zqjoin, zqreject: {to: zqrejected, comment: required, exception: true}}}
  zqjoin: {kind: join, name: Συνάντηση, wait_for: all, to: zqcall}
  zqcall:
    kind: automation
    name: Κλήση
    role: zqfinance
    action: http
    with: {method: POST, connection: zqbank, path: /zqorders, json: {zqamount: "{{ zqamount }}"}}
    retry: {attempts: 1, first_delay: 10s}
    to: zqpause
  zqpause: {kind: wait, name: Αναμονή, message: zqanswer, role: zqfinance, to: zqorder}
  zqorder: {kind: task, role: zqfinance, expected: 4h, due: 2d, outcomes: {zqordered: zqapproved, zqgiveup: {to: zqrejected, comment: required, exception: true}}}
  zqapproved: {kind: end, result: zqapproved}
  zqrejected: {kind: end, result: zqrejected, reopen: zqreview}
  zqwithdrawn: {kind: end, result: zqwithdrawn}
"""  # noqa: E501 - a step a line
PUBLIC_MAP = """
format: 1
key: zqpublic
name: Παράπονο
purpose: Για να ακούμε τι πήγε στραβά.
owner: zqowner
deputy: zqdeputy
roles:
  zqstaff: {groups: [zqgroup]}
fields:
  zqwhat: {type: long_text, required: true, label: Τι έγινε, section: Το παράπονο}
  zqcost: {type: money, currency: EUR, label: Κόστος, min: 0}
  zqrows:
    type: list
    label: Πράγματα
    columns:
      zqitem: {type: text, required: true, label: Πράγμα}
      zqkind: {type: choice, choices: [Α, Β], label: Είδος}
  zqproof: {type: document, label: Απόδειξη}
start:
  role: zqstaff
  fields: [zqwhat, zqcost, zqrows, zqproof]
  triggers: [{kind: public_form}]
  first: zqlook
steps:
  zqlook:
    kind: task
    role: zqstaff
    expected: 1d
    outcomes:
      zqdone: zqover
      zqrefused: {to: zqgone, exception: true}
      zqspam: {to: zqgone, exception: true}
  zqover: {kind: end, result: zqover}
  zqgone: {kind: end, result: zqgone}
"""
PEOPLE = {
    "zqowner": (),
    "zqdeputy": (),
    "zqmia": (),
    "zqsam": ("zqgroup",),
    "zqlena": ("zqlaw",),
    "zqfred": ("zqmoney",),
    "zqfay": ("zqmoney",),
    "zqmax": (),
    "zqtina": (),
    "zqvera": (),
    "zqnora": (),
}
CALLERS = ("zqroot", "zqowner", "zqmia", "zqfred", "zqsam", "zqtina", "zqnora")
"""Who opens all addresses: superuser, owner, approver, another, requester, auditor, outsider."""


def map_data(**changes: Any) -> dict[str, Any]:
    """The site's map, with some of its head changed."""
    return parse_map(MAP) | changes


def make_person(login: str, **values: Any) -> User:
    """Somebody with a Greek name."""
    names = {"first_name": "Γιώργος", "last_name": "Παπάς", "email": f"{login}@zq.example"}
    return make_user(login, **(names | values))


def make_greek_site() -> dict[str, Any]:
    """The site; what comes back fills in its addresses."""
    with suppress_fact_recording():
        _make_people()
        version = _publish_map()
        requests = _make_requests(version)
        rows = _make_rows(version, requests)
    staffing_watch.watch_queues(now=timezone.now())
    return rows


def _make_people() -> None:
    for login, groups in PEOPLE.items():
        person = make_person(login)
        person.groups.add(*(make_group(name) for name in groups))
    make_person("zqroot", is_staff=True, is_superuser=True)
    make_person("zqgone", is_active=False)


def _publish_map() -> TemplateVersion:
    owner = User.objects.get(username="zqowner")
    Connection.objects.create(
        key="zqbank", name="Τράπεζα", base_url="https://zq.example.invalid", owner=owner
    )
    version = publishing.publish(load_map(map_data()).pk, actor=None, now=START)
    for login, verb in (("zqmax", MANAGE), ("zqtina", AUDIT), ("zqvera", VIEW)):
        let(make_user(login), verb, version.template)
    return version


def _start(version: TemplateVersion, **data: Any) -> WorkflowInstance:
    values = {"zqamount": "1200.00", "zqregion": "Αθήνα", "zqmanager": "zqmia"} | data
    return instances.start_on_version(version, actor=make_user("zqsam"), now=START, data=values)


def _decide(request: WorkflowInstance, step: str, by: str, outcome: str, **more: Any) -> None:
    item = open_task(request, step)
    work_items.decide(item.pk, actor=make_user(by), outcome=outcome, now=LATER, **more)


def _make_requests(version: TemplateVersion) -> dict[str, WorkflowInstance]:
    conflicting = _start(version, zqamount="6000.00")
    _decide(conflicting, "zqreview", "zqmia", "zqagree")
    _decide(conflicting, "zqlawcheck", "zqlena", "zqagree", data={"zqterms": "30"})
    _decide(conflicting, "zqsafecheck", "zqfred", "zqagree", data={"zqterms": "60"})
    over = _start(version)
    _decide(over, "zqreview", "zqmia", "zqreject", comment="Πολύ ακριβό.")
    revised = _start(version)
    _decide(revised, "zqreview", "zqmia", "zqreturn", comment="Ξανά.")
    calling = _start(version)
    _decide(calling, "zqreview", "zqmia", "zqagree")
    _decide(calling, "zqsafecheck", "zqfred", "zqagree")
    cancelled = _start(version)
    reason = "Δεν χρειάζεται."
    instances.cancel(cancelled.pk, actor=make_user("zqsam"), reason=reason, now=LATER)
    suspended = _start(version)
    instances.suspend(suspended.pk, actor=make_user("zqowner"), reason=reason, now=LATER)
    quorum = _start(version, zqamount="20000.00")
    _decide(quorum, "zqreview", "zqmia", "zqagree")
    _decide(quorum, "zqbig", "zqfred", "zqagree")
    return {
        "waiting": _start(version, zqday="2026-03-04", zqurgent=True, zqcount=3, zqrate="1.5"),
        "stuck": _stuck_request(version),
        "calling": calling,
        "conflicting": conflicting,
        "over": over,
    }


def _stuck_request(version: TemplateVersion) -> WorkflowInstance:
    return instances.start_on_version(
        version,
        actor=make_user("zqsam"),
        now=START,
        data={"zqamount": "10.00", "zqregion": "Αθήνα"},
        files={"zqquote": ContentFile(b"%PDF-1.4 quote", name="zqquote.pdf")},
        complete=False,
    )


def _make_rows(version: TemplateVersion, requests: dict[str, WorkflowInstance]) -> dict[str, Any]:
    root, owner = User.objects.get(username="zqroot"), User.objects.get(username="zqowner")
    now, template = timezone.now(), version.template
    draft = load_map(map_data(purpose="Το επόμενο."))
    calendar = BusinessCalendar.objects.create(key="zqcalendar", name="Ημερολόγιο", country="DE")
    day = date(2026, 12, 24)
    Closure.objects.create(calendar=calendar, first_day=day, last_day=day, name="Γιορτή")
    TrailHead.objects.create(
        date=START.date(), position=1, hash="a" * 64, written_at=START, sent_at=START, sent_to=[]
    )
    review = begin_review(template, actor=owner, now=now)
    finding = some_finding(review)
    keys = {"by": owner, "now": now}
    key, _ = connections.make_webhook_key(template=template, name="Μαγαζί", acts_as=owner, **keys)
    token, _ = tokens.make_token(
        user=root, name="Πρόγραμμα", scopes=["read"], expires_at=None, by=root, now=now
    )
    service = tokens.make_service_account(
        username="zqrobot", purpose="Πληρώνει.", owner=root, by=root, now=now
    )
    _make_attempt(version, requests["calling"])
    OutboxMessage.objects.create(
        kind="wake", request=requests["waiting"], run_after=now, created_at=now
    )
    absence = _make_notices(owner, requests["waiting"])
    since = {"currency": "EUR", "since": date(2026, 1, 1)}
    RoleRate.objects.create(role="zqstaff", per_hour="10", **since)
    connection = Connection.objects.get(key="zqbank")
    CallRate.objects.create(connection=connection, per_call="1", **since)
    return {
        "key": template.key,
        "workflow": template.key,
        "reference": requests["waiting"].reference,
        "task_id": open_task(requests["waiting"], "zqreview").pk,
        "document_id": Document.objects.get().pk,
        "other_id": Document.objects.get().pk,
        "absence_id": absence.pk,
        "team_id": make_group("zqgroup").pk,
        "number": 1,
        "incident_id": Incident.objects.filter(request=requests["stuck"]).latest("pk").pk,
        "merge_id": MergeRecord.objects.get(request=requests["conflicting"]).pk,
        "course": "suspend",
        "command": "claim",
        "kind": "csv",
        "name": "findings",
        "table": "steps",
        "token_id": token.pk,
        "app_label": "workflows",
        "object_pk": template.pk,
        "user_id": owner.pk,
        "group_id": make_group("zqgroup").pk,
        "pk": review.pk,
        "finding": finding.pk,
        "connection": connection.pk,
        "step_row": Step.objects.get(version=version, key="zqcall").pk,
        "webhook": key.pk,
        "service": service.pk,
        "id": root.pk,
        "version": version.pk,
        "draft": draft.pk,
        "resource_key": "zqroom",
        "hold_id": _make_hold(requests["waiting"], owner).pk,
        "source": "requester",
        "target": f"role-{template.key}-zqboss",
        **_make_conversation(requests["waiting"]),
        **_make_public_form(),
    }


def _make_public_form() -> dict[str, Any]:
    """A form for people without an account, and one that waits to be confirmed by mail."""
    version = publishing.publish(load_map(parse_map(PUBLIC_MAP)).pk, actor=None, now=START)
    typed = [["title", "Βροχή"], ["f-zqwhat", "Όλα βράχηκαν."], ["f-zqcost", "12.50"]]
    entry = keep_public_entry(
        version,
        address="zqmaria@zq.example",
        content=json.dumps(typed),
        files={},
        language=get_language() or "",
        now=timezone.now(),
    )
    assert entry is not None, "nothing was kept before"
    return {"public_key": version.template.key, "confirm_token": confirm_token(entry)}


def _make_hold(request: WorkflowInstance, owner: User) -> Hold:
    room = Resource.objects.create(
        key="zqroom", name="Αίθουσα", kind="bookable", group="zqrooms", owner=owner
    )
    return Hold.objects.create(
        resource=room,
        request=request,
        purpose="books",
        step_key="zqreview",
        starts_at=START,
        ends_at=LATER,
        made_at=START,
    )


def _make_conversation(request: WorkflowInstance) -> dict[str, Any]:
    """A comment, a follower, a question, and the links by which one decides and looks."""
    mia, sam, now = make_user("zqmia"), make_user("zqsam"), timezone.now()
    task = open_task(request, "zqreview")
    comment = Comment.objects.create(
        request=request, writer=mia, text="Κοιτάξτε το.", written_at=now
    )
    follow = Follow.objects.create(person=mia, request=request, since=now)
    saved = SavedFilter.objects.create(
        person=mia, name="Αργά", chosen={"due": "late"}, saved_at=now
    )
    decision_link = make_decision_link(task, mia, now)
    assert decision_link is not None, "the approval can be decided by a link"
    status_link = make_status_link(request, by=sam, now=now)
    asked = [make_user("zqfay")]
    [question] = ask_opinions(task.pk, actor=mia, people=asked, question="Σωστό;", now=now)
    return {
        "comment_id": comment.pk,
        "follow_id": follow.pk,
        "filter_id": saved.pk,
        "decision_token": decision_link_token(decision_link),
        "token": status_link_token(status_link),
        "link_id": status_link.pk,
        "question_id": question.pk,
    }


def _make_notices(owner: User, request: WorkflowInstance) -> Absence:
    """A notice, an address for notices, and somebody who is away."""
    Notice.objects.create(
        event="task_reached", kind="tasks", person=owner, request=request, created_at=START, key="1"
    )
    NoticeAddress.objects.create(
        team=make_group("zqgroup"), channel="mail", mail="zqgroup@example.org"
    )
    today = timezone.localdate()
    return Absence.objects.create(
        person=owner,
        deputy=User.objects.get(username="zqroot"),
        first_day=today,
        last_day=today,
        begins_at=START,
        ends_at=START + timedelta(days=1),
        set_at=START,
    )


def _make_attempt(version: TemplateVersion, request: WorkflowInstance) -> None:
    Attempt.objects.create(
        request=request,
        step=Step.objects.get(version=version, key="zqcall"),
        activation=1,
        number=1,
        action="http",
        idempotency_key="zqk",
        started_at=LATER,
    )
