"""What ops staff map: a workflow, its numbered versions, the rows of each, and what was found
wrong with them since."""

from workflows.definitions.models.columns import PrettyJSONEncoder
from workflows.definitions.models.findings import MapFinding
from workflows.definitions.models.map_rows import (
    ROLE_COLUMNS,
    Field,
    Role,
    Route,
    Step,
    VersionPart,
)
from workflows.definitions.models.part_owners import PartOwner
from workflows.definitions.models.versions import (
    TemplateVersion,
    leave_out_empty_texts,
    refuse_if_published,
)
from workflows.definitions.models.workflows import TemplateQuerySet, WorkflowTemplate

__all__ = [
    "ROLE_COLUMNS",
    "Field",
    "MapFinding",
    "PartOwner",
    "PrettyJSONEncoder",
    "Role",
    "Route",
    "Step",
    "TemplateQuerySet",
    "TemplateVersion",
    "VersionPart",
    "WorkflowTemplate",
    "leave_out_empty_texts",
    "refuse_if_published",
]
