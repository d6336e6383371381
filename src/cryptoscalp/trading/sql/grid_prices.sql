-- The candles that may give the last price of an instrument at the moments of a grid: of each length the
-- newest that had ended at the first moment, and all that ended after it.
-- No length asked for is a second: saying so keeps a partition a day out of every plan.
SELECT a.place::int, extract(epoch FROM c.timestamp)::bigint, l.seconds, c.source = 'computed', c.close::float8
FROM unnest(%(symbols)s::text[], %(exchanges)s::text[]) WITH ORDINALITY AS a (symbol, exchange, place)
CROSS JOIN unnest(%(intervals)s::candle_interval[], %(seconds)s::int[]) AS l (interval, seconds)
CROSS JOIN LATERAL (
    (SELECT k.timestamp, k.source, k.close FROM candles AS k
     WHERE k.symbol = a.symbol AND k.exchange = a.exchange AND k.interval = l.interval AND k.interval <> '1s'
       AND k.timestamp <= %(first)s - l.seconds * interval '1 second'
       AND k.timestamp >= %(first)s - interval '7 days'
     ORDER BY k.timestamp DESC, k.source LIMIT 1)
    UNION ALL
    (SELECT k.timestamp, k.source, k.close FROM candles AS k
     WHERE k.symbol = a.symbol AND k.exchange = a.exchange AND k.interval = l.interval AND k.interval <> '1s'
       AND k.timestamp > %(first)s - l.seconds * interval '1 second'
       AND k.timestamp <= %(last)s - l.seconds * interval '1 second')) AS c
