-- What fills did to each position until each moment and after the one before: n is the moment's place.
SELECT width_bucket(moved.timestamp, ARRAY(SELECT at + interval '1 microsecond'
                                           FROM unnest(%(moments)s::timestamptz[]) AS at)) AS n,
       p.position_id, p.symbol::text, p.exchange::text, p.side::text, p.inverse, trim_scale(p.contract_multiplier),
       p.margined, trim_scale(p.leverage), p.pnl_currency::text, i.base, sum(moved.quantity), sum(moved.cost)
FROM (SELECT timestamp, opens_position_id AS position_id, opened_quantity AS quantity, opened_cost AS cost
      FROM trades WHERE portfolio_id = %(portfolio)s AND opens_position_id IS NOT NULL AND timestamp <= %(last)s
      UNION ALL
      SELECT timestamp, closes_position_id, -closed_quantity, -closed_cost
      FROM trades WHERE portfolio_id = %(portfolio)s AND closes_position_id IS NOT NULL AND timestamp <= %(last)s) AS moved
JOIN positions AS p USING (position_id)
JOIN instruments AS i ON i.symbol = p.symbol AND i.exchange = p.exchange
GROUP BY 1, p.position_id, i.base
