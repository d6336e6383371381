-- Each stop or target that the newest price has reached; where there is no price, the position with no cause.
SELECT p.position_id, p.symbol::text, p.exchange::text, p.side::text, trim_scale(p.open_quantity),
       trim_scale(known.price), trim_scale(reached.level), reached.cause
FROM positions AS p
LEFT JOIN LATERAL price_at(p.symbol, p.exchange, now(), %(by)s::price_kind, p.side, '100 years') AS known ON true
LEFT JOIN LATERAL (
    SELECT p.stop_loss AS level, 'stop_loss' AS cause
    WHERE CASE p.side WHEN 'LONG' THEN known.price <= p.stop_loss ELSE known.price >= p.stop_loss END
    UNION ALL
    SELECT p.take_profit, 'take_profit'
    WHERE CASE p.side WHEN 'LONG' THEN known.price >= p.take_profit ELSE known.price <= p.take_profit END) AS reached
    ON true
WHERE p.portfolio_id = %(portfolio)s AND p.status IN ('OPEN', 'PARTIAL')
  AND (p.stop_loss IS NOT NULL OR p.take_profit IS NOT NULL)
  AND (known.price IS NULL OR reached.cause IS NOT NULL)
ORDER BY p.position_id
