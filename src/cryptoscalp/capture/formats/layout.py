"""Which columns of a table are which fields of an event, and how their cells are written."""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias, get_args

import msgspec

from cryptoscalp.infra.db.errors import InputError

Kind: TypeAlias = Literal["trades", "quotes", "candles", "derivatives"]
Unit: TypeAlias = Literal["s", "ms", "us", "ns", "iso"]

#: Fields that every event has, and the option that says them where the file does not.
NAMES: Final = {"exchange": "--exchange", "symbol": "--symbol"}
TIMES: Final = ("timestamp", "received_at", "funding_time")
NUMBERS: Final[dict[Kind, tuple[str, ...]]] = {
    "trades": ("price", "volume"),
    "quotes": ("bid_price", "bid_volume", "ask_price", "ask_volume"),
    "candles": ("open", "high", "low", "close", "volume"),
    "derivatives": ("mark_price", "index_price", "funding_rate", "predicted_rate"),
}
#: What an event cannot be without; a quote may have `received_at` for `timestamp`, and a
#: derivative needs one of its two rates or prices.
NEEDED: Final[dict[Kind, tuple[str, ...]]] = {
    "trades": ("timestamp", *NUMBERS["trades"]),
    "quotes": ("timestamp", *NUMBERS["quotes"]),
    "candles": ("timestamp", *NUMBERS["candles"], "interval"),
    "derivatives": ("timestamp",),
}
FIELDS: Final[dict[Kind, tuple[str, ...]]] = {
    "trades": (*NEEDED["trades"], "sequence", "side", "feed", "received_at", *NAMES),
    "quotes": (*NEEDED["quotes"], "sequence", "source", "received_at", *NAMES),
    "candles": (*NEEDED["candles"], "trade_count", *NAMES),
    "derivatives": ("timestamp", *NUMBERS["derivatives"], "funding_time", "received_at", *NAMES),
}


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """How the rows of a table are read: plain data, kept with the batch.

    `columns` and `constants` map fields of the event (FIELDS of its kind) to a column of the
    table and to one value for every row. `units` holds the unit of a time field; one that is
    absent is found from the file. `side` says how the side column is written: a word, or whether
    the buyer was the maker. `offset_us` is added to every timestamp, in µs. `nothing` are the
    cells that mean: no value. `exchanges` maps the file's names of venues to exchange ids; a name
    that it lacks is kept as written.
    """

    kind: Kind
    columns: dict[str, str]
    constants: dict[str, str] = {}
    units: dict[str, Unit] = {}
    side: Literal["word", "buyer_maker"] = "word"
    offset_us: int = 0
    nothing: tuple[str, ...] = ("",)
    exchanges: dict[str, str] = {}

    def has(self, field: str) -> bool:
        """Whether the rows have a value of this field."""
        return field in self.columns or field in self.constants

    def missing(self) -> list[str]:
        """The fields without which no row is an event, those that options say last."""
        needed = [*NEEDED[self.kind], *NAMES]
        needed.sort(key=lambda field: field == "interval")
        if self.kind == "quotes" and self.has("received_at"):
            needed.remove("timestamp")
        if self.kind == "derivatives" and not (self.has("mark_price") or self.has("funding_rate")):
            needed.append("mark_price")
        return [field for field in needed if not self.has(field)]

    def stream(self) -> tuple[str, str, str] | None:
        """The exchange, symbol and stream of every row; None where rows differ in them."""
        label = {
            "trades": self.constants.get("feed", "trade"),
            "quotes": self.constants.get("source", "ticker"),
            "candles": f"candle_{self.constants.get('interval', '')}",
            "derivatives": "mark_price" if self.has("mark_price") else "funding_rate",
        }[self.kind]
        if {"exchange", "symbol", "feed", "source", "interval"} & self.columns.keys():
            return None
        return self.constants["exchange"], self.constants["symbol"], label

    def plain(self) -> dict[str, Any]:
        """The layout as JSON-able data; `planned` reads it back."""
        made: dict[str, Any] = msgspec.to_builtins(self)
        return made


def planned(data: Any) -> Layout:
    """The layout that a plan holds. Raises msgspec.ValidationError for data that is none."""
    return msgspec.convert(data, Layout)


def unit_named(word: str) -> Unit:
    """The unit of that name; InputError names the ones there are."""
    for unit in get_args(Unit):
        if unit == word:
            return unit  # type: ignore[no-any-return]  # get_args knows no types
    raise InputError(f"there is no unit of time {word!r}; choose {', '.join(get_args(Unit))}")
