"""Every address of the site, read from the URLconf: what a test of all addresses walks over."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

_CONVERTER = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")
_GROUP = re.compile(r"\(\[\^/\]\+\)|\(\?P<(?P<name>\w+)>[^()]*\)")


@dataclass(frozen=True, slots=True)
class Address:
    """One address: its pattern as a template (`/tasks/{task_id}/`) and its name."""

    template: str
    name: str

    @property
    def holes(self) -> list[str]:
        """What is to be filled in."""
        return re.findall(r"{(\w+)}", self.template)

    def at(self, **values: object) -> str:
        """The address with its holes filled in."""
        return re.sub(r"{(\w+)}", lambda hole: str(values[hole[1]]), self.template)


def addresses() -> list[Address]:
    """All of them, each once, without what is there only to catch everything else."""
    found = {address.template: address for address in _walk(get_resolver().url_patterns, "/", "")}
    return [found[template] for template in sorted(found)]


def _walk(patterns: list[URLPattern | URLResolver], before: str, space: str) -> Iterator[Address]:
    for pattern in patterns:
        text = before + _template(str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from _walk(pattern.url_patterns, text, inner)
        elif not text.endswith("{object_id}/") and "{url}" not in text:
            yield Address(text, f"{space}{pattern.name or text}")


def _template(pattern: str) -> str:
    numbers = iter(("row", "version"))
    text = _GROUP.sub(lambda hole: f"{{{hole['name'] or next(numbers)}}}", pattern)
    text = _CONVERTER.sub(lambda hole: f"{{{hole['name']}}}", text)
    return text.replace("^", "").replace("$", "").replace("\\", "")
