-- daily_pnl
-- What each UTC day realized, by portfolio, strategy and instrument, in the settlement currency: P&L of
-- what was closed, commission (paid: above zero, at the rate of its fill), funding, and the three together.
CREATE OR REPLACE VIEW daily_pnl AS
SELECT portfolio_id, strategy_id, symbol, exchange, pnl_currency, day, sum(fills)::bigint AS fills,
       sum(realized_pnl) AS realized_pnl, sum(commission) AS commission, sum(funding) AS funding,
       sum(realized_pnl) - sum(commission) + sum(funding) AS net_pnl
FROM (
    SELECT portfolio_id, strategy_id, symbol, exchange, pnl_currency,
           (timestamp AT TIME ZONE 'UTC')::date AS day, count(*) AS fills, sum(pnl) AS realized_pnl,
           sum(commission_value) AS commission, 0::numeric AS funding
    FROM trades GROUP BY 1, 2, 3, 4, 5, 6
    UNION ALL
    SELECT portfolio_id, strategy_id, symbol, exchange, currency, (timestamp AT TIME ZONE 'UTC')::date, 0, 0, 0,
           sum(amount)
    FROM funding_payments GROUP BY 1, 2, 3, 4, 5, 6) AS moved
GROUP BY portfolio_id, strategy_id, symbol, exchange, pnl_currency, day;
COMMENT ON VIEW daily_pnl IS 'Realized P&L, commission and funding by UTC day.';

-- What was open at the end of each UTC day (today: now), valued at the last trade that was known then;
-- unrealized_pnl is NULL where no price is known.
CREATE OR REPLACE VIEW daily_unrealized_pnl AS
SELECT p.portfolio_id, p.strategy_id, p.symbol, p.exchange, p.pnl_currency, days.day, count(*) AS positions,
       sum(CASE p.side WHEN 'LONG' THEN state.quantity ELSE -state.quantity END) AS net_position,
       CASE WHEN count(known.price) = count(*)
            THEN sum(unrealized_pnl(p.side, p.inverse, p.contract_multiplier, state.quantity, state.cost_basis,
                                    known.price)) END AS unrealized_pnl
FROM positions AS p
CROSS JOIN LATERAL (
    SELECT day::date AS day,
           least(((day::date + 1)::timestamp AT TIME ZONE 'UTC') - interval '1 microsecond', now()) AS ends_at
    FROM generate_series((p.opened_at AT TIME ZONE 'UTC')::date,
                         (coalesce(p.closed_at, now()) AT TIME ZONE 'UTC')::date, interval '1 day') AS day) AS days
CROSS JOIN LATERAL (
    SELECT coalesce(sum(CASE WHEN t.opens_position_id = p.position_id THEN t.opened_quantity ELSE 0 END), 0)
         - coalesce(sum(CASE WHEN t.closes_position_id = p.position_id THEN t.closed_quantity ELSE 0 END), 0)
               AS quantity,
           coalesce(sum(CASE WHEN t.opens_position_id = p.position_id THEN t.opened_cost ELSE 0 END), 0)
         - coalesce(sum(CASE WHEN t.closes_position_id = p.position_id THEN t.closed_cost ELSE 0 END), 0)
               AS cost_basis
    FROM trades AS t
    WHERE (t.opens_position_id = p.position_id OR t.closes_position_id = p.position_id)
      AND t.timestamp <= days.ends_at) AS state
LEFT JOIN LATERAL price_at(p.symbol, p.exchange, days.ends_at, 'LAST') AS known ON true
WHERE state.quantity > 0
GROUP BY p.portfolio_id, p.strategy_id, p.symbol, p.exchange, p.pnl_currency, days.day;
COMMENT ON VIEW daily_unrealized_pnl IS 'Unrealized P&L at the end of each UTC day, at last trades.';
