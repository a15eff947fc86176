"""How the cost of a request was reckoned, in words."""

from decimal import Decimal

from django.utils.translation import gettext, ngettext

from reporting.costs.queries import MINUTE, CallCost, CostLine, WorkCost
from workflows.language.formats import count_text, decimal_text, money_text


def describe_reckoning(line: CostLine) -> str:
    """How much of it there was and at what price."""
    if isinstance(line, WorkCost):
        return _describe_work(line)
    return _describe_calls(line)


def _describe_work(line: WorkCost) -> str:
    minutes = decimal_text(line.seconds / MINUTE, 1)
    if line.price is None:
        return gettext("%(minutes)s min of work; no rate for the role '%(role)s'") % {
            "minutes": minutes,
            "role": line.role,
        }
    return gettext("%(minutes)s min \N{MULTIPLICATION SIGN} %(price)s an hour (%(whose)s)") % {
        "minutes": minutes,
        "price": money_text(line.price.amount, line.price.currency),
        "whose": line.price.whose,
    }


def _describe_calls(line: CallCost) -> str:
    places = {"count": count_text(line.count), "connection": line.connection}
    if line.price is None:
        sentence = ngettext(
            "%(count)s call of %(connection)s; no rate for it",
            "%(count)s calls of %(connection)s; no rate for it",
            line.count,
        )
        return sentence % places
    sentence = ngettext(
        "%(count)s call of %(connection)s \N{MULTIPLICATION SIGN} %(price)s %(currency)s",
        "%(count)s calls of %(connection)s \N{MULTIPLICATION SIGN} %(price)s %(currency)s",
        line.count,
    )
    price = {"price": format_amount(line.price.amount), "currency": line.price.currency}
    return sentence % (places | price)


def format_amount(amount: Decimal) -> str:
    """An amount with two decimals, and more only where it has them: '0.50', '0.0035'."""
    exponent = amount.normalize().as_tuple().exponent
    return decimal_text(amount, max(2, -exponent if isinstance(exponent, int) else 2))
