"""The market subject's functions, triggers and grants, in the order in which they are made."""

from __future__ import annotations

from importlib.resources import files

#: Names of files in `sql/`. Each revision that changes one freezes a copy of it.
SQL_OBJECTS = (
    "candle_partitions",
    "stream_lock",
    "refuse_tick_change",
    "refuse_derived_change",
    "refuse_foreign_insert",
    "register_instruments",
    "merge_candles",
    "merge_newest_trades",
    "merge_newest_quotes",
    "recompute_candles",
    "recompute_newest",
    "market_data_inserted",
    "order_book_l1_inserted",
    "guard_ticks",
    "guard_states",
    "ensure_partitions",
    "extend_coverage",
    "cut_coverage",
    "correct_ticks",
    "resolve_refused",
    "set_canonical",
    "record_instrument_revision",
    "triggers",
    "grants",
)


def sql_text(name: str) -> str:
    """The text of one live SQL object."""
    return files("cryptoscalp.market").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
