"""Model versions and portfolios that experiences name: looked up once a process."""

from __future__ import annotations

from typing import Final

from cryptoscalp.infra.db.drivers import SyncDriver
from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, Operation
from cryptoscalp.registry.model_types import ModelReference
from cryptoscalp.registry.references import model_id_of
from cryptoscalp.replay.tier_types import REGIMES
from cryptoscalp.trading.portfolios import portfolio


def _portfolio_id(name: str) -> Flow[int]:
    return (yield from portfolio(name)).portfolio_id


_MODEL: Final = Operation(model_id_of, transaction=False, retry=True)
_PORTFOLIO: Final = Operation(_portfolio_id, transaction=False, retry=True)


class Links:
    """Numbers of what is named, from the database at first use; 0 for None.

    A name that moves, such as "name@champion", keeps the version that it had at first: open the
    buffer again, or name the version.
    """

    def __init__(self, driver: SyncDriver) -> None:
        self._driver = driver
        self._models: dict[ModelReference, int] = {}
        self._portfolios: dict[str, int] = {}

    def model(self, reference: ModelReference | None) -> int:
        """The number of a model version. Raises NotFound, InputError, ConnectionLost."""
        if reference is None:
            return 0
        if reference not in self._models:
            self._models[reference] = self._driver.run(_MODEL, reference)
        return self._models[reference]

    def portfolio(self, name: str | None) -> int:
        """The number of a portfolio. Raises NotFound, ConnectionLost."""
        if name is None:
            return 0
        if name not in self._portfolios:
            self._portfolios[name] = self._driver.run(_PORTFOLIO, name)
        return self._portfolios[name]


def regime_number(regime: str | None) -> int:
    """The place of a regime's name, -1 for None; InputError for another name."""
    if regime is None:
        return -1
    try:
        return REGIMES.index(regime)
    except ValueError:
        raise InputError(f"regime {regime!r}: choose one of {', '.join(REGIMES)}") from None
