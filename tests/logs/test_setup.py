"""A process is let log by a configuration, or by one call."""

from __future__ import annotations

import logging
import logging.config

import pytest

from cryptoscalp import InputError
from cryptoscalp.logs import LogHandler, log_to_database
from tests.logs.conftest import stored
from tests.postgres import Place


def test_by_a_configuration(database: Place) -> None:
    name = "tests.configured"
    logging.config.dictConfig({
        "version": 1, "disable_existing_loggers": False, "incremental": False,
        "handlers": {"database": {"class": "cryptoscalp.logs.LogHandler", "level": "WARNING",
                                  "url": database.dsn, "capacity": 500}},
        "loggers": {name: {"handlers": ["database"], "level": "DEBUG", "propagate": False}},
    })  # fmt: skip
    logger = logging.getLogger(name)
    (handler,) = logger.handlers
    assert isinstance(handler, LogHandler)
    logger.info("not this")
    logger.warning("but this")
    logger.removeHandler(handler)
    handler.close()
    assert [row[2] for row in stored(database.dsn)] == ["but this"]


def test_by_one_call(database: Place) -> None:
    name = "tests.one_call"
    first = log_to_database(database.dsn, logger=name)
    second = log_to_database(database.dsn, logger=name, level="WARNING")
    logger = logging.getLogger(name)
    assert logger.handlers == [second]
    assert first is not second
    logger.warning("kept")
    logger.removeHandler(second)
    second.close()
    assert [row[2] for row in stored(database.dsn)] == ["kept"]


@pytest.mark.parametrize(
    "options", [{"capacity": 0}, {"batch_rows": 0}, {"interval_s": -1}, {"exit_timeout_s": -1}]
)
def test_options_that_are_none(database: Place, options: dict[str, float]) -> None:
    with pytest.raises(InputError, match="capacity"):
        LogHandler(database.dsn, **options)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="url"):
        LogHandler("postgresql://u:pw@h:port/x")
