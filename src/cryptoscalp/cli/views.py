"""How `up` shows a running feed: live on a terminal, plain lines or JSON elsewhere."""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from cryptoscalp.cli import output
from cryptoscalp.cli.observation import Observer, seconds_since
from cryptoscalp.cli.session import Session
from cryptoscalp.cli.times import age, iso

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live
    from rich.table import Table

_LINE_EVERY_S: Final = 1.0
_FRAME_EVERY_S: Final = 0.4


class View(AbstractContextManager["View"]):
    """Plain lines, one a second."""

    #: Whether it is looked at after everything came in.
    stays = False

    def __init__(self) -> None:
        self._shown = 0.0

    def show(self, observer: Observer) -> None:
        """Show the present state, when it is time to."""
        if time.monotonic() - self._shown >= _LINE_EVERY_S:
            self._shown = time.monotonic()
            self._line(observer)

    def end(self, observer: Observer) -> None:
        """Show the last state, and what can be done with it."""
        observer.forget()
        self._line(observer)
        for text in closing(observer):
            output.say(text)
        sys.stdout.flush()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def _line(self, observer: Observer) -> None:
        total = observer.account.total
        parts = [
            f"{observer.rate():,.0f} events/s",
            f"received {total.received:,}",
            f"stored {total.stored:,}",
            f"commit p50 {_ms(observer.latency_ms(0.5))} p99 {_ms(observer.latency_ms(0.99))}",
            *(
                f"{one.symbol} {output.exact(one.bid_price)}/{output.exact(one.ask_price)}"
                for one in observer.quotes()[:3]
            ),
            f"gaps {sum(one.gaps for one in observer.coverage()):,}",
        ]
        output.say(f"{age(observer.seconds):>8}  {observer.title}: {', '.join(parts)}")
        sys.stdout.flush()


class JsonView(View):
    """One JSON object a line, one a second; the last one has `final` true."""

    def _line(self, observer: Observer, *, final: bool = False) -> None:
        from cryptoscalp.capture.account import as_numbers

        p50, p99 = observer.latency_ms(0.5), observer.latency_ms(0.99)
        output.emit_line(
            {
                "title": observer.title,
                "state": observer.state,
                "seconds": round(observer.seconds, 3),
                "events_per_second": round(observer.rate(), 1),
                **as_numbers(observer.account.total),
                "commit_ms": {
                    "p50": None if p50 is None else round(p50, 3),
                    "p99": None if p99 is None else round(p99, 3),
                },
                "quotes": observer.quotes(),
                "gaps": sum(one.gaps for one in observer.coverage()),
                "final": final,
            }
        )

    def end(self, observer: Observer) -> None:
        """Print the final object."""
        observer.forget()
        self._line(observer, final=True)


class LiveView(View):
    """Tables on the terminal that change in place."""

    stays = True

    def __enter__(self) -> LiveView:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(highlight=False)
        self._live: Live = Live(console=self._console, auto_refresh=False, screen=True)
        self._live.start()
        return self

    def show(self, observer: Observer) -> None:
        """Draw the present state, when it is time to."""
        if time.monotonic() - self._shown >= _FRAME_EVERY_S:
            self._shown = time.monotonic()
            self._live.update(frame(observer, self._console.height), refresh=True)

    def end(self, observer: Observer) -> None:
        """Leave the last state on the terminal."""
        self._live.stop()
        observer.forget()
        self._console.print(frame(observer, 0, ended=True))
        for text in closing(observer):
            output.say(text)  # not broken into lines: a command is copied whole
        sys.stdout.flush()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()


def view(session: Session) -> View:
    """The view that suits where the answer goes."""
    if session.json:
        return JsonView()
    return LiveView() if sys.stdout.isatty() else View()


