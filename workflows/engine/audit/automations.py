"""What is done outside: what an automation is told can be said, and triggers can start."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workflows.engine.audit.findings import AuditFinding, make_finding
from workflows.engine.audit.map_facts import Survey
from workflows.engine.errors import InvalidInput
from workflows.engine.format.actions import ActionSetting, action_named
from workflows.engine.format.definition import (
    AutomationStep,
    ColumnDef,
    FieldDef,
    SubworkflowStep,
    TriggerDef,
)
from workflows.engine.format.trigger_kinds import TRIGGER_KINDS
from workflows.engine.rules.evaluation import RuleProblem, compile_expression, operand_kind_of
from workflows.engine.texts import Text, text
from workflows.engine.timing.working_time import parse_duration
from workflows.engine.values.constraints import constraint_refusal
from workflows.engine.values.fields import clean_field_value
from workflows.engine.values.json_paths import PathProblem, check_path
from workflows.engine.values.placeholders import FACTS, PlaceholderProblem, placeholder_names

CALLED_WITH = {
    "http": frozenset(
        {
            *("method", "connection", "url", "path", "query", "headers"),
            *("json", "form", "text", "pages", "timeout", "expect"),
        }
    ),
    "email": frozenset({"to", "subject", "text"}),
    "start_workflow": frozenset({"workflow", "data"}),
}
PAGES_KEYS = {"next", "items", "max"}
MOST_PAGES = 100
BODIES = ("json", "form", "text")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})


def automation_steps(survey: Survey) -> Iterator[tuple[str, AutomationStep]]:
    """The automation steps."""
    for key, step in survey.graph.steps.items():
        if isinstance(step, AutomationStep):
            yield key, step


def check_actions(survey: Survey) -> Iterator[AuditFinding]:
    """The action is one that this site has, and is told what it needs."""
    for key, step in automation_steps(survey):
        if action_named(step.action) is None and not survey.people.has_action(step.action):
            yield make_finding("action_unknown", key, step=survey.called(key), action=step.action)
        for problem in _argument_problems(survey, step):
            yield make_finding("action_told_wrongly", key, step=survey.called(key), problem=problem)


def _argument_problems(survey: Survey, step: AutomationStep) -> Iterator[Text | str]:
    arguments = step.with_ or {}
    action = action_named(step.action)
    settings = action.settings if action is not None else None
    known_arguments = (
        CALLED_WITH.get(step.action)
        if settings is None
        else frozenset(setting.name for setting in settings)
    )
    extra = sorted(set(arguments) - known_arguments) if known_arguments is not None else []
    if known_arguments is not None and extra:
        yield text(
            "it does not know %(unknown)s; it knows %(known)s",
            unknown=", ".join(extra),
            known=", ".join(sorted(known_arguments)),
        )
    yield from _setting_problems(settings or (), arguments)
    check = _CHECKS.get(step.action)
    if check is not None:
        yield from check(survey, arguments)


def _setting_problems(
    settings: Sequence[ActionSetting], arguments: dict[str, Any]
) -> Iterator[Text]:
    """What an action declares of its settings is kept."""
    for setting in settings:
        if setting.name not in arguments:
            if setting.is_required:
                yield text("it needs `%(name)s`", name=setting.name)
        elif not setting.takes(arguments[setting.name]):
            yield text(
                "`%(name)s` cannot be %(value)s", name=setting.name, value=arguments[setting.name]
            )


def _http_problems(survey: Survey, arguments: dict[str, Any]) -> Iterator[Text | str]:
    if ("connection" in arguments) == ("url" in arguments):
        yield text("it needs a `connection` with a `path`, or a whole `url`")
    connection = arguments.get("connection")
    if connection is not None and not survey.people.has_connection(str(connection)):
        yield text("there is no connection '%(key)s' on this site", key=str(connection))
    if str(arguments.get("method", "GET")).upper() not in METHODS:
        yield text("'%(method)s' is no method", method=str(arguments["method"]))
    timeout = arguments.get("timeout", 10)
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout <= 120:
        yield text("`timeout` is a number of seconds, 120 at most")
    yield from _body_problems(arguments)
    yield from _pages_problems(arguments)


def _pages_problems(arguments: dict[str, Any]) -> Iterator[Text | str]:
    """Pages are read, not written, and each says where the next is."""
    pages = arguments.get("pages")
    if pages is None:
        return
    if not isinstance(pages, dict) or not {"next", "items"} <= set(pages) <= PAGES_KEYS:
        yield text("`pages` has `next` and `items`, and may have `max`")
        return
    paths = [str(pages["items"])] + ([str(pages["next"])] if pages["next"] != "link" else [])
    for path in paths:
        try:
            check_path(path)
        except PathProblem as problem:
            yield str(problem).rstrip(".")
    most = pages.get("max", 1)
    if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= MOST_PAGES:
        yield text("`max` of `pages` is a whole number, 100 at most")
    if str(arguments.get("method", "GET")).upper() != "GET" or set(BODIES) & set(arguments):
        yield text("`pages` go with GET and no body")


def _body_problems(arguments: dict[str, Any]) -> Iterator[Text]:
    """A call has one body, of the shape of its kind."""
    bodies = [name for name in BODIES if name in arguments]
    if len(bodies) > 1:
        yield text("a call has one body: %(bodies)s are several", bodies=", ".join(bodies))
    if not isinstance(arguments.get("form", {}), dict):
        yield text("`form` is names and values")
    if not isinstance(arguments.get("text", ""), str):
        yield text("`text` is a text")


def _email_problems(survey: Survey, arguments: dict[str, Any]) -> Iterator[Text | str]:
    if not arguments.get("to"):
        yield text("a mail needs `to`")


def _start_workflow_problems(survey: Survey, arguments: dict[str, Any]) -> Iterator[Text | str]:
    workflow = arguments.get("workflow")
    if not isinstance(workflow, str) or not survey.people.has_workflow(workflow):
        yield text("there is no workflow '%(key)s' on this site", key=str(workflow))


def _set_fields_problems(survey: Survey, arguments: dict[str, Any]) -> Iterator[Text | str]:
    fields = survey.definition.all_fields
    for key, value in arguments.items():
        if key not in fields:
            yield text("there is no field '%(key)s'", key=key)
        elif isinstance(value, str):
            yield from expression_problems(survey.definition.rule_fields(value), key, value)
        else:
            yield from _constant_problems(key, fields[key], value)


def _constant_problems(key: str, field: FieldDef, value: Any) -> Iterator[Text | str]:
    """What a field always refuses of a value that is written in the map."""
    try:
        cleaned = clean_field_value(key, field, value)
    except InvalidInput as refused:
        yield str(refused).rstrip(".")
        return
    refusal = constraint_refusal(field, cleaned, {}, {}) if cleaned is not None else None
    if refusal is not None:
        yield f"{field.label or key}: {refusal}".rstrip(".")


def expression_problems(
    fields: Mapping[str, FieldDef | ColumnDef], key: str, expression: str
) -> Iterator[Text]:
    """Why an expression over these fields cannot give one of them its value."""
    try:
        result = compile_expression(expression, fields)
    except RuleProblem as problem:
        yield text("'%(key)s': %(problem)s", key=key, problem=str(problem).rstrip("."))
        return
    expected_kind, currency = operand_kind_of(fields[key].type), fields[key].currency
    if result.kind != expected_kind:
        yield text(
            "'%(key)s' takes a %(expected_kind)s and `%(expression)s` gives a %(kind)s",
            key=key,
            expected_kind=expected_kind,
            expression=expression,
            kind=result.kind,
        )
    elif currency and result.currency and currency != result.currency:
        yield text(
            "'%(key)s' is in %(currency)s and `%(expression)s` is in %(other_currency)s",
            key=key,
            currency=currency,
            expression=expression,
            other_currency=result.currency,
        )


_CHECKS = {
    "http": _http_problems,
    "email": _email_problems,
    "start_workflow": _start_workflow_problems,
    "set_fields": _set_fields_problems,
}


def check_placeholders(survey: Survey) -> Iterator[AuditFinding]:
    """Placeholders name fields; outputs are looked up where something can be found."""
    for key, step in survey.graph.steps.items():
        if isinstance(step, AutomationStep):
            yield from _placeholder_findings(
                survey, key, step.with_ if step.action != "set_fields" else None
            )
            yield from _output_path_findings(survey, key, step.outputs or {})
        elif isinstance(step, SubworkflowStep):
            yield from _placeholder_findings(survey, key, step.data)
            yield from _output_path_findings(survey, key, step.outputs or {})
            if not survey.people.has_workflow(step.workflow):
                yield make_finding(
                    "subworkflow_unknown", key, step=survey.called(key), workflow=step.workflow
                )


def _placeholder_findings(survey: Survey, key: str, value: Any) -> Iterator[AuditFinding]:
    try:
        unknown = placeholder_names(value) - survey.definition.all_fields.keys() - FACTS
        problems: list[Text | str] = [
            text("no field is called '%(name)s'", name=name) for name in sorted(unknown)
        ]
    except PlaceholderProblem as problem:
        problems = [str(problem).rstrip(".")]
    for words in problems:
        yield make_finding("placeholder_unknown", key, step=survey.called(key), problem=words)


def _output_path_findings(
    survey: Survey, key: str, outputs: dict[str, str]
) -> Iterator[AuditFinding]:
    for name, path in outputs.items():
        try:
            check_path(path)
        except PathProblem as problem:
            yield make_finding(
                "output_path_wrong", key, step=survey.called(key), name=name, problem=problem
            )


def check_triggers(survey: Survey) -> Iterator[AuditFinding]:
    """A trigger can be understood, and gives what the start asks for."""
    begin = survey.definition.start
    for number, trigger in enumerate((begin.triggers if begin else None) or [], start=1):
        yield from _mapping_findings(number, trigger)
        yield from _missing_data_findings(survey, number, trigger)


def _mapping_findings(number: int, trigger: TriggerDef) -> Iterator[AuditFinding]:
    for name, path in (trigger.mapping or {}).items():
        try:
            check_path(path)
        except PathProblem as problem:
            yield make_finding(
                "trigger_path_wrong", None, number=number, name=name, problem=problem
            )


def _missing_data_findings(
    survey: Survey, number: int, trigger: TriggerDef
) -> Iterator[AuditFinding]:
    """A schedule or another workflow's end fills in the start form, for nobody else does."""
    begin = survey.definition.start
    if TRIGGER_KINDS[trigger.kind].brings_values or begin is None:
        return
    given_fields = {*(trigger.data or {}), *(trigger.mapping or {})}
    fields = survey.definition.all_fields
    lacking = [
        f"'{key}'"
        for key in begin.fields or []
        if key in fields and fields[key].is_left_to_others and key not in given_fields
    ]
    if lacking:
        yield make_finding("trigger_field_missing", None, number=number, fields=", ".join(lacking))


def check_reminders(survey: Survey) -> Iterator[AuditFinding]:
    """A reminder comes after some time, not at once for ever."""
    for key, step in survey.humans():
        every = step.on_overdue.remind_every if step.on_overdue else None
        if every is not None and parse_duration(every) == parse_duration("0h"):
            yield make_finding("reminder_never", key, step=survey.called(key), interval=every)


CHECKS = (check_actions, check_placeholders, check_triggers, check_reminders)
