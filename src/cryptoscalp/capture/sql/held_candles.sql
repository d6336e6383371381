-- The computed candles that are there already among the spans that a batch touches.
SELECT s.symbol, s.exchange, s.interval, array_agg(c.timestamp)
FROM unnest(%(symbols)s::text[], %(exchanges)s::text[], %(intervals)s::text[],
            %(low)s::timestamptz[], %(high)s::timestamptz[])
     AS s (symbol, exchange, interval, low, high)
JOIN candles AS c
  ON c.symbol = s.symbol AND c.exchange = s.exchange AND c.interval = s.interval::candle_interval
 AND c.timestamp BETWEEN s.low AND s.high AND c.source = 'computed'
-- Said again as constants, for the planner: other partitions are not even looked at.
 AND c.timestamp BETWEEN %(first)s AND %(last)s AND c.interval IN ('1s', '1m')
GROUP BY s.symbol, s.exchange, s.interval
