"""How the differences between books and venue are shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cryptoscalp.cli import output
from cryptoscalp.cli.session import Session

if TYPE_CHECKING:
    from cryptoscalp.trading.reconcile import FillsReconciled
    from cryptoscalp.trading.reconcile_balances import BalancesReconciled
    from cryptoscalp.trading.types import Fill


def show_fills(session: Session, found: FillsReconciled, apply: bool) -> None:
    """Show what a venue's fills and the books differ in."""
    if session.json:
        output.emit({"agrees": found.agrees, "applied": found.applied, **_fills(found)})
        return
    if not found.agrees:
        output.table(
            ["difference", "trade", "venue's id", "time (UTC)", "instrument", "side", "quantity",
             "price", "fee", "fee in", "books → venue"],
            _rows(found),
            right=["trade", "quantity", "price", "fee"],
        )  # fmt: skip
    output.say(
        f"{found.agreed:,} fills agree; {len(found.missing):,} are missing in the books,"
        f" {len(found.extra):,} are extra, {len(found.differing):,} differ"
    )
    _say_what_next(found.agrees, apply, len(found.applied), "trades")


def show_balances(session: Session, found: BalancesReconciled, apply: bool) -> None:
    """Show the balances of books and venue."""
    if session.json:
        output.emit(
            {
                "agrees": found.agrees,
                "applied": found.applied,
                "portfolio": found.portfolio,
                "balances": found.balances,
            }
        )
        return
    if found.balances:
        output.table(
            ["currency", "books", "venue", "difference"],
            [(one.currency, one.books, one.venue, one.difference) for one in found.balances],
            right=["books", "venue", "difference"],
        )
    output.say(f"{len(found.differing):,} of {len(found.balances):,} balances differ")
    _say_what_next(found.agrees, apply, len(found.applied), "entries")


def _say_what_next(agrees: bool, apply: bool, written: int, what: str) -> None:
    if apply and not agrees:
        output.say(f"the books were made to agree: {written:,} {what} were booked")
    elif not agrees:
        output.say("nothing was changed; --apply makes the books agree")


def _rows(found: FillsReconciled) -> Iterator[tuple[object, ...]]:
    for fill in found.missing:
        yield ("missing", None, *_cells(fill), "")
    for one in found.extra:
        yield ("extra", str(one.trade_id), *_cells(one.fill), "")
    for other in found.differing:
        changes = ", ".join(
            f"{field.field} {output.cell(field.books)} → {output.cell(field.venue)}"
            for field in other.fields
        )
        yield ("differs", str(other.booked.trade_id), *_cells(other.booked.fill), changes)


def _cells(fill: Fill) -> tuple[object, ...]:
    return (
        fill.exchange_trade_id, fill.timestamp, f"{fill.symbol} on {fill.exchange}", fill.side,
        fill.quantity, fill.price, fill.fee, fill.fee_currency,
    )  # fmt: skip


def _fills(found: FillsReconciled) -> dict[str, Any]:
    return {
        "portfolio": found.portfolio,
        "start": found.start,
        "end": found.end,
        "agreed": found.agreed,
        "missing": [_json(fill) for fill in found.missing],
        "extra": [{"trade_id": one.trade_id, **_json(one.fill)} for one in found.extra],
        "differing": [
            {
                "trade_id": one.booked.trade_id,
                **_json(one.booked.fill),
                "fields": [
                    {"field": field.field, "books": field.books, "venue": field.venue}
                    for field in one.fields
                ],
            }
            for one in found.differing
        ],
    }


def _json(fill: Fill) -> dict[str, Any]:
    names = (
        "exchange_trade_id", "timestamp", "symbol", "exchange", "side", "quantity", "price", "fee",
        "fee_currency",
    )  # fmt: skip
    return {name: getattr(fill, name) for name in names}
