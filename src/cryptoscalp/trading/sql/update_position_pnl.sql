-- update_position_pnl
-- Unrealized P&L of what is open, from the exact cost basis (S12): a long linear position gains with its
-- value, so does a short inverse one; the others gain what their value loses. (No SET search_path: every
-- mark would pay for it; the one name is qualified instead.)
CREATE OR REPLACE FUNCTION update_position_pnl() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF (NEW.side = 'LONG') = NEW.inverse THEN
        NEW.unrealized_pnl := NEW.cost_basis - public.position_value(NEW.inverse, NEW.contract_multiplier,
                                                              NEW.quantity - NEW.closed_quantity,
                                                              NEW.current_price);
    ELSE
        NEW.unrealized_pnl := public.position_value(NEW.inverse, NEW.contract_multiplier,
                                             NEW.quantity - NEW.closed_quantity,
                                             NEW.current_price) - NEW.cost_basis;
    END IF;
    RETURN NEW;
END
$$;
