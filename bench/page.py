"""A run of benchmarks as a table for a terminal, as Markdown and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from bench.figures import Bar, Figure, Section
from bench.machine import Machine

_HEAD: Final = ("figure", "measured", "peer", "ratio", "bar", "verdict")
_LEFT: Final = (True, False, False, False, True, True)


def heading(date: str, machine: Machine, quick: bool) -> list[str]:
    """When and where a run was made, one fact a line."""
    lines = [
        f"date: {date}",
        f"machine: {machine.cpu}, {machine.cores} cores, {machine.memory_gb:.0f} GB",
        f"system: {machine.system}",
        f"load: {machine.load:.1f} in the minute before",
        "versions: " + ", ".join(f"{name} {value}" for name, value in machine.versions.items()),
    ]
    if quick:
        lines.append("quick run: sizes are too small for the figures to mean anything")
    return lines


def facts(section: Section) -> list[str]:
    """How a section was measured, one fact a line."""
    settings = ", ".join(f"{name} = {value}" for name, value in section.settings.items())
    return [f"driver: {section.driver}", f"peer: {section.peer}", f"server: {settings}"]


def text(section: Section) -> str:
    """A section for a terminal."""
    cells = [_HEAD, *(_cells(figure) for figure in section.figures)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(_HEAD))]
    lines = [f"{section.name}  ({section.seconds:.0f} s)"]
    lines += [f"  {fact}" for fact in facts(section)]
    for row in cells:
        padded = (
            cell.ljust(width) if left else cell.rjust(width)
            for cell, width, left in zip(row, widths, _LEFT, strict=True)
        )
        lines.append("  " + "  ".join(padded).rstrip())
    lines += [f"  {figure.name}: {figure.note}" for figure in section.figures if figure.note]
    return "\n".join(lines) + "\n"


def markdown(date: str, machine: Machine, sections: Sequence[Section], quick: bool) -> str:
    """A whole run as Markdown."""
    lines = [f"- {line}" for line in heading(date, machine, quick)]
    for section in sections:
        lines += ["", f"**{section.name}**", ""]
        lines += [f"- {fact}" for fact in facts(section)]
        lines += ["", _row(_HEAD), _row([":--" if left else "--:" for left in _LEFT])]
        lines += [_row(_cells(figure)) for figure in section.figures]
        notes = [f"{figure.name}: {figure.note}" for figure in section.figures if figure.note]
        lines += ["", *(f"- {note}" for note in notes)] if notes else []
    return "\n".join(lines)


def as_json(
    date: str, machine: Machine, sections: Sequence[Section], quick: bool
) -> dict[str, Any]:
    """A whole run, with everything that was measured."""
    return {
        "date": date,
        "quick": quick,
        "machine": machine.as_json(),
        "benchmarks": [
            {
                "name": section.name,
                "driver": section.driver,
                "peer": section.peer,
                "settings": dict(section.settings),
                "seconds": section.seconds,
                "figures": [figure.as_json() for figure in section.figures],
                "detail": dict(section.detail),
            }
            for section in sections
        ],
    }


def missed(sections: Sequence[Section]) -> list[str]:
    """One line for each bar that was missed."""
    return [
        f"{section.name}: {figure.name}: {_number(figure.value, figure.unit)}"
        f"{'' if figure.ratio is None else f', {figure.ratio:.2f} × peer'}"
        f" where {_bar(bar, figure.unit)} was wanted"
        for section in sections
        for figure in section.figures
        for bar, met in figure.verdicts()
        if not met
    ]


def _cells(figure: Figure) -> tuple[str, ...]:
    verdicts = figure.verdicts()
    return (
        figure.name,
        _number(figure.value, figure.unit),
        "–" if figure.peer is None else _number(figure.peer, figure.unit),
        "–" if figure.ratio is None else f"{figure.ratio:.2f} ×",
        "; ".join(_bar(bar, figure.unit) for bar, _ in verdicts) or "–",
        "; ".join("met" if met else "MISSED" for _, met in verdicts) or "–",
    )


def _bar(bar: Bar, unit: str) -> str:
    limit = f"{bar.limit:g} ×" if bar.on == "ratio" else _number(bar.limit, unit)
    return f"{bar.sense} {limit}"


def _number(value: float, unit: str) -> str:
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
