-- Cash that moved until each moment of a grid and after the one before, by currency: n is the moment's
-- place. Deposits, withdrawals and adjustments also in the base currency, by their sign.
SELECT l.portfolio_id, greatest(0, ceil(extract(epoch FROM l.timestamp - %(start)s) / %(step_s)s))::int AS n,
       l.currency::text, sum(l.amount),
       sum(l.base_amount) FILTER (WHERE l.kind IN ('DEPOSIT', 'WITHDRAWAL', 'ADJUSTMENT') AND l.amount > 0),
       -sum(l.base_amount) FILTER (WHERE l.kind IN ('DEPOSIT', 'WITHDRAWAL', 'ADJUSTMENT') AND l.amount < 0)
FROM cash_ledger AS l
WHERE l.portfolio_id = ANY (%(portfolios)s) AND l.timestamp <= %(last)s AND {new}
GROUP BY 1, 2, 3
