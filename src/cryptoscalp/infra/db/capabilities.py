"""What a server and a database can do: version, layout, and the TimescaleDB that there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from cryptoscalp.infra.db.flow import Flow, rows

Layout: TypeAlias = Literal["native", "timescale"]
Edition: TypeAlias = Literal["timescale", "apache"]

#: TimescaleDB's columnstore interface begins here.
OLDEST_TIMESCALE: Final = (2, 18)
#: The first version that nobody has tried.
UNKNOWN_TIMESCALE: Final = (3, 0)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What was found; None where there is none.

    `server` is PostgreSQL's version as a number, 150004 for 15.4. `layout` is how the database's
    tables of ticks are cut. `timescale` is the version installed in the database, `available` the
    one that could be, `loaded` whether the server has its library in memory, `edition` what its
    licence allows: hypertables alone ("apache"), or columnstore and aggregates too.
    """

    server: int
    layout: Layout | None
    timescale: str | None
    available: str | None
    loaded: bool
    edition: Edition | None

    @property
    def columnstore(self) -> bool:
        """Whether TimescaleDB compresses chunks and keeps continuous aggregates here."""
        return self.edition == "timescale"

    @property
    def version(self) -> tuple[int, ...]:
        """Major and minor number of the TimescaleDB installed, else of the one available."""
        words = (self.timescale or self.available or "").partition("-")[0].split(".")
        return tuple(int(word) for word in words[:2] if word.isdigit())


def capabilities() -> Flow[Capabilities]:
    """Look at the server and the database; any login may."""
    found = yield from rows(
        """
        SELECT current_setting('server_version_num')::int,
               (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'),
               (SELECT default_version FROM pg_available_extensions WHERE name = 'timescaledb'),
               EXISTS (SELECT FROM pg_settings WHERE name LIKE 'timescaledb.%'),
               current_setting('timescaledb.license', true),
               EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace
                       AND relowner = to_regrole('cryptoscalp_owner') AND relkind = 'p')
        """
    )
    server, installed, available, loaded, licence, partitioned = found[0]
    layout: Layout | None = "native" if partitioned else None
    if installed is not None:
        # Its catalogue, not its views: those need the library, which may not be loaded.
        hypertables = yield from rows(
            "SELECT EXISTS (SELECT FROM _timescaledb_catalog.hypertable AS h"
            " JOIN pg_class AS c ON c.relname = h.table_name"
            " AND c.relnamespace = 'public'::regnamespace"
            " WHERE h.schema_name = 'public' AND c.relowner = to_regrole('cryptoscalp_owner'))"
        )
        if hypertables[0][0]:
            layout = "timescale"
    edition: Edition | None = None
    if licence is not None:
        edition = "apache" if licence == "apache" else "timescale"
    return Capabilities(server, layout, installed, available, loaded, edition)
