"""The map audit: one small map a finding, and a sound map that has none.

The rows are in `audit_cases.py` and in the files beside it.
"""

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.audit_cases import (
    CASES as FIRST,
)
from tests.engine.audit_cases import (
    SOUND,
    Directory,
    Map,
    S,
    damaged,
    decide,
    human,
    put,
    several,
    steps,
)
from tests.engine.audit_cases_chains import CHAIN_CASES
from tests.engine.audit_cases_empty import EMPTY_CASES
from tests.engine.audit_cases_fields import FIELD_CASES
from tests.engine.audit_cases_more import MORE
from tests.engine.audit_cases_numbers import NUMBER_CASES
from tests.engine.audit_cases_quorums import QUORUM_CASES
from tests.engine.audit_cases_resources import RESOURCES
from tests.engine.audit_cases_rows import ROW_CASES
from tests.engine.audit_cases_tables import TABLE_CASES, table
from tests.engine.audit_cases_work import WORK_CASES
from tests.shared import DATA
from workflows.engine.audit import CODES, AnyPeople, AuditFinding, audit_definition
from workflows.engine.audit.findings import SEVERITIES
from workflows.engine.audit.sentences import SENTENCES
from workflows.engine.format.definition import Definition, RoleDef
from workflows.engine.format.files import read_definition

CASES = [
    *(*FIRST, *WORK_CASES, *TABLE_CASES, *MORE, *FIELD_CASES),
    *(*RESOURCES, *ROW_CASES, *CHAIN_CASES, *EMPTY_CASES, *QUORUM_CASES),
    *NUMBER_CASES,
]
HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "audit.md"


def short(findings: tuple[AuditFinding, ...]) -> set[str]:
    return {f"{f.code}@{f.step}" if f.step else f.code for f in findings}


