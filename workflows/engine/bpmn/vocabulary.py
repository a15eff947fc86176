"""The names of BPMN 2.0 that are written and read here, and ours in its extensions.

Source: OMG, Business Process Model and Notation 2.0.2, chapters 8 to 12.
"""

import re
import unicodedata
from collections.abc import Container
from typing import Final

BPMN: Final = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMN_DI: Final = "http://www.omg.org/spec/BPMN/20100524/DI"
DI: Final = "http://www.omg.org/spec/DD/20100524/DI"
DC: Final = "http://www.omg.org/spec/DD/20100524/DC"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
HANDOFF: Final = "urn:handoff:bpmn:1"
"""What BPMN cannot say of a map stands in elements of this namespace."""

PREFIXES: Final = {
    BPMN: "bpmn",
    BPMN_DI: "bpmndi",
    DI: "di",
    DC: "dc",
    XSI: "xsi",
    HANDOFF: "handoff",
}

TO_BE_MAPPED: Final = "to_be_mapped"
"""The action of an automation that another tool's file does not tell; the audit asks for one."""

_NO_WORD = re.compile(r"[^a-z0-9]+")


def make_key(written: str, taken: Container[str], *, otherwise: str, length: int = 60) -> str:
    """A key for a name in any script: its Latin letters and digits, or `otherwise`, numbered
    where it is taken."""
    latin = unicodedata.normalize("NFKD", written).encode("ascii", "ignore").decode()
    words = _NO_WORD.sub("_", latin.lower()).strip("_").lstrip("0123456789_")
    base = words[: length - 4].rstrip("_") or otherwise
    key, number = base, 1
    while key in taken:
        number += 1
        key = f"{base}_{number}"
    return key


def make_slug(written: str, *, otherwise: str) -> str:
    """A workflow's key for a name in any script."""
    return make_key(written, (), otherwise=otherwise).replace("_", "-").strip("-")
