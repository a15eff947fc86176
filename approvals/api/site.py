"""The API as a whole: who may call, how often, what it says when it refuses, its document."""

from typing import Any

from django.http import HttpRequest
from django.urls import get_script_prefix
from django.utils.translation import get_language
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser

from approvals.api import (
    comments,
    documents,
    following,
    forms,
    instances,
    messages,
    questions,
    resources,
    votes,
)
from approvals.api import tasks as work
from approvals.api import webhooks as hooks
from approvals.api.authentication import Bearer, SessionCookie
from approvals.api.problems import MEDIA_TYPE, map_errors
from approvals.api.rate_limits import CALLERS
from approvals.api.uploads import parse_exact_json

DESCRIPTION = """\
The same services and permissions as the pages. What the caller may not see is 404. Errors are
problem documents (RFC 9457); `Idempotency-Key` is honoured on every POST."""


class ExactJson(Parser):
    """Numbers stay as they are written, and what is no number in JSON is refused."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The body; whatever is raised becomes 400."""
        return parse_exact_json(request.body)


class Api(NinjaAPI):
    """Ninja's, with refusals documented in their own media type."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._documents: dict[tuple[str, str | None], OpenAPISchema] = {}

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """The document of all calls, which are the same as long as the process lives."""
        kept_as = (get_script_prefix(), get_language())
        if kept_as not in self._documents:
            self._documents[kept_as] = self._write_document(**options)
        return self._documents[kept_as]

    def _write_document(self, **options: Any) -> OpenAPISchema:
        document = super().get_openapi_schema(**options)
        for path in document["paths"].values():
            for operation in path.values():
                for status, answer in operation["responses"].items():
                    if int(status) >= 400:
                        answer["content"] = {MEDIA_TYPE: answer["content"]["application/json"]}
        return document


def make_api() -> Api:
    """All calls, mounted."""
    api = Api(
        title="Handoff",
        version="v1",
        description=DESCRIPTION,
        urls_namespace="api-v1",
        docs_url=None,  # its page needs scripts that the content security policy refuses
        auth=[Bearer(), SessionCookie()],
        throttle=[CALLERS],
        parser=ExactJson(),
    )
    map_errors(api)
    api.add_router("/instances", instances.router)
    api.add_router("/instances", comments.router)
    api.add_router("/comments", comments.own_router)
    api.add_router("", documents.router)
    api.add_router("", following.router)
    api.add_router("", work.router)
    api.add_router("", questions.router)
    api.add_router("", votes.router)
    api.add_router("", messages.router)
    api.add_router("", forms.router)
    api.add_router("", resources.router)
    api.add_router("/hooks", hooks.router)
    return api


api = make_api()
