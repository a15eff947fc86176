"""What an automation step can do: the built-in actions, and those a company adds in Python.

An action is a function from a job to what it gives. Those that only touch this database run
inside the transaction that goes on with the request, so they happen exactly once; the others run
before it, at least once, each time with the same idempotency key.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from workflows.engine.format.definition import AutomationStep, Definition
from workflows.engine.registries import Registry
from workflows.engine.texts import Text


@dataclass(frozen=True, kw_only=True)
class Job:
    """One attempt's view of its step: what it is told, and about which request.

    `data` are the request's canonical values by field; `idempotency_key` is the same for all
    attempts of this activation; `now` is when the attempt began. `known` is what sums may ask
    beside the values: who asked, and what was decided.
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
    known: Mapping[str, Any] = field(default_factory=dict)

    @property
    def parameters(self) -> Mapping[str, Any]:
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
class ActionResult:
    """An action has done its work. `answer` is the document in which the step's `outputs` are
    looked up, `given` values for fields that need no looking up, `shown` what is kept to be read
    (secrets masked)."""

    answer: Any = None
    field_values: Mapping[str, Any] = field(default_factory=dict)
    status: int | None = None
    answer_text: str = ""


class ActionFailed(Exception):
    """An attempt came to nothing. `retry` says that another one may do better, `wait` how many
    seconds the other side asks to be left alone."""

    def __init__(
        self,
        code: str,
        text: Text | str,
        *,
        retry: bool = False,
        status: int | None = None,
        answer_text: str = "",
        wait: float = 0,
    ) -> None:
        super().__init__(text)
        self.code, self.text, self.retry = code, text, retry
        self.status, self.answer_text, self.wait = status, answer_text, wait

    @property
    def message(self) -> str:
        """What went wrong, in the language of whoever reads it."""
        return str(self.text)


class SettingKind(StrEnum):
    """What a setting of an action takes."""

    TEXT = "text"
    YES_NO = "yes_no"
    CHOICE = "choice"


@dataclass(frozen=True, kw_only=True)
class ActionSetting:
    """One key of an automation's `with`: the map editor has a box for it, and the audit asks that
    it is there where it is required, and is what it takes. A text may hold placeholders."""

    name: str
    title: Text
    kind: SettingKind = SettingKind.TEXT
    choices: Sequence[str] = ()
    is_required: bool = False

    def takes(self, value: Any) -> bool:
        """Whether a setting can be this."""
        if self.kind is SettingKind.CHOICE:
            return value in self.choices
        return isinstance(value, bool if self.kind is SettingKind.YES_NO else str)


@dataclass(frozen=True)
class Action:
    """A named action. `inside` runs in the transaction that goes on with the request; `settings`
    are all that it knows under `with`, None where that is not said."""

    run: Callable[[Job], ActionResult]
    inside: bool = False
    settings: Sequence[ActionSetting] | None = None


ACTIONS: Final = Registry("actions", Action, noun="action")


def action(
    name: str, *, inside: bool = False, settings: Sequence[ActionSetting] | None = None
) -> Callable[[Callable[[Job], ActionResult]], Callable[[Job], ActionResult]]:
    """Register a function under the name by which maps call it. A name can be taken once."""

    def register(function: Callable[[Job], ActionResult]) -> Callable[[Job], ActionResult]:
        ACTIONS.register(name, Action(function, inside, settings))
        return function

    return register


def action_named(name: str) -> Action | None:
    """The action of this name, if there is one."""
    return ACTIONS.find(name)
