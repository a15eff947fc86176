"""Halden Instruments, an invented maker of laboratory instruments: who works there, and as what.

All accounts share one password that is written in the documentation, so the demo is for trying
out and never for a site that others can reach.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission

from workflows.access.conditions import AUDIT, MANAGE, USE
from workflows.access.grant_models import (
    ConnectionGroupPermission,
    ConnectionUserPermission,
    TemplateGroupPermission,
)
from workflows.access.permissions import permission_named
from workflows.connections.models import Connection
from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.people.models import User
from workflows.people.services.person_words import write_person_words

PASSWORD = "handoff-demo"  # noqa: S105  the documented password of an invented company
DOMAIN = "halden.example"
ADMIN = "admin"

MAPS = Path(__file__).parent / "maps"
WORKFLOWS = (
    "equipment_request",
    "contract_review",
    "purchase_approval",
    "it_incident",
    "travel_declaration",
    "employee_onboarding",
    "access_review",
    "customer_workshop",
)


@dataclass(frozen=True, slots=True)
class Employee:
    """Somebody of the company: the login, the groups beside `employees`, and what they see."""

    username: str
    name: str
    title: str
    groups: tuple[str, ...]
    sees: str
    manager: str = "nora"


EMPLOYEES = (
    Employee(
        "nora",
        "Nora Lindqvist",
        "Head of operations",
        ("ops", "management", "supervisors", "budget-owners"),
        "owns purchase approval; signs contracts; opens the admin",
        "marco",
    ),
    Employee(
        "yusuf",
        "Yusuf Adan",
        "Operations analyst",
        ("ops",),
        "maps and manages all workflows in the admin; deputy for purchases",
    ),
    Employee(
        "tessa",
        "Tessa Brandt",
        "Office manager",
        ("travel-administration", "reception"),
        "owns travel declarations and customer workshops; looks after rooms and kits",
    ),
    Employee(
        "ingrid",
        "Ingrid Falk",
        "Travel administrator",
        ("travel-administration", "reception"),
        "checks receipts, reserves rooms; deputy for travel and workshops",
        "tessa",
    ),
    Employee(
        "rosa",
        "Rosa Almeida",
        "Internal auditor",
        ("auditors",),
        "reads every request, trail and report; decides nothing",
    ),
    Employee(
        "marco",
        "Marco Bellini",
        "Head of finance",
        ("finance", "management", "budget-owners", "supervisors"),
        "finance reviews, budgets, signatures",
    ),
    Employee(
        "priya",
        "Priya Nair",
        "Controller",
        ("finance", "budget-owners"),
        "finance reviews and budgets",
        "marco",
    ),
    Employee(
        "lukas",
        "Lukas Weber",
        "Accounts payable",
        ("finance", "payments"),
        "finance reviews; requests and makes payments",
        "marco",
    ),
    Employee(
        "amara",
        "Amara Okafor",
        "Accounts payable",
        ("payments",),
        "requests and makes payments",
        "marco",
    ),
    Employee(
        "helen",
        "Helen Marsh",
        "General counsel",
        ("legal",),
        "owns contract review; chooses where reviewers disagree",
    ),
    Employee(
        "david",
        "David Cohen",
        "Legal counsel",
        ("legal",),
        "legal reviews, where contracts wait longest",
        "helen",
    ),
    Employee(
        "sofia",
        "Sofia Petrova",
        "Head of IT",
        ("it-leads", "management", "supervisors"),
        "owns IT incidents, access reviews and the call to the plant's directory",
    ),
    Employee(
        "tomas",
        "Tomas Horak",
        "IT support",
        ("it-support",),
        "tickets, and equipment to hand over",
        "sofia",
    ),
    Employee(
        "mei",
        "Mei Tanaka",
        "IT support",
        ("it-support",),
        "tickets, and equipment to hand over",
        "sofia",
    ),
    Employee(
        "carlos",
        "Carlos Ruiz",
        "Security engineer",
        ("security",),
        "security reviews, hard tickets",
        "sofia",
    ),
    Employee(
        "jana",
        "Jana Kolar",
        "Security engineer",
        ("security",),
        "security reviews, hard tickets",
        "sofia",
    ),
    Employee(
        "anja",
        "Anja Sommer",
        "Head of people",
        ("people-team", "management", "supervisors"),
        "owns onboarding, with a call that failed, and a request that nobody can approve",
    ),
    Employee(
        "ben",
        "Ben Carter",
        "People partner",
        ("people-team", "pre-approvers"),
        "hears of late equipment; deputy for it",
        "anja",
    ),
    Employee(
        "ruth",
        "Ruth Adler",
        "Head of sales",
        ("supervisors", "pre-approvers"),
        "approves for sales",
    ),
    Employee("omar", "Omar Haddad", "Account manager", (), "own requests", "ruth"),
    Employee("clara", "Clara Jensen", "Account manager", (), "own requests", "ruth"),
    Employee(
        "eva",
        "Eva Novak",
        "Head of engineering",
        ("supervisors", "pre-approvers"),
        "approves for engineering",
    ),
    Employee("ivan", "Ivan Marin", "Engineer", (), "own requests", "eva"),
    Employee("leila", "Leila Rahimi", "Engineer", (), "own requests", "eva"),
    Employee(
        "grace", "Grace Mwangi", "Head of purchasing", ("purchasing",), "orders what was approved"
    ),
    Employee("paul", "Paul Dubois", "Buyer", ("purchasing",), "orders what was approved", "grace"),
)


def make_company() -> dict[str, User]:
    """The company's accounts and groups; one administrator, everybody else an ordinary person."""
    password = make_password(PASSWORD)
    users = [_build_account(employee, password) for employee in EMPLOYEES]
    users.append(
        User(
            username=ADMIN,
            first_name="Site",
            last_name="Administrator",
            password=password,
            email=f"{ADMIN}@{DOMAIN}",
            is_staff=True,
            is_superuser=True,
        )
    )
    User.objects.bulk_create(users)
    write_person_words(users, are_new=True)
    people = {user.username: user for user in users}
    _join_groups(people)
    _grant_admin_access()
    return people


