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
    "refuse_cold",
    "refuse_cold_trades",
    "lies_cold",
    "newer_cold_part",
    "recompute_newest_quote",
    "recompute_newest_trade",
    "thawing",
    "note_late_rows",
    "market_data_inserted",
    "order_book_l1_inserted",
    "states_inserted",
    "finish_thaw",
    "guard_ticks",
    "guard_states",
    "ensure_partitions",
    "compress_day",
    "extend_coverage",
    "cut_coverage",
    "cold_parts_of_batch",
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
