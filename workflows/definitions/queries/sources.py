"""What `KEY|FILE` means on the command line: a workflow of this site, or a definition file."""

from dataclasses import dataclass
from pathlib import Path

from workflows.definitions.models import TemplateVersion, WorkflowTemplate
from workflows.definitions.queries.definition_rows import definition_of
from workflows.engine.errors import NotFound
from workflows.engine.format.definition import Definition
from workflows.engine.format.files import read_definition
from workflows.persistence.files import read_bytes

DEFINITION_LIMIT = 10_000_000
"""Bytes; the largest file that is looked at (the reader itself takes much less)."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A definition and where it came from: the version it is, or no version for a file."""

    definition: Definition
    version: TemplateVersion | None


def read_source(text: str, *, newest: bool = False) -> Source:
    """The definition that `text` names.

    For a key it is the published version, where there is none (or with `newest`) the newest.
    Raises NotFound, InvalidInput or DefinitionProblem.
    """
    if looks_like_file(text):
        return Source(definition=read_definition_file(text), version=None)
    template = WorkflowTemplate.objects.filter(key=text).first()
    if template is None:
        raise NotFound(
            "There is no workflow '%(key)s', nor a file of that name; check its key.", key=text
        )
    version = _choose_version(template, newest=newest)
    return Source(definition=definition_of(version), version=version)


def looks_like_file(text: str) -> bool:
    """Whether `KEY|FILE` is a file: it has a folder, a known ending, or is there."""
    has_known_suffix = Path(text).suffix.lower() in (".yaml", ".yml", ".json")
    return has_known_suffix or "/" in text or "\\" in text or _is_existing_file(text)


def _is_existing_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False


def read_definition_file(path: str) -> Definition:
    """The definition in a file. Raises InvalidInput or DefinitionProblem."""
    return read_definition(read_bytes(path, DEFINITION_LIMIT), name=path)


def find_named_workflow(key: str) -> WorkflowTemplate:
    """The workflow that somebody at the machine names by its key. Raises NotFound."""
    template = WorkflowTemplate.objects.filter(key=key).first()
    if template is not None:
        return template
    if looks_like_file(key):
        raise NotFound(
            "'%(key)s' is a file, and here a workflow is named by its key; load the file with"
            " load_workflow first.",
            key=key,
        )
    raise NotFound("There is no workflow '%(key)s'; check its key.", key=key)


def find_named_version(key: str, *, number: int | None = None) -> TemplateVersion:
    """A version of a workflow: the numbered one, else the published one, else the newest."""
    template = find_named_workflow(key)
    if number is None:
        return _choose_version(template)
    chosen = template.versions.select_related("template").filter(number=number).first()
    if chosen is None:
        raise NotFound(
            "'%(key)s' has no version %(number)s; leave --version out for the current.",
            key=key,
            number=number,
        )
    return chosen


def _choose_version(template: WorkflowTemplate, *, newest: bool = False) -> TemplateVersion:
    versions = template.versions.select_related("template").order_by("-number")
    published = None if newest else versions.filter(state=TemplateVersion.PUBLISHED).first()
    version = published or versions.first()
    if version is None:
        raise NotFound("'%(key)s' has no map yet; load one with load_workflow.", key=template.key)
    return version
