"""The languages that this site offers: English, those that Handoff brings, and a company's own."""

import os
from collections.abc import Collection, Iterable
from pathlib import Path

from django.conf.locale import LANG_INFO

from config.environment import Environment

SOURCE_LANGUAGE = "en-gb"
"""What the sentences are written in."""
CATALOGUE = Path("LC_MESSAGES", "django.mo")


def locale_folders(env: Environment, shipped: Path) -> list[Path]:
    """The folders with catalogues: the company's own (`HANDOFF_LOCALE`) before those shipped."""
    listed = [Path(name) for name in env.text("HANDOFF_LOCALE").split(os.pathsep) if name]
    env.problems += [
        f"HANDOFF_LOCALE names '{path}', which is no folder; write the folder that holds"
        " de/LC_MESSAGES/django.mo and its kind."
        for path in listed
        if not path.is_dir()
    ]
    return [*listed, shipped]


def catalogue_languages(folders: Iterable[Path]) -> list[str]:
    """The codes of the languages that have a compiled catalogue: `de`, `pt-br`."""
    catalogues = [path for folder in folders for path in folder.glob(f"*/{CATALOGUE}")]
    return sorted({path.parts[-3].replace("_", "-").lower() for path in catalogues})


def language_name(code: str) -> str:
    """What those who speak a language call it; the code itself where nobody has said."""
    entry = LANG_INFO.get(code) or LANG_INFO.get(code.partition("-")[0]) or {}
    name = str(entry.get("name_local", code))
    return name[:1].upper() + name[1:]


def offered_languages(env: Environment, folders: Iterable[Path]) -> list[tuple[str, str]]:
    """English and all that have a catalogue, or those of them that `HANDOFF_LANGUAGES` lists."""
    offered = list(dict.fromkeys([SOURCE_LANGUAGE, *catalogue_languages(folders)]))
    listed = env.text("HANDOFF_LANGUAGES").lower().replace(",", " ").split()
    if unknown := [code for code in listed if code not in offered]:
        env.problems.append(_unknown_language("HANDOFF_LANGUAGES", unknown[0], offered))
    codes = [code for code in offered if not listed or code in listed] or offered
    return [(code, language_name(code)) for code in codes]


def site_language(env: Environment, offered: Collection[tuple[str, str]]) -> str:
    """`HANDOFF_LANGUAGE`: for whoever has chosen none and whose browser asks for none of ours."""
    codes = [code for code, _ in offered]
    default = SOURCE_LANGUAGE if SOURCE_LANGUAGE in codes else codes[0]
    code = env.text("HANDOFF_LANGUAGE", default).lower()
    if code in codes:
        return code
    env.problems.append(_unknown_language("HANDOFF_LANGUAGE", code, codes))
    return default


def _unknown_language(variable: str, code: str, offered: Iterable[str]) -> str:
    return f"{variable} is '{code[:20]}', which has no catalogue here; write: {', '.join(offered)}."
