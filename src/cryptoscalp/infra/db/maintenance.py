"""The administrator's connection string, where this process has one."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Maintenance:
    """What jobs need for statements that only a table's owner may run, such as DETACH CONCURRENTLY.

    `dsn` is None where no administrator's login is known: then what can be done by a function of
    the owner is done so. It may hold a password and is never shown.
    """

    dsn: str | None = field(repr=False)
