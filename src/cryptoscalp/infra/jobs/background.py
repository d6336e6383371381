"""A worker in a thread of its own, beside a program that does something else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection
from types import TracebackType

from cryptoscalp.infra.jobs.pace import Pace
from cryptoscalp.infra.jobs.types import Run
from cryptoscalp.infra.jobs.workshop import Workshop


class Background:
    """While entered, a worker runs; leaving waits until its runs have ended or are released.

    `told` is called in the worker's thread with each run that ended.
    """

    def __init__(
        self,
        workshop: Workshop,
        *,
        names: Collection[str] | None = None,
        concurrency: int = 2,
        pace: Pace | None = None,
        told: Callable[[Run], None] = lambda _run: None,
    ) -> None:
        self.names = [workshop.job(name).name for name in names] if names else workshop.names
        self._workshop = workshop
        self._options = (concurrency, pace, told)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._begun = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._main, name="cryptoscalp worker", daemon=True)

    @property
    def running(self) -> bool:
        """Whether the worker is at work."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Ask the worker to end; it fetches no job any more."""
        self._begun.wait()
        if self._loop is not None and self._stop is not None and self.running:
            self._loop.call_soon_threadsafe(self._stop.set)

    def join(self) -> None:
        """Wait for the worker's end; raises what ended it, if anything did."""
        self._thread.join()
        if self._error is not None:
            raise self._error

    def __enter__(self) -> Background:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        if error is None:
            self.join()
        else:
            self._thread.join()

    def _main(self) -> None:
        try:
            asyncio.run(self._work())
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that joins
            self._error = error
        finally:
            self._begun.set()

    async def _work(self) -> None:
        from cryptoscalp.infra.jobs.worker import work

        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._begun.set()
        concurrency, pace, told = self._options
        await work(
            self._workshop,
            self._stop,
            names=self.names,
            concurrency=concurrency,
            pace=pace,
            told=told,
        )
