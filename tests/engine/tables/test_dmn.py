"""Decision tables of DMN: out and in again, and files of other tools as far as they are tables of
compliance level 2. The cases are of the kinds of the public compatibility kit, in files of our own.
"""

from itertools import product
from typing import Any

import pytest
from defusedxml import ElementTree

from workflows.engine.dmn.reading import read_dmn
from workflows.engine.dmn.vocabulary import DMN
from workflows.engine.dmn.writing import write_dmn
from workflows.engine.errors import DefinitionProblem
from workflows.engine.format.definition import Definition, TableStep
from workflows.engine.tables.compiling import compile_table
from workflows.engine.tables.decision import DecisionTable

FIELDS: dict[str, Any] = {
    "age": {"type": "integer", "label": "Age"},
    "income": {"type": "money", "currency": "EUR", "label": "Monthly Income"},
    "score": {"type": "number"},
    "category": {"type": "choice", "choices": ["Standard", "Gold", "Smith, Jones"]},
    "member": {"type": "boolean", "label": "Is Member"},
    "joined": {"type": "date"},
    "seen_at": {"type": "datetime"},
    "word": {"type": "text"},
    "routing": {"type": "choice", "choices": ["ACCEPT", "REFER", "DECLINE"]},
    "discount": {"type": "number"},
    "until": {"type": "date"},
    "checks": {"type": "choices", "choices": ["credit", "fraud, AML", "identity"]},
}


def map_with(**table: Any) -> Definition:
    step = {"kind": "table", "inputs": ["age"], "rows": [{"to": "yes"}], "otherwise": "no"} | table
    return Definition.model_validate(
        {
            "format": 1,
            "key": "m",
            "name": "M",
            "fields": FIELDS,
            "steps": {
                "t": {key: part for key, part in step.items() if part is not None},
                "yes": {"kind": "end", "result": "yes"},
                "no": {"kind": "end", "result": "no", "name": "Not this time"},
            },
        }
    )


def compiled(definition: Definition) -> DecisionTable:
    step = definition.steps["t"]
    assert isinstance(step, TableStep)
    return compile_table(step, definition.fields)


def dmn(table: str, *, namespace: str = DMN, more: str = "") -> bytes:
    """A file of another tool around a table."""
    return (
        f'<?xml version="1.0"?>\n<definitions xmlns="{namespace}" name="d" namespace="urn:x">\n'
        f'<decision id="d1" name="First">\n{table}\n</decision>\n{more}</definitions>'
    ).encode()


def table(
    inputs: list[str], outputs: list[str], *rules: str, attributes: str = 'hitPolicy="UNIQUE"'
) -> str:
    """The XML of a table: columns by name, a rule as `cell | cell || result | result`."""
    heads = [
        f"<input><inputExpression><text>{name}</text></inputExpression></input>" for name in inputs
    ]
    results = [f'<output name="{name}"/>' for name in outputs]
    lines = []
    for rule in rules:
        cells, said = (part.split("|") for part in rule.split("||"))
        entries = [f"<inputEntry><text>{escaped(cell)}</text></inputEntry>" for cell in cells]
        entries += [f"<outputEntry><text>{escaped(cell)}</text></outputEntry>" for cell in said]
        lines.append(f"<rule>{''.join(entries)}</rule>")
    body = "\n".join([*heads, *results, *lines])
    return f"<decisionTable {attributes}>\n{body}\n</decisionTable>"


def escaped(cell: str) -> str:
    return cell.strip().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def read(content: bytes, definition: Definition | None = None, **more: Any) -> Definition:
    definition = definition or map_with()
    step = read_dmn(content, definition, "t", name="other.dmn", **more)
    written = definition.dump()
    return Definition.model_validate({**written, "steps": {**written["steps"], "t": step}})


def results(definition: Definition, **data: Any) -> dict[str, Any]:
    return dict(compiled(definition).decide(data).writes)


COLLECT = 'hitPolicy="COLLECT"'


