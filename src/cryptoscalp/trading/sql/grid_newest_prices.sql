-- As grid_prices, of a grid with few or distant moments: of each length the newest candle that had ended
-- at each of them. Where one of a minute ended at the very moment, no other one can be newer.
-- No length asked for is a second: saying so keeps a partition a day out of every plan.
SELECT DISTINCT a.place::int, extract(epoch FROM c.timestamp)::bigint, c.seconds, c.source = 'computed',
       c.close::float8
FROM unnest(%(symbols)s::text[], %(exchanges)s::text[]) WITH ORDINALITY AS a (symbol, exchange, place)
CROSS JOIN generate_series(%(first)s::timestamptz, %(last)s::timestamptz, make_interval(secs => %(step_s)s)) AS at
LEFT JOIN LATERAL (
    SELECT k.timestamp, k.source, k.close FROM candles AS k
    WHERE k.symbol = a.symbol AND k.exchange = a.exchange AND k.interval = '1m'
      AND k.timestamp <= at - interval '1 minute' AND k.timestamp >= at - interval '7 days'
    ORDER BY k.timestamp DESC, k.source LIMIT 1) AS minute ON true
CROSS JOIN LATERAL (
    SELECT minute.timestamp, minute.source, minute.close, 60 AS seconds WHERE minute.timestamp IS NOT NULL
    UNION ALL
    SELECT longer.timestamp, longer.source, longer.close, l.seconds
    FROM unnest(%(intervals)s::candle_interval[], %(seconds)s::int[]) AS l (interval, seconds)
    CROSS JOIN LATERAL (
        SELECT k.timestamp, k.source, k.close FROM candles AS k
        WHERE k.symbol = a.symbol AND k.exchange = a.exchange AND k.interval = l.interval AND k.interval <> '1s'
          AND k.timestamp <= at - l.seconds * interval '1 second' AND k.timestamp >= at - interval '7 days'
        ORDER BY k.timestamp DESC, k.source LIMIT 1) AS longer
    WHERE l.seconds > 60
      AND (minute.timestamp IS NULL OR minute.timestamp < at - interval '1 minute')) AS c
