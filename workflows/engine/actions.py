"""What an automation step can do: the built-in actions, and those a company adds in Python.

An action is a function from a job to what it gives. Those that only touch this database run
inside the transaction that goes on with the request, so they happen exactly once; the others run
before it, at least once, each time with the same idempotency key.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workflows.engine.definition import AutomationStep, Definition

NAMES_OF_OURS = frozenset({"http", "email", "set_fields", "start_workflow"})


@dataclass(frozen=True, kw_only=True)
class Job:
    """One attempt's view of its step: what it is told, and about which request.

    `data` are the request's canonical values by field; `idempotency_key` is the same for all
    attempts of this activation; `now` is when the attempt began.
    """

    step_key: str
    step: AutomationStep
    definition: Definition
    request_id: int
    reference: str
    link: str
    data: Mapping[str, Any]
    idempotency_key: str
    now: datetime

    @property
    def told(self) -> Mapping[str, Any]:
        """What the map says under `with`."""
        return self.step.with_ or {}

    @property
    def facts(self) -> Mapping[str, str]:
        """What placeholders may name besides the request's fields."""
        return {
            "request.reference": self.reference,
            "request.link": self.link,
            "request.key": self.idempotency_key,
        }


@dataclass(frozen=True, kw_only=True)
class Done:
    """An action has done its work. `answer` is the document in which the step's `outputs` are
    looked up, `given` values for fields that need no looking up, `shown` what is kept to be read
    (secrets masked)."""

    answer: Any = None
    given: Mapping[str, Any] = field(default_factory=dict)
    status: int | None = None
    shown: str = ""


class ActionFailed(Exception):
    """An attempt came to nothing. `retry` says that another one may do better, `wait` how many
    seconds the other side asks to be left alone."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retry: bool = False,
        status: int | None = None,
        shown: str = "",
        wait: float = 0,
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.retry = code, message, retry
        self.status, self.shown, self.wait = status, shown, wait


@dataclass(frozen=True)
class Action:
    """A named action. `inside` runs in the transaction that goes on with the request."""

    run: Callable[[Job], Done]
    inside: bool = False


_ACTIONS: dict[str, Action] = {}


def action(
    name: str, *, inside: bool = False
) -> Callable[[Callable[[Job], Done]], Callable[[Job], Done]]:
    """Register a function under the name by which maps call it.

    A company's own actions live in modules that `HANDOFF_ACTIONS` names; they are imported when
    the program starts. A name can be taken once.
    """

    def register(function: Callable[[Job], Done]) -> Callable[[Job], Done]:
        there = _ACTIONS.get(name)
        if there is not None and there.run is not function:
            raise ValueError(f"There is an action '{name}' already; choose another name.")
        _ACTIONS[name] = Action(function, inside)
        return function

    return register


def action_named(name: str) -> Action | None:
    """The action of this name, if there is one."""
    return _ACTIONS.get(name)


def action_names() -> frozenset[str]:
    """The names of all actions that maps may call."""
    return frozenset(_ACTIONS)