# -- files of other tools ------------------------------------------------------------------------


def test_numbers_by_intervals_with_each_bracket() -> None:
    found = read(
        dmn(
            table(
                ["age"],
                ["routing"],
                '< 18 || "DECLINE"',
                '[18..25) || "REFER"',
                '[25..60[ || "ACCEPT"',
                ']59..70] || "REFER"',
                '(70..80) || "DECLINE"',
                '>= 80 || "DECLINE"',
            )
        )
    )
    ages = {17: "DECLINE", 18: "REFER", 24: "REFER", 25: "ACCEPT", 59: "ACCEPT", 60: "REFER"}
    ages |= {70: "REFER", 71: "DECLINE", 79: "DECLINE", 80: "DECLINE"}
    for age, routing in ages.items():
        assert results(found, age=age) == {"routing": routing}, age


def test_texts_by_equality_lists_and_negation() -> None:
    found = read(
        dmn(
            table(
                ["category", "word"],
                ["routing"],
                '"Gold", "Smith, Jones" | - || "ACCEPT"',
                'not("Gold", "Smith, Jones") | "a \\"b\\"" || "REFER"',
                '"Standard" | not("a \\"b\\"") || "DECLINE"',
            )
        )
    )
    assert results(found, category="Smith, Jones", word="x") == {"routing": "ACCEPT"}
    assert results(found, category="Standard", word='a "b"') == {"routing": "REFER"}
    assert results(found, category="Standard", word="a") == {"routing": "DECLINE"}


def test_booleans_dates_and_moments() -> None:
    found = read(
        dmn(
            table(
                ["Is Member", "joined", "seen_at"],
                ["until", "discount"],
                'true | < date("2026-01-01") | - || date("2026-12-31") | 0.15',
                'true | >= date(2026, 1, 1) | < date and time("2026-05-01T00:00:00Z")'
                ' || date("2027-12-31") | .05',
                "false | - | - || null | 0",
            )
        )
    )
    old = {"member": True, "joined": "2025-12-31", "seen_at": None}
    assert results(found, **old) == {"until": "2026-12-31", "discount": "0.15"}
    new = {"member": True, "joined": "2026-01-01", "seen_at": "2026-04-30T23:59:59Z"}
    assert results(found, **new) == {"until": "2027-12-31", "discount": "0.05"}
    assert results(found, member=False) == {"discount": "0"}


def test_an_empty_field_is_null() -> None:
    found = read(dmn(table(["age"], ["routing"], 'null || "REFER"', '> 0 || "ACCEPT"')))
    assert results(found, age=None) == {"routing": "REFER"}


def test_names_are_keys_labels_or_what_keys_would_be_made_of_them() -> None:
    for name in ("income", "Monthly Income", "monthly income"):
        found = read(dmn(table([name], ["Routing"], '>= 2000.50 || "ACCEPT"')))
        assert results(found, income="2000.50") == {"routing": "ACCEPT"}


@pytest.mark.parametrize(
    ("decision", "attributes"),
    [
        ('name="Routing"', ""),
        ('name="Where to"><variable name="routing"/', ""),
        ('name="Where to"', ' outputLabel="Routing"'),
    ],
)
@pytest.mark.parametrize("output", ["<output/>", "<output id='o1' typeRef='string'/>"])
def test_an_only_output_without_a_name_has_the_name_of_its_decision(
    decision: str, attributes: str, output: str
) -> None:
    said = table(
        ["age"], ["routing"], '> 10 || "REFER"', attributes=f'hitPolicy="UNIQUE"{attributes}'
    )
    content = dmn(said.replace('<output name="routing"/>', output)).decode()
    found = read(content.replace('name="First"', decision).encode())
    assert results(found, age=11) == {"routing": "REFER"}


def test_an_output_that_nothing_names_is_refused_by_the_name_of_its_decision() -> None:
    said = table(["age"], ["routing"], '> 10 || "REFER"').replace(' name="routing"', "")
    with pytest.raises(DefinitionProblem, match="sets 'First', and the map has no such field"):
        read(dmn(said))


