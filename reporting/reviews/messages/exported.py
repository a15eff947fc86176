"""A review's facts as JSON for programs: what is stored, with the sentences beside the codes."""

from typing import Any

from django.utils.translation import gettext

from reporting.reviews.facts.choices import ComparedFigure
from reporting.reviews.facts.measures import Measure, details_to_json
from reporting.reviews.facts.review_facts import FixResult, ReviewFacts
from reporting.reviews.messages.measures import describe_measure, describe_route_ends
from reporting.reviews.messages.savings import describe_savings


def export_facts(facts: ReviewFacts) -> dict[str, Any]:
    """What `manage.py review --json` prints."""
    data = facts.to_json()
    data["against"] = [
        {**line, "what": ComparedFigure(line["figure"]).label} for line in data["against"]
    ]
    data["ways"] = [
        {**line, "words": describe_route_ends(route.route)}
        for line, route in zip(data["ways"], facts.ways, strict=True)
    ]
    data["incidents"] = [details_to_json(details) for details in facts.incidents]
    data["saved"] = {
        **data["saved"],
        "money": {money.currency: money.amount for money in facts.saved.money},
        "words": describe_savings(facts),
    }
    data["findings"] = [_export_measure(measure) for measure in facts.findings]
    data["measures"] = {measure.key: _export_measure(measure) for measure in facts.measures}
    data["fixes"] = [
        {**line, **_fix_sentences(fix)}
        for line, fix in zip(data["fixes"], facts.fixes, strict=True)
    ]
    return data


def _export_measure(measure: Measure) -> dict[str, Any]:
    return {
        "kind": measure.kind,
        "key": measure.key,
        "step": measure.step,
        "figure": measure.figure,
        "unit": measure.unit,
        "is_finding": measure.is_finding,
        "words": describe_measure(measure.details),
        "facts": details_to_json(measure.details),
    }


def _fix_sentences(fix: FixResult) -> dict[str, Any]:
    now = describe_measure(fix.now) if fix.now else None
    return {
        "words": describe_measure(fix.finding),
        "now": now or gettext("It is not in the map any more, or never came up."),
    }