def _build_account(employee: Employee, password: str) -> User:
    first, last = employee.name.split(" ", 1)
    return User(
        username=employee.username,
        first_name=first,
        last_name=last,
        email=f"{employee.username}@{DOMAIN}",
        password=password,
        is_staff="ops" in employee.groups,
    )


def _join_groups(people: dict[str, User]) -> None:
    names = {name for employee in EMPLOYEES for name in employee.groups} | {"employees"}
    groups = {name: Group.objects.get_or_create(name=name)[0] for name in sorted(names)}
    membership = User.groups.through
    membership.objects.bulk_create(
        membership(user=people[employee.username], group=groups[name])
        for employee in EMPLOYEES
        for name in ("employees", *employee.groups)
    )


def _grant_admin_access() -> None:
    """Ops staff map and watch workflows there; nobody changes rights or accounts."""
    permissions = Permission.objects.filter(content_type__app_label="workflows")
    own = permissions.exclude(content_type__model="user")
    views = Permission.objects.filter(codename__in=("view_user", "view_group"))
    Group.objects.get(name="ops").permissions.set([*own, *views])


def connect_plant_directory(people: Mapping[str, User]) -> None:
    """The plant's directory, which the onboarding calls; no such host exists, so calls fail."""
    directory = Connection.objects.create(
        key="plant-directory",
        name="Plant directory",
        base_url="https://directory.demo.invalid/api",
        owner=people["sofia"],
        timeout_seconds=5,
    )
    use = permission_named(Connection, USE)
    ConnectionGroupPermission.objects.create(
        permission=use, group=Group.objects.get(name="ops"), content_object=directory
    )
    for name in ("anja", "ben"):  # who answer for the onboarding
        ConnectionUserPermission.objects.create(
            permission=use, user=people[name], content_object=directory
        )


def grant_ops_and_auditors(versions: Sequence[TemplateVersion]) -> None:
    """Ops staff manage all of the company's workflows, auditors read them."""
    for name, verb in (("ops", MANAGE), ("auditors", AUDIT)):
        group, permission = Group.objects.get(name=name), permission_named(WorkflowTemplate, verb)
        TemplateGroupPermission.objects.bulk_create(
            TemplateGroupPermission(
                permission=permission, group=group, content_object=version.template
            )
            for version in versions
        )
