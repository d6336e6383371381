"""Every error cryptoscalp raises, in one tree.

    CryptoscalpError
    ├── InputError            (also ValueError)   what the caller gave cannot be used
    │   ├── AmbiguousSymbol   a symbol trades on several exchanges and none was named
    │   └── UnknownFormat     no importer reads this file
    ├── NotFound              (also LookupError)  nothing is stored under that name
    │   └── MissingRate       a currency cannot be valued: no rate is given or stored
    ├── ArtifactAltered       the artifact of a model version is not what was registered
    ├── TrackingError         MLflow refused, or cannot be reached
    ├── ServerError           the embedded PostgreSQL cannot be started, stopped or reached
    ├── JournalError          a journal on disk cannot be written, or is not what was written
    │   ├── JournalInUse      another process writes to it
    │   └── JournalFull       the database has been away so long that the journal is at its bound
    ├── WarehouseError        the files of the cold tier cannot be reached or written
    │   └── ColdDamage        a file of the cold tier is missing or not what was written
    └── DatabaseError         PostgreSQL refused or could not be reached
        ├── ConnectionLost    the connection broke, or none could be made; safe flows are retried
        ├── Contention        serialization failure, deadlock, lock wait; safe flows are retried
        ├── SchemaMismatch    the database is not at the revision this version of the package needs
        ├── PermissionRefused the login may not do this
        └── IntegrityRefused  a constraint or an append-only rule refused the change

The message says what is wrong, where, and what to do about it.
"""

from __future__ import annotations


class CryptoscalpError(Exception):
    """Root of every error that cryptoscalp raises on purpose."""


class InputError(CryptoscalpError, ValueError):
    """What the caller gave cannot be used; nothing was changed."""


class AmbiguousSymbol(InputError):
    """A symbol is known on several exchanges and the call named none of them."""

    def __init__(self, symbol: str, exchanges: list[str]) -> None:
        self.symbol = symbol
        self.exchanges = exchanges
        super().__init__(
            f"{symbol} is stored for several exchanges: {', '.join(exchanges)}; "
            f"name one (exchange=..., --exchange ...)"
        )


class UnknownFormat(InputError):
    """No importer recognises the file."""


class NotFound(CryptoscalpError, LookupError):
    """Nothing is stored under the name that was asked for."""


class MissingRate(NotFound):
    """A currency has to be valued in another, and no rate is given or stored."""


class ArtifactAltered(CryptoscalpError):
    """The artifact of a model version is no longer what was registered; it is not to be loaded."""


class TrackingError(CryptoscalpError):
    """MLflow refused what it was asked, or cannot be reached."""


class ServerError(CryptoscalpError):
    """The embedded PostgreSQL cannot be started, stopped or reached."""


class JournalError(CryptoscalpError):
    """A journal on disk cannot be written, or what it holds is not what was written."""


class JournalInUse(JournalError):
    """Another process writes to this journal."""


class JournalFull(JournalError):
    """A journal is at its bound, and the database does not take from it; nothing was added."""


class WarehouseError(CryptoscalpError):
    """The place where the files of the cold tier lie cannot be reached or written."""


class ColdDamage(WarehouseError):
    """A file of the cold tier is missing, or no longer what was written; none of it is read."""

    def __init__(self, path: str, what: str, *, of: str | None = None) -> None:
        self.path = path
        self.what = what
        super().__init__(
            f"the file {path} of the cold tier{f' ({of})' if of else ''} cannot be trusted:"
            f" {what}; put the file back from a backup of the warehouse"
        )


class DatabaseError(CryptoscalpError):
    """PostgreSQL refused the work; `sqlstate` is its five-character code where it gave one."""

    def __init__(self, message: str, *, sqlstate: str | None = None) -> None:
        self.sqlstate = sqlstate
        super().__init__(message)


class ConnectionLost(DatabaseError):
    """The connection to PostgreSQL broke, or none could be made."""


class Contention(DatabaseError):
    """A serialization failure, deadlock or lock timeout that retries did not get past."""


class SchemaMismatch(DatabaseError):
    """The database lacks a table, column or function that this version needs."""


class PermissionRefused(DatabaseError):
    """The login may not do this."""


class IntegrityRefused(DatabaseError):
    """A constraint, an append-only rule or the books refused the change; nothing was changed."""
