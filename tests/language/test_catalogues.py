"""Catalogues: what is read from the source, what is kept, and what is refused."""

from pathlib import Path

import polib
import pytest
from django.core.management import call_command
from pytest_django import Settings

from workflows.engine.errors import InvalidInput
from workflows.language.catalogues import (
    MO_FILE,
    PO_FILE,
    check_catalogue,
    compile_catalogue,
    entry_problems,
    locale_name,
    plural_rule,
    update_catalogue,
)
from workflows.language.extraction import Sentence, extract_sentences, glued_sentences

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "locale"
PYTHON = '''
from workflows.engine.errors import HandoffError, InvalidInput
from django.utils.translation import gettext as g, gettext, ngettext, pgettext
from workflows.engine.texts import plural_text, text

TOO_LATE = "It is too late."

class Stale(InvalidInput):
    """A refusal of its own."""

class Older(Stale):
    """And one below it."""

def say(count: int) -> None:
    gettext("Hello, %(name)s.") % {"name": count}
    gettext("Yes" if count else "No")
    ngettext("%(count)s task", "%(count)s tasks", count)
    pgettext("month", "May")
    text("in the engine")
    plural_text("%(count)s step", "%(count)s steps", count)
    raise Older("It is %(age)s old.", age=count)
    raise Stale(TOO_LATE)
    print("nobody translates this")
'''
TEMPLATE = """{% load i18n %}{% translate "Inbox" %}{% translate "Start" context "menu" %}
{% if x %}{% blocktranslate trimmed with a=b %}
   Who has it:
   {{ a }}, 100% sure
{% endblocktranslate %}{% endif %}{{ x|default:_("nobody") }}
{% blocktranslate count n=n %}{{ n }} day{% plural %}{{ n }} days{% endblocktranslate %}
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A tree with a module and a template."""
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows" / "things.py").write_text(PYTHON)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text(TEMPLATE)
    bases = {"SentenceError": "Exception", "HandoffError": "SentenceError"}
    classes = bases | {"InvalidInput": "HandoffError"}
    errors = "".join(f"class {name}({base}): ...\n" for name, base in classes.items())
    (tmp_path / "workflows" / "errors.py").write_text(errors)
    return tmp_path


def test_python_gives_the_sentences_of_functions_engine_and_refusals(source: Path) -> None:
    found = {
        sentence for sentence, places in extract_sentences(source).items() if "py" in places[0]
    }
    assert found == {
        Sentence("", "Hello, %(name)s."),
        Sentence("", "Yes"),
        Sentence("", "No"),
        Sentence("", "%(count)s task"),
        Sentence("month", "May"),
        Sentence("", "in the engine"),
        Sentence("", "%(count)s step"),
        Sentence("", "It is %(age)s old."),
        Sentence("", "It is too late."),
    }
    plurals = {sentence.singular: sentence.plural for sentence in extract_sentences(source)}
    assert plurals["%(count)s task"] == "%(count)s tasks"
    assert plurals["%(count)s step"] == "%(count)s steps"


def test_templates_give_their_sentences_as_they_are_looked_up(source: Path) -> None:
    found = {
        sentence.singular: (sentence.context, sentence.plural)
        for sentence, places in extract_sentences(source).items()
        if places == ["templates/page.html"]
    }
    assert found == {
        "Inbox": ("", ""),
        "Start": ("menu", ""),
        "Who has it: %(a)s, 100%% sure": ("", ""),
        "nobody": ("", ""),
        "%(n)s day": ("", "%(n)s days"),
    }


def test_updating_keeps_what_is_translated_and_drops_what_is_no_longer_there(
    tmp_path: Path,
) -> None:
    first = {Sentence("", "Inbox"): ["a.py"], Sentence("", "Gone"): ["a.py"]}
    update_catalogue(tmp_path, "de", first)
    path = tmp_path / "de" / PO_FILE
    catalogue = polib.pofile(str(path))
    catalogue.find("Inbox").msgstr = "Eingang"
    catalogue.save()
    second = {Sentence("", "Inbox"): ["b.py"], Sentence("", "New"): ["b.py"]}
    report = update_catalogue(tmp_path, "de", second)
    assert (report.sentences, report.missing) == (2, 1)
    written = polib.pofile(str(path))
    assert {entry.msgid: entry.msgstr for entry in written} == {"Inbox": "Eingang", "New": ""}
    before = path.read_text()
    update_catalogue(tmp_path, "de", second)
    assert path.read_text() == before, "nothing new changes nothing"


