"""A process that updates regimes and kills itself with -9 before its n-th step.

python -m tests.adaptation.regime_victim DSN NUMBER
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from cryptoscalp import connect
from cryptoscalp.adaptation import regime_updates
from cryptoscalp.infra.db.drivers import SyncDriver


def main(dsn: str, number: int) -> None:
    """Update in small pieces until the n-th step of a flow."""
    regime_updates._AT_ONCE = 25  # type: ignore[misc]
    original: Callable[..., Any] = SyncDriver._perform
    done = 0

    def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal done
        if done == number:
            os.kill(os.getpid(), signal.SIGKILL)
        done += 1
        return original(*args, **kwargs)

    SyncDriver._perform = counted  # type: ignore[method-assign]
    with connect(dsn) as db:
        db.adaptation.update_regimes()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
