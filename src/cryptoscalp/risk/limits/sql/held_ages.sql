-- How old the newest trade or quote of each instrument is that a portfolio holds, in seconds: NULL where none
-- is stored. Of a feed with a recorded gap that goes beyond its newest event, it counts from before the gap.
SELECT DISTINCT s.name, p.symbol::text, p.exchange::text,
       -- greatest() would take an age that is not known for none at all.
       CASE WHEN newest.at IS NOT NULL
            THEN extract(epoch FROM greatest(%(at)s::timestamptz - newest.at, interval '0'))::numeric END
FROM positions AS p
LEFT JOIN strategies AS s USING (strategy_id)
LEFT JOIN LATERAL (
    SELECT max(feed.at) AS at FROM (
        SELECT 'TRADE' AS kind, t.timestamp AS at FROM newest_trades AS t
        WHERE t.symbol = p.symbol AND t.exchange = p.exchange
        UNION ALL
        SELECT 'QUOTE', q.timestamp FROM newest_quotes AS q
        WHERE q.symbol = p.symbol AND q.exchange = p.exchange) AS known
    CROSS JOIN LATERAL (
        SELECT least(known.at, (
            SELECT min(c.start_time) FROM coverage AS c
            WHERE c.symbol = p.symbol AND c.exchange = p.exchange AND c.kind = 'GAP'
              AND (c.stream IN ('trade', 'agg_trade')) = (known.kind = 'TRADE') AND c.end_time > known.at)) AS at
        ) AS feed) AS newest ON true
WHERE p.portfolio_id = %(portfolio)s AND p.status IN ('OPEN', 'PARTIAL')
