"""What a log shows, in words."""

from collections.abc import Iterator

from django.utils.translation import gettext

from workflows.engine.discovery.discover import (
    Discovery,
    PlaceNames,
    ProposedDecision,
    ProposedJoin,
    WayShare,
)
from workflows.language.formats import count_text, share_text

MOST_NAMED = 4


def name_place(place: PlaceNames, *, otherwise: str) -> str:
    """An activity, or those of a block."""
    if not place:
        return otherwise
    names = [f"“{name}”" for name in place[:MOST_NAMED]]
    if len(place) > MOST_NAMED:
        names.append("…")
    return ", ".join(names)


def join_sentence(join: ProposedJoin) -> str:
    """What is done beside each other."""
    branches = gettext("; beside it ").join(
        name_place(branch, otherwise="") for branch in join.branches
    )
    return gettext(
        "%(branches)s. %(sure)s sure; %(whole)s of the %(cases)s cases that come here go through it"
        " as a whole."
    ) % {
        "branches": branches,
        "sure": share_text(join.sure),
        "whole": share_text(join.whole),
        "cases": count_text(join.cases),
    }


def not_nested_sentences(found: Discovery) -> Iterator[str]:
    """What is beside each other and makes no block."""
    for left in found.not_nested:
        yield gettext("%(activities)s (%(sure)s sure)") % {
            "activities": name_place(left.activities, otherwise=""),
            "sure": share_text(left.sure),
        }


def decision_head(decision: ProposedDecision) -> str:
    """After what."""
    if not decision.after:
        return gettext("At the beginning")
    return gettext("After %(place)s") % {"place": name_place(decision.after, otherwise="")}


def way_sentence(way: WayShare) -> str:
    """Where it leads, and how often."""
    return gettext("%(place)s: %(share)s (%(count)s times; %(sure)s sure)") % {
        "place": name_place(way.to, otherwise=gettext("the end")),
        "share": share_text(way.share),
        "count": count_text(way.count),
        "sure": share_text(max(0.0, way.sure)),
    }


def rule_sentence(decision: ProposedDecision) -> str:
    """The rule by which the log's values tell the ways apart; empty without one."""
    rule = decision.rule
    if rule is None:
        return ""
    end = gettext("the end")
    conditions = "; ".join(f"{when} → {way or end}" for when, way in rule.conditions)
    sentence = (
        gettext(
            "A rule is right for %(accuracy)s of %(cases)s cases, and is in the draft:"
            " %(conditions)s; else %(otherwise)s."
        )
        if decision.uses_rule
        else gettext(
            "A rule is right for %(accuracy)s of %(cases)s cases, but speaks of other ways than are"
            " shown: %(conditions)s; else %(otherwise)s."
        )
    )
    return sentence % {
        "accuracy": share_text(rule.accuracy),
        "cases": count_text(rule.cases),
        "conditions": conditions,
        "otherwise": rule.otherwise or end,
    }
