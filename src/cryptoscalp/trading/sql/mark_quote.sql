WITH held AS (
    SELECT position_id, symbol, exchange FROM positions
    WHERE portfolio_id = %(portfolio)s AND status IN ('OPEN', 'PARTIAL')
), marked AS (
    UPDATE positions AS p
    SET current_price = CASE p.side WHEN 'LONG' THEN q.bid_price ELSE q.ask_price END, marked_at = q.timestamp
    FROM newest_quotes AS q
    WHERE q.symbol = p.symbol AND q.exchange = p.exchange
      AND p.portfolio_id = %(portfolio)s AND p.status IN ('OPEN', 'PARTIAL')
    RETURNING p.position_id
)
SELECT (SELECT count(*) FROM marked),
       ARRAY(SELECT position_id FROM held EXCEPT SELECT position_id FROM marked ORDER BY 1)
