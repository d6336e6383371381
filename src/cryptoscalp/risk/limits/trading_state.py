"""`db.risk.trading_state("main")`: may it trade? Whatever goes wrong, the answer is no."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import datetime
from typing import Any, Final, Literal, Protocol, cast, overload

from psycopg import pq

from cryptoscalp.infra.db.drivers import AsyncDriver, SyncDriver
from cryptoscalp.infra.db.face import Face
from cryptoscalp.infra.db.secrets import masked
from cryptoscalp.risk.limits.limit_types import TradingState
from cryptoscalp.risk.limits.switch_line import AsyncLine, Deadline, Late, Line

#: Unnamed, so that one round trip is enough and a pooler between makes no difference; the function
#: keeps its plans in the session.
_QUESTION: Final = (
    b"SELECT may_trade, reason, since, scope, changed_by FROM public.trading_state($1::text)"
)
#: Seconds that a caller waits unless it says otherwise.
TIMEOUT_S: Final = 0.5
_LONGEST_S: Final = 60.0


class Asked(Protocol):
    """`trading_state` on the blocking face."""

    def __call__(
        self, portfolio: str | None = None, *, timeout_s: float = TIMEOUT_S
    ) -> TradingState: ...


class AsyncAsked(Protocol):
    """`trading_state` on the asyncio face."""

    def __call__(
        self, portfolio: str | None = None, *, timeout_s: float = TIMEOUT_S
    ) -> Coroutine[Any, Any, TradingState]: ...


class switch:  # noqa: N801 - reads as a declaration, like `operation`
    """Whether a portfolio may trade, or (None) whether the switch of all portfolios lets it.

    One round trip on a connection of its own. It never raises, and fails closed: when the answer is
    not there within `timeout_s` seconds (0.5), the server is away, the schema or a switch is
    missing, or anything else is wrong, `may_trade` is False, `known` is False and `reason` says
    why. The state is true in a condition when trading is allowed. Ask before every order: an answer
    says nothing of the next moment.
    """

    @overload
    def __get__(self, face: Face[SyncDriver], owner: object) -> Asked: ...
    @overload
    def __get__(self, face: Face[AsyncDriver], owner: object) -> AsyncAsked: ...
    @overload
    def __get__(self, face: None, owner: object) -> switch: ...
    def __get__(self, face: Face[Any] | None, owner: object) -> Any:
        if face is None:
            return self
        driver = face.driver
        return _Asked(driver) if isinstance(driver, SyncDriver) else _AsyncAsked(driver)


class _Asked:
    __doc__ = switch.__doc__
    __slots__ = ("_driver",)

    def __init__(self, driver: SyncDriver) -> None:
        self._driver = driver

    def __call__(
        self, portfolio: str | None = None, *, timeout_s: float = TIMEOUT_S
    ) -> TradingState:
        try:
            deadline = Deadline.after(_checked(timeout_s))
            params = _params(portfolio)
            line = self._driver.resources.made(Line, lambda: Line(self._driver.dsn))
            return _state(portfolio, line.ask(_QUESTION, params, deadline))
        except Exception as error:  # noqa: BLE001 - a bot that gets an error might trade on
            return _unknown(portfolio, error, timeout_s)


class _AsyncAsked:
    __doc__ = switch.__doc__
    __slots__ = ("_driver",)

    def __init__(self, driver: AsyncDriver) -> None:
        self._driver = driver

    async def __call__(
        self, portfolio: str | None = None, *, timeout_s: float = TIMEOUT_S
    ) -> TradingState:
        try:
            deadline = Deadline.after(_checked(timeout_s))
            params = _params(portfolio)
            line = self._driver.resources.made(AsyncLine, lambda: AsyncLine(self._driver.dsn))
            return _state(portfolio, await line.ask(_QUESTION, params, deadline))
        except Exception as error:  # noqa: BLE001 - a bot that gets an error might trade on
            return _unknown(portfolio, error, timeout_s)


for _asked in (_Asked, _AsyncAsked):
    # What help() shows of the method, on both faces.
    _asked.__call__.__doc__ = switch.__doc__


def _checked(timeout_s: float) -> float:
    if not 0 < timeout_s <= _LONGEST_S:
        raise ValueError(f"timeout_s {timeout_s} must be above zero, at most {_LONGEST_S:g}")
    return timeout_s


def _params(portfolio: str | None) -> list[bytes | None]:
    if portfolio is None:
        return [None]
    if not isinstance(portfolio, str) or "\0" in portfolio:
        # libpq would end the name there, and ask for another portfolio.
        raise ValueError(f"portfolio {portfolio!r} is no name")
    return [portfolio.encode()]


def _state(portfolio: str | None, answer: pq.abc.PGresult) -> TradingState:
    if answer.status != pq.ExecStatus.TUPLES_OK:
        message = (answer.error_message or b"no rows came").decode(errors="replace")
        if answer.error_field(pq.DiagnosticField.SQLSTATE) in (b"42883", b"42P01", b"3F000"):
            message += "; the schema is not this version's: run `cryptoscalp db upgrade`"
        raise RuntimeError(message)
    if answer.ntuples != 1:
        raise RuntimeError(f"{answer.ntuples} rows came, where one was expected")
    said, reason, since, scope, changed_by = (
        None if value is None else value.decode()
        for value in (answer.get_value(0, at) for at in range(5))
    )
    return TradingState(
        portfolio,
        said == "t",
        True,
        reason,
        None if since is None else datetime.fromisoformat(since),
        cast(Literal["all", "portfolio"] | None, scope),
        changed_by,
    )


def _unknown(portfolio: str | None, error: Exception, timeout_s: float) -> TradingState:
    told = (
        f"no answer within {timeout_s:g} s"
        if isinstance(error, Late)
        else str(error) or repr(error)
    )
    reason = f"the kill switch cannot be read: {masked(' '.join(told.split()))}"
    return TradingState(portfolio, False, False, reason)
