"""What a format found out about a file, and what the caller adds to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from cryptoscalp.capture.files.items import Item
from cryptoscalp.capture.formats.intervals import LENGTHS_US, interval_of
from cryptoscalp.capture.formats.layout import FIELDS, NAMES, Layout
from cryptoscalp.capture.formats.mapping import map_layout
from cryptoscalp.capture.formats.reading import Options, Proof
from cryptoscalp.capture.formats.spelling import same_name, spelled
from cryptoscalp.capture.ledger import Continuity
from cryptoscalp.infra.db.errors import InputError

_NOTHING: Final = Proof()


@dataclass(frozen=True, slots=True)
class Found:
    """The layout of a file as far as the file tells it, and what its events prove.

    `exchanges` are the ones that write such files, none when any may.
    """

    layout: Layout
    proof: Proof = _NOTHING
    exchanges: tuple[str, ...] = ()


def completed(found: Found, options: Options, item: Item) -> Layout:
    """The layout with what the caller says and the file does not.

    Raises InputError when caller and file contradict each other, and when neither tells
    something that every event needs, naming the option that says it.
    """
    layout = found.layout
    constants = dict(layout.constants)
    for field, said in _said(options, item).items():
        if said is None or field in layout.columns or field not in FIELDS[layout.kind]:
            continue
        told = constants.get(field, said)
        if same_name(told, said):
            constants[field] = said  # XBT/USD for the XBTUSD of a file name
        else:
            raise InputError(
                f"{item}: is of {field} {told}, not {said}; leave --{field} out or give {told}"
            )
    exchange = constants.get("exchange")
    if exchange and found.exchanges and exchange not in found.exchanges:
        raise InputError(
            f"{item}: exchange {exchange!r} writes no such files;"
            f" give one of {', '.join(found.exchanges)}"
        )
    if "symbol" in constants:
        constants["symbol"] = spelled(constants["symbol"], exchange)
    whole = msgspec.structs.replace(layout, constants=constants)
    missing = whole.missing()
    if missing:
        raise InputError(f"{item}: does not tell its {missing[0]}; {_advice(missing[0], found)}")
    return whole


def proved(found: Found, layout: Layout, options: Options, item: Item) -> Proof:
    """What the file's events prove, by its format or by the caller's word.

    Raises InputError when the caller says so of a file without ids of trades.
    """
    if not options.consecutive_ids:
        return found.proof
    if layout.kind != "trades" or "sequence" not in layout.columns:
        raise InputError(
            f"{item}: consecutive ids are those of trades, and none of its columns was read as one;"
            " say which it is with --map, for example --map 'sequence=NAME, ...'"
        )
    return found.proof._replace(trades=Continuity.CONSECUTIVE_IDS)


def _said(options: Options, item: Item | str) -> dict[str, str | None]:
    interval = options.interval and interval_of(options.interval)
    if options.interval and not interval:
        raise InputError(
            f"{item}: there is no interval {options.interval!r}; choose {', '.join(LENGTHS_US)}"
        )
    return {"exchange": options.exchange, "symbol": options.symbol, "interval": interval}


def _advice(field: str, found: Found) -> str:
    if field == "exchange" and found.exchanges:
        return f"give one of {', '.join(found.exchanges)} with --exchange"
    if field in NAMES:
        return f"give it with --{field}"
    if field == "interval":
        return f"give it with --interval ({', '.join(LENGTHS_US)})"
    return f"say which column it is with --map, for example --map '{field}=NAME'"


def restated(layout: Layout, options: Options, columns: Sequence[str]) -> Layout:
    """A layout from a plan, with what the caller now says in the place of what was said before.

    A new mapping is a new layout of the table's `columns`; what it does not say stays. Raises
    InputError for an interval or a mapping that is none.
    """
    constants = dict(layout.constants)
    if options.mapping:
        mapped = map_layout(options.mapping, columns, options)
        constants = {
            field: value for field, value in constants.items() if field not in mapped.columns
        } | mapped.constants
        layout = mapped
    said = _said(options, "the records")
    constants |= {
        field: value for field, value in said.items() if value is not None and field in constants
    }
    if "symbol" in constants:
        constants["symbol"] = spelled(constants["symbol"], constants.get("exchange"))
    return msgspec.structs.replace(layout, constants=constants)
