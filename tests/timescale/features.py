# ruff: noqa: E501
"""`python -m tests.timescale.features VERSION`: write the table of docs/timescaledb.md."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

#: What is verified -> the test that does it, as file and function below this folder.
FEATURES: Final = {
    "Version and licence are asserted before anything else": "test_identity::test_version_and_licence",
    "Fresh database, `auto` and `timescale`; down, up and down again": "test_migrations::test_up_down_and_up_again",
    "Native partitions beside the installed extension": "test_migrations::test_native_beside_the_extension",
    "Catalogue equal to that of the native layout": "test_migrations::test_both_layouts_have_the_same_catalogue",
    "Installed but not preloaded: refused before any change": "test_migrations::test_installed_but_not_loaded_is_refused",
    "`db convert` with rows, both ways, each day counted and hashed": "test_convert::test_there_and_back_with_rows",
    "`db convert` of chunks in the columnstore": "test_convert::test_there_and_back_with_rows",
    "`kill -9` of the server during `db convert`": "test_convert::test_killed_at_any_point_it_is_one_layout_whole",
    "Hypertables answer as partitions do: ties, late rows, duplicates, two feeds, states": "test_differential::test_generated_ticks_and_states",
    "The same with rows without ids": "test_differential::test_rows_without_ids",
    "The same with recorded files of nine formats": "test_differential::test_recorded_files",
    "The same through the command line": "test_differential::test_command_line",
    "Columnstore: reads, late inserts, duplicates, undo, change of the canonical feed": "test_differential::test_columnstore_late_rows_duplicates_and_undo",
    "Closed days are compressed by our job; what was written to lately is not": "test_columnstore::test_a_day_is_compressed_when_it_has_been_left_alone",
    "No role of the product reaches a chunk, drops or compresses one": "test_security::test_no_role_of_the_product_may",
    "Statement triggers keep candles and newest rows for foreign writers": "test_security::test_foreign_rows_reach_their_candles_and_newest_rows",
    "A chunk leaves only through `drop_day`, recorded, verified and sealed": "test_security::test_a_chunk_leaves_only_when_it_is_sealed",
    "Retention: days move, chunks drop, reads stay exact; late rows thaw; verify, holds, plan": "test_cold_days::test_days_leave_and_late_rows_bring_them_back",
    "Continuous aggregates: ties, late rows, refresh, cold and thawed days, who may": "test_aggregates::test_open_and_close_differ_where_trades_share_a_moment",
    "Views and aggregates over a table: named before a conversion": "test_convert::test_views_are_named_before_anything_is_copied",
    "Registry and adaptation: versions, features, predictions, outcomes, drift, regimes, events": "test_models::test_the_way_of_a_model",
    "The doctor, on a new, a used and a damaged database": "test_doctor::test_well_used_and_broken",
}  # fmt: skip
_BEGIN: Final = "<!-- features: written by python -m tests.timescale.features -->\n"
_END: Final = "<!-- end of features -->\n"
DOCUMENT: Final = Path(__file__).resolve().parents[2] / "docs" / "timescaledb.md"


def render(version: str) -> str:
    """The table for a version of TimescaleDB and PostgreSQL."""
    lines = ["| feature | test | verified on |", "|---|---|---|"]
    lines += [f"| {what} | `{test}` | {version} |" for what, test in FEATURES.items()]
    return "\n".join(lines) + "\n"


def written() -> str:
    """The table that the document holds."""
    return DOCUMENT.read_text(encoding="utf-8").partition(_BEGIN)[2].partition(_END)[0]


def main(version: str) -> None:
    """Put the table of a version into the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(_BEGIN)
    after = rest.partition(_END)[2]
    DOCUMENT.write_text(before + _BEGIN + render(version) + _END + after, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
