-- check_books
-- Every sum that must hold, reckoned again from the append-only rows; a row for each that does not. None:
-- the books agree with themselves. p_portfolio is one portfolio, NULL for all.
CREATE OR REPLACE FUNCTION check_books(p_portfolio text DEFAULT NULL)
RETURNS TABLE (portfolio text, what text, subject text, stored numeric, reckoned numeric)
LANGUAGE sql STABLE SET search_path = public, pg_temp
BEGIN ATOMIC
    WITH chosen AS MATERIALIZED (
        SELECT portfolio_id, name FROM portfolios WHERE name = coalesce(p_portfolio, name)
    ), entered AS (
        SELECT opens_position_id AS position_id, sum(opened_quantity) AS quantity, sum(opened_cost) AS cost
        FROM trades JOIN chosen USING (portfolio_id) WHERE opens_position_id IS NOT NULL GROUP BY 1
    ), closed AS (
        SELECT closes_position_id AS position_id, sum(closed_quantity) AS quantity, sum(closed_cost) AS cost,
               sum(closed_value) AS value, sum(pnl) AS pnl
        FROM trades JOIN chosen USING (portfolio_id) WHERE closes_position_id IS NOT NULL GROUP BY 1
    ), funded AS (
        SELECT position_id, sum(amount) AS amount
        FROM funding_payments JOIN chosen USING (portfolio_id) GROUP BY 1
    ), checked AS (
        SELECT c.name, line.what, 'position ' || p.position_id AS subject, line.stored, line.reckoned
        FROM positions AS p JOIN chosen AS c USING (portfolio_id)
        LEFT JOIN entered USING (position_id) LEFT JOIN closed USING (position_id) LEFT JOIN funded USING (position_id)
        CROSS JOIN LATERAL (VALUES
            ('quantity = sum of entering fills', p.quantity::numeric, entered.quantity),
            ('closed quantity = sum of reducing fills', p.closed_quantity, coalesce(closed.quantity, 0)),
            ('cost basis = what entered less what left', p.cost_basis, entered.cost - coalesce(closed.cost, 0)),
            ('exit value = sum of reducing fills', p.exit_value, coalesce(closed.value, 0)),
            ('realized P&L = sum of its fills', p.realized_pnl, coalesce(closed.pnl, 0)),
            ('unrealized P&L = its mark less its cost basis', p.unrealized_pnl,
             unrealized_pnl(p.side, p.inverse, p.contract_multiplier, p.open_quantity, p.cost_basis, p.current_price)),
            ('funding = sum of its payments', p.funding, coalesce(funded.amount, 0))
        ) AS line (what, stored, reckoned)
        UNION ALL
        SELECT c.name, line.what, 'trade ' || t.trade_id, line.stored, line.reckoned
        FROM trades AS t JOIN chosen AS c USING (portfolio_id)
        JOIN positions AS p ON p.position_id = coalesce(t.closes_position_id, t.opens_position_id)
        CROSS JOIN LATERAL (SELECT
            CASE WHEN NOT p.margined AND (t.side = 'BUY') <> (t.kind = 'REVERSAL')
                      AND t.commission_currency <> t.pnl_currency
                      AND t.quantity <> t.closed_quantity + t.opened_quantity
                 THEN CASE t.side WHEN 'BUY' THEN t.commission ELSE -t.commission END ELSE 0 END AS stock) AS fee
        CROSS JOIN LATERAL (VALUES
            ('notional = quantity at price', t.notional::numeric,
             position_value(p.inverse, p.contract_multiplier, t.quantity, t.price)),
            ('closed and opened = quantity less a fee out of it', t.closed_quantity + t.opened_quantity,
             t.quantity - fee.stock),
            ('closed value and opened cost = notional less a fee out of it', t.closed_value + t.opened_cost,
             t.notional - half_even(fee.stock * t.price)),
            ('P&L = closed value against closed cost', t.pnl,
             CASE WHEN t.closes_position_id IS NULL THEN 0
                  WHEN (p.side = 'LONG') = p.inverse THEN t.closed_cost - t.closed_value
                  ELSE t.closed_value - t.closed_cost END),
            ('cash = legs, P&L and fee of the fill',
             (SELECT sum(CASE WHEN l.kind = 'FEE' OR l.currency = t.pnl_currency THEN l.amount END)
              FROM cash_ledger AS l WHERE l.trade_id = t.trade_id),
             nullif(CASE WHEN p.margined THEN t.pnl WHEN t.side = 'BUY' THEN -t.notional ELSE t.notional END
                    - t.commission, 0)),
            ('a spot fill changes the base currency by its quantity',
             (SELECT sum(l.amount) FROM cash_ledger AS l
              WHERE l.trade_id = t.trade_id AND l.kind = 'TRADE' AND l.currency <> t.pnl_currency),
             CASE WHEN NOT p.margined THEN CASE t.side WHEN 'BUY' THEN t.quantity ELSE -t.quantity END END)
        ) AS line (what, stored, reckoned)
        UNION ALL
        SELECT c.name, 'balance = sum of the ledger', coalesce(b.currency, l.currency)::text, b.balance, l.amount
        FROM (SELECT * FROM cash_balances JOIN chosen USING (portfolio_id)) AS b
        FULL JOIN (SELECT portfolio_id, currency, sum(amount) AS amount
                   FROM cash_ledger JOIN chosen USING (portfolio_id) GROUP BY 1, 2) AS l
            ON l.portfolio_id = b.portfolio_id AND l.currency = b.currency
        JOIN chosen AS c ON c.portfolio_id = coalesce(b.portfolio_id, l.portfolio_id)
        UNION ALL
        SELECT c.name, 'funding = its ledger entry', 'funding ' || f.funding_id, f.amount,
               (SELECT sum(l.amount) FROM cash_ledger AS l WHERE l.funding_id = f.funding_id AND l.currency = f.currency)
        FROM funding_payments AS f JOIN chosen AS c USING (portfolio_id)
        UNION ALL
        SELECT c.name, 'filled quantity = sum of its fills', 'order ' || o.order_id, o.filled_quantity,
               (SELECT coalesce(sum(CASE t.kind WHEN 'REVERSAL' THEN -t.quantity ELSE t.quantity END), 0)
                FROM trades AS t WHERE t.order_id = o.order_id)
        FROM orders AS o JOIN chosen AS c USING (portfolio_id)
    )
    SELECT name, what, subject, stored, reckoned FROM checked WHERE stored IS DISTINCT FROM reckoned
    ORDER BY name, subject, what;
END;
