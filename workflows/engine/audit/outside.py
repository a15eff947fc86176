"""What is done outside: what an automation is told can be said, and triggers can start."""

from collections.abc import Iterator
from typing import Any

from workflows.engine.actions import action_named
from workflows.engine.audit.findings import Finding, found
from workflows.engine.audit.survey import Survey
from workflows.engine.calendar import parse_duration
from workflows.engine.definition import AutomationStep, SubworkflowStep, TriggerDef
from workflows.engine.errors import InvalidInput
from workflows.engine.fields import clean
from workflows.engine.paths import PathProblem, check_path
from workflows.engine.rules import RuleProblem, compile_expression, kind_of
from workflows.engine.templates import FACTS, PlaceholderProblem, placeholders

CALLED_WITH = {
    "http": frozenset(
        {"method", "connection", "url", "path", "query", "headers", "json", "timeout", "expect"}
    ),
    "email": frozenset({"to", "subject", "text"}),
    "start_workflow": frozenset({"workflow", "data"}),
}
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})


def automations(survey: Survey) -> Iterator[tuple[str, AutomationStep]]:
    """The automation steps."""
    for key, step in survey.graph.steps.items():
        if isinstance(step, AutomationStep):
            yield key, step


def actions(survey: Survey) -> Iterator[Finding]:
    """The action is one that this site has, and is told what it needs."""
    for key, step in automations(survey):
        if action_named(step.action) is None and not survey.people.has_action(step.action):
            yield found(
                "action_unknown",
                key,
                f"{survey.called(key)} runs the action '{step.action}', which this site does not"
                " have: every request waits there on an incident.",
                "Write http, email, set_fields or start_workflow, or add the module with the"
                " action to HANDOFF_ACTIONS.",
            )
        for problem in _told_wrongly(survey, step):
            yield found(
                "action_told_wrongly",
                key,
                f"{survey.called(key)} cannot do what it is told: {problem}.",
                "Correct what stands under `with`.",
            )


def _told_wrongly(survey: Survey, step: AutomationStep) -> Iterator[str]:
    told = step.with_ or {}
    known = CALLED_WITH.get(step.action)
    extra = sorted(set(told) - known) if known is not None else []
    if known is not None and extra:
        yield f"it does not know {', '.join(extra)}; it knows {', '.join(sorted(known))}"
    check = _CHECKS.get(step.action)
    if check is not None:
        yield from check(survey, told)


def _http(survey: Survey, told: dict[str, Any]) -> Iterator[str]:
    if ("connection" in told) == ("url" in told):
        yield "it needs a `connection` with a `path`, or a whole `url`"
    connection = told.get("connection")
    if connection is not None and not survey.people.has_connection(str(connection)):
        yield f"there is no connection '{connection}' on this site"
    if str(told.get("method", "GET")).upper() not in METHODS:
        yield f"'{told['method']}' is no method"
    timeout = told.get("timeout", 10)
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout <= 120:
        yield "`timeout` is a number of seconds, 120 at most"


def _email(survey: Survey, told: dict[str, Any]) -> Iterator[str]:
    if not told.get("to"):
        yield "a mail needs `to`"


def _start(survey: Survey, told: dict[str, Any]) -> Iterator[str]:
    workflow = told.get("workflow")
    if not isinstance(workflow, str) or not survey.people.has_workflow(workflow):
        yield f"there is no workflow '{workflow}' on this site"


def _set_fields(survey: Survey, told: dict[str, Any]) -> Iterator[str]:
    fields = survey.definition.fields
    for key, said in told.items():
        if key not in fields:
            yield f"there is no field '{key}'"
        elif isinstance(said, str):
            yield from _expression(survey, key, said)
        else:
            try:
                clean(key, fields[key], said)
            except InvalidInput as refused:
                yield str(refused).rstrip(".")


def _expression(survey: Survey, key: str, text: str) -> Iterator[str]:
    fields = survey.definition.fields
    try:
        result = compile_expression(text, fields)
    except RuleProblem as problem:
        yield f"'{key}': {str(problem).rstrip('.')}"
        return
    wanted, currency = kind_of(fields[key].type), fields[key].currency
    if result.kind != wanted:
        yield f"'{key}' takes a {wanted} and `{text}` gives a {result.kind}"
    elif currency and result.currency and currency != result.currency:
        yield f"'{key}' is in {currency} and `{text}` is in {result.currency}"


