"""Where cases leave a map, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext, gettext_lazy

from workflows.engine.conformance.case_check import START, LeaveCause
from workflows.language.formats import join_alternatives

if TYPE_CHECKING:
    from reporting.conformance.results import DeviationKind

MOST_NAMED = 6
"""So many steps are named of those at which a case may have stood."""

_SENTENCES = {
    LeaveCause.NOT_REACHED: gettext_lazy(
        "Stood at %(steps)s; “%(activity)s” cannot be reached from there."
    ),
    LeaveCause.AGAINST_RULE: gettext_lazy(
        "Stood at %(steps)s, where a rule of the map leads with the values of the case;"
        " “%(activity)s” is another way."
    ),
    LeaveCause.NO_STEP: gettext_lazy(
        "Stood at %(steps)s; “%(activity)s” is nothing on the map. Say in a mapping what it means,"
        " or that it is to be ignored."
    ),
    LeaveCause.BEFORE_START: gettext_lazy(
        "“%(activity)s” comes before the row that starts the case."
    ),
    LeaveCause.STARTED_ALREADY: gettext_lazy(
        "Stood at %(steps)s; “%(activity)s” would start the case once more."
    ),
    LeaveCause.TOO_MANY_WAYS: gettext_lazy(
        "Could stand at %(steps)s and in more places than are looked at; none of those that were"
        " leads to “%(activity)s”."
    ),
}


_SHORT = {
    LeaveCause.NOT_REACHED: gettext_lazy("cannot be reached from there"),
    LeaveCause.AGAINST_RULE: gettext_lazy("a rule leads elsewhere with the values of the case"),
    LeaveCause.NO_STEP: gettext_lazy("is nothing on the map"),
    LeaveCause.BEFORE_START: gettext_lazy("comes before the row that starts the case"),
    LeaveCause.STARTED_ALREADY: gettext_lazy("would start the case once more"),
    LeaveCause.TOO_MANY_WAYS: gettext_lazy("is not reached in any of the many ways looked at"),
}
"""The same beside where it stood and what came."""


def cause_text(cause: LeaveCause) -> str:
    """Why what came does not fit, in a table that says the rest."""
    return str(_SHORT[cause])


def deviation_sentence(kind: DeviationKind, titles: Mapping[str, str]) -> str:
    """What cases did that the map does not allow."""
    places = {"steps": name_steps(kind.steps, titles), "activity": kind.activity}
    return str(_SENTENCES[kind.cause]) % places


def name_steps(steps: tuple[str, ...], titles: Mapping[str, str]) -> str:
    """The steps at which a case may have stood, by name."""
    names = [f"“{titles[key]}”" if key in titles else _place_name(key) for key in steps]
    if len(names) > MOST_NAMED:
        more = len(names) - MOST_NAMED + 1
        names = [*names[: MOST_NAMED - 1], gettext("%(count)s other steps") % {"count": more}]
    return join_alternatives(names)


def _place_name(key: str) -> str:
    return gettext("the start") if key == START else key
