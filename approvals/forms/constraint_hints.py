"""What stands beside a control of what its field asks for: a help, the server asks again."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext

from workflows.engine.format.constraint_parts import ConstrainedDef
from workflows.engine.timing.dates import local_day_of
from workflows.engine.values.bounds import BoundContext, Limit, money_limit, parse_bound
from workflows.engine.values.field_types.base import FIELD_TYPES
from workflows.engine.values.patterns import compile_pattern
from workflows.language.formats import date_text, exact_number_text, moment_text


def control_attributes(spec: ConstrainedDef) -> dict[str, Any]:
    """What the browser is told beforehand."""
    attributes: dict[str, Any] = {}
    if spec.max_length is not None:
        attributes["maxlength"] = spec.max_length
    if spec.pattern is not None:
        pattern = compile_pattern(spec.pattern)
        attributes |= {"pattern": pattern.portable, "title": constraint_hint(spec)}
    if FIELD_TYPES[spec.type].is_day:
        least, most = _known_limits(spec)
        attributes |= {
            name: limit.isoformat()
            for name, limit in (("min", least), ("max", most))
            if isinstance(limit, date) and not isinstance(limit, datetime)
        }
    return attributes


def constraint_hint(spec: ConstrainedDef) -> str:
    """The same in words, where a control cannot show it."""
    sentences = []
    if spec.pattern is not None:
        example = compile_pattern(spec.pattern).example
        if example:
            sentences.append(gettext("In the form of %(example)s.") % {"example": example})
    sentences.append(_bounds_hint(spec))
    return " ".join(sentence for sentence in sentences if sentence)


def _bounds_hint(spec: ConstrainedDef) -> str:
    least, most = (_limit_text(spec, limit) for limit in _known_limits(spec))
    if least and most:
        return gettext("From %(least)s to %(most)s.") % {"least": least, "most": most}
    if least:
        return gettext("From %(least)s.") % {"least": least}
    return gettext("Up to %(most)s.") % {"most": most} if most else ""


def _known_limits(spec: ConstrainedDef) -> list[Limit | None]:
    """Both ends, where they are known without the request."""
    zone = timezone.get_default_timezone()
    context = BoundContext({}, {}, local_day_of(timezone.now(), zone), zone)
    kind = FIELD_TYPES[spec.type].kind
    ends = (spec.min, spec.max)
    return [context.limit(parse_bound(kind, end)) if end is not None else None for end in ends]


def _limit_text(spec: ConstrainedDef, limit: Limit | None) -> str:
    currency = getattr(spec, "currency", None)
    if limit is None:
        return ""
    if isinstance(limit, Decimal) and currency:
        return str(money_limit(limit, currency))
    if isinstance(limit, Decimal):
        return exact_number_text(limit)
    return moment_text(limit) if isinstance(limit, datetime) else date_text(limit)
