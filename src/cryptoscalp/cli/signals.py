"""Ctrl-C and SIGTERM as a flag that a loop looks at, so that no commit is torn."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any, Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# A sleep is not cut short by a signal whose handler returns.
_POLL_S: Final = 0.05


class Stopped(Exception):
    """Raised out of a progress report to end an import between two transactions."""


class Terminated(KeyboardInterrupt):
    """SIGTERM: undone like Ctrl-C; the exit code differs."""


@dataclass(slots=True)
class Ending:
    """How a command was interrupted: by SIGTERM or Ctrl-C, and what may be done next.

    The command line's library turns an interrupt into an exit code; what it was stands here.
    """

    terminated: bool = False
    advice: str = ""

    def clear(self) -> None:
        """Forget the command before."""
        self.terminated, self.advice = False, ""

    def terminate(self, number: int, frame: FrameType | None) -> None:
        """Handler of SIGTERM."""
        self.terminated = True
        raise Terminated


ENDING: Final = Ending()


class Stop:
    """While entered: the first signal asks to stop, the second one interrupts at once."""

    def __init__(self) -> None:
        self._asked = False
        self._end: float | None = None
        self._before: dict[signal.Signals, Any] = {}

    def after(self, seconds: float | None) -> None:
        """Also stop by itself after so many seconds from now."""
        self._end = None if seconds is None else time.monotonic() + seconds

    @property
    def due(self) -> bool:
        """Whether it is time to stop."""
        return self._asked or (self._end is not None and time.monotonic() >= self._end)

    def wait(self, seconds: float) -> bool:
        """Sleep, less when it becomes time to stop; whether it is."""
        end = time.monotonic() + seconds
        while not self.due and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _POLL_S))
        return self.due

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._asked and number == signal.SIGTERM:
            ENDING.terminate(number, frame)
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True

    def __enter__(self) -> Stop:
        self._before = {number: signal.signal(number, self._ask) for number in _SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
