-- position_value
-- Notional of a quantity at a price, in the settlement currency, rounded once: quantity x multiplier x
-- price where it is linear, quantity x multiplier / price where it is inverse.
CREATE OR REPLACE FUNCTION position_value(p_inverse boolean, p_multiplier numeric, p_quantity numeric, p_price numeric)
RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_inverse THEN half_even(p_quantity * p_multiplier, p_price)
            ELSE half_even(p_quantity * p_multiplier * p_price) END;
