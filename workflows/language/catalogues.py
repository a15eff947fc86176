"""Catalogues: the sentences of the source in another language, as files that any tool can edit.

`django.po` is what translators write, `django.mo` what the site reads. Nothing but Python is
needed to make either.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polib
from django.conf import locale as django_locale

from workflows.engine.errors import InvalidInput
from workflows.language.extraction import Sentence

PO_FILE, MO_FILE = Path("LC_MESSAGES", "django.po"), Path("LC_MESSAGES", "django.mo")
DEFAULT_PLURALS = "nplurals=2; plural=(n != 1);"
LINE_WIDTH = 100
SOURCE_LOCALE = "en_GB"
"""Its catalogue holds each sentence as it is, which is found in a third of the time that it takes
to find that there is none; a company that has other words for things changes it there."""
_PLACE = re.compile(r"%%|(?P<place>%(?:\(\w+\)[-+ #0]*[\d.]*[a-zA-Z]|[sd]))")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class CatalogueReport:
    """What a catalogue holds: how many sentences, and how many of them have no translation."""

    path: Path
    sentences: int
    missing: int
    problems: Sequence[str]


def locale_name(language: str) -> str:
    """The folder of a language: `pt_BR` for `pt-br`. Raises InvalidInput."""
    code = language.lower().replace("_", "-")
    if not _LANGUAGE.fullmatch(code):
        raise InvalidInput("'%(code)s' is no code of a language; write de or pt-br.", code=language)
    name, _, region = code.partition("-")
    return f"{name}_{region.upper() if len(region) == 2 else region.title()}" if region else name


def plural_rule(locale: str) -> str:
    """How many forms a language has and which is for how many, as Django's own catalogue says."""
    for name in (locale, locale.partition("_")[0]):
        path = Path(django_locale.__file__).parent / name / MO_FILE
        if path.exists():
            metadata = polib.mofile(str(path)).metadata
            return str(metadata.get("Plural-Forms", DEFAULT_PLURALS))
    return DEFAULT_PLURALS


# -- writing ----------------------------------------------------------------------------------


def update_catalogue(
    folder: Path, language: str, sentences: Mapping[Sentence, Sequence[str]]
) -> CatalogueReport:
    """Write a language's `django.po` anew: what is translated stays, what is new is empty, and what
    the source no longer says goes."""
    locale = locale_name(language)
    path = folder / locale / PO_FILE
    translated = {_identity(entry): entry for entry in _read_po(path)} if path.exists() else {}
    catalogue = polib.POFile(wrapwidth=LINE_WIDTH)
    catalogue.metadata = _header(locale)
    forms = _form_count(catalogue)
    for sentence, places in sentences.items():
        entry = _new_entry(sentence, places, forms)
        if locale == SOURCE_LOCALE:
            _repeat_sentence(entry)
        _keep_translation(entry, translated.get(_identity(entry)))
        catalogue.append(entry)
    path.parent.mkdir(parents=True, exist_ok=True)
    catalogue.save(str(path))
    return check_catalogue(path)


def _header(locale: str) -> dict[str, str]:
    return {
        "Project-Id-Version": "Handoff",
        "Language": locale,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": plural_rule(locale),
    }


def _new_entry(sentence: Sentence, places: Sequence[str], forms: int) -> polib.POEntry:
    has_place = "%" in sentence.singular
    return polib.POEntry(
        msgid=sentence.singular,
        msgid_plural=sentence.plural,
        msgstr_plural=dict.fromkeys(range(forms), "") if sentence.plural else {},
        msgctxt=sentence.context or None,
        occurrences=[(place, "") for place in places],
        flags=["python-format"] if has_place else [],
    )


def _identity(entry: polib.POEntry) -> tuple[str, str]:
    return entry.msgctxt or "", entry.msgid


def _repeat_sentence(entry: polib.POEntry) -> None:
    if entry.msgid_plural:
        entry.msgstr_plural = {0: entry.msgid, 1: entry.msgid_plural}
    else:
        entry.msgstr = entry.msgid


def _keep_translation(entry: polib.POEntry, before: polib.POEntry | None) -> None:
    if before is None:
        return
    entry.tcomment = before.tcomment
    if entry.msgid_plural:
        entry.msgstr_plural |= before.msgstr_plural
    else:
        entry.msgstr = before.msgstr
    if "fuzzy" in before.flags:
        entry.flags.append("fuzzy")


def compile_catalogue(path: Path) -> CatalogueReport:
    """Write the `django.mo` beside a `django.po`. Raises InvalidInput where a translation has other
    places than its sentence."""
    report = check_catalogue(path)
    if report.problems:
        raise InvalidInput(
            "%(file)s: %(problem)s", file=path, problem=" ".join(report.problems[:3])
        )
    _read_po(path).save_as_mofile(str(path.with_suffix(".mo")))
    return report


# -- checking ---------------------------------------------------------------------------------


def _read_po(path: Path) -> polib.POFile:
    try:
        return polib.pofile(str(path), wrapwidth=LINE_WIDTH, check_for_duplicates=True)
    except (OSError, ValueError) as problem:
        raise InvalidInput(
            "%(file)s cannot be read as a catalogue: %(problem)s", file=path, problem=problem
        ) from problem


def check_catalogue(path: Path) -> CatalogueReport:
    """What a catalogue lacks, and which translations lack or invent a place."""
    catalogue = _read_po(path)
    forms = _form_count(catalogue)
    return CatalogueReport(
        path=path,
        sentences=len(catalogue),
        missing=sum(not entry.translated() for entry in catalogue),
        problems=[problem for entry in catalogue for problem in entry_problems(entry, forms)],
    )


def _form_count(catalogue: polib.POFile) -> int:
    rule = catalogue.metadata.get("Plural-Forms", DEFAULT_PLURALS)
    form_count = re.search(r"nplurals\s*=\s*(\d)", rule)
    return int(form_count[1]) if form_count else 2


def entry_problems(entry: polib.POEntry, forms: int) -> Iterator[str]:
    """What is wrong with a translation: other places than the sentence's, or a form too few."""
    texts = entry.msgstr_plural if entry.msgid_plural else {0: entry.msgstr}
    written = {form: text for form, text in texts.items() if text}
    if written and entry.msgid_plural and len(written) != forms:
        yield f"'{entry.msgid}' has {len(written)} of {forms} forms."
    own_places = places_of(entry.msgid) | places_of(entry.msgid_plural)
    for form, translation in written.items():
        places = places_of(translation)
        if missing := _needed_places(entry, form, forms) - places:
            yield f"'{translation}' lacks {', '.join(sorted(missing))}."
        if invented := places - own_places:
            yield f"'{translation}' has {', '.join(sorted(invented))}, which nothing fills in."


def _needed_places(entry: polib.POEntry, form: int, forms: int) -> set[str]:
    """The places that a form must have; the one for one may leave its number out ('a task')."""
    if not entry.msgid_plural:
        return places_of(entry.msgid)
    is_for_one = forms > 1 and form == 0
    return places_of(entry.msgid) - {"%(count)s"} if is_for_one else places_of(entry.msgid_plural)


def places_of(sentence: str) -> set[str]:
    """The places of a sentence that something is put into: `%(count)s`."""
    return {place["place"] for place in _PLACE.finditer(sentence) if place["place"]}
