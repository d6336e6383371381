-- reduce_position
-- Takes what a trade closes out of a position; the average entry price stays. Returns its number.
CREATE OR REPLACE FUNCTION reduce_position(p_held positions, p_trade trades) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    closed  numeric := p_held.closed_quantity + p_trade.closed_quantity;
    value   numeric := p_held.exit_value + p_trade.closed_value;
    is_over boolean := closed = p_held.quantity;
BEGIN
    UPDATE positions AS p
    SET timestamp = greatest(p.timestamp, p_trade.timestamp),
        closed_quantity = closed,
        cost_basis = p.cost_basis - p_trade.closed_cost,
        exit_value = value,
        -- Dust may be worth too little for a price to be told from it.
        exit_price = coalesce(nullif(CASE WHEN p.inverse THEN half_even(closed * p.contract_multiplier, value)
                                          ELSE half_even(value, closed * p.contract_multiplier) END, 0),
                              p_trade.price),
        realized_pnl = p.realized_pnl + p_trade.pnl,
        status = CASE WHEN is_over THEN 'CLOSED'::position_status ELSE 'PARTIAL'::position_status END,
        closed_at = CASE WHEN is_over THEN greatest(p.opened_at, p_trade.timestamp) END
    WHERE p.position_id = p_held.position_id;
    RETURN p_held.position_id;
END
$$;
