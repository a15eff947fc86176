"""A map to begin with, made of what a log shows: to be completed by what the audit finds.

Where one activity follows, or where people chose, a step has an outcome for each way. Where nobody
is there to choose (at the beginning, behind a join), a decision asks for a field that the steps
before it fill in; where values of the log say which way it goes, it asks for these.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workflows.engine.discovery.frequent_ways import FrequentWays
from workflows.engine.discovery.log_shape import Activity, BlockPlace, FoundBlock, Place
from workflows.engine.discovery.roles import propose_roles
from workflows.engine.discovery.survey import LogSurvey
from workflows.engine.format.definition import Definition, display_title

END = "done"
WORDS = {"both": "Beside each other", "joined": "All done", END: "End"}
"""What steps are called that no activity of the log is."""
AGREES = re.compile(
    r"approv|authori[sz]|review|accept|sign.?off|genehmig|freigab|freigeb|prüf|zustimm", re.I
)
"""Words of activities in which somebody agrees to something."""


@dataclass(frozen=True, slots=True)
class DraftNames:
    """What the new workflow is called, and who answers for it."""

    key: str
    name: str
    purpose: str = ""
    owner: str = ""
    deputy: str = ""


def step_keys(activities: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """A step key for each activity: its words, and a number where two would be the same."""
    keys: dict[str, str] = {}
    used = set(taken)
    for activity in activities:
        words = re.sub(r"[^a-z0-9]+", "_", activity.lower()).strip("_")[:60]
        base = words if words[:1].isalpha() else f"step_{words}".rstrip("_")
        key, number = base, 1
        while key in used:
            number += 1
            key = f"{base}_{number}"
        used.add(key)
        keys[activity] = key
    return keys


@dataclass
class DraftMap:
    """A draft on its way: its steps, and the fields by which ways are chosen."""

    survey: LogSurvey
    ways: FrequentWays
    steps: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    start_fields: list[str] = field(default_factory=list)
    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    """How often the log goes from a step to a step."""
    by_rule: set[str] = field(default_factory=set)
    """The activities whose ways are chosen by a rule that the log's values gave."""

    def __post_init__(self) -> None:
        shown = {place.name for _, place in self.ways.visits if isinstance(place, Activity)}
        blocks = [b for b in self.ways.shape.blocks if (b.region, BlockPlace(b.number)) in self._at]
        self.blocks: Sequence[FoundBlock] = blocks
        reserved = [END, *(f"{word}_{b.number + 1}" for b in blocks for word in ("both", "joined"))]
        in_order = [name for name in self.ways.shape.activities[0] if name in shown]
        self.keys = step_keys(in_order, reserved)
        self._outer = {
            place.name for region, place in self._at if not region and isinstance(place, Activity)
        }

    @property
    def _at(self) -> Mapping[tuple[int, Place], int]:
        return self.ways.visits

    # -- the steps --------------------------------------------------------------------------

    def build(self) -> str:
        """All steps; the key of the first."""
        first = self._first_of(0)
        for name, key in self.keys.items():
            self.steps.setdefault(key, {"kind": "task", "name": name})
        for region, place in self.ways.visits:
            if isinstance(place, Activity):
                self._add_activity(region, place)
        for block in self.blocks:
            self._add_block(block)
        self.steps[END] = {"kind": "end", "result": "done"}
        return first

    def _key_of(self, place: Place) -> str:
        if isinstance(place, Activity):
            return self.keys[place.name]
        return f"both_{place.number + 1}"

    def _target(self, region: int, place: Place | None) -> str:
        """The step to which a way leads: the end of a branch is its block's join."""
        if place is not None:
            return self._key_of(place)
        block = next((b for b in self.blocks if region in b.branches), None)
        return END if block is None else f"joined_{block.number + 1}"

    def _targets(self, region: int, place: Place | None) -> dict[str, int]:
        """Where it goes on from a place, and how often."""
        ways = self.ways.leaving.get((region, place), [])
        return {self._target(region, after): count for after, count in ways}

    def _add_activity(self, region: int, place: Activity) -> None:
        key = self.keys[place.name]
        targets = self._targets(region, place)
        self.steps[key] |= {"outcomes": self._outcomes(key, place, targets)}
        agrees = AGREES.search(place.name) and len(targets) > 1
        self.steps[key]["kind"] = "approval" if agrees else "task"
        if place.name in self.survey.expected:
            self.steps[key]["expected"] = self.survey.expected[place.name]

    def _outcomes(self, key: str, place: Activity, targets: Mapping[str, int]) -> dict[str, Any]:
        is_outside_blocks = place.name in self._outer
        rule = self._rule_of(place, targets) if is_outside_blocks else None
        if rule is not None:
            self.by_rule.add(place.name)
            decided = self._add_decision(f"after_{key}", rule, targets)
            self._count(key, decided, sum(targets.values()))
            return {"done": decided}
        for target, count in targets.items():
            self._count(key, target, count)
        if len(targets) == 1:
            return {"done": next(iter(targets))}
        return {
            ("end" if target == END else f"to_{target}")[:80]: {
                "to": target,
                "label": self._label(target),
            }
            for target in targets
        }

    def _label(self, target: str) -> str:
        """What the outcome that leads to a step is called."""
        named = {key: name for name, key in self.keys.items()}
        return named.get(target) or WORDS.get(target.partition("_")[0], WORDS[END])

    def _count(self, source: str, target: str, count: int) -> None:
        self.counts[source, target] = self.counts.get((source, target), 0) + count

    def _add_decision(
        self, key: str, rule: tuple[list[dict[str, str]], str], targets: Mapping[str, int]
    ) -> str:
        rules, otherwise = rule
        key = key[:78]
        while key in self.keys.values():
            key = f"{key}_"
        self.steps[key] = {"kind": "decision", "rules": rules, "otherwise": otherwise}
        for target, count in targets.items():
            self._count(key, target, count)
        return key

    def _rule_of(
        self, place: Activity, targets: Mapping[str, int]
    ) -> tuple[list[dict[str, str]], str] | None:
        """The rule that the log's values give for these ways, where it speaks of all of them."""
        found = self.survey.rules.get(place.name)
        if found is None or len(targets) < 2:
            return None
        named = {way: self._rule_target(way) for way in found.ways}
        if set(named.values()) != set(targets):
            return None
        rules = [{"when": when, "to": str(named[way])} for when, way in found.conditions]
        return rules, str(named[found.otherwise])

    def _rule_target(self, way: str) -> str | None:
        """The step that a rule's way leads to: an activity's, or the end."""
        return self.keys.get(way) if way else END

    # -- blocks -----------------------------------------------------------------------------

    def _add_block(self, block: FoundBlock) -> None:
        opened, joined = f"both_{block.number + 1}", f"joined_{block.number + 1}"
        branches = [{"to": self._first_of(region)} for region in block.branches]
        self.steps[opened] = {
            "kind": "parallel",
            "name": WORDS["both"],
            "branches": branches,
            "join": joined,
        }
        for region, branch in zip(block.branches, branches, strict=True):
            count = sum(self._targets(region, None).values())
            self._count(opened, branch["to"], count)
        place = BlockPlace(block.number)
        targets = self._targets(block.region, place)
        target = self._only_or_chosen(
            f"after_{joined}", targets, self._last_people(block.branches[-1])
        )
        self._count(joined, target, sum(targets.values()))
        self.steps[joined] = {
            "kind": "join",
            "name": WORDS["joined"],
            "wait_for": "all",
            "to": target,
        }

    def _first_of(self, region: int) -> str:
        """The step at which a region begins: one, or a decision that somebody's field says."""
        targets = self._targets(region, None)
        return self._only_or_chosen(f"begin_{region}", targets, self._people_before(region))

    def _only_or_chosen(self, key: str, targets: Mapping[str, int], people: Iterable[str]) -> str:
        if len(targets) == 1:
            return next(iter(targets))
        chosen = f"way_{key}"[:60]
        self.fields[chosen] = {"type": "choice", "choices": list(targets), "required": True}
        for activity in people:
            self._fill_in(activity, chosen)
        usual, *others = targets
        rules = [{"when": f"{chosen} == '{target}'", "to": target} for target in others]
        return self._add_decision(key, (rules, usual), targets)

    def _fill_in(self, activity: str, chosen: str) -> None:
        """The step of this activity fills the field in ('': the start form does)."""
        if not activity:
            self.start_fields.append(chosen)
            return
        key = self.keys[activity]
        step = self.steps.setdefault(key, {"kind": "task", "name": activity})
        step["outputs"] = sorted({*step.get("outputs", ()), chosen})

    def _people_before(self, region: int) -> set[str]:
        """The activities right before a region begins; '' for the start form."""
        block = next((b for b in self.blocks if region in b.branches), None)
        if block is None:
            return {""}
        places = self.ways.coming.get((block.region, BlockPlace(block.number)), [])
        found: set[str] = set()
        for place in places:
            found |= self._people_at(block.region, place)
        return found

    def _people_at(self, region: int, place: Place | None) -> set[str]:
        if place is None:
            return self._people_before(region)
        if isinstance(place, Activity):
            return {place.name}
        return self._last_people(self.ways.shape.blocks[place.number].branches[-1])

    def _last_people(self, region: int) -> set[str]:
        """The activities with which a region ends."""
        found: set[str] = set()
        for place in self.ways.coming.get((region, None), []):
            if place is not None:
                found |= self._people_at(region, place)
        return found