@pytest.mark.parametrize(("edit", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_the_audit_finds_exactly_what_was_damaged(
    edit: Callable[[Map], None], expected: str
) -> None:
    findings = audit_definition(damaged(edit), Directory())
    loose = {word[:-1] for word in expected.split() if word.endswith("*")}
    strict = {word for word in expected.split() if not word.endswith("*")}
    assert loose <= {finding.code for finding in findings}
    assert short(tuple(f for f in findings if f.code not in loose)) == strict


def test_a_sound_map_has_no_finding() -> None:
    assert audit_definition(damaged(lambda data: None), Directory()) == ()


def test_the_sample_file_is_sound_but_for_triggers_that_leave_the_form_empty() -> None:
    text = (HERE / "maps" / "equipment.yaml").read_text(encoding="utf-8")
    found = audit_definition(read_definition(text, name="equipment.yaml"), AnyPeople())
    assert [(f.code, f.severity) for f in found] == [
        *[("trigger_field_missing", "warning")] * 2,
        ("trigger_without_requester", "warning"),
    ]


OTHERS = DATA.parent / "cases" / "maps"


@pytest.mark.skipif(not OTHERS.is_dir(), reason="the shared maps are not here")
def test_maps_of_other_people_are_clean_or_warned_of() -> None:
    files = sorted(OTHERS.glob("*.yaml"))
    assert files
    for file in files:
        definition = read_definition(file.read_bytes(), name=file.name)
        assert {f.severity for f in audit_definition(definition, AnyPeople())} <= {"warning"}, (
            file.name
        )


FROM_OUTSIDE = {"role_setting_wrong"}
"""What only parts from outside can find: tried in `tests/extensions`."""


def test_every_finding_is_tried_above() -> None:
    words = {word.rstrip("*").partition("@")[0] for case in CASES for word in case[2].split()}
    assert words | FROM_OUTSIDE == set(CODES)


@pytest.mark.parametrize("edit", [c[1] for c in CASES], ids=[c[0] for c in CASES])
def test_every_finding_says_what_goes_wrong_and_how_to_mend_it(
    edit: Callable[[Map], None],
) -> None:
    definition = damaged(edit)
    for finding in audit_definition(definition, Directory()):
        assert finding.severity == CODES[finding.code]
        assert re.fullmatch(r"['A-Z].*[.?]", str(finding.message)), finding.code
        assert re.fullmatch(r"[A-Z].*\.", str(finding.remedy)), finding.code
        assert finding.step is None or finding.step in definition.steps


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = [((*path, key), part) for key, part in inner]
    below = [p for way, part in found if isinstance(part, dict | list) for p in _places(part, way)]
    return [way for way, _ in found] + below


@given(st.lists(st.sampled_from(_places(SOUND)), min_size=1, max_size=6), st.data())
@settings(max_examples=300)
def test_whatever_can_be_read_can_be_audited(
    ways: list[tuple[Any, ...]], data: st.DataObject
) -> None:
    """Parts are taken away, or replaced by others of the same map."""
    written = copy.deepcopy(SOUND)
    for *way, last in ways:
        holder: Any = written
        try:
            for key in way:
                holder = holder[key]
            if data.draw(st.booleans()):
                del holder[last]
            else:
                holder[last] = data.draw(st.sampled_from([*SOUND["steps"], "amount", None, 3]))
        except (KeyError, IndexError, TypeError):
            continue  # an earlier edit took the place away
    try:
        definition = Definition.model_validate(written)
    except ValueError:
        return
    assert all(finding.code in CODES for finding in audit_definition(definition, Directory()))


def test_errors_come_before_warnings() -> None:
    edits = several(put(S + "legal.due", ...), put(S + "tech.expected", ...))
    assert [f.severity for f in audit_definition(damaged(edits), Directory())] == [
        "error",
        "warning",
    ]


def test_a_loop_through_a_join_that_waits_for_a_person_is_no_endless_loop() -> None:
    edits = several(
        put(S + "checks.branches.1", {"to": "checked", "when": "urgent"}),
        put(S + "checked.to", "next"),
        steps(next=decide("pay", checks="urgent")),
        put(S + "lead_look.outcomes.look", "tech"),
        put(S + "tech.outcomes.ok", "pay"),
    )
    assert audit_definition(damaged(edits), Directory()) == ()


def test_what_all_branches_write_is_filled_in_after_their_join() -> None:
    edits = several(
        put("fields.price", {"type": "money", "currency": "EUR", "required": True}),
        put("fields.colour", {"type": "text", "required": True}),
        put(S + "legal.outputs", ["price"]),
        put(S + "tech.outputs", ["colour"]),
        put(S + "checked.to", "next"),
        steps(next=decide("pay", fix="price > 3", lead_look="colour == 'x'")),
    )
    found = short(audit_definition(damaged(edits), Directory()))
    assert found == {"rule_field_may_be_empty@next"}  # colour: the branch of tech is conditional
    edits = several(edits, put(S + "checks.branches.1", {"to": "tech"}))
    assert audit_definition(damaged(edits), Directory()) == ()


def test_without_a_directory_everyone_exists_and_groups_are_full() -> None:
    people = AnyPeople()
    assert people.is_active("whoever")
    role = RoleDef.model_validate({"groups": ["crew"], "users": ["ann"]})
    assert len(people.members(role)) == 1001
    assert people.members(RoleDef()) == frozenset()


def test_the_largest_map_is_audited_in_seconds() -> None:
    row = {
        f"t{n}": human("task", "crew", {"ok": f"t{n + 1}", "back": f"t{max(0, n - 1)}"})
        for n in range(1990)
    }
    data = copy.deepcopy(SOUND)
    data["steps"] = row | {"t1990": {"kind": "end", "result": "done"}}
    data["start"]["first"] = "t0"
    findings = audit_definition(Definition.model_validate(data), Directory())
    assert {f.code for f in findings} == {"exceptions_too_few"}


def test_the_page_explains_every_finding_with_its_severity() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert dict(rows) == dict(CODES)
    assert len(rows) == len(CODES)


def test_each_code_has_sentences_and_no_sentence_is_of_another_code() -> None:
    codes = {key.partition(".")[0] for key in SENTENCES}
    assert codes == set(SEVERITIES)


def test_findings_say_of_a_table_what_its_page_says() -> None:
    rows = [
        {"when": {"amount": "< 5"}, "to": "checks"},
        {"when": {"amount": "[4..9)"}, "to": "lead_look"},
    ]
    said = _table_sentences(*rows)
    assert "both hold for How much = 4" in said
    assert "say that the first row counts that holds (`hit: first`)" in said
    assert "it does not say where else requests go" in said
    wrong = {"when": {"amount": "< lots"}, "to": "checks"}
    assert "row 3, 'How much'" in _table_sentences(*rows, wrong)


def test_a_worked_out_field_that_may_be_empty_is_told_with_what_it_is_worked_out_from() -> None:
    edit = several(
        put("fields.rate", {"type": "number"}),
        put("fields.extra", {"type": "number", "value": "amount * rate"}),
        put("fields.total", {"type": "number", "value": "amount + extra"}),
        put("start.fields", ["amount", "urgent", "lead", "rate"]),
        put("steps.size.rules", [{"when": "total > 9 or rate > 9", "to": "checks"}]),
    )
    (finding,) = audit_definition(damaged(edit), Directory())
    assert "needs 'rate' and 'total' (worked out from 'rate'), which may" in str(finding.message)


def _table_sentences(*rows: Map) -> str:
    """What the audit says of a map with these rows, in which the amount has a label."""
    labelled = put("fields.amount.label", "How much")
    findings = audit_definition(damaged(several(table(*rows), labelled)), Directory())
    return " ".join(f"{finding.message} {finding.remedy}" for finding in findings)