def test_of_several_outputs_each_has_a_name_of_its_own() -> None:
    said = table(["age"], ["routing", "discount"], '> 10 || "REFER" | 5')
    content = dmn(said.replace(' name="discount"', "")).replace(b'"First"', b'"Discount"')
    with pytest.raises(DefinitionProblem, match="sets '', and the map has no such field"):
        read(content)


def test_first_and_collect() -> None:
    rules = ('> 10 || "REFER"', '> 5 || "ACCEPT"')
    found = read(dmn(table(["age"], ["routing"], *rules, attributes='hitPolicy="FIRST"')))
    assert [results(found, age=age)["routing"] for age in (11, 6)] == ["REFER", "ACCEPT"]
    for how, expected in (("SUM", "3"), ("MIN", "1"), ("MAX", "2"), ("COUNT", "2")):
        attributes = f'hitPolicy="COLLECT" aggregation="{how}"'
        rules = ("> 10 || 1", "> 5 || 2")
        found = read(dmn(table(["age"], ["discount"], *rules, attributes=attributes)))
        assert results(found, age=11) == {"discount": expected}, how


def test_collect_without_aggregator_gives_a_list_to_a_field_of_several() -> None:
    rules = ('> 10 || "credit"', '> 5 || ["identity", "fraud, AML"]', "> 90 || []", "> 0 || null")
    found = read(dmn(table(["age"], ["checks"], *rules, attributes=COLLECT)), map_that_goes_on())
    said = found.dump()["steps"]["t"]
    assert (said["hit"], said["collect"]) == ("collect", {"checks": "list"})
    assert results(found, age=95) == {"checks": ["credit", "fraud, AML", "identity"]}
    assert results(found, age=7) == {"checks": ["fraud, AML", "identity"]}
    assert results(found, age=1) == {}


def test_collect_without_aggregator_into_one_value_says_what_to_change() -> None:
    written = dmn(table(["age"], ["routing"], '- || "ACCEPT"', attributes=COLLECT))
    before = map_with()
    with pytest.raises(DefinitionProblem) as refused:
        read(written, before)
    said = str(refused.value)
    assert "make 'routing' a field of the type choices or users, or say in the file how" in said
    assert before == map_with()


def map_that_goes_on() -> Definition:
    return map_with(rows=[{}], to="yes")


def test_collected_rows_that_all_lead_to_one_step_lead_the_table_there() -> None:
    rules = ('> 10 || 1 | "no"', '> 5 || 2 | "no"')
    attributes = f'{COLLECT} aggregation="SUM"'
    found = read(dmn(table(["age"], ["discount", "to"], *rules, attributes=attributes)))
    assert found.dump()["steps"]["t"]["to"] == "no"
    assert compiled(found).decide({"age": 11}).to == "no"


def test_unique_is_what_a_file_means_that_says_nothing() -> None:
    found = read(dmn(table(["age"], ["routing"], '< 5 || "ACCEPT"', attributes="")))
    assert "hit" not in found.dump()["steps"]["t"]
    assert compiled(found).hit == "unique"


