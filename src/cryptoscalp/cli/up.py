"""`cryptoscalp up`: a running system to look at, fed by files or by a simulated market."""

from __future__ import annotations

import sys
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cryptoscalp.cli import output, schema
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.times import parsed_duration

if TYPE_CHECKING:
    from cryptoscalp.capture.reports import FileReport
    from cryptoscalp.cli.signals import Stop
    from cryptoscalp.database import Database
    from cryptoscalp.infra.server import EmbeddedServer

#: Seconds between two commits of the feed.
_STEP_S: Final = 0.2
#: What the simulator makes unless told otherwise.
_SYMBOLS: Final = "BTCUSDT,ETHUSDT,SOLUSDT,XRPUSDT"
_RATE: Final = 200.0
#: Seconds that scheduled jobs get to end; what is cut off goes on with the next worker.
_JOBS_GRACE_S: Final = 5.0
#: Seconds that our own closed sessions may take to be gone.
_LEAVING_S: Final = 3.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "up")(up)


def up(
    session: Session,
    files: Annotated[
        list[Path] | None,
        typer.Option(
            "--file", metavar="FILE", help="Feed this recorded file, not the simulator; repeatable."
        ),
    ] = None,
    length: Annotated[
        float | None,
        typer.Option(
            "--for", parser=parsed_duration, metavar="TIME", help="End by itself: 30s, 5m, 1h."
        ),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option("--rate", min=0.1, max=5_000, help="Simulated events a second; else 200."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Makes the same simulated market again.")
    ] = None,
    symbols: Annotated[
        str | None,
        typer.Option("--symbols", metavar="A,B", help=f"Simulated symbols; else {_SYMBOLS}."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port", min=0, max=65_535, help="Also listen on this port of 127.0.0.1; 0: any."
        ),
    ] = None,
    exchange: Annotated[
        str | None,
        typer.Option("--exchange", metavar="NAME", help="The exchange, where a file cannot tell."),
    ] = None,
    admin_url: schema.AdminUrl = None,
) -> None:
    """Start PostgreSQL, migrate it, run a feed and the scheduled jobs, and show it live.

    The feed is a simulated market (exchange `simulated`, never a real venue's) or recorded files.
    Ctrl-C ends it with everything committed. On a terminal the view is live; elsewhere it is a
    plain line a second, with --json an object a line, and ends by itself once all files are in.
    At the end the server is stopped when it was started here and nobody else is connected.
    """
    from cryptoscalp.cli.signals import Stop
    from cryptoscalp.database import worker

    simulated = {"--rate": rate, "--seed": seed, "--symbols": symbols}
    given = [name for name, value in simulated.items() if value is not None]
    if files and given:
        raise typer.BadParameter(f"{', '.join(given)}: for the simulator; leave it out with --file")
    listed = _SYMBOLS if symbols is None else symbols
    wanted = [one.strip() for one in listed.split(",") if one.strip()]
    if not wanted:
        raise typer.BadParameter("--symbols names no symbol; write BTCUSDT,ETHUSDT")
    if port is not None and session.external_url is not None:
        raise typer.BadParameter("--port is for the embedded server; leave it out with a URL")
    with Stop() as stop:
        server, started = _start(session, port)
        try:
            schema.bring_up_to_date(session, admin_url)
            stop.after(length)
            jobs = worker(session.external_url, session.data_dir, grace_s=_JOBS_GRACE_S)
            with session.connect() as db, jobs:
                if files:
                    _show_files(session, db, stop, files, exchange)
                else:
                    _show_market(session, db, stop, wanted, rate or _RATE, seed)
        finally:
            if server is not None and started:
                _leave(session, server)


def _start(session: Session, port: int | None) -> tuple[EmbeddedServer | None, bool]:
    """The embedded server, running, and whether it was started here; None for an external one."""
    if session.external_url is not None:
        return None, False
    server = session.server(port=port)
    _tell(session, f"PostgreSQL in {server.data_dir} …")
    started = server.ensure_running()
    found = server.status()
    listening = f", port {found.port} of 127.0.0.1" if found.port is not None else ""
    verb = "started" if started else "runs already"
    _tell(session, f"PostgreSQL {found.version} {verb}, process {found.pid}{listening}")
    return server, started


def _leave(session: Session, server: EmbeddedServer) -> None:
    """Stop the server that was started here, unless somebody else uses it by now."""
    from cryptoscalp.infra.server.bootstrap import other_clients

    if not server.status().running:
        _tell(session, "PostgreSQL has ended already")
        return
    end = time.monotonic() + _LEAVING_S
    while (others := other_clients(server.admin_dsn)) and time.monotonic() < end:
        time.sleep(0.05)
    if others:
        _tell(
            session,
            f"PostgreSQL runs on: {others} other sessions use it;"
            f" `{session.again('stop')}` stops it",
        )
    elif server.stop():
        _tell(session, "PostgreSQL stopped; the data is kept, any command starts it again")


def _show_market(
    session: Session, db: Database, stop: Stop, symbols: list[str], rate: float, seed: int | None
) -> None:
    from cryptoscalp.capture.feed import Feed
    from cryptoscalp.capture.simulator import EXCHANGE, Simulator
    from cryptoscalp.cli.observation import Observer
    from cryptoscalp.cli.views import view
    from cryptoscalp.infra.db.errors import NotFound

    ids, prices = {}, {}
    for symbol in symbols:
        try:
            last = db.market.last_trade(symbol, EXCHANGE)
        except NotFound:
            continue
        # The market stood still while nobody ran it: ids go on, and nothing is missing.
        ids[symbol], prices[symbol] = last.sequence + 1, last.price
    chosen = time.time_ns() % 1_000_000 if seed is None else seed
    market = Simulator(chosen, symbols, rate, next_ids=ids, prices=prices)
    feed = Feed(db.capture, market, f"simulator seed={chosen} rate={rate:g}")
    title = f"SIMULATED market, no real prices (seed {chosen})"
    observer = Observer(db, title, feed.account, feed.latencies_ms, session.again)
    observer.state = f"batch {feed.open()}"
    with view(session) as shown:
        try:
            while not stop.wait(_STEP_S):
                feed.step()
                shown.show(observer)
        except BrokenPipeError:
            feed.close()
            raise
        feed.step()
        feed.close()
        shown.end(observer)


def _show_files(
    session: Session, db: Database, stop: Stop, files: list[Path], exchange: str | None
) -> None:
    from cryptoscalp.capture.account import Account
    from cryptoscalp.cli.observation import Observer
    from cryptoscalp.cli.signals import Stopped
    from cryptoscalp.cli.views import view

    title = f"recorded {', '.join(path.name for path in files)}"
    observer = Observer(db, title, Account(), deque(maxlen=2_000), session.again)
    observer.state = "importing"
    with view(session) as shown:

        def follow(report: FileReport) -> None:
            observer.note(report)
            shown.show(observer)
            if stop.due:
                raise Stopped

        try:
            db.capture.import_files(files, exchange=exchange, progress=follow)
        except Stopped:
            observer.state = "cut off; import again to store the rest"
        else:
            if shown.stays:
                observer.state = "the recording is finished, Ctrl-C leaves"
                while not stop.wait(_STEP_S):
                    shown.show(observer)
            observer.state = "stored whole"
        shown.end(observer)


def _tell(session: Session, text: str) -> None:
    if not session.json:
        output.say(text)
        sys.stdout.flush()
