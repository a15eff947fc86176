"""Random maps that are sound by construction, and random edits that may break them.

A map is drawn as nested pieces (steps in a row, choices, parallel blocks, branches for each row of
a list, loops, state machines) and then written down from its end to its beginning, so that every
piece knows where it leads.
"""

import copy
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from workflows.engine.format.definition import Definition

VALUE_CONDITIONS = ("amount > 500", "urgent", "not urgent", "site == 'Oslo'", "note == 'x'")
FACT_CONDITIONS = (
    "requester.department == 'IT'",
    "'crew' in requester.groups or urgent",
    "requester.approval_limit >= amount",
    "outcome_of.redo == 'again'",
    "count_of.review.redo > 0 and outcome_of.review != 'no'",
)
"""Of who asked, and of what was decided at the two steps that every map has."""
CONDITIONS = (*VALUE_CONDITIONS, *FACT_CONDITIONS)
FIELDS = {
    "amount": {"type": "money", "required": True},
    "urgent": {"type": "boolean", "required": True},
    "site": {"type": "choice", "choices": ["Oslo", "Lyon"], "required": True},
    "note": {"type": "text"},
    "boss": {"type": "user"},
}
LISTS = {
    "lines": {
        "type": "list",
        "columns": {
            "item": {"type": "text", "required": True},
            "net": {"type": "money", "required": True},
            "good": {"type": "boolean"},
            "who": {"type": "user"},
        },
    },
    "people": {"type": "users"},
}
"""What branches go through; only maps that have such branches have them."""
CHAIN = "chain"
MANAGERS = {"chain_of": "requester", "until": "level >= 2 or urgent"}
"""The managers through whom they go besides."""
LIST_CONDITIONS = (
    "any(lines, net > 500)",
    "count(lines) > 1",
    "sum(lines.net) > 500",
    "count(lines, net > 500) > 1",
    "sum(lines.net, net > 500) > 900",
)
ROLES = {
    "staff": {"groups": ["staff"]},
    "crew": {"groups": ["crew"]},
    "board": {"groups": ["board"], "users": ["p1"]},
    "boss": {"field": "boss"},
    "requester": {"requester": True},
}

human = st.fixed_dictionaries(
    {
        "piece": st.just("human"),
        "kind": st.sampled_from(["task", "approval"]),
        "role": st.sampled_from(["crew", "crew", "board", "boss"]),
        "quorum": st.sampled_from([None, None, None, 2, "all", "60%"]),
        "outputs": st.sets(st.sampled_from(["amount", "urgent", "note", "boss"]), max_size=2),
        "exit": st.sampled_from([None, None, "refused", "redo", "outer", "conditional"]),
        "not_by": st.sampled_from([None, None, [], ["redo"]]),
        "sign": st.sampled_from([None, None, None, "review", "I have read it"]),
        "expires": st.sampled_from([None, None, None, "next", "redo", "refused"]),
    }
)


outside = st.fixed_dictionaries(
    {
        "piece": st.just("outside"),
        "kind": st.sampled_from(["set", "flaky", "flaky", "for", "message"]),
        "on_error": st.sampled_from([None, None, "redo", "refused"]),
    }
)
leaves = st.one_of(human, human, human, outside)


def _each(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {
            "piece": st.just("each"),
            "source": st.sampled_from([*sorted(LISTS), CHAIN]),
            "body": st.none() | inner,
            "beside": st.none() | inner,
            "when": st.booleans(),
            "one_at_a_time": st.sampled_from([None, True]),
            "stop_on": st.sampled_from([None, "refusal"]),
            "role": st.booleans(),
            "outputs": st.sets(st.sampled_from(["net", "good", "who"]), max_size=2),
            "wait_for": st.sampled_from(["all", "all", "any", 2, "50%", "100%", "1%"]),
        }
    )


