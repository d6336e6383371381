-- What fills and closed positions came to, by line and place in a grid: fills, turnover and fees, slippage
-- against the quotes at their decisions, and positions that were closed: profits after all their fees and
-- funding. Amounts in the base currency, each rounded once.
SELECT t.portfolio_id, ceil(extract(epoch FROM t.timestamp - %(start)s) / %(step_s)s)::int AS n,
       t.strategy_id, t.symbol::text, t.exchange::text,
       count(*) FILTER (WHERE t.kind <> 'REVERSAL'),
       coalesce(sum(half_even(t.notional * t.base_rate)) FILTER (WHERE t.kind <> 'REVERSAL'), 0),
       sum(half_even(t.commission_value * t.base_rate)),
       count(s.slippage), coalesce(sum(s.slippage), 0), coalesce(sum(s.notional), 0),
       count(trip.profit), count(*) FILTER (WHERE trip.profit > 0), count(*) FILTER (WHERE trip.profit < 0),
       coalesce(sum(trip.profit) FILTER (WHERE trip.profit > 0), 0),
       coalesce(-sum(trip.profit) FILTER (WHERE trip.profit < 0), 0)
FROM trades AS t
LEFT JOIN fill_slippage AS s ON s.trade_id = t.trade_id
LEFT JOIN LATERAL (
    SELECT half_even((p.realized_pnl + p.funding - coalesce(entered.fees, 0) - coalesce(left_it.fees, 0)) * t.base_rate)
               AS profit
    FROM positions AS p
    CROSS JOIN LATERAL (
        SELECT sum(half_even(o.commission_value * o.opened_quantity, o.opened_quantity + o.closed_quantity)) AS fees
        FROM trades AS o WHERE o.opens_position_id = p.position_id) AS entered
    CROSS JOIN LATERAL (
        SELECT sum(half_even(c.commission_value * c.closed_quantity, c.opened_quantity + c.closed_quantity)) AS fees,
               max(c.trade_id) AS trade_id
        FROM trades AS c WHERE c.closes_position_id = p.position_id) AS left_it
    WHERE p.position_id = t.closes_position_id AND p.status = 'CLOSED' AND left_it.trade_id = t.trade_id) AS trip
  ON true
WHERE t.portfolio_id = ANY (%(portfolios)s) AND t.timestamp > %(start)s AND t.timestamp <= %(last)s
  AND t.trade_id >= %(trade_floor)s
GROUP BY 1, 2, 3, 4, 5
