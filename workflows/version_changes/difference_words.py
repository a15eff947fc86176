"""What is different in a newer version, as sentences in the reader's language."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext, gettext_lazy, gettext_noop

from workflows.definitions.choices import kind_word
from workflows.engine.format.definition import ChainDef
from workflows.engine.versions.comparison import Difference, DifferenceKind, Subject
from workflows.language.formats import join_words

_K, _S = DifferenceKind, Subject
LONGEST = 80

SUBJECT_WORDS = {
    _S.STEP: gettext_lazy("Steps"),
    _S.ROW: gettext_lazy("Rows of tables"),
    _S.WAY: gettext_lazy("Ways"),
    _S.FIELD: gettext_lazy("Fields"),
    _S.ROLE: gettext_lazy("Roles"),
    _S.START: gettext_lazy("The start"),
    _S.WORKFLOW: gettext_lazy("The workflow"),
}
PART_WORDS: Mapping[str, Any] = {
    "name": gettext_lazy("name"),
    "kind": gettext_lazy("kind"),
    "role": gettext_lazy("role"),
    "instructions": gettext_lazy("instructions"),
    "expected": gettext_lazy("expected"),
    "due": gettext_lazy("due after"),
    "inputs": gettext_lazy("shows"),
    "outputs": gettext_lazy("fills in"),
    "not_by": gettext_lazy("not by"),
    "not_by_reason": gettext_lazy("why the requester is not kept away"),
    "quorum": gettext_lazy("quorum"),
    "sign": gettext_lazy("signed as"),
    "on_overdue": gettext_lazy("when it is late"),
    "books": gettext_lazy("what it books"),
    "spends": gettext_lazy("what it spends"),
    "confirms": gettext_lazy("what it confirms"),
    "join": gettext_lazy("join"),
    "wait_for": gettext_lazy("waits for"),
    "order": gettext_lazy("order of the rules"),
    "hit": gettext_lazy("which row counts"),
    "collect": gettext_lazy("what is collected"),
    "defaults": gettext_lazy("results where no row holds"),
    "action": gettext_lazy("action"),
    "retry": gettext_lazy("retry"),
    "expires": gettext_lazy("when time is up"),
    "for": gettext_lazy("waits so long"),
    "until": gettext_lazy("waits until"),
    "message": gettext_lazy("waits for the message"),
    "keep": gettext_lazy("keeps a message that comes early"),
    "workflow": gettext_lazy("workflow"),
    "result": gettext_lazy("result"),
    "to": gettext_lazy("leads to"),
    "when": gettext_lazy("condition"),
    "each": gettext_lazy("for each of"),
    "as": gettext_lazy("row is called"),
    "one_at_a_time": gettext_lazy("one at a time"),
    "stop_on": gettext_lazy("stops at"),
    "comment": gettext_lazy("comment"),
    "exception": gettext_lazy("exception"),
    "label": gettext_lazy("label"),
    "type": gettext_lazy("type"),
    "required": gettext_lazy("required"),
    "choices": gettext_lazy("choices"),
    "groups": gettext_lazy("groups"),
    "users": gettext_lazy("users"),
    "field": gettext_lazy("field"),
    "fields": gettext_lazy("start form"),
    "first": gettext_lazy("first step"),
    "triggers": gettext_lazy("other triggers"),
    "purpose": gettext_lazy("purpose"),
    "owner": gettext_lazy("owner"),
    "deputy": gettext_lazy("deputy"),
    "calendar": gettext_lazy("calendar"),
    "clock": gettext_lazy("while the requester has a question"),
    "extend": gettext_lazy("more time that can be given"),
}
_SENTENCES: Mapping[tuple[Subject, DifferenceKind], str] = {
    (_S.STEP, _K.ADDED): gettext_noop("“%(title)s” is new (%(kind)s)."),
    (_S.STEP, _K.REMOVED): gettext_noop("“%(title)s” is gone (%(kind)s)."),
    (_S.STEP, _K.RENAMED): gettext_noop(
        "“%(before)s” seems to be “%(after)s” now: it has another key."
    ),
    (_S.STEP, _K.SPLIT): gettext_noop("“%(before)s” seems to be split: %(after)s."),
    (_S.WAY, _K.ADDED): gettext_noop("“%(step)s”: the way “%(title)s” to “%(after)s” is new."),
    (_S.WAY, _K.REMOVED): gettext_noop("“%(step)s”: the way “%(title)s” to “%(before)s” is gone."),
    (_S.ROW, _K.ADDED): gettext_noop("“%(step)s”: row %(title)s is new: %(after)s."),
    (_S.ROW, _K.REMOVED): gettext_noop("“%(step)s”: row %(title)s is gone: %(before)s."),
    (_S.ROW, _K.CHANGED): gettext_noop(
        "“%(step)s”, row %(title)s: %(before)s before, %(after)s now."
    ),
    (_S.FIELD, _K.ADDED): gettext_noop("The field “%(title)s” is new."),
    (_S.FIELD, _K.REMOVED): gettext_noop("The field “%(title)s” is gone."),
    (_S.FIELD, _K.RENAMED): gettext_noop(
        "The field “%(title)s” seems to have another key: %(before)s before, %(after)s now."
    ),
    (_S.ROLE, _K.ADDED): gettext_noop("The role “%(title)s” is new."),
    (_S.ROLE, _K.REMOVED): gettext_noop("The role “%(title)s” is gone."),
}
_CHANGES: Mapping[Subject, str] = {
    _S.WAY: gettext_noop(
        "“%(step)s”, the way “%(title)s”, %(part)s: %(before)s before, %(after)s now."
    ),
    _S.START: gettext_noop("%(part)s: %(before)s before, %(after)s now."),
    _S.WORKFLOW: gettext_noop("%(part)s: %(before)s before, %(after)s now."),
}
_OTHER_CHANGE = gettext_noop("“%(title)s”, %(part)s: %(before)s before, %(after)s now.")
_WAY_WORDS: Mapping[str, Any] = {
    "rule": gettext_lazy("rule"),
    "row": gettext_lazy("row"),
    "otherwise": gettext_lazy("otherwise"),
    "branch": gettext_lazy("branch"),
    "to": gettext_lazy("on"),
    "on_error": gettext_lazy("error"),
    "expires": gettext_lazy("when time is up"),
    "reopen": gettext_lazy("reopen"),
}


@dataclass(frozen=True)
class DifferenceGroup:
    """What is different of one kind of parts."""

    title: str
    kinds: list[tuple[DifferenceKind, str]]


def describe_differences(differences: Iterable[Difference]) -> list[DifferenceGroup]:
    """The differences in words, by what they are about."""
    groups: dict[Subject, list[tuple[DifferenceKind, str]]] = {}
    for difference in differences:
        lines = groups.setdefault(difference.subject, [])
        lines.append((difference.kind, describe_difference(difference)))
    return [
        DifferenceGroup(str(SUBJECT_WORDS[subject]), groups[subject])
        for subject in Subject
        if subject in groups
    ]


def describe_difference(difference: Difference) -> str:
    """One difference in words."""
    sentence = _SENTENCES.get((difference.subject, difference.kind))
    if sentence is None:
        sentence = _CHANGES.get(difference.subject, _OTHER_CHANGE)
    return gettext(sentence) % {
        "title": _way_words(difference) if difference.subject is Subject.WAY else difference.title,
        "step": difference.step,
        "kind": kind_word(difference.part) if difference.kind in (_K.ADDED, _K.REMOVED) else "",
        "part": str(PART_WORDS.get(difference.part, difference.part)),
        "before": _value_words(difference.before),
        "after": _value_words(difference.after),
    }


def _way_words(way: Difference) -> str:
    """What a way is called: an outcome by its label, a rule by its condition."""
    word = str(_WAY_WORDS.get(way.title, way.title))
    return f"{word}: {_value_words(way.when)}" if way.when else word


def _value_words(value: Any) -> str:
    """What is written in a setting, short enough for a sentence."""
    if value is None or value in ("", [], {}):
        return gettext("nothing")
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, dict) and "chain_of" in value:
        return str(ChainDef.model_construct(**value).words)
    if isinstance(value, list) and all(isinstance(part, str | None) for part in value):
        return join_words([part or "" for part in value])
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"
