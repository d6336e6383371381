"""The schema as the code declares it, and the SQL that makes it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import MetaData
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import create_mock_engine
from sqlalchemy.schema import CreateIndex


@dataclass(frozen=True, slots=True)
class Declared:
    """Every subject's tables, and its SQL objects as (name, text) in order of creation."""

    metadata: tuple[MetaData, ...]
    objects: tuple[tuple[str, str], ...]

    def tables_sql(self) -> str:
        """Domains, enums, tables, comments and indexes, the same text at every call.

        A type that several subjects use is made once, with the first of them.
        """
        statements = dict.fromkeys(one for part in self.metadata for one in _ddl(part))
        return "".join(f"{statement};\n\n" for statement in statements)

    def sql(self) -> str:
        """The whole schema; a role that may create in `public` can run it in a new database."""
        return self.tables_sql() + "\n".join(text for _, text in self.objects)


def _ddl(metadata: MetaData) -> list[str]:
    # "named" parameters: with any other style SQLAlchemy doubles the per-cent signs.
    dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
    statements: list[tuple[bool, str]] = []

    def note(statement: Any, *_args: Any, **_options: Any) -> None:
        text = str(statement.compile(dialect=dialect)).strip()
        text = "\n".join(line.rstrip() for line in text.expandtabs(4).splitlines())
        statements.append((isinstance(statement, CreateIndex), text))

    metadata.create_all(create_mock_engine("postgresql+psycopg://", note), checkfirst=False)
    # SQLAlchemy keeps a table's indexes in a set: without sorting each run has its own order.
    ordered: list[str] = []
    for is_index, group in groupby(statements, key=itemgetter(0)):
        texts = [text for _, text in group]
        ordered += sorted(texts) if is_index else texts
    return ordered
