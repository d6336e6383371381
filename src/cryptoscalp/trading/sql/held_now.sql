-- What is open, as `position_steps` says it for one moment, with the price of the last mark.
SELECT 0 AS n, p.position_id, p.symbol::text, p.exchange::text, p.side::text, p.inverse,
       trim_scale(p.contract_multiplier), p.margined, trim_scale(p.leverage), p.pnl_currency::text, i.base,
       p.open_quantity, p.cost_basis, p.current_price, p.marked_at
FROM positions AS p JOIN instruments AS i ON i.symbol = p.symbol AND i.exchange = p.exchange
WHERE p.portfolio_id = %(portfolio)s AND p.status IN ('OPEN', 'PARTIAL')