@pytest.mark.parametrize(
    ("translation_text", "problem"),
    [
        ("Hallo, %(name)s.", ""),
        ("Hallo.", "lacks %(name)s"),
        ("Hallo, %(nmae)s.", "nothing fills in"),
        ("Hallo, %(name)s, %s.", "nothing fills in"),
        ("100 %% %(name)s", ""),
        ("", ""),
    ],
)
def test_a_translation_has_the_places_of_its_sentence(translation_text: str, problem: str) -> None:
    entry = polib.POEntry(msgid="Hello, %(name)s.", msgstr=translation_text)
    problems = " ".join(entry_problems(entry, 2))
    assert (problem in problems) if problem else not problems


def test_a_plural_has_all_forms_of_the_language(tmp_path: Path) -> None:
    entry = polib.POEntry(
        msgid="%(count)s day of %(who)s",
        msgid_plural="%(count)s days of %(who)s",
        msgstr_plural={0: "ein Tag von %(who)s", 1: "%(count)s Tage von %(who)s"},
    )
    assert not list(entry_problems(entry, 2))
    assert "2 of 3 forms" in " ".join(entry_problems(entry, 3))


def test_a_wrong_translation_is_not_compiled_and_the_old_file_stays(tmp_path: Path) -> None:
    update_catalogue(tmp_path, "de", {Sentence("", "Hello, %(name)s."): ["a.py"]})
    path = tmp_path / "de" / PO_FILE
    compile_catalogue(path)
    before = (tmp_path / "de" / MO_FILE).read_bytes()
    catalogue = polib.pofile(str(path))
    catalogue[0].msgstr = "Hallo."
    catalogue.save()
    with pytest.raises(InvalidInput, match=r"lacks %\(name\)s"):
        compile_catalogue(path)
    assert (tmp_path / "de" / MO_FILE).read_bytes() == before


def test_languages_have_the_folders_and_forms_that_django_knows() -> None:
    assert [locale_name(code) for code in ("de", "pt-br", "zh-hans")] == ["de", "pt_BR", "zh_Hans"]
    with pytest.raises(InvalidInput, match="no code of a language"):
        locale_name("../x")
    assert plural_rule("pl").startswith("nplurals=4")
    assert plural_rule("de") == "nplurals=2; plural=(n != 1);"


def test_the_commands_make_and_compile_a_companys_own_language(
    source: Path, tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.BASE_DIR = source
    call_command("make_translations", "nl", folder=tmp_path)
    assert "14 sentences" in capsys.readouterr().out
    path = tmp_path / "nl" / PO_FILE
    catalogue = polib.pofile(str(path))
    catalogue.find("Inbox").msgstr = "Postvak"
    catalogue.save()
    call_command("compile_translations", folder=tmp_path)
    assert polib.mofile(str(tmp_path / "nl" / MO_FILE)).find("Inbox").msgstr == "Postvak"


def test_no_sentence_is_put_together_before_it_is_translated() -> None:
    assert glued_sentences(ROOT) == []


# -- what is shipped --------------------------------------------------------------------------

EVERYDAY = (
    *("templates/approvals/", "templates/account/", "templates/allauth/", "templates/base.html"),
    *("templates/400", "templates/403", "templates/404", "templates/405", "templates/429"),
    *("templates/500", "config/", "approvals/", "workflows/access/services/"),
    *("workflows/engine/authority/", "workflows/engine/values/", "workflows/execution/"),
    *("workflows/language/", "workflows/outbox/", "workflows/people/", "workflows/trail/"),
)
"""Where the sentences stand that people who ask and approve meet: pages, mails and refusals."""
CATALOGUES = pytest.mark.parametrize(
    "path", sorted(SHIPPED.glob(f"*/{PO_FILE}")), ids=lambda path: path.parts[-3]
)


@CATALOGUES
def test_shipped_catalogues_have_every_sentence_of_everyday(path: Path) -> None:
    written = {(entry.msgctxt or "", entry.msgid): entry for entry in polib.pofile(str(path))}
    everyday = [
        (sentence.context, sentence.singular)
        for sentence, places in extract_sentences(ROOT).items()
        if any(place.startswith(EVERYDAY) for place in places)
    ]
    lacking = [key for key in everyday if key not in written or not written[key].translated()]
    assert not lacking, "run `make translations` and fill these in"


@CATALOGUES
def test_shipped_catalogues_fit_their_places_and_are_compiled(path: Path) -> None:
    report = check_catalogue(path)
    assert not report.problems
    written = {
        (entry.msgctxt or "", entry.msgid): _forms(entry)
        for entry in polib.pofile(str(path))
        if entry.translated()
    }
    compiled = {
        (entry.msgctxt or "", entry.msgid): _forms(entry)
        for entry in polib.mofile(str(path.with_suffix(".mo")))
    }
    assert compiled == written, "run `make translations`"


def _forms(entry: polib.POEntry) -> object:
    return entry.msgstr_plural or entry.msgstr
