"""What workflows cost, month by month, for those who may audit them."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from reporting.costs import CENT, MonthCost, month_costs
from reporting.csv_out import csv_file
from workflows.permissions import auditable

MONTHS = 12
COLUMNS = (
    *("month", "workflow", "requests_finished", "work_minutes", "minutes_without_rate"),
    *("calls", "calls_without_rate", "currency", "people", "calls_cost", "total"),
    "total_per_finished_request",
)


@login_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """The last twelve months, the newest first."""
    months = _months(request)
    context = {
        "lines": [line for month in months for line in _lines(month)],
        "unpriced": any(month.unpriced_minutes or month.unpriced_calls for month in months),
        "audits": auditable(request.user).exists(),
    }
    return render(request, "reporting/costs.html", context)


@login_required
@require_safe
def as_csv(request: HttpRequest) -> HttpResponse:
    """The same table as a file."""
    rows = (_row(line) for month in _months(request) for line in _lines(month))
    return csv_file("costs", COLUMNS, rows)


def _months(request: HttpRequest) -> list[MonthCost]:
    now = timezone.now().astimezone(UTC)
    first = now.year * 12 + now.month - MONTHS
    since = datetime(first // 12, first % 12 + 1, 1, tzinfo=UTC)
    return month_costs(auditable(request.user), since=since, until=now)


def _lines(month: MonthCost) -> list[dict[str, Any]]:
    """One line for each currency; one without money where nothing has a rate."""
    return [_line(month, currency) for currency in month.currencies or [""]]


def _line(month: MonthCost, currency: str) -> dict[str, Any]:
    total = month.total(currency)
    each = total / month.finished if month.finished and currency else None
    return {
        "month": month,
        "currency": currency,
        "people": cents(month.people.get(currency, Decimal())),
        "outside": cents(month.outside.get(currency, Decimal())),
        "total": cents(total),
        "each": cents(each) if each is not None else None,
    }


def cents(money: Decimal) -> Decimal:
    """Money as it is shown."""
    return money.quantize(CENT, ROUND_HALF_EVEN)


def _row(line: dict[str, Any]) -> list[Any]:
    month = line["month"]
    money = (line["people"], line["outside"], line["total"], line["each"])
    return [
        *(month.month, month.template.key, month.finished, f"{month.minutes:.2f}"),
        *(f"{month.unpriced_minutes:.2f}", month.calls, month.unpriced_calls, line["currency"]),
        *(money if line["currency"] else ("", "", "", "")),
    ]
