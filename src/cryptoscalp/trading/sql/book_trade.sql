-- book_trade
-- Books a trade whose fill is told: finds the position it reduces, splits it, writes positions, trade and
-- cash. The caller holds the lock of the instrument in the portfolio. The effect on the position:
-- a spot fee taken in the base currency that a BUY brings in makes what comes in smaller; all else that
-- a venue takes as a fee leaves the position alone.
CREATE OR REPLACE FUNCTION book_trade(p_trade trades, p_account portfolios, p_terms record, p_position_side position_side,
                           p_reduce_only boolean, p_leverage numeric, p_rates jsonb)
RETURNS trades
LANGUAGE plpgsql
AS $$
DECLARE
    booked     trades := p_trade;
    held       positions;
    mine       position_side := CASE p_trade.side WHEN 'BUY' THEN 'LONG' ELSE 'SHORT' END;
    hedged     boolean := p_account.position_mode = 'HEDGING';
    from_stock numeric := 0;
    effective  numeric;
    worth      numeric;
BEGIN
    IF hedged AND p_position_side IS NULL THEN
        RAISE EXCEPTION 'portfolio % is HEDGING: say which position the fill is of, LONG or SHORT',
            quote_literal(p_account.name) USING ERRCODE = 'CS010';
    END IF;
    SELECT * INTO held FROM positions AS p
    WHERE p.portfolio_id = p_account.portfolio_id AND p.symbol = booked.symbol AND p.exchange = booked.exchange
      AND p.strategy_id IS NOT DISTINCT FROM booked.strategy_id AND p.status IN ('OPEN', 'PARTIAL')
      AND (NOT hedged OR p.side = p_position_side)
    FOR UPDATE;
    -- Terms that changed meanwhile are those of the next position.
    IF held.position_id IS NOT NULL THEN
        p_terms.multiplier := held.contract_multiplier;
        p_terms.is_inverse := held.inverse;
        p_terms.margined := held.margined;
        p_terms.settle := held.pnl_currency;
    END IF;
    worth := position_value(p_terms.is_inverse, p_terms.multiplier, booked.quantity, booked.price);
    IF worth >= 1e20 OR worth = 0 THEN
        RAISE EXCEPTION 'fill % refused: % at % is worth %, which the books cannot hold',
            coalesce(booked.exchange_trade_id, 'without an id'), trim_scale(booked.quantity),
            trim_scale(booked.price), trim_scale(worth) USING ERRCODE = 'CS010';
    END IF;
    booked.notional := worth;
    booked.pnl_currency := p_terms.settle;
    -- A reversal mirrors the fill that it takes back, with the fee coming back.
    IF NOT p_terms.margined AND booked.commission_currency = p_terms.base
       AND (booked.side = 'BUY') <> (booked.kind = 'REVERSAL') THEN
        from_stock := CASE booked.side WHEN 'BUY' THEN booked.commission ELSE -booked.commission END;
    END IF;
    effective := booked.quantity - from_stock;
    worth := booked.notional - half_even(from_stock * booked.price);
    IF effective <= 0 OR worth <= 0 THEN
        RAISE EXCEPTION 'fill % refused: its fee of % % leaves nothing of it',
            coalesce(booked.exchange_trade_id, 'without an id'), trim_scale(booked.commission),
            booked.commission_currency USING ERRCODE = 'CS010';
    END IF;
    IF held.position_id IS NOT NULL AND held.side <> mine THEN
        booked.closed_quantity := least(effective, held.open_quantity);
    ELSE
        booked.closed_quantity := 0;
    END IF;
    booked.opened_quantity := effective - booked.closed_quantity;
    PERFORM check_effect(booked, held, mine, hedged, p_position_side, p_reduce_only);
    booked.closed_value := CASE WHEN booked.opened_quantity = 0 THEN worth
                                ELSE half_even(worth * booked.closed_quantity, effective) END;
    booked.opened_cost := worth - booked.closed_value;
    booked.closed_cost := CASE WHEN booked.closed_quantity = 0 THEN 0
                               WHEN booked.closed_quantity = held.open_quantity THEN held.cost_basis
                               ELSE half_even(held.cost_basis * booked.closed_quantity, held.open_quantity) END;
    booked.pnl := CASE WHEN booked.closed_quantity = 0 THEN 0
                       WHEN (held.side = 'LONG') = held.inverse THEN booked.closed_cost - booked.closed_value
                       ELSE booked.closed_value - booked.closed_cost END;
    IF booked.closed_quantity > 0 THEN
        booked.closes_position_id := reduce_position(held, booked);
    END IF;
    IF booked.opened_quantity > 0 THEN
        booked.opens_position_id := enter_position(
            CASE WHEN booked.closed_quantity = 0 THEN held END, booked, p_terms, mine,
            CASE WHEN hedged THEN p_position_side END, p_leverage);
    END IF;
    RETURN post_trade(booked, p_account, p_terms, p_rates);
END
$$;
