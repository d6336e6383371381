"""Metrics in Prometheus's text format, once or over HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from threading import Lock, Thread
from types import TracebackType
from typing import Final, Protocol
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, generate_latest, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from cryptoscalp.infra.db.drivers import SyncDriver
from cryptoscalp.infra.db.errors import CryptoscalpError, InputError
from cryptoscalp.monitoring.face import Monitoring
from cryptoscalp.monitoring.metric_types import Metric, Scrape

#: The port unless told otherwise.
DEFAULT_PORT: Final = 9_877


class Measured(Protocol):
    """What is measured: a `cryptoscalp.Database`."""

    @property
    def monitoring(self) -> Monitoring[SyncDriver]:
        """Its metrics."""

    def close(self) -> None:
        """Close its connections."""


class DatabaseCollector(Collector):
    """Reads the database at each scrape; register it in a registry of prometheus_client.

    `opened` connects; it is called at the first scrape, and again after one that found no
    database. Scrapes at the same time wait for each other. Whatever goes wrong is a metric:
    `cryptoscalp_up` is 0, or `cryptoscalp_scrape_error` of a group is 1.
    """

    def __init__(self, opened: Callable[[], Measured]) -> None:
        self._opened = opened
        self._held: Measured | None = None
        self._lock = Lock()

    def describe(self) -> list[Family]:
        """Nothing: what there is depends on the database, which is not asked at registration."""
        return []

    def collect(self) -> Iterator[Family]:
        """The metrics of this moment."""
        began = time.perf_counter()
        with self._lock:
            scrape, why = self._scrape()
        yield GaugeMetricFamily(
            "cryptoscalp_up", "1 when the database answers", float(scrape is not None)
        )
        yield GaugeMetricFamily(
            "cryptoscalp_scrape_duration_seconds", "Length of this scrape",
            time.perf_counter() - began,
        )  # fmt: skip
        if scrape is None:
            failed = GaugeMetricFamily(
                "cryptoscalp_down", "Why there is no database; always 1", labels=["reason"]
            )
            failed.add_metric([why], 1.0)
            yield failed
            return
        yield from _about(scrape)
        for one in scrape.metrics:
            yield _family(one)

    def close(self) -> None:
        """Close the connection; the next scrape makes another."""
        held, self._held = self._held, None
        if held is not None:
            held.close()

    def _scrape(self) -> tuple[Scrape | None, str]:
        try:
            if self._held is None:
                self._held = self._opened()
            found = self._held.monitoring.metrics()
        except (CryptoscalpError, OSError) as error:
            self.close()
            return None, type(error).__name__
        return found, ""


def exposed(opened: Callable[[], Measured]) -> str:
    """The metrics of this moment as text, in the format that Prometheus reads."""
    registry, collector = CollectorRegistry(), DatabaseCollector(opened)
    registry.register(collector)
    try:
        return generate_latest(registry).decode()
    finally:
        collector.close()


class MetricsServer:
    """Serves the metrics over HTTP at every path while it is entered; `port` 0 takes a free one.

    Raises InputError when it cannot listen there.
    """

    def __init__(
        self,
        opened: Callable[[], Measured],
        *,
        host: str = "127.0.0.1",
        port: int = DEFAULT_PORT,
    ) -> None:
        self._collector = DatabaseCollector(opened)
        self._place = (host, port)
        self._server: WSGIServer | None = None
        self._thread: Thread | None = None

    @property
    def port(self) -> int:
        """The port that it listens on, while it is entered."""
        assert self._server is not None
        return int(self._server.server_port)

    def __enter__(self) -> MetricsServer:
        registry = CollectorRegistry()
        registry.register(self._collector)
        host, port = self._place
        try:
            self._server, self._thread = start_http_server(port, host, registry)
        except OSError as error:
            raise InputError(
                f"metrics cannot be served on {host}:{port}: {error.strerror}; choose --port"
            ) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
        self._collector.close()


def _about(scrape: Scrape) -> Iterator[Family]:
    seconds = GaugeMetricFamily(
        "cryptoscalp_scrape_group_duration_seconds", "How long a group of metrics took",
        labels=["group"],
    )  # fmt: skip
    failed = GaugeMetricFamily(
        "cryptoscalp_scrape_error", "1 when a group of metrics could not be read", labels=["group"]
    )
    for group, length in scrape.seconds.items():
        seconds.add_metric([group], length)
        failed.add_metric([group], float(group in scrape.failed))
    yield from (seconds, failed)
    yield GaugeMetricFamily(
        "cryptoscalp_scrape_samples_cut", "Samples left out: their metric has too many",
        float(scrape.cut),
    )  # fmt: skip


def _family(one: Metric) -> Family:
    made = CounterMetricFamily if one.kind == "counter" else GaugeMetricFamily
    family = made(one.name, one.about, labels=list(one.labels))
    for labels, value in one.samples:
        family.add_metric(list(labels), value)
    return family
