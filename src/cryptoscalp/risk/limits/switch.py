"""Flows: trading is halted by anybody, and resumed by a risk officer."""

from __future__ import annotations

from typing import Final

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.risk.limits.limit_types import SwitchEvent, TradingState

_STATE: Final = "SELECT may_trade, reason, since, scope, changed_by FROM trading_state(%s)"


def halt(portfolio: str | None, reason: str) -> Flow[TradingState]:
    """Stop trading in a portfolio, or (None) in all of them.

    Halting what is halted records a further reason and changes nothing else. Raises NotFound,
    InputError without a reason.
    """
    yield from rows("SELECT halt_trading(%s, %s)", (portfolio, _given(reason)))
    return (yield from _state(portfolio))


def resume(portfolio: str | None, reason: str) -> Flow[TradingState]:
    """Let a portfolio trade again, or (None) turn the switch of all portfolios.

    Either leaves the other as it is: the answer says whether trading is allowed now. Only a login
    that is a member of cryptoscalp_risk_officer may: PermissionRefused. Raises NotFound,
    InputError without a reason.
    """
    yield from rows("SELECT resume_trading(%s, %s)", (portfolio, _given(reason)))
    return (yield from _state(portfolio))


def switch_events(
    portfolio: str | None = None, *, limit: int | None = None
) -> Flow[list[SwitchEvent]]:
    """Halts and resumes, oldest first: of a portfolio and of all, or everything.

    The last `limit`. Raises NotFound for an unknown portfolio.
    """
    if limit is not None and limit < 1:
        raise InputError(f"limit={limit}: ask for at least one event")
    account = yield from rows("SELECT switched_portfolio(%s)", (portfolio,))
    found = yield from rows(
        "SELECT e.event_id, e.timestamp, p.name, e.event::text, e.reason, e.changed_by, e.breach_id"
        " FROM (SELECT * FROM kill_switch_events WHERE %(of)s::bigint IS NULL OR"
        "   portfolio_id IS NULL OR portfolio_id = %(of)s ORDER BY event_id DESC LIMIT %(limit)s)"
        " AS e LEFT JOIN portfolios AS p USING (portfolio_id) ORDER BY e.event_id",
        {"of": account[0][0], "limit": limit},
    )
    return [SwitchEvent(*row) for row in found]


def _given(reason: str) -> str:
    if not isinstance(reason, str) or not reason.strip():
        raise InputError("say why: a halt or a resume has a reason")
    return reason.strip()


def _state(portfolio: str | None) -> Flow[TradingState]:
    found = yield from rows(_STATE, (portfolio,))
    may_trade, *rest = found[0]
    return TradingState(portfolio, may_trade, True, *rest)
