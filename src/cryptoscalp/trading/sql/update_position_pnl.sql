-- update_position_pnl
-- Unrealized P&L of what is open, from the exact cost basis (S12), as unrealized_pnl() reckons it. Every
-- mark pays for each expression: where a linear position has a product of at most 18 decimals, nothing
-- has to be rounded, and it is one. No SET search_path for the same reason.
CREATE OR REPLACE FUNCTION update_position_pnl() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    NEW.unrealized_pnl := CASE
        WHEN NEW.inverse OR min_scale(NEW.open_quantity) + min_scale(NEW.contract_multiplier)
                            + min_scale(NEW.current_price) > 18
        THEN public.unrealized_pnl(NEW.side, NEW.inverse, NEW.contract_multiplier, NEW.open_quantity,
                                   NEW.cost_basis, NEW.current_price)
        WHEN NEW.side = 'LONG'
        THEN NEW.open_quantity * NEW.contract_multiplier * NEW.current_price - NEW.cost_basis
        ELSE NEW.cost_basis - NEW.open_quantity * NEW.contract_multiplier * NEW.current_price END;
    RETURN NEW;
END
$$;
