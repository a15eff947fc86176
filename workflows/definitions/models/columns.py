"""Kinds of columns that rows of a map share."""

import json
from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise


class PrettyJSONEncoder(json.JSONEncoder):
    """JSON as people read it in a form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "indent": 1, "ensure_ascii": False})


def names_field(verbose: "str | StrPromise", help_text: "str | StrPromise") -> models.JSONField:
    """A list of names; null means that the file says nothing, [] that it says 'none'."""
    return models.JSONField(verbose, null=True, blank=True, default=None, help_text=help_text)
