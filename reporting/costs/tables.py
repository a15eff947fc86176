"""Costs by month and workflow, and of one request, for pages and CSV."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TypeVar

from django.utils.translation import gettext, gettext_lazy

from approvals.ui.tables import (
    CellNote,
    Column,
    CountColumn,
    DecimalColumn,
    MoneyColumn,
    ReportTable,
)
from reporting.costs.messages import describe_reckoning
from reporting.costs.queries import CENT, CostLine, Money, MonthCost, RequestCost
from workflows.language.formats import count_text, decimal_text, money_text

Value = TypeVar("Value")


def round_to_cents(money: Decimal) -> Decimal:
    """Money as it is shown."""
    return money.quantize(CENT, ROUND_HALF_EVEN)


# -- months -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CurrencyLine:
    """A month of one workflow, in one of its currencies; in none where nothing has a rate."""

    month: MonthCost
    currency: str

    @property
    def people(self) -> Decimal | None:
        """What working time cost."""
        return self._rounded(self.month.people.get(self.currency, Decimal()))

    @property
    def calls(self) -> Decimal | None:
        """What calls cost."""
        return self._rounded(self.month.outside.get(self.currency, Decimal()))

    @property
    def total(self) -> Decimal | None:
        """Both together."""
        return self._rounded(self.month.total(self.currency))

    @property
    def each(self) -> Decimal | None:
        """The total over the requests that finished."""
        if not self.month.finished:
            return None
        return self._rounded(self.month.total(self.currency) / self.month.finished)

    def _rounded(self, money: Decimal) -> Decimal | None:
        return round_to_cents(money) if self.currency else None


def costs_table(months: Iterable[MonthCost]) -> ReportTable[CurrencyLine]:
    """One line a month, workflow and currency."""
    return ReportTable(
        key="costs",
        columns=[*_month_columns(), *_work_columns(), *_money_columns()],
        rows=[
            CurrencyLine(month, currency)
            for month in months
            for currency in month.currencies or [""]
        ],
    )


def _month_columns() -> list[Column[CurrencyLine]]:
    return [
        Column(
            gettext_lazy("Month and workflow"),
            "month",
            lambda line: line.month.month,
            text=lambda line: f"{line.month.month} · {line.month.template.name}",
        ),
        Column("", "workflow", lambda line: line.month.template.key, on_page=False),
        CountColumn(
            gettext_lazy("Requests finished"), "requests_finished", lambda line: line.month.finished
        ),
    ]


def _work_columns() -> list[Column[CurrencyLine]]:
    """Working time and calls, and what of them has no rate."""
    return [
        DecimalColumn(
            gettext_lazy("Work"),
            "work_minutes",
            lambda line: round_to_cents(line.month.minutes),
            text=lambda line: _minutes_text(line.month.minutes),
            notes=lambda line: _unpriced_notes(
                line.month.unpriced_minutes, lambda minutes: decimal_text(minutes, 0)
            ),
        ),
        Column(
            "",
            "minutes_without_rate",
            lambda line: round_to_cents(line.month.unpriced_minutes),
            on_page=False,
        ),
        CountColumn(
            gettext_lazy("Calls"),
            "calls",
            lambda line: line.month.calls,
            notes=lambda line: _unpriced_notes(line.month.unpriced_calls, count_text),
        ),
        Column("", "calls_without_rate", lambda line: line.month.unpriced_calls, on_page=False),
    ]


def _minutes_text(minutes: Decimal) -> str:
    return gettext("%(count)s min") % {"count": decimal_text(minutes, 0)}


def _unpriced_notes(amount: Value, text: Callable[[Value], str]) -> list[CellNote]:
    if not amount:
        return []
    return [CellNote(gettext("%(amount)s without a rate") % {"amount": text(amount)})]


def _currency_of(line: CurrencyLine) -> str:
    return line.currency


def _money_columns() -> list[Column[CurrencyLine]]:
    return [
        Column("", "currency", _currency_of, on_page=False),
        MoneyColumn(
            gettext_lazy("People"), "people", lambda line: line.people, currency=_currency_of
        ),
        MoneyColumn(
            gettext_lazy("Calls cost"), "calls_cost", lambda line: line.calls, currency=_currency_of
        ),
        MoneyColumn(
            gettext_lazy("Together"), "total", lambda line: line.total, currency=_currency_of
        ),
        MoneyColumn(
            gettext_lazy("Each request"),
            "total_per_finished_request",
            lambda line: line.each,
            currency=_currency_of,
        ),
    ]


# -- one request ------------------------------------------------------------------------------


def request_cost_table(cost: RequestCost) -> ReportTable[CostLine]:
    """Each task and each connection, how it was reckoned, and what it cost."""
    return ReportTable(
        key="cost",
        as_cards=True,
        columns=[
            Column(gettext_lazy("Step"), "step", lambda line: line.step),
            Column(gettext_lazy("Reckoned"), "reckoned", describe_reckoning),
            MoneyColumn(
                gettext_lazy("Cost"),
                "cost",
                lambda line: None if line.money is None else round_to_cents(line.money),
                currency=lambda line: line.price.currency if line.price else "",
                css="time",
            ),
        ],
        rows=cost.lines,
    )


def sums_text(totals: Money) -> str:
    """Sums of several currencies, which are never added up: '12.00 CHF, 30.00 EUR'."""
    return ", ".join(
        money_text(round_to_cents(money), currency) for currency, money in totals.items()
    )