LEVEL_2 = [
    # (column, cell, what it takes, what it does not)
    ("age", "5", [5], [4, 6, None]),
    ("age", "-1, [3..5], > 90", [-1, 3, 5, 91], [0, 2, 6, 90, None]),
    ("age", "not([3..5])", [2, 6], [3, 5, None]),
    ("age", "not(3, > 5)", [2, 4, 5], [3, 6, None]),
    ("score", "(0.5..1.5)", ["0.6", "1.4"], ["0.5", "1.5"]),
    ("score", "]0.5..1.5]", ["0.6", "1.5"], ["0.5", "1.6"]),
    ("score", "[-1.5..-0.5[", ["-1.5", "-0.6"], ["-0.5", "0"]),
    ("income", "<= 1000.50", ["1000.50", "0.00"], ["1000.51", None]),
    ("category", '"Gold"', ["Gold"], ["Standard", None]),
    ("category", '"Gold", "Smith, Jones"', ["Gold", "Smith, Jones"], ["Standard"]),
    ("category", 'not("Gold")', ["Standard"], ["Gold", None]),
    ("word", '"<5"', ["<5"], ["4"]),
    ("member", "true", [True], [False, None]),
    ("member", "not(true)", [False], [True, None]),
    ("member", "true, false", [True, False], [None]),
    ("joined", 'date("2026-01-31")', ["2026-01-31"], ["2026-02-01", None]),
    (
        "joined",
        '[date("2026-01-01")..date("2026-06-30"))',
        ["2026-01-01", "2026-06-29"],
        ["2026-06-30", "2025-12-31"],
    ),
    (
        "joined",
        'not(date("2026-01-01"), date("2026-01-02"))',
        ["2026-01-03"],
        ["2026-01-01", "2026-01-02", None],
    ),
    ("joined", '@"2026-01-31"', ["2026-01-31"], ["2026-02-01"]),
    ("age", "-", [1, None], []),
    ("age", "", [1, None], []),
    ("age", "null", [None], [1]),
]


@pytest.mark.parametrize(("column", "cell", "taken", "left"), LEVEL_2)
def test_each_kind_of_unary_test_takes_what_dmn_says(
    column: str, cell: str, taken: list[Any], left: list[Any]
) -> None:
    rules = (f'{cell} || "ACCEPT"', '- || "DECLINE"')
    found = read(dmn(table([column], ["routing"], *rules, attributes='hitPolicy="FIRST"')))
    for value in taken:
        assert results(found, **{column: value}) == {"routing": "ACCEPT"}, value
    for value in left:
        assert results(found, **{column: value}) == {"routing": "DECLINE"}, value


@pytest.mark.parametrize("policy", ["UNIQUE", "FIRST", "ANY", "COLLECT"])
def test_default_outputs_stand_in_for_rows_with_each_hit_policy(policy: str) -> None:
    attributes = f'hitPolicy="{policy}"' + (' aggregation="SUM"' if policy == "COLLECT" else "")
    written = table(["age"], ["discount"], "> 5 || 2", attributes=attributes).replace(
        '<output name="discount"/>',
        '<output name="discount"><defaultOutputEntry><text>0.5</text></defaultOutputEntry>'
        "</output>",
    )
    found = read(dmn(written))
    assert results(found, age=6) == {"discount": "2"}
    assert results(found, age=5) == {"discount": "0.5"}


def test_collected_dates_have_a_first_and_a_last() -> None:
    rules = ('- || date("2026-05-01")', '> 5 || date("2026-01-01")')
    for how, expected in (("MIN", "2026-01-01"), ("MAX", "2026-05-01")):
        attributes = f'{COLLECT} aggregation="{how}"'
        found = read(dmn(table(["age"], ["until"], *rules, attributes=attributes)))
        assert results(found, age=6) == {"until": expected}


def test_any_is_read_as_first_where_rows_that_meet_agree() -> None:
    agreeing = table(
        ["age"], ["routing"], '> 10 || "REFER"', '> 5 || "REFER"', attributes='hitPolicy="ANY"'
    )
    assert read(dmn(agreeing)).dump()["steps"]["t"]["hit"] == "first"
    with pytest.raises(DefinitionProblem, match="rows 1 and 2 hold at once"):
        read(dmn(agreeing.replace('"REFER"', '"ACCEPT"', 1)))


def test_rows_may_say_where_they_lead_by_key_or_name() -> None:
    found = read(dmn(table(["age"], ["to"], '< 5 || "yes"', '>= 5 || "Not this time"')))
    assert [compiled(found).decide({"age": age}).to for age in (1, 9)] == ["yes", "no"]


