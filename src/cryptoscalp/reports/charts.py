"""Charts as inline SVG, by matplotlib's object interface; the same data give the same text."""

from __future__ import annotations

import io
import re
import threading
import warnings
from collections.abc import Callable, Sequence
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any, Final

from cryptoscalp.reports.markup import Markup

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INK: Final = "#1f2933"
_BLUE: Final = "#2563a8"
_GREEN: Final = "#2f855a"
_RED: Final = "#b83232"
_GREY: Final = "#8895a3"
#: matplotlib's parameters are the process's own: one chart at a time is drawn under other ones.
_DRAWING: Final = threading.Lock()
_SETTINGS: Final[dict[Any, Any]] = {
    "text.parse_math": False,  # a dollar sign in a name begins no formula
    "svg.hashsalt": "cryptoscalp",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.edgecolor": _GREY,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "text.color": _INK,
}
_METADATA: Final = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_ID: Final = re.compile(r'\bid="([^"]+)"')
_USE: Final = re.compile(r'(xlink:href="#|url\(#)')


def line(name: str, times: Sequence[datetime], values: Sequence[float], label: str) -> Markup:
    """A line over time, such as equity."""

    def draw(axes: Axes) -> None:
        axes.plot(list(times), list(values), color=_BLUE, linewidth=1.2)  # type: ignore[arg-type]
        axes.set_ylabel(label)
        _dated(axes)

    return _drawn(name, label, draw)


def below(name: str, times: Sequence[datetime], values: Sequence[float], label: str) -> Markup:
    """An area below zero over time, such as drawdown; values are above zero."""

    def draw(axes: Axes) -> None:
        down = [-value for value in values]
        axes.fill_between(list(times), down, 0, color=_RED, alpha=0.35, linewidth=0)  # type: ignore[arg-type]
        axes.plot(list(times), down, color=_RED, linewidth=0.8)  # type: ignore[arg-type]
        axes.set_ylabel(label)
        _dated(axes)

    return _drawn(name, label, draw)


def histogram(name: str, values: Sequence[float], label: str) -> Markup:
    """How often values occur."""

    def draw(axes: Axes) -> None:
        bins = min(60, max(5, round(len(values) ** 0.5)))
        axes.hist(list(values), bins=bins, color=_BLUE, alpha=0.8)
        axes.axvline(0, color=_GREY, linewidth=0.8)
        axes.set_xlabel(label)
        axes.set_ylabel("steps")

    return _drawn(name, label, draw)


def bars(
    name: str, names: Sequence[str], values: Sequence[float], label: str, *, lying: bool = False
) -> Markup:
    """Bars, green above zero and red below."""

    def draw(axes: Axes) -> None:
        colours = [_GREEN if value >= 0 else _RED for value in values]
        places = list(range(len(values)))
        shown = list(names)
        if lying:
            axes.barh(places, list(values), color=colours)
            axes.set_yticks(places, shown)
            axes.invert_yaxis()
            axes.axvline(0, color=_GREY, linewidth=0.8)
            axes.set_xlabel(label)
        else:
            axes.bar(places, list(values), color=colours)
            every = max(1, len(names) // 12)
            axes.set_xticks(places[::every], shown[::every], rotation=30, ha="right")
            axes.axhline(0, color=_GREY, linewidth=0.8)
            axes.set_ylabel(label)

    height = 0.9 + 0.3 * len(values) if lying else 2.6
    return _drawn(name, label, draw, height=min(height, 9.0))


def _drawn(name: str, label: str, draw: Callable[[Axes], None], *, height: float = 2.6) -> Markup:
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with _DRAWING, mpl.rc_context(_SETTINGS), warnings.catch_warnings():
        # Letters that the font at hand lacks: the reader's browser has its own.
        warnings.simplefilter("ignore", UserWarning)
        figure = Figure(figsize=(8.6, height), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        draw(axes)
        axes.set_axisbelow(True)
        axes.grid(visible=True, color="#d8dee6", linewidth=0.5)
        axes.spines[["top", "right"]].set_visible(False)
        return _inline(figure, name, label)


def _dated(axes: Axes) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.ticker import StrMethodFormatter

    where = AutoDateLocator(tz="UTC")  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(where)
    shown = ConciseDateFormatter(where, tz="UTC")  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(shown)
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.10g}"))


def _inline(figure: Figure, name: str, label: str) -> Markup:
    """The SVG element alone, its ids its own among the charts of a page."""
    written = io.StringIO()
    figure.savefig(written, format="svg", metadata={"Date": None}, transparent=True)
    text = _METADATA.sub("", written.getvalue())
    text = text[text.index("<svg") :]
    text = _ID.sub(rf'id="{name}-\1"', text)
    text = _USE.sub(rf"\1{name}-", text)
    # In a page its rules would hold for everything.
    text = text.replace("*{stroke-linejoin", "svg *{stroke-linejoin")
    return Markup(text.replace("<svg", f'<svg role="img" aria-label="{escape(label)}"', 1))
