"""A type of fields for account numbers: the half on pages."""

from collections.abc import Mapping
from typing import Any

from approvals.forms.field_presentations import FIELD_PRESENTATIONS, FieldPresentation
from workflows.engine.values.field_types.base import FieldSpec


class IbanPresentation(FieldPresentation):
    """In groups of four, as people write it."""

    def text(self, spec: FieldSpec, value: Any, names: Mapping[str, str]) -> str:
        """DE89 3704 …"""
        return " ".join(value[at : at + 4] for at in range(0, len(value), 4))


FIELD_PRESENTATIONS.register("iban", IbanPresentation())
