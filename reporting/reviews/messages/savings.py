"""What a workflow saves, with its arithmetic in sentences."""

from collections.abc import Iterator

from django.utils.translation import gettext, ngettext

from reporting.reviews.facts.choices import SavingsBasis
from reporting.reviews.facts.review_facts import ReviewFacts, SavedMoney
from workflows.language.formats import count_text, decimal_text


def describe_savings(facts: ReviewFacts) -> list[str]:
    """The arithmetic, step by step; or why there is none."""
    if facts.saved.basis == SavingsBasis.NO_BASELINE:
        return [gettext("The map has no baseline, so nothing can be compared.")]
    if facts.saved.basis == SavingsBasis.NO_WORKING_TIME:
        return [gettext("No working time is known, so nothing can be compared.")]
    return [*_minute_sentences(facts), *_money_sentences(facts), _caution()]


def _minute_sentences(facts: ReviewFacts) -> Iterator[str]:
    minutes, saved, before = facts.minutes, facts.saved, facts.baseline.minutes_per_request
    places = {
        "before": f"{before:g}",
        "total": decimal_text(minutes.total, 2),
        "requests": count_text(minutes.requests),
        "now": decimal_text(minutes.per_request or 0, 2),
        "median": decimal_text(minutes.median or 0, 2),
        "each": decimal_text(saved.each or 0, 2),
        "minutes": decimal_text(saved.minutes or 0, 2),
        "hours": decimal_text((saved.minutes or 0) / 60, 1),
    }
    yield (
        gettext("Before the workflow: %(before)s minutes of work a request (the map's baseline).")
        % places
    )
    yield (
        ngettext(
            "Now: %(total)s minutes of people's working time in %(requests)s request that ended,"
            " %(total)s / %(requests)s = %(now)s minutes a request on average; half of them took"
            " at most %(median)s.",
            "Now: %(total)s minutes of people's working time in %(requests)s requests that ended,"
            " %(total)s / %(requests)s = %(now)s minutes a request on average; half of them took"
            " at most %(median)s.",
            minutes.requests,
        )
        % places
    )
    yield _difference_sentence(lost=(saved.minutes or 0) < 0) % places


def _difference_sentence(*, lost: bool) -> str:
    if lost:
        return gettext(
            "%(before)s \N{MINUS SIGN} %(now)s = %(each)s minutes a request; %(each)s"
            " \N{MULTIPLICATION SIGN} %(requests)s ="
            " %(minutes)s minutes (%(hours)s hours) lost in this period."
        )
    return gettext(
        "%(before)s \N{MINUS SIGN} %(now)s = %(each)s minutes a request; %(each)s"
        " \N{MULTIPLICATION SIGN} %(requests)s ="
        " %(minutes)s minutes (%(hours)s hours) saved in this period."
    )


def _money_sentences(facts: ReviewFacts) -> Iterator[str]:
    for money in facts.saved.money:
        yield gettext(
            "An hour of this work costs %(rate)s %(currency)s on average (by the rates of roles);"
            " %(minutes)s / 60 \N{MULTIPLICATION SIGN} %(rate)s = %(amount)s %(currency)s."
        ) % _money_places(money, facts.saved.minutes or 0)


def _money_places(money: SavedMoney, minutes: float) -> dict[str, str]:
    return {
        "rate": decimal_text(money.per_hour, 2),
        "currency": money.currency,
        "minutes": decimal_text(minutes, 2),
        "amount": decimal_text(money.amount, 2),
    }


def _caution() -> str:
    return gettext(
        "These are averages of what was measured against a figure from before, not a promise:"
        " requests differ, and the baseline is only as good as whoever measured it."
    )
