"""The one border where psycopg's errors become cryptoscalp's."""

from __future__ import annotations

from typing import Final

import psycopg
import psycopg_pool

from cryptoscalp.infra.db import errors
from cryptoscalp.infra.db.arrow import BrokenRead

#: SQLSTATE values after which the same work may simply be done again.
CONTENTION = frozenset({"40001", "40P01", "55P03"})
#: The books refuse what contradicts them; do not know a name; have no rate for a currency.
_CONTRADICTED: Final = "CS010"
_UNKNOWN: Final = "CS011"
_RATELESS: Final = "CS012"
#: Rows of a day that lies in the cold tier: a writer that begins again brings it back first.
COLD: Final = "CS003"
#: A number, a time or a length of time that the column cannot hold.
_TOO_LARGE: Final = frozenset({"22003", "22008", "22015"})
_REFUSED: Final = _TOO_LARGE | {"CS001", "CS002", COLD, "CS004", _CONTRADICTED}
_MISSING = frozenset({"42P01", "42703", "42883", "42704", "3F000"})


def translate(error: psycopg.Error | psycopg_pool.PoolTimeout) -> errors.CryptoscalpError:
    """Name the kind of failure that `error` is; the caller raises it `from` the original."""
    state = getattr(error, "sqlstate", None)
    text = _text(error)
    if isinstance(error, psycopg_pool.PoolTimeout):
        return errors.ConnectionLost(f"no connection to PostgreSQL became free: {text}")
    if state in CONTENTION:
        return errors.Contention(
            f"other sessions kept the rows busy: {text}; try again", sqlstate=state
        )
    if state in _MISSING:
        return errors.SchemaMismatch(
            f"{text}; the database may not be at this version's schema:"
            " run `cryptoscalp db upgrade`",
            sqlstate=state,
        )
    if is_unplaced(error):
        return errors.IntegrityRefused(
            f"{text}; make it with `cryptoscalp partitions ensure --start DAY --end DAY`",
            sqlstate=state,
        )
    if state == "42501":
        return errors.PermissionRefused(text, sqlstate=state)
    if state == _UNKNOWN:
        return errors.NotFound(text)
    if state == _RATELESS:
        return errors.MissingRate(text)
    if isinstance(error, psycopg.IntegrityError) or state in _REFUSED:
        return errors.IntegrityRefused(text, sqlstate=state)
    if is_lost(error):
        return errors.ConnectionLost(f"the connection to PostgreSQL failed: {text}", sqlstate=state)
    return errors.DatabaseError(text, sqlstate=state)


def is_lost(error: BaseException) -> bool:
    """Whether `error` means that the connection is gone or the server is going away."""
    if isinstance(error, psycopg_pool.PoolTimeout):
        return True
    state = getattr(error, "sqlstate", None)
    if state is not None:
        return (state.startswith("08") and state != "08P01") or state in {"57P01", "57P02", "57P03"}
    return isinstance(error, (psycopg.OperationalError, BrokenRead))


def is_transient(error: BaseException) -> bool:
    """Whether starting the flow again may succeed."""
    # The pool has waited its time already; waiting that long again helps nobody.
    if isinstance(error, psycopg_pool.PoolTimeout):
        return False
    state = getattr(error, "sqlstate", None)
    return state in CONTENTION or state == COLD or is_unplaced(error) or is_lost(error)


def is_unplaced(error: BaseException) -> bool:
    """Whether a row found no partition: one that was made may have been dropped since."""
    return getattr(error, "sqlstate", None) == "23514" and _text(error).startswith("no partition")


def _text(error: BaseException) -> str:
    diag = getattr(error, "diag", None)
    if diag is not None and diag.message_primary:
        parts = [diag.message_primary, diag.message_detail, diag.message_hint]
        # Each is a sentence of its own; the last has no stop, something may follow.
        return ". ".join(part.rstrip(".") for part in parts if part)
    return " ".join(str(error).split())
