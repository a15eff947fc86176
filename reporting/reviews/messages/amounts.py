"""Figures in their units, as people read them."""

from django.utils.translation import gettext

from reporting.reviews.facts.choices import MeasureUnit
from workflows.language.formats import (
    DASH,
    DAY_SECONDS,
    count_text,
    decimal_text,
    render_business_span,
    render_time_span,
    share_text,
)


def render_amount(value: float | None, unit: MeasureUnit, day: int = DAY_SECONDS) -> str:
    """A figure in its unit; a working day has `day` seconds. A dash for none."""
    if value is None:
        return DASH
    match unit:
        case MeasureUnit.WORKING_SECONDS:
            return render_business_span(value, day)
        case MeasureUnit.SECONDS:
            return render_time_span(value)
        case MeasureUnit.SHARE:
            return share_text(value, 1)
        case MeasureUnit.MINUTES:
            return gettext("%(count)s min") % {"count": decimal_text(value, 1)}
        case _:
            return count_text(round(value))
