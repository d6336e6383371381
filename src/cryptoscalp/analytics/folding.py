"""Pure calculation: valued portfolios and their fills, folded into the rows of their windows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import localcontext

import numpy as np
import numpy.typing as npt

from cryptoscalp.analytics import fold
from cryptoscalp.analytics.drafts import NOTHING, Draft, Part, Sums, lacked, parts_of
from cryptoscalp.analytics.windows import Period, Window, windows
from cryptoscalp.infra.db.flow import Row
from cryptoscalp.trading.exact import EXACT
from cryptoscalp.trading.grid_types import Floats, Line, Moments, Valued

#: Sums of fills by part, then by place in the grid.
FillSums = Mapping[Part, Mapping[int, Sums]]


def fill_sums(rows: Iterable[Row]) -> FillSums:
    """The rows of `performance_fills`, by the parts that each line belongs to."""
    found: dict[Part, dict[int, Sums]] = defaultdict(lambda: defaultdict(Sums))
    with localcontext(EXACT):
        for portfolio, n, strategy_id, symbol, exchange, *sums in rows:
            for part in parts_of(portfolio, Line(strategy_id, symbol, exchange)):
                found[part][n] = found[part][n].plus(Sums(*sums))
    return found


class Series:
    """The parts of portfolios as rows of arrays: part by moment of a grid."""

    def __init__(self, valued: Sequence[Valued], moments: Moments) -> None:
        self.moments = moments
        self.valued = valued
        self.parts: list[Part] = []
        owners: list[int] = []
        gained: list[Floats] = []
        active: list[fold.Bools] = []
        nothing = np.zeros(moments.count)
        always = np.ones(moments.count, dtype=np.bool_)
        for n, one in enumerate(valued):
            mine: dict[Part, int] = {}
            for line, values in one.gained.items():
                for part in parts_of(one.account.portfolio_id, line):
                    at = mine.get(part)
                    if at is None:
                        mine[part] = len(self.parts)
                        self.parts.append(part)
                        owners.append(n)
                        whole = part.scope == "PORTFOLIO"
                        gained.append(nothing if whole else values.copy())
                        active.append(always if whole else one.active[line].copy())
                    elif part.scope != "PORTFOLIO":
                        gained[at] += values
                        active[at] |= one.active[line]
            if not one.gained:
                self.parts.append(Part(one.account.portfolio_id, "PORTFOLIO"))
                owners.append(n)
                gained.append(nothing)
                active.append(always)
        self.owners = np.array(owners, dtype=np.intp)
        self.gained = np.array(gained).reshape(len(owners), moments.count)
        self.active = np.array(active).reshape(len(owners), moments.count)
        self.whole = np.array([one.scope == "PORTFOLIO" for one in self.parts], dtype=np.bool_)
        self.equity = np.array([one.equity for one in valued]).reshape(-1, moments.count)
        self.deposits = np.array([one.deposits for one in valued]).reshape(-1, moments.count)
        self.withdrawals = np.array([one.withdrawals for one in valued]).reshape(-1, moments.count)

    def folded(
        self,
        period: Period,
        stored: Mapping[Part, Draft],
        fills: FillSums,
        *,
        from_within: bool,
        skip_first: bool,
    ) -> Iterator[tuple[Window, list[Draft]]]:
        """The rows of each window of a period that the grid reaches.

        `stored` are the rows of the window that the grid begins within, where `from_within`; where
        `skip_first`, that window is left as it is.
        """
        known = {part: at for at, part in enumerate(self.parts)}
        alike: dict[int, list[tuple[Window, int, int]]] = defaultdict(list)
        for window, first, last in windows(period, self.moments):
            if first == 0 and skip_first:
                continue
            if first == 0 and from_within:
                yield window, self._continued(window, last, stored, known, fills)
            else:
                alike[last - first].append((window, first, last))
        for length, group in alike.items():
            yield from self._begun(length, group, fills)

    def _continued(
        self,
        window: Window,
        last: int,
        held: Mapping[Part, Draft],
        known: Mapping[Part, int],
        fills: FillSums,
    ) -> list[Draft]:
        """The rows of the window that the grid begins within, from those that are stored."""
        chosen = np.flatnonzero(self.active[:, 1 : last + 1].any(axis=1))
        stored = [known[part] for part in held if part in known]
        rows = np.union1d(chosen, np.array(stored, dtype=np.intp)).astype(np.intp)
        state = fold.begun(self.equity[self.owners[rows], 0], self.gained[rows, 0])
        for n, at in enumerate(rows):
            part = self.parts[at]
            if draft := held.get(part):
                state[:, n] = draft.state
            elif of := held.get(Part(part.portfolio_id, "PORTFOLIO")):
                state[:, n] = fold.idle(np.array(of.state), self.gained[at, 0])
        self._fold(state, rows, np.zeros(len(rows), dtype=np.intp), last)
        return [
            self._draft(window, 0, last, int(at), state[:, n].tolist(), held, fills)
            for n, at in enumerate(rows)
        ]

    def _begun(
        self, length: int, group: Sequence[tuple[Window, int, int]], fills: FillSums
    ) -> Iterator[tuple[Window, list[Draft]]]:
        """The rows of windows of equal length that begin in the grid, all folded side by side."""
        chosen = [
            np.flatnonzero(self.active[:, first + 1 : last + 1].any(axis=1))
            for _, first, last in group
        ]
        rows = np.concatenate(chosen)
        firsts = np.repeat(
            np.array([first for _, first, _ in group], dtype=np.intp), [len(one) for one in chosen]
        )
        state = fold.begun(self.equity[self.owners[rows], firsts], self.gained[rows, firsts])
        self._fold(state, rows, firsts, length)
        states, reached = state.T.tolist(), 0
        for (window, first, last), mine in zip(group, chosen, strict=True):
            yield (
                window,
                [
                    self._draft(window, first, last, int(at), states[reached + n], {}, fills)
                    for n, at in enumerate(mine)
                ],
            )
            reached += len(mine)

    def _fold(
        self,
        state: Floats,
        rows: npt.NDArray[np.intp],
        firsts: npt.NDArray[np.intp],
        length: int,
    ) -> None:
        owners, whole = self.owners[rows], self.whole[rows]
        for k in range(1, length + 1):
            places = firsts + k
            fold.fold(
                state, self.equity[owners, places], self.deposits[owners, places],
                self.withdrawals[owners, places], self.gained[rows, places], whole,
            )  # fmt: skip

    def _draft(
        self,
        window: Window,
        first: int,
        last: int,
        at: int,
        state: list[float],
        held: Mapping[Part, Draft],
        fills: FillSums,
    ) -> Draft:
        part = self.parts[at]
        of, start_s, step_s = held.get(part), self.moments.start_s, self.moments.step_s
        whole = held.get(Part(part.portfolio_id, "PORTFOLIO"))
        sums = of.sums if of else NOTHING
        with localcontext(EXACT):
            for n, one in fills.get(part, {}).items():
                if first < n <= last:
                    sums = sums.plus(one)
        return Draft(
            part,
            window.period,
            window.begins_s,
            whole.started_s if whole else start_s + first * step_s,
            start_s + last * step_s,
            state,
            sums,
            lacked(
                whole.lacking if whole else {},
                self.valued[self.owners[at]].lacking.what,
                first + 1 if whole else first,
                last,
                self.moments.first,
                step_s,
            ),
        )
