"""Retiring a workflow while requests are under way is asked once more, with how many they are."""

from workflows.definitions.models import WorkflowTemplate
from workflows.engine.errors import WrongState
from workflows.engine.texts import plural_text
from workflows.execution.queries.open_work import count_open_instances


class AskedOnceMore(WrongState):
    """Nothing was done yet; the same form, sent again with this number, is taken."""

    under_way = 0


def require_asked_once_more(template: WorkflowTemplate, shown_count: str) -> None:
    """Refuse to retire a workflow with requests under way until its form was sent once more.

    `shown_count` is the number that the form showed: where it has changed since, it is asked
    again."""
    under_way = sum(count_open_instances(template).values())
    if under_way == 0 or shown_count == str(under_way):
        return
    refused = AskedOnceMore(
        plural_text(
            "%(count)s request of '%(name)s' is under way. Nothing was done yet: look once more at"
            " what becomes of it, and send this again.",
            "%(count)s requests of '%(name)s' are under way. Nothing was done yet: look once more"
            " at what becomes of them, and send this again.",
            under_way,
            name=template.name,
        )
    )
    refused.under_way = under_way
    raise refused
