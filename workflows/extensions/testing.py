"""Trying an extension: one request of a map in memory, through the real engine and your own parts.

There is no database, no worker and no network. The clock stands where it is put; what would go
outside is captured, and answered with what the test says. Django has to be set up, since extensions
are loaded with it.

    run = MapRun(MAP, answers={"http": {"number": "PO-7"}})
    run.start(amount="1200.00")
    run.decide("review", "approve")
    assert run.where == "= approved"
    assert [job.parameters["path"] for job in run.calls] == ["/orders"]

With `people`, a directory of its own in memory, roles find whom they would find on a site:

    people = Directory({"rita": Person(manager="mona"), "mona": Person(groups=["bosses"])})
    run = MapRun(MAP, people=people).start(by="rita", amount="1200.00")
    assert run.people_of("manager") == ["mona"]
    run.decide("review", "approve", by="mona")
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from workflows.automation.services.attempts import step_outputs
from workflows.engine.format.actions import ActionFailed, ActionResult, Job, action_named
from workflows.engine.format.definition import AutomationStep, EndStep, roles_of_step
from workflows.engine.format.files import read_definition
from workflows.engine.routing.advance import advance
from workflows.engine.routing.chains import ChainQuestion, find_no_chain
from workflows.engine.routing.effects import Decide, Event, Fail, Finish, Start
from workflows.engine.routing.graph import Graph
from workflows.engine.routing.marking import Marking, Token
from workflows.engine.routing.step_troubles import StepFailed
from workflows.engine.values.fields import clean_field_value
from workflows.execution.models import WorkflowInstance
from workflows.extensions.directory import Directory, Person

__all__ = ["MONDAY", "OUTSIDE", "Directory", "MapRun", "Person"]

MONDAY: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)
OUTSIDE: Final = frozenset({"http", "email", "start_workflow"})
"""Actions of Handoff's own that are captured and never run here."""
MOST_STEPS: Final = 1_000