def _pieces(inner: st.SearchStrategy[Any], *, rows: bool = False) -> st.SearchStrategy[Any]:
    condition = st.sampled_from((*CONDITIONS, *(LIST_CONDITIONS if rows else ())))
    row = _row(inner)
    choice = st.fixed_dictionaries(
        {
            "piece": st.just("choice"),
            "rules": st.lists(st.tuples(condition, inner), min_size=1, max_size=2),
            "otherwise": st.none() | inner,
            "table": st.sampled_from([False, False, True]),
        }
    )
    block = st.fixed_dictionaries(
        {
            "piece": st.just("block"),
            "branches": st.lists(
                st.tuples(st.none() | condition, st.none() | inner), min_size=1, max_size=3
            ),
            "wait_for": st.sampled_from(
                ["all", "all", "any", 1, 2, *(["50%", "34%"] if rows else [])]
            ),
        }
    )
    loop = st.fixed_dictionaries({"piece": st.just("loop"), "body": inner})
    machine = st.fixed_dictionaries({"piece": st.just("machine"), "states": st.integers(2, 4)})
    each = [_each(inner), _each(inner)] if rows else []
    return st.one_of(leaves, row, block, block, block, choice, loop, machine, *each)


def _row(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    parts = st.lists(inner, min_size=1, max_size=3)
    return st.fixed_dictionaries({"piece": st.just("row"), "parts": parts})


NESTED = 4
pieces: st.SearchStrategy[Any] = leaves
row_pieces: st.SearchStrategy[Any] = leaves
for _ in range(NESTED):
    pieces = _pieces(pieces)
    row_pieces = _pieces(row_pieces, rows=True)


CELLS: dict[str, Any] = {
    "amount > 500": {"amount": "> 500"},
    "urgent": {"urgent": True},
    "not urgent": {"urgent": False},
    "site == 'Oslo'": {"site": "Oslo"},
    "note == 'x'": {"note": "x"},
    "requester.department == 'IT'": {"requester.department": "IT"},
    "outcome_of.redo == 'again'": {"outcome_of.redo": "again"},
}


def _as_table(rules: list[dict[str, Any]], otherwise: str) -> dict[str, Any]:
    """The same choice as the rows of a table, which sets a field as well."""
    rows = [
        {"when": CELLS[rule["when"]], "set": {"note": f"row {number}"}, "to": rule["to"]}
        for number, rule in enumerate(rules, start=1)
    ]
    inputs = sorted({key for row in rows for key in row["when"]})
    written = {"kind": "table", "inputs": inputs, "outputs": ["note"], "hit": "first"}
    return {**written, "rows": rows, "otherwise": otherwise}


@dataclass
class Writer:
    """Writes pieces down as steps, each before what it leads to."""

    steps: dict[str, Any] = field(default_factory=dict)
    roles: dict[str, Any] = field(default_factory=lambda: copy.deepcopy(ROLES))
    rows: list[str] = field(default_factory=list)
    """What the rows are called around what is being written, from the outermost on."""

    def name(self, kind: str) -> str:
        """A key that is not taken yet."""
        return f"{kind}{len(self.steps)}"

    def write(self, piece: Any, to: str, outer: str) -> str:
        """Write a piece that leads to `to`; its first step. `outer` is a step to go back to."""
        return getattr(self, f"_{piece['piece']}")(piece, to, outer)

    def _person(self, key: str, outcomes: dict[str, Any], **more: Any) -> str:
        self.steps[key] = {
            "kind": "task",
            "role": "crew",
            "expected": "1h",
            "due": "1d",
            "outcomes": outcomes,
        } | {name: value for name, value in more.items() if value is not None}
        return key

    def _human(self, piece: Any, to: str, outer: str) -> str:
        outcomes: dict[str, Any] = {"ok": to}
        if piece["exit"] == "conditional":
            outcomes["maybe"] = {"to": to, "when": "urgent"}
        elif piece["exit"]:
            target = outer if piece["exit"] == "outer" else piece["exit"]
            outcomes["out"] = {"to": target, "exception": True}
        quorum = piece["quorum"] if piece["role"] != "boss" else None
        return self._person(
            self.name("h"),
            outcomes,
            kind=piece["kind"],
            role=piece["role"],
            quorum=quorum,
            outputs=sorted(piece["outputs"]) or None,
            not_by=piece["not_by"],
            not_by_reason=None if piece["not_by"] is None else "They are few.",
            sign=piece.get("sign"),
            expires=self._expiry(piece, to),
        )

    def _expiry(self, piece: Any, to: str) -> dict[str, Any] | None:
        """Where a task goes that nobody does; an approval never expires."""
        way = piece.get("expires")
        if way is None or piece["kind"] != "task":
            return None
        more = {} if way == "next" else {"exception": True}
        return {"after": "8d", "to": to if way == "next" else way} | more

    def _outside(self, piece: Any, to: str, outer: str) -> str:
        key = self.name("o")
        if piece["kind"] in ("for", "message"):
            waits = {"for": "2h"} if piece["kind"] == "for" else {"message": "arrived"}
            self.steps[key] = {"kind": "wait", "to": to, **waits}
            return key
        told = {"note": "'set'"} if piece["kind"] == "set" else {}
        action = "set_fields" if piece["kind"] == "set" else "tests.flaky"
        self.steps[key] = {"kind": "automation", "action": action, "with": told, "to": to}
        if piece["on_error"]:
            self.steps[key]["on_error"] = {"to": piece["on_error"], "exception": True}
        return key

    def _row(self, piece: Any, to: str, outer: str) -> str:
        for part in reversed(piece["parts"]):
            to = self.write(part, to, outer)
        return to

    def _choice(self, piece: Any, to: str, outer: str) -> str:
        key = self.name("d")
        self.steps[key] = {}
        rules = [{"when": when, "to": self.write(p, to, outer)} for when, p in piece["rules"]]
        last = self.write(piece["otherwise"], to, outer) if piece["otherwise"] else to
        self.steps[key] = {"kind": "decision", "rules": rules, "otherwise": last}
        if piece["table"] and all(rule["when"] in CELLS for rule in rules):
            self.steps[key] = _as_table(rules, last)
        return key

    def _block(self, piece: Any, to: str, outer: str) -> str:
        key, join = self.name("p"), self.name("j")
        self.steps[key] = self.steps[join] = {}
        branches = []
        for when, part in piece["branches"]:
            target = self.write(part, join, key) if part else join
            branches.append({"to": target} | ({"when": when} if when else {}))
        wait_for = piece["wait_for"]
        if isinstance(wait_for, int):
            wait_for = min(wait_for, len(branches))
        self.steps[key] = {"kind": "parallel", "branches": branches, "join": join}
        self.steps[join] = {"kind": "join", "wait_for": wait_for, "to": to}
        return key

    def _each(self, piece: Any, to: str, outer: str) -> str:
        """A block with a branch for each row, in which a person writes into the row; within two
        others it is that person alone."""
        if len(self.rows) == 2:
            return self._person(self.name("h"), {"ok": to})
        key, join, row = self.name("p"), self.name("j"), f"r{len(self.steps)}"
        self.steps[key] = self.steps[join] = {}
        self.rows.append(row)
        first = self._row_work(piece, row, join, key)
        self.rows.pop()
        each = dict(MANAGERS) if piece["source"] == CHAIN else piece["source"]
        branch = {"each": each, "as": row, "to": first}
        branch |= {name: piece[name] for name in ("one_at_a_time", "stop_on") if piece[name]}
        is_list = piece["source"] == "lines"
        if piece["when"]:
            branch["when"] = f"{row}.net > 500 or urgent" if is_list else f"{row} != 'p2'"
        beside = [{"to": self.write(piece["beside"], join, key)}] if piece["beside"] else []
        self.steps[key] = {"kind": "parallel", "branches": [branch, *beside], "join": join}
        self.steps[join] = {"kind": "join", "wait_for": piece["wait_for"], "to": to}
        return key

    def _row_work(self, piece: Any, row: str, join: str, key: str) -> str:
        is_list, role = piece["source"] == "lines", "crew"
        if piece["role"]:
            role = f"of_{row}"
            self.roles[role] = {"field": f"{row}.who" if is_list else row}
        body = self.write(piece["body"], join, key) if piece["body"] else join
        outputs = sorted(f"{row}.{name}" for name in piece["outputs"]) if is_list else None
        return self._person(
            self.name("h"),
            {"ok": body, "no": {"to": join, "exception": True}},
            kind="approval",
            role=role,
            outputs=outputs or None,
            not_by=[],
            not_by_reason="They are few.",
        )

    def _loop(self, piece: Any, to: str, outer: str) -> str:
        key = self.name("l")
        self.steps[key] = {}
        start = self.write(piece["body"], key, outer)
        self._person(key, {"on": to, "again": start})
        return start

    def _machine(self, piece: Any, to: str, outer: str) -> str:
        keys = [f"{self.name('s')}x{n}" for n in range(piece["states"])]
        for number, key in enumerate(keys):
            moves: dict[str, Any] = {f"to_{other}": other for other in keys if other != key}
            if number:
                moves["close"] = {"to": to, "role": "board"}
            self._person(key, moves)
        return keys[0]


def written_with_rows(piece: Any) -> dict[str, Any]:
    """The same with lists to go through, which may be changed where a request is put right."""
    return written(piece, lists=True)


def written(piece: Any, *, lists: bool = False) -> dict[str, Any]:
    """The whole definition around a piece, as plain data."""
    writer = Writer()
    writer.steps["redo"] = {}
    first = writer.write(piece, "approved", "redo")
    writer._person(
        "redo",
        {"again": first, "withdraw": {"to": "withdrawn", "exception": True}},
        outputs=["amount", *(sorted(LISTS) if lists else ())],
    )
    ends = {
        "approved": {"kind": "end", "result": "approved", "reopen": "redo"},
        "refused": {"kind": "end", "result": "refused", "reopen": first},
        "withdrawn": {"kind": "end", "result": "withdrawn"},
    }
    review = writer._person(
        "review", {"ok": first, "no": {"to": "refused", "exception": True}, "redo": "redo"}
    )
    return {
        "format": 1,
        "key": "random",
        "name": "Random",
        "owner": "olga",
        "deputy": "dan",
        "roles": writer.roles,
        "fields": copy.deepcopy({**FIELDS, **(LISTS if lists else {})}),
        "start": {
            "role": "staff",
            "fields": ["amount", "urgent", "site", "boss", *(sorted(LISTS) if lists else ())],
            "first": review,
        },
        "steps": writer.steps | ends,
    }


sound_maps = _row(pieces).map(written)
row_maps = _row(row_pieces).map(written_with_rows)
"""With branches for each row of a list and each of several people."""
all_maps = st.one_of(sound_maps, row_maps)


# -- random edits -------------------------------------------------------------------------------


def _ways(steps: dict[str, Any]) -> list[tuple[dict[str, Any] | list[Any], Any]]:
    """Every place in which a step names another."""
    places: list[tuple[Any, Any]] = []
    for step in steps.values():
        for name in ("to", "otherwise", "join", "reopen"):
            if name in step:
                places.append((step, name))
        for part in (*step.get("rules", ()), *step.get("branches", ()), *step.get("rows", ())):
            places.append((part, "to"))
        for outcome, way in step.get("outcomes", {}).items():
            places.append((way, "to") if isinstance(way, dict) else (step["outcomes"], outcome))
    return places


@st.composite
def damaged_maps(draw: DrawFn) -> Definition | None:
    """A sound map after a few random edits; None where it cannot even be read."""
    data = copy.deepcopy(draw(all_maps))
    for _ in range(draw(st.integers(1, 3))):
        _edit(draw, data)
    try:
        return Definition.model_validate(data)
    except ValueError:
        return None


def _edit(draw: DrawFn, data: dict[str, Any]) -> None:
    steps = data["steps"]
    keys = sorted(steps)
    step = steps[draw(st.sampled_from(keys))]
    match draw(st.integers(0, 9)):
        case 0 | 1 | 2 | 3:
            holder, name = draw(st.sampled_from(_ways(steps)))
            holder[name] = draw(st.sampled_from(keys))
        case 4:
            for name in ("outcomes", "branches", "rules"):
                if len(step.get(name, ())) > 1:
                    inner = step[name]
                    del inner[
                        draw(
                            st.sampled_from(
                                list(inner if name == "outcomes" else range(len(inner)))
                            )
                        )
                    ]
        case 5:
            if step["kind"] == "join":
                step["wait_for"] = draw(st.sampled_from(["all", "any", 1, 2, 3, "60%"]))
            elif step["kind"] == "parallel":
                step["branches"].append({"to": draw(st.sampled_from(keys))})
        case 6:
            for outcome, way in step.get("outcomes", {}).items():
                to = way["to"] if isinstance(way, dict) else way
                condition = draw(st.sampled_from(CONDITIONS))
                step["outcomes"][outcome] = {"to": to, "when": condition}
        case 7:
            if "outcomes" in step:
                step["not_by"] = draw(st.lists(st.sampled_from(["requester", *keys]), max_size=2))
                step["role"] = draw(st.sampled_from(sorted(ROLES)))
        case 8:
            data["start"]["first"] = draw(st.sampled_from(keys))
        case 9:
            if step["kind"] == "end":
                step["reopen"] = draw(st.sampled_from(keys))
            elif step["kind"] == "parallel":
                for branch in step["branches"]:
                    branch["when"] = draw(st.sampled_from(CONDITIONS))
