"""A template that names what is not there fails a test, instead of showing nothing to a person."""

import pytest
from django.conf import settings
from django.template import Context, Origin, Template, engines


def rendered(source: str, path: str) -> str:
    """A template with that source, as if it lay there."""
    engine = engines["django"].engine
    return Template(source, origin=Origin(path), engine=engine).render(Context())


def test_our_own_template_may_not_name_what_is_missing() -> None:
    ours = str(settings.BASE_DIR / "templates" / "page.html")
    with pytest.raises(AssertionError, match=r"page\.html names nothing\.at\.all"):
        rendered("<p>{{ nothing.at.all|default:'-' }}</p>", ours)


def test_our_own_template_may_ask_whether_something_is_there() -> None:
    ours = str(settings.BASE_DIR / "templates" / "page.html")
    assert rendered("{% if nothing %}yes{% else %}no{% endif %}", ours) == "no"


def test_a_template_of_a_package_is_let_off() -> None:
    assert rendered("<p>{{ nothing|default:'-' }}</p>", "/site-packages/a.html") == "<p>-</p>"
