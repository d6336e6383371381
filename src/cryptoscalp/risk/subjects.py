"""Flow: the strategy, instrument or exchange that a caller means by the subject of a scope."""

from __future__ import annotations

from typing import LiteralString

from cryptoscalp.infra.db.errors import InputError, NotFound
from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.market.names import resolve
from cryptoscalp.risk.choices import RiskScope
from cryptoscalp.trading.portfolios import strategy


def known_subject(scope: RiskScope | None, subject: str) -> Flow[str]:
    """The subject as rows of risk have it: a strategy, `SYMBOL@exchange`, an exchange.

    Of STRATEGY an empty one is what has no strategy; a portfolio as a whole has no other. Without
    a scope it is the subject of any. Raises NotFound for what the database does not know,
    AmbiguousSymbol, InputError for a part of PORTFOLIO.
    """
    match scope:
        case "PORTFOLIO" if subject:
            raise InputError(
                f"{subject!r} is a part of a portfolio; say whether it is a strategy, symbol or"
                " exchange (scope=..., --scope ...)"
            )
        case "STRATEGY" if subject:
            yield from strategy(subject)
        case "SYMBOL":
            symbol, at, exchange = subject.rpartition("@")
            named = (symbol, exchange) if at else (subject, None)
            return "@".join((yield from resolve(*named)))
        case "EXCHANGE":
            yield from _known(
                "SELECT FROM exchanges WHERE exchange_id = %(subject)s", subject, "exchange"
            )
        case None:
            yield from _known(
                "SELECT WHERE %(subject)s = ''"
                " UNION ALL SELECT FROM strategies WHERE name = %(subject)s"
                " UNION ALL SELECT FROM exchanges WHERE exchange_id = %(subject)s"
                " UNION ALL SELECT FROM instruments WHERE symbol || '@' || exchange = %(subject)s"
                " LIMIT 1",
                subject,
                "strategy, SYMBOL@exchange or exchange",
            )
    return subject


def _known(statement: LiteralString, subject: str, what: str) -> Flow[None]:
    if not (yield from rows(statement, {"subject": subject})):
        raise NotFound(
            f"there is no {what} {subject!r}; `cryptoscalp instruments list` shows what is traded"
            " where"
        )
