-- What moved a line (strategy and instrument of a portfolio) until each moment of a grid and after the one
-- before: size with its sign, its cost with the same sign, and what it made in the base currency: P&L of
-- what was closed less fees, at the rate of each fill, and funding.
SELECT t.portfolio_id, greatest(0, ceil(extract(epoch FROM t.timestamp - %(start)s) / %(step_s)s))::int AS n,
       t.strategy_id, t.symbol::text, t.exchange::text,
       sum((t.opened_quantity + t.closed_quantity) * p.contract_multiplier
           * CASE t.side WHEN 'BUY' THEN 1 ELSE -1 END),
       sum((t.opened_cost + t.closed_cost) * CASE t.side WHEN 'BUY' THEN 1 ELSE -1 END),
       sum((t.pnl - t.commission_value) * t.base_rate)
FROM trades AS t
JOIN positions AS p ON p.position_id = coalesce(t.closes_position_id, t.opens_position_id)
WHERE t.portfolio_id = ANY (%(portfolios)s) AND t.timestamp <= %(last)s AND {new_trades}
GROUP BY 1, 2, 3, 4, 5
UNION ALL
SELECT l.portfolio_id, greatest(0, ceil(extract(epoch FROM l.timestamp - %(start)s) / %(step_s)s))::int,
       f.strategy_id, f.symbol::text, f.exchange::text, 0, 0, sum(l.base_amount)
FROM cash_ledger AS l
JOIN funding_payments AS f ON f.funding_id = l.funding_id
WHERE l.portfolio_id = ANY (%(portfolios)s) AND l.timestamp <= %(last)s AND {new_entries}
GROUP BY 1, 2, 3, 4, 5
