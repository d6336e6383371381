-- enter_position
-- Adds what a trade opens to a position, or opens one where there is none. Returns its number.
CREATE OR REPLACE FUNCTION enter_position(p_held positions, p_trade trades, p_terms record, p_side position_side,
                               p_hedge_side position_side, p_leverage numeric)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    entered bigint := p_held.position_id;
    cost    numeric := p_held.cost_basis + p_trade.opened_cost;
    size    numeric := (p_held.open_quantity + p_trade.opened_quantity) * p_held.contract_multiplier;
BEGIN
    IF entered IS NOT NULL THEN
        UPDATE positions AS p
        SET timestamp = greatest(p.timestamp, p_trade.timestamp),
            opened_at = least(p.opened_at, p_trade.timestamp),
            quantity = p.quantity + p_trade.opened_quantity,
            cost_basis = cost,
            -- Dust may be worth too little for a price to be told from it.
            entry_price = coalesce(nullif(CASE WHEN p.inverse THEN half_even(size, nullif(cost, 0))
                                               ELSE half_even(cost, size) END, 0), p.entry_price)
        WHERE p.position_id = entered;
        RETURN entered;
    END IF;
    INSERT INTO positions (timestamp, symbol, exchange, side, quantity, entry_price, current_price, portfolio_id,
                           strategy_id, hedge_side, cost_basis, pnl_currency, inverse, contract_multiplier,
                           margined, leverage, opened_at, marked_at)
    VALUES (p_trade.timestamp, p_trade.symbol, p_trade.exchange, p_side, p_trade.opened_quantity, p_trade.price,
            p_trade.price, p_trade.portfolio_id, p_trade.strategy_id, p_hedge_side, p_trade.opened_cost,
            p_terms.settle, p_terms.is_inverse, p_terms.multiplier, p_terms.margined, p_leverage,
            p_trade.timestamp, p_trade.timestamp)
    RETURNING position_id INTO entered;
    RETURN entered;
END
$$;
