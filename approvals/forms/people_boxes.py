"""Choosing a person: a list where few may be chosen, else a box that searches by name, login or
team. With a script the box offers people as one types; without it the page comes back with those
who are meant, and all else that was typed."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core import signing
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from approvals.ui.formats import person_name
from workflows.definitions.queries.compiled_versions import VersionMap
from workflows.language.formats import join_words
from workflows.people.models import User
from workflows.people.queries.people_search import (
    PeopleScope,
    PersonFound,
    list_people,
    search_people,
)
from workflows.people.queries.person_names import name_with_absence

MOST_PEOPLE_IN_A_LIST = 20
MOST_FOUND = 12
SALT = "approvals.forms.people"
MAX_AGE = 7 * 24 * 3600
LOGIN_BEHIND = re.compile(r"\(([^()\s]+)\)\s*$")


class PersonBox(forms.TextInput):
    """The box, or the list; `offer_people` says to whom, and who may be chosen."""

    def __init__(self) -> None:
        super().__init__()
        self.scope = PeopleScope()
        self.asker: User | None = None
        self._listed: list[PersonFound] | None = None
        self._is_read = False
        self._known: Mapping[str, User] | None = None

    def look_up(self, logins: Iterable[Any]) -> None:
        """Read at once who these logins are, for a box that stands in many rows. One statement, or
        none."""
        asked = {_clean_login(login) for login in logins if login}
        if asked and self.listed() is None:
            people = User.objects.filter(username__in=asked, is_active=True)
            self._known = {person.username: person for person in people}

    def _find(self, login: Any) -> User | None:
        if self._known is not None:
            return self._known.get(_clean_login(login)) if login else None
        return _find_by_login(login)

    def listed(self) -> list[PersonFound] | None:
        """All who may be chosen, where they are few."""
        if not self._is_read:
            self._listed = list_people(self.scope, MOST_PEOPLE_IN_A_LIST, timezone.now())
            self._is_read = True
        return self._listed

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        """The login of who was chosen, or what was typed."""
        chosen, typed = data.get(f"{name}-of"), data.get(name)
        if chosen or not isinstance(typed, str):
            return chosen or typed
        with_login = LOGIN_BEHIND.search(typed)
        return with_login[1] if with_login else typed.strip()

    def render(
        self,
        name: str,
        value: Any,
        attrs: Mapping[str, Any] | None = None,
        renderer: Any = None,
    ) -> SafeString:
        """As HTML."""
        people = self.listed()
        if people is not None:
            choices = [
                ("", gettext("Choose…")),
                *((p.person.username, _list_label(p)) for p in people),
            ]
            return forms.Select(choices=choices).render(name, value, dict(attrs or {}), renderer)
        person = self._find(value)
        context = {
            "name": name,
            "attrs": dict(attrs or {}),
            "text": person_label(person) if person is not None else value or "",
            "people": self._meant_by(value) if value and person is None else [],
            "is_unknown": bool(value) and person is None,
            "address": self._address(),
        }
        return SafeString(render_to_string("approvals/_person_box.html", context))

    def _meant_by(self, typed: str) -> list[tuple[str, str, str]]:
        people = search_people(self.scope, str(typed)[:150], MOST_FOUND, timezone.now())
        return [
            (match.person.username, person_label(match.person), about_person(match))
            for match in people
        ]

    def _address(self) -> str:
        if self.asker is None:
            return ""
        scope = [self.asker.pk, self.scope.role, self.scope.template, *self.scope.limits]
        return f"{reverse('approvals:people')}?in={signing.dumps(scope, salt=SALT)}"

    def require_known(self, login: str) -> None:
        """Refuse a text of the box that is nobody's login. One statement; one more after that."""
        if self._find(login) is None and self.listed() is None:
            raise forms.ValidationError(gettext("Choose who is meant."))


def offer_people(
    form: forms.BaseForm, by: User, *, template: int | None = None, role: int | None = None
) -> None:
    """Let a form's boxes offer people to whoever fills it in; with `role` only those of a role."""
    for field in form.fields.values():
        _offer_in(field, by, PeopleScope(role, template))


def offer_people_of_map(
    form: forms.BaseForm, by: User, version_map: VersionMap, requester: int | None = None
) -> None:
    """The same for declared fields and columns, of which each may name a role of the map, or
    groups, and may leave out whoever asked for the request."""
    for field in form.fields.values():
        _offer_in(field, by, _scope_of(getattr(field, "spec", None), version_map, requester))
        for box, column in getattr(field.widget, "person_boxes", ()):
            box.asker, box.scope = by, _scope_of(column, version_map, requester)


def _scope_of(spec: Any, version_map: VersionMap, requester: int | None) -> PeopleScope:
    if spec is None:
        return PeopleScope(None, version_map.template_id)
    role = spec.offered_role
    of_role = version_map.role_ids[role] if role is not None else None
    but = requester if spec.never else None
    return PeopleScope(of_role, version_map.template_id, spec.groups, but)


def _offer_in(field: forms.Field, by: User, scope: PeopleScope) -> None:
    box: Any = field.widget
    single = getattr(box, "single", box)  # of a box for several people, the one that searches
    if isinstance(single, PersonBox):
        single.asker, single.scope = by, scope
        field.validators = [*field.validators, box.require_known]


def read_offer(token: str, by: User) -> PeopleScope | None:
    """Who may be chosen in the box whose address has this; None unless it was made for them."""
    try:
        asker, role, template, *limits = signing.loads(token, salt=SALT, max_age=MAX_AGE)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    groups, but = limits or ((), None)
    return PeopleScope(role, template, tuple(groups), but) if asker == by.pk else None


def _find_by_login(value: Any) -> User | None:
    if not value:
        return None
    return User.objects.filter(username=_clean_login(value), is_active=True).first()


def _clean_login(value: Any) -> str:
    return str(value)[:150].replace("\x00", "")


def person_label(person: User) -> str:
    """'Mia Lopez (mia)'."""
    name = person_name(person)
    return name if name == person.username else f"{name} ({person.username})"


def about_person(person_found: PersonFound) -> str:
    """Their teams, and until when they are away."""
    away = name_with_absence("", person_found.away).strip()
    return " ".join(part for part in (join_words(list(person_found.teams[:3])), away) if part)


def _list_label(person_found: PersonFound) -> str:
    return name_with_absence(person_label(person_found.person), person_found.away)
