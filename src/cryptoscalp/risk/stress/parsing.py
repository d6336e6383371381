"""Scenarios from YAML; whatever is wrong is refused with file and key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final, cast, get_args

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.market.types import Interval
from cryptoscalp.risk.stress.fields import Fields
from cryptoscalp.risk.stress.scenario_types import (
    Beyond,
    Correlation,
    Funding,
    Halt,
    Liquidation,
    PathPoint,
    Payer,
    PriceShock,
    Proxy,
    Replay,
    Scenario,
    Spread,
)
from cryptoscalp.risk.stress.yaml_text import loaded

#: A price that has lost all is no price; one that is a thousandfold says nothing.
_LEAST: Final = Decimal(-100)
_MOST: Final = Decimal(100_000)
_HUNDRED: Final = Decimal(100)
_ZERO: Final = Decimal(0)
#: 30 days, in minutes.
_LONGEST: Final = 43_200
_MOST_CANDLES: Final = 10_000
#: The keys of a scenario: of any, of a replay, of a declared one.
_ALWAYS: Final = ("kind", "name", "description", "liquidation", "spread")
_HISTORICAL: Final = ("start", "end", "interval", "missing", "map")
_HYPOTHETICAL: Final = (
    "minutes", "prices", "currencies", "path", "correlation", "funding", "halt",
)  # fmt: skip


def parsed(raw: bytes, source: str) -> Scenario:
    """The scenario of one YAML text; `source` names it in errors. Raises InputError."""
    fields = Fields(loaded(raw, source), source)
    fields.only(*_ALWAYS, *_HISTORICAL, *_HYPOTHETICAL)
    kind = fields.one_of("kind", ("historical", "hypothetical"))
    fields.only(*_ALWAYS, *(_HISTORICAL if kind == "historical" else _HYPOTHETICAL))
    name = fields.text("name", longest=100)
    described = fields.text("description")
    match kind:
        case "historical":
            replay = _replay(fields)
            minutes = int((replay.end - replay.start) / timedelta(minutes=1))
            found = Scenario(
                name, described, "HISTORICAL", minutes, replay=replay,
                liquidation=_liquidation(fields.part("liquidation")),
                spread=_spread(fields.part("spread")), source=source,
            )  # fmt: skip
        case _:
            minutes = fields.count("minutes", most=_LONGEST)
            found = Scenario(
                name, described, "HYPOTHETICAL", minutes,
                prices=_prices(fields), currencies=_currencies(fields),
                path=_path(fields, minutes), correlation=_correlation(fields),
                liquidation=_liquidation(fields.part("liquidation")),
                funding=_funding(fields.part("funding")), halt=_halt(fields.part("halt")),
                spread=_spread(fields.part("spread")), source=source,
            )  # fmt: skip
    _consistent(found, source)
    return found


def _consistent(one: Scenario, source: str) -> None:
    if one.kind == "HYPOTHETICAL" and not (
        one.prices or one.currencies or one.correlation or one.funding or one.halt or one.spread
    ):
        raise InputError(f"{source}: nothing happens in it; give prices, currencies or another")
    if one.correlation and one.prices:
        raise InputError(f"{source}: correlation moves every asset; leave prices out")
    targets = [(shock.symbol, shock.exchange, shock.base) for shock in one.prices]
    if len(set(targets)) < len(targets):
        raise InputError(f"{source}: prices names the same target twice")
    if one.halt and one.halt.minutes > one.minutes:
        raise InputError(f"{source}: the halt ends after the scenario ({one.minutes} minutes)")
    if one.funding and one.funding.intervals * one.funding.hours * 60 > one.minutes:
        raise InputError(
            f"{source}: {one.funding.intervals} fundings every {one.funding.hours} hours take"
            f" {one.funding.intervals * one.funding.hours * 60:,} minutes; minutes is {one.minutes}"
        )


def _prices(fields: Fields) -> tuple[PriceShock, ...]:
    found = []
    for part in fields.parts("prices"):
        part.only("all", "symbol", "exchange", "base", "move")
        everything = part.take("all")
        symbol, exchange, base = (part.maybe_text(key) for key in ("symbol", "exchange", "base"))
        if everything is not None:
            if symbol or exchange or base or part.take("move") is not None:
                raise InputError(f"{part.place}: all names everything; leave the others out")
            move = part.checked("all", everything, above=_LEAST, most=_MOST)
        else:
            if not (symbol or exchange or base):
                raise InputError(
                    f"{part.place}: name a symbol, an exchange or a base, or write all"
                )
            if base and (symbol or exchange):
                raise InputError(f"{part.place}: base stands alone; leave the others out")
            move = part.number("move", above=_LEAST, most=_MOST)
        found.append(PriceShock(move, symbol, exchange, base))
    return tuple(found)


def _currencies(fields: Fields) -> Mapping[str, Decimal]:
    given = fields.mapping("currencies")
    return {
        code: fields.checked(f"currencies.{code}", move, above=_LEAST, most=_MOST)
        for code, move in sorted(given.items())
    }


def _path(fields: Fields, minutes: int) -> tuple[PathPoint, ...]:
    points = []
    for part in fields.parts("path"):
        part.only("minute", "share")
        minute = part.count("minute", most=minutes)
        points.append(PathPoint(minute, part.number("share", least=_ZERO, most=Decimal(2))))
    if any(late.minute <= early.minute for early, late in pairwise(points)):
        raise fields.wrong("path", "must go forward in time")
    if points and points[-1].minute != minutes:
        raise fields.wrong("path", f"must end with the scenario, at minute {minutes}")
    return tuple(points)


def _correlation(fields: Fields) -> Correlation | None:
    value = fields.take("correlation")
    if value is None:
        return None
    if value == "one":
        return Correlation()
    part = Fields(value, f"{fields.place}: correlation")
    part.only("to", "sigmas", "days", "direction", "unmeasured")
    part.one_of("to", ("one",))
    size = part.take("unmeasured")
    found = Correlation(
        sigmas=part.number("sigmas", Decimal(4), above=_ZERO, most=Decimal(50)),
        days=part.count("days", 30, least=2, most=365),
        direction=cast("Any", part.one_of("direction", ("down", "up", "worst"), "worst")),
        unmeasured_pct=None if size is None
        else part.checked("unmeasured", size, above=_ZERO, most=Decimal(99)),
    )  # fmt: skip
    return found


def _liquidation(part: Fields | None) -> Liquidation | None:
    if part is None:
        return None
    part.only("maintenance", "fee", "slice")
    found = Liquidation(
        maintenance_pct=part.number("maintenance", Decimal("0.5"), above=_ZERO, most=_HUNDRED),
        fee_pct=part.number("fee", Decimal("0.5"), least=_ZERO, most=_HUNDRED),
        slice_pct=part.number("slice", Decimal(25), least=Decimal(1), most=_HUNDRED),
    )
    return found


def _funding(part: Fields | None) -> Funding | None:
    if part is None:
        return None
    part.only("rate", "intervals", "hours", "payer")
    found = Funding(
        rate_pct=part.number("rate", above=_ZERO, most=_HUNDRED),
        intervals=part.count("intervals", most=1_000),
        hours=part.count("hours", 8, most=24),
        payer=cast("Payer", part.one_of("payer", get_args(Payer), "NET")),
    )
    return found


def _halt(part: Fields | None) -> Halt | None:
    if part is None:
        return None
    part.only("exchange", "minutes", "worse")
    exchange = part.text("exchange")
    found = Halt(
        minutes=part.count("minutes", most=_LONGEST),
        worse_pct=part.number("worse", least=_ZERO, most=Decimal(99)),
        exchange=None if exchange == "largest" else exchange,
    )
    return found


def _spread(part: Fields | None) -> Spread | None:
    if part is None:
        return None
    part.only("multiple", "depth", "beyond", "fee", "unquoted_bps")
    unquoted = part.take("unquoted_bps")
    found = Spread(
        multiple=part.number("multiple", least=Decimal(1), most=Decimal(10_000)),
        depth_pct=part.number("depth", _HUNDRED, above=_ZERO, most=Decimal(1_000)),
        beyond=cast("Beyond", part.one_of("beyond", get_args(Beyond), "sqrt")),
        fee_pct=part.number("fee", _ZERO, least=_ZERO, most=_HUNDRED),
        unquoted_bps=None if unquoted is None
        else part.checked("unquoted_bps", unquoted, least=_ZERO, most=Decimal(9_900)),
    )  # fmt: skip
    return found


def _replay(fields: Fields) -> Replay:
    start, end = fields.moment("start"), fields.moment("end")
    interval = cast("Interval", fields.one_of("interval", get_args(Interval), "1m"))
    if end <= start:
        raise fields.wrong("end", f"{end.isoformat()} is not after start {start.isoformat()}")
    missing = fields.one_of("missing", ("refuse", "previous"), "refuse")
    from cryptoscalp.market.buckets import EPOCH, step_of

    step = step_of(interval)
    if (start - EPOCH) % step or (end - EPOCH) % step:
        raise fields.wrong("start", f"and end must begin candles of {interval}")
    if (end - start) // step > _MOST_CANDLES:
        raise fields.wrong("interval", f"{interval} makes more than {_MOST_CANDLES:,} candles")
    return Replay(
        start, end, interval, tuple(_proxy(part) for part in fields.parts("map")),
        cast("Any", missing),
    )  # fmt: skip


def _proxy(part: Fields) -> Proxy:
    part.only("like", "symbol", "exchange", "base", "beta")
    like = part.part("like")
    if like is None:
        raise part.wrong("like", "is missing: the symbol and exchange whose candles are taken")
    like.only("symbol", "exchange")
    symbol, exchange, base = (part.maybe_text(key) for key in ("symbol", "exchange", "base"))
    if (base is None) == (symbol is None) or (base and exchange):
        raise InputError(f"{part.place}: name a symbol (and its exchange), or a base")
    found = Proxy(
        like.text("symbol"), like.text("exchange"), symbol, exchange, base,
        beta=part.number("beta", Decimal(1), least=Decimal(-10), most=Decimal(10)),
    )  # fmt: skip
    return found
