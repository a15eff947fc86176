"""What a row of the trail says was changed where it is about no command on a request, typed.

Each command has one dataclass; its fields are the keys of `TrailEvent.changes`, and
`changes_version` says in which form they are. `read_fact` gives the dataclass back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from workflows.engine.values.records import record_from_json, record_to_json
from workflows.trail.choices import TrailCommand
from workflows.trail.models import CHANGES_VERSION, TrailEvent

MADE, DELETED, ADDED, CHANGED = "made", "deleted", "added", "changed"
"""What was done to a row that a fact names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactChanges:
    """What one command changed, by codes and names."""

    def to_json(self) -> dict[str, Any]:
        """As the row keeps it."""
        return record_to_json(self)


# -- maps and workflows -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleNames:
    """Whom a map puts into a role by name."""

    groups: list[str]
    users: list[str]
    other_lists: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapPublished(FactChanges):
    """Whom the published map names."""

    owner: str | None
    deputy: str | None
    roles: dict[str, RoleNames]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRowEdited:
    """A row of a map that was added, changed (then its columns: from, to) or deleted."""

    done: str
    kind: str
    key: str
    columns: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftEdited(FactChanges):
    """The rows that one save of a draft touched."""

    rows: list[MapRowEdited]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetirementRecorded(FactChanges):
    """What became of the requests under way (`running`), and how many there were."""

    reason: str
    running: str
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseBegun(FactChanges):
    """Why nothing starts any more, and how many requests were suspended with it."""

    reason: str
    running: str
    suspended: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseEnded(FactChanges):
    """How many requests go on with it, and since when (ISO) there had been a pause."""

    reason: str
    running: str
    resumed: int
    paused_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartSkipped(FactChanges):
    """A start that was planned for a moment (ISO) and is not made up; `code` says why."""

    planned: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherStarted(FactChanges):
    """A request that this one started, and the fields that it was given."""

    workflow: str
    reference: str
    values: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LateAnswerKept(FactChanges):
    """An action was done when its step did not wait for it any more; what came back is kept on
    this attempt."""

    step: str
    attempt: int
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusLinkChanged(FactChanges):
    """A status link of a request, by its number, and when (ISO) it runs out."""

    status_link: int
    until: str


