"""Messages that were held are found by their state, not by a sentence; and the news of a child's
end belongs to the request that waits for it."""

from typing import Any

from django.db import migrations

SENTENCE = "the request is suspended"


def forwards(apps: Any, schema_editor: Any) -> None:
    """Give the rows that are there what new ones have."""
    messages = apps.get_model("workflows", "OutboxMessage").objects
    for message in messages.filter(kind="child_ended", request=None).iterator():
        parent, activation = message.payload.get("parent"), message.payload.get("activation")
        if parent is not None and activation is not None:
            messages.filter(pk=message.pk).update(request_id=parent, activation=activation)
    waiting = messages.filter(
        state="waiting", last_error__in=(SENTENCE, "The request is suspended.")
    )
    waiting.filter(request__state="suspended").update(state="held", last_error="", tries=0)


def backwards(apps: Any, schema_editor: Any) -> None:
    """Held again by the sentence."""
    messages = apps.get_model("workflows", "OutboxMessage").objects
    messages.filter(state="held").update(state="waiting", last_error=SENTENCE)
    messages.filter(state="aside").update(state="dropped")


class Migration(migrations.Migration):
    """Held is a state."""

    dependencies = [("workflows", "0008_signs_of_life")]

    operations = [migrations.RunPython(forwards, backwards)]
