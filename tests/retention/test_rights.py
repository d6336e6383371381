"""Plain SQL of the product's login cannot touch the ledger, nor take a partition out."""

from __future__ import annotations

import psycopg
import pytest

from cryptoscalp import AsyncDatabase
from tests.postgres import Place
from tests.retention.days import DAY, trades

_STATEMENTS = [
    "SELECT seal_day('market_data', '2024-08-08')",
    "SELECT drop_day('market_data', '2024-08-08')",
    "SELECT expire_day('market_data', '2024-08-08')",
    "SELECT thaw_part('market_data', '2024-08-08', 'binance', 'BTCUSDT')",
    "SELECT reopen_parts('market_data', '2024-08-08', '{binance}', '{BTCUSDT}')",
    "SELECT reclaim_day('market_data', '2024-08-08')",
    "SELECT check_departure('market_data', '2024-08-08')",
    "SELECT note_late_write('market_data', '2024-08-08', '2024-08-08')",
    "SELECT place_hold('market_data', '2024-08-08', '2024-08-08', 'why', 'me')",
    "SELECT release_hold(1, 'me')",
    "SELECT note_orphans('{}')",
    "SELECT drop_old_rows('quarantine', 1)",
    "SELECT verify_parts('market_data', '2024-08-08', '{}', '{}', '{}')",
    "UPDATE cold_parts SET state = 'COLD'",
    "DELETE FROM cold_parts",
    "DELETE FROM retention_holds",
    "UPDATE retention_holds SET released_at = now(), released_by = 'me'",
    "UPDATE late_writes SET written_at = '2000-01-01'",
    (
        "INSERT INTO departures (table_name, first_day, last_day, rows, reason, piece)"
        " VALUES ('market_data', '2024-08-08', '2024-08-08', 1, 'cold', 'x')"
    ),
    "DROP TABLE market_data_20240808",
    "ALTER TABLE market_data DETACH PARTITION market_data_20240808",
    "ALTER TABLE market_data DETACH PARTITION market_data_20240808 CONCURRENTLY",
    "TRUNCATE market_data_20240808",
    "DELETE FROM market_data_20240808",
]


@pytest.mark.parametrize("mode", ["sync"], indirect=True)
async def test_the_login_is_refused(db: AsyncDatabase, database: Place) -> None:
    await db.capture.write_trades(trades(3))
    await db.retention.hold("market_data", DAY, DAY, "why", "me")
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for statement in _STATEMENTS:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_functions_name_their_search_path(database: Place) -> None:
    with psycopg.connect(database.dsn) as connection:
        loose = connection.execute(
            "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
            " AND NOT coalesce('search_path=public, pg_temp' = ANY (proconfig), false)"
        ).fetchall()
    assert not loose


def test_nobody_else_may_call_the_owners_functions(database: Place) -> None:
    with psycopg.connect(database.dsn) as connection:
        public = connection.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            " AND proowner = 'cryptoscalp_owner'::regrole"
            " AND has_function_privilege('public', oid, 'EXECUTE')"
        ).fetchall()
    assert not public
