"""What retention plans, does and finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeAlias

from cryptoscalp.infra.cold.types import Part

#: keep: nothing happens. move: to the cold tier. drop: out of PostgreSQL, because it lies in the
#: cold tier or its time there is over. expire: out of the cold tier, for good. blocked: it is
#: due, and something stands in the way.
Action: TypeAlias = Literal["keep", "move", "drop", "expire", "blocked"]


@dataclass(frozen=True, slots=True)
class Planned:
    """What would happen to a table's days from `first_day` to `last_day`, and why.

    Rows and bytes are PostgreSQL's estimates; of days that lie in the cold tier alone, rows are
    the ledger's and bytes zero.
    """

    table: str
    first_day: date
    last_day: date
    days: int
    action: Action
    reason: str
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run at `as_of` would do, by table and day; neighbours with one reason are joined."""

    as_of: datetime
    hot_days: int
    lines: tuple[Planned, ...]

    @property
    def due(self) -> bool:
        """Whether a run would do anything."""
        return any(line.action in ("move", "drop", "expire") for line in self.lines)


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one day, or of the old rows of a table without days (`day` is None then).

    `moved`: it lies in the cold tier alone. `dropped`, `expired`: it is gone. `skipped`: another
    run has it, or it needs `destroy`. `failed`: `detail` says why; it stays where it was.
    """

    table: str
    day: date | None
    outcome: Literal["moved", "dropped", "expired", "skipped", "failed"]
    rows: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did."""

    done: tuple[Done, ...]

    @property
    def failed(self) -> tuple[Done, ...]:
        """Days that stay because something went wrong."""
        return tuple(one for one in self.done if one.outcome == "failed")

    @property
    def rows(self) -> int:
        """Rows that left PostgreSQL or the cold tier."""
        return sum(one.rows for one in self.done if one.outcome not in ("failed", "skipped"))


@dataclass(frozen=True, slots=True)
class Damage:
    """A part whose content in the lake is not what the ledger says.

    `restored`: PostgreSQL still holds it, is read again, and exports it again.
    """

    part: Part
    detail: str
    restored: bool


@dataclass(frozen=True, slots=True)
class Verified:
    """What reading the lake back found: days, parts and rows that agree, and those that do not."""

    days: int
    parts: int
    rows: int
    damaged: tuple[Damage, ...]


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold: no row of the table's days leaves PostgreSQL or the lake while it stands."""

    hold_id: int
    table: str
    first_day: date
    last_day: date
    reason: str
    placed_by: str
    placed_at: datetime
    released_by: str | None
    released_at: datetime | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one day of a table.

    `kind` is what holds it in PostgreSQL (None: nothing does). `cold` and `open` count its parts
    in the ledger that are read from the lake, and the others. `written_at` is its last late
    write; `departed_at` when retention last took rows of it out.
    """

    table: str
    day: date
    kind: Literal["partition", "pending", "detached", "chunk"] | None = None
    rows: int = 0
    bytes: int = 0
    cold: int = 0
    open: int = 0
    cold_rows: int = 0
    written_at: datetime | None = None
    departed_at: datetime | None = None
    holds: Sequence[int] = ()
