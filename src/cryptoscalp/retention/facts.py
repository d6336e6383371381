"""Flow: what is known of each day of a table."""

from __future__ import annotations

from typing import Final

from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.retention.types import Facts

_FACTS: Final = """
    SELECT coalesce(d.day, p.day), d.kind, coalesce(d.n, 0), coalesce(d.bytes, 0),
           coalesce(p.cold, 0), coalesce(p.open, 0), coalesce(p.rows, 0)::bigint, w.written_at,
           (SELECT max(departed_at) FROM departures AS g
            WHERE g.table_name = %(table)s AND g.first_day = coalesce(d.day, p.day)
              AND g.last_day = g.first_day),
           ARRAY (SELECT hold_id FROM retention_holds AS h
                  WHERE h.table_name = %(table)s AND h.released_at IS NULL
                    AND coalesce(d.day, p.day) BETWEEN h.first_day AND h.last_day ORDER BY hold_id)
    FROM day_pieces(%(table)s) AS d
    FULL JOIN (SELECT day, count(*) FILTER (WHERE state = 'COLD') AS cold,
                      count(*) FILTER (WHERE state <> 'COLD') AS open, sum(rows) AS rows
               FROM cold_parts WHERE table_name = %(table)s GROUP BY day) AS p ON p.day = d.day
    LEFT JOIN (SELECT day, max(written_at) AS written_at FROM late_writes
               WHERE table_name = ANY (%(written)s) GROUP BY day) AS w
           ON w.day = coalesce(d.day, p.day)
    ORDER BY 1
"""


def facts(table: str) -> Flow[list[Facts]]:
    """Every day of a table that PostgreSQL or the ledger has, in order."""
    # 1-second candles are written with the ticks they follow from.
    written = [table, "market_data"] if table == "candles_1s" else [table]
    found = yield from rows(_FACTS, {"table": table, "written": written})
    # Arrays come as NumPy's.
    return [Facts(table, *[*row[:-1], tuple(row[-1].tolist())]) for row in found]
