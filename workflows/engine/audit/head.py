"""The head of a map: who answers for it, how it starts, and whether it expects trouble."""

from collections.abc import Iterator

from workflows.engine.audit.findings import Finding, found
from workflows.engine.audit.survey import Survey

ENOUGH_EXCEPTIONS = 2


def owners(survey: Survey) -> Iterator[Finding]:
    """A workflow has an owner and a deputy, two different people who are there."""
    definition = survey.definition
    for code, username, what in (
        ("owner", definition.owner, "the owner"),
        ("deputy", definition.deputy, "the deputy"),
    ):
        if not username:
            yield found(
                f"{code}_missing",
                None,
                f"Nobody is {what}: incidents and conflicts of a hundred requests would reach"
                f" {'nobody' if code == 'owner' else 'nobody while the owner is away'}.",
                f"Name a person under `{code}`.",
            )
        elif not survey.people.is_active(username):
            known = survey.people.is_active(username) is not None
            yield found(
                f"{code}_inactive",
                None,
                f"'{username}', {what}, {'is not active' if known else 'is nobody here'}:"
                " incidents would be in the name of somebody who never sees them.",
                f"Name an active person under `{code}`.",
            )
    if definition.owner and definition.owner == definition.deputy:
        yield found(
            "deputy_is_owner",
            None,
            f"'{definition.owner}' is both owner and deputy: while that person is away, nobody"
            " answers for the workflow.",
            "Name somebody else under `deputy`.",
        )


def start(survey: Survey) -> Iterator[Finding]:
    """A request can be started: by whom, with what, and where it goes."""
    begin = survey.definition.start
    if begin is None or begin.first is None:
        yield found(
            "start_first_missing",
            None,
            "No first step is named: a request that is started has nowhere to go.",
            "Name the first step under `start: first`.",
        )
    if begin is None or begin.fields is None:
        yield found(
            "start_fields_missing",
            None,
            "The start asks for no fields: every request would begin with nothing to decide on.",
            "List the fields that the requester fills in under `start: fields`.",
        )
    if begin is None or begin.role is None:
        yield found(
            "start_role_missing",
            None,
            "No role may start this workflow: no request would ever begin.",
            "Name a role under `start: role`.",
        )
    else:
        yield from _start_role(survey, begin.role)


def _start_role(survey: Survey, name: str) -> Iterator[Finding]:
    members = survey.members(name)
    if members is None:
        yield found(
            "start_role_unfit",
            None,
            f"The role {name} of the start is found in a request, and there is none yet:"
            " nobody could start.",
            "Give the start a role of groups and users.",
        )
    elif not members:
        yield found(
            "start_role_empty",
            None,
            f"Nobody active is in the role {name} of the start: no request would ever begin.",
            "Add people to the role's groups, or name another role under `start: role`.",
        )


def start_fields(survey: Survey) -> Iterator[Finding]:
    """What the start and its triggers fill in is declared."""
    begin, fields = survey.definition.start, survey.definition.fields
    if begin is None:
        return
    for key in begin.fields or []:
        if key not in fields:
            yield found(
                "start_field_unknown",
                None,
                f"The start asks for '{key}', and no such field is declared: the form cannot"
                " show it.",
                f"Declare '{key}' under `fields`, or correct the name.",
            )
    for number, trigger in enumerate(begin.triggers or [], start=1):
        for key in (*(trigger.data or {}), *(trigger.mapping or {})):
            if key not in fields:
                yield found(
                    "trigger_field_unknown",
                    None,
                    f"Trigger {number} fills in '{key}', and no such field is declared: each"
                    " request that it starts would be refused.",
                    f"Declare '{key}' under `fields`, or correct the name.",
                )


def calendar(survey: Survey) -> Iterator[Finding]:
    """The hours in which durations count are known."""
    name = survey.definition.calendar
    if survey.people.calendar(name) is None:
        yield found(
            "calendar_unknown",
            None,
            f"There is no calendar '{name}' on this site: no due date could be worked out.",
            "Write business or 24/7, or add the calendar under Set up, Calendars.",
        )


def exceptions(survey: Survey) -> Iterator[Finding]:
    """At least two ways are marked as exceptions: the map knows what can go wrong."""
    count = sum(bool(link.route.exception) for link in survey.graph.links)
    if count < ENOUGH_EXCEPTIONS:
        have = "no way is" if count == 0 else "only one way is"
        yield found(
            "exceptions_too_few",
            None,
            f"In the whole map {have} marked as an exception: of a hundred requests some are"
            " refused, withdrawn or fail, and these would be settled outside the record.",
            "Draw at least two exception ways, such as a rejection and a withdrawal, and mark"
            " each with `exception: true`.",
        )


def names(survey: Survey) -> Iterator[Finding]:
    """Two steps that read the same cannot be told apart."""
    first: dict[str, str] = {}
    for key in survey.graph.steps:
        title = survey.graph.title(key)
        other = first.setdefault(title, key)
        if other != key:
            yield found(
                "step_name_twice",
                key,
                f"Two steps are called '{title}' ({other} and {key}): in inboxes and reports"
                " nobody can tell them apart.",
                "Give one of them another `name`.",
            )


CHECKS = (owners, start, start_fields, calendar, exceptions, names)
