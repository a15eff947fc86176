"""What a company's directory says of its people, from a CSV file: all of it or nothing.

A file has a line of headings and a row a person. A column that is not there says nothing, and
leaves what is known; a cell that is empty says that there is nothing.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import IO

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from workflows.access.services.rights_trail import attribute_changes_to
from workflows.engine.errors import InvalidInput
from workflows.engine.texts import Text, plural_text, text
from workflows.people.models import User
from workflows.people.queries.managers import leads_back, managers_by_person

COLUMNS: Mapping[str, str] = {
    "login": "username",
    "first_name": "first_name",
    "last_name": "last_name",
    "mail": "email",
    "time_zone": "time_zone",
    "language": "language",
    "department": "department",
    "cost_centre": "cost_centre",
    "place": "place",
}
"""The columns of a file whose text is kept as it is, and the fields of an account."""
OTHER_COLUMNS = ("name", "manager", "approval_limit")
LOGIN, NAME, MANAGER, LIMIT = "login", *OTHER_COLUMNS
KEEP_PASSWORD = ["password", "last_login", "date_joined"]


@dataclass(frozen=True, slots=True)
class DirectoryRow:
    """A row of the file: its line, and its cells by the columns' names."""

    line: int
    cells: Mapping[str, str]

    @property
    def login(self) -> str:
        """Whose row it is."""
        return self.cells[LOGIN]


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong in a line, and what to change."""

    line: int
    sentence: str


class BadDirectory(InvalidInput):
    """Rows of the file cannot be loaded; nothing was written."""

    def __init__(self, problems: Sequence[RowProblem]) -> None:
        super().__init__(
            plural_text(
                "Nothing was loaded: %(count)s row is to be changed.",
                "Nothing was loaded: %(count)s rows are to be changed.",
                len(problems),
            )
        )
        self.problems = problems


@dataclass(frozen=True, slots=True)
class DirectoryResult:
    """How many people were made, changed, and left as they were."""

    created: int
    changed: int
    unchanged: int


def read_directory(file: IO[str]) -> list[DirectoryRow]:
    """The rows of a file. Raises InvalidInput where its headings cannot be read."""
    reader = csv.reader(file)
    try:
        heads = [head.strip().lower() for head in next(reader, [])]
        _check_heads(heads)
        return [
            DirectoryRow(reader.line_num, _cells_of(heads, cells))
            for cells in reader
            if any(cell.strip() for cell in cells)
        ]
    except csv.Error as problem:
        raise InvalidInput(
            "Line %(line)s is no CSV: %(problem)s.", line=reader.line_num, problem=problem
        ) from None


def _check_heads(heads: Sequence[str]) -> None:
    columns = (*COLUMNS, *OTHER_COLUMNS)
    if LOGIN not in heads:
        raise InvalidInput("The first line names the columns, and one of them is 'login'.")
    for head in heads:
        if head not in columns or heads.count(head) > 1:
            raise InvalidInput(
                "There is no column '%(head)s', or it is there twice; name each of these at most"
                " once: %(known)s.",
                head=head,
                known=", ".join(columns),
            )
    if NAME in heads and {"first_name", "last_name"} & set(heads):
        raise InvalidInput("Give 'name', or 'first_name' and 'last_name'; not both.")


def _cells_of(heads: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    padded = [*cells, *[""] * (len(heads) - len(cells))]
    row = {head: cell.strip() for head, cell in zip(heads, padded, strict=False)}
    if len(cells) > len(heads):
        row[TOO_MANY] = "yes"
    return row


TOO_MANY = " too many cells"
"""No heading can be called so: cells of headings are stripped."""


def load_people(
    rows: Sequence[DirectoryRow],
    *,
    by: User | None = None,
    create: bool = False,
    dry_run: bool = False,
) -> DirectoryResult:
    """Write what the rows say of people. Logins that nobody has are refused without `create`.

    Raises BadDirectory with every row that is to be changed; nothing is written then, and nothing
    is with `dry_run`.
    """
    with transaction.atomic(), attribute_changes_to(by, "load_people"):
        loader = _DirectoryLoader(rows, create=create)
        result = loader.load()
        if loader.problems:
            raise BadDirectory(sorted(loader.problems, key=lambda problem: problem.line))
        if dry_run:
            transaction.set_rollback(True)
    return result


class _DirectoryLoader:
    """One file: the people that it names, and what is wrong with its rows."""

    def __init__(self, rows: Sequence[DirectoryRow], *, create: bool) -> None:
        self.rows, self.create = rows, create
        self.problems: list[RowProblem] = []
        logins = {row.login for row in rows} | {row.cells.get(MANAGER, "") for row in rows}
        people = User.objects.select_for_update(of=("self",)).filter(username__in=logins)
        self.people: dict[str, User] = {person.username: person for person in people}

    def load(self) -> DirectoryResult:
        """Write the people first, then who manages whom: a manager may stand below."""
        created = [row.login for row in self._readable_rows() if self._ensure_person(row)]
        changed = {row.login for row in self.rows if self._write_row(row)}
        self._check_circles()
        new = set(created)
        existing = {row.login for row in self.rows} - new
        return DirectoryResult(len(new), len(changed - new), len(existing - changed))

    def _refuse(self, row: DirectoryRow, sentence: Text) -> None:
        self.problems.append(RowProblem(row.line, str(sentence)))

    def _readable_rows(self) -> Iterator[DirectoryRow]:
        first_lines: dict[str, int] = {}
        for row in self.rows:
            if TOO_MANY in row.cells:
                self._refuse(
                    row, text("The row has more cells than there are columns; quote commas.")
                )
            elif not row.login:
                self._refuse(row, text("The row has no login; write whose it is."))
            elif row.login in first_lines:
                self._refuse(
                    row,
                    text(
                        "'%(login)s' is in line %(line)s already; leave one of the two out.",
                        login=row.login,
                        line=first_lines[row.login],
                    ),
                )
            else:
                first_lines[row.login] = row.line
                yield row

    def _ensure_person(self, row: DirectoryRow) -> bool:
        """Whether the row's person was made just now."""
        if row.login in self.people:
            return False
        if not self.create:
            self._refuse(
                row,
                text(
                    "Nobody has the login '%(login)s'; correct it, or load with --create.",
                    login=row.login,
                ),
            )
            return False
        person = User(username=row.login)
        person.set_unusable_password()
        if not self._passes(row, person):
            return False
        person.save()
        self.people[row.login] = person
        return True

    def _passes(self, row: DirectoryRow, person: User) -> bool:
        try:
            person.clean_fields(exclude=KEEP_PASSWORD)
        except ValidationError as problem:
            for field, sentences in problem.message_dict.items():
                self._refuse(
                    row,
                    text(
                        "%(column)s: %(problem)s",
                        column=_COLUMN_OF_FIELD.get(field, field),
                        problem=" ".join(sentences),
                    ),
                )
            return False
        return True

    def _write_row(self, row: DirectoryRow) -> bool:
        """Whether the row's person is other than they were."""
        person = self.people.get(row.login)
        if person is None:
            return False
        before = {name: getattr(person, name) for name in _WRITTEN}
        for column, field in COLUMNS.items():
            if column in row.cells:
                setattr(person, field, row.cells[column])
        if NAME in row.cells:
            person.first_name, _, person.last_name = row.cells[NAME].partition(" ")
        self._set_limit(row, person)
        self._set_manager(row, person)
        self._check_language(row, person)
        names = [name for name in _WRITTEN if getattr(person, name) != before[name]]
        if not self._passes(row, person) or not names:
            return False
        person.save(update_fields=names)
        return True

    def _set_limit(self, row: DirectoryRow, person: User) -> None:
        if LIMIT not in row.cells:
            return
        written = row.cells[LIMIT]
        try:
            person.approval_limit = Decimal(written) if written else None
        except InvalidOperation:
            self._refuse(
                row,
                text(
                    "approval_limit: '%(written)s' is no amount; write it like 2500.00.",
                    written=written,
                ),
            )

    def _set_manager(self, row: DirectoryRow, person: User) -> None:
        if MANAGER not in row.cells:
            return
        login = row.cells[MANAGER]
        if login and login not in self.people:
            self._refuse(
                row,
                text(
                    "manager: nobody has the login '%(login)s'; correct it, or add a row for them.",
                    login=login,
                ),
            )
            return
        person.manager = self.people[login] if login else None

    def _check_language(self, row: DirectoryRow, person: User) -> None:
        codes = [code for code, _ in settings.LANGUAGES]
        if person.language and person.language not in codes and "language" in row.cells:
            self._refuse(
                row,
                text(
                    "language: this site does not speak '%(language)s'; write one of: %(known)s.",
                    language=person.language,
                    known=", ".join(codes),
                ),
            )

    def _check_circles(self) -> None:
        """Nobody is their own manager, however far up."""
        managers = managers_by_person()
        for row in self.rows:
            person = self.people.get(row.login)
            if person is not None and MANAGER in row.cells and leads_back(person.pk, managers):
                self._refuse(
                    row,
                    text(
                        "manager: '%(login)s' would be above themselves; choose another manager.",
                        login=row.login,
                    ),
                )


_WRITTEN: Sequence[str] = (*COLUMNS.values(), "manager_id", "approval_limit")
_COLUMN_OF_FIELD: Mapping[str, str] = {field: column for column, field in COLUMNS.items()}


def describe_problems(problems: Iterable[RowProblem]) -> Iterator[str]:
    """A line for each, with the line of the file."""
    for problem in problems:
        yield str(
            InvalidInput(
                "Line %(line)s: %(sentence)s", line=problem.line, sentence=problem.sentence
            )
        )