@dataclass
class MapRun:
    """One request of a map, driven step by step.

    `answers` say what comes back from an action, by its name: a document, an ActionFailed, or a
    function from the job to either. Actions that are not named there run, but for those that go
    outside. `calls` are the jobs of all that was asked for, in their order; `now` is when.
    """

    map_: str | Mapping[str, Any]
    answers: Mapping[str, Any] = field(default_factory=dict)
    now: datetime = MONDAY
    people: Directory | None = None
    calls: list[Job] = field(default_factory=list)

    def __post_init__(self) -> None:
        written = self.map_ if isinstance(self.map_, str) else json.dumps(self.map_)
        self.graph = Graph(read_definition(written, name="map"))
        self.marking, self.data = Marking(), dict[str, Any]()
        self.request = WorkflowInstance()
        roles = self.graph.definition.roles
        self.role_ids = self.people.list_lists(roles) if self.people is not None else {}

    # -- driving ------------------------------------------------------------------------------

    def start(self, by: str = "rita", **values: Any) -> "MapRun":
        """Start the request with these values, and do what follows by itself."""
        self.data = self._cleaned(values)
        if self.people is not None:
            self.request = self.people.request_of(by)
        return self._apply(Start(self._person(by)))

    def decide(self, step: str, outcome: str, by: str = "ann", **values: Any) -> "MapRun":
        """Decide the open task at a step, with values for the fields that it fills in. With people,
        raises LookupError where this person is in none of the step's roles."""
        if self.people is not None:
            self._require_in_role(step, outcome, by)
        token, given = self._token(step), self._cleaned(values)
        return self._apply(Decide(token.id, self._person(by), outcome, given))

    def wake(self, step: str, **values: Any) -> "MapRun":
        """End a wait, by its time or its message."""
        return self._apply(Finish(self._token(step).id, "woken", self._cleaned(values)))

    # -- looking ------------------------------------------------------------------------------

    @property
    def open(self) -> list[str]:
        """The steps that wait, by name."""
        return sorted(token.step for token in self.marking.tokens)

    @property
    def where(self) -> str:
        """The open steps in one line, or `= result`."""
        if self.marking.ended is None:
            return " ".join(self.open)
        end = self.graph.definition.steps[self.marking.ended]
        return f"= {end.result}" if isinstance(end, EndStep) else "="

    @property
    def troubles(self) -> dict[str, str]:
        """Why steps are stuck, by step: these would be incidents."""
        return {token.step: token.stuck for token in self.marking.tokens if token.stuck is not None}

    def people_of(self, role: str, step: str | None = None) -> list[str]:
        """Who is in a role of the map now, by login; with a step, as its open task sees it, in its
        row. Raises LookupError without people."""
        if self.people is None:
            raise LookupError("There are no people; give the run a Directory.")
        definition = self.graph.definition.roles[role]
        if definition.is_static:
            return self.people.members(self.role_ids[role])
        data = self.data if step is None else self._data_at(self._token(step))
        return self.people.found(definition, self.request, data, self.marking)

    # -- inside -------------------------------------------------------------------------------

    def _person(self, login: str) -> int | str:
        return login if self.people is None else self.people.id_of(login)

    def _require_in_role(self, step: str, outcome: str, login: str) -> None:
        human = self.graph.human(step)
        own = human.outcomes[outcome].role if outcome in human.outcomes else None
        roles = (own,) if own else roles_of_step(human)
        there = {name for role in roles for name in self.people_of(role, step)}
        if login not in there:
            found = ", ".join(sorted(there)) or "nobody"
            raise LookupError(f"'{login}' may not decide '{step}'; found for it: {found}.")

    def _data_at(self, token: Token) -> Mapping[str, Any]:
        return self.graph.data_at(token.step, token.rows, self.data, self.marking.chains)

    def _find_chain(self, question: ChainQuestion) -> tuple[str, ...]:
        if self.people is None:
            return find_no_chain(question)
        return self.people.chain(self.graph, question, self.request)

    def _cleaned(self, values: Mapping[str, Any]) -> dict[str, Any]:
        fields = self.graph.definition.fields
        return {key: clean_field_value(key, fields[key], value) for key, value in values.items()}

    def _token(self, step: str) -> Token:
        for token in self.marking.tokens:
            if token.step == step:
                return token
        raise LookupError(f"'{step}' is not open; open are {', '.join(self.open) or 'none'}.")

    def _apply(self, event: Event) -> "MapRun":
        self._advance(event)
        for _ in range(MOST_STEPS):
            waiting = [token for token in self.marking.tokens if self._is_automatic(token)]
            if not waiting:
                return self
            self._advance(self._run_action(waiting[0]))
        raise RuntimeError("The map goes round and round by itself.")

    def _advance(self, event: Event) -> None:
        moved = advance(self.graph, self.marking, self.data, event, find_chain=self._find_chain)
        self.marking, self.data = moved.marking, dict(moved.data)

    def _is_automatic(self, token: Token) -> bool:
        return token.stuck is None and isinstance(self.graph[token.step], AutomationStep)

    def _run_action(self, token: Token) -> Event:
        step = self.graph[token.step]
        assert isinstance(step, AutomationStep)
        job = self._job(token, step)
        self.calls.append(job)
        try:
            values = step_outputs(step, self._result_of(job))
        except ActionFailed as failed:
            return Fail(token.id, StepFailed(failed.code, failed.text, 1))
        return Finish(token.id, "done", self._cleaned(values))

    def _job(self, token: Token, step: AutomationStep) -> Job:
        return Job(
            step_key=token.step,
            step=step,
            definition=self.graph.definition,
            request_id=1,
            reference="TEST-1",
            link="https://handoff.example/requests/TEST-1/",
            data=dict(self.data),
            idempotency_key=f"test-{token.id}",
            now=self.now,
        )

    def _result_of(self, job: Job) -> ActionResult:
        name = job.step.action
        if name in self.answers or name in OUTSIDE:
            answer = self.answers.get(name)
            answer = answer(job) if callable(answer) else answer
            if isinstance(answer, ActionFailed):
                raise answer
            return answer if isinstance(answer, ActionResult) else ActionResult(answer=answer)
        found = action_named(name)
        if found is None:
            raise LookupError(f"There is no action '{name}'; is the extension loaded?")
        return found.run(job)