def test_defaults_descriptions_and_annotations_come_along() -> None:
    written = table(["age"], ["routing"], '< 5 || "ACCEPT"')
    written = written.replace(
        '<output name="routing"/>',
        '<output name="routing"><defaultOutputEntry><text>"DECLINE"</text></defaultOutputEntry>'
        "</output>",
    ).replace("<rule>", "<rule><description>young\nonly</description>")
    step = read(dmn(written)).dump()["steps"]["t"]
    assert step["defaults"] == {"routing": "DECLINE"}
    assert step["rows"][0]["note"] == "young only"


@pytest.mark.parametrize(
    "namespace",
    [
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
    ],
)
def test_older_and_newer_files_are_read_as_well(namespace: str) -> None:
    written = dmn(table(["age"], ["routing"], '- || "ACCEPT"'), namespace=namespace)
    assert results(read(written), age=1) == {"routing": "ACCEPT"}


def test_one_of_several_decisions_is_named() -> None:
    other = f'<decision id="d2" name="Second">{table(["age"], ["routing"], "- || null")}</decision>'
    first = table(["age"], ["routing"], '- || "ACCEPT"')
    with pytest.raises(
        DefinitionProblem, match="several decision tables; name one of: First, Second"
    ):
        read(dmn(first, more=other))
    assert results(read(dmn(first, more=other), decision="d1"), age=1) == {"routing": "ACCEPT"}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (table(["age"], ["routing"], '- || "A"', attributes='hitPolicy="PRIORITY"'), "PRIORITY"),
        (table(["age"], ["routing"], "- || 1", attributes='hitPolicy="OUTPUT ORDER"'), "OUTPUT"),
        (table(["age"], ["routing"], "- || 1", attributes='hitPolicy="RULE ORDER"'), "RULE ORDER"),
        (table(["age"], ["checks"], "- || [1]", attributes=COLLECT), "is no list of texts"),
        (table(["age"], ["checks"], "- || credit", attributes=COLLECT), "'credit' is no literal"),
        (table(["age"], ["checks"], '- || ["smell"]', attributes=COLLECT), "credit, fraud, AML"),
        (
            table(["age"], ["checks"], '- || "credit"', attributes=f'{COLLECT} aggregation="SUM"'),
            "cannot take the sum of rows",
        ),
        (
            table(["age"], ["checks"], '- || "credit"', attributes=f'{COLLECT} aggregation="AVG"'),
            "by AVG; a map knows SUM, MIN, MAX, COUNT, and lists",
        ),
        (
            table(["age"], ["to"], '< 5 || "yes"', '- || "no"', attributes=COLLECT),
            "rows that lead to several steps",
        ),
        (table(["weight"], ["routing"], "- || 1"), "asks 'weight', and the map has no such field"),
        (table(["age"], ["colour"], "- || 1"), "sets 'colour'"),
        (table(["age"], ["routing"], '> income || "ACCEPT"'), "'income' is no literal"),
        (table(["age"], ["routing"], '> 5 + 1 || "ACCEPT"'), "no literal"),
        (table(["age"], ["routing"], '"5" || "ACCEPT"'), "text in quotes"),
        (table(["word"], ["routing"], '> "a" || "ACCEPT"'), "only numbers and dates"),
        (table(["age"], ["routing"], '[9..5] || "ACCEPT"'), "ends before it begins"),
        (table(["age"], ["routing"], '- || "MAYBE"'), "ACCEPT, REFER, DECLINE"),
        (table(["age"], ["routing"], "- || upper(word)"), "no literal"),
        (table(["age"], ["to"], '- || "nowhere"'), "no such step"),
        (table(["joined"], ["routing"], '> duration("P1D") || "ACCEPT"'), "no date"),
        ("<literalExpression><text>1</text></literalExpression>", "no such decision table"),
    ],
)
def test_what_a_map_cannot_say_is_refused_with_its_line(written: str, said: str) -> None:
    with pytest.raises(DefinitionProblem) as refused:
        read(dmn(written))
    assert said in str(refused.value)
    assert "other.dmn, line " in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no xml",
        b'<!DOCTYPE d [<!ENTITY a "b">]><definitions xmlns="x">&a;</definitions>',
        b'<definitions xmlns="urn:other"/>',
        b"<a>" * 200,
    ],
)
def test_what_is_no_dmn_file_is_refused_in_one_line(content: bytes) -> None:
    with pytest.raises(DefinitionProblem) as refused:
        read(content)
    assert "\n" not in str(refused.value)


