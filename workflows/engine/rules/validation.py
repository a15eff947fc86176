"""What a rule may say: reads a rule's text and refuses, in words, what is not safe or sound.

The check works on the tree as it was written, before the rule-engine package folds constants
and evaluates parts of it: what is refused here has never run.
"""

import re
import threading
from datetime import date, datetime
from typing import Any, Final

import rule_engine
from rule_engine import ast, errors

from workflows.engine.rules.explanations import HINTS, rule_child_nodes
from workflows.engine.rules.fact_names import decode_name, decode_names, encode_names
from workflows.engine.rules.list_functions import ListFunctions
from workflows.engine.rules.row_names import bind_row_names
from workflows.engine.rules.rule_checker import Fields, Operand, RuleChecker, RuleProblem
from workflows.engine.texts import Text, text
from workflows.engine.timing.dates import Moment

MAX_LENGTH: Final = 1000
MAX_DEPTH: Final = 50

_parser_lock = threading.Lock()


def parse_condition(
    rule: str, fields: Fields, context: Any, lists: ListFunctions | None = None
) -> tuple[Any, frozenset[str]]:
    """The tree of a sound rule, not yet built, and the fields that it names; what it asks of
    lists as a whole is put into `lists`.

    Raises RuleProblem.
    """
    statement, checker = _parse_checked(rule, fields, context, lists)
    checker.condition(statement.args[1])
    _bind_dates(statement)
    return statement, frozenset(checker.named)


def parse_value_expression(
    rule: str, fields: Fields, context: Any, lists: ListFunctions | None = None
) -> tuple[Any, Operand, frozenset[str]]:
    """The tree of an expression that gives a value, not yet built, what kind of value, and the
    fields that it names.

    Raises RuleProblem.
    """
    statement, checker = _parse_checked(rule, fields, context, lists)
    operand = checker.operand(statement.args[1])
    _bind_dates(statement)
    return statement, operand, frozenset(checker.named)


def parse_rule_syntax(rule: str, fields: Fields, context: Any) -> Any:
    """The tree of a condition as it was written, unchecked. Raises RuleProblem."""
    return _parse_tree(rule, fields, context).args[1]


def put_into_context(node: Any, context: Any) -> None:
    """Let a part of a checked rule find its values in another context, with its dates bound."""
    level = [node]
    while level:
        for each in level:
            each.args = (context, *each.args[1:])
        level = [child for each in level for child in rule_child_nodes(each)]
    _bind_dates(node)


def _parse_checked(
    rule: str, fields: Fields, context: Any, lists: ListFunctions | None
) -> "tuple[Any, RuleChecker]":
    if not rule.strip():
        raise RuleProblem("The rule is empty; write a condition such as amount > 10000.")
    if len(rule) > MAX_LENGTH:
        raise RuleProblem(
            "The rule is longer than %(longest)s characters; split it into several rules.",
            longest=MAX_LENGTH,
        )
    if "\\" in rule:
        raise RuleProblem("A backslash is not allowed in a rule; write the rule without it.")
    statement = _parse_tree(rule, fields, context)
    condition = statement.args[1]
    _refuse_depth(condition)
    return statement, RuleChecker(fields, lists)


def _parse_tree(rule: str, fields: Fields, context: Any) -> Any:
    """The tree of deferred nodes. The package's parser keeps state, hence the lock."""
    parser = rule_engine.Rule.parser
    with _parser_lock:
        parser.context = context
        try:
            readable = encode_names(rule, fields)
            tree = parser._parser.parse(readable, lexer=parser._lexer.clone())
        except errors.RuleSyntaxError as error:
            raise RuleProblem(_describe_syntax_error(error, fields)) from None
        except errors.EngineError as error:
            raise RuleProblem(
                "The rule cannot be read: %(message)s.", message=error.message
            ) from None
        finally:
            parser.context = None
    decode_names(tree)
    bind_row_names(tree, fields)
    return tree


def _bind_dates(tree: Any) -> None:
    """Give each date that is written in a checked rule the meaning that a field's dates have."""
    for node in rule_child_nodes(tree):
        if node.cls is ast.DatetimeExpression:
            context, written = node.args
            node.args, node.method = (context, _parse_date_literal(written, context)), "build"
        else:
            _bind_dates(node)


def _parse_date_literal(text: str, context: Any) -> Moment:
    zone = context.default_timezone
    if len(text) == len("2026-11-23"):
        return Moment.of_day(date.fromisoformat(text), zone)
    moment = datetime.fromisoformat(text)
    return Moment.at(moment if moment.tzinfo else moment.replace(tzinfo=zone), zone)


def _describe_syntax_error(error: Any, fields: Fields) -> Text:
    token = error.token
    if token is None:
        reserved = re.search(r"the (\w+) keyword", error.message)
        if reserved is None:
            return text("The rule ends too early; something is missing at its end.")
        return _describe_reserved_word(reserved[1], fields)
    value = decode_name(str(token.value))
    word = value[0] if token.type == "error" else value
    if word in fields and token.type != "SYMBOL":
        return _describe_reserved_word(word, fields)
    hint = HINTS.get(word, text("something is missing before it, or it does not belong there"))
    return text(
        "The rule cannot be read at `%(part)s` (character %(position)s): %(hint)s.",
        part=value[:20],
        position=token.lexpos + 1,
        hint=hint,
    )


def _describe_reserved_word(word: str, fields: Fields) -> Text:
    if word in fields:
        return text(
            "`%(word)s` is a word of the rules themselves, so no rule can name the field %(word)s;"
            " give the field another key.",
            word=word,
        )
    return text(
        "`%(word)s` is not allowed in a rule; write conditions with and, or, not.", word=word
    )


def _refuse_depth(tree: Any) -> None:
    level, depth = [tree], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise RuleProblem(
                "The rule is nested or chained more than %(deepest)s deep; write a list with in"
                " instead of many or, or split it into several rules.",
                deepest=MAX_DEPTH,
            )
        level = [child for node in level for child in rule_child_nodes(node)]
