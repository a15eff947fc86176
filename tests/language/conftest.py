"""A site in the language of brackets."""

import logging

import pytest

from tests.language.pseudo import speak_in_brackets
from tests.language.site import make_greek_site
from tests.rights.everything import Everything


@pytest.fixture
def refusals_are_no_news(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("django.request"), "disabled", True)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, refusals_are_no_news: None) -> Everything:
    speak_in_brackets(monkeypatch)
    return Everything(site=None, rows=make_greek_site())  # type: ignore[arg-type]
