"""Of the shape of the map: ways, ends, blocks and their joins, loops, rules that never hold."""

from collections.abc import Mapping
from typing import Final

from workflows.engine.audit.sentences.audit_sentences import AuditSentences
from workflows.engine.texts import text

STRUCTURE_SENTENCES: Final[Mapping[str, AuditSentences]] = {
    "step_unreachable": AuditSentences(
        text("No request ever comes to %(step)s: whoever relies on it waits in vain."),
        text("Draw a way to it, or remove it."),
    ),
    "end_missing": AuditSentences(
        text("The map has no end: no request is ever complete."), text("Add a step of kind `end`.")
    ),
    "end_unreachable": AuditSentences(
        text(
            "A request that comes to %(step)s can never be completed: no way from there leads to an"
            " end."
        ),
        text("Draw a way from it, or from a step after it, towards an end."),
    ),
    "otherwise_missing": AuditSentences(
        text("Where no rule of %(step)s holds, the request has nowhere to go and stops there."),
        text("Add `otherwise`."),
    ),
    "reopen_unfit": AuditSentences(
        text("%(step)s reopens at %(target)s, which %(why)s."),
        text("Reopen at a step outside every parallel block, such as the first one."),
    ),
    "join_missing": AuditSentences(
        text(
            "The branches of %(step)s never meet: the request would go on several times, or never."
        ),
        text("Name the step of kind `join` where they meet under `join`."),
    ),
    "join_unfit": AuditSentences(
        text(
            "%(step)s names %(join)s as its join, which is of kind %(kind)s and waits for nobody."
        ),
        text("Name a step of kind `join`."),
    ),
    "join_shared": AuditSentences(
        text(
            "%(listed)s share the join %(step)s: it cannot tell whose branches it has to wait for."
        ),
        text("Give each parallel step a join of its own."),
    ),
    "join_alone": AuditSentences(
        text(
            "No parallel step names %(step)s as its join: it cannot know what to wait for, and a"
            " request that comes there fails."
        ),
        text("Name it under `join` of its parallel step, or lead the way past it."),
    ),
    "join_entered_from_outside": AuditSentences(
        text(
            "%(source)s leads to the join %(join)s from outside the block of %(parallel_step)s: a"
            " request that comes that way fails there."
        ),
        text("Lead to the step after %(join)s instead, or to %(parallel_step)s."),
    ),
    "join_wants_too_many": AuditSentences(
        text(
            "%(join)s waits for %(wanted)s branches and %(parallel_step)s has %(branches)s: it can"
            " never get what it asks for."
        ),
        text("Ask for at most %(branches)s under `wait_for`, or write `all`."),
    ),
    "branch_misses_join": AuditSentences(
        text(
            "Branch %(number)s of %(parallel_step)s, to %(target)s, cannot come to the join"
            " %(join)s: the other branches would wait for it in vain or be cut off by it."
        ),
        text("Draw a way from the branch to %(join)s."),
    ),
    "block_entered_from_side": AuditSentences(
        text(
            "%(source)s leads to %(step)s, inside the block of %(parallel_step)s, from outside: the"
            " join %(join)s would be reached by work that it does not wait for."
        ),
        text("Lead to %(parallel_step)s instead, or to a step outside the block."),
    ),
    "blocks_cross": AuditSentences(
        text(
            "The block from %(inner_step)s to %(inner_join)s lies only partly inside the block from"
            " %(outer_step)s to %(outer_join)s: finishing one would cut through the other."
        ),
        text("Move the parallel step or its join, so that one block lies wholly inside the other."),
    ),
    "loop_without_person": AuditSentences(
        text("A request can go round for ever without a person: %(steps)s."),
        text("Put an approval or a task into the loop, or lead one of its ways out."),
    ),
    "rule_shadowed": AuditSentences(
        text(
            "Rule %(rule)s of %(step)s (`%(rule_text)s`) is never taken: whenever it holds, an"
            " earlier rule holds too."
        ),
        text("Put the narrower rule first, or take it out."),
    ),
    "way_never_taken": AuditSentences(
        text(
            "%(condition)s (`%(rule_text)s`) can never hold: no request goes to %(target)s that"
            " way."
        ),
        text("Correct the condition, or take the way out."),
    ),
    "otherwise_never": AuditSentences(
        text(
            "One of the rules of %(step)s always holds: its `otherwise`, to %(target)s, is never"
            " taken."
        ),
        text(
            "Correct the rules, or let `otherwise` lead where the last rule leads and take that"
            " rule out."
        ),
    ),
    "parallel_of_one": AuditSentences(
        text(
            "%(step)s opens one branch: nothing is done beside it, and its join waits for what"
            " comes anyway."
        ),
        text(
            "Add the other branches, or lead straight to the branch's step; a branch that is only"
            " sometimes taken is a decision."
        ),
    ),
    "decision_of_one": AuditSentences(
        text("%(step)s decides nothing: all its ways lead to %(target)s."),
        text("Lead the ways to different steps, or take the decision out."),
    ),
    "end_not_told_apart.outcomes": AuditSentences(
        text(
            "Several outcomes of %(step)s end the request as '%(result)s': whatever is decided,"
            " nobody can tell afterwards."
        ),
        text(
            "Give each outcome an end of its own, with another `result`, and mark refusals as"
            " exceptions."
        ),
    ),
    "end_not_told_apart": AuditSentences(
        text(
            "A request ends as '%(result)s' both by %(exception_way)s, on an exception path, and by"
            " %(normal_way)s: in lists and figures a refusal counts as a success."
        ),
        text("Give exceptions an end of their own, with another `result`."),
    ),
    "join_capped": AuditSentences(
        text(
            "%(join)s waits for %(wanted)s branches, and %(parallel_step)s may open only %(sure)s:"
            " then it waits for those that were opened and no more."
        ),
        text("If that is not what you mean, open more branches without `when`."),
    ),
}
