-- Realized P&L of each day beside what was open at its end; days with one of the two alone are there too.
-- A day without fills and funding, at whose end no price was known, says nothing and is left out.
SELECT day::text, symbol, exchange, coalesce(r.strategy_id, u.strategy_id), pnl_currency::text, coalesce(fills, 0),
       trim_scale(coalesce(realized_pnl, 0)), trim_scale(coalesce(commission, 0)), trim_scale(coalesce(funding, 0)),
       trim_scale(coalesce(net_pnl, 0)), trim_scale(CASE WHEN positions IS NULL THEN 0 ELSE unrealized_pnl END)
FROM (SELECT *, coalesce(strategy_id, 0) AS strategy FROM daily_pnl WHERE portfolio_id = %(portfolio)s) AS r
FULL JOIN (SELECT *, coalesce(strategy_id, 0) AS strategy FROM daily_unrealized_pnl
           WHERE portfolio_id = %(portfolio)s) AS u
    USING (strategy, symbol, exchange, pnl_currency, day)
WHERE (r.portfolio_id IS NOT NULL OR u.unrealized_pnl IS NOT NULL)
  AND (%(start)s::date IS NULL OR day >= %(start)s) AND (%(end)s::date IS NULL OR day <= %(end)s)
ORDER BY day, symbol, exchange, strategy
