WITH held AS (
    SELECT position_id, symbol, exchange FROM positions
    WHERE portfolio_id = %(portfolio)s AND status IN ('OPEN', 'PARTIAL')
), priced AS MATERIALIZED (
    SELECT traded.symbol, traded.exchange, known.price, known.timestamp
    FROM (SELECT DISTINCT symbol, exchange FROM held) AS traded
    CROSS JOIN LATERAL price_at(traded.symbol, traded.exchange, now(), 'MARK', p_reach => '100 years') AS known
), marked AS (
    UPDATE positions AS p
    SET current_price = q.price, marked_at = q.timestamp
    FROM priced AS q
    WHERE q.symbol = p.symbol AND q.exchange = p.exchange
      AND p.portfolio_id = %(portfolio)s AND p.status IN ('OPEN', 'PARTIAL')
    RETURNING p.position_id
)
SELECT (SELECT count(*) FROM marked),
       ARRAY(SELECT position_id FROM held EXCEPT SELECT position_id FROM marked ORDER BY 1)
