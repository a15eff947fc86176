"""A log that somebody sends by a page: read from a file that is gone afterwards, and bounded."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from django.core import signing
from django.core.files.uploadedfile import UploadedFile

from reporting.eventlogs.account import Account
from reporting.eventlogs.messages import refuse_empty_log
from reporting.eventlogs.readers.files import open_log_bytes
from reporting.eventlogs.readers.read import LogReadOptions, read_log
from workflows.engine.errors import InvalidInput
from workflows.engine.texts import Text, grouped

MOST_BYTES = 5_000_000
MOST_UNPACKED = 50_000_000
PIECE = 1_000_000
MOST_ROWS = 100_000
MOST_SEALED = 1_500_000
"""So many letters a page may carry of a log from one form to the next."""
SEAL = "reporting.log-on-page"


@contextmanager
def uploaded_log(sent: UploadedFile | None) -> Iterator[Path]:
    """The log as a file, as long as it is read. Raises InvalidInput."""
    if sent is None or not sent.size:
        raise InvalidInput("Choose a log: CSV, XES or OCEL, also gzipped.")
    if sent.size > MOST_BYTES:
        raise InvalidInput(
            "The log is larger than %(most)s MB; a log of this size is for the command line.",
            most=grouped(MOST_BYTES // 1_000_000),
        )
    with TemporaryDirectory() as folder:
        path = Path(folder) / Path(sent.name or "log").name
        with path.open("wb") as file:
            for chunk in sent.chunks():
                file.write(chunk)
        try:
            _refuse_bomb(path)
            yield path
        except InvalidInput as refused:
            raise InvalidInput(_named_as_sent(refused.text, path)) from None


def _named_as_sent(sentence: Text, path: Path) -> Text:
    """A refusal that calls the file by the name that its sender knows."""
    parameters = {
        name: path.name if str(path) in str(value) else value
        for name, value in sentence.parameters.items()
    }
    return sentence.filled(parameters)


def _refuse_bomb(path: Path) -> None:
    """A small file may unpack to a large one."""
    unpacked = 0
    with open_log_bytes(path) as stream:
        while chunk := stream.read(PIECE):
            unpacked += len(chunk)
            if unpacked > MOST_UNPACKED:
                raise InvalidInput(
                    "The log unpacks to more than %(most)s MB; a log of this size is for the"
                    " command line.",
                    most=grouped(MOST_UNPACKED // 1_000_000),
                )


def count_uploaded_rows(path: Path, options: LogReadOptions, account: Account) -> Counter[str]:
    """How many rows each case has. Raises InvalidInput for a log that is too long for a page."""
    counts: Counter[str] = Counter()
    for number, row in enumerate(read_log(path, options, account)):
        if number >= MOST_ROWS:
            raise InvalidInput(
                "The log has more than %(most)s rows; a log of this size is for the command line.",
                most=grouped(MOST_ROWS),
            )
        counts[row.case_id] += 1
    if not counts:
        raise refuse_empty_log(account)
    return counts


def seal_for_page(data: object) -> str:
    """What a page takes along in a hidden field; nobody else can make one. Raises InvalidInput
    where it is too much."""
    sealed = signing.dumps(data, salt=SEAL, compress=True)
    if len(sealed) > MOST_SEALED:
        raise InvalidInput(
            "The cases of this log differ too much for a page; use the command line for it."
        )
    return sealed


def open_sealed(sealed: str) -> object:
    """What was sealed. Raises InvalidInput."""
    try:
        return signing.loads(sealed, salt=SEAL)
    except signing.BadSignature:
        raise InvalidInput("Choose the log again: what the page kept of it is damaged.") from None
