"""What a permission is called: Django keeps English sentences of them in the database."""

from django.contrib.auth.models import Permission
from django.utils.translation import gettext

ACTIONS = ("add", "change", "delete", "view")


def permission_label(permission: Permission) -> str:
    """Its app, its table and what it allows, in the reader's language."""
    content_type = permission.content_type
    model = content_type.model_class()
    action, _, rest = permission.codename.partition("_")
    if model is None or action not in ACTIONS or rest != content_type.model:
        return f"{content_type} | {gettext(permission.name)}"
    table = str(model._meta.verbose_name)
    return f"{content_type} | {_action_sentence(action) % {'table': table}}"


def _action_sentence(action: str) -> str:
    sentences = {
        "add": gettext("Can add %(table)s"),
        "change": gettext("Can change %(table)s"),
        "delete": gettext("Can delete %(table)s"),
        "view": gettext("Can view %(table)s"),
    }
    return sentences[action]