_CHECKS = {"http": _http, "email": _email, "start_workflow": _start, "set_fields": _set_fields}


def told(survey: Survey) -> Iterator[Finding]:
    """Placeholders name fields; outputs are looked up where something can be found."""
    for key, step in survey.graph.steps.items():
        if isinstance(step, AutomationStep):
            yield from _placeholders(
                survey, key, step.with_ if step.action != "set_fields" else None
            )
            yield from _paths(survey, key, step.outputs or {})
        elif isinstance(step, SubworkflowStep):
            yield from _placeholders(survey, key, step.data)
            yield from _paths(survey, key, step.outputs or {})
            if not survey.people.has_workflow(step.workflow):
                yield found(
                    "subworkflow_unknown",
                    key,
                    f"{survey.called(key)} starts '{step.workflow}', and there is no such workflow:"
                    " every request waits there on an incident.",
                    "Correct the key, or load that workflow first.",
                )


def _placeholders(survey: Survey, key: str, value: Any) -> Iterator[Finding]:
    try:
        unknown = placeholders(value) - survey.definition.fields.keys() - FACTS
        problems = [f"no field is called '{name}'" for name in sorted(unknown)]
    except PlaceholderProblem as problem:
        problems = [str(problem).rstrip(".")]
    for words in problems:
        yield found(
            "placeholder_unknown",
            key,
            f"What {survey.called(key)} is told cannot be filled in: {words}.",
            "Name a declared field, such as {{ amount }}, or request.reference.",
        )


def _paths(survey: Survey, key: str, outputs: dict[str, str]) -> Iterator[Finding]:
    for name, path in outputs.items():
        try:
            check_path(path)
        except PathProblem as problem:
            yield found(
                "output_path_wrong",
                key,
                f"{survey.called(key)} cannot find '{name}' in an answer: {problem}",
                "Write where it stands in the answer, such as $.number.",
            )


def triggers(survey: Survey) -> Iterator[Finding]:
    """A trigger can be understood, and gives what the start asks for."""
    begin = survey.definition.start
    for number, trigger in enumerate((begin.triggers if begin else None) or [], start=1):
        yield from _mapping(number, trigger)
        yield from _gives_enough(survey, number, trigger)


def _mapping(number: int, trigger: TriggerDef) -> Iterator[Finding]:
    for name, path in (trigger.mapping or {}).items():
        try:
            check_path(path)
        except PathProblem as problem:
            yield found(
                "trigger_path_wrong",
                None,
                f"Trigger {number} cannot find '{name}' in what comes in: {problem}",
                "Write where it stands, such as $.order.amount.",
            )


def _gives_enough(survey: Survey, number: int, trigger: TriggerDef) -> Iterator[Finding]:
    """A schedule or another workflow's end fills in the start form, for nobody else does."""
    begin = survey.definition.start
    if trigger.kind == "webhook" or begin is None:
        return
    given = {*(trigger.data or {}), *(trigger.mapping or {})}
    fields = survey.definition.fields
    lacking = [
        f"'{key}'"
        for key in begin.fields or []
        if key in fields and fields[key].required and key not in given
    ]
    if lacking:
        yield found(
            "trigger_field_missing",
            None,
            f"Trigger {number} does not fill in {', '.join(lacking)}, which the start requires:"
            " each request that it should start is refused, and the owner is told.",
            "Give them under the trigger's `data` or `mapping`, or do not require them.",
        )


def late(survey: Survey) -> Iterator[Finding]:
    """A reminder comes after some time, not at once for ever."""
    for key, step in survey.humans():
        every = step.on_overdue.remind_every if step.on_overdue else None
        if every is not None and parse_duration(every) == parse_duration("0h"):
            yield found(
                "reminder_never",
                key,
                f"{survey.called(key)} reminds every {every}: once, and never again.",
                "Write how long until the next reminder, such as 1d.",
            )


CHECKS = (actions, told, triggers, late)
