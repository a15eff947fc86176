"""A site in the language of brackets."""

import pytest

from tests.language.pseudo import speak_in_brackets
from tests.language.site import make_greek_site
from tests.rights.everything import Everything


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Everything:
    speak_in_brackets(monkeypatch)
    return Everything(site=None, rows=make_greek_site())  # type: ignore[arg-type]
