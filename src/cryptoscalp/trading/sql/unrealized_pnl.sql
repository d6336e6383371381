-- unrealized_pnl
-- What a quantity with a cost basis has gained at a price; as the trigger of positions reckons it.
CREATE OR REPLACE FUNCTION unrealized_pnl(p_side position_side, p_inverse boolean, p_multiplier numeric, p_quantity numeric,
                               p_cost_basis numeric, p_price numeric)
RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (p_side = 'LONG') = p_inverse
            THEN p_cost_basis - position_value(p_inverse, p_multiplier, p_quantity, p_price)
            ELSE position_value(p_inverse, p_multiplier, p_quantity, p_price) - p_cost_basis END;
