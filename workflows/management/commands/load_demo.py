"""Loads an invented company to look at and to try things on, and says how to sign in to it."""

import time
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import CommandParser
from django.utils import timezone

from workflows.demo.company import ADMIN, EMPLOYEES, PASSWORD, WORKFLOWS
from workflows.demo.load import SEED, load_demo
from workflows.engine.errors import InvalidInput, NotAllowed
from workflows.management.base import HandoffCommand
from workflows.models import WorkflowTemplate


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
            self._load(options)
        return None

    def _load(self, options: Mapping[str, Any]) -> None:
        _refuse_production(options)
        if not 0 < options["volume"] <= 20:
            raise InvalidInput("--volume is a number above 0, and at most 20.")
        _refuse_what_is_there()
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
        there = set(User.objects.values_list("username", flat=True))
        logins = [login for login in _logins() if login["username"] in there]
        self.show(options, logins, _text(logins))


def _refuse_production(options: Mapping[str, Any]) -> None:
    if not settings.EMBEDDED and not options["force"]:
        raise NotAllowed(
            "This is a production site, and the demo's password is public. Load it into a site of"
            " its own, or say --force."
        )


def _refuse_what_is_there() -> None:
    keys = [name.replace("_", "-") for name in WORKFLOWS]
    there = WorkflowTemplate.objects.filter(key__in=keys).values_list("key", flat=True).first()
    names = [employee.username for employee in EMPLOYEES] + [ADMIN]
    known = User.objects.filter(username__in=names).values_list("username", flat=True).first()
    if there or known:
        what = f"a workflow '{there}'" if there else f"a person '{known}'"
        raise InvalidInput(f"There is {what} already; load the demo into an empty site.")


def _logins() -> list[dict[str, str]]:
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


def _text(logins: list[dict[str, str]]) -> str:
    if not logins:
        return "The demo is not loaded here."
    lines = [f"Demo logins (the password of each is {PASSWORD}):"]
    lines += [f"  {one['username']:<8} {one['name']}: {one['sees']}" for one in logins]
    return "\n".join(lines)
