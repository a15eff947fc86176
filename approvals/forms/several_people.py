"""Choosing several people: boxes to tick where few may be chosen; else those who are named, each
with a tick, and boxes that search for more. All of it works without a script. Whoever is named
already stands first, in the order in which they were named: they may have to act in it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from approvals.forms.people_boxes import LOGIN_BEHIND, PersonBox, person_label
from workflows.people.models import User

SPARE_BOXES: Final = 3
MOST_BOXES: Final = 1000
_BETWEEN: Final = re.compile(r"[;\n]|(?<=\)),")


class PeopleBox(forms.Widget):
    """The boxes. Those to tick have the name of the field, those that search `name-0` and so on;
    what is written there may be several people, with a semicolon between them."""

    def __init__(self) -> None:
        super().__init__()
        self.single = PersonBox()

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        """The logins that were ticked and found, and what was typed besides, each once."""
        ticked = data.getlist(name) if hasattr(data, "getlist") else [data.get(name) or ""]
        boxes = [f"{name}-{number}" for number in _numbers(data, name)]
        found = [self.single.value_from_datadict(data, files, box) for box in boxes]
        several = [data.get(box) or "" for box in boxes]
        typed = [
            login
            for one, text in zip(found, several, strict=True)
            for login in (_logins(text) if len(_logins(text)) > 1 else [one])
        ]
        named = [*(login for text in ticked for login in _logins(text)), *typed]
        return list(dict.fromkeys(login for login in named if login))

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Whether none of the boxes was on the page."""
        return not any(part in data for part in (name, f"{name}-asked", f"{name}-0"))

    def id_for_label(self, id_: str) -> str:
        """The first box that searches, or the first to tick."""
        return f"{id_}-0"

    def render(
        self,
        name: str,
        value: Any,
        attrs: Mapping[str, Any] | None = None,
        renderer: Any = None,
    ) -> SafeString:
        """As HTML."""
        logins = value if isinstance(value, list) else _logins(str(value or ""))
        offered = self.single.listed()
        if offered is not None:
            few = {found.person.username: person_label(found.person) for found in offered}
            named = {login: few.get(login, login) for login in logins}
            return self._ticks(name, named | few, logins, attrs)
        existing = _existing(logins)
        known = {login: person_label(existing[login]) for login in logins if login in existing}
        unknown = [login for login in logins if login not in known]
        return self._ticks(name, known, logins, attrs, [*unknown, *[""] * SPARE_BOXES])

    def _ticks(
        self,
        name: str,
        people: Mapping[str, str],
        logins: Sequence[str],
        attrs: Mapping[str, Any] | None,
        searched: Sequence[str] | None = None,
    ) -> SafeString:
        base = str((attrs or {}).get("id", name))
        context = {
            "name": name,
            "base": base,
            "searches": searched is not None,
            "people": [(login, label, login in logins) for login, label in people.items()],
            "boxes": [
                self.single.render(f"{name}-{at}", text, self._attributes(attrs, base, at))
                for at, text in enumerate(searched or ())
            ],
        }
        return SafeString(render_to_string("approvals/_people_box.html", context))

    def _attributes(self, attrs: Mapping[str, Any] | None, base: str, at: int) -> dict[str, Any]:
        own = {"id": f"{base}-{at}"}
        if at:
            own["aria-label"] = gettext("One more person")
        return {**(attrs or {}), **own}

    def require_known(self, logins: Iterable[str]) -> None:
        """Refuse a text of the boxes that is nobody's login."""
        if set(logins) - set(_existing(logins)) and self.single.listed() is None:
            raise forms.ValidationError(gettext("Choose who is meant."))


def _numbers(data: Mapping[str, Any], name: str) -> Iterable[int]:
    for number in range(MOST_BOXES):
        if f"{name}-{number}" not in data:
            return
        yield number


def _logins(typed: str) -> list[str]:
    """Who is named in a box: each by what is in brackets behind, or by all that was typed."""
    parts = [part.strip() for part in _BETWEEN.split(typed) if part.strip()]
    behind = [(part, LOGIN_BEHIND.search(part)) for part in parts]
    return [found[1] if found else part for part, found in behind]


def _existing(logins: Iterable[str]) -> dict[str, User]:
    names = [str(login)[:150].replace("\x00", "") for login in logins]
    rows = User.objects.filter(username__in=names, is_active=True) if names else ()
    return {user.username: user for user in rows}