# -- logs -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseImported(FactChanges):
    """A case of a log: its rows, from the first moment (ISO) to the last."""

    case: str
    rows: int
    first: str
    last: str
    log_import: Annotated[int, Field(alias="import")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRemoved(FactChanges):
    """An import that was taken out, with the size that it had."""

    log_import: Annotated[int, Field(alias="import")]
    file: str
    sha256: str
    requests: int
    tasks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogExported(FactChanges):
    """A log that was written with people's names, of this period."""

    format: str
    since: str | None
    until: str | None
    people: bool


# -- rights -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RightsChanged(FactChanges):
    """Who came into which groups (or out), or has which permissions now (or not any more)."""

    people: list[str] | None = None
    groups: list[str] | None = None
    permissions: list[str] | None = None
    on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChanged(FactChanges):
    """A row was made or deleted, or columns of it changed: from, to; of a secret only that."""

    done: str = ""
    changed: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChanged(RowChanged):
    """An account, by its login; of a program's what it is for and who answers for it."""

    account: str
    service: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupChanged(RowChanged):
    """A group, by its name."""

    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionChanged(RowChanged):
    """A connection, by its key, and its owner."""

    connection: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeAddressChanged(RowChanged):
    """Where the notices of a person or a team go: the channel, and what of the address is no
    secret."""

    notices_of: str
    channel: str
    to: str
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticesChosen(RowChanged):
    """Of what, when and by which way somebody chose to be told, by their login."""

    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarChanged(RowChanged):
    """A calendar, by its key, or one of its closures."""

    calendar: str
    closure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceChanged(RowChanged):
    """A resource, by its key, or one of the periods of a budget."""

    resource: str
    period: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateChanged(RowChanged):
    """A rate of costs."""

    rate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenChanged(FactChanges):
    """A token, the account as which it acts, its scopes, and when (ISO) it ends."""

    token: str
    acts_as: str
    scopes: list[str]
    expires: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookKeyChanged(FactChanges):
    """A webhook key, and the account as which it acts."""

    key: str
    acts_as: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceSaid(FactChanges):
    """Who is away from which day to which (ISO), who stands in, and in which workflows (None: in
    every one)."""

    person: str
    stands_in: str
    first_day: str
    last_day: str
    workflows: list[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerChanged(FactChanges):
    """Who owned a thing, or was its deputy (`office`), and who does now (None: its workflow's
    people); of which kind it is, and how it is called."""

    kind: str
    thing: str
    office: str
    before: Annotated[str, Field(alias="from")]
    to: str | None


# -- messages and reviews ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReleased(FactChanges):
    """A message that was sent again or given up: the state before, and why it was not through."""

    message: int
    kind: str
    before: Annotated[str, Field(alias="from")]
    error: dict[str, Any]
    request: str | None = None
    activation: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewCommanded(FactChanges):
    """A command on a review as a whole, with how many findings it has."""

    review: int
    findings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingDecided(FactChanges):
    """What was decided on a finding; `until` is a day (ISO), `draft` a version's number."""

    review: int
    finding: str
    verdict: str
    reason: str
    until: str | None = None
    responsible: str | None = None
    running: str | None = None
    draft: int | None = None


# -- following --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowChanged(FactChanges):
    """What somebody follows, or no longer follows: a workflow (its key) or a team (its name)."""

    workflow: str | None = None
    team: str | None = None


FACT_TYPES: Mapping[str, type[FactChanges]] = {
    TrailCommand.PUBLISH: MapPublished,
    TrailCommand.EDIT_DRAFT: DraftEdited,
    TrailCommand.RETIRE: RetirementRecorded,
    TrailCommand.PAUSE_WORKFLOW: PauseBegun,
    TrailCommand.RESUME_WORKFLOW: PauseEnded,
    TrailCommand.SKIP_START: StartSkipped,
    **dict.fromkeys((TrailCommand.START_OTHER, TrailCommand.LISTENED), OtherStarted),
    TrailCommand.LATE_ANSWER: LateAnswerKept,
    TrailCommand.MAKE_STATUS_LINK: StatusLinkChanged,
    TrailCommand.WITHDRAW_STATUS_LINK: StatusLinkChanged,
    TrailCommand.IMPORT_LOG: CaseImported,
    TrailCommand.UNDO_IMPORT: ImportRemoved,
    TrailCommand.EXPORT_LOG: LogExported,
    **dict.fromkeys((TrailCommand.GRANT, TrailCommand.WITHDRAW), RightsChanged),
    **dict.fromkeys((TrailCommand.JOIN_GROUP, TrailCommand.LEAVE_GROUP), RightsChanged),
    TrailCommand.HAND_OVER: OwnerChanged,
    TrailCommand.CHANGE_ACCOUNT: AccountChanged,
    TrailCommand.CHANGE_GROUP: GroupChanged,
    TrailCommand.CHANGE_CONNECTION: ConnectionChanged,
    TrailCommand.CHANGE_NOTICE_ADDRESS: NoticeAddressChanged,
    TrailCommand.CHOOSE_NOTICES: NoticesChosen,
    TrailCommand.CHANGE_CALENDAR: CalendarChanged,
    TrailCommand.CHANGE_RESOURCE: ResourceChanged,
    TrailCommand.CHANGE_RATE: RateChanged,
    **dict.fromkeys((TrailCommand.MAKE_TOKEN, TrailCommand.REVOKE_TOKEN), TokenChanged),
    **dict.fromkeys((TrailCommand.MAKE_KEY, TrailCommand.REVOKE_KEY), WebhookKeyChanged),
    TrailCommand.ROTATE_KEY: WebhookKeyChanged,
    **dict.fromkeys((TrailCommand.SET_ABSENCE, TrailCommand.CHANGE_ABSENCE), AbsenceSaid),
    TrailCommand.END_ABSENCE: AbsenceSaid,
    **dict.fromkeys((TrailCommand.SEND_AGAIN, TrailCommand.GIVE_UP), MessageReleased),
    **dict.fromkeys((TrailCommand.REVIEW_DUE, TrailCommand.REVIEW_BEGIN), ReviewCommanded),
    **dict.fromkeys((TrailCommand.REVIEW_GATHER, TrailCommand.REVIEW_CLOSE), ReviewCommanded),
    TrailCommand.REVIEW_DECIDE: FindingDecided,
    **dict.fromkeys((TrailCommand.FOLLOW, TrailCommand.UNFOLLOW), FollowChanged),
}
"""What a command's row says; the other commands say it by themselves, or in `TrailChanges`."""


def fact_to_changes(command: str, fact: FactChanges | None) -> dict[str, Any]:
    """The `changes` of a command's row. A fact of another command is a mistake of the program."""
    expected = FACT_TYPES.get(command)
    assert (fact and type(fact)) == expected, f"{command} says {fact}, not {expected}"
    return fact.to_json() if fact else {}


def read_fact(event: TrailEvent) -> FactChanges | None:
    """What a command's row says, None where it says nothing. Raises RecordUnreadable."""
    assert event.changes_version == CHANGES_VERSION, f"row {event.pk} is of another form"
    fact_type = FACT_TYPES.get(event.command)
    return record_from_json(fact_type, event.changes) if fact_type else None
