"""Who reads in which language and time zone: pages, programs, mails, and nobody."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone, translation

from config.environment import Environment
from config.languages import locale_folders, offered_languages, site_language
from tests.factories import make_user
from tests.rights.everything import snapshot
from workflows.access.services import tokens
from workflows.automation.services.delivery import deliver_due
from workflows.engine.texts import ReaderMoment, dump_text, load_text, text
from workflows.language.readers import language_of, written_for, zone_of
from workflows.people.models import User

SHIPPED = Path(__file__).resolve().parents[2] / "locale"


def page_of(user: User | None, path: str = "/", **headers: str) -> Any:
    """A page, as this person's browser gets it."""
    client = Client()
    if user is not None:
        client.force_login(user)
    return client.get(path, headers=headers)


def test_a_page_is_in_the_language_that_its_reader_chose(db: None) -> None:
    answer = page_of(make_user("mia", language="de"), **{"accept-language": "en"})
    assert answer.headers["Content-Language"] == "de"
    assert '<html lang="de"' in answer.content.decode()
    assert ">Eingang<" in answer.content.decode()


def test_whoever_chose_none_gets_what_the_browser_asks_for(db: None) -> None:
    german = page_of(make_user("mia"), **{"accept-language": "de-AT, en;q=0.5"})
    assert german.headers["Content-Language"] == "de"
    english = page_of(make_user("mia"), **{"accept-language": "en-US"})
    assert english.headers["Content-Language"] == "en-gb"


def test_what_is_not_offered_is_the_sites_language(db: None, settings: Any) -> None:
    settings.LANGUAGE_CODE = "de"
    answer = page_of(make_user("mia", language="xx"), **{"accept-language": "zu"})
    assert answer.headers["Content-Language"] == "de"


def test_the_sign_in_page_asks_the_browser(db: None) -> None:
    answer = page_of(None, "/accounts/login/", **{"accept-language": "de"})
    assert "Anmelden" in answer.content.decode()


def test_one_readers_language_is_not_the_next_ones(db: None) -> None:
    mia, sam = make_user("mia", language="de", time_zone="Asia/Tokyo"), make_user("sam")
    page_of(mia)
    assert timezone.get_current_timezone_name() == "Asia/Tokyo"
    answer = page_of(sam)
    assert answer.headers["Content-Language"] == "en-gb"
    assert timezone.get_current_timezone_name() == "UTC"


def test_caches_know_that_pages_differ_by_language_and_data_does_not(db: None) -> None:
    answer = page_of(None, "/accounts/login/")
    assert {"Accept-Language", "Cookie"} <= set(answer.headers["Vary"].split(", "))
    data = page_of(None, "/api/v1/openapi.json")
    assert "Content-Language" not in data.headers


def test_a_program_is_refused_in_the_language_that_it_asks_for(db: None) -> None:
    mia = make_user("mia", language="de")
    client = Client()
    client.force_login(mia)
    english = client.get("/api/v1/instances/X-1", headers={"accept-language": "en"})
    german = client.get("/api/v1/instances/X-1", headers={"accept-language": "de"})
    assert english.headers["Content-Language"] == "en-gb"
    assert german.headers["Content-Language"] == "de"
    assert english.json()["type"] == german.json()["type"]
    assert english.json()["detail"] != german.json()["detail"]


def test_a_mail_is_written_in_the_language_and_zone_of_who_gets_it(db: None) -> None:
    mia = make_user("mia", language="de", time_zone="Asia/Tokyo")
    with written_for(mia):
        assert translation.get_language() == "de"
        assert timezone.localtime(datetime(2026, 1, 1, tzinfo=UTC)).hour == 9
    assert translation.get_language() == "en-gb"
    with written_for(None):
        assert (translation.get_language(), timezone.get_current_timezone_name()) == (
            "en-gb",
            "UTC",
        )


def test_a_language_or_zone_that_is_gone_is_the_sites() -> None:
    odd = User(language="xx", time_zone="Nowhere/City")
    assert (language_of(odd), str(zone_of(odd))) == ("en-gb", "UTC")


def make_token_of(user: User) -> None:
    """Something of which this person gets a mail."""
    tokens.make_token(
        user=user, name="script", scopes=["read"], expires_at=None, by=user, now=timezone.now()
    )


