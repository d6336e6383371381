"""What the trading subject takes and hands out; money is Decimal, times are aware and UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from cryptoscalp.market.types import Side

PositionMode: TypeAlias = Literal["NETTING", "HEDGING"]
PositionSide: TypeAlias = Literal["LONG", "SHORT"]
PositionStatus: TypeAlias = Literal["OPEN", "PARTIAL", "CLOSED"]
Liquidity: TypeAlias = Literal["MAKER", "TAKER"]
TradeKind: TypeAlias = Literal["FILL", "ADJUSTMENT", "REVERSAL"]
CashKind: TypeAlias = Literal[
    "DEPOSIT", "WITHDRAWAL", "TRADE", "REALIZED_PNL", "FEE", "FUNDING", "ADJUSTMENT"
]
#: What positions are valued at: the side that closes them, mid, last trade or mark price.
PriceKind: TypeAlias = Literal["quote", "mid", "last", "mark"]
#: Currency -> units of the portfolio's base currency, where the caller knows it.
Rates: TypeAlias = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Portfolio:
    """An account whose positions and cash are reckoned together.

    NETTING: one position an instrument and strategy, which flips; HEDGING: one LONG and one SHORT.
    `leverage` is that of new positions: initial margin is notional / leverage.
    """

    portfolio_id: int
    name: str
    base_currency: str
    position_mode: PositionMode
    leverage: Decimal
    created_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Strategy:
    """What decides on orders; `symbols` are (symbol, exchange) that it trades."""

    strategy_id: int
    name: str
    description: str | None
    created_at: datetime
    retired_at: datetime | None
    symbols: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution as the venue reports it, to be booked.

    `quantity` is in base currency or contracts, `price` in quote currency. `fee` is what was paid
    in `fee_currency`, below zero for a rebate. `exchange_trade_id` is the venue's id: with the
    portfolio, instrument and side it names the fill, so that it is booked once. `position_side` is
    needed in a HEDGING portfolio. `client_order_id` names an order of the books that it fills;
    `exchange_order_id` finds one that was acknowledged under that id, or is kept as it is.
    `rates` gives currencies in units of the portfolio's base currency; where a rate is needed and
    not given, the stored market data at the time of the fill are asked.
    """

    symbol: str
    exchange: str
    exchange_trade_id: str
    timestamp: datetime
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal = Decimal(0)
    fee_currency: str | None = None
    liquidity: Liquidity | None = None
    strategy: str | None = None
    position_side: PositionSide | None = None
    reduce_only: bool = False
    client_order_id: str | None = None
    exchange_order_id: str | None = None
    model_id: int | None = None
    leverage: Decimal | None = None
    rates: Rates | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Trade:
    """A booked fill and its effect.

    `pnl` is what it realized before commission; `notional`, `pnl` and `commission_value` are in
    `pnl_currency`, of which `base_rate` tells the worth in the portfolio's base currency. It closed
    `closed_quantity` of one position and opened `opened_quantity` of another (or the same):
    together `quantity`, less a spot fee that was taken out of it.
    """

    trade_id: int
    timestamp: datetime
    symbol: str
    exchange: str
    side: Side
    quantity: Decimal
    price: Decimal
    commission: Decimal
    pnl: Decimal
    portfolio_id: int
    strategy_id: int | None
    order_id: int | None
    kind: TradeKind
    exchange_trade_id: str | None
    reverses_trade_id: int | None
    exchange_order_id: str | None
    liquidity: Liquidity | None
    notional: Decimal
    pnl_currency: str
    commission_currency: str | None
    commission_rate: Decimal | None
    commission_value: Decimal
    base_rate: Decimal
    closes_position_id: int | None
    closed_quantity: Decimal
    closed_cost: Decimal
    closed_value: Decimal
    opens_position_id: int | None
    opened_quantity: Decimal
    opened_cost: Decimal
    model_id: int | None
    note: str | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Booked:
    """The trade of a fill; `duplicate` when it had been booked before, so that nothing changed."""

    trade: Trade
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Position:
    """A position: one cycle from the fill that opens it to the one that closes it.

    `cost_basis` is exactly what the open quantity was entered at, `unrealized_pnl` what it has
    gained at `current_price`; these, `realized_pnl` (before commission) and `funding` are in
    `pnl_currency`. `entry_price` is the average of what is open.
    """

    position_id: int
    portfolio_id: int
    strategy_id: int | None
    symbol: str
    exchange: str
    side: PositionSide
    status: PositionStatus
    quantity: Decimal
    closed_quantity: Decimal
    open_quantity: Decimal
    entry_price: Decimal
    exit_price: Decimal | None
    current_price: Decimal
    cost_basis: Decimal
    unrealized_pnl: Decimal
    realized_pnl: Decimal
    funding: Decimal
    pnl_currency: str
    stop_loss: Decimal | None
    take_profit: Decimal | None
    inverse: bool
    contract_multiplier: Decimal
    margined: bool
    leverage: Decimal
    timestamp: datetime
    opened_at: datetime
    closed_at: datetime | None
    marked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Marked:
    """How many open positions were marked, and which could not be: no price of that kind."""

    marked: int
    unpriced: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Breach:
    """A stop loss or take profit of an open position that the price has reached."""

    position_id: int
    symbol: str
    exchange: str
    side: PositionSide
    open_quantity: Decimal
    price: Decimal
    level: Decimal
    cause: Literal["stop_loss", "take_profit"]


