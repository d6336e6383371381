-- A portfolio's cash and open positions in one statement, so that no fill comes in between; one row with
-- NULLs where nothing is open. The last column: its price is still that of a fill that entered it.
SELECT (SELECT jsonb_object_agg(c.currency, c.balance::text) FROM cash_balances AS c
        WHERE c.portfolio_id = %(portfolio)s) AS cash,
       p.position_id, p.symbol::text, p.exchange::text, p.side::text, p.inverse, trim_scale(p.contract_multiplier),
       p.margined, trim_scale(p.leverage), p.pnl_currency::text, i.base, p.open_quantity, p.cost_basis,
       p.current_price, p.marked_at, i.quote,
       p.marked_at IS NULL OR EXISTS (
           SELECT FROM trades AS t WHERE t.opens_position_id = p.position_id AND t.timestamp = p.marked_at
           AND t.price = p.current_price) AS at_fill
FROM (SELECT 1) AS one
LEFT JOIN positions AS p ON p.portfolio_id = %(portfolio)s AND p.status IN ('OPEN', 'PARTIAL')
LEFT JOIN instruments AS i ON i.symbol = p.symbol AND i.exchange = p.exchange
ORDER BY p.position_id
