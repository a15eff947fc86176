"""What routes are called beside their arrows."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext, gettext_lazy

from workflows.definitions.choices import RouteKind
from workflows.definitions.models import Route
from workflows.definitions.queries.definition_rows import chain_of_route
from workflows.engine.format.definition import EXPIRED, UNCHOSEN_WAYS, Link, display_title
from workflows.engine.format.quorums import (
    fixed_votes,
    quorum_field,
    quorum_roles,
    quorum_share,
)

ROUTE_KIND_LABELS = {
    "otherwise": gettext_lazy("otherwise"),
    "on_error": gettext_lazy("on error"),
    "expires": gettext_lazy("when time is up"),
    "to": "",
    "reopen": gettext_lazy("reopened at"),
}

HOLD_WORDS = {
    "books": gettext_lazy("books"),
    "spends": gettext_lazy("spends"),
    "confirms": gettext_lazy("confirms"),
}
"""What a step does with resources, by the keys that say so."""


def step_note(role: str, said: Mapping[str, object]) -> str:
    """What stands behind a step's kind: what it does with resources, and who does it."""
    words = [str(word) for key, word in HOLD_WORDS.items() if said.get(key)]
    return " · ".join((*words, role) if role else words)


def quorum_words(quorum: Any) -> str:
    """How many must agree at a step, as a sentence says it; nothing where one is enough."""
    share, field, roles = quorum_share(quorum), quorum_field(quorum), quorum_roles(quorum)
    if quorum == "all":
        return gettext("everybody in the role must agree")
    if share is not None:
        return gettext("%(share)s%% of the role must agree") % {"share": share}
    if field is not None:
        said = {"field": display_title(field, None)}
        return gettext("as many must agree as “%(field)s” says") % said
    if roles:
        parts = [
            gettext("%(count)s of %(role)s") % {"count": count, "role": display_title(role, None)}
            for role, count in roles.items()
        ]
        return gettext("must agree: %(roles)s") % {"roles": ", ".join(parts)}
    needed = fixed_votes(quorum) or 1
    return gettext("%(count)s must agree") % {"count": needed} if needed > 1 else ""


def route_label(route: Route) -> str:
    """What a way is called: its outcome, its rule, or what kind it is."""
    label = _way_label(route.kind, route.name, route.label, route.when)
    chain = chain_of_route(route)
    each = str(chain.words) if chain is not None else route.each
    return each_label(each, label, in_turn=bool(route.one_at_a_time))


def route_is_exception(route: Route) -> bool:
    """Whether a way is no usual one: an exception path, or taken after an error."""
    return bool(route.exception) or route.kind in UNCHOSEN_WAYS


def route_names(routes: Iterable[Route]) -> Sequence[str]:
    """What `Link.name` says of each of a step's ways, in their order: an outcome's code, the number
    of a rule, a branch or a row's way, else the kind."""
    numbers: Counter[str] = Counter()
    names = []
    for route in routes:
        numbers[route.kind] += 1
        is_numbered = route.kind in (RouteKind.RULE, RouteKind.BRANCH, RouteKind.ROW)
        unnamed = EXPIRED if route.kind == RouteKind.EXPIRES else route.kind
        names.append(str(numbers[route.kind]) if is_numbered else route.name or unnamed)
    return names


def link_label(link: Link) -> str:
    """The same of a way of a compiled map."""
    label = _way_label(link.kind, link.name, link.route.label, link.route.when)
    branch = link.branch
    if branch is None:
        return label
    each = str(branch.chain.words) if branch.chain is not None else branch.listed
    return each_label(each, label, in_turn=bool(branch.one_at_a_time))


def each_label(each: str | None, label: str, *, in_turn: bool) -> str:
    """With the sign of BPMN for what is done for each of several: side by side, or one after
    another."""
    if each is None:
        return label
    return f"{'≡' if in_turn else '|||'} {each}{f': {label}' if label else ''}"


def _way_label(kind: str, name: str, label: str | None, when: str | None) -> str:
    if kind == "outcome":
        return label or display_title(name, None).lower()
    if kind == "row":
        return label or ""
    return str(ROUTE_KIND_LABELS.get(kind, when or ""))
