"""What runs jobs needs to know: which are declared, and how a worker reaches the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cryptoscalp.infra.db.drivers import AsyncDriver
from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.jobs.types import Job


@dataclass(frozen=True, slots=True)
class Workshop:
    """The declared jobs, and a factory of drivers: a worker has one of its own."""

    jobs: tuple[Job, ...]
    driver: Callable[[], AsyncDriver]

    @property
    def names(self) -> list[str]:
        """The names of the declared jobs."""
        return [job.name for job in self.jobs]

    def find(self, name: str) -> Job | None:
        """The job of a name; None when none is declared."""
        return next((job for job in self.jobs if job.name == name), None)

    def job(self, name: str) -> Job:
        """The job of a name; InputError that lists the names."""
        found = self.find(name)
        if found is None:
            listed = ", ".join(sorted(self.names)) or "none is declared"
            raise InputError(f"there is no job {name!r}; choose one of: {listed}")
        return found
