"""Definition files: text in, `Definition` out, and back, and what to say when it cannot be read.

Whatever the text is, the answer is a definition or one `DefinitionProblem` of one line that
names the file, the line, the place and what to change.
"""

import re
from typing import Any

import yaml
from pydantic import ValidationError

from workflows.engine.format.definition import Definition
from workflows.engine.format.explanations import explain_validation_error, first_error_path
from workflows.engine.format.plain_data import UnreadableText, file_problem, read_plain
from workflows.engine.texts import text

__all__ = ["explain_validation_error", "json_schema", "read_definition", "write_definition"]

_ODD_BREAKS = re.compile("[\r\x85\u2028\u2029]")
MAX_FLOW_LENGTH = 88
"""A mapping or list of plain values is written on one line up to this length."""


def read_definition(written: str | bytes, *, name: str) -> Definition:
    """The definition that a YAML or JSON text says; `name` is the file's name, for messages.

    Raises DefinitionProblem, and nothing else.
    """
    try:
        plain = read_plain(written)
    except UnreadableText as problem:
        raise file_problem(name, problem.why, problem.line) from None
    if plain.data is None:
        raise file_problem(name, text("the file is empty; start it with `format: 1`"))
    if not isinstance(plain.data, dict):
        raise file_problem(
            name, text("the file must be keys and values, such as `format: 1` and `steps:`")
        )
    try:
        return Definition.model_validate(plain.data)
    except ValidationError as problem:
        place = first_error_path(problem)
        candidate_lines = (plain.lines.get(place[:end]) for end in range(len(place), 0, -1))
        line = next((line for line in candidate_lines if line), None)
        raise file_problem(name, explain_validation_error(problem), line) from None


def write_definition(definition: Definition) -> str:
    """The definition as YAML for people: in the order of its file, short parts on one line."""
    written: str = yaml.dump(
        definition.dump(),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=MAX_FLOW_LENGTH + 12,
    )
    return written


def json_schema() -> dict[str, Any]:
    """The JSON Schema of definition files, for editors and for other programs."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Definition.model_json_schema(by_alias=True),
        "title": "Handoff workflow definition",
    }


class _Dumper(yaml.SafeDumper):
    """Writes no anchors, long text as blocks, and small leaves on one line."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def represent_document(self, data: Any) -> yaml.Node:
        root: yaml.Node = self.represent_data(data)
        assert isinstance(root, yaml.MappingNode)
        for key, value in root.value:
            if key.value in ("roles", "fields", "steps", "start"):
                for _, part in value.value:
                    simple = all(
                        isinstance(inner, yaml.ScalarNode) for inner in _child_yaml_nodes(part)
                    )
                    _choose_flow_style(part, may_be_short=simple or key.value != "steps")
            else:
                _choose_flow_style(value)
        return root

    def represent(self, data: Any) -> None:
        self.serialize(self.represent_document(data))

    def represent_text(self, text: str) -> yaml.ScalarNode:
        style = "|" if "\n" in text else None
        if _ODD_BREAKS.search(text):
            style = '"'  # the only style in which these are escaped and come back as they were
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _Dumper.represent_text)


def _choose_flow_style(node: yaml.Node, *, may_be_short: bool = True) -> None:
    """Choose one line or many for a node and everything in it."""
    if not isinstance(node, yaml.CollectionNode):
        return
    length = _flow_length(node)
    node.flow_style = may_be_short and length is not None and length <= MAX_FLOW_LENGTH
    if not node.flow_style:
        for part in _child_yaml_nodes(node):
            _choose_flow_style(part)


def _child_yaml_nodes(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _flow_length(node: yaml.Node) -> int | None:
    """About how long a node is on one line, or None where that would be hard to read."""
    if isinstance(node, yaml.ScalarNode):
        return None if "\n" in node.value else len(node.value) + 2
    lengths = [
        _flow_length(part) for part in _child_yaml_nodes(node) if not _is_hard_to_read(part, node)
    ]
    if len(lengths) < len(_child_yaml_nodes(node)) or None in lengths:
        return None
    return 2 + sum(length or 0 for length in lengths)


def _is_hard_to_read(part: yaml.Node, holder: yaml.Node) -> bool:
    """Mappings in a list, and anything three levels deep, want lines of their own."""
    if not isinstance(part, yaml.CollectionNode):
        return False
    deep = any(isinstance(inner, yaml.CollectionNode) for inner in _child_yaml_nodes(part))
    return deep or isinstance(holder, yaml.SequenceNode)
