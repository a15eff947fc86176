"""Values of a running request that turned out wrong, put right by who answers for it."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from approvals.forms.field_forms import CommandReasonForm
from approvals.forms.put_right import form_to_put_right
from approvals.ui.responses import signed_in_page, signed_in_user
from approvals.ui.typed_text import form_data
from approvals.views.confirmations import (
    GET_OR_POST,
    Confirmation,
    confirm_and_run,
    require_manager,
)
from workflows.execution.models import WorkflowInstance
from workflows.execution.queries.visible_instances import find_visible_request
from workflows.execution.services.corrections import (
    correct_values,
    fields_to_put_right,
    find_correction_refusal,
)
from workflows.execution.services.read_only_work import read_only_unit_of_work


@require_http_methods(GET_OR_POST)
@signed_in_page
def correct_values_view(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask for the right values and why; then write them."""
    user = signed_in_user(request)
    instance = find_visible_request(user, reference)
    require_manager(user, instance)
    work = read_only_unit_of_work(instance, user, timezone.now())
    refusal = find_correction_refusal(work, user)
    if refusal is not None:
        raise refusal
    keys = fields_to_put_right(work.map.graph.definition)
    values = form_to_put_right(request, work, keys, instance.data)
    form = CommandReasonForm(form_data(request))

    def run_correction(now: datetime) -> WorkflowInstance:
        return correct_values(
            instance.pk,
            actor=user,
            data=values.changed(),
            reason=form.cleaned_data["reason"],
            now=now,
        )

    question = Confirmation(
        gettext("Correct values of %(reference)s?") % {"reference": reference},
        gettext("Correct the values"),
        gettext(
            "What hangs on them follows: sums, due dates, who has a task. An approval that was"
            " given on another value is asked for again, unless its map lets it hold. Who corrected"
            " what, and why, is kept for good."
        ),
    )
    return confirm_and_run(
        request, instance, question, form, run_correction, values=values, values_open=True
    )
