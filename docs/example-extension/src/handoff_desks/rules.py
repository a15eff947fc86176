"""A function of rules: whether a text is the number of a desk."""

import re

from workflows.extensions.api import RuleFunction

IS_DESK = RuleFunction(
    takes=("text",),
    gives="boolean",
    run=lambda number: re.fullmatch(r"[0-9]-[0-9]{2}", number) is not None,
)
