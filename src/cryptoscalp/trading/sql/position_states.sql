-- position_states
-- What was open in a portfolio at a moment, from the fills until then: quantity and exact cost basis.
CREATE OR REPLACE FUNCTION position_states(p_portfolio_id bigint, p_at timestamptz)
RETURNS TABLE (position_id bigint, quantity numeric, cost_basis numeric)
LANGUAGE sql STABLE SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT p.position_id, entered.quantity - coalesce(left_it.quantity, 0),
           entered.cost - coalesce(left_it.cost, 0)
    FROM positions AS p
    CROSS JOIN LATERAL (
        SELECT sum(t.opened_quantity) AS quantity, sum(t.opened_cost) AS cost FROM trades AS t
        WHERE t.opens_position_id = p.position_id AND t.timestamp <= p_at) AS entered
    CROSS JOIN LATERAL (
        SELECT sum(t.closed_quantity) AS quantity, sum(t.closed_cost) AS cost FROM trades AS t
        WHERE t.closes_position_id = p.position_id AND t.timestamp <= p_at) AS left_it
    WHERE p.portfolio_id = p_portfolio_id AND p.opened_at <= p_at
      AND (p.closed_at IS NULL OR p.closed_at > p_at)
      AND entered.quantity > coalesce(left_it.quantity, 0);
END;