# -- our own -------------------------------------------------------------------------------------

OURS = [
    {
        "inputs": ["income", "category", "member"],
        "outputs": ["routing", "discount"],
        "rows": [
            {
                "when": {"income": "< 1000.50", "category": ["Gold", "Smith, Jones"]},
                "set": {"routing": "REFER", "discount": 0.5},
                "to": "no",
                "note": "little and dear",
            },
            {"when": {"income": "[1000.50..2000)", "category": "not(Gold)"}, "to": "yes"},
            {"when": {"member": True, "income": None}, "set": {"routing": "ACCEPT"}, "to": "yes"},
        ],
        "hit": "first",
        "defaults": {"routing": "DECLINE"},
    },
    {
        "inputs": ["joined", "seen_at", "word"],
        "outputs": ["until"],
        "rows": [
            {
                "when": {"joined": "(2026-01-01..2026-06-30]", "word": '"<5", a'},
                "set": {"until": "2026-12-31"},
            },
            {"when": {"seen_at": ">= 2026-01-01T00:00:00Z", "word": 'not(a, "null")'}},
        ],
        "to": "yes",
    },
    {
        "inputs": ["age", "score"],
        "outputs": ["discount"],
        "rows": [
            {"when": {"age": "not(< 5, 7)"}, "set": {"discount": "1.2345"}},
            {"when": {"score": "-0.5, [1..2]"}, "set": {"discount": 2}},
        ],
        "hit": "collect",
        "collect": {"discount": "sum"},
        "to": "yes",
        "otherwise": None,
    },
    {
        "inputs": ["age"],
        "outputs": ["checks"],
        "rows": [
            {"when": {"age": "> 5"}, "set": {"checks": ["credit", "fraud, AML"]}},
            {"set": {"checks": ["identity"]}},
        ],
        "hit": "collect",
        "collect": {"checks": "list"},
        "to": "yes",
        "otherwise": None,
    },
]


@pytest.mark.parametrize("said", OURS)
def test_what_is_written_is_read_again_as_the_same_table(said: dict[str, Any]) -> None:
    before = map_with(**said)
    written = write_dmn(before, "t")
    assert ElementTree.fromstring(written).tag == f"{{{DMN}}}definitions"
    after = read(written.encode(), before)
    one, other = compiled(before), compiled(after)
    assert [row.regions for row in one.rows] == [row.regions for row in other.rows]
    assert [row.results for row in one.rows] == [row.results for row in other.rows]
    assert [one.way_of(row)[1] for row in one.rows] == [other.way_of(row)[1] for row in other.rows]
    assert (one.defaults, one.hit) == (other.defaults, other.hit)
    assert one.way_without_row() == other.way_without_row()
    notes = [row.note for row in one.step.rows or ()]
    assert [row.note for row in other.step.rows or ()] == notes


def test_not_leaves_an_empty_field_out_in_the_file_too() -> None:
    written = write_dmn(
        map_with(inputs=["category"], rows=[{"when": {"category": "not(Gold)"}, "to": "yes"}]), "t"
    )
    assert 'not("Gold", null)' in written


def test_brackets_of_each_kind_mean_the_same_here_and_there() -> None:
    for opening, closing in product("[(]", "])["):
        cell = f"{opening}1..3{closing}"
        ours = compiled(map_with(rows=[{"when": {"age": cell}, "to": "yes"}]))
        theirs = compiled(read(dmn(table(["age"], ["routing"], f'{cell} || "ACCEPT"'))))
        assert ours.rows[0].regions == theirs.rows[0].regions, cell
