"""`cryptoscalp adaptations events` and `announce`: what trainers are told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

import typer

from cryptoscalp.adaptation.adaptation_types import Trigger
from cryptoscalp.cli import listing, output
from cryptoscalp.cli.book_options import Limit
from cryptoscalp.cli.model_options import reference
from cryptoscalp.cli.predictions import MaybeModel, OfSymbol
from cryptoscalp.cli.reads import Exchange
from cryptoscalp.cli.session import Session, command

if TYPE_CHECKING:
    from cryptoscalp.adaptation.adaptation_types import AdaptationEvent

Kind: TypeAlias = Literal["drift", "regime-change", "performance", "manual"]
#: Kinds of event as a command line writes them, and as they are stored.
KINDS: Final[Mapping[Kind, Trigger]] = {
    "drift": "DRIFT", "regime-change": "REGIME_CHANGE", "performance": "PERFORMANCE",
    "manual": "MANUAL",
}  # fmt: skip


def register(group: typer.Typer) -> None:
    """Add the commands to `adaptations`."""
    command(group, "events")(events)
    command(group, "announce")(announce)


def events(
    session: Session,
    kind: Annotated[
        Kind | None, typer.Option("--kind", case_sensitive=False, help="Only of this kind.")
    ] = None,
    after: Annotated[
        int, typer.Option("--after", min=0, metavar="ID", help="Only events after this one.")
    ] = 0,
    limit: Limit = None,
) -> None:
    """Show the events for trainers, oldest first; no subscriber's position moves."""
    with session.connect() as db:
        found = db.adaptation.adaptation_events(
            after=after, kinds=[KINDS[kind]] if kind else None,
            limit=listing.asked(session, limit), newest=True,
        )  # fmt: skip
    if session.json:
        output.emit(found)
        return
    shown, told = listing.cut(found, limit, "events")
    output.table(
        ["id", "time (UTC)", "kind", "model id", "instrument", "about", "recorded (UTC)"],
        [
            (
                str(one.event_id),
                one.timestamp,
                one.kind,
                None if one.model_id is None else str(one.model_id),
                _instrument(one),
                _about(one.payload),
                one.recorded_at,
            )
            for one in shown
        ],
        right=["id", "model id"],
    )
    output.say(told)


def announce(
    session: Session,
    model: MaybeModel = None,
    symbol: OfSymbol = None,
    exchange: Exchange = None,
    kind: Annotated[
        Literal["manual", "performance"],
        typer.Option(
            "--kind", case_sensitive=False, help="The others are announced by themselves."
        ),
    ] = "manual",
    payload: Annotated[
        str | None,
        typer.Option("--payload", metavar="JSON", help="An object that trainers get with it."),
    ] = None,
) -> None:
    """Tell trainers of something; each call is an event of its own."""
    if exchange is not None and symbol is None:
        raise typer.BadParameter("--exchange needs --symbol; say of which instrument")
    given = _payload(payload)
    with session.connect() as db:
        found = db.adaptation.announce(KINDS[kind], reference(model), symbol, exchange, given)
    if session.json:
        output.emit(found)
        return
    output.fields(
        [
            ("event", str(found.event_id)),
            ("time (UTC)", found.timestamp),
            ("kind", found.kind),
            ("model id", None if found.model_id is None else str(found.model_id)),
            ("instrument", _instrument(found)),
            ("about", _about(found.payload)),
        ]
    )


def _payload(text: str | None) -> dict[str, Any] | None:
    try:
        given = None if text is None else json.loads(text)
    except ValueError:
        given = text
    if given is not None and not isinstance(given, dict):
        raise typer.BadParameter(
            f"""--payload {text}: write a JSON object, such as '{{"reason": "new fees"}}'"""
        )
    return given


def _instrument(one: AdaptationEvent) -> str | None:
    return None if one.symbol is None else f"{one.symbol} on {one.exchange}"


def _about(payload: Mapping[str, Any]) -> str | None:
    """What a line has room for: the values that are neither null nor made of others."""
    return (
        ", ".join(
            f"{name}={value:.6g}" if isinstance(value, float) else f"{name}={value}"
            for name, value in payload.items()
            if value is not None and not isinstance(value, (dict, list))
        )
        or None
    )
