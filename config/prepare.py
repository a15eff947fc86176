"""Prepares the site of `make run`: migrates, and loads the demo into an empty site.

One process does it all, for reading the program costs more than most of this. The pipe that its
caller names is told when the settings are read, and then how to sign in:
`python -m config.prepare 5`.
"""

import os
import sys
from io import StringIO

from django.core.management import call_command, execute_from_command_line

from config.environment import BadEnvironment
from config.parent_process import end_with_parent

SETTINGS_READ = b"settings\n"


def prepare_site(report: int) -> None:
    """Do it. Raises SystemExit, as the commands do."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    end_with_parent()
    _read_settings()
    os.write(report, SETTINGS_READ)
    # What the checks look for cannot be mended here; `make check` and `manage.py migrate` check.
    _run("migrate", "--verbosity", "0", "--skip-checks")
    _run("load_demo", "--if-empty")
    logins = StringIO()
    call_command("load_demo", "--logins", stdout=logins)
    os.write(report, logins.getvalue().encode())


def _read_settings() -> None:
    try:
        import config.settings  # noqa: F401 - refuses what cannot be
    except BadEnvironment as problem:
        sys.stderr.write(f"{problem}\n")
        sys.exit(2)


def _run(*arguments: str) -> None:
    execute_from_command_line(["manage.py", *arguments])


if __name__ == "__main__":
    prepare_site(int(sys.argv[1]))
