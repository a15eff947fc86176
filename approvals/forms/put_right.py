"""Forms in which whoever answers for a request puts its values right."""

from collections.abc import Collection, Mapping
from typing import Any

from django.http import HttpRequest

from approvals.forms.field_forms import DeclaredForm
from approvals.forms.people_boxes import offer_people_of_map
from approvals.ui.responses import signed_in_user
from approvals.ui.typed_text import form_data
from workflows.execution.queries.sight.field_sight import hidden_fields
from workflows.execution.services.unit_of_work import UnitOfWork


def form_to_put_right(
    request: HttpRequest,
    work: UnitOfWork,
    keys: Collection[str],
    data: Mapping[str, Any],
    *,
    required: bool = False,
) -> DeclaredForm:
    """These fields of the request, with the values that they have in `data`; what this person may
    not see is not theirs to put right."""
    user = signed_in_user(request)
    hidden = hidden_fields(user, work.instance, work.map)
    keys = [key for key in keys if key not in hidden]
    form = DeclaredForm(
        work.map.graph.definition,
        keys,
        form_data(request),
        opening_values={key: data.get(key) for key in keys},
        required=required,
        known=data,
    )
    offer_people_of_map(form, user, work.map)
    return form
