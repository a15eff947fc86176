"""What is called the same leads to the same place: a walk over the pages, as several people.

Who hears a page, or lists its links, knows them by name alone. So two links or buttons of one page
that lead to different places have names of their own, if only by words that are not seen.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest

from tests.rights.addresses import addresses
from tests.rights.everything import Everything, caller, make_everything
from tests.rights.test_matrix import path_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lenient_templates")]

READERS = ("requester", "approver", "stand-in", "owner", "site auditor", "superuser")
SIGN_OUT = ("account_logout", "reporting:people")
NOT_IN_THE_TARGET = ("csrfmiddlewaretoken", "once")
UNSEEN = ("script", "style", "svg", "title")


@dataclass
class SentForm:
    """Where a form goes, and what it sends unseen."""

    action: str = ""
    hidden: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.action} {' '.join(self.hidden)}".strip()


@dataclass
class Control:
    """A link or a button: its name, and where it leads."""

    target: str
    form: SentForm | None = None
    label: str = ""
    words: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return " ".join((self.label or "".join(self.words)).split())

    @property
    def place(self) -> str:
        return f"{self.form} {self.target}" if self.form else self.target


class ControlReader(HTMLParser):
    """Reads the links and buttons of a page. What a form sends is a part of where it leads."""

    def __init__(self) -> None:
        super().__init__()
        self.controls: list[Control] = []
        self._control: Control | None = None
        self._form, self._unseen = SentForm(), 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        is_sending = values.get("type", "submit") == "submit" and "hidden" not in values
        self._unseen += tag in UNSEEN
        if tag == "form":
            self._form = SentForm(values.get("action", ""))
        elif tag == "input" and values.get("type") == "hidden":
            if values.get("name") not in NOT_IN_THE_TARGET:
                self._form.hidden.append(f"{values.get('name')}={values.get('value')}")
        elif tag == "a" and "href" in values:
            self._begin(Control(values["href"], label=values.get("aria-label", "")))
        elif tag == "button" and is_sending:
            chosen = f"{values.get('form', '')} {values.get('name')}={values.get('value')}"
            self._begin(Control(chosen, self._form, values.get("aria-label", "")))

    def _begin(self, control: Control) -> None:
        self._control = control
        self.controls.append(control)

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in UNSEEN
        if tag in ("a", "button"):
            self._control = None
        if tag == "form":
            self._form = SentForm()

    def handle_data(self, data: str) -> None:
        if self._control is not None and not self._unseen:
            self._control.words.append(data)


def controls_of(text: str) -> list[Control]:
    reader = ControlReader()
    reader.feed(text)
    return reader.controls


def ambiguous_names(controls: list[Control]) -> Iterator[tuple[str, set[str]]]:
    """The names under which different places are reached."""
    targets = defaultdict(set)
    for control in controls:
        targets[control.name].add(control.place)
    yield from ((name, places) for name, places in targets.items() if len(places) > 1 or not name)


def test_the_walk_finds_what_is_called_the_same_and_leads_elsewhere() -> None:
    form = '<form action="/{0}/"><button>Go<span class="hidden">{1}</span></button></form>'
    apart = "".join(form.format(place, f": {place}") for place in "ab")
    assert not list(ambiguous_names(controls_of(apart)))
    alike = "".join(form.format(place, "") for place in "ab")
    [(name, places)] = ambiguous_names(controls_of(alike))
    assert (name, len(places)) == ("Go", 2)
    assert list(ambiguous_names(controls_of('<a href="/"><svg><title>Home</title></svg></a>')))


@pytest.fixture
def everything() -> Everything:
    return make_everything()


@pytest.mark.parametrize("reader", READERS)
def test_links_and_buttons_of_one_name_lead_to_one_place(
    everything: Everything, reader: str
) -> None:
    person, wrong = caller(reader), []
    for address in addresses():
        if address.name in SIGN_OUT or address.template.startswith(("/admin/", "/api/")):
            continue
        answer = person.get(path_of(address, everything))
        if answer.status_code != 200 or "text/html" not in answer.headers["Content-Type"]:
            continue
        for name, places in ambiguous_names(controls_of(answer.content.decode())):
            wrong.append((address.name, name, sorted(places)[:3]))
    assert not wrong, "\n".join(map(str, wrong))
