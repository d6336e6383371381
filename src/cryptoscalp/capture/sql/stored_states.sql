-- Stored states in the ranges where those of a batch can lie, column by column: times, then texts.
SELECT r.n, held.*
FROM unnest(%(n)s::int8[], %(exchange)s::text[], %(symbol)s::text[], %(part)s::text[],
            %(low)s::timestamptz[], %(high)s::timestamptz[])
     AS r (n, exchange, symbol, part, low, high)
CROSS JOIN LATERAL (
    SELECT array_agg(t.timestamp) AS times, array_agg(t.batch_id::text), {values}
    FROM {table} AS t
    WHERE t.symbol = r.symbol AND t.exchange = r.exchange {part}
      AND t.timestamp BETWEEN r.low AND r.high
      -- Said again as constants, for the planner: other partitions are not even looked at.
      AND t.timestamp BETWEEN %(first)s AND %(last)s
) AS held
WHERE held.times IS NOT NULL
