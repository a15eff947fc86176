"""The names of DMN that are written and read here.

Source: OMG, Decision Model and Notation 1.3, chapter 8 (decision tables) and annex on XML.
"""

from collections.abc import Mapping
from typing import Final

from workflows.engine.bpmn.vocabulary import HANDOFF

DMN: Final = "https://www.omg.org/spec/DMN/20191111/MODEL/"
"""DMN 1.3, which is written."""
OTHER_VERSIONS: Final = frozenset(
    (
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
    )
)
"""1.1, 1.2, 1.4 and 1.5, whose tables are the same."""
FEEL: Final = "https://www.omg.org/spec/DMN/20191111/FEEL/"
PREFIXES: Final[Mapping[str, str]] = {DMN: "dmn", HANDOFF: "handoff"}
WAY: Final = f"{{{HANDOFF}}}way"
"""Marks the output that says where a row leads."""
TYPE_BY_KIND: Final[Mapping[str, str]] = {
    "text": "string",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
}
AGGREGATIONS: Final[Mapping[str, str]] = {
    "SUM": "sum",
    "MIN": "min",
    "MAX": "max",
    "COUNT": "count",
}
