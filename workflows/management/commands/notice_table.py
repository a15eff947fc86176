"""`manage.py notice_table`: who is told of what, as docs/notices.md shows it."""

from typing import Any

from django.core.management.base import BaseCommand

from workflows.notices.messages.telling_table import render_telling_table


class Command(BaseCommand):
    """Print the table of events and people in Markdown."""

    help = "Print who is told of what, in Markdown."

    def handle(self, *arguments: Any, **options: Any) -> None:
        """Line by line."""
        for line in render_telling_table():
            self.stdout.write(line)
