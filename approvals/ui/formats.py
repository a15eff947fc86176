"""Values, people and what a row of the trail means, as these pages say them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext

from workflows.engine.format.definition import Definition, WaitStep, display_title
from workflows.engine.values.field_types.base import type_of_field
from workflows.execution.models import WorkflowInstance
from workflows.language.formats import join_words, moment_text
from workflows.people.models import User
from workflows.people.queries.person_names import full_name_of

PAST = "past_approvals"
CHANGE_CODES = ("asked_again", "changed_after", "kept_after", "votes_void")
"""Codes among the changes of a row of the trail that have sentences."""
DATES = "date"


def capacity_text(code: str) -> str:
    """In which capacity somebody acted, as the trail's code says; a code that goes without saying
    (a role) has no words."""
    return {
        "requester": gettext("as the requester"),
        "escalation": gettext("by escalation to"),
        "stand_in": gettext("standing in"),
        "asked": gettext("as somebody who was asked"),
        "owner": gettext("as owner"),
        "deputy": gettext("as deputy"),
        "manager": gettext("as manager"),
        "site": gettext("as superuser"),
    }.get(code, "")


def channel_text(code: str) -> str:
    """By which door a command came, as the trail's code says; a page goes without saying."""
    return {
        "admin": gettext("in the admin"),
        "api": gettext("by API"),
        "webhook": gettext("by webhook"),
        "mail": gettext("by mail"),
        "mail_link": gettext("by a link in a mail"),
        "command": gettext("by command line"),
        "clock": gettext("by the clock"),
        "worker": gettext("by a worker"),
    }.get(code, "")


def approval_sentences(changes: Mapping[str, Any], definition: Definition | None) -> list[str]:
    """What a row of the trail means for approvals, by the titles of steps and fields.

    Without a definition a key is said as the title that is made of it.
    """
    sentences = []
    past = [_step_title(key, definition) for key in changes.get(PAST, ())]
    if past:
        steps = {"steps": join_words(past)}
        sentences.append(gettext("Went past an approval that was not given: %(steps)s") % steps)
    versions = {upload["field"]: upload["version"] for upload in changes.get("uploaded", ())}
    for code in CHANGE_CODES:
        for change in changes.get(code, ()):
            titles = [_changed_title(key, definition, versions) for key in change["fields"]]
            fields = join_words(titles)
            sentences.append(
                _change_sentence(code)
                % {"step": _step_title(change["step"], definition), "fields": fields}
            )
    return sentences


def _change_sentence(code: str) -> str:
    return {
        "asked_again": gettext("%(step)s is asked again, as %(fields)s changed"),
        "changed_after": gettext("%(fields)s changed after %(step)s was given"),
        "kept_after": gettext("%(step)s holds, although %(fields)s changed"),
        "votes_void": gettext("The votes of %(step)s are void, as %(fields)s changed"),
    }[code]


def has_titled_sentences(changes: Mapping[str, Any]) -> bool:
    """Whether there is anything to say of them by the titles of a map."""
    return any(code in changes for code in (PAST, DATES, *CHANGE_CODES))


def date_sentences(changes: Mapping[str, Any], definition: Definition | None) -> list[str]:
    """Which dates followed a date that was changed; those that are alike once."""
    sentences = []
    for change in changes.get(DATES, ()):
        to, key = change.get("to"), change.get("step")
        places = {
            "step": _step_title(key, definition) if key else "",
            "moment": moment_text(datetime.fromisoformat(to)) if to else "",
        }
        if key is None:
            sentence = (
                gettext("As a whole it is due %(moment)s now.")
                if to
                else gettext("As a whole it is not due at any time now.")
            )
        elif definition is not None and isinstance(definition.steps.get(key), WaitStep):
            sentence = gettext("%(step)s waits until %(moment)s now.")
        else:
            sentence = gettext("%(step)s is due %(moment)s now.")
        sentences.append(sentence % places)
    return list(dict.fromkeys(sentences))


def _changed_title(key: str, definition: Definition | None, versions: Mapping[str, int]) -> str:
    """The field; of a document also the version that came with this change."""
    title = _field_title(key, definition)
    field = definition.all_fields.get(key) if definition else None
    if key not in versions or (field is not None and type_of_field(field).holds_several):
        return title
    return gettext("%(field)s (version %(version)s)") % {"field": title, "version": versions[key]}


def outdated_approval_sentences(
    outdated: Mapping[str, Sequence[str]], definition: Definition
) -> list[str]:
    """Which approvals hold although what they were given on has changed, and what that is."""
    return [
        gettext(
            "%(fields)s changed after %(step)s had been given; the map lets that approval hold."
        )
        % {
            "fields": join_words([_field_title(key, definition) for key in fields]),
            "step": _step_title(step, definition),
        }
        for step, fields in outdated.items()
    ]


def approval_asked_again_sentences(
    asked_again: Mapping[str, Sequence[str]], definition: Definition
) -> list[str]:
    """Which approvals are asked once more, and what changed after them."""
    return [
        gettext(
            "%(step)s is asked again, as %(fields)s changed after it was approved; the request"
            " waits for it."
        )
        % {
            "fields": join_words([_field_title(key, definition) for key in fields]),
            "step": _step_title(step, definition),
        }
        for step, fields in asked_again.items()
    ]


def _step_title(key: str, definition: Definition | None) -> str:
    declared_step = definition.steps.get(key) if definition else None
    title = display_title(key, declared_step.name if declared_step else None)
    return gettext("“%(step)s”") % {"step": title}


def _field_title(key: str, definition: Definition | None) -> str:
    declared_field = definition.all_fields.get(key) if definition else None
    title = display_title(key, declared_field.label if declared_field else None)
    return gettext("“%(field)s”") % {"field": title}


def performer_text(person: str, acted_for: str = "") -> str:
    """Who did it, and in whose place: 'Omar for Ruth'."""
    if not acted_for:
        return person
    return gettext("%(person)s for %(away)s") % {"person": person, "away": acted_for}


def requester_of(request: WorkflowInstance) -> str:
    """Who asked, by their full name; as a log called them, where they have no account."""
    return person_name(request.requester, request.requester_name)


def person_name(user: User | None, otherwise: str | None = None) -> str:
    """A person's full name, or the username where there is none; 'nobody' for none at all."""
    if user is not None:
        return full_name_of(user)
    return gettext("nobody") if otherwise is None else otherwise
