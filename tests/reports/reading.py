"""A report as a reader sees it: its tables by section, its charts, and all that it points to."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final
from xml.etree import ElementTree

_VOID: Final = {"meta", "br", "hr", "img", "link", "input"}


@dataclass(slots=True)
class Read:
    """What was found; a cell is (what is shown, the exact number behind it)."""

    sections: dict[str, list[list[list[tuple[str, str | None]]]]] = field(default_factory=dict)
    text: dict[str, str] = field(default_factory=dict)
    targets: list[str] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    ids: list[str] = field(default_factory=list)

    def figures(self, section: str, table: int = 0) -> dict[str, tuple[str, str | None]]:
        """The rows of a table by their first cell, with the second one."""
        return {row[0][0]: row[1] for row in self.sections[section][table][1:]}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.read = Read()
        self.open: list[str] = []
        self.section = ""
        self.cell: list[str] | None = None
        self.exact: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.read.tags.add(tag)
        given = dict(attrs)
        for name, value in attrs:
            if name in ("href", "src", "xlink:href", "action", "data", "poster", "srcset"):
                self.read.targets.append(value or "")
            if name == "id":
                self.read.ids.append(value or "")
        if tag == "section":
            self.section = given["id"] or ""
            self.read.sections[self.section] = []
        elif tag == "table":
            self.read.sections[self.section].append([])
        elif tag == "tr":
            self.read.sections[self.section][-1].append([])
        elif tag in ("td", "th"):
            self.cell, self.exact = [], None
        elif tag == "data":
            self.exact = given["value"]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"{tag} is closed where another is open"
        if tag in ("td", "th"):
            assert self.cell is not None
            self.read.sections[self.section][-1][-1].append(("".join(self.cell), self.exact))
            self.cell = None

    def handle_data(self, data: str) -> None:
        if self.cell is not None:
            self.cell.append(data)
        if "svg" not in self.open:
            self.read.text[self.section] = self.read.text.get(self.section, "") + data


def read(page: str) -> Read:
    """The report; AssertionError where its elements are not nested."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader.read


def charts(page: str) -> list[ElementTree.Element]:
    """The charts of a page, each well-formed XML by itself."""
    parts = page.split("<svg")[1:]
    return [
        ElementTree.fromstring("<svg" + part[: part.index("</svg>")] + "</svg>") for part in parts
    ]
