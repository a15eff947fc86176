"""What steps without people do in a simulation: automations, waits, requests of other workflows."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from workflows.engine.errors import text_of
from workflows.engine.format.definition import AutomationStep, DueDef, SubworkflowStep, WaitStep
from workflows.engine.rehearsal.clocks import OpenTime, to_moment, to_seconds
from workflows.engine.rehearsal.open_requests import OpenRequest
from workflows.engine.rehearsal.scenario import Scenario, StepTimes
from workflows.engine.rehearsal.values import ValueMaker, Writer
from workflows.engine.routing.known_facts import with_facts
from workflows.engine.routing.marking import Token
from workflows.engine.routing.step_troubles import StepFailed
from workflows.engine.rules.evaluation import (
    Expression,
    RuleCannotBeEvaluated,
    RuleProblem,
    compile_expression,
)
from workflows.engine.rules.field_sums import evaluate_for_field
from workflows.engine.timing.due_dates import (
    Period,
    end_of_wait,
    parse_span,
    relative_moment,
)
from workflows.engine.timing.working_time import Calendar, Duration
from workflows.engine.values.field_types.base import ValueRefused
from workflows.engine.values.fields import clean_unnamed_value, field_moment

FAILED, SUM_FAILED = "failed", "expression_failed"
OutsideStep = AutomationStep | WaitStep | SubworkflowStep


class WorkOutside:
    """How long what is outside takes, whether it comes to nothing, and what it answers."""

    def __init__(
        self,
        *,
        scenario: Scenario,
        values: ValueMaker,
        random: Random,
        calendar: Calendar,
        time_of: Callable[[str], OpenTime],
    ) -> None:
        self.scenario, self.values, self.random = scenario, values, random
        self.calendar, self.time_of = calendar, time_of
        self._tries: dict[str, int] = {}
        self._sums: dict[str, Expression] = {}

    def ends_at(self, key: str, step: OutsideStep, data: Mapping[str, Any], now: int) -> int:
        """When it is done that is begun now."""
        times = self.scenario.steps.get(key, StepTimes())
        if isinstance(step, WaitStep) and step.for_ is not None:
            return self._after_span(key, parse_span(step.for_), now)
        if isinstance(step, WaitStep) and step.until is not None:
            return max(now, self._until(key, step.until, data))
        work = times.working.draw(self.random)
        return self._after(key, now, work) if times.counts == "work" else now + work

    def _until(self, step: str, until: str | DueDef, data: Mapping[str, Any]) -> int:
        graph = self.values.graph
        if isinstance(until, str):
            spec = graph.definition.all_fields[until]
            return to_seconds(field_moment(spec, data.get(until), zone=graph.zone))
        written = str(data.get(until.field))
        calendar = self.calendar.of_step(step)
        return to_seconds(relative_moment(until, written, calendar=calendar, zone=graph.zone))

    def _after_span(self, key: str, span: Period, now: int) -> int:
        calendar, zone = self.calendar.of_step(key), self.values.graph.zone
        if isinstance(span, Duration):
            return self._after(key, now, calendar.seconds(span))
        return to_seconds(end_of_wait(to_moment(now), span, calendar=calendar, zone=zone))

    def _after(self, key: str, now: int, work: int) -> int:
        ends = self.time_of(key).add(now, work)
        return now + work if ends is None else ends

    def fails(self, key: str) -> bool:
        """Whether this time it comes to nothing, evenly: of a hundred times as many as is said."""
        share = self.scenario.steps.get(key, StepTimes()).failure
        tries = self._tries[key] = self._tries.get(key, 0) + 1
        return int(tries * share + 0.5) > int((tries - 1) * share + 0.5)

    def answer(
        self, step: OutsideStep, request: OpenRequest, now: int, token: Token
    ) -> Mapping[str, Any] | StepFailed:
        """What it gives to fields, or why it cannot."""
        chains = request.marking.chains
        data = self.values.graph.data_at(token.step, token.rows, request.data, chains)
        if isinstance(step, AutomationStep) and step.action == "set_fields":
            facts, graph = request.marking.facts, self.values.graph
            return self._set_fields(step, with_facts(graph, token.step, token.rows, data, facts))
        keys = list(step.outputs or ())
        if isinstance(step, WaitStep):  # a message changes nothing that is there
            keys = [key for key in keys if data.get(key) is None]
        writer = Writer(
            run=request.record.number,
            moment=now,
            requester=request.requester,
            data=data,
            wanted=request.wanted,
        )
        needed = not isinstance(step, WaitStep)
        return self.values.fill(keys, writer, self.random, all_of_them=needed)

    def _set_fields(
        self, step: AutomationStep, data: Mapping[str, Any]
    ) -> Mapping[str, Any] | StepFailed:
        fields, given = self.values.graph.definition.all_fields, dict[str, Any]()
        for key, written in (step.with_ or {}).items():
            value: Any = written
            try:
                if isinstance(written, str):
                    rounding = (step.round or {}).get(key)
                    value = evaluate_for_field(self._sum(written), fields[key], data, rounding)
                zone = self.values.graph.zone
                given[key] = clean_unnamed_value(fields[key], value, zone=zone)
            except (RuleProblem, RuleCannotBeEvaluated, ValueRefused, KeyError) as problem:
                return StepFailed(SUM_FAILED, text_of(problem))
        return given

    def _sum(self, written: str) -> Expression:
        if written not in self._sums:
            graph = self.values.graph
            self._sums[written] = compile_expression(
                written, graph.definition.rule_fields(written), zone=graph.zone
            )
        return self._sums[written]
