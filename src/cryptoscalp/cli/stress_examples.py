"""The examples of `stress` and `report`: a portfolio of its own with one spot position."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_AT: Final = "2024-08-09T07:00:01.000000Z"
#: What differs from run to run, and what the reference shows in its place.
STEADY: Final[Mapping[str, Any]] = {
    "at": _AT,
    "test_date": _AT,
    "reasons": {"prices": "never marked, valued at the fill: STRUSDT on binance"},
    "test_id": 1,
    "bytes": 123_456,
}
#: Before this one the portfolio is made.
_FIRST: Final = "stress scenarios"
LINES: Final = (
    _FIRST,
    "stress run stressed --scenario price-cascade --scenario stablecoin-depeg",
    "stress list --portfolio stressed --newest",
    "stress reverse stressed --percent 5",
    (
        "report stressed --start 2024-08-08T23:55:00Z --end 2024-08-08T23:57:00Z"
        " --output stressed.html"
    ),
)


def prepare(words: str, data_dir: Path) -> None:
    """Book the position that the next lines tell of."""
    if words != _FIRST:
        return
    from datetime import UTC, datetime
    from decimal import Decimal

    from cryptoscalp.database import connect
    from cryptoscalp.trading.types import Fill

    began = datetime(2024, 8, 8, 23, 55, tzinfo=UTC)
    with connect(data_dir=data_dir) as db:
        db.market.add_instrument("STRUSDT", "binance", base="STR", quote="USDT")
        db.trading.create_portfolio("stressed", "USDT")
        db.trading.deposit("stressed", "USDT", Decimal(10_000), reference="start", timestamp=began)
        db.trading.record_fill(
            "stressed",
            Fill(
                symbol="STRUSDT", exchange="binance", exchange_trade_id="1", timestamp=began,
                side="BUY", quantity=Decimal(100), price=Decimal("61.5"),
            ),
        )  # fmt: skip
