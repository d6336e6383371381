"""Files of fills: the real account's with sums taken straight from it, and small ones."""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import ROUND_HALF_EVEN, Context, Decimal
from pathlib import Path
from typing import Any, Final

from cryptoscalp import AsyncDatabase
from tests.cli.conftest import shared

NAME: Final = "fills/bbgo_binance_btcusdt_account_fills_2019-2020.json"
FILLS: Final = 3_432
#: No stored market data say what BNB was worth.
RATES: Final = {"BNB": Decimal("19.5")}
#: The columns of small files, and the map that says so.
HEAD: Final = "timestamp,symbol,exchange,side,quantity,price,id,fee,fee_currency"
MAP: Final = ", ".join(f"{name}={name}" for name in HEAD.split(","))
_WIDE: Final = Context(prec=120, rounding=ROUND_HALF_EVEN)
_UNIT: Final = Decimal(1).scaleb(-18)


def rows(folder: Path, *lines: str) -> Path:
    """A file of fills of BTCUSDT on binance: day of 2024, side, quantity, price, id, fee, in."""
    path = folder / "fills.csv"
    text = [HEAD]
    for line in lines:
        day, rest = line.split(",", 1)
        side, quantity, price, name, fee, currency = rest.split(",")
        at = f"2024-01-{int(day):02}T00:00:00Z"
        text.append(f"{at},BTCUSDT,binance,{side},{quantity},{price},{name},{fee},{currency}")
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    return path


def real_file() -> Path:
    """The real file; the test is skipped where it is not at hand."""
    return shared(NAME)


def records() -> list[dict[str, Any]]:
    """Its records in the order of booking, numbers as they are written."""
    found: list[dict[str, Any]] = json.loads(real_file().read_text("utf-8"), parse_float=Decimal)
    return sorted(found, key=lambda one: (_instant(one["tradedAt"]), one["id"]))


def _instant(text: str) -> tuple[str, str]:
    """A time that sorts: `...52Z` is before `...52.1Z`."""
    seconds, _, rest = text.rstrip("Z").partition(".")
    return seconds, rest.ljust(6, "0")


async def opened(db: AsyncDatabase, *portfolios: str) -> None:
    """The instrument of the file, and portfolios to book it in."""
    await db.market.add_instrument("BTCUSDT", "binance", base="BTC", quote="USDT")
    for name in portfolios or ("main",):
        await db.trading.create_portfolio(name, "USDT")


def fees() -> dict[str, Decimal]:
    """What was paid, by currency."""
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for one in records():
        paid[one["feeCurrency"]] += Decimal(one["fee"])
    return dict(paid)


def balances() -> dict[str, Decimal]:
    """What the fills leave of each currency."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for one in records():
        sign = 1 if one["side"] == "BUY" else -1
        found["BTC"] += sign * Decimal(one["quantity"])
        found["USDT"] -= sign * Decimal(one["quantity"]) * Decimal(one["price"])
        found[one["feeCurrency"]] -= Decimal(one["fee"])
    return dict(found)


def daily() -> dict[str, tuple[int, Decimal, Decimal]]:
    """Fills, realized P&L and commission of each UTC day, reckoned at average cost.

    In decimals of 120 digits, rounded half-even to 18 where the books say that they round: the
    notional, the worth of a fee, a part that is split off. What is left of a split is the rest.
    """
    days: dict[str, tuple[int, Decimal, Decimal]] = {}
    held = cost = Decimal(0)  # below zero is short; the cost has no sign
    for one in records():
        quantity, price, fee = (Decimal(one[name]) for name in ("quantity", "price", "fee"))
        sign = 1 if one["side"] == "BUY" else -1
        worth = _rounded(_WIDE.multiply(quantity, price))
        paid = fee
        if one["feeCurrency"] == "BNB":
            paid = _rounded(_WIDE.multiply(fee, RATES["BNB"]))
        elif one["feeCurrency"] == "BTC":
            paid = _rounded(_WIDE.multiply(fee, price))
            if sign > 0:
                quantity, worth = quantity - fee, worth - paid
        pnl = Decimal(0)
        if held * sign < 0:
            part = min(quantity, abs(held))
            value = worth if part == quantity else _share(worth, part, quantity)
            left = cost if part == abs(held) else _share(cost, part, abs(held))
            pnl = (value - left) * (1 if held > 0 else -1)
            held, cost = held + sign * part, cost - left
            quantity, worth = quantity - part, worth - value
        held, cost = held + sign * quantity, cost + worth
        fills, realized, commission = days.get(one["tradedAt"][:10], (0, Decimal(0), Decimal(0)))
        days[one["tradedAt"][:10]] = fills + 1, realized + pnl, commission + paid
    return days


def _share(amount: Decimal, part: Decimal, of: Decimal) -> Decimal:
    return _rounded(_WIDE.divide(_WIDE.multiply(amount, part), of))


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_UNIT, context=_WIDE)