def frame(observer: Observer, height: int, *, ended: bool = False) -> RenderableType:
    """One picture of the feed, in at most `height` lines (0: any number)."""
    from rich.console import Group
    from rich.text import Text

    title = Text(f" {observer.title} ", style="bold black on yellow")
    title.append(f"  {observer.state}, {age(observer.seconds)}", style="default on default")
    quotes, candles, covered = observer.quotes(), observer.candles(), observer.coverage()
    hints = [] if ended else ["Ctrl-C ends it. In another terminal:", *_next(observer)]
    # Title, figures, three headings of two lines, and the hints are always there.
    room = height - 10 - len(hints) - len(quotes) - len(covered) if height else len(candles)
    parts: list[RenderableType] = [title, _figures(observer), _quotes(quotes)]
    if room > 0 and candles:
        parts.append(_candles(candles[-room:]))
    parts += [_covered(covered), *(Text(hint, style="dim") for hint in hints)]
    return Group(*parts)


def closing(observer: Observer) -> list[str]:
    """What is said at the end."""
    total = observer.account.total
    counted = (
        f"{observer.state}: received {total.received:,} = stored {total.stored:,} + duplicate"
        f" {total.duplicate:,} + quarantined {total.quarantined:,} + ignored {total.ignored:,}"
    )
    return [counted, "Try next:", *_next(observer)]


def _next(observer: Observer) -> list[str]:
    known = observer.instruments
    if not known:
        return [f"  {observer.again('status')}"]
    exchange, symbol = known[0]
    wanted = [
        f"quote {symbol} --exchange {exchange}",
        f"candles {symbol} --exchange {exchange} --interval 1m",
        f"coverage {symbol} --exchange {exchange}",
        "status",
    ]
    return [f"  {observer.again(words)}" for words in wanted]


def _figures(observer: Observer) -> Any:
    from rich.text import Text

    total = observer.account.total
    return Text(
        f"{observer.rate():,.0f} events/s   received {total.received:,}   stored {total.stored:,}"
        f"   duplicate {total.duplicate:,}   quarantined {total.quarantined:,}"
        f"   commit p50 {_ms(observer.latency_ms(0.5))}, p99 {_ms(observer.latency_ms(0.99))}"
    )


def _quotes(quotes: list[Any]) -> Table:
    made = _table(
        "quote", "exchange", bid=True, size=True, ask=True, **{"ask size": True}, age=True
    )
    for one in quotes:
        made.add_row(
            one.symbol, one.exchange, output.exact(one.bid_price), output.exact(one.bid_volume),
            output.exact(one.ask_price), output.exact(one.ask_volume),
            age(max(0.0, seconds_since(one.timestamp))),
        )  # fmt: skip
    return made


def _candles(candles: list[Any]) -> Table:
    made = _table(
        "candle 1m", "from (UTC)", open=True, high=True, low=True, close=True, volume=True,
        trades=True, complete=False,
    )  # fmt: skip
    for one in candles:
        found = one.values
        made.add_row(
            one.symbol,
            f"{found['timestamp']:%H:%M}",
            *(output.exact(found[name]) for name in ("open", "high", "low", "close", "volume")),
            output.cell(found["trade_count"]),
            output.cell(found["complete"]),
        )
    return made


def _covered(covered: list[Any]) -> Table:
    made = _table(
        "coverage", "exchange", "from (UTC)", "to (UTC)", instruments=True, gaps=True, missing=True
    )
    for one in covered:
        made.add_row(
            one.stream, one.exchange, (iso(one.start) or "")[:19], (iso(one.end) or "")[:19],
            f"{one.instruments:,}", f"{one.gaps:,}", f"{one.missing:,}",
        )  # fmt: skip
    return made


def _table(*names: str, **more: bool) -> Table:
    """An empty table; `more` says of each further column whether it holds numbers."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold cyan")
    for name in names:
        made.add_column(name, no_wrap=True)
    for name, number in more.items():
        made.add_column(name, justify="right" if number else "left", no_wrap=True)
    return made


def _ms(latency: float | None) -> str:
    return "–" if latency is None else f"{latency:.1f} ms"
