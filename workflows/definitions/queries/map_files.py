"""A version's map as a file to keep, whichever page gives it: a definition file, or BPMN."""

from collections.abc import Callable
from dataclasses import dataclass

from workflows.definitions.models import TemplateVersion
from workflows.definitions.queries.definition_rows import definition_of
from workflows.engine.bpmn.writing import write_bpmn
from workflows.engine.format.definition import Definition
from workflows.engine.format.files import write_definition


@dataclass(frozen=True, kw_only=True)
class MapFile:
    """A file's name, its media type and its text."""

    name: str
    content_type: str
    text: str

    @property
    def headers(self) -> dict[str, str]:
        """It is kept, not shown."""
        return {"Content-Disposition": f'attachment; filename="{self.name}"'}


_FORMATS: dict[str, tuple[str, Callable[[Definition], str]]] = {
    "yaml": ("application/yaml", write_definition),
    "bpmn": ("application/bpmn+xml", write_bpmn),
}


def write_map_file(version: TemplateVersion, ending: str) -> MapFile:
    """The version's map as a file with this ending: `yaml` or `bpmn`.

    Raises DefinitionProblem for a draft that does not hang together yet.
    """
    content_type, write = _FORMATS[ending]
    return MapFile(
        name=f"{version.template.key}-v{version.number}.{ending}",
        content_type=content_type,
        text=write(definition_of(version)),
    )
