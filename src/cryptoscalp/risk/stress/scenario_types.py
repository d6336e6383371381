"""What a stress scenario says; percentages as numbers of per cent, -20 for a fall by a fifth."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from cryptoscalp.market.types import Interval

ScenarioKind: TypeAlias = Literal["HISTORICAL", "HYPOTHETICAL"]
#: Who pays a funding: positions of that side, or the side that the whole book is on.
Payer: TypeAlias = Literal["LONG", "SHORT", "NET"]
#: How the price moves away beyond the size at the best price.
Beyond: TypeAlias = Literal["sqrt", "linear"]


@dataclass(frozen=True, slots=True)
class PriceShock:
    """A move of what is named by symbol, exchange or base asset; of every asset where none is.

    `symbol` moves the price of that instrument alone (on `exchange`, where that is given),
    `exchange` those of all its instruments. `base` and all move the worth of assets: the prices
    of instruments on them, and cash held in them.
    """

    move_pct: Decimal
    symbol: str | None = None
    exchange: str | None = None
    base: str | None = None


@dataclass(frozen=True, slots=True)
class Correlation:
    """Every asset moves `sigmas` of its own standard deviations, all the same way.

    The deviation is that of hourly log returns of stored candles over `days` before, times
    sqrt(minutes / 60). `direction` worst: the one that loses more. An asset without candles moves
    by `unmeasured_pct`; without that it is refused.
    """

    sigmas: Decimal = Decimal(4)
    days: int = 30
    direction: Literal["down", "up", "worst"] = "worst"
    unmeasured_pct: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PathPoint:
    """By `minute` this share of each move has happened; between points it goes straight."""

    minute: int
    share: Decimal


@dataclass(frozen=True, slots=True)
class Liquidation:
    """Forced closes while equity is below maintenance margin, largest requirement first.

    `maintenance_pct` and `fee_pct` are of notional; `slice_pct` of a position's quantity at the
    start is closed at once, at the shocked price.
    """

    maintenance_pct: Decimal = Decimal("0.5")
    fee_pct: Decimal = Decimal("0.5")
    slice_pct: Decimal = Decimal(25)


@dataclass(frozen=True, slots=True)
class Funding:
    """Funding on derivatives: `rate_pct` of notional, `intervals` times, every `hours`."""

    rate_pct: Decimal
    intervals: int
    hours: int = 8
    payer: Payer = "NET"


@dataclass(frozen=True, slots=True)
class Halt:
    """Positions on `exchange` (None: the one with the greatest exposure) are frozen.

    Nothing of them is closed until the halt is over after `minutes`; then they are left at a
    price that is worse for each by `worse_pct`.
    """

    minutes: int
    worse_pct: Decimal
    exchange: str | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """All that is not frozen is left at the end, through a thin book.

    The quoted half spread is `multiple` times as wide, `depth_pct` of the quoted size is there.
    `fee_pct` of notional is paid. An instrument without a quote is taken to have a half spread
    of `unquoted_bps` of its price and no size that ends; without that it is refused.
    """

    multiple: Decimal
    depth_pct: Decimal = Decimal(100)
    beyond: Beyond = "sqrt"
    fee_pct: Decimal = Decimal(0)
    unquoted_bps: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Proxy:
    """What is held (by symbol and exchange, or base asset) moves as `beta` times another did."""

    like_symbol: str
    like_exchange: str
    symbol: str | None = None
    exchange: str | None = None
    base: str | None = None
    beta: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Replay:
    """Stored candles of [start, end), each close against the first open.

    A bucket without a candle is refused, or with `missing` previous taken to be at the close
    before.
    """

    start: datetime
    end: datetime
    interval: Interval = "1m"
    proxies: tuple[Proxy, ...] = ()
    missing: Literal["refuse", "previous"] = "refuse"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A declared scenario; `source` says which file it is from, and is no part of it."""

    name: str
    description: str
    kind: ScenarioKind
    minutes: int
    prices: tuple[PriceShock, ...] = ()
    currencies: Mapping[str, Decimal] = field(default_factory=dict)
    path: tuple[PathPoint, ...] = ()
    correlation: Correlation | None = None
    liquidation: Liquidation | None = None
    funding: Funding | None = None
    halt: Halt | None = None
    spread: Spread | None = None
    replay: Replay | None = None
    source: str = field(default="", compare=False)

    def document(self) -> dict[str, Any]:
        """All that it says, defaults among it; numbers with decimals and times are text."""
        told: dict[str, Any] = _plain({k: v for k, v in asdict(self).items() if k != "source"})
        return told

    def text(self) -> str:
        """The document as JSON with sorted keys and no blanks: the same text for the same."""
        return json.dumps(self.document(), sort_keys=True, separators=(",", ":"))

    def sha256(self) -> str:
        """SHA-256 of the text in UTF-8, in hexadecimal."""
        return hashlib.sha256(self.text().encode()).hexdigest()


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return f"{value.normalize():f}"
        case datetime():
            return value.isoformat()
        case dict():
            return {key: _plain(one) for key, one in value.items() if one is not None}
        case list() | tuple():
            return [_plain(one) for one in value]
        case _:
            return value
