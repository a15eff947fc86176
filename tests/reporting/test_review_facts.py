"""What a review stores: codes and numbers that come back as they were, and no sentence."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import translation
from pydantic import ValidationError

from reporting.reviews.facts.choices import (
    FindingKind,
    MeasureUnit,
    Office,
    OfficeState,
    SavingsBasis,
)
from reporting.reviews.facts.measures import (
    OwnershipDetails,
    StepUseDetails,
    details_from_json,
    details_to_json,
)
from reporting.reviews.facts.review_facts import ReviewFacts
from reporting.reviews.messages.measures import describe_measure
from tests.reporting.reviewed import office, quarter, review_at


@pytest.mark.django_db
def test_the_facts_come_back_from_the_database_as_they_were() -> None:
    office()
    quarter(1)
    review = review_at(1)
    facts = review.read_facts()
    assert facts.to_json() == review.facts
    assert ReviewFacts.from_json(json.loads(json.dumps(review.facts))) == facts
    assert facts.format == 1
    assert facts.saved.basis == SavingsBasis.COMPARED
    assert {measure.unit for measure in facts.measures} <= set(MeasureUnit)
    for finding in review.findings.all():
        stored = next(measure for measure in facts.measures if measure.key == finding.key)
        assert finding.read_details() == stored.details
        assert finding.kind == stored.kind


@pytest.mark.django_db
def test_no_sentence_is_stored_with_a_review() -> None:
    office()
    quarter(1)
    sentences = [text for text in texts_in(review_at(1).facts) if text.endswith(".")]
    assert sentences == []


def texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts_in(part)


def test_facts_of_another_format_are_refused() -> None:
    with pytest.raises(ValidationError):
        ReviewFacts.from_json({"format": 2})


@pytest.mark.parametrize(
    ("count", "requests", "sentence"),
    [
        (0, 20, "Board was never used in 20 requests."),
        (0, 1, "Board was never used in 1 request."),
        (1, 20, "Board was used once in 20 requests."),
        (7, 20, "Board was used 7 times in 20 requests."),
    ],
)
def test_a_measures_sentence_is_made_when_it_is_shown(
    count: int, requests: int, sentence: str
) -> None:
    details = StepUseDetails(step="Board", count=count, requests=requests)
    with translation.override("en"):
        assert describe_measure(details) == sentence


@pytest.mark.parametrize("state", OfficeState)
@pytest.mark.parametrize("holder", Office)
def test_each_state_of_each_office_has_its_sentence(holder: Office, state: OfficeState) -> None:
    details = OwnershipDetails(office=holder, holder="olga", state=state)
    assert details_from_json(details_to_json(details)) == details
    assert describe_measure(details).endswith(".")
    assert details.kind == FindingKind.OWNERSHIP
