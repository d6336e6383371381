"""Rows put in by plain SQL, and what a database holds of them."""

from __future__ import annotations

import hashlib
from typing import Any

import psycopg
from psycopg import sql

from tests.postgres import Place

TABLES = ("market_data", "order_book_l1", "mark_prices", "funding_rates", "candles",
          "newest_trades", "newest_quotes")  # fmt: skip


def fill(place: Place, rows: int = 2_000, days: int = 3) -> None:
    """Trades and quotes as a foreign writer stores them, states as the product's; over days."""
    span = {"rows": rows, "step": f"{days * 86_400 / rows} seconds", "days": days}
    with psycopg.connect(place.dsn, options="-c timezone=UTC") as connection:
        connection.execute(
            "SELECT ensure_partitions('2024-08-08', timestamptz '2024-08-08'"
            " + make_interval(days => %(days)s), '{market_data, order_book_l1, candles_1s,"
            " candles_long, mark_prices, funding_rates}')",
            span,
        )
        connection.commit()
        connection.execute(
            """
            INSERT INTO market_data
                (timestamp, symbol, exchange, price, volume, side, feed, sequence)
            SELECT timestamptz '2024-08-08' + n / 3 * %(step)s::interval,
                   CASE WHEN n %% 5 = 0 THEN 'ETHUSDT' ELSE 'BTCUSDT' END, 'binance',
                   60000 + n %% 7 * 0.000000000000000001, 1 + n %% 3,
                   (CASE n %% 3 WHEN 0 THEN 'BUY' WHEN 1 THEN 'SELL' END)::trade_side,
                   (CASE WHEN n %% 11 = 0 THEN 'agg_trade' ELSE 'trade' END)::trade_feed, n
            FROM generate_series(1, %(rows)s * 3) AS n
            """,
            span,
        )
        connection.execute(
            """
            INSERT INTO order_book_l1 (timestamp, symbol, exchange, bid_price, bid_volume,
                                       ask_price, ask_volume, source, sequence)
            SELECT timestamptz '2024-08-08' + n * %(step)s::interval, 'BTCUSDT', 'binance',
                   60000 + n %% 5, 1, 60005 + n %% 4, 2, 'ticker', n
            FROM generate_series(1, %(rows)s) AS n
            """,
            span,
        )
        connection.execute("SET LOCAL ROLE cryptoscalp_capture")
        connection.execute(
            """
            INSERT INTO mark_prices (timestamp, symbol, exchange, mark_price, batch_id)
            SELECT timestamptz '2024-08-08' + n * %(step)s::interval, 'BTCUSDT', 'binanceusdm', n, 1
            FROM generate_series(1, %(rows)s) AS n
            """,
            span,
        )
        connection.execute(
            "INSERT INTO funding_rates (timestamp, symbol, exchange, funding_rate, batch_id)"
            " SELECT timestamptz '2024-08-08' + n * interval '8 hours', 'BTCUSDT', 'binanceusdm',"
            "        0.0001 * n, 1 FROM generate_series(0, %(days)s * 3 - 1) AS n",
            span,
        )


def content(place: Place) -> dict[str, tuple[int, str]]:
    """Rows of each table and a hash of them all, whatever order they lie in."""
    found: dict[str, tuple[int, str]] = {}
    with psycopg.connect(place.admin_dsn, options="-c timezone=UTC") as connection:
        for table in TABLES:
            rows: list[Any] = connection.execute(
                sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(table))
            ).fetchall()
            texts = sorted(str(row[0]) for row in rows)
            found[table] = (len(texts), hashlib.sha256("\n".join(texts).encode()).hexdigest())
    return found
