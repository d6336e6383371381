-- P&L of a model version's predictions in [start, end), a row a base currency: docs/models.md tells the rule.
-- A fill is thought of as a line of its quantity, first what it closes, then what it opens. Of a fill that names
-- no prediction the stretch from low/unit to high/unit of its line belongs to the window. Lines are cut in one
-- order for all windows (see "place"), so the stretches of all windows and of nobody lie side by side.
WITH RECURSIVE led AS (
    -- Fills that name a prediction of the window, and their reversals, which are of the same order.
    SELECT t.trade_id, t.opens_position_id FROM orders AS o JOIN trades AS t ON t.order_id = o.order_id
    WHERE o.model_id = %(model_id)s AND o.prediction_timestamp >= %(start)s AND o.prediction_timestamp < %(end)s
      AND (%(symbol)s::text IS NULL OR o.symbol = %(symbol)s)
      AND (%(exchange)s::text IS NULL OR o.exchange = %(exchange)s)
), held AS (
    -- Positions they opened, and those that were opened when a fill that closed one of these was taken back.
    SELECT opens_position_id AS position_id FROM led WHERE opens_position_id IS NOT NULL
    UNION
    SELECT r.opens_position_id FROM held AS h JOIN trades AS x ON x.closes_position_id = h.position_id
    JOIN trades AS r ON r.reverses_trade_id = x.trade_id WHERE r.opens_position_id IS NOT NULL
), entries AS (
    -- What entered them. A reversal that gives back what was taken from the same position is no entry.
    SELECT t.opens_position_id AS position_id, t.trade_id, t.opened_quantity AS quantity, r.trade_id AS undone_by,
           CASE WHEN o.order_id IS NULL THEN CASE WHEN t.kind = 'REVERSAL' THEN 3 ELSE 4 END
                WHEN (o.model_id, o.prediction_timestamp) < (%(model_id)s, %(start)s) THEN 0
                WHEN o.model_id = %(model_id)s AND o.prediction_timestamp < %(end)s THEN 1 ELSE 2 END AS place
    FROM held AS h JOIN trades AS t ON t.opens_position_id = h.position_id
    LEFT JOIN orders AS o ON o.order_id = t.order_id AND o.model_id IS NOT NULL AND o.prediction_timestamp IS NOT NULL
    LEFT JOIN trades AS r ON r.reverses_trade_id = t.trade_id
    LEFT JOIN trades AS f ON f.trade_id = t.reverses_trade_id
    WHERE f.closes_position_id IS DISTINCT FROM t.opens_position_id
), exits AS (
    SELECT t.closes_position_id AS position_id, t.trade_id, t.closed_quantity, t.opened_quantity
    FROM held AS h JOIN trades AS t ON t.closes_position_id = h.position_id
    LEFT JOIN orders AS o ON o.order_id = t.order_id
    WHERE t.kind <> 'REVERSAL' AND (o.model_id IS NULL OR o.prediction_timestamp IS NULL)
), pools AS (
    -- What had entered the position up to each step, in the order of booking; exits are steps of 0.
    SELECT position_id, trade_id, place, quantity,
           coalesce(sum(quantity) FILTER (WHERE place = 0) OVER so_far, 0) AS before,
           coalesce(sum(quantity) FILTER (WHERE place = 1) OVER so_far, 0) AS within,
           coalesce(sum(quantity) FILTER (WHERE place < 3) OVER so_far, 0) AS named,
           coalesce(sum(quantity) FILTER (WHERE place = 3) OVER so_far, 0) AS returned,
           sum(quantity) OVER so_far AS entered
    FROM (SELECT position_id, trade_id, place, quantity::numeric FROM entries
          UNION ALL SELECT position_id, undone_by, place, -quantity FROM entries WHERE undone_by IS NOT NULL
          UNION ALL SELECT position_id, trade_id, NULL, 0 FROM exits) AS steps
    WINDOW so_far AS (PARTITION BY position_id ORDER BY trade_id ROWS UNBOUNDED PRECEDING)
), links AS (
    -- How a stretch goes on: to the reversal of its fill, which opens again first what the fill had closed, or
    -- from a reversal that entered a position to the fills that took from it.
    SELECT x.trade_id AS source, r.trade_id, 0::numeric AS cut, x.opened_quantity::numeric AS shift,
           1::numeric AS scale, 1::numeric AS per
    FROM exits AS x JOIN trades AS r ON r.reverses_trade_id = x.trade_id
    UNION ALL
    SELECT e.trade_id, x.trade_id, r.closed_quantity, p.named + e.returned - e.quantity, x.closed_quantity, p.entered
    FROM pools AS e JOIN trades AS r ON r.trade_id = e.trade_id
    JOIN exits AS x ON x.position_id = e.position_id AND x.trade_id > e.trade_id
    JOIN pools AS p ON p.position_id = x.position_id AND p.trade_id = x.trade_id
    WHERE e.place = 3
), stretches AS (
    SELECT x.trade_id, x.closed_quantity * p.before AS low, x.closed_quantity * (p.before + p.within) AS high,
           p.entered AS unit
    FROM exits AS x JOIN pools AS p ON p.position_id = x.position_id AND p.trade_id = x.trade_id
    WHERE p.within > 0
    UNION ALL
    SELECT l.trade_id, l.scale * (l.shift * s.unit + greatest(s.low - l.cut * s.unit, 0)),
           l.scale * (l.shift * s.unit + s.high - l.cut * s.unit), l.per * s.unit
    FROM stretches AS s JOIN links AS l ON l.source = s.trade_id WHERE s.high > l.cut * s.unit
), shares AS (
    -- Exact: a whole amount is not divided; of others each end of the stretch is rounded once, half to even, to
    -- 18 decimals. A reversal's fee is cut where that of its fill was, so that it comes back to the last digit.
    SELECT t.trade_id, t.portfolio_id, t.base_rate, t.pnl AS realized, t.commission_value AS commission
    FROM led JOIN trades AS t USING (trade_id)
    UNION ALL
    SELECT t.trade_id, t.portfolio_id, t.base_rate,
           CASE WHEN line.closed = 0 OR (s.low = 0 AND s.high >= line.closed) THEN t.pnl
                ELSE half_even(t.pnl * least(s.high, line.closed), line.closed)
                   - half_even(t.pnl * least(s.low, line.closed), line.closed) END,
           CASE WHEN s.high - s.low = line.whole THEN t.commission_value
                ELSE half_even(t.commission_value * (s.high - line.turned), line.whole)
                   - half_even(t.commission_value * (s.low - line.turned), line.whole) END
    FROM stretches AS s JOIN trades AS t USING (trade_id) LEFT JOIN trades AS f ON f.trade_id = t.reverses_trade_id
    CROSS JOIN LATERAL (SELECT t.closed_quantity * s.unit AS closed,
                               (t.closed_quantity + t.opened_quantity) * s.unit AS whole,
                               coalesce(f.opened_quantity, 0) * s.unit AS turned) AS line
)
SELECT f.base_currency::text, count(DISTINCT s.trade_id), trim_scale(sum(s.realized * s.base_rate)),
       trim_scale(sum(s.commission * s.base_rate)), trim_scale(sum((s.realized - s.commission) * s.base_rate))
FROM shares AS s JOIN portfolios AS f ON f.portfolio_id = s.portfolio_id
GROUP BY 1 ORDER BY 1
