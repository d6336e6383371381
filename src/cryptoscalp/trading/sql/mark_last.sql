-- Marks every open position of a portfolio that has a price, and names those that have none.
WITH marked AS (
    UPDATE positions AS p
    SET current_price = q.price, marked_at = q.timestamp
    FROM newest_trades AS q
    WHERE q.symbol = p.symbol AND q.exchange = p.exchange
      AND p.portfolio_id = %(portfolio)s AND p.status IN ('OPEN', 'PARTIAL')
    RETURNING 1
)
SELECT (SELECT count(*) FROM marked),
       ARRAY(SELECT p.position_id FROM positions AS p
             WHERE p.portfolio_id = %(portfolio)s AND p.status IN ('OPEN', 'PARTIAL')
               AND NOT EXISTS (SELECT FROM newest_trades AS q WHERE q.symbol = p.symbol AND q.exchange = p.exchange)
             ORDER BY p.position_id)
