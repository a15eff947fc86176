"""The way of a request over its map: what was done, where it is, what can come and by what, and
what was not taken. The list and the picture on its page both say this."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from django.utils.translation import gettext, pgettext

from approvals.forms.rule_texts import rule_text
from approvals.pages.decisions import outcome_label
from approvals.pages.request_record import PastStep
from workflows.definitions.queries.compiled_versions import VersionMap
from workflows.engine.format.definition import (
    EXPIRED,
    ROUTING_KINDS,
    DecisionStep,
    Link,
    ParallelStep,
    TableStep,
    display_title,
)
from workflows.engine.format.table_parts import row_text
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.reachable_steps import (
    NO_FIELDS,
    evaluate_condition,
    is_usual_link,
    possible_links,
)
from workflows.engine.routing.ways_ahead import find_exceptional_steps
from workflows.engine.rules.evaluation import RuleCannotBeEvaluated
from workflows.execution.models import DONE
from workflows.execution.queries.next_steps import (
    StepAhead,
    find_steps_ahead,
    steps_in_order,
)
from workflows.execution.queries.position import (
    InstancePosition,
)
from workflows.language.formats import join_alternatives

ERROR, SKIP = "error", "skipped"
"""How a step that no person does ends when it failed, or was skipped by hand."""
MOST_CONDITIONS: Final = 3
"""So many ways are named on which a step depends."""


class WayState(StrEnum):
    """What a step is to a request, as a code for the page's colours and signs."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    SKIPPED = "skipped"
    STOPPED = "stopped"
    OPEN = "open"
    AHEAD = "ahead"
    PERHAPS = "perhaps"
    BY_EXCEPTION = "exceptional"
    NOT_TAKEN = "untaken"


@dataclass(frozen=True, slots=True)
class ProgressStep:
    """One step as the list shows it. `words` say what came of it, or by what it comes; `round`
    which time it was where a step came more than once."""

    key: str
    step: str
    state: WayState
    words: str
    round: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestWay:
    """The way as the page shows it: `progress` in the order in which it came and can come, and the
    `others`: steps that come only by an exception, or were not taken."""

    progress: Sequence[ProgressStep]
    others: Sequence[ProgressStep]

    @property
    def states(self) -> Mapping[str, WayState]:
        """The state of each step that the list names, by key; of several rounds the last."""
        steps = (*self.others, *self.progress)
        coming = (WayState.AHEAD, WayState.PERHAPS)
        states = {step.key: step.state for step in steps if step.state in coming}
        return states | {step.key: step.state for step in steps if step.state not in coming}


def describe_way(position: InstancePosition, past: Sequence[PastStep], now: datetime) -> RequestWay:
    """What was done, each round of it, what is open now, and what can still come if nothing
    exceptional happens and the request's data do not rule it out. No statement."""
    done = sorted(
        (entry for entry in past if entry.task.state == DONE),
        key=lambda entry: (entry.task.completed_at or now, entry.task.pk),
    )
    steps = [_finished_step(position.map, entry) for entry in done]
    if position.end:
        steps.append(_end_step(position, position.end, done))
    elif not position.instance.is_live:
        called_off = gettext("the request was called off")
        steps.append(ProgressStep("", gettext("Cancelled"), WayState.STOPPED, called_off))
    else:
        steps += _steps_to_come(position)
    return RequestWay(progress=steps, others=_other_steps(position, steps))


# -- what was done ----------------------------------------------------------------------------


def _finished_step(version_map: VersionMap, entry: PastStep) -> ProgressStep:
    """What came of a task that is over."""
    key = entry.position.key
    state, words = WayState.DONE, pgettext("a step", "done")
    if entry.position.is_human:
        step = version_map.human(key)
        route: Any = step.outcomes.get(entry.task.outcome)
        if entry.task.outcome == EXPIRED and route is None:
            route = getattr(step, "expires", None)
        state = WayState.REFUSED if route is not None and route.exception else WayState.DONE
        words = entry.outcome or words
    elif entry.task.outcome == ERROR:
        state, words = WayState.FAILED, pgettext("a step", "failed")
    elif entry.task.outcome == SKIP:
        state, words = WayState.SKIPPED, pgettext("a step", "skipped")
    return ProgressStep(key, entry.step, state, words, entry.task.round)


def _end_step(position: InstancePosition, key: str, done: Sequence[PastStep]) -> ProgressStep:
    """The end with its result; one that an exception led to is not shown as a success."""
    graph = position.map.graph
    into = [link for link in graph.links if link.to == key and link.kind != "reopen"]
    is_exception = bool(into) and not any(map(is_usual_link, into))
    state = WayState.REFUSED if is_exception else WayState.DONE
    if done and not is_exception:
        state = _end_state_after(position, done[-1], key)
    result = display_title(getattr(graph[key], "result", ""), None).lower()
    words = gettext("the end") if graph.title(key).lower() == result else result
    return ProgressStep(key, graph.title(key), state, words)


def _end_state_after(position: InstancePosition, last: PastStep, end: str) -> WayState:
    """What an end is by the way from the last step to it."""
    version_map = position.map
    state = _finished_step(version_map, last).state
    if state in (WayState.REFUSED, WayState.FAILED):
        return state
    key = last.position.key
    passed = _links_to_end(version_map.graph, position, key, last.task.outcome, end)
    return WayState.REFUSED if not all(map(is_usual_link, passed)) else WayState.DONE


