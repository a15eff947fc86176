"""What a log shows, for other programs."""

from typing import Any

from workflows.engine.discovery.discover import Discovery, ProposedDecision
from workflows.engine.discovery.log_shape import Activity


def discovery_as_json(found: Discovery, *, keep: float) -> dict[str, Any]:
    """Everything that is proposed, each with how sure it is."""
    return {
        "cases": found.cases,
        "variants": len(found.survey.traces),
        "activities": len(found.survey.resources),
        "keep": keep,
        "kept": found.ways.kept,
        "fit": found.fit,
        "steps": [
            {"step": found.draft.keys[name], "activity": name, "count": count}
            for name, count in activity_counts(found).items()
        ],
        "routes": [
            {"from": source, "to": target, "count": count}
            for (source, target), count in found.draft.counts.items()
        ],
        "joins": [
            {
                "step": join.step,
                "branches": [list(branch) for branch in join.branches],
                "cases": join.cases,
                "whole": round(join.whole, 3),
                "sure": round(join.sure, 3),
            }
            for join in found.joins
        ],
        "not_nested": [
            {"activities": list(left.activities), "sure": round(left.sure, 3)}
            for left in found.not_nested
        ],
        "decisions": [_decision_as_json(decision) for decision in found.decisions],
    }


def activity_counts(found: Discovery) -> dict[str, int]:
    """How often each activity that is shown was done, in the cases that are kept."""
    return {
        place.name: count
        for (_, place), count in found.ways.visits.items()
        if isinstance(place, Activity)
    }


def _decision_as_json(decision: ProposedDecision) -> dict[str, Any]:
    rule = decision.rule
    return {
        "after": list(decision.after),
        "ways": [
            {
                "to": list(way.to),
                "count": way.count,
                "share": round(way.share, 3),
                "sure": round(way.sure, 3),
            }
            for way in decision.ways
        ],
        "rule": None
        if rule is None
        else {
            "conditions": [{"when": when, "to": way} for when, way in rule.conditions],
            "otherwise": rule.otherwise,
            "accuracy": round(rule.accuracy, 3),
            "usual": round(rule.usual, 3),
            "cases": rule.cases,
            "used": decision.uses_rule,
        },
    }
