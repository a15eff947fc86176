"""`manage.py openapi`: the API's OpenAPI document, for `docs/openapi.json` and for clients."""

import json
from typing import Any

from django.core.management.base import BaseCommand

from approvals.api.site import api


class Command(BaseCommand):
    """Prints the document that /api/v1/openapi.json serves."""

    help = "Print the HTTP API's OpenAPI document."

    def handle(self, *args: Any, **options: Any) -> None:
        """JSON, one line a value, so that changes are read in a diff."""
        self.stdout.write(json.dumps(api.get_openapi_schema(), indent=1))
