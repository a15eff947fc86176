"""What the checks of the machine and of the trail come to, as codes with what goes with them."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class MachinePart(StrEnum):
    """What is asked about a machine; /readyz and health.json name it so."""

    DATABASE = "database"
    MIGRATIONS = "migrations"
    WORKER = "worker"
    CLOCK = "clock"
    OUTBOX = "outbox"
    ROUNDS = "rounds"
    SET_ASIDE = "set_aside"
    SEALS = "seals"


class HeartbeatState(StrEnum):
    """What is known of a process that must give signs of life."""

    NEVER = "never"
    AHEAD = "ahead"
    SILENT = "silent"
    HEARD = "heard"


@dataclass(frozen=True, slots=True)
class FailingRound:
    """A round of the clock that ended badly so many times in a row, and with which error."""

    name: str
    times: int
    error: str


@dataclass(frozen=True, slots=True)
class UnitSetAside:
    """What a round of the clock could not do, and why."""

    unit: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessCheck:
    """One question about the machine, whether it is answered well, and what the answer rests on.

    `count` are migrations to be applied or rows that wait for their seal; `span` is how long ago a
    process was heard (how far ahead its clock is), or for how long a message is due.
    """

    part: MachinePart
    is_well: bool
    count: int = 0
    span: timedelta = timedelta(0)
    heartbeat: HeartbeatState | None = None
    failing_rounds: tuple[FailingRound, ...] = ()
    set_aside: tuple[UnitSetAside, ...] = ()


class TrailDefectKind(StrEnum):
    """What can be wrong with the chain of seals, or with what stands beside it."""

    CHANGED = "changed"
    MISSING = "event_missing"
    GAP = "seals_missing"
    UNSEALED = "unsealed"
    CUT = "cut_off"
    REWRITTEN = "head_differs"
    UNTOLD = "untold"
    SIGNATURE = "signature_differs"


@dataclass(frozen=True, slots=True)
class SealedRow:
    """A row of the trail as a sentence names it; the command by its code."""

    pk: int
    command: str
    reference: str


@dataclass(frozen=True, slots=True)
class ChainHead:
    """Where the chain ended at the end of a day, as somebody has kept it."""

    day: str
    position: int
    hash: str
    is_outside: bool


@dataclass(frozen=True, slots=True)
class UntoldTask:
    """A task that is done, and its step; the trail does not tell of its end."""

    pk: int
    step: str


@dataclass(frozen=True, slots=True)
class UntoldPublication:
    """A published version that the trail does not tell of."""

    workflow: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailDefect:
    """One thing that does not fit: at which place of the chain, and in which row of the trail.

    `last` is the last place of a gap, or where a chain that was cut off ends now.
    """

    kind: TrailDefectKind
    position: int | None = None
    event: int | None = None
    reference: str = ""
    last: int = 0
    row: SealedRow | None = None
    head: ChainHead | None = None
    untold: UntoldTask | UntoldPublication | None = None