def test_one_notice_goes_to_each_in_their_own_language(db: None) -> None:
    make_token_of(make_user("mia", email="mia@example.org", language="de"))
    make_token_of(make_user("sam", email="sam@example.org"))
    deliver_due(timezone.now)
    subjects = {message.to[0]: message.subject for message in mail.outbox}
    assert subjects == {
        "mia@example.org": "Neues: Ein API-Token wurde erstellt, das als mia handelt",
        "sam@example.org": "News: An API token that acts as sam was made",
    }


def test_a_moment_in_a_mail_is_in_the_way_and_the_zone_of_who_gets_it(db: None) -> None:
    moment = ReaderMoment(datetime(2026, 1, 5, 8, 30, tzinfo=UTC))
    kept = load_text(dump_text(text("due %(moment)s", moment=moment)))
    with written_for(make_user("mia", language="de", time_zone="Europe/Berlin")):
        assert str(kept) == "fällig 5. Jan. 2026, 09:30 (Europe/Berlin)"
    with written_for(make_user("sam", time_zone="Asia/Tokyo")):
        assert str(kept) == "due 5 Jan 2026, 17:30 (Asia/Tokyo)"


# -- what the site offers ---------------------------------------------------------------------


def test_a_site_offers_english_and_every_compiled_catalogue(tmp_path: Path) -> None:
    _add_catalogue(tmp_path, "pt_BR")
    env = Environment({"HANDOFF_LOCALE": str(tmp_path), "HANDOFF_LANGUAGE": "pt-BR"})
    folders = locale_folders(env, SHIPPED)
    assert folders == [tmp_path, SHIPPED]
    offered = offered_languages(env, folders)
    assert [code for code, _ in offered] == ["en-gb", "de", "pt-br"]
    assert dict(offered)["de"] == "Deutsch"
    assert site_language(env, offered) == "pt-br"
    assert not env.problems


def test_a_site_can_offer_fewer(tmp_path: Path) -> None:
    env = Environment({"HANDOFF_LANGUAGES": "de"})
    offered = offered_languages(env, [SHIPPED])
    assert [code for code, _ in offered] == ["de"]
    assert site_language(env, offered) == "de"


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"HANDOFF_LANGUAGE": "xx"}, "HANDOFF_LANGUAGE is 'xx'"),
        ({"HANDOFF_LANGUAGES": "de xx"}, "HANDOFF_LANGUAGES is 'xx'"),
        ({"HANDOFF_LOCALE": "/nowhere"}, "HANDOFF_LOCALE names '/nowhere'"),
    ],
)
def test_a_language_that_is_not_there_is_refused_at_the_start(
    variables: dict[str, str], problem: str
) -> None:
    env = Environment(variables)
    site_language(env, offered_languages(env, locale_folders(env, SHIPPED)))
    assert len(env.problems) == 1
    assert env.problems[0].startswith(problem)


def _add_catalogue(folder: Path, name: str) -> None:
    path = folder / name / "LC_MESSAGES" / "django.mo"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")


# -- choosing ---------------------------------------------------------------------------------


def test_people_choose_their_language_and_zone_on_their_account_page(db: None) -> None:
    mia = make_user("mia")
    client = Client()
    client.force_login(mia)
    form = {"language": "de", "time_zone": "Europe/Berlin"}
    answer = client.post("/accounts/", form, follow=True)
    mia.refresh_from_db()
    assert (mia.language, mia.time_zone) == ("de", "Europe/Berlin")
    assert "Ihr Konto" in answer.content.decode()


@pytest.mark.parametrize(
    "form",
    [
        {"language": "xx", "time_zone": ""},
        {"language": "de", "time_zone": "Nowhere/City"},
    ],
)
def test_a_language_or_zone_that_nobody_offers_is_refused_and_nothing_is_changed(
    db: None, form: dict[str, str]
) -> None:
    client = Client()
    client.force_login(make_user("mia"))
    client.get("/")
    before = snapshot()
    answer = client.post("/accounts/", form)
    assert answer.status_code == 200
    assert "error" in answer.content.decode()
    assert snapshot() == before
