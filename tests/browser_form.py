"""A page's form as a browser sends it: what is filled in, with the line ends of browsers."""

import re
from html.parser import HTMLParser
from typing import Any


class _Form(HTMLParser):
    """The successful controls of the form with this id."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id, self.inside = form_id, False
        self.sent: list[tuple[str, str]] = []
        self.select: str | None = None
        self.many = False
        self.options: list[tuple[str, bool]] = []
        self.area: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = said.get("id") == self.form_id
        if not self.inside or "disabled" in said:
            return
        if tag == "input" and said.get("name"):
            self._input(said)
        elif tag == "select" and said.get("name"):
            self.select, self.many, self.options = said["name"], "multiple" in said, []
        elif tag == "option" and self.select:
            self.options.append((said.get("value", ""), "selected" in said))
        elif tag == "textarea" and said.get("name"):
            self.area = (said["name"], [])

    def _input(self, said: dict[str, str]) -> None:
        kind = said.get("type", "text")
        if kind in ("submit", "button", "file", "image", "reset"):
            return
        if kind in ("checkbox", "radio"):
            if "checked" in said:
                self.sent.append((said["name"], said.get("value", "on")))
            return
        self.sent.append((said["name"], re.sub(r"[\r\n]", "", said.get("value", ""))))

    def handle_data(self, data: str) -> None:
        if self.area:
            self.area[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "select" and self.select:
            self._choose(self.select)
            self.select = None
        elif tag == "textarea" and self.area:
            name, parts = self.area
            text = "".join(parts).removeprefix("\r\n").removeprefix("\n")
            self.sent.append((name, re.sub(r"\r\n|\r|\n", "\r\n", text)))
            self.area = None

    def _choose(self, name: str) -> None:
        chosen = [value for value, selected in self.options if selected]
        if not self.many:
            chosen = chosen[-1:] or [value for value, _ in self.options[:1]]
        self.sent += [(name, value) for value in chosen]


def browser_form(answer: Any, form_id: str) -> dict[str, Any]:
    """What a browser would send of this page's form; a list where a name has several values."""
    parser = _Form(form_id)
    parser.feed(answer.content.decode())
    assert parser.sent, f"no form {form_id}"
    values: dict[str, list[str]] = {}
    for name, value in parser.sent:
        if name == "csrfmiddlewaretoken":
            continue  # another one each time
        values.setdefault(name, []).append(value)
    return {name: those if len(those) > 1 else those[0] for name, those in values.items()}
