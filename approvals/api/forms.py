"""What a start form and a task ask for, as JSON schemas, for programs that check beforehand."""

from collections.abc import Sequence

from django.http import HttpRequest, JsonResponse
from ninja import Router

from approvals.api.authentication import authorized_user
from approvals.api.responses import READ_REFUSALS, documented_responses, schema_response
from approvals.api.schemas.requests import FormOut
from workflows.access.conditions import START
from workflows.access.models import ApiToken
from workflows.definitions.models import WorkflowTemplate
from workflows.definitions.queries.compiled_versions import cached_map, get_version_map
from workflows.definitions.queries.published_versions import get_published_version
from workflows.engine.authority.asked_fields import missing_answers
from workflows.engine.authority.row_columns import AT_START, field_at
from workflows.engine.errors import NotFound
from workflows.engine.format.definition import Definition
from workflows.engine.values.fields import json_schema_of_fields
from workflows.execution.queries.visible_instances import find_visible_human_task

router = Router(tags=["forms"])


@router.get(
    "/workflows/{slug:workflow}/form",
    operation_id="start_form",
    url_name="start_form",
    summary="Start form",
    response=documented_responses(FormOut, refusals=(*READ_REFUSALS, 409)),
)
def read_start_form_call(request: HttpRequest, workflow: str) -> JsonResponse:
    """What a new request's `data` may say, and what it must; for those who may start it."""
    user = authorized_user(request, ApiToken.READ)
    if not WorkflowTemplate.objects.with_verbs(user, START).filter(key=workflow).exists():
        raise NotFound("There is no such workflow, or it is not yours to see.")
    version_map = get_version_map(get_published_version(workflow))
    definition = version_map.graph.definition
    keys = (definition.start.fields if definition.start else None) or []
    return schema_response(
        FormOut(
            workflow=workflow,
            version=version_map.number,
            step=None,
            outcomes=[],
            data_schema=json_schema_of_fields(
                keys,
                {key: field_at(version_map.graph, key, AT_START) for key in keys},
                _always_required(definition, keys),
            ),
        )
    )


@router.get(
    "/work-items/{int:task_id}/form",
    operation_id="task_form",
    url_name="task_form",
    summary="Form of a task",
    response=documented_responses(FormOut, refusals=READ_REFUSALS),
)
def read_task_form_call(request: HttpRequest, task_id: int) -> JsonResponse:
    """The outcomes of a task's step, and what the `data` of its decision may say; what it must is
    what the request does not know yet."""
    user = authorized_user(request, ApiToken.READ)
    task = find_visible_human_task(user, task_id)
    version_map = cached_map(task.step.version_id)
    definition, step = version_map.graph.definition, version_map.human(task.step.key)
    keys = step.outputs or []
    data = version_map.data_of_task(task.step_id, task.rows, task.request.data, task.request.chains)
    required = missing_answers(version_map.graph, keys, data)
    return schema_response(
        FormOut(
            workflow=definition.key,
            version=version_map.number,
            step=task.step.key,
            outcomes=list(step.outcomes),
            data_schema=json_schema_of_fields(
                keys,
                {key: field_at(version_map.graph, key, task.step.key) for key in keys},
                required,
            ),
        )
    )


def _always_required(definition: Definition, keys: Sequence[str]) -> list[str]:
    """What a start must say whatever else it says; what opens with a constant may be left out."""
    return [key for key in keys if definition.fields[key].is_left_to_others]
