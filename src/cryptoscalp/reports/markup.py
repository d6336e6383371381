"""HTML from values: whatever is no markup already is escaped."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from html import escape
from typing import Final

from cryptoscalp.reports.report_types import Cell, Flag, Percent
from cryptoscalp.trading.exact import EXACT

_DECIMALS: Final = 8
#: What is less would be zero with two decimals.
_LEAST_PERCENT: Final = 0.01


class Markup(str):
    """Text that is markup; any other is escaped where it is put in."""

    __slots__ = ()


def element(tag: str, *children: str, **attributes: str | None) -> Markup:
    """One element; a trailing underscore of an attribute's name is left out (`class_`)."""
    told = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{tag}{told}>{''.join(map(_safe, children))}</{tag}>")


def _safe(text: str) -> str:
    return text if isinstance(text, Markup) else escape(text)


def cell(value: Cell) -> Markup:
    """A value as it is read; a number that is shown shorter keeps all its digits in `value`."""
    match value:
        case None:
            return Markup("–")
        case Decimal():
            whole = exact(value)
            return element("data", shortened(value), value=whole)
        case bool():
            return Markup("yes" if value else "no")
        case int():
            return Markup(f"{value:,}")
        case float():
            return element("data", f"{value:,.4g}" if value == value else "–", value=repr(value))
        case Percent():
            return element("data", _in_percent(value), value=_raw(value.value))
        case Flag():
            return element("strong", value, class_="flag") if value else Markup("")
        case datetime():
            told = value.astimezone(UTC).replace(tzinfo=None)
            return element(
                "time", told.isoformat(sep=" ", timespec="seconds"), datetime=f"{told.isoformat()}Z"
            )
        case _:
            return Markup(escape(value))


def _raw(value: float | Decimal) -> str:
    return exact(value) if isinstance(value, Decimal) else repr(value)


def _in_percent(one: Percent) -> str:
    """Two decimals, two digits of what is smaller; without zeros at the end."""
    told = float(one.value) * one.factor
    if told != told:
        return "–"
    if told and abs(told) < _LEAST_PERCENT:
        return f"{told:.2g} %"
    return f"{f'{told:,.2f}'.rstrip('0').rstrip('.')} %"


def exact(value: Decimal) -> str:
    """All digits, without zeros at the end or an exponent."""
    return f"{value.normalize(EXACT):f}"


def shortened(value: Decimal) -> str:
    """At most eight decimals; all of them where eight would say zero."""
    exponent = value.normalize(EXACT).as_tuple().exponent
    assert isinstance(exponent, int)
    if -exponent > _DECIMALS:
        short = value.quantize(Decimal(1).scaleb(-_DECIMALS), context=EXACT)
        return grouped(exact(short or value))
    return grouped(exact(value))


def grouped(digits: str) -> str:
    """Commas between thousands."""
    whole, point, rest = digits.partition(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{int(whole.lstrip('-') or 0):,}{point}{rest}"
