"""What becomes of requests on another version, and what is different there, as sentences."""

from collections.abc import Mapping
from dataclasses import fields

from django.utils.translation import gettext_lazy, gettext_noop

from workflows.engine.texts import Text, join_texts, text
from workflows.engine.versions import move_reasons as reasons
from workflows.engine.versions.move_reasons import MoveReason, Verdict

VERDICT_WORDS = {
    Verdict.MOVES: gettext_lazy("moves"),
    Verdict.STAYS: gettext_lazy("stays for now"),
    Verdict.NEEDS_PERSON: gettext_lazy("needs a person"),
}

_SENTENCES: Mapping[type[MoveReason], str] = {
    reasons.SameSteps: gettext_noop("Where it stands is in both versions."),
    reasons.StepRenamed: gettext_noop("'%(step)s' is '%(to)s' there."),
    reasons.AlreadyThere: gettext_noop("It is on this version."),
    reasons.NotRunning: gettext_noop("It is over."),
    reasons.IsSuspended: gettext_noop("It is suspended. Resume it, and move it then."),
    reasons.ToldByLog: gettext_noop("It came in with a log; it is the past of the process."),
    reasons.OutsideUnderWay: gettext_noop(
        "What '%(step)s' asked for is under way, and the new version asks for something else. Move"
        " it when that is done."
    ),
    reasons.StepRemoved: gettext_noop(
        "It stands at '%(step)s', which is not in the new version. Say which step it is there, or"
        " let it go on from there first."
    ),
    reasons.StepSplit: gettext_noop(
        "It stands at '%(step)s', which is split there: %(parts)s. Say which of them it is, or let"
        " it go on from there first."
    ),
    reasons.KindChanged: gettext_noop(
        "It stands at '%(step)s', which is of another kind there: %(before)s before, %(after)s now."
        " Let it go on from there first."
    ),
    reasons.BlockChanged: gettext_noop(
        "It is inside the parallel block '%(block)s', which has other branches there. Let it come"
        " out of the block first."
    ),
    reasons.OutOfBlock: gettext_noop(
        "It is inside the parallel block '%(block)s', and '%(step)s' is not on the same branch of"
        " it there. Let it come out of the block first."
    ),
    reasons.BranchUnclear: gettext_noop(
        "'%(step)s' is inside the parallel block '%(block)s' there, on more than one branch of it."
        " Let it go on from there first."
    ),
    reasons.BranchHalfDone: gettext_noop(
        "'%(step)s' is a branch of '%(block)s' there, and of the branch of '%(branch)s' it has done"
        " only some steps. Let it go on first."
    ),
    reasons.JoinWouldPass: gettext_noop(
        "Enough branches of '%(block)s' have come already for it to go on there: the others would"
        " be called off. Let it come out of the block first."
    ),
    reasons.RuleUnclear: gettext_noop(
        "Which branches of '%(block)s' begin cannot be worked out: %(problem)s Put the values"
        " right first."
    ),
    reasons.ConflictOpen: gettext_noop(
        "The branches of '%(block)s' disagree. Choose which values hold first."
    ),
    reasons.ApprovalOwed: gettext_noop(
        "An approval is asked again, and '%(step)s', which waits for it, is elsewhere there. Let it"
        " be given first."
    ),
    reasons.SteeringRefused: gettext_noop("%(why)s"),
}


def describe_move_reason(reason: MoveReason) -> Text:
    """Why a request moves, stays or needs a person."""
    if isinstance(reason, reasons.IntoBlock):
        return _describe_into_block(reason)
    if isinstance(reason, reasons.VotesGiven):
        return text(
            "%(votes)s of those who must agree at '%(step)s' have agreed, and there it shows or"
            " needs something else. Let it be decided first.",
            votes=reason.votes,
            step=reason.step,
        )
    if isinstance(reason, reasons.FieldsMissing):
        return text(
            "The new version requires %(fields)s, which is empty here and which no step ahead fills"
            " in.",
            fields=join_texts(reason.fields),
        )
    if isinstance(reason, reasons.FieldsUnreadable):
        return text(
            "What stands in %(fields)s is no value of it in the new version. Put it right first.",
            fields=join_texts(reason.fields),
        )
    parts = {entry.name: getattr(reason, entry.name) for entry in fields(reason)}
    if "parts" in parts:
        parts["parts"] = join_texts(parts["parts"])
    return text(_SENTENCES[type(reason)], **parts)


def _describe_into_block(reason: reasons.IntoBlock) -> Text:
    places = {
        "step": reason.step,
        "block": reason.block,
        "begins": join_texts(reason.begins),
        "counts": join_texts(reason.counts),
    }
    if reason.begins and reason.counts:
        return text(
            "'%(step)s' is a branch of '%(block)s' there: %(begins)s begins beside it, %(counts)s"
            " is done already.",
            **places,
        )
    if reason.begins:
        return text(
            "'%(step)s' is a branch of '%(block)s' there: %(begins)s begins beside it.", **places
        )
    if reason.counts:
        return text(
            "'%(step)s' is a branch of '%(block)s' there, and %(counts)s is done already.", **places
        )
    return text("'%(step)s' is a branch of '%(block)s' there.", **places)
