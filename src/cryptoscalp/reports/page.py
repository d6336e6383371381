"""The page: one HTML document with its style and charts inside, which loads nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cryptoscalp.reports.markup import Markup, cell, element
from cryptoscalp.reports.report_types import Figure, Listing, Section

_STYLE: Final = """\
body { font: 15px/1.5 system-ui, sans-serif; color: #1f2933; background: #fff; margin: 0 auto;
  max-width: 64rem; padding: 1.5rem; }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .4rem;
  border-bottom: 1px solid #d8dee6; padding-bottom: .2rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: 0; }
dt { color: #52606d; } dd { margin: 0; }
.wide { overflow-x: auto; margin: .6rem 0; }
table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .2rem .7rem .2rem 0; border-bottom: 1px solid #e8ecf1;
  vertical-align: top; } th { color: #52606d; font-weight: 600; }
.number { text-align: right; white-space: nowrap; }
svg { width: 100%; height: auto; max-width: 56rem; display: block; margin: .6rem 0; }
p { margin: .3rem 0; color: #3e4c59; }
.flag { background: #fdecc8; color: #7a4100; padding: 0 .3rem; }
@media print { body { max-width: none; padding: 0; } section { break-inside: avoid; } }
"""
#: The browser is told to load nothing, whatever the page says.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(title: str, header: Sequence[Figure], sections: Sequence[Section]) -> str:
    """The document; everything that is no markup is escaped."""
    head = element(
        "head",
        Markup('<meta charset="utf-8">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        element("title", title),
        Markup(f"<style>{_STYLE}</style>"),
    )
    facts = [
        part for one in header for part in (element("dt", one.name), element("dd", cell(one.value)))
    ]
    body = element(
        "body", element("h1", title), element("dl", *facts), *[_section(one) for one in sections]
    )
    return f'<!DOCTYPE html>\n<html lang="en">{head}\n{body}</html>\n'


def _section(one: Section) -> Markup:
    parts = [
        element("h2", one.title),
        *(element("p", note) for note in one.notes),
        *(Markup(chart) for chart in one.charts),
        *(_listing(listing) for listing in one.listings),
    ]
    return Markup(element("section", *parts, id=_anchor(one.title)) + "\n")


def _listing(listing: Listing) -> Markup:
    number = [name in listing.right for name in listing.columns]
    heads = [
        element("th", name, scope="col", class_="number" if right else None)
        for name, right in zip(listing.columns, number, strict=True)
    ]
    rows = [
        element("tr", *[
            element("td", cell(value), class_="number" if right else None)
            for value, right in zip(row, number, strict=True)
        ])
        for row in listing.rows
    ]  # fmt: skip
    table = element("table", element("thead", element("tr", *heads)), element("tbody", *rows))
    return element("div", table, class_="wide")


def _anchor(title: str) -> str:
    return "".join(one if one.isalnum() else "-" for one in title.lower()).strip("-")
