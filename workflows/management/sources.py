"""What `KEY|FILE` means on the command line: a workflow of this site, or a definition file."""

from dataclasses import dataclass
from pathlib import Path

from workflows.engine.definition import Definition
from workflows.engine.definition_file import read_definition
from workflows.engine.errors import NotFound
from workflows.management.base import read_bytes
from workflows.models import TemplateVersion, WorkflowTemplate
from workflows.services.rows import definition_of

DEFINITION_LIMIT = 10_000_000
"""Bytes; the largest file that is looked at (the reader itself takes much less)."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A definition and where it came from: the version it is, or no version for a file."""

    definition: Definition
    version: TemplateVersion | None


def source_named(text: str, *, newest: bool = False) -> Source:
    """The definition that `text` names.

    For a key it is the published version, where there is none (or with `newest`) the newest.
    Raises NotFound, InvalidInput or DefinitionProblem.
    """
    if looks_like_file(text):
        return Source(definition=read_definition_file(text), version=None)
    version = version_named(text, newest=newest)
    return Source(definition=definition_of(version), version=version)


def looks_like_file(text: str) -> bool:
    """Whether `KEY|FILE` is a file: it has a folder, a known ending, or is there."""
    known = Path(text).suffix.lower() in (".yaml", ".yml", ".json")
    return known or "/" in text or "\\" in text or _is_there(text)


def _is_there(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False


def read_definition_file(path: str) -> Definition:
    """The definition in a file. Raises InvalidInput or DefinitionProblem."""
    return read_definition(read_bytes(path, DEFINITION_LIMIT), name=path)


def version_named(key: str, *, number: int | None = None, newest: bool = False) -> TemplateVersion:
    """A version of a workflow: the numbered one, else the published one, else the newest."""
    template = WorkflowTemplate.objects.filter(key=key).first()
    if template is None:
        raise NotFound(f"There is no workflow '{key}', nor a file of that name; check its key.")
    versions = template.versions.select_related("template").order_by("-number")
    if number is not None:
        chosen = versions.filter(number=number).first()
        if chosen is None:
            raise NotFound(f"'{key}' has no version {number}; leave --version out for the current.")
        return chosen
    published = None if newest else versions.filter(state=TemplateVersion.PUBLISHED).first()
    version = published or versions.first()
    if version is None:
        raise NotFound(f"'{key}' has no map yet; load one with load_workflow.")
    return version
