"""What became of an event log, in sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reporting.eventlogs.account import Account, Fault
from reporting.eventlogs.choices import PassedReason, ReadingNote
from workflows.engine.errors import InvalidInput
from workflows.engine.texts import Text, grouped, plural_pair, plural_text, text

SHOWN_PLACES = 3
"""So many places are named of each kind of fault."""
NAMED_FAULTS = 20
"""So many of the rows that were left out a text names; JSON names all that are kept."""
NAMED_COLUMNS = 12
NAMED_WORDS = 6
_PASSED_SENTENCES: Mapping[PassedReason, tuple[str, str]] = {
    PassedReason.ABORTED: plural_pair(
        "%(count)s event of work that was called off (aborted, withdrawn) was passed over"
        "%(words)s.",
        "%(count)s events of work that was called off (aborted, withdrawn) were passed over"
        "%(words)s.",
    ),
    PassedReason.NOT_COMPLETED: plural_pair(
        "%(count)s event of work that was begun and not completed was passed over%(words)s.",
        "%(count)s events of work that was begun and not completed were passed over%(words)s.",
    ),
    PassedReason.ASSIGNED: plural_pair(
        "%(count)s event that only says who has the work was passed over%(words)s.",
        "%(count)s events that only say who has the work were passed over%(words)s.",
    ),
    PassedReason.SKIPPED: plural_pair(
        "%(count)s event of work that was skipped was passed over%(words)s.",
        "%(count)s events of work that was skipped were passed over%(words)s.",
    ),
    PassedReason.NO_WORK: plural_pair(
        "%(count)s suspension or resumption of nothing that was begun was passed over%(words)s.",
        "%(count)s suspensions and resumptions of nothing that was begun were passed over"
        "%(words)s.",
    ),
    PassedReason.OTHER: plural_pair(
        "%(count)s event of a life cycle that is not known here was passed over%(words)s.",
        "%(count)s events of a life cycle that is not known here were passed over%(words)s.",
    ),
    PassedReason.BLANK: plural_pair(
        "%(count)s empty row was passed over%(words)s.",
        "%(count)s empty rows were passed over%(words)s.",
    ),
    PassedReason.OF_NO_CASE: plural_pair(
        "%(count)s event that belongs to no object of the chosen type was passed over%(words)s.",
        "%(count)s events that belong to no object of the chosen type were passed over%(words)s.",
    ),
}
_NOTED_SENTENCES: Mapping[ReadingNote, tuple[str, str]] = {
    ReadingNote.STATUS: plural_pair(
        "%(count)s event has a status, not a step of a life cycle; it is taken as done%(words)s.",
        "%(count)s events have a status, not a step of a life cycle; each is taken as done"
        "%(words)s.",
    ),
    ReadingNote.SKEW: plural_pair(
        "%(count)s row ended a little before it began, or began before it was there; the"
        " moments are taken as equal%(words)s.",
        "%(count)s rows ended a little before they began, or began before they were there;"
        " the moments are taken as equal%(words)s.",
    ),
}


def account_sentences(account: Account) -> list[str]:
    """The account, what was passed over most often first."""
    sentences: list[Text] = [
        _passed_sentence(code, count, _render_words(account, code))
        for code, count in account.passed.most_common()
    ]
    sentences += [
        _noted_sentence(code, count, _render_words(account, code))
        for code, count in account.noted.most_common()
    ]
    if account.columns_passed:
        names = ", ".join(f"'{name}'" for name in account.columns_passed[:NAMED_COLUMNS])
        sentences.append(text("Columns that were passed over: %(names)s.", names=names))
    if account.encoding and account.encoding != "UTF-8":
        sentences.append(text("The text was read as %(encoding)s.", encoding=account.encoding))
    if account.dates:
        sentences.append(text("Its dates were read %(order)s.", order=account.dates))
    return [str(sentence) for sentence in sentences]


def _passed_sentence(code: PassedReason, count: int, words: str) -> Text:
    """`words` are the file's own words, in brackets after a blank, or nothing."""
    return plural_text(*_PASSED_SENTENCES[code], count, words=words)


def _noted_sentence(code: ReadingNote, count: int, words: str) -> Text:
    return plural_text(*_NOTED_SENTENCES[code], count, words=words)


def _render_words(account: Account, code: PassedReason | ReadingNote) -> str:
    words = account.words.get(code)
    if not words:
        return ""
    named = ", ".join(f"'{word}' {grouped(n)}" for word, n in words.most_common(NAMED_WORDS))
    return f" ({named})"


def left_out_sentences(account: Account) -> list[str]:
    """The rows that were left out; the first of them by name."""
    skipped = account.counts.total()
    if not skipped:
        return []
    lines = [
        str(plural_text("%(count)s rows were left out:", "%(count)s rows were left out:", skipped)),
        *(f"  {fault.place}: {fault.message}" for fault in account.faults[:NAMED_FAULTS]),
    ]
    if skipped > NAMED_FAULTS:
        remaining = grouped(skipped - NAMED_FAULTS)
        lines.append(str(text("  … and %(count)s more; --json names them all.", count=remaining)))
    return lines


@dataclass(frozen=True, slots=True)
class FaultExamples:
    """The first places of one kind of fault, as a part of a refusal."""

    faults: Sequence[Fault]
    count: int

    def __str__(self) -> str:
        examples = "; ".join(f"{fault.place}: {fault.message}" for fault in self.faults)
        if self.count <= len(self.faults):
            return examples
        remaining = grouped(self.count - len(self.faults))
        return str(text("%(examples)s (and %(count)s more)", examples=examples, count=remaining))


@dataclass(frozen=True, slots=True)
class FaultKinds:
    """Every kind of fault, as a part of a refusal."""

    kinds: Sequence[FaultExamples]

    def __str__(self) -> str:
        return " | ".join(map(str, self.kinds))


def refuse_faults(account: Account) -> None:
    """Raise InvalidInput that names every kind of fault, with counts and first places."""
    if not account.counts:
        return
    kinds = []
    for code, count in account.counts.most_common():
        first = [fault for fault in account.faults if fault.code == code][:SHOWN_PLACES]
        kinds.append(FaultExamples(first, count))
    raise InvalidInput(
        plural_text(
            "%(file)s, %(faults)s. %(count)s row cannot be used: mend it, or leave it out with"
            " --skip.",
            "%(file)s, %(faults)s. %(count)s rows cannot be used: mend them, or leave them out"
            " with --skip.",
            account.counts.total(),
            file=account.name,
            faults=FaultKinds(kinds),
        )
    )


def refuse_empty_log(account: Account) -> InvalidInput:
    """Why there is nothing to bring in or to replay, where no row came of the file."""
    if not account.events and not account.passed:
        return InvalidInput(
            "%(file)s has no rows; there is nothing in it to use.", file=account.name
        )
    skipped = account.counts.total()
    reasons = account_sentences(account)
    if skipped:
        reasons.append(
            str(plural_text("%(count)s cannot be used.", "%(count)s cannot be used.", skipped))
        )
    return InvalidInput(
        "%(file)s: of %(events)s events none is a finished piece of work. %(reasons)s",
        file=account.name,
        events=grouped(account.events),
        reasons=" ".join(reasons),
    )
