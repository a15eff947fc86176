"""Prepares the site of `make run`: migrates, and loads the demo into an empty site.

One process does it all, for reading the program costs more than most of this. The pipe that its
caller names is told when what the site's owner wrote is read, and then how to sign in:
`python -m config.prepare 5`. What cannot be prepared is one line.
"""

import os
import sys
from io import StringIO

import django
from django.core.management import CommandError, call_command
from django.db import Error

from config.environment import BadEnvironment
from config.parent_process import SETTINGS_READ, end_with_parent


def prepare_site(report: int) -> None:
    """Do it. Raises SystemExit with a line for people where it cannot be done."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    end_with_parent()
    _read_settings()
    os.write(report, SETTINGS_READ)
    django.setup()
    try:
        logins = _fill_database()
    except (CommandError, Error, OSError) as problem:
        # A database's driver writes several lines, and says most in the first.
        lines = str(problem).strip().splitlines() or [type(problem).__name__]
        raise SystemExit(
            f"Handoff cannot prepare its database: {lines[0]} (manage.py migrate says more)"
        ) from None
    os.write(report, logins.encode())


def _read_settings() -> None:
    """The settings and, where there are any, the extensions: each is refused in one line, which
    the processes that are started next would repeat."""
    try:
        from config import settings  # refuses what cannot be
    except BadEnvironment as problem:
        raise SystemExit(str(problem)) from None
    from workflows.extensions.loading import installed_entry_points

    if settings.HANDOFF_EXTENSIONS or installed_entry_points():
        django.setup()


def _fill_database() -> str:
    """Migrate, load the demo into an empty site, and give back how to sign in."""
    # What the checks look for cannot be mended here; `make check` and `manage.py migrate` check.
    call_command("migrate", verbosity=0, skip_checks=True)
    call_command("load_demo", if_empty=True)
    logins = StringIO()
    call_command("load_demo", logins=True, stdout=logins)
    return logins.getvalue()


if __name__ == "__main__":
    prepare_site(int(sys.argv[1]))
