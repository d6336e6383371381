"""The server under these tests is TimescaleDB, and the bridge to it behaves as a server does."""

from __future__ import annotations

import threading

import psycopg
import pytest

from cryptoscalp.infra.migrations.choosing import look
from tests.postgres import LOGIN, Place
from tests.timescale.conftest import assert_genuine


def test_version_and_licence(timescale: Place) -> None:
    assert_genuine(timescale)
    with psycopg.connect(timescale.dsn, autocommit=True) as connection:
        found = look(connection)
    assert found.layout == "timescale"
    assert found.columnstore
    assert found.version >= (2, 18)


def test_the_product_logs_in_as_itself_and_owns_nothing(timescale: Place) -> None:
    with psycopg.connect(timescale.dsn) as connection:
        row = connection.execute(
            "SELECT current_user, session_user, rolsuper FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row == (LOGIN, LOGIN, False)


def test_another_database_is_refused(timescale: Place) -> None:
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(timescale.dsn, dbname="there_is_none")


def test_connections_keep_their_settings_roles_and_statements_apart(timescale: Place) -> None:
    with (
        psycopg.connect(timescale.admin_dsn, autocommit=True) as first,
        psycopg.connect(
            timescale.dsn, autocommit=True, options="-c timezone=Asia/Tokyo -c search_path=pg_temp"
        ) as second,
    ):
        first.execute("SET work_mem = '5MB'")
        first.execute("SET ROLE cryptoscalp_owner")
        for _ in range(3):
            mine = first.execute("SELECT current_setting('work_mem'), current_user", prepare=True)
            theirs = second.execute(
                "SELECT current_setting('timezone'), current_user", prepare=True
            )
            assert mine.fetchone() == ("5MB", "cryptoscalp_owner")
            assert theirs.fetchone() == ("Asia/Tokyo", LOGIN)


def test_a_client_that_leaves_in_a_transaction_rolls_it_back(timescale: Place) -> None:
    with psycopg.connect(timescale.admin_dsn) as lost:
        lost.execute("CREATE TABLE public.lost ()")
        lost.pgconn.finish()
    with psycopg.connect(timescale.dsn) as connection:
        assert connection.execute("SELECT to_regclass('public.lost')").fetchone() == (None,)


def test_transactions_of_several_clients_take_turns(timescale: Place) -> None:
    seen: list[int] = []

    def work(number: int) -> None:
        with psycopg.connect(timescale.dsn) as connection:
            for turn in range(5):
                with connection.transaction():
                    row = connection.execute("SELECT %s::int", [number * 10 + turn]).fetchone()
                    assert row is not None
                    seen.append(row[0])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [number * 10 + turn for number in range(4) for turn in range(5)]


@pytest.mark.parametrize("rows", [1, 5_000])
def test_copy_and_long_batches_arrive_whole(timescale: Place, rows: int) -> None:
    with psycopg.connect(timescale.admin_dsn) as connection:
        connection.execute("CREATE TEMPORARY TABLE given (n int, words text) ON COMMIT DROP")
        with connection.cursor() as cursor:
            with cursor.copy("COPY given FROM STDIN") as copy:
                for number in range(rows):
                    copy.write_row((number, "copied"))
            cursor.executemany(
                "INSERT INTO given VALUES (%s, %s)", [(n, "sent") for n in range(rows)]
            )
        found = connection.execute(
            "SELECT words, count(*), sum(n) FROM given GROUP BY words ORDER BY words"
        ).fetchall()
    total = rows * (rows - 1) // 2
    assert found == [("copied", rows, total), ("sent", rows, total)]


def test_a_refused_copy_leaves_the_connection_usable(timescale: Place) -> None:
    with psycopg.connect(timescale.dsn, autocommit=True) as connection:
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege),
            connection.cursor() as cursor,
            cursor.copy("COPY mark_prices FROM STDIN") as copy,
        ):
            copy.write_row(("2024-01-01", "A", "x", 1, None, None, 1))
        assert connection.execute("SELECT 1").fetchone() == (1,)
