"""XML of unknown origin as a small tree that knows its lines, and a tree as XML.

No DTD and no entity is taken; how much is read has bounds. Elements know nothing of BPMN.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, XMLParser

from workflows.engine.bpmn.vocabulary import PREFIXES
from workflows.engine.format.plain_data import file_problem
from workflows.engine.texts import text

MAX_BYTES: Final = 5_000_000
MAX_ELEMENTS: Final = 100_000
MAX_DEPTH: Final = 100


@dataclass(slots=True)
class XmlElement:
    """An element: its namespace and local name, its attributes (those with a namespace as
    `{namespace}name`), the line where it begins, what is in it, and its text."""

    namespace: str
    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    line: int = 0
    children: list["XmlElement"] = field(default_factory=list)
    text: str = ""

    def add(
        self, namespace: str, name: str, attributes: Mapping[str, str] | None = None, text: str = ""
    ) -> "XmlElement":
        """A new element as the last in this one."""
        child = XmlElement(namespace, name, dict(attributes or {}), text=text)
        self.children.append(child)
        return child

    def children_named(self, namespace: str, *names: str) -> Iterator["XmlElement"]:
        """The elements right in this one that have this namespace and one of these names."""
        for child in self.children:
            if child.namespace == namespace and child.name in names:
                yield child

    def first_named(self, namespace: str, *names: str) -> "XmlElement | None":
        """The first of them, if there is one."""
        return next(self.children_named(namespace, *names), None)

    def walk(self) -> Iterator["XmlElement"]:
        """This element and all in it, in the order of the file."""
        todo = [self]
        while todo:
            element = todo.pop()
            yield element
            todo.extend(reversed(element.children))


class _TooMuch(Exception):
    """There is more in the file than is read."""


class _TreeBuilder:
    """Puts what the parser meets into a tree, without recursion."""

    def __init__(self) -> None:
        self.root: XmlElement | None = None
        self.line: Callable[[], int] = lambda: 0
        self._open: list[XmlElement] = []
        self._elements = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins; its tag and its attributes are `{namespace}name`."""
        self._elements += 1
        if self._elements > MAX_ELEMENTS or len(self._open) >= MAX_DEPTH:
            raise _TooMuch
        namespace, _, name = tag[1:].partition("}") if tag[0] == "{" else ("", "", tag)
        element = XmlElement(namespace, name, dict(attributes), self.line())
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def end(self, tag: str) -> None:
        """An element ends."""
        self._open.pop()

    def data(self, content: str) -> None:
        """Text of the element that is open."""
        if self._open:
            self._open[-1].text += content

    def close(self) -> XmlElement | None:
        """The root, when all is read."""
        return self.root


def read_xml(written: bytes, *, name: str) -> XmlElement:
    """The root of an XML file; `name` is the file's name, for messages.

    Raises DefinitionProblem of one line, and nothing else.
    """
    if len(written) > MAX_BYTES:
        raise file_problem(
            name, text("is larger than 5 MB; a map is much smaller, so check the file")
        )
    builder = _TreeBuilder()
    parser = XMLParser(target=builder, forbid_dtd=True)
    builder.line = lambda: parser.parser.CurrentLineNumber
    try:
        parser.feed(written)
        root = parser.close()
    except DefusedXmlException:
        raise file_problem(
            name, text("declares a DTD or entities, which no map needs; take them out")
        ) from None
    except _TooMuch:
        raise file_problem(
            name, text("holds more elements than any map; check the file, or export one process")
        ) from None
    except ParseError as problem:
        line, _ = problem.position
        raise file_problem(
            name, text("is not readable as XML; check it, or export it again"), line
        ) from None
    except (ValueError, LookupError):
        raise file_problem(
            name, text("is in an encoding that is not readable; save it as UTF-8")
        ) from None
    assert isinstance(root, XmlElement)
    return root


def write_xml(root: XmlElement, prefixes: Mapping[str, str] = PREFIXES) -> str:
    """A tree as an XML file, indented; its namespaces have these prefixes (else those of BPMN)."""
    declared = {f"xmlns:{prefix}": namespace for namespace, prefix in prefixes.items()}
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    _write_element(root, declared, 0, lines, prefixes)
    return "\n".join(lines) + "\n"


def _write_element(
    element: XmlElement,
    declared: Mapping[str, str],
    depth: int,
    lines: list[str],
    prefixes: Mapping[str, str],
) -> None:
    name = f"{prefixes[element.namespace]}:{element.name}"
    attributes = "".join(
        f" {_prefixed_name(key, prefixes)}={quoteattr(value)}"
        for key, value in (*declared.items(), *element.attributes.items())
    )
    indent = "  " * depth
    if element.children:
        lines.append(f"{indent}<{name}{attributes}>")
        for child in element.children:
            _write_element(child, {}, depth + 1, lines, prefixes)
        lines.append(f"{indent}</{name}>")
    elif element.text:
        lines.append(f"{indent}<{name}{attributes}>{escape(element.text)}</{name}>")
    else:
        lines.append(f"{indent}<{name}{attributes}/>")


def _prefixed_name(key: str, prefixes: Mapping[str, str]) -> str:
    if not key.startswith("{"):
        return key
    namespace, _, local = key[1:].partition("}")
    return f"{prefixes[namespace]}:{local}"
