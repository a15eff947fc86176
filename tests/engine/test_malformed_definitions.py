"""Every way we could think of to write a definition wrongly, and what its author is told.

Each row: what is wrong, the text, and the words that the one line must hold.
"""

import json

import pytest

from workflows.engine.errors import DefinitionProblem
from workflows.engine.format.files import read_definition

HEAD = "format: 1\nkey: k\nname: N\n"
END = "  done: {kind: end, result: done}\n"
ASK = "  ask: {kind: task, outcomes: {ok: done}}\n"


def with_steps(steps: str) -> str:
    return f"{HEAD}steps:\n{steps}{END}"


def with_head(text: str) -> str:
    return f"{HEAD}{text}steps:\n{ASK}{END}"


LAUGHS = "a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n"

CASES: list[tuple[str, str | bytes, list[str]]] = [
    ("nothing", "", ["empty", "format: 1"]),
    ("only a comment", "# nothing\n", ["empty"]),
    ("a list", "- a\n- b\n", ["keys and values"]),
    ("one word", "hello", ["keys and values"]),
    ("one number", "42", ["keys and values"]),
    ("a binary file", b"\x89PNG\r\n\x1a\n\x00\x00", ["UTF-8"]),
    ("UTF-16", "format: 1".encode("utf-16"), ["UTF-8"]),
    ("a NUL", "format: 1\nname: a\x00b", ["character"]),
    ("an escaped NUL", with_head('purpose: "a\\0b"\n'), ["line 4", "control character"]),
    ("half a character", json.dumps({"name": "\ud800"}), ["half a character"]),
    ("too large", "#" + "x" * 1_000_001, ["larger than 1 MB"]),
    ("one endless line", "[" * 900_000, ["nested deeper", "line 1"]),
    ("endless JSON", '{"a":' * 100_000, ["nested deeper"]),
    ("deep JSON", '{"a":' * 30 + "1" + "}" * 30, ["nested deeper"]),
    ("billion laughs", LAUGHS, ["line 1", "anchor"]),
    ("an alias", "a: 1\nb: *c\n", ["line 2", "anchor or alias"]),
    ("a merge key", with_head("<<: {a: 1}\n"), ["unknown key '<<'"]),
    ("a Python tag", "a: !!python/object/apply:os.system [ls]\n", ["line 1", "tag"]),
    ("a binary tag", with_head("purpose: !!binary aGk=\n"), ["line 4", "tag"]),
    ("two documents", f"{with_head('')}---\nformat: 1\n", ["second document"]),
    ("a tab", "format: 1\nsteps:\n\ta: 1\n", ["line 3", "YAML"]),
    ("an open bracket", f"{HEAD}steps: [\n", ["YAML"]),
    ("an open quote", f"{HEAD}purpose: 'never closed\n", ["YAML"]),
    ("a colon too many", "name: a: b\n", ["line 1", "colons"]),
    ("wrong indentation", "steps:\n  a: 1\n b: 2\n", ["line 3", "indentation"]),
    ("a key twice", f"{HEAD}name: M\n", ["line 4", "'name' is written twice"]),
    ("a step twice", with_steps(ASK + ASK), ["line 6", "'ask' is written twice"]),
    ("a JSON key twice", '{"format": 1, "format": 1}', ["'format' is written twice"]),
    ("JSON's NaN", '{"format": NaN}', ["NaN", "no number"]),
    ("a number without end", f"format: {'1' * 5000}\n", ["18 digits"]),
    ("infinite", with_head("baseline: {error_rate: 9.0e+999}\n"), ["no number"]),
    ("a list as a key", "? [a]\n: b\n", ["as a key"]),
    ("no format", "key: k\nname: N\nsteps: {}\n", ["format", "missing", "more"]),
    ("another format", "format: 2\nkey: k\nname: N\nsteps: {}\n", ["line 1", "format", "1"]),
    ("format in quotes", "format: '1'\nkey: k\nname: N\nsteps: {}\n", ["line 1", "format"]),
    ("no key", "format: 1\nname: N\nsteps: {}\n", ["key", "missing"]),
    ("a bad key", "format: 1\nkey: My Key\nname: N\nsteps: {}\n", ["line 2", "My Key", "hyphens"]),
    ("no steps", HEAD, ["`steps` is missing"]),
    ("empty steps", f"{HEAD}steps: {{}}\n", ["line 4", "steps", "at least one"]),
    ("steps as a list", f"{HEAD}steps: [a]\n", ["steps", "keys and values"]),
    ("an unknown key", with_head("ownr: x\n"), ["line 4", "'ownr'", "did you mean 'owner'?"]),
    (
        "an endless key",
        with_head("z" * 900 + ": x\n"),
        ["unknown key 'zzz", "remove it"],
    ),
    (
        "an endless value",
        f"format: 1\nkey: {'K' * 5000}\nname: N\nsteps: {{}}\n",
        ["keep it to 60"],
    ),
    ("an unheard-of key", with_head("zzz: x\n"), ["'zzz'", "remove it"]),
    ("no kind", with_steps("  a: {to: done}\n"), ["line 5", "steps.a", "`kind` is missing"]),
    ("a wrong kind", with_steps("  a: {kind: aproval}\n"), ["steps.a", "did you mean 'approval'?"]),
    ("a kind that is a list", with_steps("  a: {kind: [x]}\n"), ["steps.a", "kind"]),
    ("a step that is a word", with_steps("  a: hello\n"), ["steps.a", "kind:"]),
    ("a step's misspelt key", with_steps("  a: {kind: task, role: r, outcome: {}}\n"), ["steps.a"]),
    (
        "a misspelt key of an approval",
        with_steps("  a: {kind: approval, expcted: 1d, outcomes: {ok: done}}\n"),
        ["line 5", "steps.a.expcted", "did you mean 'expected'?"],
    ),
    (
        "a step's bad name",
        with_steps("  My Step: {kind: end, result: x}\n"),
        ["My Step", "letters"],
    ),
    ("no outcomes", with_steps("  a: {kind: task}\n"), ["steps.a.outcomes", "missing"]),
    (
        "empty outcomes",
        with_steps("  a: {kind: task, outcomes: {}}\n"),
        ["outcomes", "at least one"],
    ),
    (
        "an outcome's bad name",
        with_steps("  a: {kind: task, outcomes: {Say Yes: done}}\n"),
        ["Say Yes", "small letters"],
    ),
    (
        "an outcome's misspelt key",
        with_steps("  a: {kind: task, outcomes: {ok: {to: done, coment: required}}}\n"),
        ["steps.a.outcomes.ok", "did you mean 'comment'?"],
    ),
    (
        "a comment that is not required",
        with_steps("  a: {kind: task, outcomes: {ok: {to: done, comment: maybe}}}\n"),
        ["steps.a.outcomes.ok.comment", "'required'"],
    ),
    (
        "exception in quotes",
        with_steps("  a: {kind: task, outcomes: {ok: {to: done, exception: 'true'}}}\n"),
        ["exception", "true or false"],
    ),
    (
        "a way to nowhere",
        with_steps("  a: {kind: task, outcomes: {ok: dne}}\n"),
        ["line 5", "step 'a'", "'dne'", "no such step"],
    ),
    ("a start to nowhere", with_head("start: {first: x}\n"), ["line 4", "start", "'x'"]),
    ("an unknown role", with_steps("  a: {kind: task, role: r, outcomes: {ok: done}}\n"), ["'r'"]),
    (
        "an escalation to an unknown role",
        with_steps("  a: {kind: task, outcomes: {ok: done}, on_overdue: {escalate_to: boss}}\n"),
        ["on_overdue", "'boss'"],
    ),
    (
        "a join that does not exist",
        with_steps("  a: {kind: parallel, branches: [{to: done}], join: j}\n"),
        ["step 'a'", "join 'j'"],
    ),
    (
        "not_by nobody",
        with_steps("  a: {kind: task, not_by: [bob], outcomes: {ok: done}}\n"),
        ["not_by", "requester"],
    ),
    (
        "no branches",
        with_steps("  a: {kind: parallel, branches: []}\n"),
        ["steps.a.branches", "one"],
    ),
    (
        "a duration in words",
        with_steps("  a: {kind: task, due: two days, outcomes: {ok: done}}\n"),
        ["steps.a.due", "two days", "30m"],
    ),
    (
        "a duration as a number",
        with_steps("  a: {kind: task, due: 2, outcomes: {ok: done}}\n"),
        ["steps.a.due", "text"],
    ),
    (
        "a quorum of none",
        with_steps("  a: {kind: task, quorum: 0, outcomes: {ok: done}}\n"),
        ["steps.a.quorum", "1 to 1000", "all"],
    ),
    (
        "a quorum in words",
        with_steps("  a: {kind: task, quorum: most, outcomes: {ok: done}}\n"),
        ["steps.a.quorum", "or all"],
    ),
    (
        "a meaning that is mistyped",
        with_steps("  a: {kind: task, sign: aproval, outcomes: {ok: done}}\n"),
        ["steps.a.sign", "aproval", "approval, review", "sentence of your own"],
    ),
    (
        "a signature of nobody",
        with_steps("  a: {kind: automation, action: http, sign: review, to: done}\n"),
        ["unknown key 'sign'"],
    ),
    ("wait_for some", with_steps("  a: {kind: join, wait_for: some, to: done}\n"), ["all, any"]),
    (
        "too many attempts",
        with_steps("  a: {kind: automation, action: http, retry: {attempts: 500}, to: done}\n"),
        ["line 5", "steps.a.retry.attempts", "500", "100 or less"],
    ),
    (
        "attempts in words",
        with_steps("  a: {kind: automation, action: http, retry: {attempts: five}, to: done}\n"),
        ["steps.a.retry.attempts", "whole number"],
    ),
    ("a wait for nothing", with_steps("  a: {kind: wait, to: done}\n"), ["steps.a", "exactly one"]),
    (
        "a wait for two things",
        with_steps("  a: {kind: wait, for: 1d, message: m, to: done}\n"),
        ["steps.a", "`for`, `until` or `message`"],
    ),
    ("an end without result", with_steps("  a: {kind: end}\n"), ["steps.a.result", "missing"]),
    (
        "a rule without condition",
        with_steps("  a: {kind: decision, rules: [{to: done}]}\n"),
        ["steps.a.rules.1.when", "missing"],
    ),
    (
        "a role in two ways",
        with_head("roles: {r: {groups: [g], field: f}}\n"),
        ["roles.r", "keep one"],
    ),
    ("a role that is a list", with_head("roles: {r: [staff]}\n"), ["roles.r", "keys and values"]),
    ("a role of one text", with_head("roles: {r: {groups: staff}}\n"), ["roles.r.groups", "list"]),
    ("a role's bad name", with_head("roles: {Big Boss: {}}\n"), ["Big Boss", "small letters"]),
    ("an unknown type", with_head("fields: {f: {type: string}}\n"), ["fields.f.type", "'text'"]),
    ("a choice of nothing", with_head("fields: {f: {type: choice}}\n"), ["fields.f", "choices"]),
    (
        "the same choice twice",
        with_head("fields: {f: {type: choice, choices: [a, a]}}\n"),
        ["fields.f", "twice"],
    ),
    (
        "a currency on text",
        with_head("fields: {f: {type: text, currency: EUR}}\n"),
        ["fields.f", "currency"],
    ),
    ("a currency in words", with_head("fields: {f: {type: money, currency: euro}}\n"), ["EUR"]),
    (
        "a choice that is a number",
        with_head("fields: {f: {type: choice, choices: [1]}}\n"),
        ["fields.f.choices.1", "quotes"],
    ),
    (
        "a schedule without time",
        with_head("start: {triggers: [{kind: schedule}]}\n"),
        ["start.triggers.1", "cron"],
    ),
    (
        "an unknown trigger",
        with_head("start: {triggers: [{kind: phone}]}\n"),
        ["start.triggers.1.kind", "'webhook'"],
    ),
    (
        "a trigger's misspelt key",
        with_head("start: {triggers: [{kind: webhook, dta: {}}]}\n"),
        ["start.triggers.1", "did you mean 'data'?"],
    ),
    ("no name of a calendar", with_head("calendar: Full Moon\n"), ["line 4", "calendar", "24/7"]),
    ("review never", with_head("review_every_days: 0\n"), ["review_every_days", "1 or more"]),
    ("an impossible rate", with_head("baseline: {error_rate: 12}\n"), ["error_rate", "0 to 1"]),
    ("a rate in words", with_head("baseline: {error_rate: high}\n"), ["error_rate", "0 to 1"]),
    ("a number for a name", "format: 1\nkey: k\nname: 7\nsteps: {}\n", ["line 3", "quotes"]),
    (
        "an empty name",
        "format: 1\nkey: k\nname: ''\nsteps: {}\n",
        ["line 3", "name", "at least one"],
    ),
]


@pytest.mark.parametrize(("text", "words"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_a_malformed_definition_gives_one_clear_line(text: str | bytes, words: list[str]) -> None:
    with pytest.raises(DefinitionProblem) as caught:
        read_definition(text, name="map.yaml")
    message = str(caught.value)
    assert message.startswith("map.yaml")
    assert "\n" not in message
    assert len(message) < 1000
    assert [word for word in words if word not in message] == []


def test_there_are_at_least_forty_ways_to_get_it_wrong() -> None:
    assert len({name for name, _, _ in CASES}) >= 40


def test_the_other_problems_are_counted() -> None:
    text = with_steps("  a: {kind: task, due: x, expected: y, outcomes: {ok: {to: done, b: 1}}}\n")
    with pytest.raises(DefinitionProblem, match=r"steps\.a\.\w+: .* \(and 2 more\)$"):
        read_definition(text, name="map.yaml")


def test_the_file_s_name_cannot_break_the_line() -> None:
    with pytest.raises(DefinitionProblem) as caught:
        read_definition("[", name="a\nb.yaml")
    assert str(caught.value).startswith("a b.yaml")
