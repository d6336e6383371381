-- Marks every open position of a portfolio that has a price, and names those that have none. Where no trade is
-- stored, the last candle that had ended has the price; it is looked for there only.
WITH priced AS (
    SELECT p.position_id, coalesce(q.price, known.price) AS price, coalesce(q.timestamp, known.timestamp) AS "timestamp"
    FROM positions AS p
    LEFT JOIN newest_trades AS q ON q.symbol = p.symbol AND q.exchange = p.exchange
    LEFT JOIN LATERAL (
        SELECT a.price, a.timestamp FROM price_at(p.symbol, p.exchange, now(), 'LAST') AS a
        WHERE q.price IS NULL) AS known ON true
    WHERE p.portfolio_id = %(portfolio)s AND p.status IN ('OPEN', 'PARTIAL')
), marked AS (
    UPDATE positions AS p
    SET current_price = one.price, marked_at = one.timestamp
    FROM priced AS one
    WHERE one.position_id = p.position_id AND p.status IN ('OPEN', 'PARTIAL') AND one.price IS NOT NULL
    RETURNING 1
)
SELECT (SELECT count(*) FROM marked),
       ARRAY(SELECT position_id FROM priced WHERE price IS NULL ORDER BY position_id)
