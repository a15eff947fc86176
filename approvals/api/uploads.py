"""Bodies that carry files: a call that may fill in documents is JSON, or JSON with files beside it.

Such a body is read after it is known who calls: what nobody may send is not taken in.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final, TypeVar

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from ninja import Schema
from ninja.errors import HttpError, ValidationError
from pydantic import ValidationError as ShapeProblem

from workflows.engine.errors import InvalidInput

JSON_TYPE: Final = "application/json"
FILES_TYPE: Final = "multipart/form-data"
PART: Final = "body"
"""The part that is the JSON of the call; each other part is a file of the field of its name."""
MAX_BODY: Final = 1024 * 1024
LARGEST_FILES: Final = 4
_TAKES_FILES: Final = re.compile(r"/api/v1/(instances|work-items/[0-9]+/decide)")

Body = TypeVar("Body", bound=Schema)


def takes_files(request: HttpRequest) -> bool:
    """Whether this is a body with files, at an address that takes some."""
    return request.content_type == FILES_TYPE and bool(_TAKES_FILES.fullmatch(request.path_info))


def most_bytes(request: HttpRequest) -> int:
    """How long the body may be: the files of a call have the room of a few of the largest."""
    files = LARGEST_FILES * settings.UPLOAD_MAX_MB * 1024 * 1024 if takes_files(request) else 0
    return MAX_BODY + int(files)


def read_body(
    request: HttpRequest, shape: type[Body]
) -> tuple[Body, dict[str, list[UploadedFile]]]:
    """The call's body, and the files by field, of which each may have several. Raises HttpError,
    ValidationError, InvalidInput."""
    if request.content_type != FILES_TYPE:
        document = parse_exact_json(request.body) if request.body else None
        return _validated(shape, document), {}
    parts = request.POST.getlist(PART)
    if len(parts) != 1 or len(request.POST) != 1 or len(parts[0]) > MAX_BODY:
        raise InvalidInput(
            "A call with files has one part '%(part)s', which is its JSON; all others are files.",
            part=PART,
        )
    files = {name: request.FILES.getlist(name) for name in request.FILES}
    return _validated(shape, parse_exact_json(parts[0])), files


def parse_exact_json(text: bytes | str) -> Any:
    """Numbers stay as they are written, and what is no number in JSON is refused; 400."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise HttpError(400, "") from None


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} is not a number in JSON")


def _validated(shape: type[Body], document: Any) -> Body:
    try:
        return shape.model_validate(document)
    except ShapeProblem as problem:
        errors = problem.errors(include_url=False)
        raise ValidationError(
            [{**error, "loc": (PART, *error["loc"])} for error in errors]
        ) from None


def fingerprint_content(request: HttpRequest) -> bytes:
    """What the call says, for telling one call from another."""
    if request.content_type != FILES_TYPE:
        return request.body
    said = [f"{name}={value}" for name in request.POST for value in request.POST.getlist(name)]
    sent = [
        f"{name}/{file.name}/{_sha256(file.chunks())}"
        for name in request.FILES
        for file in request.FILES.getlist(name)
    ]
    return "\n".join([*sorted(said), *sorted(sent)]).encode()


def _sha256(chunks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def body_with_files(shape: type[Schema]) -> dict[str, Any]:
    """The body in the OpenAPI document: JSON, or the same with files beside it."""
    schema = shape.model_json_schema()
    with_files = {
        "type": "object",
        "required": [PART],
        "properties": {PART: schema},
        "additionalProperties": {"type": "string", "format": "binary"},
        "description": (
            "The JSON of the call as the part 'body', and for each document field that it fills in"
            " a file as the part of the field's name; a field of several documents takes several"
            " parts of its name, beside the files that it holds. Which of these stay its value in"
            " `data` says, where it is there: those objects of what `data` shows now."
        ),
    }
    return {
        "required": True,
        "content": {
            JSON_TYPE: {"schema": schema},
            FILES_TYPE: {
                "schema": with_files,
                "encoding": {PART: {"contentType": JSON_TYPE}},
            },
        },
    }