def _links_to_end(
    graph: Graph, position: InstancePosition, key: str, outcome: str, end: str
) -> list[Link]:
    """The ways from a step that was left by an outcome to the end that came, as far as the
    request's values tell them."""
    links = [link for link in graph.leaving[key] if link.name in (outcome, "to")]
    passed: list[Link] = []
    while len(links) == 1 and links[0] not in passed:
        passed.append(links[0])
        key = links[0].to
        if key == end or graph[key].kind not in ROUTING_KINDS:
            break
        links = possible_links(graph, key, position.instance.data)
    return passed


# -- what can come ----------------------------------------------------------------------------


def _steps_to_come(position: InstancePosition) -> list[ProgressStep]:
    """The steps that are open now, those that come if all goes the likely way, and those that
    depend on what is open."""
    return [
        ProgressStep(
            step.key, position.map.graph.title(step.key), WayState.OPEN, gettext("now"), step.round
        )
        if step.round
        else _coming_step(position.map, step)
        for step in find_steps_ahead(position)
    ]


def _coming_step(version_map: VersionMap, step: StepAhead) -> ProgressStep:
    title = version_map.graph.title(step.key)
    if not step.only_by:
        return ProgressStep(step.key, title, WayState.AHEAD, gettext("ahead"))
    conditions = [_condition_text(version_map, link) for link in step.only_by[:MOST_CONDITIONS]]
    words = gettext("only if %(condition)s") % {
        "condition": join_alternatives(list(dict.fromkeys(conditions)))
    }
    return ProgressStep(step.key, title, WayState.PERHAPS, words)


def _condition_text(version_map: VersionMap, link: Link) -> str:
    """What has to be so that a way is gone."""
    graph = version_map.graph
    if link.route.when is not None and not graph.is_human(link.source):
        return rule_text(graph.definition, link.route.when)
    places = {"step": graph.title(link.source)}
    if graph.is_human(link.source):
        chosen = {"outcome": outcome_label(version_map, link.source, link.name)}
        return gettext("“%(outcome)s” is chosen at “%(step)s”") % (places | chosen)
    if isinstance(graph[link.source], TableStep):
        return _table_text(link, places)
    rules = _rules_of(graph, link.source)
    if len(rules) == 1:
        return rule_text(graph.definition, f"not ({rules[0]})")
    return gettext("no rule of “%(step)s” holds") % places


def _table_text(link: Link, places: dict[str, str]) -> str:
    """What a table has to say so that a way is gone."""
    if link.kind == "otherwise":
        return gettext("no row of “%(step)s” holds") % places
    if link.route.label:
        rows = {"rows": link.route.label}
        return gettext("“%(step)s” says so (%(rows)s)") % (places | rows)
    return gettext("“%(step)s” says so") % places


def _rules_of(graph: Graph, key: str) -> list[str]:
    return [link.route.when for link in graph.leaving[key] if link.route.when is not None]


# -- what is not on its way --------------------------------------------------------------------


def _other_steps(position: InstancePosition, steps: Sequence[ProgressStep]) -> list[ProgressStep]:
    """The steps that did not come and are not to be expected: by an exception, or not at all, each
    with the rule that ruled it out, where it was a rule."""
    graph, data = position.map.graph, position.instance.data
    named = {step.key for step in steps}
    open_now = {step.key for step in steps if step.state == WayState.OPEN}
    exceptional = find_exceptional_steps(graph, open_now, data, named) if open_now else set()
    other_keys = [
        key
        for key in steps_in_order(graph)
        if key not in named and graph[key].kind not in ROUTING_KINDS
    ]
    into: dict[str, list[Link]] = {}
    for link in graph.links:
        if link.kind != "reopen":
            into.setdefault(link.to, []).append(link)
    by_exception = gettext("only by an exception")
    return [
        ProgressStep(key, graph.title(key), WayState.BY_EXCEPTION, by_exception)
        if key in exceptional
        else ProgressStep(
            key, graph.title(key), WayState.NOT_TAKEN, _not_taken_text(position, into.get(key, ()))
        )
        for key in other_keys
    ]


def _not_taken_text(position: InstancePosition, into: Sequence[Link]) -> str:
    graph, data = position.map.graph, position.instance.data
    tables = {link.source for link in into if isinstance(graph[link.source], TableStep)}
    if len(tables) == 1 and all(link.source in tables for link in into):
        return _chosen_row_text(graph, tables.pop(), data)
    ruled_out = [
        link.route.when
        for link in into
        if isinstance(graph[link.source], DecisionStep | ParallelStep)
        and link.route.when is not None
        and evaluate_condition(graph, link.route.when, data, NO_FIELDS) is False
    ]
    if len(ruled_out) == len(into) == 1:
        rule = {"rule": rule_text(graph.definition, f"not ({ruled_out[0]})")}
        return gettext("not taken, as %(rule)s") % rule
    return gettext("not taken")


def _chosen_row_text(graph: Graph, key: str, data: Mapping[str, Any]) -> str:
    """Why a table led elsewhere: by the row that it chose, with these values."""
    places = {"step": graph.title(key)}
    try:
        decision = graph.decide_by_table(key, data)
    except RuleCannotBeEvaluated:
        return gettext("not taken")
    if not decision.rows:
        return gettext("not taken, as no row of “%(step)s” holds") % places
    number, rows = decision.rows[0], getattr(graph[key], "rows", None) or ()
    row = {"row": row_text(number, rows[number - 1])}
    return gettext("not taken, as “%(step)s” chose row %(row)s") % (places | row)