def write_draft(
    survey: LogSurvey, ways: FrequentWays, names: DraftNames
) -> tuple[Definition, DraftMap]:
    """The definition of the draft, and the draft that it was written from."""
    draft = DraftMap(survey, ways)
    first = draft.build()
    roles = _add_roles(draft)
    asked = {key for key in survey.fields if _is_asked_for(key, draft)}
    head = {
        "format": 1,
        "key": names.key,
        "name": names.name,
        "purpose": names.purpose,
        "owner": names.owner,
        "deputy": names.deputy,
    }
    written: dict[str, Any] = {key: value for key, value in head.items() if value}
    written["roles"] = {key: {"groups": [key.replace("_", "-")]} for key in roles}
    written["fields"] = {key: _field(survey, key) for key in survey.fields} | draft.fields
    written["start"] = {"first": first, "fields": sorted({*asked, *draft.start_fields})}
    if roles:
        written["start"]["role"] = _role_that_starts(draft, first, roles)
    written["steps"] = draft.steps
    return Definition.model_validate(written), draft


def _is_asked_for(key: str, draft: DraftMap) -> bool:
    """Whether a rule of the draft reads this field."""
    conditions = (
        rule["when"]
        for step in draft.steps.values()
        if step["kind"] == "decision"
        for rule in step["rules"]
    )
    return any(re.search(rf"\b{key}\b", condition) for condition in conditions)


def _field(survey: LogSurvey, key: str) -> dict[str, Any]:
    kind = survey.fields[key]
    label = display_title(key, None)
    return {"type": kind, "label": label} | (
        {"choices": list(survey.choices[key])} if kind == "choice" else {}
    )


def _add_roles(draft: DraftMap) -> list[str]:
    """Give each step the role of who does it in the log."""
    roles = propose_roles({name: draft.survey.resources.get(name, {}) for name in draft.keys})
    for role in roles:
        for activity in role.activities:
            draft.steps[draft.keys[activity]]["role"] = role.key
    return [role.key for role in roles]


def _role_that_starts(draft: DraftMap, first: str, roles: Sequence[str]) -> str:
    role = draft.steps[first].get("role")
    return str(role) if role else roles[0]
