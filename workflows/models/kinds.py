"""What a row of a map may be, with the words that people read for it."""

FIELD_TYPES = [
    ("text", "text"),
    ("long_text", "long text"),
    ("number", "number"),
    ("integer", "whole number"),
    ("money", "money"),
    ("boolean", "yes or no"),
    ("choice", "choice"),
    ("date", "date"),
    ("datetime", "date and time"),
    ("user", "person"),
    ("document", "document"),
]

STEP_KINDS = [
    ("approval", "approval (a person decides)"),
    ("task", "task (a person does something)"),
    ("decision", "decision (rules choose the way)"),
    ("parallel", "parallel (several branches at once)"),
    ("join", "join (merge check)"),
    ("automation", "automation"),
    ("wait", "wait"),
    ("subworkflow", "subworkflow"),
    ("end", "end"),
]

ROUTE_KINDS = [
    ("outcome", "outcome"),
    ("rule", "rule"),
    ("otherwise", "otherwise"),
    ("branch", "branch"),
    ("to", "next"),
    ("on_error", "on error"),
    ("reopen", "reopen at"),
]