@dataclass(frozen=True, slots=True)
class Breached:
    """What has reached its stop or target, and which positions with one have no price to tell."""

    breaches: tuple[Breach, ...]
    unpriced: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BookCounts:
    """How much is in the books."""

    portfolios: int
    positions: int
    trades: int
    cash_entries: int


@dataclass(frozen=True, slots=True)
class CashEntry:
    """One row of the cash ledger; `base_amount` is `amount` at `rate`, rounded once."""

    entry_id: int
    timestamp: datetime
    currency: str
    amount: Decimal
    kind: CashKind
    rate: Decimal
    conversion_path: str
    base_amount: Decimal
    reference: str | None
    trade_id: int | None
    funding_id: int | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Transferred:
    """The ledger entry of a transfer; `duplicate` when it had been booked before."""

    entry: CashEntry
    duplicate: bool


@dataclass(frozen=True, slots=True)
class FundingPayment:
    """A funding payment: `amount` received (above zero) or paid, in `currency`."""

    funding_id: int
    timestamp: datetime
    symbol: str
    exchange: str
    position_id: int | None
    funding_rate: Decimal | None
    mark_price: Decimal | None
    quantity: Decimal | None
    amount: Decimal
    currency: str
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class DailyPnl:
    """A UTC day of an instrument in a portfolio, in `currency` (settlement).

    `net_pnl` is realized less commission plus funding. `unrealized_pnl` is that of what was open
    at the end of the day, at the last trade known then; None where no price is known.
    """

    day: str
    symbol: str
    exchange: str
    strategy_id: int | None
    currency: str
    fills: int
    realized_pnl: Decimal
    commission: Decimal
    funding: Decimal
    net_pnl: Decimal
    unrealized_pnl: Decimal | None


@dataclass(frozen=True, slots=True)
class Exposure:
    """Open notional at the last mark, by symbol, exchange or strategy, in `currency`."""

    key: str
    currency: str
    positions: int
    long_notional: Decimal
    short_notional: Decimal
    net_notional: Decimal
    gross_notional: Decimal
    unrealized_pnl: Decimal


@dataclass(frozen=True, slots=True)
class OpenRisk:
    """What an open position stands to lose until its stop loss; None where it has none.

    `risk_to_stop` counts from the last mark (above zero is a loss), `pnl_at_stop` from the cost.
    """

    position_id: int
    symbol: str
    exchange: str
    side: PositionSide
    open_quantity: Decimal
    current_price: Decimal
    stop_loss: Decimal | None
    currency: str
    unrealized_pnl: Decimal
    pnl_at_stop: Decimal | None
    risk_to_stop: Decimal | None


@dataclass(frozen=True, slots=True)
class BookDifference:
    """A sum of the books that does not hold: what is stored, and what its rows come to."""

    portfolio: str
    what: str
    subject: str
    stored: Decimal | None
    reckoned: Decimal | None


@dataclass(frozen=True, slots=True)
class CurrencyValue:
    """Cash of a currency that is not inventory of a spot position, and its worth."""

    currency: str
    balance: Decimal
    free: Decimal
    rate: Decimal
    conversion_path: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class PositionValue:
    """An open position at a price; all but `value` and `notional_value` in `pnl_currency`.

    `value` is its share of equity in the base currency: what a spot position is worth, what a
    derivative has gained.
    """

    position_id: int
    symbol: str
    exchange: str
    side: PositionSide
    quantity: Decimal
    price: Decimal
    priced_at: datetime | None
    notional: Decimal
    unrealized_pnl: Decimal
    pnl_currency: str
    notional_value: Decimal
    margin: Decimal
    value: Decimal


@dataclass(frozen=True, slots=True)
class PortfolioValue:
    """A portfolio at a moment, in its base currency.

    `equity` is cash and positions. `exposure` is the sum of the positions' notionals,
    `margin_used` that of notional / leverage over derivatives and spot shorts, `leverage_ratio`
    exposure over equity (None where equity is not above zero).
    """

    portfolio: str
    at: datetime
    base_currency: str
    equity: Decimal
    cash_value: Decimal
    unrealized_pnl: Decimal
    exposure: Decimal
    margin_used: Decimal
    available_margin: Decimal
    leverage_ratio: Decimal | None
    cash: tuple[CurrencyValue, ...] = field(default=())
    positions: tuple[PositionValue, ...] = field(default=())
