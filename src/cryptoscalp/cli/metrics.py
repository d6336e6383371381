"""`cryptoscalp metrics`: what Prometheus reads, and dashboards and alert rules to go with it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cryptoscalp.cli import output
from cryptoscalp.cli.session import Session, command
from cryptoscalp.cli.times import parsed_duration

if TYPE_CHECKING:
    from cryptoscalp.database import Database

_metrics = typer.Typer(
    rich_markup_mode=None, help="Metrics for Prometheus, dashboards and alert rules for Grafana."
)
_LOOK_S: Final = 0.5
_PATIENCE_S: Final = 5.0


def register(app: typer.Typer) -> None:
    """Add `metrics` and its commands."""
    app.add_typer(_metrics, name="metrics")


@command(_metrics, "serve")
def serve(
    session: Session,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65_535, help="Port to listen on; 0: any.")
    ] = 9_877,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on.")
    ] = "127.0.0.1",
    length: Annotated[
        float | None,
        typer.Option(
            "--for", parser=parsed_duration, metavar="TIME", help="End by itself: 30s, 5m, 1h."
        ),
    ] = None,
) -> None:
    """Serve the metrics over HTTP until Ctrl-C; the database may come and go meanwhile.

    Starts no database. There is no password: anybody who reaches the address may read them.
    """
    from cryptoscalp.cli.signals import Stop
    from cryptoscalp.monitoring.exposition import MetricsServer

    with Stop() as stop:
        stop.after(length)
        with MetricsServer(_opener(session), host=host, port=port) as server:
            where = f"http://{host}:{server.port}/metrics"
            if session.json:
                output.emit_line({"url": where})
            else:
                output.say(f"metrics are at {where}; Ctrl-C ends it")
                sys.stdout.flush()
            while not stop.wait(_LOOK_S):
                pass


@command(_metrics, "show")
def show(session: Session) -> None:
    """Show the metrics of this moment, as Prometheus reads them.

    Starts no database: without one `cryptoscalp_up` is 0.
    """
    if session.json:
        with _opener(session)() as db:
            output.emit(db.monitoring.metrics())
        return
    from cryptoscalp.monitoring.exposition import exposed

    sys.stdout.write(exposed(_opener(session)))


@command(_metrics, "export")
def export(
    session: Session,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where they go; made if missing.")],
    force: Annotated[
        bool, typer.Option("--force", help="Write over files that are there.")
    ] = False,
) -> None:
    """Write the Grafana dashboards and the alert rules into a folder.

    Needs no database. docs/monitoring.md says where each file goes.
    """
    from cryptoscalp.monitoring.grafana.shipped import export

    written = export(folder, force=force)
    if session.json:
        output.emit({"files": written})
        return
    for path in written:
        output.say(str(path))


def _opener(session: Session) -> Callable[[], Database]:
    """Connects to the database where it runs, and starts none."""
    from cryptoscalp.database import connect
    from cryptoscalp.infra.db.errors import ServerError

    url = session.external_url

    def opened() -> Database:
        if url is None and not (status := session.server().status()).running:
            raise ServerError(
                f"no server runs in {status.data_dir}; {session.again('up')} starts it"
            )
        return connect(url, session.data_dir, max_connections=4, timeout_s=_PATIENCE_S)

    return opened
