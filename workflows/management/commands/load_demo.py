"""Loads an invented company to look at and to try things on, and says how to sign in to it."""

import time
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils import timezone

from workflows.definitions.models import WorkflowTemplate
from workflows.demo.company import ADMIN, EMPLOYEES, PASSWORD, WORKFLOWS
from workflows.demo.load import SEED, load_demo
from workflows.engine.errors import InvalidInput, NotAllowed
from workflows.management.base import HandoffCommand
from workflows.people.models import User


class Command(HandoffCommand):
    """Load the demo, or with --logins only say who can sign in."""

    help = "Load an invented company: people, five workflows and four months of their work."

    def add_arguments(self, parser: CommandParser) -> None:
        """When to do nothing, and what to print."""
        parser.add_argument(
            "--if-empty", action="store_true", help="do nothing where there is a workflow already"
        )
        parser.add_argument("--logins", action="store_true", help="only print the demo's logins")
        parser.add_argument("--seed", type=int, default=SEED, metavar="N", help="another past")
        parser.add_argument(
            "--volume", type=float, default=1.0, metavar="X", help="how much; 1 is some hundreds"
        )
        parser.add_argument(
            "--force", action="store_true", help="load it into a production site all the same"
        )

    def run(self, options: Mapping[str, Any]) -> int | None:
        """The same demo for the same seed at the same moment."""
        if options["logins"]:
            self._show_logins(options)
        elif not (options["if_empty"] and WorkflowTemplate.objects.exists()):
            self._load_company(options)
        return None

    def _load_company(self, options: Mapping[str, Any]) -> None:
        _refuse_production(options)
        if not 0 < options["volume"] <= 20:
            raise InvalidInput("--volume is a number above 0, and at most 20.")
        _refuse_existing_rows()
        began = time.monotonic()
        self.stderr.write("Making the demo company and its last four months …")
        loaded = load_demo(now=timezone.now(), seed=options["seed"], volume=options["volume"])
        seconds = time.monotonic() - began
        data = {name: getattr(loaded, name) for name in loaded.__slots__}
        text = (
            f"{loaded.people} people, {loaded.workflows} workflows, {loaded.requests} requests"
            f" ({loaded.open} open now), {loaded.decisions} decisions; {seconds:.0f} s."
            " `manage.py load_demo --logins` says how to sign in."
        )
        self.show(options, data | {"seconds": round(seconds, 1)}, text)

    def _show_logins(self, options: Mapping[str, Any]) -> None:
        usernames = set(User.objects.values_list("username", flat=True))
        logins = [login for login in _list_logins() if login["username"] in usernames]
        self.show(options, logins, _render_logins(logins))


def _refuse_production(options: Mapping[str, Any]) -> None:
    if not settings.EMBEDDED and not options["force"]:
        raise NotAllowed(
            "This is a production site, and the demo's password is public. Load it into a site of"
            " its own, or say --force."
        )


def _refuse_existing_rows() -> None:
    keys = [name.replace("_", "-") for name in WORKFLOWS]
    workflow_key = (
        WorkflowTemplate.objects.filter(key__in=keys).values_list("key", flat=True).first()
    )
    names = [employee.username for employee in EMPLOYEES] + [ADMIN]
    username = User.objects.filter(username__in=names).values_list("username", flat=True).first()
    if workflow_key or username:
        existing_row = f"a workflow '{workflow_key}'" if workflow_key else f"a person '{username}'"
        raise InvalidInput(
            "There is %(existing_row)s already; load the demo into an empty site.",
            existing_row=existing_row,
        )


def _list_logins() -> list[dict[str, str]]:
    people = [
        {
            "username": employee.username,
            "password": PASSWORD,
            "name": f"{employee.name}, {employee.title.lower()}",
            "sees": employee.sees,
        }
        for employee in EMPLOYEES
    ]
    everything = {
        "username": ADMIN,
        "password": PASSWORD,
        "name": "Site administrator",
        "sees": "the whole admin; decides nothing",
    }
    return [everything, *people]


def _render_logins(logins: list[dict[str, str]]) -> str:
    if not logins:
        return "The demo is not loaded here."
    lines = [f"Demo logins (the password of each is {PASSWORD}):"]
    lines += [f"  {login['username']:<8} {login['name']}: {login['sees']}" for login in logins]
    return "\n".join(lines)
